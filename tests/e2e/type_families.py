"""Columns of every type with random values, by server: what test_type_matrix.py carries.

A family is a list of columns; a value is an SQL expression. What the server makes of it is what is expected, so nothing
here has to be exact.
"""

import json
import math
import struct

INTEGERS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
LIMITS = [0, 1, 2, 7, 8, 9, 99, 100, 127, 128, 255, 256, 999, 32767, 32768, 65535, 65536]
WORDS = ["", "a", " both ", "tab\tnew\nline\\back'quote\"", "nul\0byte", "0", "NULL", "trailing   ", "Größe café", "Ñandú", "北京 東京", "Ελλάδα", "Привет",
         "שלום", "ไทย", "ՀԱՅ", "ქართ", "ｶﾅ", "한국", "🚲😀", "a,b", "e\u0301", "\u2028", "\ufeff", "\x7f\x01\x1f"]


class Server:
    def __init__(self, version):
        self.is_mariadb = "MariaDB" in version
        self.version = tuple(int(part) for part in version.split("-")[0].split(".")[:2])
        self.is_old = self.version < (5, 7)
        self.is_mysql_new = not self.is_mariadb and not self.is_old


def quoted(data):
    return f"X'{data.hex()}'" if data else "''"


def text(word):
    return f"_utf8mb4 {quoted(word.encode('utf-8', 'surrogatepass'))}" if word else "''"


def integer(bits, is_unsigned):
    low, high = (0, 2 ** bits - 1) if is_unsigned else (-2 ** (bits - 1), 2 ** (bits - 1) - 1)

    def value(rng):
        pick = rng.random()
        if pick < 0.25:
            return str(rng.choice([low, high, low + 1, high - 1, high // 2, high // 2 + 1]))
        if pick < 0.5:
            return str(max(low, min(high, rng.choice([1, -1]) * (rng.choice(LIMITS) + rng.randrange(-1, 2)))))
        return str(rng.randrange(low, high + 1) >> rng.randrange(bits))
    return value


def decimal(precision, scale, is_unsigned=False):
    def value(rng):
        digits = rng.choice([precision, precision, rng.randrange(1, precision + 1)])
        number = 10 ** digits - 1 if rng.random() < 0.2 else rng.randrange(10 ** digits) // 10 ** rng.choice([0, 0, rng.randrange(digits)])
        plain = str(number).rjust(scale + 1, "0")
        plain = plain[:len(plain) - scale] + ("." + plain[len(plain) - scale:] if scale else "")
        return ("" if is_unsigned or rng.random() < 0.5 else "-") + plain
    return value


def real(is_single, is_unsigned=False, largest=None):
    def value(rng):
        while True:
            pick = rng.random()
            if pick < 0.2:
                number = rng.choice([0.0, -0.0, 0.1, -3.5, 1e10, 123456.789, 16777217, 16777216, 9007199254740993, 1e15, 1e16, 1e-7, 1e-15, 1e-5, 0.30000000000000004, 1e22,
                                     5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 3.4028234e38, 1.17549435e-38, 1.4e-45, 1e14, 123456789012345.6])
            elif pick < 0.4:
                number = rng.randrange(-10 ** 12, 10 ** 12) / 10 ** rng.randrange(9)
            elif is_single:
                number = struct.unpack("f", rng.randbytes(4))[0]
            else:
                number = struct.unpack("d", rng.randbytes(8))[0]
            if is_unsigned:
                number = abs(number)
            if not math.isfinite(number) or largest and abs(number) > largest or is_single and abs(number) > 3.4028234e38:
                continue
            # Text with an exponent, which is a DOUBLE to every server; a sign of its own for -0.
            return f"{number!r}e0" if "e" not in repr(number) else repr(number)
    return value


def bits(count):
    return lambda rng: str(rng.choice([0, 1, 2 ** count - 1, 2 ** (count - 1), rng.randrange(2 ** count)]))


def fraction(rng):
    return "." + rng.choice(["000000", "999999", "000001", "100000", "5", f"{rng.randrange(10 ** 6):06}"])


def day(rng):
    pick = rng.random()
    if pick < 0.15:
        return rng.choice(["0000-00-00", "2024-00-00", "2024-02-00", "0000-01-01", "0001-01-01", "9999-12-31", "1000-01-01", "1969-12-31", "2024-02-29"])
    return f"{rng.choice([rng.randrange(10000), rng.randrange(1900, 2100)]):04}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"


def clock(rng):
    return rng.choice(["00:00:00", "23:59:59", f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"])


def date_value(rng):
    return f"'{day(rng)}'"


def time_value(rng):
    if rng.random() < 0.3:
        return "'" + rng.choice(["-838:59:59", "838:59:59", "00:00:00", "-00:00:00.000001", "-00:00:01.5", "-101:02:03.04", "-00:00:00.01", "-00:00:00.0001", "99:59:59", "100:00:00.1",
                                 "-838:59:58.999999", "838:59:58.999999", "-00:00:59.99"]) + "'"
    return f"'{rng.choice(['', '-'])}{rng.choice([rng.randrange(838), rng.randrange(3)])}:{rng.randrange(60):02}:{rng.randrange(60):02}{fraction(rng)}'"


def datetime_value(rng):
    return f"'{day(rng)} {clock(rng)}{fraction(rng)}'"


def timestamp_value(rng):
    # In UTC: both sides of an hour that the server's own zone skips or has twice, too.
    if rng.random() < 0.4:
        return "'" + rng.choice(["1970-01-01 00:00:01", "2038-01-19 03:14:07", "0000-00-00 00:00:00", "2024-03-10 06:59:59", "2024-03-10 07:00:00", "2024-03-10 02:30:00",
                                 "2024-11-03 05:30:00", "2024-11-03 06:30:00", "2024-10-27 00:30:00", "2024-10-27 01:30:00", "2024-03-31 02:30:00"]) + "'"
    # The last second of all is left out: rounding would leave the range.
    return f"FROM_UNIXTIME({rng.randrange(1, 2 ** 31 - 2)}) + INTERVAL {rng.choice([0, 999999, rng.randrange(10 ** 6)])} MICROSECOND"


def year_value(rng):
    return rng.choice(["0", "'0000'", "1901", "2155", "2000", "1999", "'1'", "'70'", str(rng.randrange(1901, 2156))])


def word(length, pool=WORDS):
    def value(rng):
        made = rng.choice(pool) if rng.random() < 0.7 else "".join(rng.choice(pool) for _ in range(rng.randrange(1, 9)))
        return text(made[:length])
    return value


def sized_text(*sizes):
    def value(rng):
        size = rng.choice(sizes)
        return f"REPEAT({text(rng.choice(['x', 'é', ' ', '京', '0']))}, {size})"
    return value


def any_bytes(length):
    def value(rng):
        if rng.random() < 0.4:
            made = rng.choice([b"", b"\0", b"\0" * 4, b" ", b"a \0", b"a\0 ", b"\xff", b"\0\1\0", b"  ", b"\0a", b"'\\", b"\xf0\x9f\x98\x80"])
        else:
            made = rng.randbytes(rng.randrange(length + 1))
        return quoted(made[:length])
    return value


def sized_bytes(*sizes):
    return lambda rng: f"REPEAT({quoted(rng.choice([bytes(1), b' ', b'a', bytes([255]), rng.randbytes(1)]))}, {rng.choice(sizes)})"


def single_byte(length):
    """Bytes as they are: a column of one byte a character takes any."""
    return lambda rng: quoted(bytes(rng.randrange(256) for _ in range(rng.randrange(length + 1))))


def label_list(labels):
    return ",".join("'" + one.replace("\\", "\\\\").replace("'", "''") + "'" for one in labels)


def choice(count):
    return lambda rng: str(rng.randrange(1, count + 1)) if rng.random() < 0.95 else "0"


def several(count):
    return lambda rng: str(rng.choice([0, 1, 2 ** count - 1, 2 ** (count - 1), rng.randrange(2 ** count)]))


# ---- JSON

def json_number(rng):
    pick = rng.randrange(6)
    if pick == 0:
        return str(rng.choice([0, -1, 2 ** 15 - 1, 2 ** 15, -2 ** 15, -2 ** 15 - 1, 2 ** 16 - 1, 2 ** 16, 2 ** 31 - 1, 2 ** 31, -2 ** 31, -2 ** 31 - 1, 2 ** 32 - 1, 2 ** 32, 2 ** 63 - 1, 2 ** 63,
                               -2 ** 63, 2 ** 64 - 1, 2 ** 64, -2 ** 63 - 1]))
    if pick == 1:
        return str(rng.randrange(-2 ** 64, 2 ** 64) >> rng.randrange(64))
    if pick == 2:
        return rng.choice(["0.0", "-0.0", "1.0", "1e100", "-1E-5", "1e15", "1e16", "1e-15", "1e-16", "123456789012345.6", "1234567890123456.7", "5e-324", "1.7976931348623157e308", "0.1", "100.0", "1e2",
                           "123456789012345678901234567890"])
    if pick == 3:
        return repr(rng.randrange(-10 ** 15, 10 ** 15) / 10 ** rng.randrange(15))
    while not math.isfinite(number := struct.unpack("d", rng.randbytes(8))[0]):
        pass
    return repr(number)


def json_text(rng):
    pick = rng.random()
    if pick < 0.6:
        made = rng.choice(WORDS)
    elif pick < 0.97:
        made = "".join(chr(rng.choice([rng.randrange(32), rng.randrange(32, 127), rng.randrange(0x80, 0x800), rng.randrange(0x800, 0xd800), rng.randrange(0x10000, 0x11000)]))
                       for _ in range(rng.randrange(12)))
    else:
        made = rng.choice(["x", "é"]) * rng.choice([127, 128, 129, 128, 1000, 16384 if rng.random() < 0.1 else 5])
    return json.dumps(made, ensure_ascii=rng.random() < 0.5)


def json_document(rng, depth=0):
    pick = rng.random()
    if depth > 5 or pick < (0.15 if depth == 0 else 0.55):
        return rng.choice([json_number, json_number, json_text, json_text, lambda r: r.choice(["null", "true", "false"])])(rng)
    size = rng.choice([0, 1, 2, 3, 5, 8])
    if pick < 0.75:
        return "[" + ", ".join(json_document(rng, depth + 1) for _ in range(size)) + "]"
    return "{" + ", ".join(f"{json_text(rng)}: {json_document(rng, depth + 1)}" for _ in range(size)) + "}"


def json_opaque(rng):
    """Values that JSON text has no form for: the server prints them in its own way."""
    return rng.choice([
        lambda: f"CAST('{decimal(65, 30)(rng)}' AS DECIMAL(65,30))", lambda: f"CAST('{decimal(10, 2)(rng)}' AS DECIMAL(10,2))",
        lambda: f"CAST({date_value(rng)} AS DATE)", lambda: f"CAST({time_value(rng)} AS TIME(6))", lambda: f"CAST({datetime_value(rng)} AS DATETIME(6))",
        lambda: f"CAST({time_value(rng)} AS TIME)", lambda: f"CAST({datetime_value(rng)} AS DATETIME)",
        lambda: f"CAST({quoted(rng.randbytes(rng.choice([0, 1, 2, 3, 56, 57, 58, 200])))} AS BINARY)", lambda: f"b'{rng.randrange(2 ** 20):b}'",
        lambda: "ST_GeomFromText('POINT(1.5 -2)')", lambda: f"CAST({year_value(rng)} AS YEAR)", lambda: real(False)(rng), lambda: integer(64, True)(rng), lambda: "TRUE", lambda: "NULL",
        lambda: "TIMESTAMP'2024-02-29 12:34:56.789012'", lambda: text(rng.choice(WORDS)), lambda: real(True)(rng),
    ])()


def json_value(rng):
    pick = rng.random()
    if pick < 0.65:
        return text(json_document(rng))
    if pick < 0.95:
        return f"JSON_OBJECT('a', {json_opaque(rng)}, '', {json_opaque(rng)}, 'bb', JSON_ARRAY({json_opaque(rng)}, {json_opaque(rng)}))"
    if pick < 0.97:
        return f"CONCAT({text('[')}, REPEAT({text(json_document(rng, 3) + ', ')}, {rng.choice([5, 300])}), {text('1]')})"
    if pick < 0.98:
        deep = rng.randrange(2, 99)
        return f"CONCAT(REPEAT('[', {deep}), REPEAT(']', {deep}))"
    return text("{" + ", ".join(f"\"k{n}\": {json_document(rng, 5)}" for n in range(rng.choice([300, 2000]))) + "}")


# ---- places

def number(rng):
    return repr(rng.choice([0.0, -0.0, 1.5, -2.25, rng.uniform(-180, 180), rng.uniform(-1e6, 1e6), 1e-300]))


def points(rng, low, high=7):
    return ",".join(f"{number(rng)} {number(rng)}" for _ in range(rng.randrange(low, high)))


def ring(rng):
    x, y, size = rng.randrange(-80, 80), rng.randrange(-80, 80), rng.randrange(1, 9)
    return f"({x} {y},{x + size} {y},{x + size} {y + size},{x} {y})"


def shape(kind, rng, server):
    match kind:
        case "point":
            return f"POINT({number(rng)} {number(rng)})"
        case "linestring":
            return f"LINESTRING({points(rng, 2)})"
        case "polygon":
            return f"POLYGON({','.join(ring(rng) for _ in range(rng.randrange(1, 3)))})"
        case "multipoint":
            return f"MULTIPOINT({points(rng, 1)})"
        case "multilinestring":
            return f"MULTILINESTRING({','.join('(' + points(rng, 2) + ')' for _ in range(rng.randrange(1, 4)))})"
        case "multipolygon":
            return f"MULTIPOLYGON({','.join('(' + ring(rng) + ')' for _ in range(rng.randrange(1, 4)))})"
        case "geometrycollection":
            parts = [shape(rng.choice(["point", "linestring", "polygon"]), rng, server) for _ in range(rng.randrange(3))]
            if not parts and not server.is_old:
                return "GEOMETRYCOLLECTION EMPTY"
            return f"GEOMETRYCOLLECTION({','.join(parts or ['POINT(0 0)'])})"
    return shape(rng.choice(SHAPES), rng, server)


SHAPES = ["point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection"]


def place(kind, server):
    def value(rng):
        srid = rng.choice([0, 0, 4326, 3857])
        if srid == 4326 and server.is_mysql_new:  # it minds the range of degrees
            return f"ST_SRID(ST_GeomFromText('POINT({rng.uniform(-80, 80)} {rng.uniform(-80, 80)})'), 4326)" if kind in ("point", "geometry") else f"ST_GeomFromText('{shape(kind, rng, server)}')"
        return f"ST_GeomFromText('{shape(kind, rng, server)}', {srid})"
    return value


def vector(size):
    return lambda rng: f"STRING_TO_VECTOR('[{','.join(repr(rng.uniform(-10, 10)) for _ in range(rng.randrange(1, size + 1)))}]')"


def uuid(rng):
    data = rng.choice([bytes(16), b"\xff" * 16, rng.randbytes(16), rng.randbytes(8) + bytes(8), rng.randbytes(15) + b"\x20", bytes(15) + b"\x20"]).hex()
    return f"'{data[:8]}-{data[8:12]}-{data[12:16]}-{data[16:20]}-{data[20:]}'"


def inet4(rng):
    return "'" + ".".join(str(rng.choice([0, 32, 255, rng.randrange(256)])) for _ in range(4)) + "'"


def inet6(rng):
    words = [rng.choice([0, 0, 0, 0x20, 0x2020, 0xffff, rng.randrange(2 ** 16)]) for _ in range(8)]
    if rng.random() < 0.3:
        words[:5] = [0] * 5
        words[5] = rng.choice([0, 0xffff])
    return "'" + ":".join(f"{part:x}" for part in words) + "'"


def families(server, charsets):
    """Lists of (name, declaration, value). `charsets`: name -> bytes a character can take."""
    made = {}
    made["integers"] = (
        [(f"{name}_s", name, integer(size, False)) for name, size in INTEGERS.items()]
        + [(f"{name}_u", f"{name} unsigned", integer(size, True)) for name, size in INTEGERS.items()]
        + [(f"{name}_z", f"{name}({width}) zerofill", integer(size, True)) for width, (name, size) in zip((3, 5, 20, 1, 20), INTEGERS.items())]
        # Between them types that the list of signs leaves out, or may not.
        + [("yes", "boolean", lambda rng: str(rng.randrange(2))), ("y", "year", year_value), ("after_year", "int unsigned", integer(32, True)), ("b", "bit(3)", bits(3)),
           ("after_bit", "int", integer(32, False)), ("e", "enum('x','unsigned','zerofill')", choice(3)), ("after_enum", "bigint unsigned", integer(64, True))])
    shapes = [(65, 30), (65, 0), (30, 30), (10, 2), (1, 0), (1, 1), (9, 9), (18, 9), (19, 10), (38, 20), (64, 1), (10, 0), (5, 5)] + ([(38, 38), (65, 38)] if server.is_mariadb else [])
    made["decimals"] = (
        [(f"d_{p}_{s}", f"decimal({p},{s})", decimal(p, s)) for p, s in shapes]
        + [("u_20_10", "decimal(20,10) unsigned", decimal(20, 10, True)), ("z_9_3", "decimal(9,3) zerofill", decimal(9, 3, True)), ("z_5_5", "decimal(5,5) zerofill", decimal(5, 5, True)),
           ("plain", "decimal", decimal(10, 0)), ("fixed", "numeric(12,4)", decimal(12, 4))])
    made["reals"] = [
        ("single", "float", real(True)), ("single_u", "float unsigned", real(True, True)), ("single_z", "float zerofill", real(True, True)), ("single_10_3", "float(10,3)", real(True, largest=9e6)),
        ("single_24", "float(24)", real(True)), ("single_7_4", "float(7,4)", real(True, largest=999)), ("double_53", "float(53)", real(False)), ("twice", "double", real(False)),
        ("twice_u", "double unsigned", real(False, True)), ("twice_z", "double zerofill", real(False, True)), ("twice_20_5", "double(20,5)", real(False, largest=1e14)),
        ("twice_53_0", "double(53,0)", real(False, largest=1e50)), ("real_", "real", real(False)), ("after", "int unsigned", integer(32, True))]
    made["bits"] = [(f"bit_{n}", f"bit({n})", bits(n)) for n in range(1, 65)]
    made["temporal"] = (
        [("day", "date", date_value), ("y", "year", year_value)]
        + [(f"time_{n}", f"time({n})", time_value) for n in range(7)]
        + [(f"datetime_{n}", f"datetime({n})", datetime_value) for n in range(7)]
        + [(f"timestamp_{n}", f"timestamp({n}) null", timestamp_value) for n in range(7)])
    strings = []
    for name, width in charsets.items():
        if name in ("binary", "filename"):
            continue
        own = single_byte(20) if width == 1 else word(20)
        strings += [(f"char_{name}", f"char(20) character set {name}", own), (f"varchar_{name}", f"varchar(20) character set {name}", word(20))]
    made["charsets"] = strings
    made["strings"] = [
        ("char_0", "char(0)", lambda rng: "''"), ("char_1", "char(1)", word(1)), ("char_255", "char(255)", sized_text(0, 1, 63, 64, 85, 254, 255)),
        ("varchar_0", "varchar(0)", lambda rng: "''"), ("varchar_63", "varchar(63)", sized_text(0, 1, 62, 63)), ("varchar_64", "varchar(64)", sized_text(0, 63, 64)),
        ("latin_255", "varchar(255) character set latin1", sized_text(0, 254, 255)), ("latin_256", "varchar(256) character set latin1", sized_text(0, 255, 256)),
        ("latin_char_255", "char(255) character set latin1", sized_text(0, 254, 255)), ("varchar_300", "varchar(300)", sized_text(0, 255, 256, 300)),
        ("tiny_text", "tinytext", word(40)), ("plain_text", "text", sized_text(0, 255, 256, 20000)), ("medium_text", "mediumtext character set latin1", sized_text(1, 65535, 65536, 70000)),
        ("long_text", "longtext", sized_text(0, 3, 70000)), ("utf16_text", "text character set utf16", word(60)), ("sjis_text", "tinytext character set sjis", word(20)),
        ("as_bytes", "char(10) character set binary", any_bytes(10)), ("text_as_bytes", "text character set binary", any_bytes(30))]
    made["bytes"] = [
        ("binary_0", "binary(0)", lambda rng: "''"), ("binary_1", "binary(1)", any_bytes(1)), ("binary_8", "binary(8)", any_bytes(8)), ("binary_255", "binary(255)", sized_bytes(0, 1, 254, 255)),
        ("varbinary_0", "varbinary(0)", lambda rng: "''"), ("varbinary_20", "varbinary(20)", any_bytes(20)), ("varbinary_255", "varbinary(255)", sized_bytes(0, 254, 255)),
        ("varbinary_256", "varbinary(256)", sized_bytes(0, 255, 256)), ("tiny_blob", "tinyblob", any_bytes(255)), ("plain_blob", "blob", sized_bytes(0, 1, 255, 256, 65535)),
        ("medium_blob", "mediumblob", sized_bytes(0, 65535, 65536)), ("long_blob", "longblob", any_bytes(3000))]
    plain = [["a"], ["a", "b c", "d,e", "ü", "it's", ""], [" lead", "trail", "\"dq\"", "semi;", "p(a)r", "zerofill"], ["北京", "Ελλάδα", "a\\b", "tab\tx"], [f"v{n}" for n in range(300)],
             [f"m{n}" for n in range(256)], [f"m{n}" for n in range(255)]]
    sets = [["a"], ["a", "b c", "ü", "it's", ""], [f"s{n}" for n in range(8)], [f"s{n}" for n in range(9)], [f"s{n}" for n in range(24)], [f"s{n}" for n in range(33)], [f"s{n}" for n in range(64)],
            ["", "x"]]
    made["labels"] = (
        [(f"enum_{n}", f"enum({label_list(labels)})", choice(len(labels))) for n, labels in enumerate(plain)]
        + [(f"set_{n}", f"set({label_list(labels)})", several(len(labels))) for n, labels in enumerate(sets)]
        + [(f"enum_{name}", f"enum('ä','Ö x','z') character set {name}", choice(3)) for name in ("latin1", "utf16", "gbk", "latin2") if name in charsets]
        + [("set_latin1", "set('ä','Ö x','z') character set latin1", several(3))])
    made["geometries"] = [(f"geometry_{kind}", kind, place(kind, server)) for kind in ["geometry", *SHAPES]]
    if server.is_mysql_new:
        made["documents"] = [("doc_a", "json", json_value), ("between", "int", integer(32, False)), ("doc_b", "json", json_value), ("doc_c", "json", json_value)]
        made["vectors"] = [("vector_3", "vector(3)", vector(3)), ("vector_2048", "vector(2048)", vector(40)), ("vector_any", "vector", vector(5))]
    if server.is_mariadb:
        made["documents"] = [("doc", "json", lambda rng: text(json_document(rng)))]
        made["addresses"] = [("uuid_", "uuid", uuid), ("four", "inet4", inet4), ("six", "inet6", inet6)]
        made["compressed"] = [
            ("c_varchar", "varchar(300) compressed", sized_text(0, 1, 50, 100, 300)), ("c_varchar_40", "varchar(40) compressed", word(40)), ("c_text", "text compressed", sized_text(0, 99, 100, 101, 20000)),
            ("c_tiny", "tinytext compressed", word(30)), ("c_blob", "blob compressed", any_bytes(3000)), ("c_medium", "mediumblob compressed", sized_bytes(0, 65536)),
            ("c_long", "longtext compressed", sized_text(0, 3, 70000)), ("c_varbinary", "varbinary(1000) compressed", sized_bytes(0, 1, 99, 100, 1000))]
    return made
