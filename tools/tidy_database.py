"""Writes a compile_commands.json for clang-tidy: the build's, without g++'s precompiled headers and its own options.

Usage: tools/tidy_database.py BUILD_DIR OUT_DIR
"""

import json
import re
import sys
from pathlib import Path

GCC_ONLY = re.compile(r"\s(-Winvalid-pch|-fpch-\S+|-Wno-restrict|-Wno-stringop-overflow|-include \S*cmake_pch\.hxx)(?=\s)")

build, out = Path(sys.argv[1]), Path(sys.argv[2])
commands = json.loads((build / "compile_commands.json").read_text())
for entry in commands:
    entry["command"] = GCC_ONLY.sub("", entry["command"])
out.mkdir(parents=True, exist_ok=True)
(out / "compile_commands.json").write_text(json.dumps(commands, indent=1))
