"""Invariants 1, 3 and 6: a task killed at any moment goes on without losing, ageing or disordering a row. Exactly-once: a
consumer of committed records sees each of them once."""

import fold
import pytest
import source
from task import background
from writers import Keyed, writer

SHAPES = ["plain", "composite", "folded", "decimal_key"]
WRITERS = 3


@pytest.fixture(params=["exactly_once", "at_least_once"])
def delivery(request, lab):
    if request.param == "exactly_once" and not lab.is_real_kafka:
        pytest.skip("a mock broker shows aborted records; real Kafka can't be had here")
    return request.param


def keys_of(tables):
    return {table.name: table.key for table in tables}


def set_up(lab, case, rng, rows):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    tables = [Keyed(sql, name, rows, rng) for name in SHAPES]
    sql("CREATE TABLE loose (a INT, b VARCHAR(20))")
    sql("INSERT INTO loose SELECT seq % 40, CONCAT('w', seq % 3) FROM seq_1_to_2000")
    return database, sql, tables


def scribble(lab, database):
    def work(should_end):
        with lab.sql(0, database) as own:
            n = 0
            while not should_end():
                n += 1
                own("INSERT INTO loose VALUES (%s, 'again')", n % 40)
                own("UPDATE loose SET b = CONCAT('u', %s) WHERE a = %s LIMIT 2", n % 5, (n * 7) % 40)
                own("DELETE FROM loose WHERE a = %s LIMIT 1", (n * 11) % 40)
    return work


def check(records, sql, database, tables):
    repeats = 0
    for table in tables:
        of_table = fold.of_table(records, database, table.name)
        _, repeated = fold.assert_same(of_table, source.rows(sql, database, table.name), table.key)
        repeats += repeated
    return repeats


def test_killed_again_and_again_in_mid_snapshot_nothing_is_lost_stale_or_out_of_order(lab, case, seeded, delivery):
    database, sql, tables = set_up(lab, case, seeded, 3000)
    sql("DROP TABLE loose")  # its rows can't be told from their repetitions
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, tuning__chunk_rows=100, tuning__snapshot_parallelism=2, destination__delivery=delivery)
    seed = seeded.randrange(2**20)
    killed_in_snapshot = 0
    with background(*[writer(lambda: lab.sql(0, database), tables, seed, number, WRITERS) for number in range(WRITERS)]):
        for _ in range(5):
            before = topic.count
            with task.start() as run:
                topic.wait_for_messages(before + seeded.randrange(1, 1200))
                run.kill()
                killed_in_snapshot += not any(line["snapshot_done"] for line in run.lines)
    task.catch_up()
    records = topic.records()
    repeats = check(records, sql, database, tables)
    print(f"killed {killed_in_snapshot} times in the snapshot, {repeats} changes repeated")
    assert killed_in_snapshot >= 2
    assert sum(record.op == "DDL" for record in records) <= 2 * len(tables)
    if delivery == "exactly_once":
        fold.assert_once(records, keys_of(tables))


def test_killed_again_and_again_in_mid_stream_changes_are_only_repeated_as_they_were(lab, case, seeded, delivery):
    database, sql, tables = set_up(lab, case, seeded, 300)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, destination__delivery=delivery)
    task.catch_up()
    seed = seeded.randrange(2**20)
    workers = [writer(lambda: lab.sql(0, database), tables, seed, number, WRITERS) for number in range(WRITERS)]
    with background(*workers, scribble(lab, database)):
        for _ in range(5):
            before = topic.count
            with task.start() as run:
                topic.wait_for_messages(before + seeded.randrange(1, 800))
                run.kill()
    task.catch_up()
    records = topic.records()
    repeats = check(records, sql, database, tables)
    loose, again = fold.without_repeats(fold.of_table(records, database, "loose"))
    assert fold.multiset(loose) == fold.counter(source.rows(sql, database, "loose"))
    print(f"{repeats + again} changes repeated")
    assert sum(record.op == "INIT" for record in records) == 300 * len(tables) + 2000, "the snapshot was not begun anew"
    if delivery == "exactly_once":
        fold.assert_once(records, keys_of(tables))


def test_killed_while_a_giant_transaction_is_sent_the_whole_of_it_arrives(lab, case, seeded, delivery):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    table = Keyed(sql, "plain", 1500, seeded, pad=9000)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, destination__delivery=delivery)
    task.catch_up()
    assert topic.records()
    with sql.transaction():
        for round_number in range(3):
            sql("UPDATE plain SET ver = ver + 1, pad = REPEAT(CHAR(65 + %s), 9000)", round_number)
    everything = len(topic.records()) + 3 * 1500
    for _ in range(3):
        before = topic.count
        with task.start() as run:
            # Delivered once, no more than all of it can come.
            topic.wait_for_messages(min(before + seeded.randrange(1, 1200), everything if delivery == "exactly_once" else before + 1200))
            run.kill()
    task.catch_up()
    records = topic.records()
    repeats = check(records, sql, database, [table])
    print(f"{repeats} changes repeated")
    if delivery == "exactly_once":
        fold.assert_once(records, keys_of([table]))


def test_a_clean_stop_and_another_start_repeat_nothing(lab, case, seeded, delivery):
    database, sql, tables = set_up(lab, case, seeded, 300)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, destination__delivery=delivery)
    seed = seeded.randrange(2**20)
    workers = [writer(lambda: lab.sql(0, database), tables, seed, number, WRITERS) for number in range(WRITERS)]
    with background(*workers, scribble(lab, database)):
        for _ in range(4):
            before = topic.count
            with task.start() as run:
                run.wait_for_new_lines(1)  # a process that is only just starting ends by the signal itself
                topic.wait_for_messages(before + 300)
                run.stop()
    task.catch_up()
    records = topic.records()
    assert check(records, sql, database, tables) == 0
    loose = fold.of_table(records, database, "loose")
    assert fold.multiset(loose) == fold.counter(source.rows(sql, database, "loose"))
    keyed = [record for record in records if record.op == "INIT" and record.table != "loose"]
    assert len({record.key for record in keyed}) == len(keyed), "a row of the snapshot came twice"
