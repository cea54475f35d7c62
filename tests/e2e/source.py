"""What the server holds, from its own text, in the form in which records.py gives values."""

import calendar
import re
import struct


class Column:
    def __init__(self, name, data_type, declared):
        self.name = name
        self.type = data_type
        self.declared = declared
        self.is_unsigned = "unsigned" in declared


def columns(sql, database, table):
    return [Column(*row) for row in sql(
        "SELECT COLUMN_NAME, LOWER(DATA_TYPE), LOWER(COLUMN_TYPE) FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION", database, table)]


def micros(text):
    return int((text or "").ljust(6, "0"))


def date_time(text):
    match = re.fullmatch(r"(\d+)-(\d+)-(\d+)(?: (\d+):(\d+):(\d+)(?:\.(\d+))?)?", text)
    year, month, day, hour, minute, second, fraction = match.groups()
    if hour is None:
        return (int(year), int(month), int(day), None, None, None, None)
    return (int(year), int(month), int(day), int(hour), int(minute), int(second), micros(fraction))


def time_of_day(text):
    sign, hour, minute, second, fraction = re.fullmatch(r"(-?)(\d+):(\d+):(\d+)(?:\.(\d+))?", text).groups()
    factor = -1 if sign else 1
    return (None, None, None, *(factor * part for part in (int(hour), int(minute), int(second), micros(fraction))))


def shortest_float(wide):
    """The shortest decimal that gives this 32-bit float again, as a double."""
    for digits in range(1, 10):
        text = f"{wide:.{digits}g}"
        if abs(float(text)) <= 3.4028235677973366e38 and struct.unpack("f", struct.pack("f", float(text)))[0] == wide:
            return float(text)
    raise AssertionError(f"{wide} is no 32-bit float")


def value(column, text):
    """The server's text (UTF-8 connection, time zone UTC) of one value."""
    if text is None:
        return None
    match column.type:
        case "tinyint" | "smallint" | "mediumint" | "int" | "bigint":
            return int(text)
        case "bit":
            return int.from_bytes(text, "big")
        case "decimal":
            return re.sub(r"^(-?)0+(?=\d)", r"\1", text)  # ZEROFILL
        case "float":
            return shortest_float(float(text))
        case "double":
            return float(text)
        case "date" | "datetime":
            return date_time(text)
        case "time":
            return time_of_day(text)
        case "year":
            return (int(text), None, None, None, None, None, None)
        case "timestamp":
            parts = date_time(text)
            seconds = calendar.timegm((*parts[:6], 0, 0, 0)) if parts[0] else 0
            return ("timestamp", seconds, parts[6])
        case "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon" | "geometrycollection" | "geomcollection":
            return text[4:] if len(text) >= 4 else text  # WKB behind the SRID
        case "enum" | "set":
            return text.decode() if isinstance(text, bytes) else text  # of character set binary
    return text


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def select_list(fields):
    # FLOAT as a double: its own text is rounded to six digits. The column is widened exactly.
    return ", ".join(quoted(c.name) + (" + 0e0" if c.type == "float" else "") for c in fields)


def rows(sql, database, table, order=""):
    """Every row as a dict of comparable values."""
    fields = columns(sql, database, table)
    sql("SET time_zone = '+00:00'")
    answer = sql(f"SELECT {select_list(fields)} FROM {quoted(database)}.{quoted(table)} {order}")
    return [{c.name: value(c, text) for c, text in zip(fields, row)} for row in answer]
