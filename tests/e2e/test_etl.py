"""ETL scripts of a task: what they make of rows of the snapshot and of changes, and what becomes of rows on which they fail."""

import json
import random
import subprocess

import pytest

import fold
import source
from servers import BIN
from task import background, wait_for
from verifying import verify
from writers import Keyed, writer

SCRIPT = """e_compose(
  e_if(op_eq(op_mod(`id`, 10), 3), e_drop()),
  e_set(`phone`, str_mask(`phone`, 3, 6, '*')),
  e_set(`twice`, op_mul(`ver`, 2)),
  e_set(`size`, (op_gt(`amount`, 100) ? 'large' : 'small')))"""
EXPECTED = """CREATE VIEW expected AS SELECT id, ver, amount, INSERT(phone, 4, 4, '****') AS phone, CAST(ver * 2 AS SIGNED) AS twice,
  IF(amount > 100, 'large', 'small') AS size FROM orders WHERE id % 10 <> 3"""
ROWS = 400


class Orders:
    def __init__(self, sql, rng):
        self.sql = sql
        sql("CREATE TABLE orders (id INT PRIMARY KEY, ver BIGINT NOT NULL, amount DECIMAL(10,2) NOT NULL, phone VARCHAR(20) NOT NULL)")
        with sql.transaction(), sql.connection.cursor() as cursor:
            cursor.executemany("INSERT INTO orders VALUES (%s, %s, %s, %s)", [self.row(rng, n, 0) for n in range(ROWS)])

    @staticmethod
    def row(rng, number, version):
        return number, version, f"{rng.randrange(20000)}.{rng.randrange(100):02d}", f"13{rng.randrange(10**9):09d}"

    def writing(self, connect, seed):
        def work(should_end):
            rng, version = random.Random(seed), 0
            with connect() as sql:
                while not should_end():
                    sql("BEGIN")
                    for _ in range(rng.choice([1, 2, 5])):
                        version += 1
                        row = self.row(rng, rng.randrange(ROWS * 2), version)
                        if rng.random() < 0.3:
                            sql("DELETE FROM orders WHERE id = %s", row[0])
                        else:
                            sql("INSERT INTO orders VALUES (%s, %s, %s, %s) ON DUPLICATE KEY UPDATE ver = VALUES(ver), amount = VALUES(amount), "
                                "phone = VALUES(phone)", *row)
                    sql("COMMIT")
        return background(work)


@pytest.fixture
def orders(lab, case, seeded):
    database = case.database(lab)
    made = Orders(case.sql(lab, 0, database), seeded)
    made.database = database
    return made


def etl(task, action, *options):
    done = subprocess.run([BIN / "tributary", "etl", action, task.file, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def etl_json(task, action, *options):
    code, out, errors = etl(task, action, "--json", *options)
    return code, [json.loads(line) for line in out.splitlines()], errors


def test_a_script_changes_snapshot_and_changes_alike_through_crashes_and_verify_agrees(lab, case, orders, seeded):
    sql, database = orders.sql, orders.database
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, tables=["orders"], etl={"script": SCRIPT}, tuning__chunk_rows=100)
    with orders.writing(lambda: lab.sql(0, database), seeded.randrange(2**20)):
        for _ in range(4):
            with task.start() as run:
                wanted = topic.count + 150
                wait_for(lambda: topic.count >= wanted or run.is_over)
                run.kill()
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            wanted = topic.count + 500
            wait_for(lambda: topic.count >= wanted or run.is_over)
            run.stop()
    task.catch_up()
    records = topic.records()
    of_table = fold.of_table(records, database, "orders")
    sql(EXPECTED)
    fold.assert_same(of_table, source.rows(sql, database, "expected"), ["id"])
    if lab.is_real_kafka:
        fold.assert_once(records, {"orders": ["id"]})
    assert {"INIT", "INSERT", "UPDATE", "DELETE"} == {record.op for record in of_table}
    for record in of_table:
        assert all(image is None or (image["phone"][3:7] == "****" and image["twice"] == 2 * image["ver"]) for image in (record.before, record.after)), record
    verified = verify(task).assert_equal()
    assert verified.table("orders")["left_out"] == int(sql("SELECT COUNT(*) FROM orders WHERE id % 10 = 3")[0][0])
    sql("UPDATE orders SET amount = amount + 1 WHERE id = (SELECT * FROM (SELECT MIN(id) FROM orders WHERE id % 10 <> 3) AS one)")
    assert [kind for kind, _ in verify(task, "--patience", "0").kinds()] == ["changed"]


def test_check_and_try_show_what_a_script_does_without_running_the_task(lab, case, orders):
    task = case.mysql_task(lab, orders.database, None, etl={"tables": {f"{orders.database}.ord*": SCRIPT, f"{orders.database}.none": ""}})
    orders.sql("CREATE TABLE none (a INT)")
    name = f"{orders.database}.orders"
    code, tables, errors = etl_json(task, "check")
    assert (code, errors) == (0, "") and len(tables) == 1
    assert tables[0]["changed"] == ["phone"] and [column["name"] for column in tables[0]["added"]] == ["twice", "size"]
    code, text, _ = etl(task, "check")
    assert code == 0 and name in text and "changes phone; adds twice bigint; adds size varchar(5)" in text, text

    code, rows, _ = etl_json(task, "try", "--rows", "12")
    assert code == 0 and len(rows) == 12 and [row["verdict"] for row in rows].count("left_out") == 1
    sent = rows[0]
    assert sent["before"]["phone"][:3] + "****" + sent["before"]["phone"][7:] == sent["after"]["phone"] and sent["after"]["twice"] == "0"
    code, text, _ = etl(task, "try", "--rows", "1")
    assert code == 0 and "*  phone" in text and "+  size" in text, text

    code, rows, _ = etl_json(task, "try", "--rows", "3", "--table", name, "--script", "e_set(`ver`, op_sum(`phone`, 1))")
    assert code != 0 and rows[0]["error"]["code"] == "etl.type", rows
    orders.sql("UPDATE orders SET phone = 'none' WHERE id = 1")
    code, rows, _ = etl_json(task, "try", "--rows", "3", "--table", name, "--script", "e_set(`ver`, cast_string_to_long(`phone`))")
    assert code == 1 and [row["verdict"] for row in rows] == ["sent", "failed", "sent"] and "id = 1" in rows[1]["problem"], rows
    code, rows, _ = etl_json(task, "check", "--script", "e_set(`gone`, op_sum(`nothing`, 1))")
    assert code != 0 and {row.get("table") for row in rows} == {"orders", "none", None} and rows[-1]["error"]["code"] == "etl.unknown_column", rows
    code, text, _ = etl(task, "functions")
    assert code == 0 and "str_mask(" in text


def test_a_script_that_does_not_fit_its_table_is_refused_before_anything_is_written(lab, case, orders):
    topic = case.topic(lab)
    task = case.mysql_task(lab, orders.database, topic, etl={"script": "e_compose(\n  e_set(`id`, 1),\n  e_set(`ver`, `nope`))"})
    with task.start() as run:
        assert run.wait() == 2
        error = run.lines[-1]["error"]
        assert error["code"] == "etl.unknown_column" and f"{orders.database}.orders, script 3:16" in error["where"], error
    assert topic.records() == [] and not task.state.exists()
    task.change(etl__script="e_set(`ver` 1)")
    with task.start() as run:
        assert run.wait() == 2
        error = run.lines[-1]["error"]
        assert error["code"] == "etl.syntax" and f"{task.file}:" in error["where"] and "1:13" in error["what"], error


@pytest.mark.parametrize("policy", ["stop", "skip", "null"])
def test_rows_on_which_a_script_fails_stop_the_task_or_are_counted(lab, case, orders, policy):
    sql, database = orders.sql, orders.database
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, etl={"script": "e_set(`number`, cast_string_to_long(`phone`))", "on_error": policy})
    sql("UPDATE orders SET phone = 'none' WHERE id = 7")
    if policy == "stop":
        with task.start() as run:
            assert run.wait() == 5
            error = run.lines[-1]["error"]
            assert error["code"] == "etl.value" and "key id = 7" in error["where"] and "'none'" in error["what"], error
        sql("UPDATE orders SET phone = '1' WHERE id = 7")
        task.change(etl__script="e_set(`number`, (regex_match(`phone`, '[0-9]+') ? cast_string_to_long(`phone`) : null))")
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("UPDATE orders SET phone = 'other' WHERE id = 9")
        sql("UPDATE orders SET phone = '9' WHERE id = 9")
        last = run.wait_until(lambda line: line["tables"][0]["changes"] >= 2)
        counted = (last["script_skipped"], last["script_nulls"])
        run.stop()
    assert counted == {"stop": (0, 0), "skip": (3, 0), "null": (0, 3)}[policy], last
    replay = fold.Replay(fold.without_repeats(fold.of_table(topic.records(), database, "orders"))[0], ["id"])
    rows = replay.present()
    assert len(rows) == (ROWS - 1 if policy == "skip" else ROWS)
    if policy == "null":
        assert rows[(7,)]["number"] is None
    if policy == "stop":
        assert rows[(9,)]["number"] == 9


def test_a_column_that_goes_away_under_a_script_stops_the_task_and_a_mended_script_goes_on(lab, case, orders):
    sql, database = orders.sql, orders.database
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, tables=["orders"], etl={"script": "e_set(`phone`, op_add(`phone`, 'x'))"})
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("INSERT INTO orders VALUES (5000, 1, 1, 'a')")
        sql("ALTER TABLE orders DROP COLUMN phone")
        sql("INSERT INTO orders VALUES (5001, 1, 1)")
        assert run.wait() == 2
        error = run.lines[-1]["error"]
        assert error["code"] == "etl.unknown_column" and f"{database}.orders" in error["where"], error
    task.change(etl__script="e_set(`ver`, op_sum(`ver`, 1))")
    task.catch_up()
    records = [record for record in fold.of_table(topic.records(), database, "orders") if record.op == "INSERT"]
    assert [(record.after["id"], record.after["ver"]) for record in records] == [(5000, 1), (5001, 2)]
    assert "phone" in records[0].after and "phone" not in records[1].after


def test_partitions_follow_the_key_that_a_script_has_made(lab, case, seeded):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    table = Keyed(sql, "plain", 200, seeded)
    topic = case.topic(lab, partitions=5)
    task = case.mysql_task(lab, database, topic, destination__partition_by="key", etl={"script": "e_set(`id`, op_sum(`id`, 1000000))"})
    write = writer(lambda: lab.sql(0, database), [table], seeded.randrange(2**20), 0, 1)
    with background(write), task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        wanted = topic.count + 500
        wait_for(lambda: topic.count >= wanted or run.is_over)
        run.stop()
    task.catch_up()
    records = topic.records()
    of_table = fold.of_table(records, database, "plain")
    sql("CREATE VIEW expected AS SELECT CAST(id + 1000000 AS SIGNED) AS id, ver, pad FROM plain")
    fold.assert_same(of_table, source.rows(sql, database, "expected"), ["id"])
    homes = {}
    for record in of_table:
        assert json.loads(record.key)[2] >= 1000000
        for image in filter(None, (record.before, record.after)):
            homes.setdefault(image["id"], set()).add(record.partition)
    assert all(len(partitions) == 1 for partitions in homes.values())
    if lab.is_real_kafka:
        fold.assert_once(records, {"plain": ["id"]})
    assert "key" in " ".join(verify(task).table("plain")["notes"])
