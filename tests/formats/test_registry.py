"""A real schema registry and records read through it by confluent-kafka."""

import datetime
import random
import subprocess

import pytest
import samples
import wanted
from registries import PATH, ask, deserialize, registry  # noqa: F401

ROWS = 400


@pytest.fixture(name="port")
def port_of(registry):  # noqa: F811
    return registry


def make(tmp_path, port, record_format, topic, rows=ROWS):
    return samples.make(tmp_path, record_format, rows, topic, f"http://127.0.0.1:{port}{PATH}")


def members(cell):
    """A cell of DTS Avro as a reader has it that drops the names of branches."""
    if cell is None:
        return None
    _, of = wanted.parts(cell)
    return {name: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value for name, value in of.items()}


def test_dts_avro_is_read_through_the_registry(tmp_path, port, deserialize):  # noqa: F811
    for sample in make(tmp_path, port, "dts_registry", "dts"):
        record, put = deserialize("dts", "value", sample.value), sample.put
        assert record["operation"] == put["operation"] and record["id"] == put["id"]
        assert [field["name"] for field in record["fields"]] == [column["name"] for column in put["columns"]]
        for image, of in (("before", "beforeImages"), ("after", "afterImages")):
            assert record[of] == (None if put[image] is None else [members(cell) for cell in put[image]])
    assert "dts-com.alibaba.dts.formats.avro.Record" in ask(port, "GET", "/subjects")[1]


EPOCH = datetime.datetime(1970, 1, 1)


def number_of(found):
    """What stands behind a logical type."""
    if isinstance(found, datetime.datetime):
        return (found.replace(tzinfo=None) - EPOCH) // datetime.timedelta(microseconds=1)
    return (found - EPOCH.date()).days if isinstance(found, datetime.date) else found


def python_has(sample):
    """Python's calendar has no year 0."""
    cells = [cell for image in ("before", "after") for cell in sample.put[image] or [] if cell and "DateTime" in cell]
    return all(cell["DateTime"]["year"] != 0 for cell in cells)


def test_plain_avro_is_read_through_the_registry(tmp_path, port, deserialize):  # noqa: F811
    for sample in filter(python_has, make(tmp_path, port, "plain_avro", "plain")):
        put = sample.put
        row = put["before"] if put["operation"] == "DELETE" else put["after"]
        record, key = deserialize("plain", "value", sample.value), deserialize("plain", "key", sample.key)
        for column, cell in zip(put["columns"], row, strict=True):
            got, want = number_of(record[column["name"]]), wanted.avro(column, cell)
            assert wanted.same(got, want, column), (column, cell, got, want)
        first = put["columns"][0]["name"]
        assert key == {first: record[first]} or put["operation"] == "UPDATE"


def test_a_registry_that_refuses_a_schema_is_quoted(tmp_path, port):
    assert ask(port, "PUT", "/config", {"compatibility": "BACKWARD"})[0] == 200
    try:
        make(tmp_path, port, "plain_avro", "strict", 1)
        # Rows of the same table name with other columns.
        command = [samples.BIN / "encode_samples", str(random.randrange(2**63)), "1", tmp_path / "v", tmp_path / "e", "plain_avro", "strict",
                   f"http://127.0.0.1:{port}{PATH}"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        assert ask(port, "PUT", "/config", {"compatibility": "NONE"})[0] == 200
    assert run.returncode == 1
    assert "refuses a schema as incompatible" in run.stderr and "subject strict-db.t0.Value" in run.stderr, run.stderr
    assert "list of diff types" in run.stderr, run.stderr  # the registry's own words
