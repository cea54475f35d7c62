"""Tasks whose records are not DTS Avro: load, changes and a statement over a real server and broker, read as JSON or
through a schema registry, and folded to what the source holds. Every type's values: tests/formats."""

import io
import json
import pathlib
import re
import struct
import subprocess
import sys

import fastavro
import pytest

from servers import BIN, ROOT

sys.path.insert(0, str(pathlib.Path(ROOT) / "tests" / "formats"))
from registries import PATH, ask, deserialize, registry  # noqa: E402,F401


def begin(sql):
    sql("CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(20), sum DECIMAL(10,2) NOT NULL, made DATETIME(3))")
    sql("INSERT INTO orders VALUES (1, 'one', 1.50, '2024-02-29 12:00:00.125'), (2, NULL, -0.01, NULL), (3, 'three', 3, NULL)")


def change(sql):
    sql("INSERT INTO orders VALUES (4, 'vier', 4, NULL)")
    sql("UPDATE orders SET note = 'eins' WHERE id = 1")
    sql("UPDATE orders SET id = 20 WHERE id = 2")
    sql("DELETE FROM orders WHERE id = 3")
    sql("ALTER TABLE orders ADD COLUMN more INT")
    sql("UPDATE orders SET more = 7 WHERE id = 4")


def carried(lab, case, **settings):
    """Runs a task over both halves; the topic's messages."""
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    topic = case.topic(lab)
    begin(sql)
    task = case.mysql_task(lab, database, topic, **settings)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        change(sql)
        run.stop()
    task.catch_up()
    count = len(topic.all_messages())
    task.catch_up()
    assert len(topic.all_messages()) == count, "what was sent is not sent again"
    rows = {int(row[0]): row for row in sql("SELECT * FROM orders")}
    return database, topic, rows


def messages(topic):
    return [(message.key(), message.value()) for message in topic.all_messages()]


def test_canal_json_folds_to_the_source(lab, case):
    database, topic, rows = carried(lab, case, destination__format="canal_json")
    found, statements = {}, []
    for _, value in messages(topic):
        message = json.loads(value)
        assert message["database"] == database and message["table"] == "orders"
        if message["isDdl"]:
            statements.append((message["type"], message["sql"]))
            continue
        (row,) = message["data"]
        if message["type"] == "UPDATE":
            found.pop({**row, **message["old"][0]}["id"])
        if message["type"] == "DELETE":
            del found[row["id"]]
        else:
            found[row["id"]] = row
    assert [kind for kind, _ in statements] == ["CREATE", "ALTER"]
    assert {int(key): tuple(row.get(name) for name in ("id", "note", "sum", "made", "more")) for key, row in found.items()} == rows


@pytest.mark.parametrize("schema", [False, True])
def test_debezium_json_folds_by_key_with_tombstones(lab, case, schema):
    database, topic, rows = carried(lab, case, destination__format="debezium_json",
                                    destination__debezium_json={"schema": schema, "decimals": "string"})
    found, operations, statements = {}, [], []
    for key, value in messages(topic):
        if value is None:
            assert key not in found, "a tombstone follows its DELETE"
            operations.append("tombstone")
            continue
        event = json.loads(value)["payload"] if schema else json.loads(value)
        assert event["source"]["db"] == database and event["source"]["file"] and event["source"]["pos"] >= 0
        if "ddl" in event:
            statements.append(event["ddl"])
            continue
        operations.append(event["op"])
        gtid = event["source"]["gtid"]
        assert gtid is None if event["op"] == "r" else re.fullmatch(r"\d+-\d+-\d+", gtid), event["source"]
        named = json.loads(key)["payload"] if schema else json.loads(key)
        assert named == {"id": (event["after"] or event["before"])["id"]}
        if event["op"] == "d":
            del found[key]
        else:
            found[key] = event["after"]
    # The change of a key is a DELETE with its tombstone and an INSERT.
    assert operations == ["r", "r", "r", "c", "u", "d", "tombstone", "c", "d", "tombstone", "u"]
    assert [text.split()[0] for text in statements] == ["CREATE", "ALTER"]
    of_source = {int(row[0]): (row[1], row[2], row[4]) for row in rows.values()}
    assert {row["id"]: (row["note"], row["sum"], str(row["more"]) if row.get("more") else None) for row in found.values()} == of_source
    assert [row["made"] for row in found.values() if row["id"] == 1] == [1709208000125]


def test_avro_is_read_by_the_schemas_of_the_registry(lab, case, registry):  # noqa: F811
    database, topic, rows = carried(lab, case, destination__format="avro",
                                    destination__registry={"urls": [f"http://127.0.0.1:{registry}/apis/ccompat/v7"]})
    schemas, found, statements = {}, {}, []

    def read(data):
        magic, number = struct.unpack(">bI", data[:5])
        assert magic == 0
        if number not in schemas:
            schemas[number] = fastavro.parse_schema(json.loads(ask(registry, "GET", f"/schemas/ids/{number}")[1]["schema"]))
        return fastavro.schemaless_reader(io.BytesIO(data[5:]), schemas[number])

    for key, value in messages(topic):
        record = read(value)
        if "statement" in record:
            statements.append(record["statement"])
        elif record["__op"] == "d":
            del found[read(key)["id"]]
        else:
            found[read(key)["id"]] = record
    assert [text.split()[0] for text in statements] == ["CREATE", "ALTER"]
    of_source = {int(row[0]): (row[1], row[2], int(row[4]) if row[4] else None) for row in rows.values()}
    assert {key: (row["note"], str(row["sum"]), row.get("more")) for key, row in found.items()} == of_source
    assert f"{topic.name}-{database}.orders.Value" in ask(registry, "GET", "/subjects")[1]


def test_confluents_deserializer_reads_the_avro_of_a_task(lab, case, registry, deserialize):  # noqa: F811
    database, topic, rows = carried(lab, case, destination__format="avro",
                                    destination__registry={"urls": [f"http://127.0.0.1:{registry}{PATH}"]})
    found = {}
    for key, value in messages(topic):
        record = deserialize(topic.name, "value", value)
        if "statement" in record:
            continue
        key = deserialize(topic.name, "key", key)["id"]
        if record["__op"] == "d":
            del found[key]
        else:
            found[key] = record
    assert {key: (row["note"], str(row["sum"]), row.get("more")) for key, row in found.items()} == \
        {int(row[0]): (row[1], row[2], int(row[4]) if row[4] else None) for row in rows.values()}


def test_confluents_deserializer_reads_the_dts_avro_of_a_task(lab, case, registry, deserialize):  # noqa: F811
    database, topic, rows = carried(lab, case, destination__registry={"urls": [f"http://127.0.0.1:{registry}{PATH}"]},
                                    destination__transaction_records=True)
    found, operations = {}, []

    def image(record, which):
        texts = [value and (value["value"].decode() if isinstance(value["value"], bytes) else value["value"]) if value and "value" in value else value
                 for value in record[which]]
        return dict(zip((field["name"] for field in record["fields"]), texts, strict=True))
    for _, value in messages(topic):
        record = deserialize(topic.name, "value", value)
        operations.append(record["operation"])
        if record["operation"] in ("INIT", "INSERT", "UPDATE", "DELETE"):
            assert record["objectName"] == f"{database}.orders"
            if record["beforeImages"] is not None:
                found.pop(image(record, "beforeImages")["id"])
            if record["afterImages"] is not None:
                row = image(record, "afterImages")
                found[row["id"]] = row
    assert {int(key): (row["note"], row["sum"], row.get("more")) for key, row in found.items()} == \
        {int(row[0]): (row[1], row[2], row[4]) for row in rows.values()}
    assert {"DDL", "INIT", "INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT"} == set(operations)
    assert f"{topic.name}-value" in ask(registry, "GET", "/subjects")[1]


def test_verify_and_tail_refuse_formats_that_it_does_not_read(lab, case):
    database = case.database(lab)
    task = case.mysql_task(lab, database, case.topic(lab), destination__format="canal_json")
    for command in ("verify", "tail"):
        run = subprocess.run([BIN / "tributary", command, task.file], capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 2 and "dts_avro" in run.stderr and "canal_json" in run.stderr, run.stderr
