#!/usr/bin/env python3
"""Reads DTS Avro values with fastavro, an Avro implementation that is not ours, and prints one JSON object for each.

Standard input: values, each behind its length as four big-endian bytes. A byte left unread by Avro is an error.
Union values are {"Branch": {...}}, bytes are {"hex": "..."}, as in tests/data/dts-avro/vectors.json.
"""

import io
import json
import pathlib
import struct
import sys

import fastavro

SCHEMA_FILE = pathlib.Path(__file__).resolve().parents[2] / "src" / "encode" / "Record.avsc"
NAMESPACE = "com.alibaba.dts.formats.avro."


def load_schema(path=SCHEMA_FILE):
    return fastavro.parse_schema(json.loads(pathlib.Path(path).read_text()))


def plain(part):
    """The decoded part as JSON can hold it."""
    if isinstance(part, bytes):
        return {"hex": part.hex()}
    if isinstance(part, tuple):
        name, value = part
        return {name.removeprefix(NAMESPACE): plain(value)}
    if isinstance(part, list):
        return [plain(item) for item in part]
    if isinstance(part, dict):
        return {name: plain(value) for name, value in part.items()}
    return part


def decode(value, schema):
    stream = io.BytesIO(value)
    record = plain(fastavro.schemaless_reader(stream, schema, None, return_named_type=True))
    if stream.tell() != len(value):
        raise ValueError(f"{len(value) - stream.tell()} bytes are left over")
    # A list of Field is no union of records, so fastavro may or may not name its items.
    if isinstance(record["fields"], list):
        record["fields"] = [field.get("Field", field) for field in record["fields"]]
    return record


def values(stream):
    while head := stream.read(4):
        if len(head) < 4:
            raise ValueError("the input ends inside a length")
        (size,) = struct.unpack(">I", head)
        value = stream.read(size)
        if len(value) < size:
            raise ValueError("the input ends inside a value")
        yield value


def main():
    schema = load_schema()
    for value in values(sys.stdin.buffer):
        print(json.dumps(decode(value, schema), ensure_ascii=False))


if __name__ == "__main__":
    main()
