#!/usr/bin/env python3
"""Writes src/transform/filter/collation_tables.inc: what servers answer to WEIGHT_STRING, LOWER and UPPER for every character.

  collation_tables.py HOST:PORT:USER:PASSWORD [--tls]    a MySQL 8.0 or later

Needs PyMySQL. The format of the texts is that of decode() in src/transform/filter/weights.cc.
"""

import pathlib
import sys

import pymysql

OUT = pathlib.Path(__file__).resolve().parents[1] / "src" / "transform" / "filter" / "collation_tables.inc"
CHARACTER = "CONVERT(CHAR(n USING utf32) USING utf8mb4)"
BYTE = "CONVERT(CAST(UNHEX(LPAD(HEX(n), 2, '0')) AS BINARY) USING latin1)"
SIXTYFOUR = " UNION ALL ".join(f"SELECT {i} AS d" for i in range(64))


def connect(text):
    host, port, user, password = text.split(":", 3)
    return pymysql.connect(host=host, port=int(port), user=user, password=password, charset="utf8mb4",
                           ssl={"verify_mode": "none", "check_hostname": False} if "--tls" in sys.argv else None)


def ask(connection, expression, limit):
    """n -> bytes of the expression, for all numbers that are characters."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SET NAMES utf8mb4")
        for start in range(0, limit, 262144):
            cursor.execute(f"SELECT n, HEX({expression}) FROM (SELECT {start} + a.d * 4096 + b.d * 64 + c.d AS n FROM "
                           f"({SIXTYFOUR}) a, ({SIXTYFOUR}) b, ({SIXTYFOUR}) c) x WHERE n < {limit} "
                           "AND n NOT BETWEEN 55296 AND 57343")
            found.update((int(n), bytes.fromhex(text or "")) for n, text in cursor.fetchall())
    return found


def weights(raw):
    return {n: tuple(int.from_bytes(w[i:i + 2], "big") for i in range(0, len(w), 2)) for n, w in raw.items()}


def implicit(n):
    base = 0xFB40 if 0x4E00 <= n <= 0x9FFF or 0xFA0E <= n <= 0xFA29 else 0xFB80 if 0x3400 <= n <= 0x4DBF or n >= 0x20000 else 0xFBC0
    return [(b + (n >> 15), n & 0x7FFF | 0x8000) for b in (base, 0xFB40, 0xFB80, 0xFBC0)]


def number(n):
    text = ""
    while n >= 32:
        text += chr(48 + (n & 31 | 32))
        n >>= 5
    return text + chr(48 + n)


def signed(n):
    return number(n * 2 if n >= 0 else -n * 2 - 1)


def encode(table, default):
    """Runs of characters whose weights are not the default: the gap before, length and number of weights, the first
    character's weights as differences, and by how much the last weight grows."""
    out, end, last = "", 0, 0
    rest = [n for n in sorted(table) if table[n] != default(n)]
    i = 0
    while i < len(rest):
        n, w = rest[i], table[rest[i]]
        length, step = 1, None
        while i + length < len(rest) and rest[i + length] == n + length:
            other = table[n + length]
            if len(other) != len(w) or other[:-1] != w[:-1]:
                break
            grown = other[-1] - table[n + length - 1][-1] if w else 0
            if step is None:
                step = grown
            elif step != grown:
                break
            length += 1
        if length == 2 and w and step not in (0, 1):
            length = 1
        out += number(n - end) + number(length * 10 + len(w))
        for one in w:
            out += signed(one - last)
            last = one
        if length > 1 and w:
            out += signed(step)
        if w:
            last = table[n + length - 1][-1]
        end = n + length
        i += length
    return out


def write(file, name, text):
    file.write(f"constexpr std::string_view {name}[] = {{\n")
    for i in range(0, len(text), 160):
        file.write(f'    R"({text[i:i + 160]})",\n')
    file.write("};\n")


def main():
    mysql = connect(sys.argv[1])
    with open(OUT, "w") as file:
        file.write("// Made by tools/collation_tables.py from what servers answer; do not edit. Included by weights.cc.\n")
        for name, server, collation, limit in (("general_ci", mysql, "utf8mb4_general_ci", 65536),
                                               ("unicode_ci", mysql, "utf8mb4_unicode_ci", 65536),
                                               ("uca_0900_ai_ci", mysql, "utf8mb4_0900_ai_ci", 0x110000)):
            table = weights(ask(server, f"WEIGHT_STRING({CHARACTER} COLLATE {collation})", limit))
            by_rule = (lambda n: (n,)) if name == "general_ci" else (lambda n, t=table: t[n] if t[n] in implicit(n)[:1] else None)
            write(file, name, encode(table, by_rule))
            print(name, len(encode(table, by_rule)))
        for name, server, collation in (("default", mysql, "utf8mb4_general_ci"), ("0900", mysql, "utf8mb4_0900_ai_ci")):
            for case in ("lower", "upper"):
                # Zeros behind it make room for characters that take more bytes then.
                raw = ask(server, f"{case.upper()}(CONCAT({CHARACTER}, '000') COLLATE {collation})", 0x20000)
                table = {n: (ord(text.decode()[0]),) for n, text in raw.items()}
                write(file, f"{case}_{name}", encode(table, lambda n: (n,)))
        for name in ("latin1_swedish_ci", "latin1_general_ci"):
            table = weights({n: b"\0" + w for n, w in ask(mysql, f"WEIGHT_STRING({BYTE} COLLATE {name})", 256).items()})
            write(file, name, encode(table, lambda n: (n,)))
        for case in ("lower", "upper"):
            table = weights({n: b"\0" + w for n, w in ask(mysql, f"{case.upper()}({BYTE})", 256).items()})
            write(file, f"latin1_{case}", encode(table, lambda n: (n,)))


if __name__ == "__main__":
    main()
