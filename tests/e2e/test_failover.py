"""Failover: two servers that replicate by GTID, the primary killed, the replica promoted. The task goes on by itself, no
change is lost, none comes out of order. A change that comes again after a failover is the same change of the same row
(id and images); its position is a place in the new server's files.
"""

import json
import signal
import threading

import pymysql
import pytest

import fold
import source
from pair import Pair, Proxy
from task import background, wait_for
from writers import Keyed, writer

KINDS = ["mariadb-10.11", "mysql-9.7", "mysql-5.6"]
SHAPES = ["plain", "composite", "folded"]
WRITERS = 3


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def pair(kind, binaries):
    from servers import LabUnavailable
    made = Pair(kind)
    try:
        made.__enter__()
    except LabUnavailable as reason:
        pytest.skip(f"{kind} can't be had here: {reason}")
    yield made
    made.__exit__()


@pytest.fixture
def in_pair(pair, case):
    """A database on both, its tables, the topic."""
    database = case.name
    with pair.sql() as sql:
        sql(f"CREATE DATABASE `{database}` CHARACTER SET utf8mb4")
    return database


def keep_writing(pair, database, rows, begin=1):
    """One writer whose order is plain to see: each row's `ver` rises by one with each update, whichever server it is on.
    Those under way when the server dies are not committed: that a replica lacks a commit is another test."""

    def work(should_end):
        n = begin
        while not should_end():
            primary = pair.primary
            try:
                with pair.sql(primary, database, read_timeout=10) as sql:
                    while not should_end() and pair.primary == primary:
                        n += 1
                        sql("BEGIN")
                        sql("UPDATE plain SET ver = ver + 1, pad = %s WHERE id = %s", f"v{n}", n % rows)
                        sql("UPDATE plain SET ver = ver + 1, pad = %s WHERE id = %s", f"v{n}", (n * 7 + 1) % rows)
                        if n % 5 == 0:
                            sql("DELETE FROM plain WHERE id = %s", 1000000 + n % 50)
                            sql("INSERT INTO plain (id, ver, pad) VALUES (%s, %s, 'again')", 1000000 + n % 50, n)
                        with pair.commits:
                            sql("COMMIT" if pair.primary == primary else "ROLLBACK")
            except (pymysql.err.OperationalError, pymysql.err.InterfaceError, pymysql.err.InternalError, OSError):
                # Killed, or read-only now: the next primary is waited for.
                while not should_end() and pair.primary == primary:
                    threading.Event().wait(0.02)
    return work


def without_repeats_of_failover(records):
    """As fold.without_repeats, but a repeated change may name another place and another thread: its server differs."""
    seen, first, repeats = {}, [], 0
    for record in records:
        if record.op not in ("INSERT", "UPDATE", "DELETE"):
            first.append(record)
            continue
        mark = (record.tags.get("server_id"), record.id, record.op, str(record.raw["beforeImages"]), str(record.raw["afterImages"]))
        if mark in seen:
            repeats += 1
            continue
        seen[mark] = record
        first.append(record)
    return first, repeats


def check(topic, pair, database, table):
    records = fold.of_table(topic.records(), database, table.name)
    first, repeats = without_repeats_of_failover(records)
    replay = fold.Replay(first, table.key)
    assert not replay.errors, f"{len(replay.errors)} errors of order:\n" + "\n".join(replay.errors[:8])
    with pair.sql(database=database) as sql:
        rows = source.rows(sql, database, table.name)
    wrong = fold.difference(fold.by_key(rows, table.key), replay.present())
    assert not wrong, wrong
    fold.assert_versions_rise(first, table.key, "ver")
    changes = sum(record.op in ("INSERT", "UPDATE", "DELETE") for record in first)
    print(f"{len(records)} records, {changes} changes, {repeats} repeated")
    return records


def kill_and_promote(pair):
    with pair.commits:
        pair.wait_for_replica()
        pair.kill_primary()
        pair.promote()


def fail_over(pair, topic, run, records=40):
    """Kills the primary under writers, promotes the replica, and waits until the task is there and has carried what is new."""
    def takeovers():
        return run.errors.read_text(errors="replace").count("takes over from")
    before = takeovers()
    kill_and_promote(pair)
    # A former primary that came back before, to be written for a moment, could be gone on with.
    wait_for(lambda: takeovers() > before, 90, "the task to go over")
    topic.wait_for_messages(topic.count + records, 90)
    assert run.process.poll() is None, run.story()


def test_the_primary_is_killed_and_the_task_goes_on_at_the_promoted_replica_and_back(pair, case, seeded, in_pair):
    with pair.sql(database=in_pair) as sql:
        table = Keyed(sql, "plain", 200, seeded)
    topic = case.topic(pair.lab)
    task = case.task(pair.lab, pair.source(), {in_pair: "all"}, topic)
    with background(keep_writing(pair, in_pair, 200)) as ending:
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            fail_over(pair, topic, run)
            pair.rebuild_old()
            fail_over(pair, topic, run)
            ending.set()
            run.stop()
    assert "takes over from" in run.story()
    task.catch_up()
    check(topic, pair, in_pair, table)


def test_the_primary_is_killed_in_mid_snapshot_and_the_replica_s_rows_complete_it(pair, case, seeded, in_pair):
    with pair.sql(database=in_pair) as sql:
        table = Keyed(sql, "plain", 60000, seeded, pad=200)
    topic = case.topic(pair.lab)
    task = case.task(pair.lab, pair.source(), {in_pair: "all"}, topic, tuning__chunk_rows=100, tuning__snapshot_parallelism=1,
                     destination__commit={"load_ms": 50})
    with background(keep_writing(pair, in_pair, 200)) as ending:
        with task.start() as run:
            topic.wait_for_messages(600)
            run.process.send_signal(signal.SIGSTOP)  # the replica takes longer than the snapshot would
            kill_and_promote(pair)
            was_running = not any(line["snapshot_done"] for line in run.lines)
            run.process.send_signal(signal.SIGCONT)
            run.wait_until(lambda line: line["caught_up"], 120)
            ending.set()
            run.stop()
    assert was_running, "the snapshot was over before the primary was killed"
    task.catch_up()
    records = check(topic, pair, in_pair, table)
    keys = [record.key for record in records if record.op == "INIT"]
    print(f"{len(keys) - len(set(keys))} rows of the snapshot came twice")


def test_the_task_is_started_after_a_failover_and_the_former_primary_gone(pair, case, seeded, in_pair):
    with pair.sql(database=in_pair) as sql:
        table = Keyed(sql, "plain", 200, seeded)
    topic = case.topic(pair.lab)
    task = case.task(pair.lab, pair.source(), {in_pair: "all"}, topic)
    task.catch_up()
    with pair.sql(database=in_pair) as sql:
        sql("UPDATE plain SET ver = ver + 1")
    pair.wait_for_replica()
    pair.kill_primary()
    pair.promote()
    with pair.sql(database=in_pair) as sql:
        sql("UPDATE plain SET ver = ver + 1")
    task.catch_up()
    records = check(topic, pair, in_pair, table)
    assert sum(record.op == "UPDATE" for record in records) == 400
    ids = [record.id for record in records if record.op == "UPDATE"]
    assert ids == sorted(set(ids)), "ids go on where they were"


def test_one_address_leads_to_another_server_now_and_the_task_finds_its_place_there(pair, case, seeded, in_pair):
    with pair.sql(database=in_pair) as sql:
        table = Keyed(sql, "plain", 200, seeded)
    topic = case.topic(pair.lab)
    with Proxy() as proxy:
        proxy.lead_to(pair.lab.storage[0])
        task = case.task(pair.lab, through(proxy, pair), {in_pair: "all"}, topic)
        with background(keep_writing(pair, in_pair, 200)) as ending:
            with task.start() as run:
                run.wait_until(lambda line: line["caught_up"])
                # A planned switch: the former primary lives on as a replica, and so do connections to it.
                with pair.commits:
                    with pair.sql() as sql:
                        sql("SET GLOBAL read_only = ON")
                    pair.wait_for_replica()
                    proxy.lead_to(pair.lab.storage[1], cut=False)
                    pair.promote()
                run.wait_until(lambda line: "takes over from" in run.errors.read_text(), 60)
                topic.wait_for_messages(topic.count + 40, 60)
                ending.set()
                run.stop()
        task.catch_up()
        check(topic, pair, in_pair, table)


def failure(task, code, *words):
    with task.start("--until", "caught-up") as run:
        assert run.wait() == 3, run.story()
    error = run.lines[-1]["error"]
    assert error["code"] == code, error
    for word in words:
        assert word in json.dumps(error), error
    return json.dumps(error)


def stop_replicating(pair):
    with pair.sql(1 - pair.primary) as sql:
        sql("STOP REPLICA" if pair.is_new_mysql else "STOP SLAVE")


def through(proxy, pair):
    storage = pair.lab.storage[0]
    return {"engine": "mysql", "host": "127.0.0.1", "port": proxy.port, "user": storage["user"], "password": storage["password"]}


def test_a_server_that_lacks_what_was_carried_is_refused_and_the_transactions_are_named(pair, case, in_pair):
    with pair.sql(database=in_pair) as sql:
        sql("CREATE TABLE t (id INT PRIMARY KEY)")
    topic = case.topic(pair.lab)
    with Proxy() as proxy:
        proxy.lead_to(pair.lab.storage[0])
        task = case.task(pair.lab, through(proxy, pair), {in_pair: "all"}, topic, heartbeat={"enabled": False})
        task.catch_up()
        pair.wait_for_replica()
        stop_replicating(pair)
        with pair.sql(database=in_pair) as sql:
            before = sql.one("SELECT @@global.gtid_executed") if not pair.is_mariadb else ""
            sql("INSERT INTO t VALUES (1)")
            if pair.is_mariadb:
                lost = pair.gtids()
            else:
                lost = sql.one("SELECT GTID_SUBTRACT(@@global.gtid_executed, %s)", before)
        task.catch_up()
        pair.promote()
        proxy.lead_to(pair.lab.storage[1])
        failure(task, "source.server_diverged", lost)


def test_of_two_writable_servers_the_one_that_was_read_is_kept(pair, case, in_pair):
    with pair.sql(database=in_pair) as sql:
        sql("CREATE TABLE t (id INT PRIMARY KEY)")
    topic = case.topic(pair.lab)
    task = case.task(pair.lab, pair.source((1, 0)), {in_pair: "all"}, topic, heartbeat={"enabled": False})
    task.catch_up()
    pair.wait_for_replica()
    stop_replicating(pair)
    with pair.sql(1) as sql:
        sql("SET GLOBAL read_only = OFF")
    with pair.sql(0, in_pair) as sql:
        sql("INSERT INTO t VALUES (1)")
    task.catch_up()
    assert [record.after for record in topic.records() if record.op == "INSERT"] == [{"id": 1}]
    # Gone, the other one can't stand in for it, and which transactions it lacks is told as long as it is tried again.
    pair.lab.server("stop", 0, "--kill")
    with task.start() as run:
        run.wait_for_instance(lambda instance: "not known there" in instance.get("problem", ""))
        pair.lab.server("start", 0)
        with pair.sql(0, in_pair) as sql:
            sql("INSERT INTO t VALUES (2)")
        wait_for(lambda: len(topic.records()) == 3, 60, "the change")
        run.stop()


def test_purged_transactions_are_named(pair, case, in_pair):
    with pair.sql(database=in_pair) as sql:
        sql("CREATE TABLE t (id INT PRIMARY KEY)")
    topic = case.topic(pair.lab)
    task = case.task(pair.lab, pair.source(), {in_pair: "all"}, topic, heartbeat={"enabled": False})
    task.catch_up()
    pair.wait_for_replica()
    pair.kill_primary()
    pair.promote()
    with pair.sql(database=in_pair) as sql:
        sql("INSERT INTO t VALUES (1)")
        needed = pair.gtids()
        sql("FLUSH BINARY LOGS")
        last = [row[0] for row in sql("SHOW BINARY LOGS")][-1]

        def purge():
            sql(f"PURGE BINARY LOGS TO '{last}'")  # MariaDB: not as long as a recovery would need it
            return len(sql("SHOW BINARY LOGS")) == 1
        wait_for(purge, 30, "the purge")
        sql("INSERT INTO t VALUES (2)")
    story = failure(task, "source.binlog_purged")
    if pair.is_mariadb:
        assert needed in story, story
    else:
        uuid = next(part for part in needed.split(",") if pair_uuid(pair) in part)
        assert uuid in story, story


def pair_uuid(pair):
    with pair.sql() as sql:
        return sql.one("SELECT @@server_uuid")
