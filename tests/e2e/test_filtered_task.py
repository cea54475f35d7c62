"""A table's WHERE condition in a running task: pushed into the snapshot, tested on changes, with one verdict."""

import random

import pytest

import fold
import source
from task import background, wait_for
from verifying import verify

WHERE = "status IN ('paid', 'sent') AND (amount * 2 > 30 OR note LIKE 'x%') AND NOT (id % 7 = 3)"
ROWS = 500


class Orders:
    def __init__(self, sql, rng):
        self.sql = sql
        sql("CREATE TABLE orders (id INT PRIMARY KEY, ver BIGINT NOT NULL, status VARCHAR(10) COLLATE utf8mb4_general_ci, "
            "amount DECIMAL(10,2), note VARCHAR(40) COLLATE utf8mb4_bin)")
        with sql.transaction(), sql.connection.cursor() as cursor:
            cursor.executemany("INSERT INTO orders VALUES (%s, %s, %s, %s, %s)", [self.row(rng, n, 0) for n in range(ROWS)])

    @staticmethod
    def row(rng, number, version):
        return (number, version, rng.choice(["paid", "PAID", "sent ", "new", "", None]), rng.choice([None, "0.00", "15.00", "15.01", "99.90"]),
                rng.choice([None, "", "xa", "Xa", "b"]))

    def writing(self, connect, seed):
        def work(should_end):
            rng, version = random.Random(seed), 0
            with connect() as sql:
                while not should_end():
                    sql("BEGIN")
                    for _ in range(rng.choice([1, 2, 5])):
                        version += 1
                        row = self.row(rng, rng.randrange(ROWS * 2), version)
                        chance = rng.random()
                        if chance < 0.2:
                            sql("DELETE FROM orders WHERE id = %s", row[0])
                        elif chance < 0.3:
                            sql("UPDATE IGNORE orders SET id = %s, ver = %s WHERE id = %s", rng.randrange(ROWS * 2), version, row[0])
                        else:
                            sql("REPLACE INTO orders VALUES (%s, %s, %s, %s, %s)" if rng.random() < 0.3 else
                                "INSERT INTO orders VALUES (%s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE ver = VALUES(ver), "
                                "status = VALUES(status), amount = VALUES(amount), note = VALUES(note)", *row)
                    sql("COMMIT")
        return background(work)


@pytest.fixture
def orders(lab, case, seeded):
    database = case.database(lab)
    made = Orders(case.sql(lab, 0, database), seeded)
    made.database = database
    return made


def filtered(lab, case, database, topic, where=WHERE, table="orders", **settings):
    return case.task(lab, case.mysql_task(lab, database, topic).definition["source"],
                     {database: {"tables": {table: {"where": where}}}}, topic, **settings)


def test_rows_that_pass_are_those_of_the_server_through_crashes_and_across_the_edge(lab, case, orders, seeded):
    sql, database = orders.sql, orders.database
    topic = case.topic(lab)
    task = filtered(lab, case, database, topic, tuning__chunk_rows=100)
    with orders.writing(lambda: lab.sql(0, database), seeded.randrange(2**20)):
        for _ in range(4):
            with task.start() as run:
                wanted = topic.count + 60
                wait_for(lambda: topic.count >= wanted or run.is_over)
                assert not run.is_over, run.story()
                run.kill()
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            wanted = topic.count + 500
            wait_for(lambda: topic.count >= wanted or run.is_over)
            run.stop()
    task.catch_up()
    records = topic.records()
    of_table = fold.of_table(records, database, "orders")
    sql(f"CREATE VIEW expected AS SELECT * FROM orders WHERE {WHERE}")
    rows = source.rows(sql, database, "expected")
    assert 30 < len(rows) < ROWS
    fold.assert_same(of_table, rows, ["id"])
    if lab.is_real_kafka:
        fold.assert_once(records, {"orders": ["id"]})
    assert {"INIT", "INSERT", "UPDATE", "DELETE"} == {record.op for record in of_table}
    for record in of_table:
        for image in filter(None, (record.before, record.after)):
            assert image["status"].strip().lower() in ("paid", "sent") and image["id"] % 7 != 3, record
    verified = verify(task).assert_equal()
    assert verified.table("orders")["left_out"] == int(sql("SELECT COUNT(*) FROM orders")[0][0]) - len(rows)


def test_few_rows_of_many_are_read_in_chunks_that_end(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE big (id INT PRIMARY KEY, v INT)")
    sql("INSERT INTO big SELECT seq, seq FROM seq_1_to_30000")
    topic = case.topic(lab)
    task = filtered(lab, case, database, topic, "v % 9999 = 0", "big", tuning__chunk_rows=100)
    task.catch_up()
    assert sorted(record.after["id"] for record in topic.records() if record.op == "INIT") == [9999, 19998, 29997]
    verify(task).assert_equal()


def test_a_table_without_a_key_is_filtered_too(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE loose (a INT, b VARCHAR(10))")
    sql("INSERT INTO loose SELECT seq % 10, 'x' FROM seq_1_to_1000")
    topic = case.topic(lab)
    task = filtered(lab, case, database, topic, "a > 5", "loose")
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("UPDATE loose SET a = 7 WHERE a = 1 LIMIT 3")
        sql("UPDATE loose SET a = 0 WHERE a = 9 LIMIT 2")
        sql("DELETE FROM loose WHERE a IN (2, 8) LIMIT 150")
        sql("INSERT INTO loose VALUES (6, 'y'), (5, 'y')")
        run.stop()
    task.catch_up()
    rows = [row for row in source.rows(sql, database, "loose") if row["a"] > 5]
    assert fold.multiset(fold.of_table(topic.records(), database, "loose")) == fold.counter(rows)
    verify(task).assert_equal()


@pytest.mark.parametrize("where, code, place", [
    ("id = ", "filter.syntax", "1:"), ("id = 1 AND nothing > 2", "filter.unknown_column", "1:12"),
    ("id > RAND()", "filter.unsupported", "1:6"), ("id = 1 /* why */", "filter.", "1:")])
def test_a_condition_that_can_not_be_evaluated_is_refused_before_anything_is_written(lab, case, orders, where, code, place):
    topic = case.topic(lab)
    task = filtered(lab, case, orders.database, topic, where)
    with task.start() as run:
        assert run.wait() == 2
        error = run.lines[-1]["error"]
        assert error["code"].startswith(code) and f"{orders.database}.orders, filter {place}" in error["where"], error
    assert not task.state.exists() and topic.records() == []


def test_names_filter_and_script_work_together(lab, case, orders):
    sql, database = orders.sql, orders.database
    topic = case.topic(lab)
    task = case.task(lab, case.mysql_task(lab, database, topic).definition["source"],
                     {database: {"name": "store", "tables": {"orders": {
                         "name": "good", "columns": {"id": "number", "ver": "ver", "amount": "price"}, "where": "amount > 10", "dml": ["insert", "update"]}}}},
                     topic, etl={"script": "e_compose(e_set(`amount`, op_mul(`amount`, 2)), e_set(`mark`, __OPERATION__))"})
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("DELETE FROM orders WHERE id = 1")
        sql("REPLACE INTO orders VALUES (2, 5, 'new', 1, NULL), (3, 5, 'new', 20, NULL)")
        sql("UPDATE orders SET amount = 30 WHERE id = 2")
        run.stop()
    task.catch_up()
    records = fold.of_table(topic.records(), "store", "good")
    changes = [(record.op, record.after) for record in records if record.op not in ("INIT", "DELETE")]
    assert changes[-1] == ("INSERT", {"number": 2, "ver": 5, "price": "60.00", "mark": "INSERT"}), changes
    assert all(record.op != "DELETE" for record in records if record.before and record.before["number"] == 1)
