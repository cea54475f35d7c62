"""Reads the include lines of src/ and lab/ and finds the edges that ARCHITECTURE.md's table does not allow.

Stands alone (standard library only): `python3 tests/house/includes.py [ROOT]` lists violations, exit code 1 if any.
"""

import re
import sys
from pathlib import Path

BASE = {"base"}
MODEL = BASE | {"model"}
PIPELINE = MODEL | {"mysql", "kafka", "source", "transform", "encode", "sink", "store", "checkpoint", "pipeline"}

# Folder -> the folders of ours it may include, apart from itself. The table of ARCHITECTURE.md, section 2.
MAY_INCLUDE = {
    "base": set(),
    "model": BASE,
    "mysql": MODEL,
    "kafka": MODEL,
    "source": MODEL | {"mysql"},
    "transform": MODEL,
    "encode": MODEL,
    "sink": MODEL | {"kafka"},
    "store": BASE | {"kafka"},
    "checkpoint": MODEL | {"store"},
    "pipeline": MODEL | {"source", "transform", "encode", "sink", "checkpoint"},
    "task": PIPELINE,
    "api": BASE | {"task"},
    "cli": MODEL | {"task", "pipeline/progress.h"},
    "app": PIPELINE | {"task", "api", "cli"},
    "lab": MODEL | {"mysql", "kafka"},
}

# The start of a third-party header -> the folders that wrap the library. What is not named here or in ANYWHERE is refused.
LIBRARIES = {
    "mysql.h": {"mysql"},
    "mysql/": {"mysql"},
    "mysqld_error.h": {"mysql"},
    "errmsg.h": {"mysql"},
    "ma_": {"mysql"},
    "mariadb": {"mysql"},
    "librdkafka/": {"kafka", "lab"},
    "sqlite3.h": {"store"},
    "yaml-cpp/": {"task"},
    "CLI/": {"cli", "app", "lab"},
    "spdlog/": {"base"},
    "nlohmann/": {"checkpoint", "task", "cli", "lab"},
    "zstd.h": {"source"},
    "zlib.h": {"source", "encode"},
    "openssl/": {"mysql", "kafka", "lab", "base"},
    "unicode/": {"source", "encode", "transform"},
}
ANYWHERE = ("fmt/",)
TESTS_ONLY = ("gtest/", "gmock/", "benchmark/", "nlohmann/", "librdkafka/rdkafka_mock.h")
# Heavy or wrapped: in our own headers they would leak to everybody who includes those.
NOT_IN_HEADERS = ("nlohmann/", "CLI/", "spdlog/", "yaml-cpp/", "sqlite3.h", "mysql.h", "librdkafka/")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def is_test(path):
    return path.stem.endswith(("_test", "_bench", "_fuzz")) or "testing" in path.parts or path.stem.startswith("fake_")


def below(folder):
    """All folders that can be reached from this one: its tests may include them."""
    reached, todo = set(), [folder]
    while todo:
        for name in MAY_INCLUDE.get(todo.pop(), set()) - reached:
            reached.add(name)
            todo.append(name)
    return reached


def is_standard(header):
    """C++ and C standard headers, and the operating system's."""
    return re.fullmatch(r"[a-z_0-9]+", header) or re.fullmatch(
        r"(sys|netinet|arpa|linux)/[a-z_0-9]+\.h|(fcntl|unistd|signal|poll|pthread|netdb|termios|pwd|spawn|dirent|endian|"
        r"immintrin|emmintrin|nmmintrin|arm_acle|execinfo|errno|string|stdio|stdlib|time|math|stdint|stddef|inttypes|malloc|"
        r"unwind|langinfo|wchar|ifaddrs|byteswap|cxxabi|getopt|locale|ctype|limits|sched|glob|fnmatch|"
        r"libgen|assert|iconv)\.h", header)


def allowed_library(folder, header, test):
    if is_standard(header) or header.startswith(ANYWHERE):
        return True
    if test and header.startswith(TESTS_ONLY):
        return True
    return any(header.startswith(start) and folder in folders for start, folders in LIBRARIES.items())


def allowed_own(root, folder, header, test):
    if "/" not in header or (folder == "lab" and (header.startswith("lab/") or Path(root, "lab", header).exists())):
        return True
    target = header.split("/")[0]
    allowed = below(folder) if test else MAY_INCLUDE[folder]
    return target == folder or target in allowed or header in allowed


def violations(root):
    """(file, line number, text) of each include that is not allowed. Paths are relative to root."""
    found = []
    for top in ("src", "lab"):
        for path in sorted(Path(root, top).rglob("*")):
            if path.suffix not in (".cc", ".h"):
                continue
            relative = path.relative_to(root)
            if top == "src" and len(relative.parts) < 3:
                found.append((relative, 0, "stands in no folder of src/"))
                continue
            folder = relative.parts[1] if top == "src" else "lab"
            if folder not in MAY_INCLUDE:
                found.append((relative, 0, f"the table does not know the folder {folder}"))
                continue
            test = is_test(relative)
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                if not (match := INCLUDE.match(line)):
                    continue
                ours, other = match.groups()
                if other and not allowed_library(folder, other, test):
                    found.append((relative, number, f"{folder} may not include <{other}>"))
                elif other and not test and path.suffix == ".h" and other.startswith(NOT_IN_HEADERS):
                    found.append((relative, number, f"<{other}> belongs in a .cc file"))
                elif ours and not allowed_own(root, folder, ours, test):
                    found.append((relative, number, f'{folder} may not include "{ours}"'))
    return found


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    found = violations(root)
    for path, line, text in found:
        print(f"{path}:{line}: {text}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
