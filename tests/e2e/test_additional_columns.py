"""Columns that a task adds to its tables: what they hold for rows of the snapshot and for changes, in every format, that
verify compares without them, and that names which clash are refused."""

import io
import json
import pathlib
import struct
import subprocess
import sys
import time

import fastavro
import pytest

import fold
from servers import BIN, ROOT
from task import wait_for
from verifying import verify

sys.path.insert(0, str(pathlib.Path(ROOT) / "tests" / "formats"))
from registries import ask, registry  # noqa: E402,F401

OWN = {"op": "operation", "changed_at": "time", "at": "position", "shard": "instance", "source_db": "database",
       "source_table": "table", "record": "record_id", "was": "before_flag", "is": "after_flag"}
DTS = ["dts_record_id", "dts_instance_id", "dts_db_name", "dts_table_name", "dts_operation_flag", "dts_utc_timestamp",
       "dts_before_flag", "dts_after_flag"]
LETTERS = {"INIT": "I", "INSERT": "I", "UPDATE": "U", "DELETE": "D"}


@pytest.fixture
def orders(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql.database = database
    sql("CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(20))")
    sql("CREATE TABLE keyless (a INT, b VARCHAR(20))")
    for table in ("orders", "keyless"):
        sql(f"INSERT INTO {table} VALUES (1, 'one'), (2, 'two'), (3, NULL), (4, 'four')")
    return sql


def change(sql):
    for table, key in (("orders", "id"), ("keyless", "a")):
        sql(f"INSERT INTO {table} VALUES (5, 'five')")
        sql(f"UPDATE {table} SET {key if table == 'keyless' else 'note'} = 7 WHERE {key} IN (1, 2)")
        sql(f"DELETE FROM {table} WHERE {key} = 3")


def carry(task, sql):
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        change(sql)
        run.stop()
    task.catch_up()


def rows_of(records, database):
    return [record for record in records if record.op != "DDL" and record.db == database]


def test_they_say_of_each_image_what_happened_and_verify_compares_without_them(lab, case, orders):
    topic = case.topic(lab)
    task = case.mysql_task(lab, orders.database, topic, additional_columns=OWN)
    begun = int(time.time()) - 2
    carry(task, orders)
    records = topic.records()
    changes = rows_of(records, orders.database)
    assert [record.op for record in fold.of_table(records, orders.database, "orders")] == ["INIT"] * 4 + ["INSERT", "UPDATE", "UPDATE", "DELETE"]
    address = f"{lab.storage[0]['host']}:{lab.storage[0]['port']}"
    for record in changes:
        assert record.before is not None or record.after is not None
        for image, flags in ((record.before, ("Y", "N")), (record.after, ("N", "Y"))):
            if image is None:
                continue
            assert list(image)[-len(OWN):] == list(OWN), record
            assert (image["was"], image["is"]) == flags, record
            assert (image["op"], image["at"], image["shard"], image["record"]) == (LETTERS[record.op], record.raw["sourcePosition"], address, record.id), record
            assert (image["source_db"], image["source_table"]) == (orders.database, record.table), record
            assert image["changed_at"] == ("timestamp", record.timestamp, 0) and begun <= record.timestamp <= time.time() + 2, record
    created = [record.statement for record in records if record.op == "DDL" and "orders" in record.statement]
    assert created and all(f"`{name}` " in created[0] for name in OWN), created

    verified = verify(task).assert_equal()
    assert verified.table("orders")["equal"] == 4 and verified.table("keyless")["equal"] == 4
    # Another list, and rows that only it has seen: what is folded already is compared all the same.
    task.change(additional_columns="dts")
    orders("UPDATE orders SET note = 'other' WHERE id = 4")
    orders("INSERT INTO keyless VALUES (9, 'nine')")
    task.catch_up()
    last = fold.of_table(topic.records(), orders.database, "orders")[-1]
    assert list(last.after) == ["id", "note", *DTS] and last.after["dts_operation_flag"] == "U"
    verify(task).assert_equal()
    orders("UPDATE orders SET note = 'lost' WHERE id = 4")
    assert verify(task, "--patience", "0").kinds() == [("changed", ("4",))]


def test_a_repair_tells_rows_with_them(lab, case, orders):
    topic = case.topic(lab)
    task = case.mysql_task(lab, orders.database, topic, additional_columns={"op": "operation", "at": "position"}, tables=["orders"])
    task.catch_up()
    orders("SET SESSION sql_log_bin = 0")
    orders("UPDATE orders SET note = 'silent' WHERE id = 2")
    assert verify(task, "--patience", "0").kinds() == [("changed", ("2",))]
    repaired = verify(task, "--patience", "0", "--repair")
    assert repaired.summary["repaired"] == 1, repaired.summary
    last = topic.records()[-1]
    assert last.after["note"] == "silent" and last.after["op"] == "I" and last.after["at"] == last.raw["sourcePosition"]
    verify(task).assert_equal()


def test_a_list_can_go_and_come_back_between_runs(lab, case, orders):
    topic = case.topic(lab)
    task = case.mysql_task(lab, orders.database, topic, tables=["orders"])
    task.catch_up()
    for number, columns in enumerate(({"op": "operation"}, None, {"kind": "operation"}), 10):
        task.change(additional_columns=columns)
        orders("INSERT INTO orders VALUES (%s, 'x')", number)
        task.catch_up()
        last = fold.of_table(topic.records(), orders.database, "orders")[-1]
        assert list(last.after) == ["id", "note", *(columns or {})], last
        assert all(last.after[name] == "I" for name in columns or {})
    verify(task).assert_equal()


def test_canal_json_has_them_in_its_data(lab, case, orders):
    topic = case.topic(lab)
    task = case.mysql_task(lab, orders.database, topic, additional_columns=OWN, tables=["orders"], destination__format="canal_json")
    carry(task, orders)
    seen = []
    for message in topic.all_messages():
        told = json.loads(message.value())
        if told["isDdl"]:
            continue
        (row,) = told["data"]
        assert row["op"] == told["type"][0] and row["source_db"] == orders.database and set(OWN) <= set(told["sqlType"]), told
        assert (row["was"], row["is"]) == (("Y", "N") if told["type"] == "DELETE" else ("N", "Y")), told
        seen.append(told["type"])
        if told["type"] == "UPDATE":
            assert told["old"][0]["was"] == "Y" and told["old"][0]["is"] == "N" and "op" not in told["old"][0], told
    assert sorted(seen) == sorted(["INSERT"] * 5 + ["UPDATE"] * 2 + ["DELETE"])


def test_debezium_json_has_them_in_its_images_and_schema(lab, case, orders):
    topic = case.topic(lab)
    task = case.mysql_task(lab, orders.database, topic, additional_columns=OWN, tables=["orders"],
                           destination__format="debezium_json", destination__debezium_json={"schema": True})
    carry(task, orders)
    seen = []
    for message in topic.all_messages():
        if message.value() is None:
            continue
        told = json.loads(message.value())
        event = told["payload"]
        if "ddl" in event:
            continue
        seen.append(event["op"])
        for side in ("before", "after"):
            (schema,) = [field for field in told["schema"]["fields"] if field["field"] == side]
            assert [field["field"] for field in schema["fields"]][2:] == list(OWN)
            if event[side] is not None:
                assert event[side]["op"] == {"r": "I", "c": "I", "u": "U", "d": "D"}[event["op"]] and event[side]["is"] == "NY"[side == "after"]
    assert sorted(seen) == sorted("rrrrcuud")
    # The change of a key is one change, told twice.
    orders("UPDATE orders SET id = 40 WHERE id = 4")
    task.catch_up()
    events = [json.loads(message.value())["payload"] for message in topic.all_messages() if message.value() is not None]
    gone, come = events[-2]["before"], events[-1]["after"]
    assert [event["op"] for event in events[-2:]] == ["d", "c"] and (gone["id"], come["id"]) == (4, 40)
    assert (gone["op"], come["op"]) == ("U", "U") and gone["record"] == come["record"] and (gone["was"], come["is"]) == ("Y", "Y")


def test_avro_declares_them(lab, case, orders, registry):  # noqa: F811
    topic = case.topic(lab)
    task = case.mysql_task(lab, orders.database, topic, additional_columns=OWN, tables=["orders"], destination__format="avro",
                           destination__registry={"urls": [f"http://127.0.0.1:{registry}/apis/ccompat/v7"]})
    carry(task, orders)
    seen = []
    for message in topic.all_messages():
        _, number = struct.unpack(">bI", message.value()[:5])
        schema = fastavro.parse_schema(json.loads(ask(registry, "GET", f"/schemas/ids/{number}")[1]["schema"]))
        record = fastavro.schemaless_reader(io.BytesIO(message.value()[5:]), schema)
        if "statement" in record:
            continue
        assert record["source_table"] == "orders" and record["op"] in "IUD"
        seen.append(record["op"])
    assert sorted(seen) == sorted("IIIIIUUD")


def test_a_name_that_a_table_has_is_refused_before_anything_is_written(lab, case, orders):
    topic = case.topic(lab)
    task = case.mysql_task(lab, orders.database, topic, additional_columns={"op": "operation", "NOTE": "time"}, tables=["orders"])
    with task.start() as run:
        assert run.wait() == 2
        error = run.lines[-1]["error"]
    assert error["code"] == "task.objects_conflict" and error["where"] == f"{orders.database}.orders" and "`NOTE`" in error["what"] and error["remedy"], error
    assert topic.records() == [] and not task.state.exists()
    task.change(additional_columns={"op": "operaton"})
    checked = subprocess.run([BIN / "tributary", "run", task.file, "--check"], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 2 and "did you mean `operation`?" in checked.stderr, checked.stderr
    task.change(additional_columns="dts")
    printed = subprocess.run([BIN / "tributary", "run", task.file, "--print"], capture_output=True, text=True, timeout=60)
    assert printed.returncode == 0 and '"dts_after_flag": after_flag' in printed.stdout, printed.stdout


def test_a_column_that_comes_under_such_a_name_stops_the_task_and_another_name_goes_on(lab, case, orders):
    topic = case.topic(lab)
    task = case.mysql_task(lab, orders.database, topic, additional_columns={"op": "operation"}, tables=["orders"])
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        orders("INSERT INTO orders VALUES (10, 'before')")
        wait_for(lambda: topic.count >= 6)
        orders("ALTER TABLE orders ADD COLUMN op INT DEFAULT 3")
        orders("INSERT INTO orders VALUES (11, 'behind', 4)")
        assert run.wait() == 2
        assert run.lines[-1]["error"]["code"] == "task.objects_conflict", run.story()
    task.change(additional_columns={"kind": "operation"})
    task.catch_up()
    inserted = [record.after for record in fold.of_table(topic.records(), orders.database, "orders") if record.op == "INSERT"]
    assert inserted == [{"id": 10, "note": "before", "op": "I"}, {"id": 11, "note": "behind", "op": 4, "kind": "I"}]
