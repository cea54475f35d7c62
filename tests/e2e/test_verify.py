"""`tributary verify`: what is equal is found equal, what was planted is found and nothing else, on real servers."""

import os
import random
import shutil

import pytest
from confluent_kafka.admin import AdminClient

from servers import lab_or_skip
from task import background, wait_for
from verifying import Planter, first_record, verify, verify_text
from writers import Keyed, writer

SHAPES = ("plain", "unsigned_big", "composite", "folded", "binary_key", "decimal_key", "datetime_key", "date_and_char", "unique_only")
# Of the test of exactly the planted differences: raise it for a measurement (2,000,000 records: see README.md).
PLANTED_RECORDS = int(os.environ.get("VERIFY_RECORDS", 8000))
PLANTED_EACH = int(os.environ.get("VERIFY_PLANTED_EACH", 25))
PEAK_RSS_MIB_MAX = 256


@pytest.fixture
def table(lab, case):
    """A table of 200 rows, carried to its end by a task that does not run."""

    class Carried:
        database = case.database(lab)
        sql = case.sql(lab, 0, database)
        topic = case.topic(lab)
        task = case.mysql_task(lab, database, topic)

        def __init__(self, rows=200, definition="id INT PRIMARY KEY, name VARCHAR(40), amount DECIMAL(10,2)"):
            self.sql(f"CREATE TABLE t ({definition})")
            with self.sql.transaction(), self.sql.connection.cursor() as cursor:
                cursor.executemany("INSERT INTO t (id, name, amount) VALUES (%s, %s, %s)", [(n, f"name {n}", f"{n}.25") for n in range(1, rows + 1)])
            self.task.catch_up()

        def planter(self):
            like = first_record(lab.brokers, self.topic.name, lambda record: record.op == "INIT" and record.table == "t")
            return Planter(lab.brokers, self.topic.name, like, ["id"])

        @staticmethod
        def row(number, name=None, amount=None):
            return {"id": number, "name": name or f"name {number}", "amount": amount or f"{number}.25"}
    return Carried()


def write_for_a_while(lab, database, tables, task, topic, seed, more):
    with background(*[writer(lambda: lab.sql(0, database), tables, seed, number, 2) for number in range(2)]) as ending:
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            topic.wait_for_messages(topic.count + more)
            ending.set()
            run.stop()
    task.catch_up()


def test_after_a_snapshot_under_writers_all_kinds_of_keys_are_equal_and_the_next_verify_goes_on(lab, case, seeded):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    tables = [Keyed(sql, shape, 300, seeded) for shape in SHAPES]
    sql("CREATE TABLE loose (a INT, b VARCHAR(20), c BLOB)")
    with sql.transaction(), sql.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO loose VALUES (%s, %s, %s)", [(n % 20, f"w{n % 3}" if n % 7 else None, bytes([n % 5])) for n in range(400)])
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, tuning__chunk_rows=100)
    write_for_a_while(lab, database, tables, task, topic, seeded.randrange(2**20), 500)
    first = verify(task).assert_equal()
    for shape in SHAPES:
        rows = sql.one(f"SELECT COUNT(*) FROM `{shape}`")
        found = first.table(shape)
        assert (found["source_rows"], found["topic_rows"], found["equal"]) == (int(rows),) * 3, found
    assert first.table("loose")["equal"] == 400 and first.table("loose")["keyless"]
    assert first.summary["records_folded"] == len(topic.records()) and not first.summary["went_on"]

    sql("DELETE FROM loose WHERE a = 3 LIMIT 5")
    sql("UPDATE loose SET b = 'new' WHERE a = 4 LIMIT 3")
    for shape in SHAPES:
        sql(f"DELETE FROM `{shape}` LIMIT 3")
        sql(f"UPDATE `{shape}` SET ver = ver + 1000000 LIMIT 50")
    task.catch_up()
    again = verify(task).assert_equal()
    assert again.summary["went_on"] and 0 < again.summary["records_folded"] < first.summary["records_folded"]
    anew = verify(task, "--anew").assert_equal()
    assert anew.summary["records_folded"] == first.summary["records_folded"] + again.summary["records_folded"]

    sample = verify(task, "--sample", "20").assert_equal()
    share = sum(found["source_rows"] for found in sample.summary["tables"]) / sum(found["source_rows"] for found in anew.summary["tables"])
    assert sample.summary["sample"] == 20 and 0.1 < share < 0.3
    one = verify(task, "--table", f"{database}.composite").assert_equal()
    assert [found["table"] for found in one.summary["tables"]] == ["composite"]


def test_while_the_task_runs_and_writers_write_nothing_is_taken_for_a_difference(lab, case, seeded):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    tables = [Keyed(sql, shape, 300, seeded) for shape in ("plain", "composite", "folded")]
    sql("CREATE TABLE loose (a INT, b INT)")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic)
    seed = seeded.randrange(2**20)

    def scribble(should_end):
        with lab.sql(0, database) as own:
            number = 0
            while not should_end():
                number += 1
                own("INSERT INTO loose VALUES (%s, %s)", number % 50, number)
                own("DELETE FROM loose WHERE a = %s LIMIT 1", (number * 7) % 50)

    workers = [writer(lambda: lab.sql(0, database), tables, seed, number, 2) for number in range(2)]
    with background(*workers, scribble) as ending, task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        for _ in range(3):
            found = verify(task, "--patience", "15")
            assert found.code == 0 and not found.differences and found.summary["task_runs"], f"{found.differences[:3]} {found.summary}"
        ending.set()
        verify(task).assert_equal()
        run.stop()


def test_a_difference_is_found_while_the_task_runs(table):
    with table.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        planter = table.planter()
        planter.send("INIT", after=table.row(7, name="planted"))
        planter.send("DELETE", before=table.row(8))
        planter.flush()
        found = verify(table.task)
        assert found.code == 1 and found.kinds() == [("changed", ("7",)), ("missing in topic", ("8",))], found.lines
        run.stop()


def test_each_kind_is_told_with_key_columns_values_and_record(table, lab):
    table.sql("UPDATE t SET name = 'second' WHERE id = 4")
    table.task.catch_up()
    server_id = int(table.sql.one("SELECT @@server_id"))
    planter = table.planter()
    planter.send("INIT", after=table.row(1, name="wrong", amount="9.99"))
    planter.send("DELETE", before=table.row(2))
    planter.send("INIT", after=table.row(1000))
    planter.send("UPDATE", before=table.row(4), after=table.row(4, name="first"), id=0, server_id=server_id)
    planter.send("INIT", after={"id": 5, "name": None, "amount": "5.25"})
    planter.flush()
    found = verify(table.task)
    assert found.code == 1
    told = {one["kind"] + " " + one["key"]["id"]: one for one in found.differences}
    assert set(told) == {"changed 1", "missing in topic 2", "extra in topic 1000", "out of order 4", "changed 5"}
    last = max(record.offset for record in table.topic.records())
    assert told["changed 1"]["columns"] == [{"column": "name", "source": "name 1", "topic": "wrong"}, {"column": "amount", "source": "1.25", "topic": "9.99"}]
    record = told["changed 1"]["record"]
    assert (record["topic"], record["partition"], record["offset"], record["operation"]) == (table.topic.name, 0, last - 4, "INIT")
    assert told["missing in topic 2"]["record"]["operation"] == "DELETE" and told["missing in topic 2"]["record"]["offset"] == last - 3
    assert told["extra in topic 1000"]["columns"][0] == {"column": "id", "source": None, "topic": "1000"}
    assert told["out of order 4"]["columns"] == [{"column": "name", "source": "second", "topic": "first"}]
    assert told["changed 5"]["columns"] == [{"column": "name", "source": "name 5", "topic": None}]
    sums = found.table("t")
    assert (sums["changed"], sums["missing"], sums["extra"], sums["out_of_order"], sums["equal"]) == (2, 1, 1, 1, 196)
    assert sums["late"] == 1 and sums["source_rows"] == 200 and sums["topic_rows"] == 200

    code, text, _ = verify_text(table.task, "--show", "2")
    assert code == 1 and "... and 3 more differences" in text and "differ in 5 places" in text
    heading = next(line for line in text.splitlines() if line.startswith("TABLE"))
    numbers = next(line for line in text.splitlines() if line.startswith(f"{table.database}.t  "))
    assert len(heading) == len(numbers)


def test_a_row_that_the_topic_never_had_is_missing_and_a_repeat_is_no_difference(table):
    table.sql("UPDATE t SET name = 'a' WHERE id = 9")
    table.sql("UPDATE t SET name = 'b' WHERE id = 9")
    table.task.catch_up()
    update = [record for record in table.topic.records() if record.op == "UPDATE"]
    planter = table.planter()
    for record in update:  # the tail of a run that was killed comes again
        planter.producer.produce(table.topic.name, record.value, record.key, partition=0)
    planter.flush()
    found = verify(table.task).assert_equal()
    assert found.table("t")["repeats"] == 2 and found.table("t")["late"] == 0

    table.task.change(migration=["incremental"])  # another task for another state, that never heard of the row
    table.sql("INSERT INTO t VALUES (777, 'unheard', 1)")
    found = verify(table.task)
    assert found.code == 2 and found.lines[-1]["error"]["code"] == "task.state_mismatch"
    table.task.change(migration=["schema", "full", "incremental"])
    found = verify(table.task)
    assert found.kinds() == [("missing in topic", ("777",))] and found.differences[0]["record"] is None
    # The task has not come that far, and it says so.
    assert [one["instance"] for one in found.summary["behind"]], found.summary
    code, text, _ = verify_text(table.task)
    assert code == 1 and "the task has delivered up to" in text
    table.task.catch_up()
    verify(table.task).assert_equal()


def test_without_the_state_folder_it_compares_and_says_what_it_could_not_know(table, tmp_path, lab, case):
    other = case.mysql_task(lab, table.database, table.topic, suffix="-elsewhere")
    found = verify(other).assert_equal()
    assert any("holds no state of the task" in warning for warning in found.summary["warnings"])
    assert not (other.state / "tributary.db").exists()


def test_a_repair_makes_it_equal_and_is_refused_while_the_task_runs(table, lab):
    table.sql("CREATE TABLE w (region VARCHAR(20), n SMALLINT, at DATETIME(3), v VARBINARY(9), PRIMARY KEY (region, n, at))")
    table.sql("INSERT INTO w VALUES ('r é', 1, '2020-01-02 03:04:05.678', x'00ff'), ('r é', 2, '2020-01-02', NULL)")
    table.task.catch_up()
    planter = table.planter()
    planter.send("INIT", after=table.row(1, name="wrong"))
    planter.send("DELETE", before=table.row(2))
    planter.send("INIT", after=table.row(1000))
    planter.flush()
    table.sql("DELETE FROM w WHERE n = 1")  # the task does not run: extra in the topic
    with table.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        refused = verify(table.task, "--repair")
        error = refused.lines[-1]["error"]
        assert refused.code == 2 and error["code"] == "task.state_in_use" and "stop it first" in error["what"]
        run.stop()
    table.sql("SET sql_log_bin = 0")
    table.sql("DELETE FROM w WHERE n = 2")  # nobody will ever tell
    found = verify(table.task, "--repair")
    assert found.code == 0 and found.summary["equal"] and found.summary["repaired"] == 4, found.summary
    assert len(found.differences) == 4
    verify(table.task).assert_equal()
    records = table.topic.records()
    gone = [record for record in records if record.table == "w" and record.op == "DELETE"]
    keys = {record.key for record in records if record.table == "w"}
    assert len(gone) == 2 and gone[1].key in keys - {gone[0].key} and gone[1].before["region"] == "r é", gone
    # The task goes on as if nothing had been.
    table.sql("SET sql_log_bin = 1")
    table.sql("UPDATE t SET name = 'later' WHERE id = 1")
    table.task.catch_up()
    verify(table.task).assert_equal()


def test_structures_that_differ_are_a_difference_unless_a_statement_in_the_topic_says_so(table):
    table.sql("ALTER TABLE t ADD COLUMN more INT DEFAULT 5")
    table.task.catch_up()
    found = verify(table.task).assert_equal()  # the statement is the topic's last word
    assert any("a statement changed its columns" in note for note in found.table("t")["notes"])
    assert found.table("t")["old_structure"] == 200
    table.sql("UPDATE t SET name = 'newer' WHERE id = 3")
    table.task.catch_up()
    assert verify(table.task).assert_equal().table("t")["old_structure"] == 199

    table.task.change(destination__ddl="ignore")
    table.sql("ALTER TABLE t ADD COLUMN secret VARCHAR(9), MODIFY more BIGINT")
    table.task.catch_up()
    found = verify(table.task)
    assert found.code == 1 and [one["kind"] for one in found.differences] == ["structure"]
    columns = {one["column"]: (one["source"], one["topic"]) for one in found.differences[0]["columns"]}
    assert columns == {"secret": ("varchar", None), "more": ("bigint", "int")}
    assert found.table("t")["equal"] == 200 and found.table("t")["structure_differs"]
    table.sql("UPDATE t SET secret = 'x' WHERE id = 3")
    table.task.catch_up()
    verify(table.task).assert_equal()


def test_statements_in_the_topic_do_to_rows_what_they_did_at_the_source(table):
    sql = table.sql
    sql("CREATE TABLE gone (id INT PRIMARY KEY)")
    sql("CREATE TABLE emptied (id INT PRIMARY KEY, v INT)")
    sql("CREATE TABLE loose (a INT)")
    for number in range(5):
        for name in ("gone", "loose"):
            sql(f"INSERT INTO {name} VALUES ({number})")
        sql(f"INSERT INTO emptied VALUES ({number}, 1)")
    table.task.catch_up()
    verify(table.task).assert_equal()
    sql("TRUNCATE TABLE emptied")
    sql("TRUNCATE TABLE loose")
    sql("INSERT INTO emptied VALUES (1, 2)")
    sql("INSERT INTO loose VALUES (77)")
    sql("DROP TABLE gone")
    sql("CREATE TABLE other LIKE t")
    sql("INSERT INTO other VALUES (1, 'x', 1)")
    sql("RENAME TABLE t TO aside, other TO t, aside TO other")  # a swap
    sql("ALTER TABLE emptied RENAME TO renamed")
    sql("UPDATE other SET name = 'after' WHERE id = 10")
    table.task.catch_up()
    found = verify(table.task).assert_equal()
    assert (found.table("t")["equal"], found.table("other")["equal"], found.table("renamed")["equal"], found.table("loose")["equal"]) == (1, 200, 1, 1)
    assert found.table("gone")["source_rows"] == found.table("gone")["topic_rows"] == 0
    verify(table.task, "--anew").assert_equal()


def test_a_topic_recreated_is_folded_anew_and_records_of_other_tables_are_named(table, lab, case):
    verify(table.task).assert_equal()
    kept = table.task.state / "verify"
    assert kept.exists()
    # The same folder beside another topic.
    other = case.topic(lab, suffix="-new")
    task = case.mysql_task(lab, table.database, other)
    task.file.unlink()
    table.task.change(destination__topic=other.name)
    moved = table.task.folder / "kept"
    shutil.move(kept, moved)
    shutil.rmtree(table.task.state)
    table.task.catch_up()
    shutil.move(moved, table.task.state / "verify")
    found = verify(table.task).assert_equal()
    assert not found.summary["went_on"] and any("folded anew" in warning for warning in found.summary["warnings"])

    # The same name, as many records, another topic.
    admin = AdminClient({"bootstrap.servers": lab.brokers})
    admin.delete_topics([other.name])[other.name].result(30)
    wait_for(lambda: other.name not in admin.list_topics(timeout=10).topics, what="the topic's end")
    lab.create_topic(other.name)
    shutil.move(table.task.state / "verify", moved)
    shutil.rmtree(table.task.state)
    table.task.catch_up()
    shutil.move(moved, table.task.state / "verify")
    found = verify(table.task).assert_equal()
    assert not found.summary["went_on"] and any("another one of the same name" in warning for warning in found.summary["warnings"]), found.summary

    database = case.database(lab, suffix="b")
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE stranger (id INT PRIMARY KEY)")
    sql("INSERT INTO stranger VALUES (1), (2)")
    case.mysql_task(lab, database, other, suffix="-b").catch_up()
    assert verify(table.task).assert_equal().summary["others"] == [{"table": f"{database}.stranger", "records": 2}]


def test_a_table_without_a_key_is_compared_by_how_often_its_rows_are_there(table, lab):
    table.sql("CREATE TABLE loose (a INT, b VARCHAR(9))")
    table.sql("INSERT INTO loose VALUES (1, 'x'), (1, 'x'), (2, NULL)")
    table.task.catch_up()
    like = first_record(lab.brokers, table.topic.name, lambda record: record.table == "loose" and record.op == "INSERT")
    planter = Planter(lab.brokers, table.topic.name, like, [])
    planter.send("INIT", after={"a": 1, "b": "x"})
    planter.send("INIT", after={"a": 9, "b": "y"})
    planter.send("DELETE", before={"a": 2, "b": None}, id=10**9)
    planter.flush()
    found = verify(table.task)
    told = {(one["kind"], one["key"]["a"]): (one["source_copies"], one["topic_copies"]) for one in found.differences}
    assert told == {("extra in topic", "1"): (2, 3), ("extra in topic", "9"): (0, 1), ("missing in topic", "2"): (1, 0)}
    repaired = verify(table.task, "--repair")
    assert repaired.code == 1 and any("can't be repaired" in note for note in repaired.table("loose")["notes"])


def test_shards_of_two_databases_and_a_topic_of_three_partitions(lab, case, seeded):
    login = lab.storage[0]
    shards = [case.database(lab, instance, f"_{instance}") for instance in range(2)]
    for instance, database in enumerate(shards):
        sql = case.sql(lab, instance, database)
        sql("CREATE TABLE orders (id INT PRIMARY KEY, v VARCHAR(20))")
        for number in range(100):
            sql("INSERT INTO orders VALUES (%s, %s)", number * 2 + instance, f"shard {instance}")
    topic = case.topic(lab, partitions=3)
    task = case.task(lab, {
        "engine": "mysql-shards", "user": login["user"], "password": login["password"],
        "shards": [{"host": storage["host"], "port": storage["port"]} for storage in lab.storage[:2]],
        "databases": {case.name: {"physical": [f"{case.name}_*"]}}}, {case.name: "all"}, topic)
    task.catch_up()
    found = verify(task).assert_equal()
    assert found.table("orders")["equal"] == 200
    like = first_record(lab.brokers, topic.name)
    planter = Planter(lab.brokers, topic.name, like, ["id"])
    planter.send("INIT", after={"id": 51, "v": "planted"}, partition=2)
    planter.flush()
    found = verify(task)
    assert found.kinds() == [("changed", ("51",))] and found.differences[0]["record"]["partition"] == 2
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        for instance, database in enumerate(shards):
            case.sql(lab, instance, database)("UPDATE orders SET v = 'again' WHERE id IN (51, 52)")
        # What another partition says of the row stands beside what partition 0 says: which is newer nobody can tell.
        assert verify(task, "--table", f"{case.name}.orders").code in (0, 1)
        run.stop()


@pytest.mark.parametrize("server", ["mysql-5.6", "mysql-9.7"])
def test_on_mysql_too(server, binaries, case, seeded):
    with lab_or_skip(server, instances=1, front=False, kafka="auto") as lab:
        database = case.database(lab)
        sql = case.sql(lab, 0, database)
        tables = [Keyed(sql, shape, 300, seeded) for shape in ("plain", "composite", "folded", "decimal_key", "datetime_key")]
        topic = case.topic(lab)
        task = case.mysql_task(lab, database, topic)
        with background(*[writer(lambda: lab.sql(0, database), tables, 5, number, 2) for number in range(2)]) as ending, task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            found = verify(task, "--patience", "15")
            assert found.code == 0 and not found.differences and found.summary["task_runs"], f"{found.differences[:3]} {found.summary}"
            ending.set()
            run.stop()
        task.catch_up()
        verify(task).assert_equal()
        sql("SET sql_log_bin = 0")
        sql("UPDATE plain SET pad = 'unlogged' ORDER BY id LIMIT 1")
        task.catch_up()
        found = verify(task)
        assert found.code == 1 and [one["kind"] for one in found.differences] == ["changed"] and found.differences[0]["table"] == "plain"
        assert verify(task, "--repair").code == 0
        case.close()


def test_exactly_the_planted_differences_are_found_in_little_memory(lab, case, seeded):
    """With VERIFY_RECORDS=2000000 VERIFY_PLANTED_EACH=250 the measurement that README.md tells of."""
    rows, each = PLANTED_RECORDS * 3 // 4, PLANTED_EACH
    database = case.database(lab)
    sql = case.sql(lab, 0, database, read_timeout=600)
    sql("CREATE TABLE big (id INT PRIMARY KEY, name VARCHAR(60), amount DECIMAL(12,2), at DATETIME, state INT)")
    sql("INSERT INTO big SELECT seq, CONCAT('customer number ', seq), seq / 7, '2024-01-01' + INTERVAL seq SECOND, 0 FROM seq_1_to_%s" % rows)
    lab.create_topic(case.name)
    task = case.task(lab, {**case.mysql_task(lab, database, None).definition["source"]}, {database: "all"})
    task.catch_up(500)
    changed = PLANTED_RECORDS - rows
    sql("UPDATE big SET state = 1 WHERE id <= %s", changed)
    task.catch_up(500)

    like = first_record(lab.brokers, case.name)
    planter = Planter(lab.brokers, case.name, like, ["id"])
    server_id = int(sql.one("SELECT @@server_id"))
    at = next(value for name, (_, value) in like.branches.items() if name == "at")

    def row(number, **other):
        text = sql("SELECT name, amount, state FROM big WHERE id = %s", number) or [("none", "0.00", 0)]
        return {"id": number, "name": text[0][0], "amount": str(text[0][1]), "at": at, "state": text[0][2], **other}

    old = random.Random(1).sample(range(1, changed + 1), each)  # have a change: an older one behind it is out of order
    others = random.Random(2).sample(range(changed + 1, rows + 1), 2 * each)
    wanted = set()
    for number in old:
        planter.send("UPDATE", before=row(number, state=0), after=row(number, state=0), id=0, server_id=server_id)
        wanted.add(("out of order", (str(number),)))
    for number in others[:each]:
        planter.send("INIT", after=row(number, name="planted"))
        wanted.add(("changed", (str(number),)))
    for number in others[each:]:
        planter.send("DELETE", before=row(number))
        wanted.add(("missing in topic", (str(number),)))
    for number in range(rows + 1, rows + each + 1):
        planter.send("INIT", after=row(number))
        wanted.add(("extra in topic", (str(number),)))
    planter.flush()

    found = verify(task)
    print(f"{found.summary['records_folded']} records, {found.summary['records_per_second']}/s folded; {found.summary['rows_read']} rows, "
          f"{found.summary['rows_per_second']}/s compared; {found.summary['elapsed_ms']} ms in all; peak {found.peak_rss_mib:.0f} MiB")
    assert found.code == 1 and found.kinds() == sorted(wanted)
    assert found.table("big")["equal"] == rows - 3 * each
    assert found.peak_rss_mib <= PEAK_RSS_MIB_MAX


def test_through_the_front_every_kind_of_table_is_compared_as_the_task_carries_it(lab, case):
    front = lab.front_sql()
    case.to_close.append(front)
    database = lab.front["database"]
    kinds = {"orders": "(id BIGINT NOT NULL PRIMARY KEY, note VARCHAR(40)) dbpartition by hash(id) tbpartition by hash(id) tbpartitions 2",
             "region": "(id INT NOT NULL PRIMARY KEY, note VARCHAR(40)) broadcast", "config": "(id INT NOT NULL PRIMARY KEY, note VARCHAR(40))",
             "loose": "(id INT, note VARCHAR(40)) dbpartition by hash(id)"}
    names = {kind: f"{kind}_{case.name}" for kind in kinds}
    topic = case.topic(lab)
    try:
        for kind, definition in kinds.items():
            front(f"CREATE TABLE `{names[kind]}` {definition}")
            front(f"INSERT INTO `{names[kind]}` VALUES " + ", ".join(f"({number}, 'n{number}')" for number in range(1, 41)))
        task = case.drds_task(lab, topic, tables=list(names.values()))
        task.catch_up()
        for name in names.values():
            front(f"UPDATE `{name}` SET note = 'again' WHERE id < 5")
        task.catch_up()
        found = verify(task).assert_equal()
        assert {table["table"]: table["equal"] for table in found.summary["tables"]} == dict.fromkeys(names.values(), 40)
        planter = Planter(lab.brokers, topic.name, first_record(lab.brokers, topic.name, lambda record: record.op == "INIT" and record.table == names["region"]), ["id"])
        planter.send("DELETE", before={"id": 7, "note": "n7"})
        planter.flush()
        found = verify(task)
        assert found.kinds() == [("missing in topic", ("7",))] and found.differences[0]["database"] == database
        assert verify(task, "--repair").code == 0
    finally:
        for name in names.values():
            front(f"DROP TABLE IF EXISTS `{name}`")
