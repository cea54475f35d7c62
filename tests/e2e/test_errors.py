"""Every mistake of the user has one clear message: code, place, remedy. Nothing is half-written."""

import json
import re
import subprocess

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

import fold
import source
from servers import BIN
from topic import Topic

TROUBLE = re.compile(r"terminate called|what\(\)|std::|0x[0-9a-f]{6,}|Assertion|Segmentation|core dumped|\.cc:\d|\bnull\b|%[sd]|\{\}")


@pytest.fixture
def ready(lab, case):
    database = case.database(lab)
    with lab.sql(0, database) as sql:
        sql("CREATE TABLE t (id INT PRIMARY KEY)")
        sql("INSERT INTO t VALUES (1), (2)")
    return database, case.topic(lab)


def refused(task, exit_code, code, *words, secrets=()):
    """Runs the task twice at once, for a person and for a machine, and checks what each is told."""
    command = [BIN / "tributary", "run", task.file, "--until", "caught-up"]
    told = [subprocess.Popen([*command, *more], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for more in ([], ["--json"])]
    try:
        (person_out, person_err), (machine_out, machine_err) = [process.communicate(timeout=90) for process in told]
    finally:
        for process in told:
            process.kill()
            process.wait()
    everything = person_out + person_err + machine_out + machine_err
    assert [process.returncode for process in told] == [exit_code] * 2, everything
    errors = [json.loads(line)["error"] for line in machine_out.splitlines() if '"error"' in line]
    assert len(errors) == 1, everything
    assert errors[0]["code"] == code, everything
    assert errors[0]["remedy"]
    messages = [line for line in person_err.splitlines() if line.startswith("tributary: ")]
    assert len(messages) == 1 and messages[0].startswith(f"tributary: [{code}] "), everything
    assert person_err.splitlines()[-1] == f"  what to do: {errors[0]['remedy']}"
    assert len(person_err.splitlines()) == 2 and machine_err == "", everything
    for word in words:
        assert word in messages[0] and word in json.dumps(errors[0]), f"{word} is not named: {messages[0]}"
    assert not TROUBLE.search(everything), everything
    for secret in secrets:
        assert secret not in everything
    assert not task.state.exists(), f"a state folder is left: {list(task.state.rglob('*'))}"
    return errors[0]


def test_a_wrong_password_of_the_source(lab, case, ready):
    database, topic = ready
    task = case.mysql_task(lab, database, topic, source__password="certainly-not-it")
    refused(task, 3, "source.access_denied", "repl", secrets=["certainly-not-it"])
    assert topic.count == 0


def test_a_wrong_user_of_the_front_and_of_the_storage(lab, case):
    topic = case.topic(lab)
    task = case.drds_task(lab, topic, source__user="nobody")
    refused(task, 3, "source.access_denied", "nobody")
    front = lab.front_sql()
    front(f"CREATE TABLE {case.name} (id INT PRIMARY KEY) dbpartition by hash(id)")
    try:
        task = case.drds_task(lab, topic, source__storage={"user": "repl", "password": "certainly-not-it"})
        refused(task, 3, "source.access_denied", "repl", secrets=["certainly-not-it"])
    finally:
        front(f"DROP TABLE {case.name}")
        front.close()
    assert topic.count == 0


def test_a_wrong_host(lab, case, ready):
    database, topic = ready
    task = case.mysql_task(lab, database, topic, source__host="no-such-host.invalid")
    refused(task, 3, "source.unknown_host", "no-such-host.invalid")


def test_a_wrong_port(lab, case, ready):
    database, topic = ready
    task = case.mysql_task(lab, database, topic, source__port=1)
    refused(task, 3, "source.unreachable", "127.0.0.1:1")


def test_a_front_that_is_a_plain_server(lab, case, ready):
    database, topic = ready
    storage = lab.storage[0]
    task = case.drds_task(lab, topic, source__port=storage["port"], source__user=storage["user"], source__password=storage["password"])
    refused(task, 3, "source.not_polardbx10", str(storage["port"]))


def test_a_missing_database(lab, case, ready):
    _, topic = ready
    task = case.mysql_task(lab, "no_such_database", topic)
    refused(task, 3, "source.database_missing", "no_such_database")
    task = case.drds_task(lab, topic)
    task.change(objects={"no_such_database": "all"})
    refused(task, 3, "source.database_missing", "no_such_database")
    assert topic.count == 0


def test_a_missing_table(lab, case, ready):
    database, topic = ready
    task = case.mysql_task(lab, database, topic, tables=["t", "no_such_table"])
    refused(task, 3, "source.table_missing", "no_such_table")
    assert topic.count == 0


def test_a_missing_topic(lab, case, ready):
    if not lab.is_real_kafka:
        pytest.skip("the mock broker makes every topic; real Kafka can't be had here")
    database, topic = ready
    task = case.mysql_task(lab, database, topic, destination__topic=f"{case.name}-missing")
    refused(task, 4, "destination.topic_missing", f"{case.name}-missing")
    task.change(destination__topic=topic.name, destination__ddl_topic=f"{case.name}-missing-ddl")
    refused(task, 4, "destination.topic_missing", f"{case.name}-missing-ddl")
    there = AdminClient({"bootstrap.servers": lab.brokers}).list_topics(timeout=20).topics
    assert not [name for name in there if name.startswith(f"{case.name}-missing")]
    assert topic.count == 0


def test_a_broker_that_is_not_there(lab, case, ready):
    database, topic = ready
    task = case.mysql_task(lab, database, topic, destination__brokers="127.0.0.1:1")
    refused(task, 4, "destination.unreachable", "127.0.0.1:1")


def test_a_broker_address_that_is_a_database(lab, case, ready):
    database, topic = ready
    address = f"127.0.0.1:{lab.storage[0]['port']}"
    task = case.mysql_task(lab, database, topic, destination__brokers=address)
    refused(task, 4, "destination.unreachable", address)


@pytest.mark.parametrize("security", ["scram-sha-256", "plain"])
def test_a_wrong_password_of_the_broker(lab, case, ready, security):
    if not lab.is_real_kafka:
        pytest.skip("the mock broker knows no passwords; real Kafka can't be had here")
    database, topic = ready
    kafka = lab.info["kafka"]
    task = case.mysql_task(lab, database, topic, destination__brokers=kafka["sasl_brokers"], destination__security=security,
                           destination__username=kafka["username"], destination__password="certainly-not-it")
    refused(task, 4, "destination.access_denied", secrets=["certainly-not-it"])
    task.change(destination__password=kafka["password"])
    task.catch_up()
    assert [record.op for record in topic.records()] == ["DDL", "INIT", "INIT"]


def test_binary_logging_that_is_off(own_lab, lab, case):
    plain = own_lab(instances=1, front=False, kafka="none", options=["skip-log-bin"])
    database = case.database(plain)
    with plain.sql(0, database) as sql:
        sql("CREATE TABLE t (id INT PRIMARY KEY)")
    topic = case.topic(lab)
    storage = plain.storage[0]
    task = case.mysql_task(lab, database, topic, source__port=storage["port"])
    refused(task, 3, "source.binlog_off", str(storage["port"]))
    assert topic.count == 0


def test_a_database_that_is_kept_out_of_the_binlog(own_lab, lab, case):
    filtered = own_lab(instances=1, front=False, kafka="none", options=[f"binlog-ignore-db={case.name}"])
    database = case.database(filtered)
    with filtered.sql(0, database) as sql:
        sql("CREATE TABLE t (id INT PRIMARY KEY)")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, source__port=filtered.storage[0]["port"])
    refused(task, 3, "source.binlog_filtered", database)
    assert topic.count == 0


@pytest.mark.parametrize("variable, value, code", [("binlog_row_image", "MINIMAL", "source.row_image"), ("binlog_row_image", "NOBLOB", "source.row_image"),
                                                   ("binlog_format", "STATEMENT", "source.binlog_format"), ("binlog_format", "MIXED", "source.binlog_format")])
def test_a_binlog_of_another_kind(lab, case, ready, variable, value, code):
    database, topic = ready
    with lab.sql(0) as sql:
        before = sql.one(f"SELECT @@global.{variable}")
        sql(f"SET GLOBAL {variable} = '{value}'")
        try:
            refused(case.mysql_task(lab, database, topic), 3, code, value)
        finally:
            sql(f"SET GLOBAL {variable} = '{before}'")
    assert topic.count == 0


def test_a_user_who_may_not_read_the_binlog(lab, case, ready):
    database, topic = ready
    with lab.sql(0) as sql:
        sql(f"CREATE USER '{case.name}'@'%' IDENTIFIED BY 'only-select'")
        sql(f"GRANT SELECT ON *.* TO '{case.name}'@'%'")
        try:
            task = case.mysql_task(lab, database, topic, source__user=case.name, source__password="only-select")
            refused(task, 3, "source.privilege", secrets=["only-select"])
        finally:
            sql(f"DROP USER '{case.name}'@'%'")
    assert topic.count == 0


GOOD = """name: shop
source:
  engine: mysql
  host: 127.0.0.1
  port: 3306
  user: app
  password: secret-word
destination:
  engine: kafka
  brokers: 127.0.0.1:9092
  topic: shop
migration: [schema, full, incremental]
objects: {shop: all}
state_dir: ./state
"""


@pytest.mark.parametrize("old, new, code, place", [
    ("  topic: shop", "  topik: shop", "task.unknown_key", ":11:3"),
    ("migration:", "migrations:", "task.unknown_key", ":12:1"),
    ("  port: 3306", "  port: 33o6", "task.bad_value", ":5:9"),
    ("  port: 3306", "  port: 70000", "task.bad_value", ":5:9"),
    ("  engine: mysql", "  engine: mysqll", "task.bad_value", ":3:11"),
    ("[schema, full, incremental]", "[schema, fulll]", "task.bad_value", ":12:"),
    ("  user: app\n", "", "task.missing_key", ":"),
    ("objects: {shop: all}\n", "", "task.missing_key", ":"),
    ("  host: 127.0.0.1", "   host: 127.0.0.1", "task.syntax", ":"),
    ("{shop: all}", "{shop: all", "task.syntax", ":"),
    ("  password: secret-word", "  password_env: TRIBUTARY_NO_SUCH_VARIABLE", "task.secret_missing", ":7:"),
    ("  password: secret-word", "  password_file: no/such/file", "task.secret_missing", ":7:"),
    ("  password: secret-word", "  password: secret-word\n  password: secret-word", "task.bad_value", ":8:3"),
])
def test_a_slip_in_the_task_file_is_named_with_line_and_column(case, tmp_path, old, new, code, place):
    assert old in GOOD

    class File:
        file = tmp_path / "task.yaml"
        state = tmp_path / "state"
    File.file.write_text(GOOD.replace(old, new))
    refused(File, 2, code, f"task.yaml{place}", secrets=["secret-word"])


def test_a_task_file_that_is_not_there(tmp_path):
    class File:
        file = tmp_path / "missing.yaml"
        state = tmp_path / "state"
    refused(File, 2, "task.file_unreadable", "missing.yaml")


@pytest.mark.parametrize("delivery", ["exactly_once", "at_least_once"])
def test_a_record_that_the_topic_is_too_small_for_goes_to_the_dead_letter_topic_by_choice_and_is_counted(lab, case, delivery):
    if not lab.is_real_kafka:
        pytest.skip("the mock broker takes records of any size; real Kafka can't be had here")
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY, pad LONGTEXT)")
    large = "INSERT INTO t SELECT %s, GROUP_CONCAT(SHA2(seq, 512) SEPARATOR '') FROM seq_1_to_7000"
    sql("SET SESSION group_concat_max_len = 100000000")
    sql("INSERT INTO t VALUES (1, 'small')")
    sql(large, 2)
    topic = case.topic(lab, max_message_bytes=100000)
    dead = topic.name + "-dead"
    task = case.mysql_task(lab, database, topic, destination__delivery=delivery, destination__dead_letter_topic=dead, destination__create_topics=True)
    assert task.catch_up()["dead_letters"] == 1
    sql("INSERT INTO t VALUES (3, 'before')")
    sql(large, 4)
    sql("INSERT INTO t SELECT 5, REPEAT('x', 12000000)")  # more than max_record_bytes
    sql("UPDATE t SET pad = 'after' WHERE id = 4")
    sql("UPDATE t SET pad = 'after' WHERE id = 1")
    assert task.catch_up()["dead_letters"] == 3  # an UPDATE has the former row, too
    told = fold.of_table(topic.records(), database, "t")
    letters = Topic(lab.brokers, dead, forgets=False)
    put_aside = fold.of_table(letters.records(), database, "t")
    letters.close()
    assert [(record.op, (record.after or record.before)["id"]) for record in told] == [("INIT", 1), ("INSERT", 3), ("UPDATE", 1)]
    assert [(record.op, record.after["id"]) for record in put_aside] == [("INIT", 2), ("INSERT", 4), ("INSERT", 5), ("UPDATE", 4)]
    rows = {row["id"]: row for row in source.rows(sql, database, "t")}
    assert put_aside[0].after == rows[2] and put_aside[2].after == rows[5] and put_aside[3].after == rows[4]


def test_a_record_that_the_topic_is_too_small_for_stops_the_task_and_loses_nothing(lab, case):
    if not lab.is_real_kafka:
        pytest.skip("the mock broker takes records of any size; real Kafka can't be had here")
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY, pad LONGTEXT)")
    sql("INSERT INTO t VALUES (1, 'small')")
    topic = case.topic(lab, max_message_bytes=100000)
    task = case.mysql_task(lab, database, topic)
    task.catch_up()
    sql("INSERT INTO t VALUES (2, 'before')")
    sql("INSERT INTO t SELECT 3, GROUP_CONCAT(SHA2(seq, 512) SEPARATOR '') FROM seq_1_to_7000")
    sql("UPDATE t SET pad = 'after' WHERE id = 1")
    with task.start("--until", "caught-up") as run:
        assert run.wait() == 4, run.story()
    assert run.lines[-1]["error"]["code"] == "destination.record_too_large"
    ids = [record.after["id"] for record in topic.records() if record.op != "DDL"]
    assert 3 not in ids
    admin = AdminClient({"bootstrap.servers": lab.brokers})
    wider = ConfigResource(ConfigResource.Type.TOPIC, topic.name, incremental_configs=[
        ConfigEntry("max.message.bytes", "10000000", incremental_operation=AlterConfigOpType.SET)])
    for done in admin.incremental_alter_configs([wider]).values():
        done.result(20)
    task.catch_up()
    fold.assert_same(fold.of_table(topic.records(), database, "t"), source.rows(sql, database, "t"), ["id"])
