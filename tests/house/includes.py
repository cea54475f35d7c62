"""Reads the include lines of src/ and lab/ and finds the edges that ARCHITECTURE.md's table does not allow.

Stands alone (standard library only): `python3 tests/house/includes.py [ROOT]` lists violations, exit code 1 if any.
"""

import re
import sys
from pathlib import Path

BASE = {"base"}
MODEL = BASE | {"model"}
PIPELINE = MODEL | {"mysql", "kafka", "source", "transform", "encode", "sink", "store", "checkpoint", "registry", "pipeline"}

# Folder -> the folders of ours it may include, apart from itself. The table of ARCHITECTURE.md, section 2.
MAY_INCLUDE = {
    "base": set(),
    "model": BASE,
    "mysql": MODEL,
    "kafka": MODEL,
    "source": MODEL | {"mysql"},
    "transform": MODEL,
    "encode": MODEL,
    "registry": BASE,
    "sink": MODEL | {"kafka"},
    "store": BASE | {"kafka"},
    "checkpoint": MODEL | {"store"},
    "pipeline": MODEL | {"mysql", "source", "transform", "encode", "sink", "store", "checkpoint"},
    "verify": MODEL | {"mysql", "kafka", "source", "transform", "encode", "sink", "store", "checkpoint"},
    "task": PIPELINE | {"verify"},
    "api": BASE | {"task"},
    "cli": MODEL | {"task", "pipeline/progress.h", "verify/report.h"},
    "app": PIPELINE | {"task", "api", "cli"},
    "lab": MODEL | {"mysql", "kafka", "encode"},
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
    "rocksdb/": {"verify"},
    "yaml-cpp/": {"task"},
    "CLI/": {"cli", "app", "lab"},
    "spdlog/": {"base"},
    "curl/": {"registry"},
    "nlohmann/": {"checkpoint", "registry", "verify", "task", "cli", "lab", "transform"},
    "zstd.h": {"source"},
    "zlib.h": {"source", "encode", "model"},
    "libdeflate.h": {"source"},
    "openssl/": {"mysql", "kafka", "lab", "base", "transform"},
    "unicode/": {"source", "model", "transform"},
    "re2/": {"transform"},
}
ANYWHERE = ("fmt/",)
TESTS_ONLY = ("gtest/", "gmock/", "benchmark/", "nlohmann/", "librdkafka/rdkafka_mock.h")
# Heavy or wrapped: no header that another folder includes may bring them along. A folder's private headers may.
NOT_FOR_OTHERS = ("nlohmann/", "CLI/", "spdlog/", "yaml-cpp/", "sqlite3.h", "rocksdb/", "mysql.h", "librdkafka/", "curl/")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def is_test(path):
    return path.stem.endswith(("_test", "_bench", "_fuzz")) or "testing" in path.parts or path.stem.startswith(("fake_", "bench_"))


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
        r"immintrin|emmintrin|nmmintrin|arm_acle|execinfo|errno|strings?|stdio|stdlib|time|math|stdint|stddef|inttypes|malloc|"
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


def folder_of(relative):
    return "lab" if relative.parts[0] == "lab" else relative.parts[1] if len(relative.parts) > 2 else None


def read_includes(root):
    """file -> [(line number, header in quotes or None, header in angle brackets or None)], paths relative to root."""
    files = {}
    for top in ("src", "lab"):
        for path in sorted(Path(root, top).rglob("*")):
            if path.suffix in (".cc", ".h"):
                lines = enumerate(path.read_text(errors="replace").splitlines(), 1)
                files[path.relative_to(root)] = [(number, *match.groups()) for number, line in lines
                                                 if (match := INCLUDE.match(line))]
    return files


def brought_along(files):
    """header of ours -> the wrapped third-party headers that including it brings along."""
    result = {path: {other for _, _, other in found if other and other.startswith(NOT_FOR_OTHERS)}
              for path, found in files.items() if path.suffix == ".h"}
    grew = True
    while grew:
        grew = False
        for path in result:
            for _, ours, _ in files[path]:
                more = result.get(resolve(path, ours, result), set()) - result[path]
                result[path] |= more
                grew |= bool(more)
    return result


def resolve(path, header, headers):
    """The file of ours that an include line names."""
    if not header:
        return None
    return next((candidate for candidate in (Path("src", header), Path(header), Path("lab", header), path.parent / header)
                 if candidate in headers), None)


def violations(root):
    """(file, line number, text) of each include that is not allowed. Paths are relative to root."""
    found = []
    files = read_includes(root)
    baggage = brought_along(files)
    for path, lines in files.items():
        folder, test = folder_of(path), is_test(path)
        if folder not in MAY_INCLUDE:
            found.append((path, 0, f"the table does not know the folder {folder}" if folder else "stands in no folder of src/"))
            continue
        for number, ours, other in lines:
            if other and not allowed_library(folder, other, test):
                found.append((path, number, f"{folder} may not include <{other}>"))
            if not ours:
                continue
            if not allowed_own(root, folder, ours, test):
                found.append((path, number, f'{folder} may not include "{ours}"'))
            target = resolve(path, ours, baggage)
            if target and folder_of(target) != folder and baggage[target]:
                found.append((path, number, f'"{ours}" brings along <{">, <".join(sorted(baggage[target]))}>'))
    return found


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    found = violations(root)
    for path, line, text in found:
        print(f"{path}:{line}: {text}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
