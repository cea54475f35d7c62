"""DTS Avro records read with fastavro, an implementation that is not ours, and what tests ask about them.

A value becomes what `source.py` makes of the server's own text, so the two compare with ==:
int, str, bytes, float, ("timestamp", seconds, micros), or the tuple (year, month, day, hour, minute, second, micros).
"""

import io
import json
import pathlib
from dataclasses import dataclass, field

import fastavro

SCHEMA = fastavro.parse_schema(json.loads(
    (pathlib.Path(__file__).resolve().parents[2] / "src" / "encode" / "Record.avsc").read_text()))
PREFIX = "com.alibaba.dts.formats.avro."
CODECS = {"utf8mb4": "utf-8", "utf8": "utf-8", "utf8mb3": "utf-8", "latin1": "cp1252", "ascii": "ascii", "gbk": "gbk",
          "ucs2": "utf-16-be", "utf16": "utf-16-be", "utf32": "utf-32-be", "utf16le": "utf-16-le", "big5": "big5",
          "gb2312": "gb2312", "latin2": "iso8859-2", "cp1251": "cp1251", "koi8r": "koi8-r", "sjis": "shift_jis", "euckr": "euc-kr"}
TIME_PARTS = ("year", "month", "day", "hour", "minute", "second", "millis")


def comparable(branch, value):
    match branch:
        case "null":
            return None
        case "Integer":
            return int(value["value"])
        case "Character":
            try:
                return value["value"].decode(CODECS[value["charset"]])
            except (LookupError, UnicodeDecodeError):
                return value["value"]
        case "Decimal" | "Float" | "BinaryObject" | "BinaryGeometry" | "TextObject":
            return value["value"]
        case "Timestamp":
            return ("timestamp", value["timestamp"], value["millis"])
        case "DateTime":
            return tuple(value[part] for part in TIME_PARTS)
    raise AssertionError(f"a branch of the union that MySQL has no use for: {branch}")


@dataclass
class Record:
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    op: str
    id: int
    db: str
    table: str
    position: tuple  # (file number, offset)
    safe_position: tuple
    timestamp: int
    tags: dict
    types: dict = field(repr=False)   # column -> dataTypeNumber
    before: dict | None               # column -> comparable value
    after: dict | None
    branches: dict = field(repr=False)  # column -> (branch, raw value) of the after image, else of the before image
    statement: str | None             # of a DDL record
    raw: dict = field(repr=False)

    @property
    def name(self):
        return f"{self.db}.{self.table}"

    def values(self, side):
        """An image as it was encoded: (branch, content) for each field, in their order."""
        return [tagged(item) for item in self.raw[side + "Images"]]

    @property
    def content(self):
        """What a repetition of this record has in common with it: everything but when it was read."""
        tags = {name: value for name, value in self.tags.items() if name != "readerThroughoutTime"}
        return (self.id, self.op, self.name, self.key, self.position, self.safe_position, self.timestamp, json.dumps(tags, sort_keys=True),
                str(self.raw["beforeImages"]), str(self.raw["afterImages"]))


def place(text):
    offset, file = text.split("@")
    return int(file), int(offset)


def tagged(item):
    if item is None:
        return "null", None
    name, value = item
    return name.removeprefix(PREFIX), value


def decode(partition, offset, key, value):
    stream = io.BytesIO(value)
    raw = fastavro.schemaless_reader(stream, SCHEMA, None, return_named_type=True)
    assert stream.tell() == len(value), f"{len(value) - stream.tell()} bytes are left over"
    # A list of Field is no union of records, so fastavro may or may not name its items.
    fields = [part[1] if isinstance(part, tuple) else part for part in raw["fields"] or []]
    names = [part["name"] for part in fields]

    def image(items):
        if not isinstance(items, list):
            return None, None
        assert len(items) == len(names), f"{len(items)} values for {len(names)} fields"
        branches = dict(zip(names, map(tagged, items)))
        return branches, {name: comparable(*value) for name, value in branches.items()}

    before_branches, before = image(raw["beforeImages"])
    after_branches, after = image(raw["afterImages"])
    parts = (raw["objectName"] or "").split(".")
    db, table = (part.replace("\\u002E", ".") for part in (parts + [""])[:2])
    operation = raw["operation"]
    return Record(partition, offset, key, value, operation, raw["id"], db, table, place(raw["sourcePosition"]),
                  place(raw["safeSourcePosition"]), raw["sourceTimestamp"], raw["tags"],
                  {part["name"]: part["dataTypeNumber"] for part in fields}, before, after,
                  after_branches or before_branches or {}, raw["afterImages"] if isinstance(raw["afterImages"], str) else None, raw)
