"""Invariants 1 and 2: the snapshot of tables that are written to meanwhile."""

import pytest

import fold
import source
from task import background
from writers import SHAPES, Keyed, writer

WRITERS = 3


def carry_while(case, task, topic, sql, workers):
    """Runs the task with the workers at work from before its start until its snapshot is done, and then until the topic has
    everything."""
    with background(*workers) as ending:
        with task.start() as run:
            run.wait_until(lambda line: line["snapshot_done"])
            ending.set()
            run.stop()
    task.catch_up()
    return topic.records()


@pytest.mark.parametrize("shapes", [["plain", "composite", "folded", "unsigned_big", "unique_only"],
                                    ["binary_key", "decimal_key", "datetime_key", "date_and_char"]], ids=["numbers_and_words", "other_keys"])
def test_a_snapshot_under_concurrent_writers_leads_to_the_source_in_commit_order(lab, case, seeded, shapes):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    tables = [Keyed(sql, name, 2500, seeded) for name in shapes]
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, tuning__chunk_rows=100, tuning__snapshot_parallelism=4)
    seed = seeded.randrange(2**20)
    records = carry_while(case, task, topic, sql,
                          [writer(lambda: lab.sql(0, database), tables, seed, number, WRITERS) for number in range(WRITERS)])
    changed = 0
    for table in tables:
        of_table = fold.of_table(records, database, table.name)
        rows = source.rows(sql, database, table.name)
        replay, _ = fold.assert_same(of_table, rows, table.key)
        fold.assert_versions_rise(fold.without_repeats(of_table)[0], table.key, "ver")
        assert max(replay.inits.values()) == 1, "a row came twice from the snapshot"
        changed += sum(record.op != "INIT" for record in of_table)
    print(f"{changed} changes beside the snapshot")
    assert changed > 100
    assert {record.name for record in records if record.op != "DDL"} <= {f"{database}.{name}" for name in [*SHAPES]}


def test_a_transaction_sent_in_slices_and_the_snapshot_of_the_same_rows_do_not_mix_up(lab, case, seeded):
    """Every row is changed by transactions of about 30 MB of binlog, more than is held back before it is sent."""
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    table = Keyed(sql, "plain", 1500, seeded, pad=9000)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, tuning__chunk_rows=100, destination__commit={"idle_ms": 0, "load_ms": 20})

    def giant(should_end):
        with lab.sql(0, database) as own:
            version = 0
            topic.wait_for_messages(2)  # the stream has a place to start from
            # Two at least, however fast the snapshot is: what is not mixed with it is still sent in slices.
            while version < 2 or (not should_end() and version < 4):
                version += 1
                with own.transaction():
                    own("UPDATE plain SET ver = ver + 1, pad = REPEAT(CHAR(65 + %s), 9000)", version)

    records = carry_while(case, task, topic, sql, [giant])
    of_table = fold.of_table(records, database, "plain")
    fold.assert_same(of_table, source.rows(sql, database, "plain"), table.key)
    # A stop in the middle of a transaction leaves its slices to be sent again.
    fold.assert_versions_rise(fold.without_repeats(of_table)[0], table.key, "ver")
    assert sum(len(record.value) for record in of_table if record.op == "UPDATE") > 16 << 20


def test_rows_without_any_key_are_neither_lost_nor_doubled(lab, case, seeded):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    for name in ("loose", "nullable_unique"):
        sql(f"CREATE TABLE {name} (a INT, b VARCHAR(20){', UNIQUE KEY (a, b)' if name == 'nullable_unique' else ''})")
        with sql.transaction(), sql.connection.cursor() as cursor:
            rows = [(seeded.randrange(50) if name == "loose" else n, None if n % 3 == 0 else f"w{n % 7}") for n in range(3000)]
            cursor.executemany(f"INSERT INTO {name} VALUES (%s, %s)", rows)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, tuning__chunk_rows=100)

    def scribble(number):
        def work(should_end):
            with lab.sql(0, database) as own:
                n = 0
                while not should_end():
                    n += 1
                    own("INSERT INTO loose VALUES (%s, 'again'), (%s, 'again')", n % 50, n % 50)
                    own("INSERT INTO nullable_unique VALUES (%s, NULL)", n)
                    own("UPDATE loose SET b = CONCAT('u', %s) WHERE a = %s LIMIT 2", n % 5, (n * 7) % 50)
                    own("DELETE FROM loose WHERE a = %s LIMIT 1", (n * 11 + number) % 50)
                    own("DELETE FROM nullable_unique WHERE a = %s LIMIT 1", (n * 3) % 3000)
        return work

    records = carry_while(case, task, topic, sql, [scribble(0), scribble(1)])
    for name in ("loose", "nullable_unique"):
        of_table = fold.of_table(records, database, name)
        assert fold.multiset(of_table) == fold.counter(source.rows(sql, database, name))
        assert all(record.key is None for record in of_table if name == "loose")
        assert any(record.op == "DELETE" for record in of_table)
