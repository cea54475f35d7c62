"""Every column type with its edge values: as a row of the snapshot, inserted, before and after an update, and deleted.

What is expected comes from the server's own text. The image of a row has to be the same whichever way it came.
"""

import fold
import source

NUMBERS = {"tinyint": 1, "smallint": 2, "mediumint": 9, "int": 3, "bigint": 8, "decimal": 246, "float": 4, "double": 5, "bit": 16,
           "date": 10, "time": 11, "datetime": 12, "timestamp": 7, "year": 13, "char": 254, "varchar": 253,
           "tinytext": 15, "text": 15, "mediumtext": 15, "longtext": 15, "binary": 252, "varbinary": 252,
           "tinyblob": 252, "blob": 252, "mediumblob": 252, "longblob": 252, "enum": 247, "set": 248, "json": 245}
BRANCHES = {"tinyint": "Integer", "smallint": "Integer", "mediumint": "Integer", "int": "Integer", "bigint": "Integer", "bit": "Integer",
            "decimal": "Decimal", "float": "Float", "double": "Float", "date": "DateTime", "time": "DateTime", "datetime": "DateTime",
            "year": "DateTime", "timestamp": "Timestamp", "enum": "TextObject", "set": "TextObject", "json": "TextObject"}
OBJECTS = {"binary": "binary", "varbinary": "binary", "enum": "enum", "set": "set", "json": "json"}
WIDTHS = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
GEOMETRIES = {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection"}

WORDS = ["''", "'a'", "' both '", "'tab\\tnew\\nline\\\\back\\'quote\\\"'", "'nul\\0byte'", "'0'", "'NULL'"]
EUROPE = [*WORDS, "'Größe café'", "'Ñandú'"]
WORLD = [*EUROPE, "'北京 東京'", "'Ελλάδα'"]
PLANES = [*WORLD, "'🚲😀'"]
BYTES = ["''", "x'00'", "x'00010203'", "x'ff'", "x'ff00ff00'", "'text'", "x'f09f9880'", "x'2700275c'"]
CLOCK = ["'1000-01-01 00:00:00'", "'9999-12-31 23:59:59.999999'", "'2024-02-29 12:34:56.789012'", "'0000-00-00 00:00:00'", "'2024-00-00 01:02:03.000001'",
         "'1970-01-01 00:00:00.5'", "'2024-03-31 02:30:00'"]
STAMPS = ["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'", "'0000-00-00 00:00:00'", "'2024-02-29 12:34:56.789012'", "'2001-09-09 01:46:40.000001'",
          "'2024-10-27 00:30:00'", "'2024-10-27 01:30:00'"]
HOURS = ["'-838:59:59.999999'", "'838:59:59.999999'", "'00:00:00'", "'-00:00:00.000001'", "'-00:00:01.500000'", "'12:34:56.789012'", "'-101:02:03.04'"]
POINTS = ["ST_GeomFromText('POINT(1.5 -2.5)', 4326)", "ST_GeomFromText('POINT(0 0)')"]

INTEGERS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}

COLUMNS = {
    **{f"{name}_s": (name, [str(-2 ** (bits - 1)), str(2 ** (bits - 1) - 1), "0", "-1", "1"]) for name, bits in INTEGERS.items()},
    **{f"{name}_u": (f"{name} unsigned", [str(2 ** bits - 1), str(2 ** (bits - 1)), "0", "1"]) for name, bits in INTEGERS.items()},
    "int_zero_filled": ("int(8) zerofill", ["0", "42", "4294967295"]),
    "boolean": ("boolean", ["true", "false"]),
    "decimal_money": ("decimal(12,2)", ["0", "348", "-0.05", "9999999999.99", "-9999999999.99", "1.1"]),
    "decimal_widest": ("decimal(65,30)", ["99999999999999999999999999999999999.999999999999999999999999999999", "-0.000000000000000000000000000001", "0", "1"]),
    "decimal_whole": ("decimal(30,0)", ["0", "-123456789012345678901234567890", "7"]),
    "decimal_fraction": ("decimal(9,9)", ["0.123456789", "-0.000000001", "0"]),
    "decimal_unsigned": ("decimal(20,10) unsigned", ["0.0000000001", "9999999999.9999999999"]),
    "decimal_zero_filled": ("decimal(9,3) unsigned zerofill", ["0", "1.5", "999999.999"]),
    "single": ("float", ["0", "0.1", "-3.5", "3.4028234e38", "-1.17549435e-38", "16777217", "1e10", "123456.789"]),
    "twice": ("double", ["0", "0.1", "-3.5", "1.7976931348623157e308", "-2.2250738585072014e-308", "9007199254740993", "1e15", "1e-7", "0.30000000000000004"]),
    **{f"bit_{bits}": (f"bit({bits})", ["0", "1", str(2 ** bits - 1), str(2 ** (bits - 1))]) for bits in (1, 7, 8, 9, 33, 64)},
    "day": ("date", ["'1000-01-01'", "'9999-12-31'", "'0000-00-00'", "'2024-02-29'", "'2024-00-00'", "'0001-01-01'"]),
    **{f"time_{n}": (f"time({n})", HOURS) for n in (0, 1, 3, 4, 6)},
    **{f"datetime_{n}": (f"datetime({n})", CLOCK) for n in (0, 2, 3, 5, 6)},
    **{f"timestamp_{n}": (f"timestamp({n}) null", STAMPS) for n in (0, 1, 3, 6)},
    "y": ("year", ["1901", "2155", "0000", "2024"]),
    "char_utf8mb4": ("char(40)", PLANES),
    "char_latin1": ("char(40) character set latin1", EUROPE),
    "varchar_utf8mb4": ("varchar(40)", [*PLANES, "'trailing   '"]),
    "varchar_long": ("varchar(300)", ["''", "REPEAT('é', 300)", "REPEAT('x', 256)", "REPEAT('x', 255)"]),
    "varchar_utf8": ("varchar(40) character set utf8", WORLD),
    "varchar_latin1": ("varchar(40) character set latin1", [*EUROPE, "'€'"]),
    "varchar_gbk": ("varchar(40) character set gbk", [*WORDS, "'北京 東京'"]),
    "varchar_ascii": ("varchar(40) character set ascii", WORDS),
    "varchar_ucs2": ("varchar(40) character set ucs2", WORLD),
    "varchar_utf16": ("varchar(40) character set utf16", PLANES),
    "varchar_utf32": ("varchar(40) character set utf32", PLANES),
    "varchar_bin": ("varchar(40) collate utf8mb4_bin", PLANES),
    "tiny_text": ("tinytext", PLANES), "plain_text": ("text", [*PLANES, "REPEAT('ä', 30000)"]),
    "medium_text": ("mediumtext character set latin1", [*EUROPE, "REPEAT('x', 100000)"]), "long_text": ("longtext", PLANES),
    "binary_8": ("binary(8)", ["x'00'", "x'0102030405060708'", "x'ff'", "''", "x'2020'"]),
    "binary_255": ("binary(255)", ["x'00'", "REPEAT(x'ff', 255)"]),
    "varbinary_20": ("varbinary(20)", BYTES), "varbinary_300": ("varbinary(300)", [*BYTES, "REPEAT(x'80', 300)"]),
    "tiny_blob": ("tinyblob", BYTES), "plain_blob": ("blob", [*BYTES, "REPEAT(x'00ff', 30000)"]),
    "medium_blob": ("mediumblob", [*BYTES, "REPEAT('0123456789abcdef', 8192)"]), "long_blob": ("longblob", BYTES),
    "choice": ("enum('a','b c','d,e','ü','it''s','')", ["'a'", "'b c'", "'d,e'", "'ü'", "'it\\'s'", "''"]),
    "choice_300": (f"enum({','.join(repr(f'v{n}') for n in range(300))})", ["'v0'", "'v255'", "'v256'", "'v299'"]),
    "choices": ("set('a','b c','ü','it''s')", ["''", "'a'", "'a,b c,ü,it\\'s'", "'ü'"]),
    "choices_64": (f"set({','.join(repr(f's{n}') for n in range(64))})", ["'s0'", "'s63'", "'s0,s31,s32,s63'", "18446744073709551615"]),
    "geometry_any": ("geometry", [*POINTS, "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')"]),
    "geometry_point": ("point", POINTS),
    "geometry_line": ("linestring", ["ST_GeomFromText('LINESTRING(0 0,1 1,2 4)')"]),
    "geometry_polygon": ("polygon", ["ST_GeomFromText('POLYGON((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1))')"]),
    "geometry_points": ("multipoint", ["ST_GeomFromText('MULTIPOINT(0 0,1 1)')"]),
    "geometry_polygons": ("multipolygon", ["ST_GeomFromText('MULTIPOLYGON(((0 0,4 0,4 4,0 0)),((9 9,8 9,8 8,9 9)))')"]),
}
JSON_TEXTS = ["'{}'", "'[]'", "'null'", "'true'", "'-1'", "'3.5'", "'\"text\"'", "'{\"b\": [1, 2, {\"ü\": null}], \"a\": \"q\\\\\"uote\"}'", "'18446744073709551615'",
              "'1e100'", "'[0.1, 1.0, -0.0, 123456789012345678]'", "CONCAT('[', REPEAT('\"0123456789\",', 8000), '1]')"]


def columns_for(version):
    chosen = dict(COLUMNS)
    if not version.startswith("5.6"):
        chosen["document"] = ("json", JSON_TEXTS)
    return chosen


def check_wire_form(column, charset, record):
    """The branch, its own fields and dataTypeNumber, by the table of types."""
    branch, raw = record.branches[column.name]
    where = f"{record.op} {column.name} ({column.declared}): {branch} {str(raw)[:200]}"
    assert record.types[column.name] == (255 if column.type in GEOMETRIES else NUMBERS[column.type]), where
    if branch == "null":
        return
    if column.type in GEOMETRIES:
        assert branch == "BinaryGeometry", where
    elif charset:
        assert branch == BRANCHES.get(column.type, "Character"), where
    else:
        assert branch == BRANCHES.get(column.type, "BinaryObject"), where
    if branch == "Character":
        assert raw["charset"] == {"utf8mb3": "utf8"}.get(charset, charset), where
    if column.type in WIDTHS:
        assert raw["precision"] == WIDTHS[column.type], where
    if branch == "Decimal":
        scale = len(raw["value"].partition(".")[2])
        assert raw["scale"] == scale, where
        assert raw["precision"] == max(len(raw["value"].replace("-", "").replace(".", "").lstrip("0" if scale == 0 else "")) - (raw["value"].lstrip("-").startswith("0.")), 1), where
    if branch == "BinaryObject":
        assert raw["type"] == OBJECTS.get(column.type, "blob"), where
    if branch == "TextObject":
        assert raw["type"] == OBJECTS[column.type], where


def raw_image(record, side):
    return record.raw[side + "Images"]


def carry_types(lab, case, columns, instance=0):
    """The whole round for the given columns: returns the records."""
    database = case.database(lab, instance)
    sql = case.sql(lab, instance, database)
    sql("SET SESSION sql_mode = '', time_zone = '+00:00'")
    count = max(len(values) for _, values in columns.values()) + 2
    definition = ", ".join(f"`{name}` {declared}{'' if 'null' in declared.split() else ' NULL'}" for name, (declared, _) in columns.items())
    for table in ("kept", "changed"):
        sql(f"CREATE TABLE {table} (id INT PRIMARY KEY, {definition})")
    names = ", ".join(f"`{name}`" for name in columns)
    for number in range(count):
        # Row 0 is all NULL; another row has NULLs here and there.
        values = [("NULL" if number == 0 or number == count - 1 and i % 3 == 0 else values[(number - 1) % len(values)])
                  for i, (_, values) in enumerate(columns.values())]
        sql(f"INSERT INTO kept (id, {names}) VALUES ({number}, {', '.join(values)})")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, instance)
    task.catch_up()
    sql("INSERT INTO changed SELECT * FROM kept")
    sql(f"UPDATE changed JOIN kept ON kept.id = (changed.id + 1) % {count} SET "
        + ", ".join(f"changed.`{name}` = kept.`{name}`" for name in columns))
    expected_updated = {row["id"]: row for row in source.rows(sql, database, "changed")}
    sql("DELETE FROM changed")
    task.catch_up()
    records = topic.records()
    return database, sql, records, count, expected_updated


def check_types(lab, case, columns, instance=0):
    database, sql, records, count, updated = carry_types(lab, case, columns, instance)
    charsets = dict(sql("SELECT COLUMN_NAME, CHARACTER_SET_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = 'kept'", database))
    fields = source.columns(sql, database, "kept")
    expected = {row["id"]: row for row in source.rows(sql, database, "kept")}
    inits = {record.after["id"]: record for record in fold.of_table(records, database, "kept") if record.op == "INIT"}
    assert inits.keys() == expected.keys()
    wrong = []

    def compare(what, found, wanted):
        wrong.extend(f"{what}, {name}: {str(found.get(name))[:120]!r} is not {str(value)[:120]!r}" for name, value in wanted.items() if found.get(name) != value)

    for number, record in inits.items():
        compare(f"INIT of row {number}", record.after, expected[number])
        for column in fields:
            check_wire_form(column, charsets[column.name], record)
    of_changed = {op: {(record.after or record.before)["id"]: record for record in fold.of_table(records, database, "changed") if record.op == op}
                  for op in ("INSERT", "UPDATE", "DELETE")}
    columns_at = [column.name for column in fields]
    for op in of_changed:
        # A row that the update left as it was has no change.
        assert len(of_changed[op]) == count or op == "UPDATE", op

    def same_bytes(what, found, wanted, skip_id=False):
        for name, one, other in zip(columns_at, found, wanted):
            if one != other and not (skip_id and name == "id"):
                wrong.append(f"{what}, {name}: from the binlog {str(one)[:150]}, from the snapshot {str(other)[:150]}")

    for number in range(count):
        image = raw_image(inits[number], "after")
        following = raw_image(inits[(number + 1) % count], "after")
        same_bytes(f"INSERT of row {number}", raw_image(of_changed["INSERT"][number], "after"), image)
        if update := of_changed["UPDATE"].get(number):
            same_bytes(f"before image of row {number}", raw_image(update, "before"), image)
            # A TIMESTAMP may be rounded in the same way only; other types keep the value as it is.
            same_bytes(f"after image of row {number}", raw_image(update, "after"), following, skip_id=True)
            compare(f"UPDATE of row {number}", update.after, updated[number])
        same_bytes(f"DELETE of row {number}", raw_image(of_changed["DELETE"][number], "before"), following, skip_id=True)
    assert len(of_changed["UPDATE"]) >= count - 1
    assert not wrong, f"{len(wrong)} differences:\n" + "\n".join(wrong[:25])


def test_every_type_arrives_as_the_server_shows_it_and_the_same_from_snapshot_and_binlog(lab, case):
    columns = columns_for(lab.storage[0]["server_version"])
    names = list(columns)
    # A row of a table is limited to 64 KiB and a table to about a hundred columns of this kind.
    check_types(lab, case, {name: columns[name] for name in names[:45]})
    case.name += "b"
    check_types(lab, case, {name: columns[name] for name in names[45:]})


def test_columns_that_are_computed_or_hidden_from_a_plain_select_are_carried_as_their_values(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY, a INT, kept INT AS (a * 2) STORED, made INT AS (a * 3) VIRTUAL, "
        "unseen INT INVISIBLE DEFAULT 7, at TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3))")
    sql("INSERT INTO t (id, a) VALUES (1, 10), (2, NULL)")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic)
    task.catch_up()
    sql("INSERT INTO t (id, a) VALUES (3, 30)")
    sql("UPDATE t SET a = 11 WHERE id = 1")
    sql("DELETE FROM t WHERE id = 2")
    task.catch_up()
    fold.assert_same(fold.of_table(topic.records(), database, "t"), source.rows(sql, database, "t"), ["id"])


def test_names_of_all_letters_and_no_column_order_are_kept(lab, case):
    database = case.database(lab, suffix="-Ünï cöde.db")
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE `order.details \"x\"` (`ключ 1` INT, `select` VARCHAR(10), `a``b` INT, PRIMARY KEY (`ключ 1`))")
    sql("INSERT INTO `order.details \"x\"` VALUES (1, 'q', 2)")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic)
    task.catch_up()
    sql("UPDATE `order.details \"x\"` SET `a``b` = 3")
    task.catch_up()
    records = [record for record in topic.records() if record.op != "DDL"]
    assert {record.name for record in records} == {f'{database}.order.details "x"'}
    assert [record.after for record in records] == [{"ключ 1": 1, "select": "q", "a`b": 2}, {"ключ 1": 1, "select": "q", "a`b": 3}]
