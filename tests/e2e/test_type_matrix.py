"""Every type on every server: random values as rows of the snapshot, inserted, before and after an update, and deleted.

Each value in the topic is compared with what the server returns for it, and the bytes of an image with those of the
same row's image from the snapshot. The server's own time zone has daylight saving; the sessions that write are in UTC.
TRIBUTARY_TYPE_ROWS sets the rows per table (default 40) for longer rounds; SEED repeats one.
"""

import calendar
import collections
import json
import os
import re
import struct

import pytest

import fold
import source
from servers import Lab, LabUnavailable
from type_families import Server, families, json_document, text

SERVERS = {
    "mariadb-10.11": ["log-bin-compress=ON", "log-bin-compress-min-len=10", "default-time-zone=SYSTEM"],
    "mysql-5.6": ["default-time-zone=SYSTEM"],
    "mysql-9.7": ["binlog-transaction-compression=ON", "binlog-row-value-options=PARTIAL_JSON", "default-time-zone=SYSTEM"],
}
ROWS = int(os.environ.get("TRIBUTARY_TYPE_ROWS") or 40)
COLUMNS_PER_TABLE = {"charsets": 40, "strings": 9, "bytes": 6}
INTEGERS = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
TEXTS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "uuid", "inet4", "inet6"}
BINARIES = {"binary": "binary", "varbinary": "binary", "vector": "binary", "tinyblob": "blob", "blob": "blob", "mediumblob": "blob", "longblob": "blob"}
PLACES = {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection"}


@pytest.fixture(params=list(SERVERS), scope="module")
def server_lab(request, binaries):
    zone = os.environ.get("TZ")
    os.environ["TZ"] = "America/New_York"
    try:
        lab = Lab(server=request.param, instances=1, front=False, options=SERVERS[request.param])
        lab.__enter__()
    except LabUnavailable as reason:
        pytest.skip(f"{request.param} can't be had here: {reason}")
    finally:
        if zone is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = zone
    yield lab
    lab.__exit__()


class Column:
    def __init__(self, name, data_type, declared, charset, length, scale):
        self.name, self.type, self.declared, self.charset = name, data_type, declared, charset
        self.length, self.scale = length, scale

    def question(self):
        """What to select so that the server's answer is ASCII and exact."""
        name = f"`{self.name}`"
        if self.type in ("enum", "set"):
            return f"HEX(CONVERT({name} USING utf8mb4))" if self.charset else f"HEX({name})"
        if self.type in ("uuid", "inet4", "inet6"):
            return f"HEX(CAST({name} AS CHAR CHARACTER SET utf8mb4))"
        if self.type in TEXTS or self.type in BINARIES or self.type in PLACES or self.type == "json":
            return f"HEX({name})"
        if self.type == "bit":
            return f"{name} + 0"
        if self.type in ("float", "double"):
            return f"{name} * 1e0"
        return f"CAST({name} AS CHAR)"

    def wire(self, answer):
        """The value's branch and content in a record."""
        if answer is None:
            return ("null", None)
        if self.type in INTEGERS:
            return ("Integer", {"precision": INTEGERS[self.type], "value": str(int(answer))})
        if self.type == "bit":
            return ("Integer", {"precision": (self.length + 7) // 8, "value": str(int(answer))})
        if self.type == "decimal":
            plain = re.sub(r"^(-?)0+(?=\d)", r"\1", answer)
            digits = plain.replace("-", "").replace(".", "")
            if self.scale and plain.lstrip("-").startswith("0."):
                digits = digits[1:]
            return ("Decimal", {"value": plain, "precision": len(digits), "scale": self.scale})
        if self.type in ("float", "double"):
            return ("Float", {"value": shortest(float(answer)) if self.type == "float" else float(answer) + 0.0, "precision": 0, "scale": 0})
        if self.type == "json":
            return ("TextObject", {"type": "json", "value": bytes.fromhex(answer).decode()})
        if self.type in ("enum", "set"):
            return ("TextObject", {"type": self.type, "value": bytes.fromhex(answer).decode()})
        if self.type in TEXTS:
            return ("Character", {"charset": {"utf8mb3": "utf8", None: "utf8mb4"}.get(self.charset, self.charset), "value": bytes.fromhex(answer)})
        if self.type in BINARIES:
            return ("BinaryObject", {"type": BINARIES[self.type], "value": bytes.fromhex(answer)})
        if self.type in PLACES:
            return ("BinaryGeometry", {"type": "geometry", "value": bytes.fromhex(answer)[4:]})
        if self.type == "year":
            return date_time(year=int(answer))
        if self.type == "time":
            sign, hour, minute, second, fraction = re.fullmatch(r"(-?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?", answer).groups()
            factor = -1 if sign else 1
            return date_time(hour=factor * int(hour), minute=factor * int(minute), second=factor * int(second), millis=factor * micros(fraction))
        year, month, day, *rest = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?", answer).groups()
        if self.type == "date":
            return date_time(year=int(year), month=int(month), day=int(day))
        hour, minute, second, fraction = rest
        if self.type == "timestamp":

            seconds = calendar.timegm(tuple(int(part) for part in (year, month, day, hour, minute, second)) + (0, 0, 0)) if int(year) else 0
            return ("Timestamp", {"timestamp": seconds, "millis": micros(fraction)})
        return date_time(year=int(year), month=int(month), day=int(day), hour=int(hour), minute=int(minute), second=int(second), millis=micros(fraction))


def micros(fraction):
    return int((fraction or "").ljust(6, "0"))


def date_time(**parts):
    return ("DateTime", {part: parts.get(part) for part in ("year", "month", "day", "hour", "minute", "second", "millis")})


def shortest(wide):
    """The shortest decimal that gives this 32-bit float again, as a double."""
    for digits in range(1, 10):
        made = float(f"{wide:.{digits}g}")
        if abs(made) <= 3.4028235677973366e38 and struct.unpack("f", struct.pack("f", made))[0] == wide:
            return made + 0.0
    raise AssertionError(f"{wide} is no 32-bit float")


def read_columns(sql, database, table):
    answer = sql("SELECT COLUMN_NAME, LOWER(DATA_TYPE), LOWER(COLUMN_TYPE), CHARACTER_SET_NAME, COALESCE(NUMERIC_PRECISION, 0), COALESCE(NUMERIC_SCALE, 0) "
                 "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION", database, table)
    return [Column(name, kind, declared, charset, int(length), int(scale)) for name, kind, declared, charset, length, scale in answer]


def server_rows(sql, database, table, fields):
    """By id, what each column has to be in a record, from the server's own answers."""
    sql("SET time_zone = '+00:00'")
    answer = sql(f"SELECT {', '.join(column.question() for column in fields)} FROM `{database}`.`{table}`")
    rows = ([column.wire(cell) for column, cell in zip(fields, row)] for row in answer)
    return {int(row[0][1]["value"]): row for row in rows}


def tail(record):
    """Names of the fields and the images, as bytes."""
    value = record.value
    begin = value.index(b"\x04id\x06")
    end = len(value) - 1
    while value[end - 1] >= 0x80:  # the time of birth stands last
        end -= 1
    return value[begin:end]


class Findings:
    def __init__(self):
        self.compared = collections.Counter()
        self.wrong = []

    def compare(self, what, found, wanted, fields, skip_id=False):
        for column, one, other in zip(fields, found, wanted, strict=True):
            if skip_id and column.name == "id":
                continue
            self.compared[column.type] += 1
            if one != other:
                one, other = str(one), str(other)
                at = max(0, next((n for n, pair in enumerate(zip(one, other)) if pair[0] != pair[1]), 0) - 40)
                self.wrong.append(f"{what}, {column.name} {column.declared[:60]}: {one[:30]}..{one[at:at + 100]} is not {other[at:at + 100]}")

    def check(self):
        print(f"{sum(self.compared.values())} values compared, {len(self.wrong)} differences: {dict(self.compared)}")
        assert not self.wrong, f"{len(self.wrong)} differences:\n" + "\n".join(self.wrong[:15])


def image(record, side):
    return list(record.images(side))


def split(columns, size):
    return [columns[at:at + size] for at in range(0, len(columns), size)]


def make_tables(sql, rng, chosen):
    """Two tables for each slice of a family, the first filled; their names."""
    names = []
    for family, columns in chosen.items():
        for part, some in enumerate(split(columns, COLUMNS_PER_TABLE.get(family, 100))):
            name = f"{family}_{part}"
            names.append(name)
            definition = ", ".join(f"`{column}` {declared}{'' if declared.endswith(' null') else ' NULL'}" for column, declared, _ in some)
            for table in (name, f"{name}_2"):
                sql(f"CREATE TABLE {table} (id INT PRIMARY KEY, {definition})")
            sql("BEGIN")
            for row in range(ROWS):
                # Row 0 is all NULL; others here and there.
                cells = ["NULL" if row == 0 or rng.random() < 0.05 else value(rng) for _, _, value in some]
                sql(f"INSERT INTO {name} VALUES ({row}, {', '.join(cells)})".replace("%", "%%"))
            sql("COMMIT")
    return names


def change_all(sql, database, names, columns_of):
    expected = {}
    for name in names:
        sql(f"INSERT INTO {name}_2 SELECT * FROM {name}")
        sql(f"UPDATE {name}_2 b JOIN {name} a ON a.id = (b.id + 1) %% {ROWS} SET ".replace("%%", "%") + ", ".join(f"b.`{c.name}` = a.`{c.name}`" for c in columns_of[name][1:]))
        expected[name] = server_rows(sql, database, f"{name}_2", columns_of[name])
        sql(f"DELETE FROM {name}_2")
    return expected


def compare_all(records, database, names, columns_of, kept, updated, findings):
    by_table = collections.defaultdict(lambda: collections.defaultdict(dict))
    for record in records:
        if record.op != "DDL":
            image_id = (record.after or record.before)["id"]
            by_table[record.table][record.op][image_id] = record
    for name in names:
        fields = columns_of[name]
        inits, changes = by_table[name]["INIT"], by_table[f"{name}_2"]
        for op, found in (("INIT", inits), ("INSERT", changes["INSERT"]), ("DELETE", changes["DELETE"])):
            assert found.keys() == kept[name].keys(), f"{name}: {op} of rows {sorted(found)}"
        for row, wanted in kept[name].items():
            after = updated[name][row]
            findings.compare(f"{name} INIT {row}", inits[row].values("after"), wanted, fields)
            findings.compare(f"{name} INSERT {row}", changes["INSERT"][row].values("after"), wanted, fields)
            if tail(inits[row]) != tail(changes["INSERT"][row]):
                findings.wrong.append(f"{name} {row}: INIT and INSERT differ in their bytes")
            if row in changes["UPDATE"]:
                findings.compare(f"{name} UPDATE before {row}", changes["UPDATE"][row].values("before"), wanted, fields)
                findings.compare(f"{name} UPDATE after {row}", changes["UPDATE"][row].values("after"), after, fields)
            else:
                assert wanted[1:] == after[1:], f"{name}: no UPDATE of row {row}"
            findings.compare(f"{name} DELETE {row}", changes["DELETE"][row].values("before"), after, fields)


def test_every_value_of_every_type_is_what_the_server_returns(server_lab, case, seeded):
    database = case.database(server_lab)
    sql = case.sql(server_lab, 0, database)
    server = Server(server_lab.storage[0]["server_version"])
    sql("SET SESSION sql_mode = '', time_zone = '+00:00'")
    charsets = {name: int(width) for name, width in sql("SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS")}
    names = make_tables(sql, seeded, families(server, charsets))
    columns_of = {name: read_columns(sql, database, name) for name in names}
    topic = case.topic(server_lab)
    task = case.mysql_task(server_lab, database, topic)
    task.catch_up()
    kept = {name: server_rows(sql, database, name, columns_of[name]) for name in names}
    updated = change_all(sql, database, names, columns_of)
    task.catch_up()
    findings = Findings()
    compare_all(topic.records(), database, names, columns_of, kept, updated, findings)
    findings.check()


def carry(lab, case, setup, changes):
    """Runs a task before and after the changes: the database, a connection, the records of rows."""
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("SET SESSION sql_mode = ''")
    for statement in setup:
        sql(statement)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic)
    task.catch_up()
    for statement in changes:
        sql(statement)
    task.catch_up()
    return database, sql, [record for record in topic.records() if record.op != "DDL"]


PLAIN_CHANGES = ["INSERT INTO {t} (id, a) VALUES (4, 4)", "UPDATE {t} SET a = 9 WHERE id = 1", "DELETE FROM {t} WHERE id = 2", "REPLACE INTO {t} (id, a) VALUES (4, 44)"]
PLAIN_ROWS = ["INSERT INTO {t} (id, a) VALUES (1, 1), (2, 2), (3, 3)", "UPDATE {t} SET a = 5 WHERE id = 3"]
ROW_PERIOD = "rs TIMESTAMP(6) GENERATED ALWAYS AS ROW START, re TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME(rs, re)"
HIDDEN = {
    "mariadb-10.11": {
        "versioned": ["CREATE TABLE {t} (id INT PRIMARY KEY, a INT) WITH SYSTEM VERSIONING", *PLAIN_ROWS],
        "versioned_by_name": ["CREATE TABLE {t} (id INT PRIMARY KEY, a INT, " + ROW_PERIOD + ") WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME LIMIT 2 PARTITIONS 3", *PLAIN_ROWS],
        "long_unique": ["CREATE TABLE {t} (id INT PRIMARY KEY, a INT, b BLOB UNIQUE, c TEXT, UNIQUE (c(3000)))", *PLAIN_ROWS],
        "versioned_unique": ["CREATE TABLE {t} (id INT PRIMARY KEY, a INT, b BLOB UNIQUE)", "ALTER TABLE {t} ADD SYSTEM VERSIONING", *PLAIN_ROWS, "SET system_versioning_alter_history = KEEP",
                 "ALTER TABLE {t} ADD COLUMN z BIGINT"],
        "two_digits": ["CREATE TABLE {t} (id INT PRIMARY KEY, a YEAR(2))", "INSERT INTO {t} VALUES (1, 70), (2, 0), (3, '00'), (5, 2069), (6, 1999)"],
    },
    "mysql-9.7": {
        "expressions": ["CREATE TABLE {t} (id INT PRIMARY KEY, a INT, j JSON, KEY ((a * 2)), UNIQUE KEY ((CAST(j->'$.x' AS UNSIGNED ARRAY))), KEY ((CONCAT(a, 'x'))))", *PLAIN_ROWS],
        "instant": ["CREATE TABLE {t} (id INT PRIMARY KEY, a INT, gone INT)", *PLAIN_ROWS, "ALTER TABLE {t} ADD COLUMN b INT DEFAULT 5 FIRST, ALGORITHM=INSTANT",
                    "ALTER TABLE {t} DROP COLUMN gone, ALGORITHM=INSTANT", "ALTER TABLE {t} ADD COLUMN c VARCHAR(9) DEFAULT 'x' AFTER id, ALGORITHM=INSTANT"],
    },
}


def server_name(lab):
    version = lab.storage[0]["server_version"]
    return next(name for name in SERVERS if name.split("-")[1] in version[:5])


@pytest.mark.parametrize("server_lab", list(HIDDEN), indirect=True)
def test_columns_the_server_adds_to_row_images_of_its_own_are_no_part_of_a_record(server_lab, case):
    name = server_name(server_lab)
    kinds = HIDDEN[name]
    base = case.name
    admin = case.sql(server_lab)
    try:
        for names in ("FULL", "MINIMAL" if name.startswith("mysql") else "NO_LOG"):
            case.name = f"{base}_{names.lower()}"
            admin(f"SET GLOBAL binlog_row_metadata = {names}")
            setup = [statement.replace("{t}", kind) for kind, statements in kinds.items() for statement in statements]
            database, sql, records = carry(server_lab, case, setup, [statement.replace("{t}", kind) for kind in kinds for statement in PLAIN_CHANGES])
            for kind in kinds:
                of_kind = fold.of_table(records, database, kind)
                columns = [column.name for column in source.columns(sql, database, kind)]
                assert [list(record.after or record.before) for record in of_kind] == [columns] * len(of_kind), kind
                rows = source.rows(sql, database, kind)
                if kind == "two_digits":
                    rows = [{**row, "a": (row["a"][0] + (2000 if row["a"][0] < 70 else 1900), *row["a"][1:])} for row in rows]
                fold.assert_same(of_kind, rows, ["id"])
    finally:
        admin("SET GLOBAL binlog_row_metadata = FULL")


@pytest.mark.parametrize("server_lab", ["mysql-9.7"], indirect=True)  # alone generates keys
def test_a_generated_invisible_key_is_carried_whether_the_server_shows_it_or_not(server_lab, case):
    admin = case.sql(server_lab)
    base = case.name
    try:
        for shown in ("ON", "OFF"):
            case.name = f"{base}_{shown.lower()}"
            admin(f"SET GLOBAL show_gipk_in_create_table_and_information_schema = {shown}")
            setup = ["SET sql_generate_invisible_primary_key = ON", "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1), (2)"]
            _, _, records = carry(server_lab, case, setup, ["INSERT INTO t VALUES (3)", "UPDATE t SET a = 9 WHERE a = 1", "DELETE FROM t WHERE a = 2"])
            assert [(record.op, record.before, record.after) for record in records] == [
                ("INIT", None, {"my_row_id": 1, "a": 1}), ("INIT", None, {"my_row_id": 2, "a": 2}), ("INSERT", None, {"my_row_id": 3, "a": 3}),
                ("UPDATE", {"my_row_id": 1, "a": 1}, {"my_row_id": 1, "a": 9}), ("DELETE", {"my_row_id": 2, "a": 2}, None)]
    finally:
        admin("SET GLOBAL show_gipk_in_create_table_and_information_schema = ON")


def test_the_row_id_of_rds_is_never_a_column(server_lab, case):
    """Shown by the server like an implicit key of PolarDB-X; where it is in the row images only, unit tests speak."""
    setup = ["CREATE TABLE t (a INT, `__#alibaba_rds_row_id#__` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY)", "INSERT INTO t (a) VALUES (1), (2)"]
    _, _, records = carry(server_lab, case, setup, ["INSERT INTO t (a) VALUES (3)", "UPDATE t SET a = 9 WHERE a = 1", "DELETE FROM t WHERE a = 2"])
    assert [(record.op, record.key, record.before, record.after) for record in records] == [
        ("INIT", None, None, {"a": 1}), ("INIT", None, None, {"a": 2}), ("INSERT", None, None, {"a": 3}), ("UPDATE", None, {"a": 1}, {"a": 9}), ("DELETE", None, {"a": 2}, None)]


def run_and_weigh(task):
    """The most memory the program took, in bytes."""
    most = 0
    with task.start("--until", "caught-up") as run:
        while run.process.poll() is None:
            try:
                status = open(f"/proc/{run.process.pid}/status").read()
                most = max(most, *(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")))
            except (OSError, ValueError, TypeError):
                pass
            run.changed.acquire()
            run.changed.wait(0.05)
            run.changed.release()
        run.finish(300)
    return most


def test_rows_of_64_mb_go_through_snapshot_and_stream(server_lab, case):
    if not server_lab.is_real_kafka:
        pytest.skip("the mock broker keeps no such records")
    size = 64 << 20
    database = case.database(server_lab)
    sql = case.sql(server_lab, 0, database, read_timeout=300)
    engine = "MyISAM" if server_name(server_lab) == "mysql-5.6" else "InnoDB"  # whose log is too small there
    sql(f"CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB, c INT) ENGINE={engine}")
    sql(f"INSERT INTO t VALUES (1, REPEAT(X'00f1', {size // 2}), 1)")
    topic = case.topic(server_lab, max_message_bytes=300 << 20)
    task = case.mysql_task(server_lab, database, topic, destination__max_record_bytes=300 << 20)
    weights = [run_and_weigh(task)]
    sql(f"INSERT INTO t VALUES (2, REPEAT(X'ee00', {size // 2}), 1)")
    sql("UPDATE t SET c = 2 WHERE id = 1")
    weights.append(run_and_weigh(task))
    print(f"peak memory: {[weight >> 20 for weight in weights]} MB")
    records = [record for record in topic.records(120) if record.op != "DDL"]
    assert [(record.op, record.after["id"], record.after["c"]) for record in records] == [("INIT", 1, 1), ("INSERT", 2, 1), ("UPDATE", 1, 2)]
    one, two = b"\x00\xf1" * (size // 2), b"\xee\x00" * (size // 2)
    assert records[0].after["b"] == one and records[1].after["b"] == two
    assert records[2].before["b"] == one and records[2].after["b"] == one
    assert max(weights) < 16 * size


def test_a_table_of_as_many_columns_as_the_server_allows_is_carried(server_lab, case):
    count = 4096 if server_name(server_lab) == "mysql-9.7" else 2500  # the others keep what they know of a table in 64 KiB
    names = [f"c{n}" for n in range(count - 1)]
    setup = [f"CREATE TABLE t (id SMALLINT PRIMARY KEY, {', '.join(name + ' TINYINT' + ('' if n % 3 else ' UNSIGNED') for n, name in enumerate(names))}) ENGINE=MyISAM",
             f"INSERT INTO t VALUES (1, {', '.join(str(n % 120) for n in range(count - 1))})"]
    _, _, records = carry(server_lab, case, setup, [f"INSERT INTO t VALUES (2, {', '.join('NULL' if n % 7 == 0 else str(n % 120) for n in range(count - 1))})", f"UPDATE t SET {names[-1]} = 99 WHERE id = 1",
                                                    "DELETE FROM t WHERE id = 2"])
    first = {"id": 1, **{name: n % 120 for n, name in enumerate(names)}}
    second = {"id": 2, **{name: None if n % 7 == 0 else n % 120 for n, name in enumerate(names)}}
    assert [(record.op, record.before, record.after) for record in records] == [
        ("INIT", None, first), ("INSERT", None, second), ("UPDATE", first, {**first, names[-1]: 99}), ("DELETE", second, None)]


def test_keys_in_every_character_set_are_the_servers_own_utf_8(server_lab, case):
    """Where the server has no character for the bytes, the key is their hex."""
    admin = case.sql(server_lab)
    sets = {name: int(width) for name, width in admin("SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME NOT IN ('binary', 'filename')")}
    words = ["a", "Ä\"", "北京", "東京", "한국", "Ελ", "｡ｶ", "\x7f\x1a\x1c"]  # what model/charset.h says ICU agrees on
    setup = []
    for name, width in sets.items():
        values = [f"(X'{byte:02x}')" for byte in range(256)] if width == 1 else [f"({text(word)})" for word in words]
        setup += [f"CREATE TABLE {name} (k VARCHAR(4) CHARACTER SET {name} COLLATE {name}_bin PRIMARY KEY)".replace(" TABLE ", " TABLE k_"), f"INSERT IGNORE INTO k_{name} VALUES {', '.join(values)}"]
    database, sql, records = carry(server_lab, case, setup, [])
    compared = 0
    for name in sets:
        found = {record.values("after")[0][1]["value"]: json.loads(record.key)[2] for record in fold.of_table(records, database, f"k_{name}")}
        answer = sql(f"SELECT HEX(k), HEX(CONVERT(k USING utf8mb4)), HEX(CONVERT(CONVERT(k USING utf8mb4) USING {name})) FROM k_{name}")
        wanted = {}
        for raw, converted, back in answer:
            is_text = (converted != "3F" or raw == "3F") and converted != "EFBFBD" if sets[name] == 1 else raw == back
            wanted[bytes.fromhex(raw)] = bytes.fromhex(converted).decode() if is_text else raw.lower()
        assert found == wanted, name
        compared += len(wanted)
    print(f"{compared} keys compared")
    assert compared > 1000


@pytest.mark.parametrize("server_lab", ["mysql-9.7"], indirect=True)  # alone logs parts of documents
def test_changes_inside_json_documents_give_the_servers_text(server_lab, case, seeded):
    count = 3 * ROWS
    setup = ["SET binlog_row_value_options = PARTIAL_JSON", "CREATE TABLE t (id INT PRIMARY KEY, j JSON, k JSON)"]
    for row in range(count):
        setup.append(f"INSERT INTO t VALUES ({row}, CAST({text(json_object(seeded))} AS JSON), CAST({text(json_object(seeded))} AS JSON))")
    changes = []
    for _ in range(3 * count):
        row, column = seeded.randrange(count), seeded.choice("jk")
        path = seeded.choice(["$.a", "$.b[0]", "$.b[1]", "$.b[last]", "$.c.d", "$.c.\"\"", "$.c.\"e f\"", "$.new", "$.b[7]", "$.c.\"\\u00fc\\\"\""])
        value = f"CAST({text(json_document(seeded, 3))} AS JSON)"
        changes.append(seeded.choice([f"UPDATE t SET {column} = JSON_SET({column}, '{path}', {value}) WHERE id = {row}".replace("\\", "\\\\"),
                                      f"UPDATE t SET {column} = JSON_REPLACE({column}, '{path}', {value}) WHERE id = {row}".replace("\\", "\\\\"),
                                      f"UPDATE t SET {column} = JSON_REMOVE({column}, '{path}') WHERE id = {row}".replace("\\", "\\\\"),
                                      f"UPDATE t SET j = JSON_SET(JSON_REMOVE(j, '$.a'), '$.x', {value}), k = JSON_SET(k, '$.b', {value}) WHERE id % 20 = {row % 20}"]))
    database, sql, records = carry(server_lab, case, setup, changes)
    fold.assert_same(records, source.rows(sql, database, "t"), ["id"])
    print(f"{sum(record.op == 'UPDATE' for record in records)} updates")


def json_object(rng):
    made = [f"\"{name}\": {json_document(rng, 3)}" for name in ("a", "x", "ü\\\"") if rng.random() < 0.7]
    made.append(f"\"b\": [{', '.join(json_document(rng, 4) for _ in range(rng.randrange(4)))}]")
    made.append(f"\"c\": {{\"d\": {json_document(rng, 4)}, \"\": {json_document(rng, 4)}, \"e f\": \"{'x' * rng.randrange(60)}\"}}")
    return "{" + ", ".join(made) + "}"
