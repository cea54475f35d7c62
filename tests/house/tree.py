"""Rules about the files git tracks: sizes, lengths, and words that name one machine or one registry.

Stands alone: `python3 tests/house/tree.py` lists violations (exit code 1 if any) and warns about long files.
"""

import re
import subprocess
import sys
from pathlib import Path

LINES_WARN = 450   # nine in ten files stay under it
LINES_MAX = 1000
BYTES_MAX = 1 << 20
CODE = (".cc", ".h", ".py", ".sh", ".ts")

# Written in parts, or this file would break its own rule.
MACHINE_PATHS = ["/" + "work/", "/tmp/" + "wt", r"(?<![\w}])/" + "root/", "/home/" + r"[a-z]"]
REGISTRY_HOSTS = [r"\.".join(parts) for parts in (
    ("registry", "npmjs"), ("npmjs", "(com|org)"), ("repo1", "maven"), ("repo", "maven", "apache"), ("search", "maven"),
    ("central", "sonatype"), ("pypi", "org"), ("pythonhosted", "org"), ("deb", "debian", "org"), ("proxy", "golang"),
    ("crates", "io"))]
FORBIDDEN = re.compile("|".join(MACHINE_PATHS + REGISTRY_HOSTS))


def tracked_files(root):
    out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, check=True,
                         capture_output=True).stdout
    return [Path(root, name) for name in out.decode().split("\0") if name and Path(root, name).is_file()]


def forbidden_words(root):
    found = []
    for path in tracked_files(root):
        data = path.read_bytes()
        if b"\0" in data[:8192]:
            continue
        for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
            if match := FORBIDDEN.search(line):
                found.append(f"{path.relative_to(root)}:{number}: names {match[0]}, which is one machine's or one registry's")
    return found


def oversized_files(root):
    return [f"{path.relative_to(root)}: {path.stat().st_size} bytes, more than {BYTES_MAX}"
            for path in tracked_files(root) if path.stat().st_size > BYTES_MAX]


def long_files(root, limit):
    found = []
    for path in tracked_files(root):
        if path.suffix in CODE:
            lines = path.read_bytes().count(b"\n")
            if lines > limit:
                found.append(f"{path.relative_to(root)}: {lines} lines, more than {limit}")
    return found


def disabled_tests(root):
    """Tests that are switched off instead of mended or removed."""
    return [f"{path.relative_to(root)}:{number}: a disabled test"
            for path in tracked_files(root) if path.name.endswith("_test.cc")
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
            if re.match(r"\s*TEST(_F|_P)?\(", line) and "DISABLED_" in line]


def main():
    root = Path(__file__).resolve().parents[2]
    found = forbidden_words(root) + oversized_files(root) + long_files(root, LINES_MAX) + disabled_tests(root)
    for text in long_files(root, LINES_WARN):
        if text not in found:
            print(f"warning: {text}")
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
