"""Invariant 4 on every server that logs a transaction when it is prepared: MariaDB 10.11 and MySQL 9.7, the latter plain
and with compressed transactions. (MySQL 5.6 logs nothing before the commit: test_mysql.py.)

In each test the topic, played back, is the table; and the changes stand in the order of the decisions.
"""

import contextlib
import os
import re
import signal

import pymysql
import pytest

import fold
import source
from task import mysql_source, wait_for

FEW = 300  # rows the table starts with


class Server:
    """A database server, and a broker that need not be of the same lab."""

    def __init__(self, lab, brokers, is_compressed):
        self.lab, self.brokers, self.is_compressed = lab, brokers, is_compressed
        self.is_mariadb = "MariaDB" in lab.storage[0]["server_version"]

    def restart(self, *options):
        self.lab.server("restart", 0, *options)


@pytest.fixture(scope="module")
def mysql_lab(binaries):
    from servers import Lab, LabUnavailable
    lab = Lab(server="mysql-9.7", instances=1, front=False, kafka="none")
    try:
        lab.__enter__()
    except LabUnavailable as reason:
        pytest.skip(f"MySQL 9.7 can't be had here: {reason}")
    yield lab
    lab.__exit__()


@pytest.fixture(params=["mariadb", "mysql"])
def server(request, lab):
    if request.param == "mariadb":
        return Server(lab, lab, False)
    mysql = request.getfixturevalue("mysql_lab")
    with mysql.sql(0) as sql:
        sql(f"SET GLOBAL binlog_transaction_compression = {'ON' if request.param == 'mysql-compressed' else 'OFF'}")
    return Server(mysql, lab, request.param == "mysql-compressed")


# For what the form in the log may matter to: a compressed transaction is one event, its XA statements and all.
every_form = pytest.mark.parametrize("server", ["mariadb", "mysql", "mysql-compressed"], indirect=True)


def xid(gtrid, bqual=b"", form=1):
    return f"X'{gtrid.hex()}',X'{bqual.hex()}',{form}"


class World:
    """A table, a task that carries it, and what the topic must hold in the end."""

    def __init__(self, server, case, **settings):
        self.server, self.case = server, case
        self.database = case.database(server.lab)
        self.sql = case.sql(server.lab, 0, self.database)
        self.sql("CREATE TABLE t (id INT PRIMARY KEY, ver INT NOT NULL, pad LONGTEXT)")
        self.sql("CREATE TABLE digits (d INT PRIMARY KEY)")
        self.sql("INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)")
        self.fill(FEW)
        self.topic = case.topic(server.brokers)
        storage = server.lab.storage[0]
        self.task = case.task(server.brokers, mysql_source(storage), {self.database: ["t"]}, self.topic, **settings)
        self.own = None
        self.detaching = set()  # ids of sessions that have gone with a prepared transaction

    def fill(self, count):
        """Rows up to id `count`, also where there is no engine of sequences."""
        numbers = "a.d + b.d * 10 + c.d * 100 + e.d * 1000"
        self.sql(f"INSERT INTO t SELECT {numbers} + 1, 0, 'first' FROM digits a, digits b, digits c, digits e "
                 f"WHERE {numbers} < {count} AND {numbers} + 1 NOT IN (SELECT id FROM t)")

    def name(self, number):
        return xid(f"{self.case.name}-{number}".encode(), b"b", 7)

    def session(self):
        """MySQL's session is free again once it has prepared; MariaDB's is bound until it goes."""
        if self.own is None:
            self.own = self.server.lab.sql(0, self.database)
            self.case.to_close.append(self.own)
        return self.own

    def prepare(self, name, *statements):
        own = self.session()
        own(f"XA START {name}")
        for statement in statements:
            own(statement)
        own(f"XA END {name}")
        own(f"XA PREPARE {name}")
        if self.server.is_mariadb:
            self.detaching.add(str(own.one("SELECT CONNECTION_ID()")))
            own.close()
            self.own = None
        return name

    def wait_until_detached(self):
        """MariaDB takes a decision on a transaction whose session is just going, logs it, and leaves the engine undecided."""
        def is_detached():  # information_schema.INNODB_TRX shows what was so a moment ago
            status = self.sql("SHOW ENGINE INNODB STATUS")[0][2]
            self.detaching &= set(re.findall(r"thread id (\d+),", status))
            return not self.detaching
        if self.detaching:
            wait_for(is_detached, what="the sessions of prepared transactions to be gone")

    def touch(self, name, ids, pad):
        """Prepares a transaction that gives these rows a new pad."""
        return self.prepare(name, f"UPDATE t SET ver = ver + 1, pad = '{pad}' WHERE id {ids}")

    def decide(self, name, verb):
        def decided():
            try:
                self.sql(f"XA {verb} {name}")
                return True
            except pymysql.err.Error as error:
                if error.args[0] == 1397:  # MariaDB detaches it a moment after its session has gone
                    return False
                raise
        self.wait_until_detached()
        wait_for(decided, what=f"XA {verb} {name}")

    def check(self):
        records = fold.of_table(self.topic.records(), self.database, "t")
        fold.assert_same(records, source.rows(self.sql, self.database, "t"), ["id"])
        first, _ = fold.without_repeats(records)
        return first

    def pads(self, records):
        """Each run of equal pads of the updates once: the transactions in their order."""
        runs = []
        for record in records:
            if record.op == "UPDATE" and (not runs or runs[-1] != record.after["pad"]):
                runs.append(record.after["pad"])
        return runs


@pytest.fixture
def world(server, case):
    return World(server, case)


def xa_open(run, count):
    run.wait_for_instance(lambda instance: instance["xa_open"] == count)


@every_form
def test_prepared_before_the_start_and_decided_later_or_never_seen(world):
    sql = world.sql
    kept = world.touch(world.name("kept"), "<= 10", "kept")
    dropped = world.touch(world.name("dropped"), "BETWEEN 11 AND 20", "dropped")
    sql("FLUSH BINARY LOGS")  # they lie in a file before the one that is current at the start
    elsewhere = world.prepare(world.name("elsewhere"), "UPDATE digits SET d = d + 10 WHERE d = 9")
    over = world.touch(world.name("over"), "BETWEEN 21 AND 30", "over")
    world.decide(over, "COMMIT")  # before the start: nothing but the snapshot shows it
    with world.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        xa_open(run, 3)
        world.decide(dropped, "ROLLBACK")
        sql("UPDATE t SET ver = ver + 1, pad = 'between' WHERE id = 11")
        world.decide(kept, "COMMIT")
        world.decide(elsewhere, "COMMIT")
        sql("UPDATE t SET ver = ver + 1, pad = 'after' WHERE id <= 11")
        run.wait_until(lambda line: line["changes"] >= 22)
        xa_open(run, 0)
        run.stop()
    records = world.check()
    assert world.pads(records) == ["between", "kept", "after"]
    assert sum(record.op == "INIT" for record in records) == FEW


def test_one_phase_and_without_changes(world):
    sql = world.sql
    with world.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        own = world.server.lab.sql(0, world.database)
        world.case.to_close.append(own)
        for number, statement in enumerate(["UPDATE t SET ver = ver + 1, pad = 'one phase' WHERE id <= 3", "SELECT * FROM t WHERE id = 5"]):
            name = world.name(number)
            for words in (f"XA START {name}", statement, f"XA END {name}", f"XA COMMIT {name} ONE PHASE"):
                own(words)
        empty = world.name("empty")
        for words in ("START", "END", "PREPARE", "COMMIT"):
            own(f"XA {words} {empty}")
        undone = world.name("undone")
        for words in (f"XA START {undone}", "UPDATE t SET ver = ver + 1, pad = 'undone' WHERE id = 9", f"XA END {undone}", f"XA ROLLBACK {undone}"):
            own(words)
        sql("UPDATE t SET ver = ver + 1, pad = 'after' WHERE id <= 3")
        run.wait_until(lambda line: line["changes"] == 6)
        xa_open(run, 0)
        run.stop()
    assert world.pads(world.check()) == ["one phase", "after"]


@every_form
def test_restarts_of_the_reader_between_preparing_and_deciding(world, seeded):
    sql = world.sql
    expected, open_ones, number = [], [], 0
    world.task.catch_up()
    for ending in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        with world.task.start() as run:
            xa_open(run, len(open_ones))
            for _ in range(4):
                number += 1
                open_ones.append((number, world.touch(world.name(number), f"BETWEEN {number * 10} AND {number * 10 + 4}", f"xa {number}")))
            xa_open(run, len(open_ones))
            changes = run.lines[-1]["changes"]
            sql(f"UPDATE t SET ver = ver + 1, pad = 'plain {number}' WHERE id BETWEEN 1 AND 3")
            expected.append(f"plain {number}")
            run.wait_until(lambda line: line["changes"] >= changes + 3)
            run.wait_for_new_lines(seeded.randrange(3))  # the checkpoint behind it is kept, or not
            run.process.send_signal(ending)
            run.wait()
        for _ in range(3):
            which, name = open_ones.pop(seeded.randrange(len(open_ones)))
            verb = seeded.choice(["COMMIT", "ROLLBACK"])
            world.decide(name, verb)
            if verb == "COMMIT":
                expected.append(f"xa {which}")
    for which, name in open_ones:
        world.decide(name, "COMMIT")
        expected.append(f"xa {which}")
    world.task.catch_up()
    assert world.pads(world.check()) == expected


@pytest.mark.parametrize("how", ["clean", "killed"])
def test_a_restart_of_the_server_keeps_the_prepared_ones(world, how):
    sql = world.sql
    with world.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        names = [world.touch(world.name(n), f"BETWEEN {n * 10 + 1} AND {n * 10 + 5}", f"xa {n}") for n in range(4)]
        xa_open(run, 4)
        world.server.restart(*(["--kill"] if how == "killed" else []))
        world.own = None
        world.sql = sql = world.case.sql(world.server.lab, 0, world.database)
        assert len([row for row in sql("XA RECOVER") if world.case.name in str(row[3])]) == 4
        sql("UPDATE t SET ver = ver + 1, pad = 'between' WHERE id = 300")
        world.decide(names[2], "COMMIT")
        world.decide(names[0], "ROLLBACK")
        world.decide(names[3], "COMMIT")
        run.wait_until(lambda line: line["changes"] == 11)
        xa_open(run, 1)
        run.kill()
    world.decide(names[1], "COMMIT")
    world.task.catch_up()
    assert world.pads(world.check()) == ["between", "xa 2", "xa 3", "xa 1"]


def test_two_thousand_open_at_once_decided_in_another_order_with_restarts(world, seeded):
    count = 2000
    sql = world.sql
    sql("SET SESSION innodb_lock_wait_timeout = 50")
    world.fill(count + 100)
    world.task.catch_up()
    run = world.task.start()
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: run.process.poll() is None and run.kill())
        names = []
        expected = []
        for number in range(1, count + 1):
            names.append((number, world.touch(world.name(number), f"= {number}", f"xa {number}")))
            if number % 100 == 0:
                sql(f"UPDATE t SET ver = ver + 1, pad = 'plain {number}' WHERE id = {count + number // 100}")
                expected.append(f"plain {number}")
        xa_open(run, count)
        run.kill()
        run = world.task.start()
        xa_open(run, count)
        seeded.shuffle(names)
        for done, (number, name) in enumerate(names):
            verb = "ROLLBACK" if number % 5 == 0 else "COMMIT"
            world.decide(name, verb)
            if verb == "COMMIT":
                expected.append(f"xa {number}")
            if done % 100 == 50:
                sql(f"UPDATE t SET ver = ver + 1, pad = 'more {done}' WHERE id = {count + 50}")
                expected.append(f"more {done}")
            if done == count // 3:
                run.kill()
                run = world.task.start()
            if done == count // 2:
                run.wait_for_new_lines(1)  # before, a signal would be the system's
                run.stop()
                run = world.task.start()
        xa_open(run, 0)
        run.wait_until(lambda line: line["caught_up"])
        run.stop()
    world.task.catch_up()
    assert world.pads(world.check()) == expected


@every_form
def test_larger_than_the_memory_limit_it_waits_on_disk(world):
    """A hundred megabytes of row images and two smaller ones beside it, of which 64 MiB are held in memory."""
    sql = world.sql
    tens = "digits a, digits b, digits c"

    def large(name, first, rows, size):
        return world.prepare(name, f"INSERT INTO t SELECT {first} + a.d + b.d * 10 + c.d * 100, 1, REPEAT(CHAR(65 + a.d), {size}) "
                                   f"FROM {tens} WHERE a.d + b.d * 10 + c.d * 100 < {rows}")

    with world.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        names = [large(world.name("before"), 10000, 100, 100_000), large(world.name("large"), 20000, 1000, 100_000),
                 large(world.name("behind"), 30000, 100, 100_000), large(world.name("dropped"), 40000, 300, 100_000)]
        xa_open(run, 4)
        spilled = [link for link in open_files(run.process.pid) if "/xa-" in link]
        assert spilled and all("(deleted)" in link for link in spilled), "no name is left for the spilled rows"
        sql("UPDATE t SET ver = ver + 1, pad = 'beside' WHERE id = 1")
        for name, verb in zip((names[2], names[3], names[1], names[0]), ("COMMIT", "ROLLBACK", "COMMIT", "COMMIT")):
            world.decide(name, verb)
        sql("UPDATE t SET ver = ver + 1, pad = 'after' WHERE id = 1")
        run.wait_until(lambda line: line["changes"] == 1202)
        xa_open(run, 0)
        peak = int(next(line for line in open(f"/proc/{run.process.pid}/status") if line.startswith("VmHWM")).split()[1])
        run.stop()
    records = world.check()
    inserted = [record.after["id"] // 10000 for record in records if record.op == "INSERT"]
    assert inserted == [3] * 100 + [2] * 1000 + [1] * 100
    print(f"peak memory {peak >> 10} MiB")
    assert peak < 512 << 10
    left = [file.name for file in world.task.state.rglob("*") if file.is_file() and file.stat().st_size > 1 << 20]
    assert not left, f"spilled rows are left behind: {left}"


def open_files(pid):
    found = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/{pid}/fd/{number}"))
    return found


def test_beside_a_running_snapshot_prepared_and_decided_in_every_order(world):
    """Branches prepared before the snapshot and decided in it, prepared in it and decided in it or behind it."""
    sql = world.sql
    world.task.change(tuning__chunk_rows=100)
    world.fill(8000)
    early = [world.touch(world.name(f"early {n}"), f"BETWEEN {n * 400 + 1} AND {n * 400 + 60}", f"early {n}") for n in range(20)]
    late = []
    with world.task.start() as run:
        for number, name in enumerate(early):
            world.topic.wait_for_messages(number * 200)
            world.decide(name, "ROLLBACK" if number % 3 == 0 else "COMMIT")
            late.append(world.touch(world.name(f"late {number}"), f"BETWEEN {number * 400 + 41} AND {number * 400 + 90}", f"late {number}"))
            if number % 2 == 0:
                world.decide(late[-1], "COMMIT" if number % 4 == 0 else "ROLLBACK")
        run.wait_until(lambda line: line["caught_up"])
        for number, name in enumerate(late):
            if number % 2:
                world.decide(name, "COMMIT" if number % 3 else "ROLLBACK")
        run.stop()
    world.task.catch_up()
    records = world.check()
    assert sum(record.op == "INIT" for record in records) >= 8000 - 20 * 100


# What may be in an id: any bytes, as many as there may be, any number as its form, and text that reads like something else.
NAMES = [(b"\x00\xff\x80'\\\n", b"\x00", 0), (b"it's", b"a \"b\" `c`", 1), (b"x" * 64, b"\xfe" * 64, 2147483647),
         (b"drds-17abc2f@1", b"group_00_rds", 1), (b"tx,'1'", b"", 4660), (b"\\", b"\\'", 2), (b"0x41", b"X'41'", 3), (b" ", b"", 1)]


def test_ids_of_every_kind_and_one_id_used_again_and_again(world):
    sql = world.sql
    prefix = world.case.name.encode()[-6:]
    names = [xid((prefix + gtrid)[:64], bqual, form) for gtrid, bqual, form in NAMES]
    expected = []
    with world.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        for number, name in enumerate(names):
            world.touch(name, f"= {number + 1}", f"id {number}")
        xa_open(run, len(names))
        for number, name in enumerate(names):
            world.decide(name, "COMMIT" if number != 4 else "ROLLBACK")
            if number != 4:
                expected.append(f"id {number}")
        again = names[0]
        for number in range(30):  # each right after the decision before
            world.touch(again, "= 50", f"again {number}")
            verb = "ROLLBACK" if number % 4 == 1 else "COMMIT"
            world.decide(again, verb)
            if verb == "COMMIT":
                expected.append(f"again {number}")
        world.touch(again, "= 51", "held")
        xa_open(run, 1)
        run.kill()
    world.decide(again, "COMMIT")
    world.touch(again, "= 52", "at last")
    world.decide(again, "COMMIT")
    world.task.catch_up()
    assert world.pads(world.check()) == expected + ["held", "at last"]


def test_one_id_used_again_and_again_beside_a_snapshot(world):
    """XA RECOVER lists an id that the stream saw decided: it may be the next one of that id."""
    world.task.change(tuning__chunk_rows=100)
    world.fill(5000)
    name = world.name("again")
    number = 0
    with world.task.start() as run:
        while not any(line["snapshot_done"] for line in run.lines[-1:]):
            number += 1
            world.touch(name, f"BETWEEN {number % 50 * 100 + 1} AND {number % 50 * 100 + 20}", f"again {number}")
            world.decide(name, "COMMIT" if number % 3 else "ROLLBACK")
            assert run.process.poll() is None, run.story()
        world.touch(name, "= 1", "last")
        run.wait_until(lambda line: line["caught_up"])
        world.decide(name, "COMMIT")
        run.stop()
    assert number > 3
    world.task.catch_up()
    world.check()


def test_a_commit_whose_prepare_was_not_read_is_an_error_and_a_rollback_is_not(world):
    sql = world.sql
    kept, dropped = world.touch(world.name("kept"), "= 1", "kept"), world.touch(world.name("dropped"), "= 2", "dropped")
    status = "SHOW MASTER STATUS" if world.server.is_mariadb else "SHOW BINARY LOG STATUS"
    file, offset = sql(status)[0][:2]
    world.decide(dropped, "ROLLBACK")
    sql("UPDATE t SET ver = ver + 1, pad = 'plain' WHERE id = 2")
    world.decide(kept, "COMMIT")
    storage = world.server.lab.storage[0]
    world.task.change(migration=["incremental"], start={"position": {f"{storage['host']}:{storage['port']}": {"file": file, "offset": int(offset)}}})
    with world.task.start() as run:
        assert run.wait() == 3, run.story()
    error = run.lines[-1]["error"]
    assert error["code"] == "source.xa_unseen"
    assert file in str(error) and f"XA COMMIT {world.name('kept')}" in str(error)
    records = fold.of_table(world.topic.records(), world.database, "t")
    assert {record.after["pad"] for record in records} <= {"plain"}  # what lies before may be sent, nothing else
