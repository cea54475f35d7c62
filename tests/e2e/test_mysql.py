"""MySQL 5.6 and MySQL 9.7: snapshot, changes, XA, restart. GTIDs are positions here, and the heartbeat's row the watermark."""

import random

import pymysql
import pytest
from pymysql.constants import ER

import fold
import source
from servers import lab_or_skip
from task import background
from test_types import check_types, columns_for
from writers import Keyed, writer

SERVERS = {"mysql-5.6": [], "mysql-9.7": ["binlog-transaction-compression=ON"]}


@pytest.fixture(params=list(SERVERS), scope="module")
def mysql(request, binaries):
    with lab_or_skip(request.param, instances=1, front=False, kafka="auto", options=SERVERS[request.param]) as lab:
        yield lab


def is_old(lab):
    return lab.storage[0]["server_version"].startswith("5.6")


def gtids(sql):
    return sql.one("SELECT @@global.gtid_executed")


def test_a_snapshot_under_writers_kills_and_restarts_leads_to_the_source_in_commit_order(mysql, case, seeded):
    database = case.database(mysql)
    sql = case.sql(mysql, 0, database)
    tables = [Keyed(sql, name, 2000, seeded) for name in ("plain", "composite", "folded", "decimal_key", "unique_only")]
    topic = case.topic(mysql)
    task = case.mysql_task(mysql, database, topic, tuning__chunk_rows=100)
    seed = seeded.randrange(2**20)
    assert gtids(sql)
    with background(*[writer(lambda: mysql.sql(0, database), tables, seed, number, 3) for number in range(3)]) as ending:
        for _ in range(3):
            before = topic.count
            with task.start() as run:
                topic.wait_for_messages(before + seeded.randrange(1, 2000))
                run.kill()
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            ending.set()
            run.stop()
    task.catch_up()
    records = topic.records()
    for table in tables:
        of_table = fold.of_table(records, database, table.name)
        fold.assert_same(of_table, source.rows(sql, database, table.name), table.key)
        fold.assert_versions_rise(fold.without_repeats(of_table)[0], table.key, "ver")
    assert sum(record.op == "UPDATE" for record in records) > 50


def test_a_table_without_any_key_arrives_as_it_is(mysql, case):
    database = case.database(mysql)
    sql = case.sql(mysql, 0, database)
    sql("CREATE TABLE loose (a INT, b VARCHAR(20))")
    with sql.transaction(), sql.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO loose VALUES (%s, %s)", [(n % 20, f"w{n % 3}") for n in range(1000)])
    topic = case.topic(mysql)
    # LOCK TABLES for the moment in which the view is taken needs a right of its own.
    sql("GRANT LOCK TABLES ON *.* TO 'repl'@'%'")
    task = case.mysql_task(mysql, database, topic)

    def scribble(should_end):
        with mysql.sql(0, database) as own:
            n = 0
            while not should_end():
                n += 1
                own("INSERT INTO loose VALUES (%s, 'again')", n % 20)
                own("DELETE FROM loose WHERE a = %s LIMIT 1", (n * 7) % 20)

    with background(scribble) as ending:
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            ending.set()
            run.stop()
    task.catch_up()
    assert fold.multiset(fold.of_table(topic.records(), database, "loose")) == fold.counter(source.rows(sql, database, "loose"))


def test_tables_without_any_key_arrive_as_they_are_while_many_commit_at_once(mysql, case, seeded):
    database = case.database(mysql)
    sql = case.sql(mysql, 0, database)
    tables = [f"loose{n}" for n in range(40)]
    for table in tables:
        sql(f"CREATE TABLE {table} (a INT, b VARCHAR(20))")
        sql(f"INSERT INTO {table} VALUES (1, 'once'), (2, 'once')")
    topic = case.topic(mysql)
    sql("GRANT LOCK TABLES ON *.* TO 'repl'@'%'")
    task = case.mysql_task(mysql, database, topic)
    seed = seeded.randrange(2**20)

    def scribble(number):
        def work(should_end):
            chance = random.Random(seed + number)
            with mysql.sql(0, database) as own:
                while not should_end():
                    chosen = chance.sample(tables, 3)
                    try:
                        if chance.random() < 0.5:
                            own("BEGIN")
                        for table in chosen:
                            own(f"INSERT INTO {table} VALUES (%s, 'again')", number)
                        own(f"DELETE FROM {chosen[0]} WHERE a = %s LIMIT 1", number)
                        own("COMMIT")
                    except pymysql.err.OperationalError as error:
                        if error.args[0] != ER.LOCK_DEADLOCK:
                            raise
                        own("ROLLBACK")
        return work

    with background(*[scribble(number) for number in range(8)]) as ending:
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            ending.set()
            run.stop()
    task.catch_up()
    records = topic.records()
    for table in tables:
        assert fold.multiset(fold.of_table(records, database, table)) == fold.counter(source.rows(sql, database, table)), table


def test_every_type_arrives_as_the_server_shows_it(mysql, case):
    columns = columns_for(mysql.storage[0]["server_version"])
    if not is_old(mysql):
        # Its `utf8` will one day be another character set: named in full here.
        columns = {name: (declared.replace("character set utf8", "character set utf8mb3") if declared.endswith("utf8") else declared, values)
                   for name, (declared, values) in columns.items()}
    names = list(columns)
    check_types(mysql, case, {name: columns[name] for name in names[:45]})
    case.name += "b"
    check_types(mysql, case, {name: columns[name] for name in names[45:]})


def test_xa_is_carried_at_its_commit(mysql, case):
    database = case.database(mysql)
    sql = case.sql(mysql, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY, ver INT NOT NULL, pad VARCHAR(40))")
    sql("INSERT INTO t VALUES (1, 0, 'first'), (2, 0, 'first'), (3, 0, 'first'), (4, 0, 'first')")
    topic = case.topic(mysql)
    task = case.mysql_task(mysql, database, topic)
    sessions = {}

    def prepare(name, row):
        own = sessions[name] = case.sql(mysql, 0, database)
        for statement in (f"XA START '{case.name}-{name}'", f"UPDATE t SET ver = ver + 1, pad = '{name}' WHERE id = {row}",
                          f"XA END '{case.name}-{name}'", f"XA PREPARE '{case.name}-{name}'"):
            own(statement)

    def decide(name, verb):
        sessions[name](f"XA {verb} '{case.name}-{name}'")

    prepare("early-kept", 1)
    prepare("early-dropped", 2)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        prepare("late-kept", 3)
        prepare("late-dropped", 4)
        run.wait_for_new_lines(2)
        run.kill()
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        for name in ("early-kept", "late-kept"):
            decide(name, "COMMIT")
        for name in ("early-dropped", "late-dropped"):
            decide(name, "ROLLBACK")
        sql("UPDATE t SET ver = ver + 1, pad = 'after'")
        run.wait_until(lambda line: line["changes"] == 6)
        run.stop()
    records, _ = fold.without_repeats(fold.of_table(topic.records(), database, "t"))
    fold.assert_same(records, source.rows(sql, database, "t"), ["id"])
    assert [record.after["pad"] for record in records if record.op == "UPDATE"] == ["early-kept", "late-kept"] + ["after"] * 4


def test_a_giant_transaction_arrives_whole_also_when_it_is_compressed(mysql, case, seeded):
    database = case.database(mysql)
    sql = case.sql(mysql, 0, database)
    table = Keyed(sql, "plain", 1500, seeded, pad=9000)
    topic = case.topic(mysql)
    task = case.mysql_task(mysql, database, topic)
    task.catch_up()
    with sql.transaction():
        sql("UPDATE plain SET ver = ver + 1, pad = REPEAT('z', 9000)")
    task.catch_up()
    fold.assert_same(fold.of_table(topic.records(), database, "plain"), source.rows(sql, database, "plain"), table.key)


def test_changes_begin_after_a_gtid_set_if_the_task_names_one(mysql, case):
    database = case.database(mysql)
    sql = case.sql(mysql, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY)")
    before = gtids(sql).replace("\n", "")
    sql("INSERT INTO t VALUES (1)")
    topic = case.topic(mysql)
    storage = mysql.storage[0]
    task = case.mysql_task(mysql, database, topic, migration=["incremental"],
                           start={"position": {f"{storage['host']}:{storage['port']}": {"gtid": before}}})
    task.catch_up()
    assert [(record.op, record.after) for record in topic.records()] == [("INSERT", {"id": 1})]
