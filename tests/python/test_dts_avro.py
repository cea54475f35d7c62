#!/usr/bin/env python3
"""Our DTS Avro records against fastavro: random rows of all types, and the golden vectors.

The helper build/<preset>/bin/encode_samples makes the rows; ENCODE_SAMPLES names another one. SEED repeats a run.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

try:
    import decode_dts_avro
except ModuleNotFoundError as missing:
    decode_dts_avro = None
    WHY = f"{missing.name} is not installed (tests/python/requirements.txt)"
    print(f"SKIPPED: {WHY}", file=sys.stderr)
else:
    WHY = ""

ROWS = 3000


def helper():
    if "ENCODE_SAMPLES" in os.environ:
        return pathlib.Path(os.environ["ENCODE_SAMPLES"])
    built = sorted(ROOT.glob("build/*/bin/encode_samples"), key=lambda path: path.stat().st_mtime)
    return built[-1] if built else None


@unittest.skipIf(decode_dts_avro is None, WHY)
class DtsAvro(unittest.TestCase):
    def test_the_golden_vectors_are_what_fastavro_reads(self):
        schema = decode_dts_avro.load_schema()
        vectors = json.loads((ROOT / "tests/data/dts-avro/vectors.json").read_text())["vectors"]
        self.assertEqual(len(vectors), 9)
        for name, vector in vectors.items():
            with self.subTest(name):
                self.assertEqual(decode_dts_avro.decode(bytes.fromhex(vector["hex"]), schema), vector["record"])

    def test_random_rows_of_all_types_read_back_whole(self):
        program = helper()
        self.assertIsNotNone(program, "encode_samples is not built")
        seed = int(os.environ.get("SEED", random.randrange(2**63)))
        print(f"seed {seed}", file=sys.stderr)
        schema = decode_dts_avro.load_schema()
        branches = set()
        with tempfile.TemporaryDirectory() as folder:
            values, expected = pathlib.Path(folder, "values"), pathlib.Path(folder, "expected")
            subprocess.run([program, str(seed), str(ROWS), values, expected], check=True)
            count = 0
            with values.open("rb") as value_file, expected.open(encoding="utf-8", newline="\n") as expected_file:
                for value, line in zip(decode_dts_avro.values(value_file), expected_file, strict=True):
                    line = json.loads(line)
                    with self.subTest(seed=seed, row=count):
                        record = decode_dts_avro.decode(value, schema)
                        self.assertEqual(record, line["record"])
                        self.check_key(line, record)
                    for item in (record["afterImages"] or []) + (record["beforeImages"] or []):
                        branches.update(item or {"null": None})
                    count += 1
        self.assertEqual(count, ROWS)
        self.assertEqual(branches, {"null", "Integer", "Character", "Decimal", "Float", "Timestamp", "DateTime",
                                    "BinaryGeometry", "BinaryObject", "TextObject"})

    def check_key(self, line, record):
        """The key is [database, table, value of the first column], the value in the form RowEncoder::key names."""
        database, table, value = json.loads(line["key"])
        self.assertEqual((database, table), (line["database"], "t"))
        ((branch, part),) = (record["afterImages"] or record["beforeImages"])[0].items()
        if branch == "Integer":
            self.assertEqual(value, int(part["value"]))
        elif branch in ("Decimal", "TextObject"):
            self.assertEqual(value, part["value"])
        elif branch == "Float":
            self.assertEqual(value, part["value"])
        elif branch in ("BinaryObject", "BinaryGeometry"):
            self.assertEqual(value, part["value"]["hex"])
        elif branch == "Character":
            data = bytes.fromhex(part["value"]["hex"])
            if part["charset"] == "latin1":  # MySQL's is Windows 1252, with control characters in its gaps
                text = "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in data)
            else:
                text = data.decode({"utf8mb4": "utf-8", "utf8": "utf-8"}.get(part["charset"], part["charset"]))
            self.assertEqual(value, text)


if __name__ == "__main__":
    unittest.main()
