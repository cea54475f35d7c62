"""Invariant 5: every kind of table of a PolarDB-X 1.0 instance, through its front, over two servers."""

import collections

import pytest

import fold
from task import background

DEFINITIONS = {
    "orders": "(id BIGINT NOT NULL PRIMARY KEY, customer INT NOT NULL, note VARCHAR(40)) dbpartition by hash(id) tbpartition by hash(id) tbpartitions 2",
    "orders_0": "(id BIGINT NOT NULL PRIMARY KEY, customer INT NOT NULL, note VARCHAR(40)) dbpartition by hash(id)",
    "order": "(id BIGINT NOT NULL PRIMARY KEY, customer INT NOT NULL, note VARCHAR(40)) dbpartition by hash(customer)",
    "by_day": "(id INT NOT NULL PRIMARY KEY, day DATE NOT NULL, note VARCHAR(40)) dbpartition by hash(id) tbpartition by MMDD(day) tbpartitions 4",
    "by_week": "(id INT NOT NULL, customer INT NOT NULL, day DATETIME NOT NULL, note VARCHAR(40), PRIMARY KEY (id)) "
               "dbpartition by hash(customer) tbpartition by WEEK(day) tbpartitions 7",
    "region": "(id INT NOT NULL PRIMARY KEY, note VARCHAR(40)) broadcast",
    "config": "(name VARCHAR(20) NOT NULL PRIMARY KEY, note VARCHAR(40))",
    "loose": "(a INT, note VARCHAR(40)) dbpartition by hash(a)",
    "loose_single": "(a INT, note VARCHAR(40))",
    "indexed": "(id INT NOT NULL PRIMARY KEY, customer INT NOT NULL, note VARCHAR(40)) dbpartition by hash(id)",
}
KEYS = {"orders": ["id"], "orders_0": ["id"], "order": ["id"], "by_day": ["id"], "by_week": ["id"], "region": ["id"], "config": ["name"],
        "indexed": ["id"], "loose": None, "loose_single": None}


def text(value):
    if isinstance(value, tuple):
        day = "-".join(f"{part:02}" for part in value[:3])
        return day if value[3] is None else day + " " + ":".join(f"{part:02}" for part in value[3:6])
    return None if value is None else str(value)


def images(record):
    return [image for image in (record.before, record.after) if image is not None]


class Shop:
    """The front's database with one table of each kind; tables are dropped at the end, as the database is shared."""

    def __init__(self, lab, case):
        self.lab, self.case = lab, case
        self.front = lab.front_sql()
        self.database = lab.front["database"]
        self.name = {kind: f"{kind}_{case.name}" if not kind.endswith("_0") else f"{kind[:-2]}_{case.name}_0" for kind in DEFINITIONS}
        for kind, definition in DEFINITIONS.items():
            self.front(f"CREATE TABLE `{self.name[kind]}` {definition}")
        self.front(f"CREATE GLOBAL INDEX `g_{case.name}` ON `{self.name['indexed']}` (customer) COVERING (note) dbpartition by hash(customer)")
        self.front("SET enable_recyclebin = 'on'")
        self.front(f"CREATE TABLE `dropped_{case.name}` (id INT PRIMARY KEY, note VARCHAR(40)) dbpartition by hash(id)")
        self.front(f"INSERT INTO `dropped_{case.name}` VALUES (1, 'thrown away'), (2, 'thrown away'), (3, 'thrown away')")
        self.front(f"DROP TABLE `dropped_{case.name}`")
        self.fill()

    def fill(self):
        for kind in ("orders", "orders_0", "order", "indexed"):
            self.insert(kind, [f"({n}, {n % 13}, '{kind} {n}')" for n in range(1, 61)])
        self.insert("by_day", [f"({n}, '2024-{n % 12 + 1:02}-{n % 28 + 1:02}', 'd{n}')" for n in range(1, 61)])
        self.insert("by_week", [f"({n}, {n % 7}, '2024-{n % 12 + 1:02}-{n % 28 + 1:02} 12:00:00', 'w{n}')" for n in range(1, 61)])
        self.insert("region", [f"({n}, 'r{n}')" for n in range(1, 11)])
        self.insert("config", [f"('key{n}', 'c{n}')" for n in range(1, 11)])
        self.insert("loose", [f"({n % 9}, 'l{n % 4}')" for n in range(1, 61)])
        self.insert("loose_single", [f"({n % 3}, 'same')" for n in range(1, 21)])

    def insert(self, kind, rows):
        self.front(f"INSERT INTO `{self.name[kind]}` VALUES {', '.join(rows)}")

    def run(self, kind, statement):
        self.front(statement.replace("TABLE", f"`{self.name[kind]}`"))

    def change(self):
        """Changes of every kind, those over several shards included."""
        self.run("orders", "UPDATE TABLE SET note = 'scattered' WHERE id BETWEEN 10 AND 30")
        self.run("orders_0", "DELETE FROM TABLE WHERE id > 50")
        self.run("order", "UPDATE TABLE SET note = 'in its place' WHERE id IN (1, 2, 3, 4, 5)")
        self.run("by_day", "INSERT INTO TABLE VALUES (100, '2025-01-01', 'new'), (101, '2025-12-31', 'new'), (102, '2025-06-15', 'new')")
        self.run("by_week", "DELETE FROM TABLE WHERE id < 10")
        self.run("region", "UPDATE TABLE SET note = 'everywhere' WHERE id = 3")
        self.run("region", "INSERT INTO TABLE VALUES (50, 'new')")
        self.run("region", "DELETE FROM TABLE WHERE id = 4")
        self.run("config", "UPDATE TABLE SET note = 'changed' WHERE name = 'key2'")
        self.run("loose", "INSERT INTO TABLE VALUES (1, 'l1'), (2, 'l2'), (3, 'l3')")
        self.run("loose", "DELETE FROM TABLE WHERE a = 5")
        self.run("loose_single", "INSERT INTO TABLE VALUES (1, 'same')")
        self.run("indexed", "UPDATE TABLE SET customer = 99, note = 'index moves' WHERE id < 20")
        self.front("BEGIN")
        self.run("orders", "INSERT INTO TABLE VALUES (1001, 1, 'tx'), (1002, 1, 'tx'), (1003, 1, 'tx'), (1004, 1, 'tx')")
        self.run("config", "INSERT INTO TABLE VALUES ('tx', 'tx')")
        self.front("COMMIT")
        self.front("BEGIN")
        self.run("orders", "INSERT INTO TABLE VALUES (2001, 1, 'undone'), (2002, 1, 'undone'), (2003, 1, 'undone')")
        self.front("ROLLBACK")

    def rows(self, kind):
        names = [name for name, *_ in self.front(f"DESC `{self.name[kind]}`")]
        return [dict(zip(names, row)) for row in self.front(f"SELECT * FROM `{self.name[kind]}`")]

    def drop(self):
        self.front("SET enable_recyclebin = 'off'")
        for name in self.name.values():
            self.front(f"DROP TABLE IF EXISTS `{name}`")
        self.front.close()

    def check(self, records):
        """Every table of the topic is what the front shows."""
        for kind, key in KEYS.items():
            of_table = fold.of_table(records, self.database, self.name[kind])
            for record in of_table:
                for side in ("before", "after"):
                    if (image := getattr(record, side)) is not None:
                        setattr(record, side, {name: text(value) for name, value in image.items()})
            if key:
                fold.assert_same(of_table, self.rows(kind), key)
            else:
                assert fold.multiset(of_table) == fold.counter(self.rows(kind)), kind


@pytest.fixture
def shop(lab, case):
    made = Shop(lab, case)
    yield made
    made.drop()


def physical_of(shop, kind):
    """(instance, database, table) of each physical table, by looking at the servers."""
    found = []
    for number, storage in enumerate(shop.lab.storage):
        with shop.lab.sql(number) as sql:
            for database in storage["databases"]:
                found += [(number, database, name) for (name,) in sql(
                    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME LIKE %s ORDER BY 1",
                    database, shop.name[kind].replace("_", r"\_") + "%")]
    return found


def test_every_kind_of_table_arrives_once_with_its_schema_and_nothing_else_does(lab, case, shop):
    # What must not be taken for a row of the table: other copies of broadcast and single tables, made different here.
    copies = physical_of(shop, "region")
    assert len(copies) == 4, copies
    for number, database, table in copies[1:]:
        with lab.sql(number, database) as sql:
            sql(f"INSERT INTO `{table}` VALUES (900, 'of another copy')")
    topic, ddl = case.topic(lab), case.topic(lab, "-ddl")
    task = case.drds_task(lab, topic, tables=list(shop.name.values()), destination__ddl_topic=ddl.name, tuning__chunk_rows=100)
    task.catch_up()
    shop.change()
    task.catch_up()
    records = topic.records()
    for number, database, table in copies[1:]:
        with lab.sql(number, database) as sql:
            sql(f"DELETE FROM `{table}` WHERE id = 900")

    statements = ddl.records()
    assert [record.op for record in statements] == ["DDL"] * len(shop.name)
    for name in shop.name.values():
        of_name = [record.statement for record in statements if record.statement.startswith(f"CREATE TABLE `{name}` (")]
        assert len(of_name) == 1, name
        assert "_drds_implicit_id_" not in of_name[0] and "partition by" not in of_name[0].lower()
    assert {record.db for record in statements} == {shop.database}

    assert {record.name for record in records} == {f"{shop.database}.{name}" for name in shop.name.values()}
    assert all(record.tags["l_db_name"] == record.db and record.tags["l_tb_name"] == record.table for record in records)
    assert not any("another copy" in str(image) or "undone" in str(image) or "thrown away" in str(image) for record in records for image in images(record))
    assert not any(name.startswith(("_drds", "__", "_rds")) for record in records for name in record.types)
    assert {record.partition for record in records} == {0}
    inits = collections.Counter(record.table for record in records if record.op == "INIT")
    assert inits == {shop.name[kind]: count for kind, count in {
        "orders": 60, "orders_0": 60, "order": 60, "by_day": 60, "by_week": 60, "region": 10, "config": 10, "loose": 60, "loose_single": 20, "indexed": 60}.items()}
    of_region = [record for record in records if record.table == shop.name["region"] and record.op != "INIT"]
    assert [record.op for record in of_region] == ["UPDATE", "INSERT", "DELETE"], "a broadcast table's change comes once"
    assert {record.key for record in records if record.table in (shop.name["loose"], shop.name["loose_single"])} == {None}
    shop.check(records)


def test_a_row_that_moves_to_another_shard_is_deleted_and_inserted_and_ends_up_whole(lab, case, shop):
    topic = case.topic(lab)
    task = case.drds_task(lab, topic, tables=[shop.name["order"]])
    task.catch_up()
    for customer in range(50, 58):
        shop.run("order", f"UPDATE TABLE SET customer = {customer}, note = 'on the way' WHERE id IN (7, 8)")
    task.catch_up()
    records = fold.of_table(topic.records(), shop.database, shop.name["order"])
    assert {record.op for record in records} >= {"INSERT", "DELETE"}
    # Two instances are two streams: only within one of them is there an order (docs: a shard-key update is two changes).
    for server in {record.tags.get("server_id") for record in records if record.op != "INIT"}:
        of_server = [record for record in records if record.tags.get("server_id") == server]
        assert [record.position for record in of_server] == sorted(record.position for record in of_server)
    balance = collections.Counter()
    for record in records:
        if record.before:
            balance[str(record.before)] -= 1
        if record.after:
            balance[str(record.after)] += 1
    rows = {str({name: int(value) if name != "note" else value for name, value in row.items()}) for row in shop.rows("order")}
    assert {row for row, count in balance.items() if count == 1} == rows and set(balance.values()) <= {0, 1}


def test_all_tables_of_the_database_under_writers_through_the_front_are_folded_to_what_it_shows(lab, case, shop, seeded):
    topic = case.topic(lab)
    task = case.drds_task(lab, topic, tables=list(shop.name.values()), tuning__chunk_rows=100)
    shop.insert("orders", [f"({n}, {n % 13}, 'more {n}')" for n in range(5000, 7000)])
    seed = seeded.randrange(2**20)

    def write(should_end):
        front = lab.front_sql()
        n = 0
        while not should_end():
            n += 1
            low = 5000 + (n * 37 + seed) % 1990
            front(f"UPDATE `{shop.name['orders']}` SET note = 'n{n}' WHERE id BETWEEN {low} AND {low + 9}")
            front(f"INSERT INTO `{shop.name['by_day']}` VALUES ({10000 + n}, '2024-{n % 12 + 1:02}-{n % 28 + 1:02}', 'n{n}')")
            front(f"UPDATE `{shop.name['region']}` SET note = 'n{n}' WHERE id = {n % 10 + 1}")
            front(f"UPDATE `{shop.name['config']}` SET note = 'n{n}' WHERE name = 'key{n % 10 + 1}'")
            front(f"INSERT INTO `{shop.name['loose']}` VALUES ({n % 9}, 'n{n % 3}')")
            front(f"DELETE FROM `{shop.name['loose']}` WHERE a = {n % 9} AND note = 'n{(n + 1) % 3}'")
        front.close()

    with background(write) as ending:
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            ending.set()
            run.stop()
    task.catch_up()
    shop.check(topic.records())


def test_the_beginning_of_a_table_name_is_no_name_of_a_table(lab, case, shop):
    topic = case.topic(lab)
    task = case.drds_task(lab, topic, tables=[shop.name["order"], shop.name["order"][:-1]])
    with task.start("--until", "caught-up") as run:
        assert run.wait() == 3
    assert run.lines[-1]["error"]["code"] == "source.table_missing"
    assert topic.count == 0
