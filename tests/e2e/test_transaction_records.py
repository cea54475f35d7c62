"""BEGIN, COMMIT and HEARTBEAT records: around which rows they stand, on one server and over shards, that none comes twice, and
that whoever reads rows passes over them."""

import collections
import json
import subprocess

import pytest

import fold
import source
from servers import BIN
from task import background, wait_for
from verifying import verify
from writers import Keyed, writer

MARKS = ("BEGIN", "COMMIT", "HEARTBEAT")
CHANGES = ("INSERT", "UPDATE", "DELETE")


def of_servers(records):
    """Per server: its transactions, each [BEGIN, rows..., COMMIT], all complete."""
    found, is_open = collections.defaultdict(list), {}
    for record in records:
        server = record.tags.get("server_id")
        if record.op in MARKS:
            assert record.raw["objectName"] is record.raw["fields"] is record.raw["beforeImages"] is record.raw["afterImages"] is None, record
            assert record.key is None and record.partition == 0 and server, record
        if record.op == "BEGIN":
            assert not is_open.get(server), f"two begin: {record}"
            is_open[server] = [record]
        elif record.op in CHANGES:
            assert is_open.get(server), f"a row outside of a transaction: {record}"
            is_open[server].append(record)
        elif record.op == "COMMIT":
            assert is_open.get(server), f"nothing has begun: {record}"
            begin, *rows = is_open.pop(server)
            assert rows and begin.position == begin.safe_position == rows[0].safe_position, (begin, rows)
            assert begin.position < rows[0].position <= rows[-1].position <= record.position, (begin, rows, record)
            assert begin.tags.get("GTID") == record.tags.get("GTID"), record
            ids = [one.id for one in (begin, *rows, record)]
            assert ids == sorted(set(ids)), ids
            found[server].append([begin, *rows, record])
    assert not any(is_open.values()), f"without an end: {is_open}"
    return dict(found)


def rows_told(transaction):
    return [(record.op, (record.after or record.before)["id"]) for record in transaction[1:-1]]


def test_they_stand_around_the_rows_of_each_transaction_that_has_any(lab, case):
    database, other = case.database(lab), case.database(lab, suffix="_other")
    sql = case.sql(lab, 0, database)
    for table in (f"{database}.t", f"{database}.hidden", f"{other}.t"):
        sql(f"CREATE TABLE {table} (id INT PRIMARY KEY, n INT)")
    sql("INSERT INTO t VALUES (1, 1), (2, 2)")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, destination__transaction_records=True)
    task.change(objects={database: {"tables": {"t": {"where": "n < 100"}}}})
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("INSERT INTO t VALUES (3, 3), (4, 4)")
        with sql.transaction():
            sql("UPDATE t SET n = 9 WHERE id < 3")
            sql("INSERT INTO hidden VALUES (1, 1)")
            sql("DELETE FROM t WHERE id = 4")
        sql(f"INSERT INTO {other}.t VALUES (1, 1)")
        sql("INSERT INTO hidden VALUES (2, 2)")
        sql("INSERT INTO t VALUES (5, 100)")  # left out, and all of its transaction
        with sql.transaction():
            sql("INSERT INTO t VALUES (6, 100), (7, 7)")
        sql("BEGIN")
        sql("INSERT INTO t VALUES (8, 8)")
        sql("ROLLBACK")
        sql("ALTER TABLE t ADD COLUMN more INT")
        for xid, end in (("yes", "COMMIT"), ("no", "ROLLBACK")):
            name = f"'{case.name}-{xid}'"
            sql(f"XA START {name}")
            sql("INSERT INTO t VALUES (%s, 1, 1)", 20 + len(xid))
            sql(f"XA END {name}")
            sql(f"XA PREPARE {name}")
            sql(f"XA {end} {name}")
        run.stop()
    task.catch_up()
    records = topic.records()
    assert not any(record.op == "HEARTBEAT" for record in records)
    (transactions,) = of_servers(records).values()
    assert [rows_told(one) for one in transactions] == [
        [("INSERT", 3), ("INSERT", 4)], [("UPDATE", 1), ("UPDATE", 2), ("DELETE", 4)], [("INSERT", 7)], [("INSERT", 23)]]
    assert all(one[0].tags["GTID"].count("-") == 2 for one in transactions)
    assert len({one[0].tags["GTID"] for one in transactions}) == len(transactions)
    assert [record.op for record in records[:3]] == ["DDL", "INIT", "INIT"]
    verify(task).assert_equal()
    shown = subprocess.run([BIN / "tributary", "tail", task.file, "--json", "--until", "end", "--from", "beginning", "--op", "COMMIT"],
                           capture_output=True, text=True, timeout=60)
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    commits = [line for line in lines if line.get("operation") == "COMMIT"]
    assert len(commits) == 4 and all(line["objectName"] is line["db"] is line["before"] is line["after"] is None for line in commits), shown
    compared = subprocess.run([BIN / "tributary", "tail", task.file, "--until", "end", "--from", "beginning"], capture_output=True, text=True, timeout=60)
    assert compared.returncode == 0 and compared.stdout.count("BEGIN") == 4, compared
    task.change(destination__transaction_records=False)
    with task.start() as run:
        assert run.wait() != 0 and run.lines[-1]["error"]["code"] == "task.state_mismatch", run.story()


def test_each_shard_has_its_own_over_one_topic(lab, case, seeded):
    name = case.name
    topic = case.topic(lab, partitions=3)
    with lab.front_sql() as front:
        front(f"CREATE TABLE `{name}` (id INT NOT NULL PRIMARY KEY, note VARCHAR(40)) dbpartition by hash(id)")
        try:
            task = case.drds_task(lab, topic, tables=[name], destination__transaction_records=True)
            with task.start() as run:
                run.wait_until(lambda line: line["caught_up"])
                for number in range(60):
                    front(f"INSERT INTO `{name}` VALUES (%s, 'new'), (%s, 'new')", 2 * number, 2 * number + 1)
                    front(f"UPDATE `{name}` SET note = %s WHERE id = %s", f"n{number}", seeded.randrange(2 * number + 1))
                run.stop()
            task.catch_up()
            servers = of_servers(topic.records())
            assert len(servers) == 2, "both instances have shards"
            assert sum(len(rows_told(one)) for transactions in servers.values() for one in transactions) == 180
            verify(task).assert_equal()
        finally:
            front(f"DROP TABLE `{name}`")


def test_with_partitions_by_key_they_go_to_the_first(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY, n INT)")
    topic = case.topic(lab, partitions=4)
    task = case.mysql_task(lab, database, topic, destination__transaction_records=True, destination__partition_by="key")
    task.catch_up()
    with sql.transaction():
        for number in range(20):
            sql("INSERT INTO t VALUES (%s, 1)", number)
        sql("UPDATE t SET id = 100 WHERE id = 1")
    task.catch_up()
    records = sorted((record for record in topic.records() if record.op not in ("DDL", "INIT")), key=lambda record: record.id)
    assert [record.op for record in records] == ["BEGIN", *["INSERT"] * 20, "DELETE", "INSERT", "COMMIT"]
    assert {record.partition for record in records} == set(range(4))
    assert {record.partition for record in records if record.op in MARKS} == {0}
    verify(task).assert_equal()


def test_none_comes_twice_and_none_is_missing_through_crashes(lab, case, seeded):
    if not lab.is_real_kafka:
        pytest.skip("a mock broker keeps no transactions; real Kafka can't be had here")
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    table = Keyed(sql, "plain", 500, seeded)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, destination__transaction_records=True, destination__heartbeat_records=True, tuning__chunk_rows=100)
    with background(writer(lambda: lab.sql(0, database), [table], seeded.randrange(2**20), 0, 1)):
        for _ in range(5):
            with task.start() as run:
                wanted = topic.count + 200
                wait_for(lambda: topic.count >= wanted or run.is_over)
                run.kill()
    task.catch_up()
    records = topic.records()
    fold.assert_once(records, {"plain": table.key})
    fold.assert_same(fold.of_table(records, database, "plain"), source.rows(sql, database, "plain"), table.key)
    (transactions,) = of_servers(records).values()
    assert len(transactions) > 50
    heartbeats = [record.position for record in records if record.op == "HEARTBEAT"]
    assert heartbeats and heartbeats == sorted(set(heartbeats))
    verify(task).assert_equal()


def test_a_transaction_sent_in_slices_has_one_begin_and_one_commit_through_crashes(lab, case, seeded):
    if not lab.is_real_kafka:
        pytest.skip("a mock broker keeps no transactions; real Kafka can't be had here")
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    rows = 3000
    table = Keyed(sql, "plain", rows, seeded, pad=9000)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, destination__transaction_records=True, destination__commit={"idle_ms": 0, "load_ms": 10},
                           heartbeat={"enabled": False})
    task.catch_up()
    cut = 0
    for version in range(1, 5):
        sql("UPDATE plain SET ver = ver + 1, pad = REPEAT(CHAR(65 + %s), 9000)", version)
        begun = topic.count
        with task.start() as run:
            wait_for(lambda: topic.count > begun + 100 or run.is_over)
            run.kill()
        cut += len(topic.all_messages()) - begun < rows + 2
        task.catch_up()
    print(f"{cut} transactions were cut")
    assert cut, "no run was killed in the middle of a transaction"
    records = topic.records()
    fold.assert_once(records, {"plain": table.key})
    fold.assert_same(fold.of_table(records, database, "plain"), source.rows(sql, database, "plain"), table.key)
    (transactions,) = of_servers(records).values()
    assert [len(one) for one in transactions] == [rows + 2] * 4


def test_an_idle_source_gives_heartbeats(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY)")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, destination__heartbeat_records=True)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        topic.wait_for_messages(topic.count + 5)
        sql("INSERT INTO t VALUES (1)")
        topic.wait_for_messages(topic.count + 3)
        run.stop()
    task.catch_up()
    records = topic.records()
    assert collections.Counter(record.op for record in records if record.op != "HEARTBEAT") == {"DDL": 1, "INSERT": 1}
    heartbeats = [record for record in records if record.op == "HEARTBEAT"]
    assert len(heartbeats) >= 8 and all(record.tags["GTID"] and record.raw["objectName"] is None for record in heartbeats)
    streamed = [record for record in records if record.op != "DDL"]
    assert [record.id for record in streamed] == sorted({record.id for record in streamed})
    assert [record.position for record in streamed] == sorted({record.position for record in streamed})
    verify(task).assert_equal()


def test_a_mysql_server_with_compressed_transactions_names_its_own_gtids(own_lab, case):
    lab = own_lab(server="mysql-9.7", instances=1, front=False)
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY, pad VARCHAR(2000))")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, destination__transaction_records=True, destination__heartbeat_records=True)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("SET SESSION binlog_transaction_compression = ON")
        for number in range(3):
            sql("INSERT INTO t VALUES (%s, REPEAT('x', 2000)), (%s, REPEAT('y', 2000))", 2 * number, 2 * number + 1)
        seen = topic.count
        topic.wait_for_messages(seen + 3)
        run.stop()
    task.catch_up()
    records = topic.records()
    (transactions,) = of_servers(records).values()
    assert [rows_told(one) for one in transactions] == [[("INSERT", 2 * number), ("INSERT", 2 * number + 1)] for number in range(3)]
    uuid = sql("SELECT @@server_uuid")[0][0]
    with_gtids = sql("SELECT @@gtid_mode")[0][0] == "ON"
    assert all((one.tags.get("GTID", "").rpartition(":")[0] == uuid) == with_gtids for one in records if one.op in MARKS)
    assert any(record.op == "HEARTBEAT" for record in records)
    verify(task).assert_equal()
