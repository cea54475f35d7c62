"""Statements that change tables while a task runs, lags or is down: it goes on, with every row under its own structure."""

import pymysql
import pytest

import fold
import source
from servers import lab_or_skip
from task import background

SERVERS = {"mariadb-10.11": [], "mysql-9.7": [], "mysql-5.6": []}


@pytest.fixture(params=list(SERVERS), scope="module")
def server(request, binaries):
    with lab_or_skip(request.param, instances=1, front=False, kafka="auto", options=SERVERS[request.param]) as lab:
        yield lab


def is_mysql(server):
    return "MariaDB" not in server.storage[0]["server_version"]


class Changing(fold.Replay):
    """A replay over changes of structure: what an image and the row as it is have in common is compared."""

    def __init__(self, records, key, converted=()):
        self.converted = set(converted)
        super().__init__(records, key)

    def expect(self, record, key, image):
        known = self.rows.get(key)
        if isinstance(known, dict) and isinstance(image, dict):
            common = (known.keys() & image.keys()) - self.converted
            known, image = {name: known[name] for name in common}, {name: image[name] for name in common}
            if known == image:
                return
            self.errors.append(f"offset {record.offset}: {record.op} {key} meets {fold.brief(known)}, fits {fold.brief(image)}")
        else:
            super().expect(record, key, image)


def fill(sql, table, rows=300, first=1):
    with sql.transaction(), sql.connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} (id, ver, note) VALUES (%s, 0, %s)", [(n, f"row {n}") for n in range(first, first + rows)])


def make(sql, table="t", rows=300, more=""):
    sql(f"CREATE TABLE {table} (id INT PRIMARY KEY, ver INT NOT NULL, note VARCHAR(40){more})")
    fill(sql, table, rows)


def touch_all(sql, table, sets="ver = ver + 1"):
    sql(f"UPDATE {table} SET {sets}")


def check(topic, sql, database, table="t", converted=(), key=("id",)):
    """Every row was touched last: the topic has it under the present structure."""
    records = fold.of_table(topic.records(), database, table)
    first, _ = fold.without_repeats(records)
    replay = Changing(first, list(key), converted)
    assert not replay.errors, "\n".join(replay.errors[:8])
    wrong = fold.difference(fold.by_key(source.rows(sql, database, table), list(key)), replay.present())
    assert not wrong, wrong
    return first


def statements(records):
    return [record.statement for record in records if record.op == "DDL"]


ALTERS = [
    "ALTER TABLE t ADD COLUMN extra INT NOT NULL DEFAULT 7 AFTER id",
    "ALTER TABLE t MODIFY ver BIGINT NOT NULL",
    "ALTER TABLE t CHANGE note remark VARCHAR(200)",
    "ALTER TABLE t DROP COLUMN extra, ADD COLUMN kind ENUM('a','b') DEFAULT 'b' FIRST",
    "ALTER TABLE t ADD INDEX by_ver (ver)",
    "ALTER TABLE t CHANGE kind kind ENUM('a','b','c'), ADD price DECIMAL(10,2) UNSIGNED",
]


def test_columns_come_go_and_change_while_the_task_runs(server, case):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql)
    topic = case.topic(server)
    task = case.mysql_task(server, database, topic)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        for statement in ALTERS:
            sql("UPDATE t SET ver = ver + 1 WHERE id % 3 = 0")
            sql(statement)
            sql("UPDATE t SET ver = ver + 1 WHERE id % 3 = 1")
        touch_all(sql, "t")
        changes = 300 + len(ALTERS) * 200
        run.wait_until(lambda line: line["changes"] >= changes)
        run.stop()
    task.catch_up()
    check(topic, sql, database)
    assert statements(topic.records())[1:] == ALTERS


@pytest.mark.parametrize("server", ["mariadb-10.11"], indirect=True)
def test_an_alter_logged_when_it_begins_and_when_it_ends_counts_when_it_ends(server, case):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql)
    topic = case.topic(server)
    task = case.mysql_task(server, database, topic)
    task.catch_up()

    def write(should_end):
        with server.sql(0, database) as own:
            n = 0
            while not should_end():
                n += 1
                own("UPDATE t SET ver = ver + 1 WHERE id = %s", 1 + n % 300)

    with background(write) as ending:
        with server.sql(0, database) as own:
            own("SET SESSION binlog_alter_two_phase = 1")
            for statement in ALTERS:
                own(statement)
            own("UPDATE t SET remark = 'same'")
            with pytest.raises(pymysql.err.MySQLError):
                own("ALTER TABLE t ADD COLUMN last INT FIRST, ADD UNIQUE KEY (remark)")
    touch_all(sql, "t")
    task.catch_up()
    check(topic, sql, database)
    assert statements(topic.records())[1:] == ALTERS


def test_columns_change_while_the_task_is_down_and_while_it_lags(server, case):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql)
    topic, ddl = case.topic(server), case.topic(server, "-ddl")
    task = case.mysql_task(server, database, topic, destination__ddl_topic=ddl.name)
    task.catch_up()
    for statement in ALTERS:
        sql("UPDATE t SET ver = ver + 1 WHERE id % 2 = 0")
        sql(statement)
        sql("INSERT INTO t (id, ver) VALUES (%s, 0)", 1000 + ALTERS.index(statement))
        sql("DELETE FROM t WHERE id = %s", 1 + ALTERS.index(statement))
    for _ in range(3):
        before = topic.count
        with task.start() as run:  # killed somewhere in the middle
            topic.wait_for_messages(min(before + 150, 1200))
            run.kill()
    touch_all(sql, "t")
    task.catch_up()
    check(topic, sql, database)
    told = [record for record in ddl.records()]
    assert [record.statement for record in fold.without_repeats(told)[0]][0].startswith("CREATE TABLE `t`")
    seen = list(dict.fromkeys(record.statement for record in told))
    assert seen[1:] == ALTERS
    assert len({record.content for record in told}) == len(seen), "a statement told again is the same record"
    assert not statements(topic.records())


def test_a_snapshot_in_small_chunks_beside_statements_and_writers(server, case, seeded):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql, rows=3000)
    sql("CREATE TABLE loose (a INT, b VARCHAR(20))")
    with sql.transaction(), sql.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO loose VALUES (%s, %s)", [(n % 50, f"w{n % 7}") for n in range(500)])
    topic = case.topic(server)
    if is_mysql(server):
        sql("GRANT LOCK TABLES ON *.* TO 'repl'@'%'")  # for the moment in which a view of the table without a key is taken
    task = case.mysql_task(server, database, topic, tuning__chunk_rows=100)

    def write(should_end):
        with server.sql(0, database) as own:
            n = 0
            while not should_end():
                n += 1
                own("UPDATE t SET ver = ver + 1 WHERE id = %s", 1 + n * 37 % 3000)
                own("INSERT INTO loose (a, b) VALUES (%s, 'new')", n % 50)

    def alter(should_end):
        with server.sql(0, database) as own:
            for n in range(6):
                own(f"ALTER TABLE t ADD COLUMN c{n} INT NOT NULL DEFAULT {n}{' FIRST' if n % 2 else ''}")
                own(f"ALTER TABLE loose ADD COLUMN c{n} INT NOT NULL DEFAULT {n}")
                if n == 3:
                    own("ALTER TABLE t DROP COLUMN c1")
                    own("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, note), MODIFY note VARCHAR(40) NOT NULL")

    with background(write, alter) as ending:
        with task.start() as run:
            run.wait_until(lambda line: line["snapshot_done"], timeout=120)
            ending.set()
            run.stop()
    touch_all(sql, "t")
    sql("DELETE FROM loose WHERE b = 'new'")
    task.catch_up()
    check(topic, sql, database)
    rows = sorted((row["a"], row["b"]) for row in source.rows(sql, database, "loose"))
    left = []
    for record in fold.of_table(topic.records(), database, "loose"):
        if record.before:
            left.remove((record.before["a"], record.before["b"]))
        if record.after:
            left.append((record.after["a"], record.after["b"]))
    assert sorted(left) == rows


def test_truncate_drop_and_create_pass_with_their_statements(server, case):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql)
    topic = case.topic(server)
    task = case.mysql_task(server, database, topic)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("TRUNCATE TABLE t")
        fill(sql, "t", 10)
        sql("DROP TABLE t")
        sql("CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(10) CHARACTER SET latin1)")
        sql("INSERT INTO t VALUES (1, 'ä'), (2, 'b')")
        sql("CREATE TABLE later (id INT PRIMARY KEY, ver INT, note VARCHAR(40))")
        fill(sql, "later", 5)
        run.wait_until(lambda line: line["instances"][0]["changes"] >= 17)
        run.stop()
    touch_all(sql, "later")
    task.catch_up()
    records = topic.records()
    at = [index for index, record in enumerate(records) if record.op == "DDL"]
    kinds = [records[index].statement.split()[0] for index in at]
    assert kinds == ["CREATE", "TRUNCATE", "DROP", "CREATE", "CREATE"], kinds
    assert [record.op for record in records[at[1]:at[2]]] == ["DDL"] + ["INSERT"] * 10
    assert [record.after for record in records[at[3] + 1:at[4]]] == [{"id": 1, "name": "ä"}, {"id": 2, "name": "b"}]
    check(topic, sql, database, "later")


@pytest.mark.parametrize("style", ["one statement", "two statements"])
def test_a_ghost_table_takes_the_place_of_the_table(server, case, style):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql)
    topic = case.topic(server)
    task = case.mysql_task(server, database, topic)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("CREATE TABLE _t_gho LIKE t")
        sql("ALTER TABLE _t_gho ADD COLUMN extra INT NOT NULL DEFAULT 5 AFTER id")
        sql("INSERT INTO _t_gho (id, ver, note) SELECT id, ver, note FROM t")
        if style == "one statement":
            sql("RENAME TABLE t TO _t_del, _t_gho TO t")
        else:
            sql("RENAME TABLE t TO _t_del")
            sql("RENAME TABLE _t_gho TO t")
        sql("DROP TABLE _t_del")
        touch_all(sql, "t")
        run.wait_until(lambda line: line["changes"] >= 300)
        run.stop()
    task.catch_up()
    records = topic.records()
    assert {record.table for record in records if record.op != "DDL"} == {"t"}
    assert sum(record.op == "UPDATE" for record in records) == 300 and not any(record.op == "INSERT" for record in records)
    check(topic, sql, database)
    told = statements(records)[1:]
    assert all(text.startswith("RENAME") for text in told) and len(told) == (1 if style == "one statement" else 2), told


def test_a_start_in_the_past_behind_a_change_of_structure_is_refused(server, case):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql)
    log = "SHOW BINARY LOG STATUS" if server.storage[0]["server_version"].startswith("9") else "SHOW MASTER STATUS"
    before = sql(log)[0]
    sql("UPDATE t SET ver = 1 WHERE id = 1")
    sql("ALTER TABLE t ADD COLUMN extra INT")
    behind = sql(log)[0]
    sql("UPDATE t SET ver = 2 WHERE id = 1")
    topic = case.topic(server)
    address = f"{server.storage[0]['host']}:{server.storage[0]['port']}"

    def at(place, suffix):
        return case.mysql_task(server, database, topic, suffix=suffix, migration=["incremental"],
                               start={"position": {address: {"file": place[0], "offset": int(place[1])}}})

    with at(before, "-early").start("--until", "caught-up") as run:
        assert run.wait() == 5
    assert run.lines[-1]["error"]["code"] == "data.structure_unknown" and "ADD COLUMN extra" in str(run.lines[-1])
    at(behind, "-late").catch_up()
    assert [record.after["ver"] for record in topic.records()] == [2]



def unlogged(server, database, statement):
    with server.sql(0, database) as own:
        own("SET SESSION sql_log_bin = 0")
        own(statement)


def test_what_can_not_be_known_from_the_log_is_asked_of_the_server(server, case):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql)
    topic = case.topic(server)
    task = case.mysql_task(server, database, topic)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        unlogged(server, database, "ALTER TABLE t ADD COLUMN secret INT NOT NULL DEFAULT 2 FIRST")
        sql("ALTER TABLE t CHANGE secret told BIGINT NOT NULL DEFAULT 3")  # of a column that the log never showed
        sql("UPDATE t SET ver = ver + 1 WHERE id <= 10")
        run.wait_until(lambda line: line["changes"] >= 10)
        unlogged(server, database, "ALTER TABLE t ADD COLUMN other INT NOT NULL DEFAULT 4 FIRST")
        touch_all(sql, "t")  # rows that don't fit
        run.wait_until(lambda line: line["changes"] >= 310)
        run.kill()
    touch_all(sql, "t")
    task.catch_up()
    check(topic, sql, database)


def test_what_nobody_can_know_stops_the_task_until_the_present_structure_is_accepted(server, case):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql)
    topic = case.topic(server)
    task = case.mysql_task(server, database, topic)
    task.catch_up()
    unlogged(server, database, "ALTER TABLE t ADD COLUMN secret INT NOT NULL DEFAULT 2 FIRST")
    sql("ALTER TABLE t CHANGE secret told BIGINT NOT NULL DEFAULT 3")
    sql("ALTER TABLE t ADD COLUMN more INT")
    sql("UPDATE t SET more = 1, ver = ver + 1 WHERE id <= 10")
    for _ in range(2):
        with task.start("--until", "caught-up") as run:
            assert run.wait() == 5
        error = run.lines[-1]["error"]
        assert error["code"] == "data.ddl_not_understood" and "CHANGE secret told" in error["what"] and "ADD COLUMN more" in error["what"]
        assert "--accept-structure" in error["remedy"] and f"{database}.t" in error["where"]
    with task.start("--until", "caught-up", "--accept-structure") as run:
        run.finish()
    touch_all(sql, "t")
    task.catch_up()
    check(topic, sql, database)


def physical_tables(lab, name):
    found = []
    for number, storage in enumerate(lab.storage):
        with lab.sql(number) as sql:
            for database in storage["databases"]:
                found += [(number, database, table) for (table,) in sql(
                    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME LIKE %s ORDER BY 1",
                    database, name.replace("_", r"\_") + "%")]
    return found


def test_a_statement_on_all_shards_is_told_once_when_the_last_has_passed_it(lab, case):
    front = lab.front_sql()
    name = f"ddl_{case.name}"
    front(f"CREATE TABLE `{name}` (id BIGINT NOT NULL PRIMARY KEY, ver INT NOT NULL, note VARCHAR(40)) dbpartition by hash(id)")
    front(f"INSERT INTO `{name}` VALUES " + ", ".join(f"({n}, 0, 'n{n}')" for n in range(1, 101)))
    topic, ddl = case.topic(lab), case.topic(lab, "-ddl")
    task = case.drds_task(lab, topic, tables=[name], destination__ddl_topic=ddl.name)
    shards = physical_tables(lab, name)
    assert len({number for number, *_ in shards}) == 2 and len(shards) >= 4

    def each(statement, places):
        for number, database, table in places:
            with lab.sql(number, database) as sql:
                sql(f"/* trace {number} {database} */ " + statement.replace("TABLE", f"TABLE `{table}`"))
                sql(f"UPDATE `{table}` SET ver = ver + 1")

    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        each("ALTER TABLE ADD COLUMN extra INT NOT NULL DEFAULT 1", shards[:-1])
        run.wait_until(lambda line: line["changes"] >= 60)
        run.kill()
    assert len(ddl.records()) == 1, "one shard has not passed it"
    with task.start() as run:
        each("ALTER TABLE ADD COLUMN extra INT NOT NULL DEFAULT 1", shards[-1:])
        each("ALTER TABLE DROP COLUMN note", shards)
        ddl.wait_for_messages(3)
        run.stop()
    task.catch_up()
    told = ddl.records()
    assert [record.statement for record in told][1:] == [
        f"ALTER TABLE `{name}` ADD COLUMN extra INT NOT NULL DEFAULT 1", f"ALTER TABLE `{name}` DROP COLUMN note"]
    assert {record.db for record in told} == {lab.front["database"]}
    records = fold.of_table(topic.records(), lab.front["database"], name)
    replay = Changing(fold.without_repeats(records)[0], ["id"])
    assert not replay.errors, "\n".join(replay.errors[:8])
    assert replay.present() == {(n,): {"id": n, "ver": 2, "extra": 1} for n in range(1, 101)}
    front(f"DROP TABLE `{name}`")
    front.close()


def test_a_statement_in_another_character_set_is_told_in_utf8(server, case):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql, rows=3)
    topic = case.topic(server)
    task = case.mysql_task(server, database, topic)
    task.catch_up()
    with server.sql(0, database) as own:
        own("SET NAMES gbk")
        own.connection.encoding = "gbk"
        own("ALTER TABLE t ADD COLUMN 价格 INT COMMENT '中文'")
    touch_all(sql, "t")
    task.catch_up()
    assert statements(topic.records())[1:] == ["ALTER TABLE t ADD COLUMN 价格 INT COMMENT '中文'"]
    check(topic, sql, database)
