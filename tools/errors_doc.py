"""Makes docs/errors.md from src/base/error_catalog.def.

`tools/errors_doc.py` writes it; with --check it only says whether the file is up to date (exit code 1 if not).
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CATALOG = ROOT / "src" / "base" / "error_catalog.def"
PAGE = ROOT / "docs" / "errors.md"

STRING = r'"((?:[^"\\]|\\.)*)"'
ENTRY = re.compile(rf"^TRIBUTARY_ERROR\(\s*(\w+),\s*{STRING},\s*(\w+),\s*(\w+),\s*{STRING},\s*{STRING}\s*\)", re.MULTILINE)

SIDES = {
    "task": "The task file and the command line: exit code 2",
    "source": "The source: exit code 3",
    "destination": "The destination: exit code 4",
    "data": "The data: exit code 5",
    "internal": "Tributary itself: exit code 1 (a stop on request: 0)",
}
CLASSES = {
    "retriable": "may go away by itself; it is tried again with growing pauses, and the display says so",
    "invalid_input": "what was given is wrong; nothing is tried again",
    "bad_data": "the data can't be carried as it is; the task stops and waits for a decision",
    "conflict": "another run, a changed topology or a newer state is in the way",
    "cancelled": "stopped on request",
    "fatal": "a broken machine or a bug",
}


def entries(text):
    found = ENTRY.findall(text)
    if len(found) != len(re.findall(r"^TRIBUTARY_ERROR\(", text, re.MULTILINE)):
        raise SystemExit(f"{CATALOG}: an entry has a form that {Path(__file__).name} can't read")
    return [[part.replace('\\"', '"').replace("\\\\", "\\") for part in entry] for entry in found]


def cell(text):
    return text.replace("|", "\\|") or "-"


def page(text):
    lines = ["# Errors", "",
             "<!-- Made by tools/errors_doc.py from src/base/error_catalog.def. Change that, then run the tool. -->", "",
             "A message reads `[code] what kind of thing went wrong: what happened this time (at where)`. The code tells what to do;",
             "its class tells what Tributary does by itself.", "",
             "| class | meaning |", "|---|---|"]
    lines += [f"| {name.replace('_', ' ')} | {meaning} |" for name, meaning in CLASSES.items()]
    found = entries(text)
    for side, title in SIDES.items():
        lines += ["", f"## {title}", "", "| code | class | meaning | what to do |", "|---|---|---|---|"]
        lines += [f"| `{code}` | {error_class.replace('_', ' ')} | {cell(meaning)} | {cell(remedy)} |"
                  for _, code, error_class, entry_side, meaning, remedy in found if entry_side == side]
    return "\n".join(lines) + "\n"


def main():
    wanted = page(CATALOG.read_text())
    if "--check" in sys.argv[1:]:
        if PAGE.exists() and PAGE.read_text() == wanted:
            return 0
        print("docs/errors.md is not what src/base/error_catalog.def says: run tools/errors_doc.py")
        return 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
