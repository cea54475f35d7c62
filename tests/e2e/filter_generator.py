"""Tables, rows and random conditions for test_filter.py. What is made is mostly what a user could write; a share of wild
conditions joins anything with anything, and may be refused, but never answered wrongly."""

TEXTS = ["", " ", "a", "A", "ab", "Ab", "abc", "ABC", "abc ", "abc  ", " abc", "abd", "b", "paid", "Paid", "PAID ", "open",
         "x%y", "x_y", "x\\y", "it's", 'say "hi"', "10", "010", "10.5", " 7", "7 ", "1e3", "-3", "0", "0x41", "12abc", "a,b,c",
         "2020-01-31", "straße", "STRASSE", "Ärger", "arger", "é", "e", "É", "ñandú", "İ", "ı", "ß", "ss", "Å", "a\tb", "a\nb",
         "Zürich", "zurich", "ÿ", "æ", "ae", "Œ", "ab\n", "a\r", "a\r\n", "k", "-", "a-c", "$x", "a.c", "(ab)", "aab", "abab", "\\\\"]
ASCII = [t for t in TEXTS if t.isascii()]
LATIN = [t for t in TEXTS if all(ord(c) < 256 for c in t)]
WIDE = TEXTS + ["日本語", "にほんご", "ニホンゴ", "привет", "ПРИВЕТ", "Привет", "ελλάς", "ΕΛΛΆΣ", "😀", "😁", "ﬁ", "fi", "１０", "한글",
                "เก", "\u017f", "\u212a", "Maße", "masse", "MASSE", "\u1e9e", "aﬃx", "affix", "ﬆ", "st", "a\u0085", "a\u2028", "a\u0301", "á", "\u200b", "a\u00adb", "ǆ", "Ǆ", "\ufffd"]
DATES = ["0000-00-00", "1000-01-01", "1970-01-01", "1999-12-31", "2000-02-29", "2020-01-31", "2020-02-29", "2021-03-01",
         "2024-12-31", "9999-12-31"]
CLOCKS = ["00:00:00", "00:00:01", "11:59:59", "12:00:00", "12:30:00", "23:59:59"]
TIMES = ["00:00:00", "00:00:01", "12:30:00", "-00:00:01", "-12:30:15", "838:59:59", "-838:59:59", "100:00:00", "23:59:59"]
INTEGERS = [0, 1, -1, 2, 5, 7, 10, -10, 42, 100, 127, -128, 255, 1000, 32767, 65535, 2147483647, -2147483648, 4294967295,
            9007199254740992, 9007199254740993, 9223372036854775807, -9223372036854775808, 18446744073709551615]


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n") + "'"


class Column:
    def __init__(self, name, sql, kind, values):
        self.name, self.sql, self.kind, self.values = name, sql, kind, values


def within(low, high):
    return [str(n) for n in INTEGERS if low <= n <= high]


def columns(server):
    """Of the table, without its id."""
    date_times = [f"{d} {c}" for d in DATES[:1] for c in CLOCKS[:1]] + [f"{d} {c}" for d in DATES[1:] for c in CLOCKS]
    fractions = [d + f for d in date_times[::3] for f in ("", ".5", ".25", ".123456", ".999999")]
    stamps = ["0000-00-00 00:00:00", "1970-01-01 00:00:01", "2000-02-29 12:30:00", "2020-01-31 12:30:00", "2020-01-31 00:00:00", "2038-01-19 03:14:07"]
    text = lambda name, type_, values: Column(name, type_, "text", [quoted(v) for v in values])  # noqa: E731
    made = [
        Column("c_ti", "TINYINT", "int", within(-128, 127)),
        Column("c_tu", "TINYINT UNSIGNED", "int", within(0, 255)),
        Column("c_bool", "TINYINT(1) NOT NULL DEFAULT 0", "int", ["0", "1"]),
        Column("c_si", "SMALLINT", "int", within(-32768, 32767)),
        Column("c_mi", "MEDIUMINT UNSIGNED", "int", within(0, 16777215)),
        Column("c_i", "INT", "int", within(-2**31, 2**31 - 1)),
        Column("c_iu", "INT UNSIGNED", "int", within(0, 2**32 - 1)),
        Column("c_bi", "BIGINT", "int", within(-2**63, 2**63 - 1)),
        Column("c_bu", "BIGINT UNSIGNED", "int", within(0, 2**64 - 1)),
        Column("c_bit", "BIT(10)", "int", within(0, 1023)),
        Column("c_y", "YEAR", "year", ["0", "1901", "1999", "2000", "2020", "2021", "2155"]),
        Column("c_d", "DECIMAL(10,2)", "decimal", ["0", "0.01", "-0.01", "10", "10.00", "10.01", "9.99", "99.99", "-5.5", "12345678.91", "99999999.99", "0.5", "1.5", "2.5", "-2.5"]),
        Column("c_du", "DECIMAL(8,3) UNSIGNED", "decimal", ["0", "0.001", "10", "10.5", "99999.999", "0.125"]),
        Column("c_dl", "DECIMAL(30,10)", "decimal", ["0", "0.0000000001", "-12345678901234567890.0123456789", "10", "3.3333333333", "99999999999999999999.9999999999"]),
        Column("c_d5", "DECIMAL(5,0)", "decimal", ["0", "1", "-1", "10", "99999", "42"]),
        Column("c_f", "FLOAT", "real", ["0", "1.5", "-2.25", "0.1", "3.4e38", "1e-30", "10", "16777217"]),
        Column("c_do", "DOUBLE", "real", ["0", "1.5", "-2.25", "0.1", "1e300", "-1e-300", "10", "0.30000000000000004", "1e15", "123456789.125"]),
        Column("c_fm", "FLOAT(8,2)", "real", ["0", "1.5", "0.1", "10.01", "-2.25"]),
        Column("c_dm", "DOUBLE(10,3)", "real", ["0", "1.5", "0.1", "10.01", "-2.25", "0.125"]),
        text("c_vc", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", WIDE),
        text("c_nn", "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL", ["paid", "Paid", "open", "", "PAID ", "10"]),
        text("c_ch", "CHAR(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", WIDE),
        text("c_ub", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", WIDE),
        text("c_uu", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", WIDE),
        text("c_u3", "VARCHAR(40) CHARACTER SET utf8 COLLATE utf8_general_ci", [t for t in WIDE if all(ord(c) < 65536 for c in t)]),
        text("c_l1", "VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_swedish_ci", LATIN),
        text("c_lg", "VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_general_ci", LATIN),
        text("c_lb", "VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_bin", LATIN),
        text("c_as", "VARCHAR(40) CHARACTER SET ascii COLLATE ascii_general_ci", ASCII),
        text("c_tx", "TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", WIDE),
        text("c_no", "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
             ["10", "10.5", "-3", "0", "007", " 12", "1e2", "12abc", "abc", "", "9007199254740993", ".5", "+4", "5.", "1e400", "0x10"]),
        Column("c_vb", "VARBINARY(20)", "bytes", ["'abc'", "'ABC'", "'abc '", "x'00FF'", "''", "'10'", "'é'"]),
        Column("c_b4", "BINARY(4)", "bytes", ["'ab'", "'abcd'", "x'00010203'", "''"]),
        Column("c_bl", "BLOB", "bytes", ["'abc'", "x'FFFE'", "''", "'abc '"]),
        Column("c_da", "DATE", "date", [quoted(d) for d in DATES] + ["'2020-00-00'", "'2020-05-00'"]),
        Column("c_dt", "DATETIME", "datetime", [quoted(d) for d in date_times]),
        Column("c_dn", "DATETIME NOT NULL", "datetime", [quoted(d) for d in date_times[1:]]),
        Column("c_d6", "DATETIME(6)", "datetime", [quoted(d) for d in fractions]),
        Column("c_ts", "TIMESTAMP NULL DEFAULT NULL", "datetime", [quoted(d) for d in stamps]),
        Column("c_t3", "TIMESTAMP(3) NULL DEFAULT NULL", "datetime", [quoted(d + f) for d in stamps[1:-1] for f in ("", ".5", ".125")]),
        Column("c_t", "TIME", "time", [quoted(t) for t in TIMES]),
        Column("c_t2", "TIME(2)", "time", [quoted(t + f) for t in TIMES[:5] for f in ("", ".5", ".25")]),
        Column("c_e", "ENUM('new','paid','Open','b c','10')", "label", ["'new'", "'paid'", "'Open'", "'b c'", "'10'", "0"]),
        Column("c_s", "SET('a','b','cc','d')", "label", ["''", "'a'", "'a,b'", "'cc'", "'a,b,cc,d'", "'d'"]),
    ]
    if server == "mysql-9.7":
        made.append(text("c_09", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci", WIDE))
        made.append(text("c_0b", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin", WIDE))
    if server == "mariadb-10.11":
        made.append(text("c_np", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_nopad_ci", WIDE))
        made.append(text("c_un", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_nopad_ci", WIDE))
    if server != "mysql-5.6":
        json = ['{"a": 1, "b": "x", "c": [1, 2.5, "y"], "d": null, "e": true}', '{"a": "1", "b": "paid"}', "[]", '"text"', "10",
                '{"b": "é\\\\n", "a": -2.5, "n": {"a": {"b": "deep"}}}', '{"a": 12345678901, "c": [[1], {"a": 2}]}', "null", '{"b": "paid ", "a": 1.0}']
        made.append(Column("c_j", "JSON", "json", ["'" + j + "'" for j in json]))
    return made


def statements(server, random, count):
    """CREATE TABLE t and its rows. Every column meets each of its values if there are enough rows."""
    made = columns(server)
    yield "CREATE TABLE t (id INT PRIMARY KEY, " + ", ".join(f"{c.name} {c.sql}" for c in made) + ") DEFAULT CHARSET=utf8mb4 ENGINE=InnoDB"
    decks = {c.name: [] for c in made}
    for i in range(count):
        row = [str(i)]
        for c in made:
            if not decks[c.name]:
                decks[c.name] = random.sample(c.values, len(c.values))
            is_null = "NOT NULL" not in c.sql and random.random() < 0.12
            row.append("NULL" if is_null else decks[c.name].pop())
        yield f"INSERT INTO t VALUES ({', '.join(row)})"


class Conditions:
    def __init__(self, server, random):
        self.server, self.random = server, random
        self.columns = columns(server)

    def pick(self, *of):
        return self.random.choice(of)

    def column(self, *kinds):
        return self.random.choice([c for c in self.columns if c.kind in kinds])

    def chance(self, p):
        return self.random.random() < p

    # Values, by kind

    def number_literal(self, small=False):
        if self.chance(0.15):
            return self.pick("0.5", "10.01", "-2.5", "1.50", ".25", "99.990", "1e3", "1.5e0", "2.5e-1", "10.0", "-0.01")
        n = self.random.choice([n for n in INTEGERS if not small or abs(n) < 1000])
        return str(n) if self.chance(0.97) else self.pick("TRUE", "FALSE", "007", "+5", "- 3")

    def bound(self):
        """Of IN and BETWEEN, in which MySQL takes some negative numbers for large ones."""
        literal = self.number_literal(small=True)
        return literal.lstrip("- ") if self.server != "mariadb-10.11" and self.chance(0.9) else literal

    def text_literal(self):
        return quoted(self.random.choice(WIDE if self.chance(0.4) else ASCII))

    def date_literal(self):
        date = self.random.choice([d for d in DATES if d > ("1971" if self.chance(0.8) else "0001") and (d < "2038" or self.chance(0.2))])
        return self.pick(quoted(date), f"DATE'{date}'") if self.chance(0.5) else self.datetime_literal()

    def datetime_literal(self):
        text = self.random.choice([d for d in DATES if d > ("1971" if self.chance(0.8) else "0001") and (d < "2038" or self.chance(0.2))]) + " " + self.random.choice(CLOCKS)
        return quoted(text) if self.chance(0.7) else f"TIMESTAMP'{text}'"

    def time_literal(self):
        time = self.random.choice(TIMES)
        return quoted(time) if self.chance(0.7) else f"TIME'{time}'"

    def count(self):
        return str(self.random.choice([0, 1, 2, 3, 5, -1, -2, 10]))

    def integer(self, depth=1):
        """An expression of integers that rarely leaves their range."""
        if depth <= 0 or self.chance(0.5):
            return self.column("int").name if self.chance(0.7) else self.number_literal(small=True)
        d = depth - 1
        return self.random.choice([
            lambda: f"LENGTH({self.text(d)})",
            lambda: f"CHAR_LENGTH({self.text(d)})",
            lambda: f"INSTR({self.text(d)}, {self.text(d)})",
            lambda: f"LOCATE({self.text_literal()}, {self.text(d)})",
            lambda: f"INSTR({self.column('text').name}, {self.pick(quoted('a'), quoted('é'), quoted('s'), quoted('ss'), quoted('Å'), quoted('i'))})",
            lambda: f"ASCII({self.text(d)})",
            lambda: f"CRC32({self.text(d)})",
            lambda: f"{self.pick('YEAR', 'MONTH', 'DAY', 'DAYOFMONTH', 'QUARTER', 'DAYOFWEEK', 'WEEKDAY', 'DAYOFYEAR', 'TO_DAYS')}({self.date(d)})",
            lambda: f"{self.pick('HOUR', 'MINUTE', 'SECOND', 'MICROSECOND')}({self.pick(self.column('datetime', 'time', 'date').name)})",
            lambda: f"DATEDIFF({self.date(d)}, {self.date(d)})",
            lambda: f"UNIX_TIMESTAMP({self.column('date', 'datetime').name})",
            lambda: f"ABS({self.column('int').name})",
            lambda: f"SIGN({self.number(d)})",
            lambda: f"{self.pick('FLOOR', 'CEIL', 'CEILING')}({self.column('decimal', 'int').name})",
            lambda: f"ROUND({self.column('int').name}{self.pick('', ', -1', ', 2')})",
            lambda: f"{self.column('int').name} DIV {self.number_literal(True)}",
            lambda: f"{self.column('int').name} {self.pick('%', 'MOD')} {self.pick('2', '3', '10', '0', self.column('int').name)}",
            lambda: f"MOD({self.column('int', 'decimal').name}, {self.pick('2', '7', '10')})",
            lambda: f"({self.integer(d)} {self.pick('+', '-', '*')} {self.pick('1', '2', '10')})",
            lambda: f"CAST({self.column('int', 'text', 'date').name} AS {self.pick('SIGNED', 'UNSIGNED', 'SIGNED INTEGER')})",
            lambda: f"(-{self.column('int').name})",
            lambda: f"IF({self.condition(d)}, {self.column('int').name}, {self.column('int').name})",
            lambda: f"STRCMP({self.text(d)}, {self.text_literal()})",
            lambda: f"FIND_IN_SET({self.text_literal()}, {self.column('text', 'label').name})",
            lambda: f"GREATEST({self.column('int').name}, {self.number_literal(True)})",
        ])()

    def number(self, depth=1):
        if depth <= 0 or self.chance(0.4):
            return self.column("int", "decimal", "real").name if self.chance(0.75) else self.number_literal(small=self.chance(0.7))
        d = depth - 1
        return self.random.choice([
            lambda: self.integer(depth), lambda: self.integer(depth),
            lambda: f"({self.number(d)} {self.pick('+', '-')} {self.number(d)})",
            lambda: f"({self.column('decimal').name} {self.pick('*', '/', '+', '-')} {self.pick('2', '3', '0', '1.5', '7')})",
            lambda: f"({self.column('int', 'decimal').name} * {self.pick('1.10', '0.5', '2')})",
            lambda: f"{self.pick('ROUND', 'TRUNCATE')}({self.column('decimal').name}, {self.pick('0', '1', '2', '-1', '3')})",
            lambda: f"ABS({self.column('decimal', 'real').name})",
            lambda: f"{self.pick('GREATEST', 'LEAST')}({self.column('decimal').name}, {self.pick('1.5', '10', self.column('decimal').name)})",
            lambda: f"IFNULL({self.column('int', 'decimal').name}, {self.number_literal(True)})",
            lambda: f"COALESCE({self.column('int').name}, {self.column('int').name}, 0)",
            lambda: f"NULLIF({self.column('int', 'decimal').name}, {self.number_literal(True)})",
            lambda: f"CAST({self.column('text', 'decimal', 'int').name} AS DECIMAL({self.pick('10,2', '20', '12,4', '5,3')}))",
            lambda: f"CASE WHEN {self.condition(d)} THEN {self.column('int').name} ELSE {self.number_literal(True)} END",
            lambda: f"CASE {self.column('int').name} WHEN {self.number_literal(True)} THEN 1 WHEN {self.number_literal(True)} THEN 2{self.pick('', ' ELSE 3')} END",
            lambda: f"({self.column('real').name} {self.pick('+', '-', '*', '/')} {self.pick('2', '0.5', '0', '1e1')})",
            lambda: f"-{self.column('decimal', 'int', 'real').name}",
        ])()

    def text(self, depth=1):
        if depth <= 0 or self.chance(0.5):
            return self.column("text", "text", "text", "label").name if self.chance(0.85) else self.text_literal()
        d = depth - 1
        return self.random.choice([
            lambda: f"{self.pick('LOWER', 'UPPER', 'LCASE', 'UCASE', 'TRIM', 'LTRIM', 'RTRIM', 'REVERSE')}({self.text(d)})",
            lambda: f"TRIM({self.pick('LEADING', 'TRAILING', 'BOTH')} {self.pick(quoted('a'), quoted(' '), quoted('ab'))} FROM {self.text(d)})",
            lambda: f"{self.pick('LEFT', 'RIGHT')}({self.text(d)}, {self.count()})",
            lambda: f"{self.pick('SUBSTRING', 'SUBSTR')}({self.text(d)}, {self.count()})",
            lambda: f"{self.pick('SUBSTRING', 'MID')}({self.text(d)}, {self.count()}, {self.count()})",
            lambda: f"SUBSTRING({self.text(d)} FROM {self.count()} FOR {self.count()})",
            lambda: f"CONCAT({self.text(d)}, {self.text_literal()})",
            lambda: f"CONCAT({self.text(d)}, {self.column('int', 'date', 'time', 'decimal').name})",
            lambda: f"CONCAT_WS({quoted('-')}, {self.text(d)}, {self.column('text', 'int').name})",
            lambda: f"REPLACE({self.text(d)}, {self.pick(quoted('a'), quoted('b'), quoted('ab'), quoted(''))}, {self.pick(quoted('x'), quoted(''))})",
            lambda: f"{self.pick('LPAD', 'RPAD')}({self.text(d)}, {self.pick('5', '0', '20', '3')}, {self.pick(quoted('0'), quoted('ab'), quoted(' '))})",
            lambda: f"IFNULL({self.column('text').name}, {self.text_literal()})",
            lambda: f"COALESCE({self.column('text').name}, {quoted('none')})",
            lambda: f"IF({self.condition(d)}, {self.column('text').name}, {quoted('x')})",
            lambda: f"CASE WHEN {self.condition(d)} THEN {quoted('a')} ELSE {quoted('b')} END",
            lambda: f"NULLIF({self.column('text').name}, {self.text_literal()})",
            lambda: f"HEX({self.column('text', 'int', 'bytes').name})",
            lambda: f"DATE_FORMAT({self.date(d)}, {quoted(self.date_format())})",
            lambda: f"CAST({self.column('int', 'decimal', 'date', 'time', 'datetime').name} AS CHAR)",
            lambda: f"MD5({self.column('text').name})" if self.server != "mysql-9.7" else f"HEX({self.column('text').name})",
        ])()

    def date_format(self):
        codes = "YymdHisfcejkTrpMbWaDIlhw%"
        return "".join(self.pick("-", " ", "x", ":") + "%" + self.random.choice(codes) for _ in range(self.random.randint(1, 4)))[1:]

    def date(self, depth=1):
        if depth <= 0 or self.chance(0.6):
            return self.column("date", "datetime").name
        d = depth - 1
        return self.random.choice([
            lambda: f"DATE({self.date(d)})",
            lambda: f"{self.pick('DATE_ADD', 'DATE_SUB')}({self.date(d)}, INTERVAL {self.pick('1', '30', '-1', '12', self.column('int').name)} {self.unit()})",
            lambda: f"({self.date(d)} {self.pick('+', '-')} INTERVAL {self.pick('1', '7', '100')} {self.unit()})",
            lambda: f"FROM_UNIXTIME({self.column('int').name})",
            lambda: f"LAST_DAY({self.date(d)})",
            lambda: f"CAST({self.date(d)} AS DATE)",
            lambda: f"IFNULL({(c := self.column('date', 'datetime').name)}, {c})",
        ])()

    def unit(self):
        return self.pick("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "MICROSECOND")

    # Conditions

    def operator(self):
        return self.pick("=", "=", "<=>", "!=", "<>", "<", "<=", ">", ">=")

    def comparison(self, depth):
        d = depth
        return self.random.choice([
            lambda: f"{self.number(d)} {self.operator()} {self.number_literal()}",
            lambda: f"{self.number(d)} {self.operator()} {self.number(d)}",
            lambda: f"{self.number_literal()} {self.operator()} {self.column('int', 'decimal').name}",
            lambda: f"{self.text(d)} {self.operator()} {self.text_literal()}",
            lambda: f"{self.text(d)} {self.operator()} {self.text_literal()}",
            lambda: f"{(c := self.column('text'))and c.name} {self.operator()} {self.random.choice(c.values)}",
            lambda: f"{(c := self.column('label'))and c.name} {self.operator()} {self.pick(quoted('paid'), quoted('a,b'), '2', quoted('zz'), quoted('A'))}",
            lambda: f"{(c := self.column('date', 'datetime'))and c.name} {self.operator()} {self.date_literal()}",
            lambda: f"{self.date(d)} {self.operator()} {self.date_literal()}",
            lambda: f"{self.date(d)} {self.operator()} {self.date(0)}",
            lambda: f"{self.column('time').name} {self.operator()} {self.time_literal()}",
            lambda: f"c_y {self.operator()} {self.pick('2020', '1999', '2021', quoted('2020'))}",
            lambda: f"{self.column('bytes').name} {self.operator()} {self.pick(quoted('abc'), quoted('ABC'), quoted(''), 'x' + quoted('00FF'))}",
            lambda: f"{self.column('int', 'decimal').name} {self.operator()} {self.pick(quoted('10'), quoted('-1'), quoted('0.5'), quoted('abc'))}",
            lambda: f"{self.column('text').name} {self.operator()} {self.number_literal(True)}",
            lambda: f"c_no {self.operator()} {self.number_literal(True)}",
            lambda: f"BINARY {self.column('text').name} {self.operator()} {quoted(self.random.choice(ASCII))}",
            lambda: f"{self.column('text').name} {self.operator()} {self.pick('c_vc', 'c_nn', 'c_no')}",
        ])()

    def pattern(self):
        return quoted(self.pick("a%", "%a", "%b%", "_b_", "%", "", "abc", "ABC%", "a\\%", "%é%", "x\\_y", "%ß", "10%", "_", "%\\\\%", "%s", "Ärg%", "% ", "日%", "%e_"))

    def list(self, make):
        return ", ".join(make() if self.chance(0.93) else "NULL" for _ in range(self.random.randint(1, 5)))

    def simple(self, depth):
        no = self.pick("", "", "NOT ")
        return self.random.choice([
            lambda: self.comparison(depth), lambda: self.comparison(depth), lambda: self.comparison(depth), lambda: self.comparison(depth),
            lambda: f"{self.text(depth)} {no}LIKE {self.pattern()}",
            lambda: f"{self.column('text').name} {no}LIKE {self.pick(quoted('a|%'), quoted('x|_y'), self.pattern())} ESCAPE '|'",
            lambda: f"{self.number(depth)} {no}IN ({self.list(self.bound)})",
            lambda: f"{self.column('text').name} {no}IN ({self.list(self.text_literal)})",
            lambda: f"{self.column('label').name} {no}IN ({self.list(lambda: self.pick(quoted('paid'), quoted('a'), quoted('new'), quoted('Open')))})",
            lambda: f"{self.column('date').name} {no}IN ({self.list(lambda: quoted(self.random.choice(DATES[1:])))})",
            lambda: f"{self.number(depth)} {no}BETWEEN {self.bound()} AND {self.bound()}",
            lambda: f"{self.column('text').name} {no}BETWEEN {self.text_literal()} AND {self.text_literal()}",
            lambda: f"{self.column('date', 'datetime').name} {no}BETWEEN {self.date_literal()} AND {self.date_literal()}",
            lambda: f"{self.column('int', 'text', 'decimal', 'label', 'time', 'bytes').name} IS {no}NULL",
            lambda: f"({self.condition(depth - 1)}) IS {no}{self.pick('TRUE', 'FALSE', 'UNKNOWN')}",
            lambda: f"ISNULL({self.column('int', 'text').name})",
            lambda: f"{self.pick(self.number, self.text, self.date)(depth)} IS {no}NULL",
            lambda: self.column("int", "decimal", "real").name,
            lambda: self.regexp(no),
            lambda: self.json() if self.server != "mysql-5.6" else self.regexp(no),
        ])()

    def regexp(self, no):
        return f"{self.column('text').name} {no}{self.pick('REGEXP', 'RLIKE')} {quoted(self.regular_expression())}"

    def regular_expression(self):
        def atom():
            if self.server == "mysql-5.6":
                return self.pick("a", "b", "A", "c", "e", "x", "1", "0", ".", "[a-c]", "[^a]", "[0-9]", "[A-Z]", "(ab|c)", " ", "-", "paid", "[a-]", "\\.")
            return self.pick("a", "b", "A", "c", "e", "x", "1", "0", ".", "[a-c]", "[^a]", "[0-9]", "[A-Z]", "(ab|c)", "(a|b)", " ", "-", "paid", "é", "日", "[é]", "ss", "s", "f", "st", "k", "K", "[a-]", "[-a]", "[.]", "[$^]", "[a-z]", "\\.", "\\(", "(^|b)", "[ск]", "привет", "é", "[^0-9]", "(a|bc)", "m")

        made = "".join(atom() + self.pick("", "", "", "*", "+", "?", "{2}", "{1,2}") for _ in range(self.random.randint(1, 4)))
        if self.chance(0.15):
            made += "|" + atom()
        return self.pick("^", "", "") + made + self.pick("$", "", "")

    def json(self):
        path = self.pick("$.a", "$.b", "$.c", "$.c[0]", "$.c[1]", "$.n.a.b", "$.zz", "$", "$.e", "$.d")
        value = self.pick(f"JSON_UNQUOTE(JSON_EXTRACT(c_j, {quoted(path)}))", f"c_j->>{quoted(path)}" if self.server == "mysql-9.7" else f"JSON_UNQUOTE(JSON_EXTRACT(c_j, {quoted(path)}))")
        return f"{value} {self.pick('=', '<>', 'LIKE')} {self.pick(quoted('x'), quoted('1'), quoted('paid'), quoted('deep'), quoted('null'), quoted('true'))}"

    def condition(self, depth=2):
        if depth <= 0 or self.chance(0.45):
            return self.simple(max(depth - 1, 0) if self.chance(0.5) else 0)
        d = depth - 1
        return self.random.choice([
            lambda: f"{self.condition(d)} AND {self.condition(d)}", lambda: f"{self.condition(d)} {self.pick('AND', '&&')} {self.condition(d)}",
            lambda: f"{self.condition(d)} OR {self.condition(d)}", lambda: f"({self.condition(d)} {self.pick('OR', '||')} {self.condition(d)})",
            lambda: f"NOT ({self.condition(d)})", lambda: f"!({self.condition(d)})",
            lambda: f"({self.condition(d)}) XOR ({self.condition(d)})" if self.server != "mysql-5.6" or self.chance(0.1) else f"NOT {self.simple(0)}",
            lambda: f"CASE WHEN {self.condition(d)} THEN {self.condition(d)} ELSE {self.condition(d)} END",
            lambda: f"IF({self.condition(d)}, {self.condition(d)}, {self.condition(d)})",
        ])()

    # Anything with anything

    def anything(self, depth):
        return self.random.choice([
            lambda: self.random.choice(self.columns).name, lambda: self.random.choice(self.columns).name,
            lambda: self.number_literal(), self.text_literal, self.date_literal, self.time_literal,
            lambda: self.pick("NULL", "0x41", "b'101'", "x'4142'", "1e308", "''"),
            lambda: self.number(depth), lambda: self.text(depth), lambda: self.date(depth),
            lambda: f"({self.anything(depth - 1)} {self.pick('+', '-', '*', '/', 'DIV', '%')} {self.anything(depth - 1)})" if depth > 0 else self.column("int").name,
            lambda: f"{self.pick('LENGTH', 'ABS', 'UPPER', 'HEX', 'SIGN', 'TRIM', 'CEIL', 'ROUND', 'YEAR', 'DATE', 'REVERSE', 'HOUR', 'CHAR_LENGTH', 'CRC32')}({self.anything(depth - 1)})" if depth > 0 else "1",
            lambda: f"{self.pick('IFNULL', 'NULLIF', 'COALESCE', 'CONCAT', 'GREATEST', 'LEAST', 'STRCMP', 'INSTR', 'DATEDIFF')}({self.anything(depth - 1)}, {self.anything(depth - 1)})" if depth > 0 else "2",
            lambda: f"CAST({self.anything(depth - 1)} AS {self.pick('SIGNED', 'UNSIGNED', 'CHAR', 'CHAR(3)', 'DATE', 'DATETIME', 'DECIMAL(10,3)', 'BINARY')})" if depth > 0 else "'x'",
        ])()

    def wild(self):
        a, b, c = (self.anything(2) for _ in range(3))
        return self.random.choice([
            lambda: f"{a} {self.operator()} {b}", lambda: f"{a} {self.operator()} {b}", lambda: f"{a} IN ({b}, {c})",
            lambda: f"{a} BETWEEN {b} AND {c}", lambda: f"{a} LIKE {b}", lambda: f"IF({a}, {b}, {c})", lambda: f"{a} AND {b}",
            lambda: f"({a}) IS NULL", lambda: f"CASE {a} WHEN {b} THEN {c} END", lambda: f"NOT {a}", a.__str__,
        ])()
