"""What a reader of each format has to find for a cell that was put into a row. Written from the formats' documents, not
from the encoders."""

import base64
import calendar
import datetime
import decimal
import struct

EPOCH_ORDINAL = datetime.date(1970, 1, 1).toordinal()
WIDE = decimal.Context(prec=100)  # Python rounds to 28 digits otherwise


def parts(cell):
    """The branch's name and its members."""
    return next((name, of) for name, of in cell.items() if name != "number")


def text_of(cell):
    branch, of = parts(cell)
    if branch == "TextObject":
        return of["value"]
    data = bytes.fromhex(of["value"]["hex"])
    if of["charset"] == "latin1":  # MySQL's is Windows 1252, with control characters in its gaps
        return "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in data)
    return data.decode({"utf8mb4": "utf-8", "utf8": "utf-8"}.get(of["charset"], of["charset"]))


def bytes_of(cell):
    return bytes.fromhex(parts(cell)[1]["value"]["hex"])


def is_in_calendar(of):
    y, m, d = of["year"], of["month"], of["day"]
    return 1 <= m <= 12 and 1 <= d <= (29 if m == 2 and calendar.isleap(y) else 28 if m == 2 else calendar.mdays[m])


def days(of):
    # Python's calendar begins with the year 1; 400 years have 146097 days.
    return datetime.date(of["year"] % 400 + 400, of["month"], of["day"]).toordinal() - EPOCH_ORDINAL + (of["year"] // 400 - 1) * 146097


def clock_micros(of):
    return ((of["hour"] * 60 + of["minute"]) * 60 + of["second"]) * 1000000 + of["millis"]


def fraction(micros, digits):
    return f".{micros:06d}"[:digits + 1] if digits else ""


def utc(seconds):
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat(sep=" ")


def canal(column, cell, labels_as_text):
    """A string, null, or for FLOAT and DOUBLE a number."""
    if cell is None:
        return None
    branch, of = parts(cell)
    kind, digits = column["type"], column["digits"]
    if branch in ("Integer", "Decimal", "Float"):
        return of["value"]
    if kind in ("enum", "set"):
        return of["value"] if labels_as_text else str(cell["number"])
    if branch in ("Character", "TextObject"):
        return text_of(cell)
    if branch in ("BinaryObject", "BinaryGeometry"):
        return bytes_of(cell).decode("latin-1")
    if branch == "Timestamp":
        seconds, micros = of["timestamp"], of["millis"]
        return (utc(seconds) if seconds or micros else "0000-00-00 00:00:00") + fraction(micros, digits)
    if kind == "year":
        return str(of["year"]) if of["year"] else "0000"
    if kind == "date":
        return "{year:04d}-{month:02d}-{day:02d}".format(**of)
    if kind == "time":
        micros = clock_micros(of)
        clock = {name: abs(of[name]) for name in ("hour", "minute", "second")}
        return "-" * (micros < 0) + "{hour:02d}:{minute:02d}:{second:02d}".format(**clock) + fraction(abs(of["millis"]), digits)
    assert kind == "datetime"
    return "{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}".format(**of) + fraction(of["millis"], digits)


def is_no_date(column, cell):
    branch, of = parts(cell)
    if branch == "Timestamp":
        return not of["timestamp"] and not of["millis"]
    return column["type"] in ("date", "datetime") and not is_in_calendar(of)


def signed64(number):
    return number - 2**64 if number >= 2**63 else number


def debezium(column, cell):
    """Python's own: bytes for bytes, Decimal for DECIMAL, a dict for a struct."""
    if cell is None:
        return None
    branch, of = parts(cell)
    kind = column["type"]
    if branch in ("DateTime", "Timestamp") and is_no_date(column, cell):
        if column["nullable"]:
            return None
        return "1970-01-01T00:00:00Z" if branch == "Timestamp" else 0
    if kind == "bit":
        return bool(int(of["value"])) if column["length"] == 1 else int(of["value"]).to_bytes((column["length"] + 7) // 8, "little")
    if branch == "Integer":
        return signed64(int(of["value"])) if kind == "bigint" else int(of["value"])
    if branch == "Decimal":
        return decimal.Decimal(of["value"])
    if branch == "Float":
        return of["value"]
    if branch in ("Character", "TextObject"):
        return text_of(cell)
    if kind == "vector":
        data = bytes_of(cell)
        return list(struct.unpack(f"<{len(data) // 4}f", data))
    if kind == "geometry":
        wkb = bytes_of(cell)
        if column["declared"] != "point":
            return {"wkb": wkb, "srid": None}
        x, y = struct.unpack("<dd", wkb[5:])
        return {"x": x, "y": y, "wkb": wkb, "srid": None}
    if branch == "BinaryObject":
        return bytes_of(cell)
    if branch == "Timestamp":
        return utc(of["timestamp"]).replace(" ", "T") + fraction(of["millis"], column["digits"]) + "Z"
    if kind == "year":
        return of["year"]
    if kind == "date":
        return days(of)
    if kind == "time":
        return clock_micros(of)
    micros = days(of) * 86400000000 + clock_micros(of)
    return micros if column["digits"] > 3 else micros // 1000


def avro(column, cell):
    """What stands in the datum, before logical types are looked at."""
    if cell is None:
        return None
    branch, of = parts(cell)
    kind = column["type"]
    if branch in ("DateTime", "Timestamp") and is_no_date(column, cell):
        return None
    if kind == "bit":
        return bool(int(of["value"])) if column["length"] == 1 else int(of["value"]).to_bytes((column["length"] + 7) // 8, "big")
    if kind == "bigint" and column["unsigned"]:
        return decimal.Decimal(of["value"])
    if branch == "Integer":
        return int(of["value"])
    if branch == "Timestamp":
        return of["timestamp"] * 1000000 + of["millis"]
    if kind == "datetime":
        return days(of) * 86400000000 + clock_micros(of)
    if branch in ("BinaryObject", "BinaryGeometry"):
        return bytes_of(cell)
    return debezium(column, cell)


def from_unscaled(data, scale):
    return decimal.Decimal(int.from_bytes(data, "big", signed=True)).scaleb(-scale, WIDE)


def plain_json(column, found):
    """A value of Debezium's JSON as debezium() has it: what JSON carries as base64 becomes bytes."""
    if found is None:
        return None
    kind = column["type"]
    if kind == "decimal":
        return from_unscaled(base64.b64decode(found, validate=True), column["scale"])
    if kind == "geometry":
        return {**found, "wkb": base64.b64decode(found["wkb"], validate=True)}
    if isinstance(debezium_type(column), bytes):
        return base64.b64decode(found, validate=True)
    return found


def debezium_type(column):
    """An example of what debezium() gives for the column."""
    kind = column["type"]
    if kind == "bit":
        return True if column["length"] == 1 else b""
    return b"" if kind in ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob") else ""


def same(found, want, column):
    """Equal, and a FLOAT as a float."""
    if column["type"] in ("float", "vector") and isinstance(want, (float, list)):
        one, other = (value if isinstance(value, list) else [value] for value in (found, want))
        return len(one) == len(other) and all(narrow(a) == narrow(b) for a, b in zip(one, other))
    return found == want and isinstance(found, bool) == isinstance(want, bool)


def narrow(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]
