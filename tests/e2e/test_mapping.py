"""Objects under other names: databases, tables and columns renamed, columns and operations left out, patterns, tables that come later."""

import json

import pytest

import fold
import source
from task import background, wait_for
from verifying import verify
from writers import Keyed, writer


def run_beside_writers(task, topic, kills=3, records=600):
    for _ in range(kills):
        with task.start() as run:
            wanted = topic.count + 100
            wait_for(lambda: topic.count >= wanted or run.is_over)
            assert not run.is_over, run.story()
            run.kill()
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        wanted = topic.count + records
        wait_for(lambda: topic.count >= wanted or run.is_over)
        run.stop()


def test_renamed_tables_and_columns_arrive_whole_through_crashes_with_statements_and_keys_under_their_names(lab, case, seeded):
    database, target = case.database(lab), case.name + "_store"
    sql = case.sql(lab, 0, database)
    tables = {name: Keyed(sql, name, 300, seeded) for name in ("composite", "plain")}
    for number in (1, 2):
        sql(f"CREATE TABLE log_{number} (id INT PRIMARY KEY, note VARCHAR(20))")
        sql(f"INSERT INTO log_{number} VALUES (1, 'a')")
    sql("CREATE TABLE other (id INT PRIMARY KEY)")
    sql("INSERT INTO other VALUES (1)")
    topic = case.topic(lab)
    objects = {database: {"name": target, "tables": {
        "composite": {"name": "places", "columns": {"region": "area", "n": "n", "ver": "version"}},
        "plain": {"name": "simple"},
        "regex:log_(\\d+)": {"name": "logs_{1}"}}}}
    task = case.task(lab, case.mysql_task(lab, database, topic).definition["source"], objects, topic)
    write = writer(lambda: lab.sql(0, database), list(tables.values()), seeded.randrange(2**20), 0, 1)
    with background(write):
        run_beside_writers(task, topic)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("ALTER TABLE plain ADD COLUMN extra INT DEFAULT 7")
        sql("CREATE TABLE log_33 (id INT PRIMARY KEY)")
        sql("INSERT INTO log_33 VALUES (5)")
        sql("CREATE TABLE another (id INT PRIMARY KEY)")
        sql("INSERT INTO another VALUES (5)")
        sql("UPDATE plain SET ver = ver + 1000000 ORDER BY id LIMIT 3")
        wait_for(lambda: any(r.op == "UPDATE" and "extra" in (r.after or {}) for r in topic.records()) or run.is_over)
        run.stop()
    task.catch_up()
    records = topic.records()
    assert {(record.db, record.table) for record in records if record.op != "DDL"} == {
        (target, name) for name in ("places", "simple", "logs_1", "logs_2", "logs_33")}
    sql("CREATE VIEW places AS SELECT region AS area, n, ver AS version FROM composite")
    fold.assert_same(fold.of_table(records, target, "places"), source.rows(sql, database, "places"), ["area", "n"])
    simple = fold.of_table(records, target, "simple")
    with_extra = [record for record in simple if "extra" in (record.after or record.before)]
    assert with_extra
    replay = fold.Replay(fold.without_repeats([record for record in simple if record not in with_extra])[0], ["id"])
    assert not replay.errors
    for record in fold.of_table(records, target, "places"):
        assert json.loads(record.key)[:2] == [target, "places"] and set(record.after or record.before) == {"area", "n", "version"}
    texts = [record.statement for record in records if record.op == "DDL"]
    assert all(record.db == target for record in records if record.op == "DDL"), texts
    created = next(text for text in texts if text.startswith("CREATE TABLE `places`"))
    assert "`area` varchar(20)" in created and "`version` bigint" in created and "pad" not in created and "PRIMARY KEY (`area`, `n`)" in created, created
    assert any(text.startswith("CREATE TABLE `logs_1`") for text in texts)
    assert any(text.startswith("ALTER TABLE `simple` ADD COLUMN extra") for text in texts), texts
    assert any(text.startswith("CREATE TABLE `logs_33`") for text in texts), texts
    if lab.is_real_kafka:
        fold.assert_once(records, {"places": ["area", "n"], "simple": ["id"]})
    verified = verify(task).assert_equal()
    assert {table["table"] for table in verified.summary["tables"]} == {"places", "simple", "logs_1", "logs_2", "logs_33"}


def test_a_difference_is_found_and_repaired_under_the_mapped_names(lab, case, seeded):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    Keyed(sql, "plain", 50, seeded)
    topic = case.topic(lab)
    task = case.task(lab, case.mysql_task(lab, database, topic).definition["source"],
                     {database: {"name": "elsewhere", "tables": {"plain": {"name": "p", "columns": {"id": "number", "ver": "ver"}}}}}, topic)
    task.catch_up()
    sql("SET sql_log_bin = 0")
    sql("UPDATE plain SET ver = 99 WHERE id IN (3, 4)")
    sql("DELETE FROM plain WHERE id = 5")
    found = verify(task, "--patience", "0")
    assert found.kinds() == [("changed", ("3",)), ("changed", ("4",)), ("extra in topic", ("5",))] and list(found.differences[0]["key"]) == ["number"]
    verify(task, "--patience", "0", "--repair")
    verify(task, "--patience", "0").assert_equal()
    fixed = [record for record in topic.records() if record.op == "INIT" and record.after["ver"] == 99]
    assert sorted(json.loads(record.key)[2] for record in fixed) == [3, 4] and fixed[0].table == "p"


def test_operations_that_are_not_chosen_are_left_out_and_counted(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    for table in ("a", "b"):
        sql(f"CREATE TABLE {table} (id INT PRIMARY KEY, v INT)")
        sql(f"INSERT INTO {table} VALUES (1, 1), (2, 2)")
    topic = case.topic(lab)
    task = case.task(lab, case.mysql_task(lab, database, topic).definition["source"],
                     {database: {"tables": {"a": {"dml": ["insert", "update"]}, "b": {"dml": ["delete"]}}}}, topic)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        for table in ("a", "b"):
            sql(f"INSERT INTO {table} VALUES (3, 3)")
            sql(f"UPDATE {table} SET v = 9 WHERE id = 1")
            sql(f"DELETE FROM {table} WHERE id = 2")
        last = run.wait_until(lambda line: sum(table["changes"] for table in line["tables"]) >= 6)
        assert last["left_out"] == 3
        run.stop()
    task.catch_up()
    ops = {table: [record.op for record in fold.of_table(topic.records(), database, table)] for table in ("a", "b")}
    assert ops == {"a": ["INIT", "INIT", "INSERT", "UPDATE"], "b": ["INIT", "INIT", "DELETE"]}


@pytest.mark.parametrize("how", ["upper", "lower"])
def test_capitalisation_is_that_of_the_task_where_no_name_is_given(lab, case, how):
    database = case.database(lab, suffix="_Mixed")
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE Orders (Id INT PRIMARY KEY, Über INT)")
    sql("INSERT INTO Orders VALUES (1, 2)")
    topic = case.topic(lab)
    task = case.task(lab, case.mysql_task(lab, database, topic).definition["source"], {database: "all"}, topic, names={"capitalization": how})
    task.catch_up()
    change = str.upper if how == "upper" else str.lower
    record = next(record for record in topic.records() if record.op == "INIT")
    assert (record.db, record.table, list(record.after)) == (change(database), change("Orders"), [change("Id"), change("Über")])
    verify(task).assert_equal()


def test_two_tables_under_one_name_are_refused_before_anything_is_written(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    for number in (1, 2):
        sql(f"CREATE TABLE t{number} (id INT PRIMARY KEY)")
    topic = case.topic(lab)
    task = case.task(lab, case.mysql_task(lab, database, topic).definition["source"],
                     {database: {"tables": {"t1": {"name": "t"}, "regex:t2": {"name": "t"}}}}, topic)
    with task.start() as run:
        assert run.wait() == 2
        error = run.lines[-1]["error"]
        assert error["code"] == "task.objects_conflict" and "t1" in str(error) and "t2" in str(error), error
    assert not task.state.exists() and topic.records() == []
    task.change(objects={database: {"tables": {"t1": {"columns": ["no"]}}}})
    with task.start() as run:
        assert run.wait() == 3 and run.lines[-1]["error"]["code"] == "source.column_missing", run.lines[-1]


def test_databases_by_pattern_are_those_of_the_task_s_beginning(lab, case):
    names = [case.database(lab, suffix=f"_{number}") for number in (1, 2)]
    for name in names:
        with lab.sql(0, name) as sql:
            sql("CREATE TABLE t (id INT PRIMARY KEY)")
            sql("INSERT INTO t VALUES (1)")
    topic = case.topic(lab)
    task = case.task(lab, case.mysql_task(lab, names[0], topic).definition["source"], {f"regex:{case.name}_(\\d)": {"name": "d{1}"}}, topic)
    task.catch_up()
    later = case.database(lab, suffix="_3")
    with lab.sql(0, later) as sql:
        sql("CREATE TABLE t (id INT PRIMARY KEY)")
        sql("INSERT INTO t VALUES (1)")
    with lab.sql(0, names[1]) as sql:
        sql("INSERT INTO t VALUES (2)")
        sql("CREATE TABLE u (id INT PRIMARY KEY)")
        sql("INSERT INTO u VALUES (1)")
    task.catch_up()
    rows = sorted((record.db, record.table, record.op, record.after["id"]) for record in topic.records() if record.op != "DDL")
    assert rows == [("d1", "t", "INIT", 1), ("d2", "t", "INIT", 1), ("d2", "t", "INSERT", 2), ("d2", "u", "INSERT", 1)]
    verify(task).assert_equal()


def test_shards_behind_the_front_arrive_under_the_logical_table_s_new_name_and_a_script_sees_the_old_one(lab, case):
    if not lab.front:
        pytest.skip("the lab has no front")
    with lab.front_sql() as front:
        front(f"CREATE TABLE {case.name} (id BIGINT PRIMARY KEY, name VARCHAR(30), secret VARCHAR(30)) dbpartition by hash(id)")
        for number in range(60):
            front(f"INSERT INTO {case.name} VALUES ({number}, 'n{number}', 's')")
        topic = case.topic(lab)
        database = lab.front["database"]
        task = case.drds_task(lab, topic)
        task.change(objects={database: {"name": "mall", "tables": {case.name: {"name": "people", "columns": {"id": "id", "name": "label"}}}}},
                    etl={"script": "e_set(`name`, str_format('{}/{}', `name`, __TB__))"})
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            front(f"UPDATE {case.name} SET name = 'changed' WHERE id = 7")
            front(f"ALTER TABLE {case.name} ADD COLUMN more INT")
            wait_for(lambda: any(record.op == "DDL" and "ADD COLUMN more" in record.statement for record in topic.records()) or run.is_over)
            run.stop()
        records = topic.records()
        rows = fold.Replay(fold.without_repeats(fold.of_table(records, "mall", "people"))[0], ["id"]).present()
        assert len(rows) == 60 and rows[(7,)] == {"id": 7, "label": f"changed/{case.name}"} and rows[(8,)]["label"] == f"n8/{case.name}"
        assert [record.statement.split(" (")[0] for record in records if record.op == "DDL"] == ["CREATE TABLE `people`", "ALTER TABLE `people` ADD COLUMN more INT"]
        verify(task).assert_equal()
        front(f"DROP TABLE {case.name}")
