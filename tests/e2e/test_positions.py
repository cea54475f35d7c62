"""Positions by GTID and by file, on one server and when another takes its place, and who reads with which server id."""

import pytest

import fold
from pair import Proxy
from task import background, wait_for
from test_failover import failure


@pytest.fixture
def new_mysql(own_lab):
    return own_lab(server="mysql-9.7", instances=1, front=False)


def table(lab, case, instance=0):
    database = case.database(lab, instance)
    sql = case.sql(lab, instance, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY)")
    return database, sql


def inserted(topic):
    return [record.after["id"] for record in topic.records() if record.op == "INSERT"]


def through(proxy, lab):
    storage = lab.storage[0]
    return {"engine": "mysql", "host": "127.0.0.1", "port": proxy.port, "user": storage["user"], "password": storage["password"]}


def test_while_gtid_mode_is_being_changed_it_goes_on_by_file_on_the_same_server(new_mysql, case):
    database, sql = table(new_mysql, case)
    topic = case.topic(new_mysql)
    task = case.mysql_task(new_mysql, database, topic)
    task.catch_up()
    number = 0
    for mode in ("ON_PERMISSIVE", "OFF_PERMISSIVE", "OFF", "OFF_PERMISSIVE", "ON_PERMISSIVE", "ON"):
        sql(f"SET GLOBAL gtid_mode = {mode}")
        number += 1
        sql("INSERT INTO t VALUES (%s)", number)
        task.catch_up()
    story = task.file.with_suffix(".stderr").read_text()
    assert "gtid_mode = ON_PERMISSIVE there: it goes on by file and offset" in story, story
    sql("FLUSH BINARY LOGS")  # from the head of a file on the set is known again
    sql("INSERT INTO t VALUES (%s)", number + 1)
    task.catch_up()
    sql("INSERT INTO t VALUES (%s)", number + 2)
    task.catch_up()
    assert inserted(topic) == list(range(1, number + 3))


@pytest.mark.parametrize("kind", ["mysql-9.7", "mysql-5.6"])
def test_by_file_and_offset_another_server_at_the_address_is_refused(kind, own_lab, case):
    options = ["gtid-mode=OFF", "enforce-gtid-consistency=OFF"]
    lab = own_lab(server=kind, instances=2, front=False, options=options)
    database, sql = table(lab, case)
    with lab.sql(1) as other:
        other(f"CREATE DATABASE `{database}`")
        other(f"CREATE TABLE `{database}`.t (id INT PRIMARY KEY)")
    topic = case.topic(lab)
    with Proxy() as proxy:
        proxy.lead_to(lab.storage[0])
        task = case.task(lab, through(proxy, lab), {database: "all"}, topic)
        task.catch_up()
        proxy.lead_to(lab.storage[1])
        with lab.sql(1) as other:
            uuid = other.one("SELECT @@server_uuid")
        failure(task, "source.server_changed", uuid, sql.one("SELECT @@server_uuid"))
        proxy.lead_to(lab.storage[0])
        sql("INSERT INTO t VALUES (1)")
        task.catch_up()
        assert inserted(topic) == [1]


def test_another_server_without_gtids_can_t_take_over(own_lab, case):
    lab = own_lab(server="mysql-9.7", instances=2, front=False)
    database, _ = table(lab, case)
    with lab.sql(1) as other:
        other(f"CREATE DATABASE `{database}`")
        other(f"CREATE TABLE `{database}`.t (id INT PRIMARY KEY)")
        other("SET GLOBAL gtid_mode = ON_PERMISSIVE")
    with Proxy() as proxy:
        proxy.lead_to(lab.storage[0])
        task = case.task(lab, through(proxy, lab), {database: "all"}, case.topic(lab))
        task.catch_up()
        proxy.lead_to(lab.storage[1])
        failure(task, "source.gtid_mode", "ON_PERMISSIVE")


@pytest.mark.parametrize("kind", ["mysql-9.7", "mariadb-10.11"])
def test_a_binlog_that_was_reset_is_no_binlog_to_go_on_in(kind, own_lab, case):
    lab = own_lab(server=kind, instances=1, front=False)
    database, sql = table(lab, case)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, heartbeat={"enabled": False})
    task.catch_up()
    sql("INSERT INTO t VALUES (1)")
    task.catch_up()
    sql("RESET BINARY LOGS AND GTIDS" if kind == "mysql-9.7" else "RESET MASTER")
    failure(task, "source.server_diverged")


def test_a_gtid_start_goes_back_to_the_xa_transactions_prepared_before_it(own_lab, case):
    for kind in ("mysql-9.7", "mariadb-10.11"):
        lab = own_lab(server=kind, instances=1, front=False)
        database = case.database(lab, suffix=kind[:2])
        sql, other = case.sql(lab, 0, database), case.sql(lab, 0, database)
        sql("CREATE TABLE t (id INT PRIMARY KEY)")
        name = f"{case.name}-{kind[:2]}"
        for statement in (f"XA START '{name}'", "INSERT INTO t VALUES (1)", f"XA END '{name}'", f"XA PREPARE '{name}'"):
            other(statement)
        sql("FLUSH BINARY LOGS")
        sql("INSERT INTO t VALUES (2)")
        start = sql.one(f"SELECT @@global.{'gtid_binlog_pos' if kind.startswith('maria') else 'gtid_executed'}").replace("\n", "")
        sql("INSERT INTO t VALUES (3)")
        topic = case.topic(lab, suffix=kind[:2])
        storage = lab.storage[0]
        task = case.mysql_task(lab, database, topic, suffix=kind[:2], migration=["incremental"],
                               start={"position": {f"{storage['host']}:{storage['port']}": {"gtid": start}}})
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            other(f"XA COMMIT '{name}'")
            wait_for(lambda: len(topic.records()) == 2, 60, "the XA transaction")
            run.stop()
        task.catch_up()
        assert inserted(topic) == [3, 1]


def test_a_server_id_that_another_reader_has_is_told(own_lab, case):
    lab = own_lab(server="mariadb-10.11", instances=1, front=False)
    database, sql = table(lab, case)
    one = case.mysql_task(lab, database, case.topic(lab), source__server_id=4711)
    two = case.mysql_task(lab, database, case.topic(lab, suffix="b"), suffix="b", source__server_id=4711)
    with one.start() as first:
        first.wait_until(lambda line: line["caught_up"])
        with two.start() as second:
            assert first.wait() == 3, first.story()
            error = first.lines[-1]["error"]
            assert error["code"] == "source.server_id_clash" and "server_id" in error["remedy"], error
            second.wait_until(lambda line: line["caught_up"])
            second.stop()
    one.change(source__server_id=int(sql.one("SELECT @@server_id")))
    failure(one, "source.server_id_clash", "the server itself")


@pytest.mark.parametrize("kind", ["mysql-9.7", "mariadb-10.11"])
def test_an_id_of_our_own_making_is_given_up_for_another_one(kind, own_lab, case, tmp_path):
    lab = own_lab(server=kind, instances=1, front=False)
    database, sql = table(lab, case)
    topics = [case.topic(lab), case.topic(lab, suffix="b")]
    one = case.mysql_task(lab, database, topics[0])
    # The same task by all that ids are made from, with a state of its own; two hosts may well do that.
    two = case.mysql_task(lab, database, topics[0], suffix="b")
    two.change(name=one.definition["name"], destination__delivery="at_least_once")  # else one would fence the other
    one.change(destination__delivery="at_least_once")
    with one.start() as first:
        first.wait_until(lambda line: line["caught_up"])
        with two.start() as second:
            second.wait_until(lambda line: line["caught_up"])
            first.wait_until(lambda line: "source.server_id_clash" in first.errors.read_text())
            sql("INSERT INTO t VALUES (1)")
            wait_for(lambda: inserted(topics[0]) == [1, 1], 60, "the change from both")
            second.stop()
        first.stop()
