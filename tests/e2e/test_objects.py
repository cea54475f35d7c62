"""`tributary objects`: what a task carries of a real source, under which names, what it leaves out, and what it refuses."""

import json
import subprocess

import pytest

from servers import BIN
from task import mysql_source, polardbx10_source


def ask(task, *options):
    return subprocess.run([BIN / "tributary", "objects", task.file, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60)


def view(task):
    done = ask(task, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def names(shown):
    return {table["table"]: f"{table['target_database']}.{table['target_table']}" for table in shown["tables"]}


def refused(task, exit_code):
    done = ask(task, "--json")
    assert done.returncode == exit_code, done.stdout + done.stderr
    return json.loads(done.stdout or done.stderr)["error"]


@pytest.fixture
def shop(lab, case):
    """A database with tables of several kinds and all that is no table."""
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE orders (id INT PRIMARY KEY, amount INT, note TEXT, secret TEXT)")
    sql("CREATE TABLE log_1 (id INT PRIMARY KEY, a INT)")
    sql("CREATE TABLE log_22 (id INT PRIMARY KEY, b INT)")
    sql("CREATE TABLE tmp_1 (id INT PRIMARY KEY)")
    sql("CREATE TABLE `Größe` (id INT PRIMARY KEY, `Maß` INT)")
    sql("CREATE TABLE keyless (a INT)")
    sql("CREATE VIEW seen AS SELECT id FROM orders")
    sql("CREATE PROCEDURE work() SELECT 1")
    return database


def task_of(lab, case, objects, **settings):
    return case.task(lab, mysql_source(lab.storage[0]), objects, **settings)


def test_each_object_is_shown_with_its_target_and_what_is_left_out_with_the_reason(lab, case, shop):
    shown = view(task_of(lab, case, {shop: {
        "name": "store", "dml": "i,u", "exclude": ["glob:tmp_*"], "all": True,
        "tables": {"orders": {"name": "orders_v2", "columns": {"id": "id", "note": "remark"}, "where": "amount > 10", "dml": ["delete"]},
                   "regex:log_(\\d+)": "logs_{1}"}}}))
    assert names(shown) == {"orders": "store.orders_v2", "log_1": "store.logs_1", "log_22": "store.logs_22", "Größe": "store.Größe",
                            "keyless": "store.keyless"}
    orders = next(table for table in shown["tables"] if table["table"] == "orders")
    assert orders["columns"] == ["id", None, "remark", None]
    assert (orders["dml"], orders["filter"]) == ("d", "amount > 10")
    assert {table["dml"] for table in shown["tables"] if table["table"] != "orders"} == {"i,u"}
    assert {(left["kind"], left["name"]) for left in shown["left_out"]} == {("view", "seen"), ("procedure", "work")}
    assert all(left["reason"] for left in shown["left_out"])
    assert any("keyless" in warning for warning in shown["warnings"])


def test_names_are_capitalised_but_explicit_ones_stay(lab, case, shop):
    shown = view(task_of(lab, case, {shop: {"name": "Store", "all": True, "tables": {"orders": "Orders"}}}, names={"capitalization": "upper"}))
    assert names(shown) == {"orders": "Store.Orders", "log_1": "Store.LOG_1", "log_22": "Store.LOG_22", "tmp_1": "Store.TMP_1",
                            "Größe": "Store.GRÖSSE", "keyless": "Store.KEYLESS"}
    assert next(table["columns"] for table in shown["tables"] if table["table"] == "Größe") == ["ID", "MASS"]


def test_a_db_list_beside_the_task_file_is_taken_and_written_back(lab, case, shop):
    task = task_of(lab, case, {"db_list_file": "objects.json"})
    db_list = {shop: {"name": "store", "all": False, "state": "normal", "num": 3, "Table": {
        "orders": {"name": "o", "all": True, "conflict": "ignore"},
        "log_.*": {"patternType": "REGEX", "all": True}, "log_2.": {"patternType": "REGEX", "filterType": "BLACK"}}}}
    (task.folder / "objects.json").write_text(json.dumps(db_list, indent=1))
    assert names(view(task)) == {"orders": "store.o", "log_1": "store.log_1"}
    for options in (["--db-list"], ["--db-list", "--json"]):
        done = ask(task, *options)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == db_list
    text = ask(task).stdout
    assert f"{shop}.orders" in text and "store.o " in text and "2 tables" in text, text


@pytest.mark.parametrize("tables, code, words", [
    ({"orders": "x", "log_1": "x"}, "task.objects_conflict", ["orders", "log_1", "store.x"]),
    ({"orders": {"columns": {"id": "a", "note": "a"}}}, "task.objects_conflict", ["id", "note"]),
    ({"orders": {"columns": ["note"]}}, "task.objects_key_left_out", ["id"]),
    ({"orders": {"columns": ["id", "Note"]}}, "source.column_missing", ["note", "case"]),
    (["Orders"], "source.table_missing", ["orders", "case"]),
    (["seen"], "source.table_missing", ["view"]),
], ids=["two tables", "two columns", "key", "column", "table", "view"])
def test_what_can_not_be_carried_is_refused_with_both_names(lab, case, shop, tables, code, words):
    error = refused(task_of(lab, case, {shop: {"name": "store", "tables": tables}}), 3 if code.startswith("source.") else 2)
    assert error["code"] == code
    assert all(word in json.dumps(error, ensure_ascii=False) for word in words), error


def test_logical_tables_of_shards_are_shown_under_their_own_names(lab, case):
    with lab.front_sql() as front:
        name = case.name
        front(f"CREATE TABLE `{name}_a` (id INT NOT NULL PRIMARY KEY, note INT) dbpartition by hash(id)")
        front(f"CREATE TABLE `{name}_b` (id INT NOT NULL PRIMARY KEY) dbpartition by hash(id)")
        try:
            shown = view(case.task(lab, polardbx10_source(lab), {lab.front["database"]: {
                "name": "merged", "tables": {f"regex:{name}_(.)": "t_{1}"}}}))
            assert names(shown) == {f"{name}_a": "merged.t_a", f"{name}_b": "merged.t_b"}
        finally:
            front(f"DROP TABLE `{name}_a`")
            front(f"DROP TABLE `{name}_b`")
