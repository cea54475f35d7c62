"""A topic for each table, by rules: rows, statements, later tables, restarts, and what can be wrong with such topics."""

import json
import subprocess

import pytest

import fold
import source
from servers import BIN
from task import background
from topic import Topic, grow
from verifying import verify
from writers import Keyed, writer

TABLES = ("plain", "composite", "folded")


@pytest.fixture
def own_topic(lab, case):
    """table -> the reader of the topic that the task has made for it"""

    def reader(name, partitions=3):
        topic = Topic(lab.brokers, name, partitions, forgets=not lab.is_real_kafka)
        case.to_close.append(topic)
        return topic
    return reader


@pytest.mark.parametrize("policy", ["zero", "table", "key"])
@pytest.mark.parametrize("delivery", ["auto", "at_least_once"])
def test_each_table_has_its_topic_with_its_statements_through_restarts(lab, case, seeded, own_topic, policy, delivery):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    tables = [Keyed(sql, name, 200, seeded) for name in TABLES]
    topic = case.topic(lab, partitions=2)
    task = case.mysql_task(lab, database, topic, destination__partition_by=policy, destination__delivery=delivery,
                           destination__table_topics="{database}.{table}", destination__create_topics=True, destination__partitions=3)
    write = writer(lambda: lab.sql(0, database), tables, seeded.randrange(2**20), 0, 1)
    with background(lambda should_end: write(should_end)):
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            sent = run.lines[-1]["records_acked"]
            run.wait_until(lambda line: line["records_acked"] > sent + 300)
            sql("CREATE TABLE later (id INT PRIMARY KEY, a INT)")
            sql("INSERT INTO later SELECT seq, 1 FROM seq_1_to_50")
            sql("UPDATE later SET a = 2 WHERE id < 10")
            sql("ALTER TABLE later COMMENT 'new'")
            run.stop()
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            run.kill()
    task.catch_up()
    assert topic.records() == []
    keys = {table.name: table.key for table in tables} | {"later": ["id"]}
    for name, key in keys.items():
        records = own_topic(f"{database}.{name}").records()
        assert {(record.db, record.table) for record in records if record.op != "DDL"} == {(database, name)}
        statements = [record for record in records if record.op == "DDL"]
        assert [record.statement.split()[0] for record in fold.without_repeats(statements)[0]] == ["CREATE"] + (["ALTER"] if name == "later" else [])
        partitions = {record.partition for record in records}
        assert len(partitions) == (3 if policy == "key" else 1)
        assert {record.partition for record in statements} == ({0} if policy != "table" else partitions)
        rows = [record for record in records if record.op != "DDL"]
        fold.assert_same(rows, source.rows(sql, database, name), key)
        if lab.is_real_kafka and delivery == "auto":
            fold.assert_once(records, {name: key})
    verify(task).assert_equal()


def test_rules_by_pattern_send_what_they_do_not_take_to_the_tasks_topic(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    for name in ("log_1", "log_2", "orders", "rest"):
        sql(f"CREATE TABLE {name} (id INT PRIMARY KEY)")
        sql(f"INSERT INTO {name} VALUES (1), (2)")
    topic, ddl = case.topic(lab), case.topic(lab, "-ddl")
    logs, renamed = case.topic(lab, "-logs"), case.topic(lab, "-o2")
    task = case.mysql_task(lab, database, topic, tables={"all": True, "tables": {"orders": "o2"}}, destination__ddl_topic=ddl.name,
                           destination__table_topics={f"{database}.log_*": logs.name, "*.o2": case.name + "-{table}"})
    task.catch_up()
    sql("INSERT INTO log_2 VALUES (3)")
    sql("DELETE FROM orders WHERE id = 1")
    task.catch_up()

    def rows(reader):
        return sorted((record.table, record.op) for record in reader.records())
    assert rows(logs) == [("log_1", "INIT")] * 2 + [("log_2", "INIT")] * 2 + [("log_2", "INSERT")]
    assert rows(renamed) == [("o2", "DELETE"), ("o2", "INIT"), ("o2", "INIT")]
    assert rows(topic) == [("rest", "INIT")] * 2
    assert {record.op for record in ddl.records()} == {"DDL"} and len(ddl.records()) == 4
    verify(task).assert_equal()
    done = subprocess.run([BIN / "tributary", "tail", task.file, "--from", "beginning", "--until", "end", "--json"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    assert len([line for line in seen if line.get("operation") != "DDL"]) == 10, seen
    # A difference is repaired in the table's own topic.
    sql("SET SESSION sql_log_bin = 0")
    sql("INSERT INTO log_1 VALUES (9)")
    sql("DELETE FROM rest WHERE id = 1")
    assert verify(task).kinds() == [("extra in topic", ("1",)), ("missing in topic", ("9",))]
    assert verify(task, "--repair").code == 0
    assert rows(logs)[0:3] == [("log_1", "INIT")] * 3 and rows(topic)[0] == ("rest", "DELETE")
    verify(task).assert_equal()


def test_a_tables_topic_that_is_missing_is_named_before_anything_is_sent(lab, case):
    if not lab.is_real_kafka:
        pytest.skip("the mock broker makes every topic, and real Kafka can't be had")
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY)")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, destination__table_topics=case.name + "-{table}")
    with task.start() as run:
        assert run.wait() == 4
        error = run.lines[-1]["error"]
        assert (error["code"], error["where"]) == ("destination.topic_missing", f"{case.name}-t"), error
    assert topic.records() == []
    case.topic(lab, "-t")
    task.catch_up()
    # One that turns up later stops the task the same way, and it goes on when the topic is there.
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("CREATE TABLE u (id INT PRIMARY KEY)")
        sql("INSERT INTO u VALUES (1)")
        assert run.wait() == 4
        error = run.lines[-1]["error"]
        assert error["code"] == "destination.topic_missing" and f"{case.name}-u" in error["where"], error
    late = case.topic(lab, "-u")
    task.catch_up()
    assert [record.op for record in late.records()] == ["DDL", "INSERT"]
    verify(task).assert_equal()


def test_another_number_of_partitions_of_a_tables_topic_stops_the_task(lab, case):
    if not lab.is_real_kafka:
        pytest.skip("the mock broker makes no partitions more, and real Kafka can't be had")
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY)")
    sql("INSERT INTO t VALUES (1), (2), (3)")
    topic, own = case.topic(lab), case.topic(lab, "-t", partitions=2)
    task = case.mysql_task(lab, database, topic, destination__table_topics=case.name + "-{table}", destination__partition_by="key")
    task.catch_up()
    grow(own, 3)
    with task.start() as run:
        assert run.wait() != 0
        error = run.lines[-1]["error"]
        assert error["code"] == "destination.partitions_changed" and "3, and 2 then" in error["what"] and error["where"] == own.name, error


def test_a_tables_topic_that_holds_its_records_already_is_a_conflict(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE one (id INT PRIMARY KEY)")
    sql("CREATE TABLE two (id INT PRIMARY KEY)")
    for name in ("one", "two"):
        sql(f"INSERT INTO {name} VALUES (1)")
    topic, one, two = case.topic(lab), case.topic(lab, "-one"), case.topic(lab, "-two")
    case.mysql_task(lab, database, two, tables=["two"]).catch_up()
    before = len(two.records())
    task = case.mysql_task(lab, database, topic, suffix="-b", destination__table_topics=case.name + "-{table}")
    with task.start() as run:
        assert run.wait() != 0
        error = run.lines[-1]["error"]
        assert (error["code"], error["what"], error["where"]) == ("destination.conflicting_tables", f"{database}.two", two.name), error
    assert one.records() == [] and len(two.records()) == before


@pytest.mark.parametrize("topics, told", [
    ("{schema}.{table}", "{schema}.{table}"), ("a b", "'a b'"), ({"shop.*": ""}, "table_topics.shop.*"), (["x"], "must be a topic like")])
def test_a_topic_that_can_not_be_is_refused_with_its_place(lab, case, topics, told):
    task = case.mysql_task(lab, "shop", None, destination__table_topics=topics)
    done = subprocess.run([BIN / "tributary", "run", task.file, "--check"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "destination.table_topics" in done.stderr and ".yaml:" in done.stderr, done.stderr
    assert told.strip("'") in done.stderr, done.stderr
