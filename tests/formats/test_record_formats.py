"""Random rows of all types as Canal JSON, Debezium JSON and plain Avro, read by Python's json and by fastavro."""

import io
import json
import struct

import fastavro
import pytest
import samples
import wanted

ROWS = 2000


def assert_row(found, sample, image, name_of_cell):
    columns, cells = sample.put["columns"], sample.put[image]
    assert list(found) == [column["name"] for column in columns]
    for column, cell in zip(columns, cells, strict=True):
        got, want = name_of_cell(column, cell, found[column["name"]])
        assert wanted.same(got, want, column), (column, cell, got, want)


def canal_cell(sample):
    def both(column, cell, found):
        want = wanted.canal(column, cell, sample.put["labels_as_text"])
        if found is not None:
            assert isinstance(found, str)
        is_real = column["type"] in ("float", "double") and found is not None
        return (float(found) if is_real else found), want
    return both


def debezium_cell(column, cell, found):
    return wanted.plain_json(column, found), wanted.debezium(column, cell)


JAVA_TYPES = {"tinyint": -6, "smallint": 5, "mediumint": 4, "int": 4, "bigint": -5, "decimal": 3, "float": 7, "double": 8, "bit": -7,
              "year": 12, "date": 91, "time": 92, "datetime": 93, "timestamp": 93, "char": 1, "varchar": 12, "tinytext": 2005,
              "text": 2005, "mediumtext": 2005, "longtext": 2005, "enum": 4, "set": -7, "json": 12}
UNSIGNED_JAVA_TYPES = {"tinyint": 5, "int": -5, "bigint": 3}


def test_canal_json_says_what_was_put_in(tmp_path):
    for sample in samples.make(tmp_path, "canal_json", ROWS):
        put, message = sample.put, json.loads(sample.value)
        columns = put["columns"]
        has_gtid = {"gtid"} if put["gtid"] else set()
        assert set(message) == {"data", "database", "es", "id", "isDdl", "mysqlType", "old", "pkNames", "sql", "sqlType", "table", "ts", "type"} | has_gtid
        assert message["type"] == {"INIT": "INSERT"}.get(put["operation"], put["operation"])
        assert (message["database"], message["table"], message["isDdl"], message["sql"]) == ("db", put["table"], False, "")
        assert (message["id"], message["es"], message["ts"]) == (put["id"], put["timestamp_s"] * 1000, put["read_ms"])
        assert message["pkNames"] == [columns[0]["name"]] and message.get("gtid", "") == put["gtid"]
        assert list(message["mysqlType"]) == list(message["sqlType"]) == [column["name"] for column in columns]
        for column in columns:
            known = JAVA_TYPES if not column["unsigned"] else UNSIGNED_JAVA_TYPES
            assert message["sqlType"][column["name"]] == known.get(column["type"], message["sqlType"][column["name"]])
        (row,) = message["data"]
        assert_row(row, sample, "before" if put["operation"] == "DELETE" else "after", canal_cell(sample))
        if put["operation"] != "UPDATE":
            assert message["old"] is None
            continue
        (old,) = message["old"]
        for column, before, after in zip(columns, put["before"], put["after"], strict=True):
            if before == after:
                assert column["name"] not in old
            else:
                got, want = canal_cell(sample)(column, before, old[column["name"]])
                assert wanted.same(got, want, column)


@pytest.mark.parametrize("record_format", ["debezium_json", "debezium_json_schema"])
def test_debezium_json_says_what_was_put_in(tmp_path, record_format):
    operations = {"INSERT": "c", "UPDATE": "u", "DELETE": "d", "INIT": "r"}
    for sample in samples.make(tmp_path, record_format, ROWS):
        put, event, key = sample.put, json.loads(sample.value), json.loads(sample.key)
        if record_format == "debezium_json_schema":
            assert set(event) == set(key) == {"schema", "payload"}
            assert event["schema"]["name"] == f"samples.db.{put['table']}.Envelope"
            event, key = event["payload"], key["payload"]
        source = event["source"]
        assert event["op"] == operations[put["operation"]] and event["ts_ms"] == put["read_ms"] and event["transaction"] is None
        assert source == {"version": "1", "connector": "mysql", "name": "samples", "ts_ms": put["timestamp_s"] * 1000,
                          "snapshot": "true" if put["operation"] == "INIT" else "false", "db": "db", "sequence": None, "table": put["table"],
                          "server_id": put["server_id"], "gtid": put["gtid"] or None, "file": "mysql-bin.000143", "pos": 2924526, "row": 0,
                          "thread": put["thread_id"] or None, "query": None}
        for image in ("before", "after"):
            if put[image] is None:
                assert event[image] is None
            else:
                assert_row(event[image], sample, image, debezium_cell)
        first = put["columns"][0]
        got, want = debezium_cell(first, (put["after"] or put["before"])[0], key[first["name"]])
        assert list(key) == [first["name"]] and wanted.same(got, want, first)


def without_logical_types(schema):
    if isinstance(schema, list):
        return [without_logical_types(one) for one in schema]
    if isinstance(schema, dict):
        return {name: without_logical_types(of) for name, of in schema.items() if name != "logicalType"}
    return schema


def avro_cell(column, cell, found):
    is_decimal = column["type"] == "decimal" or column["type"] == "bigint" and column["unsigned"]
    if is_decimal and found is not None:
        found = wanted.from_unscaled(found, column["scale"])
    return found, wanted.avro(column, cell)


def read_framed(data, schemas):
    magic, number = struct.unpack(">bI", data[:5])
    assert magic == 0
    stream = io.BytesIO(data[5:])
    found = fastavro.schemaless_reader(stream, schemas[number])
    assert stream.read() == b""
    return found


def test_plain_avro_says_what_was_put_in(tmp_path):
    operations = {"INSERT": "c", "UPDATE": "u", "DELETE": "d", "INIT": "r"}
    schemas = {}
    for sample in samples.make(tmp_path, "plain_avro", ROWS):
        put = sample.put
        for number, schema in put["schemas"].items():
            if int(number) not in schemas:
                fastavro.parse_schema(json.loads(schema))  # logical types and defaults are legal, too
                schemas[int(number)] = fastavro.parse_schema(without_logical_types(json.loads(schema)))
        record, key = read_framed(sample.value, schemas), read_framed(sample.key, schemas)
        added = {name: record.pop(name) for name in list(record) if name.startswith("__")}
        assert added == {"__op": operations[put["operation"]], "__id": put["id"], "__ts_ms": put["timestamp_s"] * 1000,
                         "__read_ts_ms": put["read_ms"], "__position": "2924526@143", "__gtid": put["gtid"] or None}
        assert_row(record, sample, "before" if put["operation"] == "DELETE" else "after", avro_cell)
        first = put["columns"][0]
        got, want = avro_cell(first, (put["after"] or put["before"])[0], key[first["name"]])
        assert list(key) == [first["name"]] and wanted.same(got, want, first)
