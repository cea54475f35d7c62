"""Random column types, defaults and values, as SQL text."""

LABELS = ["a", "b", "c d", "e,f", "it's", "ü", "表", "縗", "", "x\"y", "(z)", "A1", "back\\slash", "per%cent", "line\nbreak", ";", "--", "ß"]
WORDS = ["", "a", "word", "it's", "Größe", "表示", "縗", "semi;colon", "q\"q", "back\\", "/* no */", "-- no", "# no", "tab\t", "nul\\0", "`"]
CHARSETS = {"latin1": ["latin1_swedish_ci", "latin1_bin", "latin1_general_cs"], "utf8": ["utf8_general_ci", "utf8_bin", "utf8_unicode_ci"],
            "utf8mb4": ["utf8mb4_general_ci", "utf8mb4_bin", "utf8mb4_unicode_ci"], "gbk": ["gbk_chinese_ci", "gbk_bin"],
            "sjis": ["sjis_japanese_ci"], "ascii": ["ascii_general_ci", "ascii_bin"], "ucs2": ["ucs2_general_ci"], "utf16": ["utf16_bin"],
            "utf32": ["utf32_general_ci"], "big5": ["big5_chinese_ci"], "latin2": ["latin2_general_ci"], "cp1251": ["cp1251_general_ci"],
            "binary": ["binary"], "koi8r": ["koi8r_general_ci"], "hebrew": ["hebrew_bin"], "utf16le": ["utf16le_general_ci"]}


class Types:
    """Mixed into the generator: needs rng, dialect, literal(text), word(text) for keywords."""

    def charset(self):
        names = list(CHARSETS)
        if not self.dialect.is_56:
            names += ["utf8mb3"]
        if self.dialect.name == "mysql-9.7":
            names += ["gb18030"]
        return self.rng.choice(names)

    def collation(self):
        if self.dialect.name == "mysql-9.7" and self.chance(0.3):
            return self.rng.choice(["utf8mb4_0900_ai_ci", "utf8mb4_0900_as_cs", "utf8mb3_general_ci", "utf8mb4_ja_0900_as_cs", "gb18030_bin"])
        if self.dialect.is_mariadb and self.chance(0.2):
            return self.rng.choice(["utf8mb4_nopad_bin", "utf8mb3_general_nopad_ci", "utf8mb4_uca1400_ai_ci", "uca1400_as_cs", "latin1_nopad_bin"])
        return self.rng.choice(CHARSETS[self.rng.choice(list(CHARSETS))])

    def charset_clause(self, with_binary=True):
        """Of a character column's type."""
        kind = self.rng.random()
        if kind < 0.55:
            return ""
        if kind < 0.7:
            return f" {self.word('CHARACTER SET')} {self.charset()}"
        if kind < 0.75:
            return f" {self.word('CHARSET')} {self.quoted_word(self.charset())}"
        if kind < 0.85:
            return f" {self.word('COLLATE')} {self.collation()}"
        if kind < 0.92:
            name = self.charset()
            return f" {self.word('CHARACTER SET')} {name} {self.word('COLLATE')} {self.rng.choice(CHARSETS.get(name, ['utf8mb4_bin']))}"
        if not with_binary:
            return ""
        return " " + self.word(self.rng.choice(["BINARY", "ASCII", "UNICODE", "BYTE", "ASCII BINARY", "CHARACTER SET latin1 BINARY", "BINARY CHARACTER SET utf8mb4"]))

    def label_list(self, most=5):
        rng = self.rng
        if self.chance(0.03):
            chosen = [f"v{n}" for n in range(rng.choice([9, 60, 64, 255, 256, 300]))]
        else:
            chosen = rng.sample(LABELS, rng.randint(1, most))
        return "(" + self.comma().join(self.literal(text + (" " if self.chance(0.03) else ""), allow_hex=True) for text in chosen) + ")"

    def column_type(self):
        """(text, kind)"""
        rng, w = self.rng, self.word
        n = rng.random()
        if n < 0.27:
            name = rng.choice(["TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "INTEGER", "INT1", "INT2", "INT3", "INT4", "INT8", "MIDDLEINT"])
            width = rng.choice(["", "", "", f"({rng.randint(1, 20)})", f" ( {rng.randint(1, 11)} )"])
            sign = rng.choice(["", "", "", " UNSIGNED", " UNSIGNED ZEROFILL", " ZEROFILL", " SIGNED", " ZEROFILL UNSIGNED"])
            return w(name) + width + w(sign), "int"
        if n < 0.29:
            return w(rng.choice(["BOOL", "BOOLEAN"])), "int"
        if n < 0.37:
            name = w(rng.choice(["DECIMAL", "NUMERIC", "DEC", "FIXED"]))
            digits = rng.randint(1, 65)
            size = rng.choice(["", f"({digits})", f"({digits},{rng.randint(0, min(30, digits))})", "(10,2)", "(0)", "(5,0)"])
            return name + size + w(rng.choice(["", "", " UNSIGNED", " ZEROFILL", " SIGNED"])), "dec"
        if n < 0.43:
            return w(rng.choice(["FLOAT", "DOUBLE", "REAL", "DOUBLE PRECISION", "FLOAT(7,3)", "FLOAT(24)", "FLOAT(25)", "FLOAT(53)", "DOUBLE(20,5)", "FLOAT4",
                                 "FLOAT8", "REAL(10,2)"])) + w(rng.choice(["", "", " UNSIGNED", " ZEROFILL"])), "float"
        if n < 0.46:
            return w("BIT") + rng.choice(["", f"({rng.randint(1, 64)})"]), "bit"
        if n < 0.57:
            name = rng.choice(["DATE", "TIME", "DATETIME", "TIMESTAMP", "YEAR"])
            if name in ("TIME", "DATETIME", "TIMESTAMP"):
                return w(name) + rng.choice(["", "", f"({rng.randint(0, 6)})"]), name.lower()
            return w(name) + (rng.choice(["", "(4)"]) if name == "YEAR" else ""), name.lower()
        if n < 0.76:
            name = rng.choice(["CHAR", "VARCHAR", "VARCHAR", "VARCHAR", "CHARACTER", "CHARACTER VARYING", "CHAR VARYING", "NCHAR", "NATIONAL CHAR", "NVARCHAR",
                               "NATIONAL VARCHAR", "NCHAR VARCHAR", "NATIONAL CHARACTER VARYING", "NCHAR VARYING", "NATIONAL CHARACTER"])
            is_varying = "VAR" in name
            size = f"({rng.choice([0, 1, 7, 20, 63, 64, 191, 255])})" if is_varying or self.chance(0.7) else ""
            if is_varying and self.chance(0.05):
                size = f"({rng.choice([256, 1000, 4000, 16000, 21844, 65535])})"
            national = name[0] == "N"
            return w(name) + size + ((w(" BINARY") if self.chance(0.1) else self.collate_only()) if national else self.charset_clause()), "str"
        if n < 0.84:
            name = rng.choice(["TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "TEXT(100)", "TEXT(70000)", "TEXT(20000000)", "LONG", "LONG VARCHAR", "LONG CHAR VARYING",
                               "TEXT(63)", "TEXT(64)", "TEXT(21846)"])
            return w(name) + self.charset_clause(), "text"
        if n < 0.88:
            return w(rng.choice(["BINARY", "BINARY(8)", "BINARY(255)", "VARBINARY(20)", "VARBINARY(300)", "CHAR(5) BYTE", "VARCHAR(9) BYTE", "VARBINARY(0)"])), "bin"
        if n < 0.91:
            return w(rng.choice(["TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "BLOB(100)", "BLOB(70000)", "LONG VARBINARY", "BLOB(20000000)"])), "blob"
        if n < 0.95:
            return w(rng.choice(["ENUM", "SET"])) + rng.choice(["", " "]) + self.label_list() + self.charset_clause(), "enum"
        return self.special_type()

    def special_type(self):
        rng, w = self.rng, self.word
        kinds = [(w(name), "geo") for name in ("GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "GEOMETRYCOLLECTION", "MULTILINESTRING", "MULTIPOLYGON")]
        if not self.dialect.is_56:
            kinds += [(w("JSON"), "json")] * 8
        if self.dialect.is_mariadb:
            kinds += [(w(name), name.lower()) for name in ("UUID", "INET6", "INET4")] * 2 + [(w("VARCHAR2(10)"), "str"), (w("CLOB"), "text"), (w("NUMBER"), "float"), (w("RAW(9)"), "bin")]
        if self.dialect.name == "mysql-9.7":
            kinds += [(w(name), "vector") for name in ("VECTOR", "VECTOR(3)", "VECTOR(16383)")] + [(w("GEOMCOLLECTION"), "geo"), (w("POINT SRID 4326"), "geo"), (w("POINT NOT NULL SRID 0"), "geo")]
        return rng.choice(kinds)

    def collate_only(self):
        return f" {self.word('COLLATE')} {self.rng.choice(CHARSETS['utf8'])}" if self.chance(0.1) else ""

    def default(self, kind):
        """The text behind DEFAULT, or None where the kind can't have one."""
        rng = self.rng
        if kind in ("text", "blob", "geo", "json", "vector"):
            if self.dialect.is_56 or self.chance(0.7):
                return None
            return "('a')" if kind in ("text", "blob") else "(NULL)"
        if self.chance(0.15):
            return self.word("NULL")
        if not self.dialect.is_56 and self.chance(0.1):
            return rng.choice(["(1 + 1)", "(0)", "(concat('1', ')', '2'))", "('1')", "(pi())", "(floor(2.5))"])
        simple = {"int": ["0", "1", "'1'", "-1", "+1", "0x01", "b'1'", "TRUE"], "dec": ["0", "1.5", "'0.00'", "-1"], "float": ["0", "1e1", "'2.5'", "1.5"],
                  "bit": ["b'1'", "0", "1", "0x1"], "date": ["'2020-01-01'", "DATE '2020-02-02'"], "time": ["'12:00:00'", "0"], "year": ["2020", "'1999'"],
                  "datetime": ["'2020-01-01 00:00:00'", "CURRENT_TIMESTAMP", "NOW()", "CURRENT_TIMESTAMP()"], "timestamp": ["CURRENT_TIMESTAMP", "NOW()", "'2020-01-01 00:00:00'", "0", "LOCALTIMESTAMP"],
                  "bin": ["'a'", "0x61", "x'61'", "''"], "inet6": ["'::1'"], "inet4": ["'1.2.3.4'"], "uuid": ["'123e4567-e89b-12d3-a456-426655440000'"]}
        if kind in simple:
            return self.word(rng.choice(simple[kind])) if kind not in ("bin",) else rng.choice(simple[kind])
        return self.literal(rng.choice(["", "a", "0", "x;y", "it's"]))


def value(rng, column):
    """A literal for one column of a catalogue; the server bends it into the type (INSERT IGNORE)."""
    kind = column["type"]
    if column["nullable"] and rng.random() < 0.15:
        return "NULL"
    text = rng.choice(["", "a", "Zz9", "it''s", "word word", "0", "longer text with 40 characters in it.....", "ÄÖ", "é", "表示", "🚲"])
    match kind:
        case "tinyint" | "smallint" | "mediumint" | "int" | "bigint":
            return str(rng.choice([0, 1, -1, rng.randrange(100), rng.randrange(-2**31, 2**31), 2**63, -2**63]))
        case "decimal":
            return rng.choice(["0", "1.5", "-123456.789", "99999999999999999999.5", str(rng.randrange(10**6) / 100)])
        case "float" | "double":
            return rng.choice(["0", "0.5", "-2.25", "1e10", "123.456", str(rng.randrange(1000) / 8)])
        case "bit":
            return rng.choice(["0", "1", "b'101'", "18446744073709551615"])
        case "date":
            return rng.choice(["'2024-02-29'", "'0000-00-00'", "'1999-12-31'"])
        case "time":
            return rng.choice(["'12:34:56.789012'", "'-01:02:03'", "'838:59:59'", "0"])
        case "datetime" | "timestamp":
            return rng.choice(["'2024-02-29 12:34:56.789012'", "'1999-12-31 23:59:59'", "'2030-01-01 00:00:00.5'"])
        case "year":
            return rng.choice(["2024", "1901", "0"])
        case "enum" | "set":
            return rng.choice(["1", "2", "''", "3"])
        case "json":
            return rng.choice(["'{}'", "'[1, 2, {\"a\": null}]'", "'\"x\"'", "'1.5'"])
        case "geometry":
            word = column["declared"].lower().split(" ")[0]
            text = {"linestring": "LINESTRING(0 0,1 1)", "polygon": "POLYGON((0 0,4 0,4 4,0 0))", "multipoint": "MULTIPOINT(0 0,1 1)",
                    "multilinestring": "MULTILINESTRING((0 0,1 1))", "multipolygon": "MULTIPOLYGON(((0 0,4 0,4 4,0 0)))",
                    "geometrycollection": "GEOMETRYCOLLECTION(POINT(1 1))", "geomcollection": "GEOMETRYCOLLECTION(POINT(1 1))"}.get(word, f"POINT({rng.randrange(9)} 1.5)")
            return f"ST_GeomFromText('{text}')"
        case "vector":
            return "STRING_TO_VECTOR('[1,2,3]')"
        case "uuid":
            return "'123e4567-e89b-12d3-a456-426655440000'"
        case "inet4":
            return "'1.2.3.4'"
        case "inet6":
            return "'2001:db8::1'"
        case "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob":
            return rng.choice(["x'00ff'", "''", "'abc'", "x'0102000000'", "x'20'"])
    return f"'{text}'"
