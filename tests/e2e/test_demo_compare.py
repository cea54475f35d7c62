"""`tributary-lab compare`, on which ./dev demo --once relies: says nothing of a faithful topic, and finds what was planted.

The lab's own sample database (all kinds of tables, all column types) is carried by `tributary run` into the mock broker.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TRIBUTARY_BIN", ROOT / "build/dev/bin"))
ROWS = 3000  # about 1.5 MB: within what the mock broker keeps
DIFFERENT = 5

pytestmark = [
    pytest.mark.skipif(not (BIN / "tributary-lab").exists(), reason=f"{BIN}/tributary-lab is not built"),
    pytest.mark.skipif(not shutil.which("mariadb"), reason="no mariadb client"),
]


class Sample:
    """A lab with the sample database in it, and tasks that carry it."""

    def __init__(self, folder):
        self.folder = folder
        self.lab("up", "--kafka", "mock", "--detach")
        self.info = json.loads((folder / "lab.json").read_text())
        self.lab("load", "--sample", "--rows", ROWS)

    def lab(self, command, *arguments, codes=(0,)):
        done = subprocess.run([BIN / "tributary-lab", command, "--dir", self.folder, *map(str, arguments)],
                              capture_output=True, text=True, timeout=300)
        assert done.returncode in codes, done.stdout + done.stderr
        return done

    def make_topics(self, name):
        for topic in (name, name + "-ddl"):
            done = subprocess.run([BIN / "tributary-lab", "topic", "create", "--dir", self.folder, topic],
                                  capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr

    def run_task(self, name):
        front, storage = self.info["front"], self.info["storage"][0]
        task = self.folder / f"{name}.yaml"
        task.write_text(f"""
name: {name}
source:
  engine: polardbx10
  host: {front["host"]}
  port: {front["port"]}
  user: {front["user"]}
  password: {front["password"]}
  storage:
    user: {storage["user"]}
    password: {storage["password"]}
destination:
  engine: kafka
  brokers: {self.info["kafka"]["brokers"]}
  topic: {name}
  ddl_topic: {name}-ddl
migration: [schema, full, incremental]
objects: {{{front["database"]}: all}}
state_dir: {self.folder}/state-{name}
""")
        done = subprocess.run([BIN / "tributary", "run", task, "--until", "caught-up"], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr

    def compare(self, topic, *arguments, code):
        done = self.lab("compare", "--topic", topic, "--ddl-topic", topic + "-ddl", "--json", *arguments, codes=(0, DIFFERENT))
        report = json.loads(done.stdout)
        assert done.returncode == code, json.dumps(report, indent=1)
        return {table["table"]: table for table in report["tables"]}

    def sql(self, statement):
        front = self.info["front"]
        done = subprocess.run(
            ["mariadb", "-h", front["host"], "-P", str(front["port"]), "-u", front["user"], "--skip-ssl", "-N", "-B",
             front["database"], "-e", statement],
            env={**os.environ, "MYSQL_PWD": front["password"]}, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def sample():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tributary-compare-"))
    try:
        yield Sample(folder)
    finally:
        subprocess.run([BIN / "tributary-lab", "down", "--dir", folder], capture_output=True, timeout=120)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def carried(sample):
    """The topic `first` holds what the source held when the fixture was made."""
    sample.make_topics("first")
    sample.run_task("first")
    return sample


def test_a_faithful_topic_has_no_difference(carried):
    tables = carried.compare("first", code=0)
    assert sorted(tables) == ["audit_note", "config", "customer", "customer_0", "order_items", "orders", "region", "user_log",
                              "wide_types"]
    assert sum(table["rows_source"] for table in tables.values()) >= ROWS
    for name, table in tables.items():
        assert table["same"] and table["rows_source"] == table["rows_folded"] == table["records"]["INIT"] > 0, name


def test_reading_along_sees_the_changes_made_while_the_snapshot_runs(sample):
    sample.make_topics("along")
    no_more = sample.folder / "no-more"
    reader = subprocess.Popen(
        [BIN / "tributary-lab", "compare", "--dir", sample.folder, "--topic", "along", "--follow", "--until-file", no_more,
         "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    changes = None
    try:
        assert reader.stderr.readline() == "reading along topic along\n"
        changes = subprocess.Popen([BIN / "tributary-lab", "load", "--dir", sample.folder, "--rate", "150", "--seconds", "60"],
                                   stdout=subprocess.DEVNULL)
        sample.run_task("along")
        time.sleep(0.5)  # of changes only the second run will see; any number will do, none too
        changes.terminate()
        assert changes.wait(60) == 0
        sample.run_task("along")
        no_more.touch()
        output, errors = reader.communicate(timeout=120)
        report = json.loads(output)
        assert reader.returncode == 0, output + errors
        assert sum(sum(table["records"].values()) - table["records"]["INIT"] for table in report["tables"]) > 0
    finally:
        for process in (reader, changes):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


def plant_in_each_column(sample):
    """Makes one value of each column of wide_types NULL, each in a row of its own; {id: column}."""
    planted = {}
    for column, *_ in sample.sql("SHOW COLUMNS FROM wide_types"):
        if column == "id":
            continue
        ids = [row[0] for row in sample.sql(f"SELECT id FROM wide_types WHERE {column} IS NOT NULL")]
        row = next(i for i in ids if i not in planted)
        sample.sql(f"UPDATE wide_types SET {column} = NULL WHERE id = {row}")
        planted[row] = column
    return planted


def test_planted_differences_are_found_and_named(sample):
    sample.make_topics("planted")
    sample.run_task("planted")
    before = sample.compare("planted", code=0)

    (order, amount), = sample.sql("SELECT id, amount FROM orders ORDER BY id LIMIT 1")
    sample.sql(f"UPDATE orders SET amount = amount + 0.01 WHERE id = {order}")
    (gone,), = sample.sql("SELECT code FROM customer ORDER BY code LIMIT 1")
    sample.sql(f"DELETE FROM customer WHERE code = '{gone}'")
    sample.sql("INSERT INTO region (id, name, utc_offset) VALUES (4711, 'planted', 3)")
    sample.sql("INSERT INTO audit_note (author, note, noted_at) VALUES ('planted', NULL, '2026-01-01 00:00:00')")
    columns = plant_in_each_column(sample)
    after = sample.compare("planted", "--show", len(columns), code=DIFFERENT)

    def counts(table):
        return tuple(after[table][kind] for kind in ("missing", "extra", "different", "out_of_order"))

    assert counts("orders") == (0, 0, 1, 0)
    changed, = after["orders"]["first_differences"]
    assert changed.startswith(f"row id={order}: amount is ") and changed.endswith(f" at the source, {amount} in the topic")
    assert counts("customer") == (0, 1, 0, 0)
    assert after["customer"]["first_differences"] == [f"row code='{gone}' is in the topic but not at the source"]
    assert counts("region") == (1, 0, 0, 0)
    assert after["region"]["first_differences"] == ["row id=4711 is at the source but not in the topic"]
    assert counts("audit_note") == (1, 0, 0, 0)
    assert counts("wide_types") == (0, 0, len(columns), 0)
    found = dict(text.removeprefix("row id=").split(": ", 1) for text in after["wide_types"]["first_differences"])
    for row, column in columns.items():
        assert found[row].startswith(f"{column} is NULL at the source, "), (column, found[row])
    for table in ("config", "customer_0", "order_items", "user_log"):
        assert after[table]["same"], after[table]
        assert after[table]["rows_folded"] == before[table]["rows_folded"]


def test_a_table_without_its_create_statement_is_a_difference(carried):
    done = carried.lab("compare", "--topic", "first", "--ddl-topic", "first", "--table", "config", codes=(DIFFERENT,))
    assert "config: no CREATE TABLE record" in done.stdout


def test_a_topic_without_records_lacks_every_row(carried):
    carried.make_topics("empty")
    tables = carried.compare("empty", code=DIFFERENT)
    for name, table in tables.items():
        assert table["missing"] == table["rows_source"] > 0 and table["ddl_missing"], name
    assert tables["region"]["first_differences"][0] == "row id=1 is at the source but not in the topic"


def test_a_lab_that_does_not_run_is_one_clear_message(tmp_path):
    done = subprocess.run([BIN / "tributary-lab", "compare", "--dir", tmp_path, "--topic", "t"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and "no running lab is described there" in done.stderr
