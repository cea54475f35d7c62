"""Rows that come to a table without row events: renamed tables, partitions exchanged. They are read beside the stream."""

import pytest

import fold
import source
from servers import lab_or_skip

SERVERS = ["mariadb-10.11", "mysql-9.7", "mysql-5.6"]


@pytest.fixture(params=SERVERS, scope="module")
def server(request, binaries):
    with lab_or_skip(request.param, instances=1, front=False, kafka="auto") as lab:
        yield lab


def make(sql, table, rows, first=1):
    sql(f"CREATE TABLE {table} (id INT NOT NULL PRIMARY KEY, ver INT NOT NULL, note VARCHAR(40))")
    with sql.transaction(), sql.connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} VALUES (%s, 0, %s)", [(n, f"{table} {n}") for n in range(first, first + rows)])


def of(topic, database, table):
    return fold.without_repeats(fold.of_table(topic.records(), database, table))[0]


def check(topic, sql, database, table):
    """A fold of the topic by key is the table: INIT rows are upserts."""
    present = {}
    for record in of(topic, database, table):
        if record.op == "DDL":
            continue
        if record.before is not None:
            present.pop(record.before["id"], None)
        if record.after is not None:
            present[record.after["id"]] = record.after
    rows = {row["id"]: row for row in source.rows(sql, database, table)}
    wrong = {key for key in rows.keys() | present.keys() if rows.get(key) != present.get(key)}
    assert not wrong, f"{len(wrong)} rows of {table} differ, e.g. {sorted(wrong)[:5]}; {len(rows)} at the source"


def inits(topic, database, table):
    return [record.after["id"] for record in of(topic, database, table) if record.op == "INIT"]


@pytest.mark.parametrize("how", ["running", "killed", "down"])
def test_a_table_renamed_before_it_was_read_to_its_end_is_read_under_its_new_name(server, case, how):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql, "t", 40000)
    make(sql, "other", 50)
    topic = case.topic(server)
    # Rows are to be seen soon, while most are still to be read.
    task = case.mysql_task(server, database, topic, tuning__chunk_rows=100, tuning__snapshot_parallelism=1, destination__commit={"load_ms": 100})
    with task.start() as run:
        topic.wait_for_messages(300)
        if how == "down":
            run.kill()
        assert not any(line["snapshot_done"] for line in run.lines)
        sql("RENAME TABLE t TO u, other TO t")
        sql("UPDATE u SET ver = ver + 1 WHERE id % 3 = 0")
        sql("DELETE FROM u WHERE id % 7 = 0")
        if how == "killed":
            run.kill()
        if how == "running":
            run.wait_until(lambda line: line["caught_up"])
            run.stop()
    task.catch_up()
    sql("UPDATE u SET ver = ver + 1 WHERE id % 5 = 0")
    task.catch_up()
    assert len(inits(topic, database, "t")) < 40000, "the table was read before it was renamed"
    check(topic, sql, database, "u")
    if how == "down":  # what lay under the name while the task ran is told by DDL records only
        assert [record.statement for record in topic.records() if record.op == "DDL"][-1].startswith("RENAME TABLE")


def test_tables_that_change_places_while_they_are_read(server, case):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql, "a", 20000)
    make(sql, "b", 20000, first=100001)
    topic = case.topic(server)
    task = case.mysql_task(server, database, topic, tuning__chunk_rows=100, tuning__snapshot_parallelism=2, destination__commit={"load_ms": 100})
    with task.start() as run:
        topic.wait_for_messages(200)
        sql("RENAME TABLE a TO c, b TO a, c TO b")
        sql("UPDATE a SET ver = 1 WHERE id % 2 = 0")
        sql("UPDATE b SET ver = 2 WHERE id % 2 = 0")
        run.wait_until(lambda line: line["caught_up"])
        run.stop()
    task.catch_up()
    were_read = 0
    for table, former, first in (("a", "b", 100001), ("b", "a", 1)):
        ids = range(first, first + 20000)
        # One that was read to its end before they changed places is there under its former name.
        was_read = len(set(inits(topic, database, former)) & set(ids)) == len(ids)
        were_read += was_read
        rows = {row["id"]: row for row in source.rows(sql, database, table)}
        assert set(rows) == set(ids)
        seen = {}
        for record in of(topic, database, table):
            if record.after is not None:
                seen[record.after["id"]] = record.after
        expected = {key: row for key, row in rows.items() if row["ver"] > 0 or not was_read}
        wrong = [key for key in expected if seen.get(key) != expected[key]]
        assert not wrong, f"{len(wrong)} rows of {table} differ, e.g. {wrong[:5]}"
    assert were_read < 2, "both were read before they changed places"


def test_a_table_read_to_its_end_is_not_read_again_when_it_is_renamed(server, case):
    database = case.database(server)
    sql = case.sql(server, 0, database)
    make(sql, "t", 100)
    topic = case.topic(server)
    task = case.mysql_task(server, database, topic)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("RENAME TABLE t TO u")
        sql("UPDATE u SET ver = 1 WHERE id <= 10")
        run.wait_until(lambda line: line["changes"] >= 10)
        run.stop()
    task.catch_up()
    assert not inits(topic, database, "u")
    assert len(of(topic, database, "u")) == 10


@pytest.mark.parametrize("how", ["running", "down"])
def test_rows_from_outside_come_as_the_full_load_does_after_it_too(server, case, how):
    database, outside = case.database(server), case.database(server, 0, "_out")
    sql = case.sql(server, 0, database)
    make(sql, "t", 100)
    sql("CREATE TABLE p (id INT NOT NULL PRIMARY KEY, ver INT NOT NULL, note VARCHAR(40)) "
        "PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (1000), PARTITION p1 VALUES LESS THAN MAXVALUE)")
    sql("INSERT INTO p SELECT id, ver, note FROM t")
    make(sql, f"`{outside}`.exchanged", 500, first=200)
    make(sql, f"`{outside}`.renamed", 3000)
    topic = case.topic(server)
    task = case.mysql_task(server, database, topic, tuning__chunk_rows=100)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        if how == "down":
            run.kill()
        sql(f"RENAME TABLE `{outside}`.renamed TO renamed")
        sql(f"ALTER TABLE p EXCHANGE PARTITION p0 WITH TABLE `{outside}`.exchanged")
        sql("UPDATE renamed SET ver = ver + 1 WHERE id % 2 = 0")
        sql("UPDATE p SET ver = ver + 1 WHERE id % 2 = 0")
        sql("DELETE FROM renamed WHERE id % 5 = 0")
        if how == "running":
            topic.wait_for_messages(200 + 3000)
            run.kill()
    task.catch_up()
    sql("UPDATE renamed SET ver = ver + 1 WHERE id % 3 = 0")
    task.catch_up()
    check(topic, sql, database, "renamed")
    rows = {row["id"]: row for row in source.rows(sql, database, "p")}
    seen = {}
    for record in of(topic, database, "p"):
        if record.after is not None:
            seen[record.after["id"]] = record.after
    assert {key: seen.get(key) for key in rows} == rows and len(rows) == 500
    assert len(inits(topic, database, "t")) == 100, "nobody touched it"
