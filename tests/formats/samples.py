"""Random rows through an encoder (build/dev/bin/encode_samples), and what was put into them."""

import json
import os
import pathlib
import random
import struct
import subprocess
import sys
from dataclasses import dataclass

ROOT = pathlib.Path(os.environ.get("TRIBUTARY_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
BIN = pathlib.Path(os.environ.get("TRIBUTARY_BIN") or ROOT / "build" / "dev" / "bin")
NO_BYTES = 0xFFFFFFFF


@dataclass
class Sample:
    key: bytes | None
    value: bytes
    put: dict  # a line of EXPECTED


def read_pieces(file):
    while length := file.read(4):
        (size,) = struct.unpack(">I", length)
        yield None if size == NO_BYTES else file.read(size)


def make(folder, record_format, rows, *registry):
    """Samples of one format; `registry` is a topic and a registry's URL."""
    seed = int(os.environ.get("SEED", random.randrange(2**63)))
    print(f"seed {seed}", file=sys.stderr)
    values, expected = folder / f"{record_format}.values", folder / f"{record_format}.expected"
    subprocess.run([BIN / "encode_samples", str(seed), str(rows), values, expected, record_format, *registry], check=True)
    with values.open("rb") as file:
        pieces = list(read_pieces(file))
    with expected.open(encoding="utf-8", newline="\n") as file:
        lines = [json.loads(line) for line in file]
    assert len(pieces) == 2 * rows and len(lines) == rows
    return [Sample(key, value, put) for key, value, put in zip(pieces[::2], pieces[1::2], lines, strict=True)]
