"""Records read by those who read them elsewhere: Flink's canal-json and debezium-json, Kafka Connect's JsonConverter,
and the consumer library of DTS itself."""

import base64
import decimal
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys

import pytest
import samples
import wanted

ROWS = 1000
HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("TRIBUTARY_CACHE") or pathlib.Path.home() / ".cache" / "tributary")
JAVA_OPTIONS = ["--add-exports", "java.base/sun.util.calendar=ALL-UNNAMED"]  # the DTS library is of Java 8
ROW_KINDS = {"INSERT": ["+I"], "INIT": ["+I"], "UPDATE": ["-U", "+U"], "DELETE": ["-D"]}


def java(tmp_path, libraries, program, *arguments):
    """The lines that a Java program of this folder printed, as JSON."""
    found = sorted(CACHE.glob("readers-*/.complete"))
    if not found or not shutil.which("javac"):
        pytest.skip("the readers' jars can't be had here (lab/fetch/readers.sh takes a JDK, Maven and its registry)")
    jars = found[-1].parent / libraries / "*"
    errors = tmp_path / f"{program}.log"
    with errors.open("wb") as log:
        run = subprocess.run(["java", "-Xmx512m", *JAVA_OPTIONS, "-cp", str(jars), str(HERE / "java" / f"{program}.java"), *map(str, arguments)],
                             stdout=subprocess.PIPE, stderr=log, check=False, cwd=tmp_path)
    assert run.returncode == 0, errors.read_text()[-3000:]
    return [json.loads(line) for line in run.stdout.decode().split("\n")[:-1]]


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def lines_by_table(made, type_of):
    """The input of FlinkRead."""
    table = None
    for sample in made:
        if sample.put["table"] != table:
            table = sample.put["table"]
            yield "\t".join(["T"] + [part for column in sample.put["columns"] for part in (column["name"], type_of(column))])
        yield "V\t" + base64.b64encode(sample.value).decode()


def canal_type(column):
    kind = column["type"]
    if kind == "bigint" and column["unsigned"]:
        return "DECIMAL:20:0"
    if kind in ("tinyint", "smallint", "mediumint", "int", "bigint", "bit"):
        return "BIGINT"
    return {"decimal": f"DECIMAL:{column['precision']}:{column['scale']}", "float": "DOUBLE", "double": "DOUBLE"}.get(kind, "STRING")


def canal_value(column, cell, labels_as_text):
    want = wanted.canal(column, cell, labels_as_text)
    return int(want) if want is not None and canal_type(column) == "BIGINT" else want


def debezium_type(column):
    kind = column["type"]
    if kind == "geometry":
        return "POINT" if column["declared"] == "point" else "GEOMETRY"
    if kind == "vector":
        return "FLOATS"
    if kind in ("float", "double"):
        return "DOUBLE"
    example = wanted.debezium_type(column)
    if isinstance(example, bytes) or kind == "decimal":
        return "BYTES"
    if kind == "bit":
        return "BOOLEAN"
    if kind in ("tinyint", "smallint", "mediumint", "int", "bigint", "year", "date", "time", "datetime"):
        return "BIGINT"
    return "STRING"


def with_bytes(found):
    if isinstance(found, dict):
        return base64.b64decode(found["base64"]) if "base64" in found else {name: with_bytes(of) for name, of in found.items()}
    return found


def debezium_found(column, found):
    found = with_bytes(found)
    return wanted.from_unscaled(found, column["scale"]) if column["type"] == "decimal" and found is not None else found


def images_of(put):
    return [put[image] for image in ("before", "after") if put[image] is not None]


def test_flink_reads_canal_json(tmp_path):
    made = samples.make(tmp_path, "canal_json", ROWS)
    read = java(tmp_path, "flink", "FlinkRead", "canal", write_lines(tmp_path / "lines", lines_by_table(made, canal_type)))
    for sample, rows in zip(made, read, strict=True):
        put = sample.put
        assert [row["kind"] for row in rows] == ROW_KINDS[put["operation"]]
        for row, image in zip(rows, images_of(put), strict=True):
            for column, cell in zip(put["columns"], image, strict=True):
                want, got = canal_value(column, cell, put["labels_as_text"]), row["row"][column["name"]]
                assert wanted.same(got, want, column), (column, cell, got, want)


@pytest.mark.parametrize("record_format, mode", [("debezium_json", "debezium"), ("debezium_json_schema", "debezium-schema")])
def test_flink_reads_debezium_json(tmp_path, record_format, mode):
    made = samples.make(tmp_path, record_format, ROWS)
    read = java(tmp_path, "flink", "FlinkRead", mode, write_lines(tmp_path / "lines", lines_by_table(made, debezium_type)))
    for sample, rows in zip(made, read, strict=True):
        put = sample.put
        assert [row["kind"] for row in rows] == ROW_KINDS[put["operation"]]
        for row, image in zip(rows, images_of(put), strict=True):
            for column, cell in zip(put["columns"], image, strict=True):
                got, want = debezium_found(column, row["row"][column["name"]]), wanted.debezium(column, cell)
                assert wanted.same(got, want, column), (column, cell, got, want)


SEMANTIC_NAMES = {"decimal": "org.apache.kafka.connect.data.Decimal", "year": "io.debezium.time.Year", "date": "io.debezium.time.Date",
                  "time": "io.debezium.time.MicroTime", "timestamp": "io.debezium.time.ZonedTimestamp", "json": "io.debezium.data.Json",
                  "enum": "io.debezium.data.Enum", "set": "io.debezium.data.EnumSet", "vector": "io.debezium.data.FloatVector"}


def semantic_name(column):
    kind = column["type"]
    if kind == "datetime":
        return "io.debezium.time.MicroTimestamp" if column["digits"] > 3 else "io.debezium.time.Timestamp"
    if kind == "geometry":
        return "io.debezium.data.geometry." + ("Point" if column["declared"] == "point" else "Geometry")
    if kind == "bit":
        return None if column["length"] == 1 else "io.debezium.data.Bits"
    return SEMANTIC_NAMES.get(kind)


def connect_found(column, found):
    return decimal.Decimal(found) if column["type"] == "decimal" and found is not None else with_bytes(found)


def test_kafka_connect_reads_debezium_json_by_its_schema(tmp_path):
    made = samples.make(tmp_path, "debezium_json_schema", ROWS)
    for part in ("value", "key"):
        lines = write_lines(tmp_path / part, (base64.b64encode(getattr(sample, part)).decode() for sample in made))
        read = java(tmp_path, "connect", "ConnectRead", part, lines)
        for sample, found in zip(made, read, strict=True):
            put = sample.put
            first, first_cell = put["columns"][0], (put["after"] or put["before"])[0]
            if part == "key":
                assert found["schema"] == f"samples.db.{put['table']}.Key"
                assert wanted.same(connect_found(first, found["value"][first["name"]]), wanted.debezium(first, first_cell), first)
                continue
            assert found["schema"] == f"samples.db.{put['table']}.Envelope"
            assert found["names"] == {column["name"]: semantic_name(column) for column in put["columns"]}
            assert found["value"]["source"]["pos"] == 2924526
            for image in ("before", "after"):
                row = found["value"][image]
                assert (row is None) == (put[image] is None)
                for column, cell in zip(put["columns"], put[image] or [], strict=True) if row else []:
                    got, want = connect_found(column, row[column["name"]]), wanted.debezium(column, cell)
                    assert wanted.same(got, want, column), (column, cell, got, want)


def dts_value(cell):
    """A value as DtsRead tells it."""
    if cell is None:
        return None
    ((branch, of),) = cell.items()
    if branch == "Integer":
        return {"class": "IntegerNumeric", "data": of["value"]}
    if branch == "Decimal":
        return {"class": "DecimalNumeric", "data": str(decimal.Decimal(of["value"]))}
    if branch == "Float":
        return {"class": "FloatNumeric", "data": of["value"]}
    if branch == "Timestamp":
        return {"class": "UnixTimestamp", "seconds": str(of["timestamp"]), "micros": of["millis"]}
    if branch == "DateTime":
        # Parts that were not set are 0; nanoseconds.
        names = ("year", "month", "day", "hour", "minute", "second")
        return {"class": "DateTime", "parts": [of[name] or 0 for name in names] + [1000 * (of["millis"] or 0)]}
    if branch == "TextObject":
        return {"class": "TextEncodingObject", "data": of["value"]}
    found = {"class": {"Character": "StringValue", "BinaryGeometry": "WKBGeometry"}.get(branch, "BinaryEncodingObject"),
             "base64": base64.b64encode(bytes.fromhex(of["value"]["hex"])).decode()}
    if branch == "Character":
        found["charset"] = of["charset"]
    if branch == "BinaryObject":
        found["object"] = of["type"].upper()
    return found


def test_the_consumer_library_of_dts_reads_dts_avro(tmp_path):
    seed = os.environ.get("SEED", str(random.randrange(2**63)))
    print(f"seed {seed}", file=sys.stderr)
    values, expected = tmp_path / "values", tmp_path / "expected"
    subprocess.run([samples.BIN / "encode_samples", seed, str(ROWS), values, expected], check=True)
    with values.open("rb") as file:
        lines = write_lines(tmp_path / "lines", (base64.b64encode(value).decode() for value in samples.read_pieces(file)))
    put = [json.loads(line)["record"] for line in expected.read_text(encoding="utf-8").split("\n")[:-1]]
    for record, found in zip(put, java(tmp_path, "dts", "DtsRead", lines), strict=True):
        names = [field["name"] for field in record["fields"]]
        assert found["id"] == str(record["id"]) and found["table"] == "t" and found["database"] == record["tags"]["l_db_name"]
        # The library knows no INIT; what it tells of such a record is right all the same.
        assert found["operation"] == {"INIT": "UNKNOWN"}.get(record["operation"], record["operation"])
        assert found["key"] == [names[0]]
        assert found["types"] == {field["name"]: field["dataTypeNumber"] for field in record["fields"]}
        for image, of in (("before", "beforeImages"), ("after", "afterImages")):
            if record[of] is None:
                assert found[image] is None
                continue
            for name, cell in zip(names, record[of], strict=True):
                assert found[image][name] == dts_value(cell), (name, cell)
