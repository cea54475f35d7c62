"""Servers and brokers that go away in mid-run: retried, told in the progress, and in the end nothing is missing."""

import random
import time

import pymysql

import fold
import source
from task import background, mysql_source, wait_for
from writers import Keyed, writer


def patient(connect, rows, rng):
    """A writer that goes on when its server comes back."""
    rng = random.Random(rng.randrange(2**32))

    def work(should_end):
        while not should_end():
            try:
                with connect() as sql:
                    while not should_end():
                        first = rng.randrange(2 * rows)
                        sql("UPDATE t SET ver = ver + 1 WHERE id BETWEEN %s AND %s", first, first + 10)
                        time.sleep(0.005)  # its pace: thousands of changes, not hundreds of thousands to decode
            except pymysql.err.Error:  # the server is down, as it is meant to be
                pass
    return work


def shards(lab):
    storage = lab.storage[0]
    return {"engine": "mysql-shards", "user": storage["user"], "password": storage["password"],
            "shards": [{"host": one["host"], "port": one["port"]} for one in lab.storage]}


def make_shards(lab, case, rows):
    name = case.name
    for number in range(2):
        database = case.database(lab, number)
        with lab.sql(number, database) as sql:
            sql("CREATE TABLE t (id INT PRIMARY KEY, ver INT NOT NULL, pad VARCHAR(200))")
            sql(f"INSERT INTO t SELECT seq * 2 + {number}, 0, REPEAT('x', 100) FROM seq_1_to_{rows}")
    return name


def check(lab, name, topic):
    rows = []
    for number in range(2):
        with lab.sql(number) as sql:
            rows += source.rows(sql, name, "t")
    records = fold.of_table(topic.records(), name, "t")
    fold.assert_same(records, rows, ["id"])
    return records


def test_a_server_killed_in_mid_snapshot_and_in_mid_stream_is_retried_and_told_and_nothing_is_missing(own_lab, case, seeded):
    lab = own_lab(front=False, options=["sync-binlog=1", "innodb-flush-log-at-trx-commit=1"])
    name = make_shards(lab, case, 30000)
    topic = case.topic(lab)
    task = case.task(lab, {**shards(lab), "databases": {name: {}}}, {name: "all"}, topic, tuning__chunk_rows=200)
    workers = [patient(lambda number=number: lab.sql(number, name), 30000, seeded) for number in range(2)]
    with background(*workers) as ending:
        with task.start() as run:
            topic.wait_for_messages(3000)
            lab.server("stop", 1, "--kill")
            line = run.wait_until(lambda line: any(instance.get("problem") for instance in line["instances"]))
            told = next(instance for instance in line["instances"] if instance.get("problem"))
            assert str(lab.storage[1]["port"]) in told["address"] and told["attempts"] >= 1
            assert "source." in told["problem"] and told["phase"] in ("retrying", "starting")
            lab.server("start", 1)
            run.wait_until(lambda line: line["snapshot_done"], timeout=90)
            run.wait_until(lambda line: line["caught_up"])
            lab.server("stop", 0, "--kill")
            run.wait_until(lambda line: any(instance.get("problem") for instance in line["instances"]))
            lab.server("start", 0)
            run.wait_until(lambda line: line["instances"] and not any(instance.get("problem") for instance in line["instances"]))
            ending.set()
            run.stop()
    task.catch_up()
    records = check(lab, name, topic)
    assert any(record.op == "UPDATE" for record in records)


def test_a_broker_stopped_in_mid_run_is_told_and_the_run_goes_on_by_itself(own_lab, case, seeded):
    lab = own_lab(front=False)
    name = make_shards(lab, case, 30000)
    topic = case.topic(lab)
    task = case.task(lab, {**shards(lab), "databases": {name: {}}}, {name: "all"}, topic, tuning__chunk_rows=200, tuning__buffer_mb=8)
    workers = [patient(lambda number=number: lab.sql(number, name), 30000, seeded) for number in range(2)]
    with background(*workers) as ending:
        with task.start() as run:
            topic.wait_for_messages(2000)
            lab.broker("stop", "--kill")
            line = run.wait_until(lambda line: line.get("destination_problem"), timeout=90)
            assert "destination." in line["destination_problem"]
            lab.broker("start")
            run.wait_until(lambda line: line["caught_up"] and not line.get("destination_problem"), timeout=90)
            ending.set()
            run.stop()
    task.catch_up()
    check(lab, name, topic)


def test_a_server_that_is_away_at_a_restart_is_told_and_waited_for(own_lab, case):
    lab = own_lab(instances=1, front=False, kafka="mock")
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY)")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic)
    task.catch_up()
    lab.server("stop", 0)
    with task.start("--until", "caught-up") as run:
        run.wait_until(lambda line: line["phase"] == "retrying" and "source.unreachable" in str(line))
        lab.server("start", 0)
        with lab.sql(0, database) as again:
            again("INSERT INTO t VALUES (7)")
        run.finish()
    task.catch_up()
    assert [record.after["id"] for record in topic.records() if record.op == "INSERT"] == [7]


def test_the_threads_of_the_servers_that_read_for_a_task_are_gone_when_it_has_ended(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY)")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic)
    user = lab.storage[0]["user"]
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        assert sql("SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = %s AND COMMAND = 'Binlog Dump'", user)
        run.stop()
    wait_for(lambda: not sql("SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = %s", user), what="the end of all connections")


def test_another_reader_with_the_same_server_id_is_told_or_both_arrive_whole(lab, case, seeded):
    """Two tasks that happen to use one replica id throw each other out at the server: it must not pass for an end of the log."""
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    table = Keyed(sql, "plain", 200, seeded)
    first_topic, second_topic = case.topic(lab), case.topic(lab, "-2")
    tasks = [case.task(lab, {**mysql_source(lab.storage[0]), "server_id": 424242}, {database: "all"}, topic, suffix=suffix)
             for topic, suffix in ((first_topic, ""), (second_topic, "-2"))]
    with background(writer(lambda: lab.sql(0, database), [table], 1, 0, 1)) as ending:
        with tasks[0].start() as first:
            first.wait_until(lambda line: line["caught_up"])
            with tasks[1].start() as second:
                said = wait_for(lambda: [line for run in (first, second) for line in run.lines
                                         if "source." in json_text(line)], what="a word about the clash")
                assert said
                second.kill()
            ending.set()
            first.kill()
    for task in tasks:
        task.catch_up()
    rows = source.rows(sql, database, "plain")
    for topic in (first_topic, second_topic):
        fold.assert_same(fold.of_table(topic.records(), database, "plain"), rows, table.key)


def json_text(line):
    return str(line.get("error", "")) + str([instance.get("problem", "") for instance in line["instances"]])
