"""`tributary binlog` on files of real servers: every event where the server's own tool finds it, as many rows as that
tool shows, and values as the server returns them in a SELECT."""

import gzip
import json
import os
import pathlib
import subprocess

import pytest

import binlog_files
from binlog_files import ByClient, events, outline, rows_of, tool

TYPES_WITHOUT_VERSION = {"Write_rows_v1": "Write_rows", "Update_rows_v1": "Update_rows", "Delete_rows_v1": "Delete_rows",
                         "Write_rows_compressed_v1": "Write_rows", "Update_rows_compressed_v1": "Update_rows",
                         "Delete_rows_compressed_v1": "Delete_rows", "Write_rows_compressed": "Write_rows",
                         "Update_rows_compressed": "Update_rows", "Delete_rows_compressed": "Delete_rows",
                         "Query_compressed": "Query", "Gtid_tagged": "Gtid"}


def lab_of(server, *options):
    from servers import Lab, LabUnavailable
    lab = Lab(server=server, instances=1, front=False, kafka="none", options=options)
    try:
        lab.__enter__()
    except LabUnavailable as reason:
        pytest.skip(f"{server} can't be had here: {reason}")
    return lab


@pytest.fixture(scope="module")
def mariadb(binaries):
    lab = lab_of("mariadb-10.11", "local-infile=ON")
    yield lab
    lab.__exit__()


@pytest.fixture(scope="module")
def mysql97(binaries):
    lab = lab_of("mysql-9.7", "local-infile=ON")
    yield lab
    lab.__exit__()


def folder_of(lab):
    return lab.dir / "lab" / "instance-0" / "data"


class Recorder:
    """Runs statements into a binlog file of their own."""

    def __init__(self, lab, case):
        self.lab, self.case = lab, case
        self.database = case.database(lab)
        self.sql = case.sql(lab, 0, self.database, local_infile=True)
        self.is_mariadb = "MariaDB" in lab.storage[0]["server_version"]
        self.sql("FLUSH BINARY LOGS")

    def file(self):
        """Closes the file written so far and gives its path."""
        name = self.sql("SHOW BINARY LOGS")[-1][0]
        self.sql("FLUSH BINARY LOGS")
        return folder_of(self.lab) / (name if isinstance(name, str) else name.decode())


def work(recorder, folder):
    """A little of everything that leaves traces in a binlog."""
    sql = recorder.sql
    sql("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100), note TEXT, n DECIMAL(20,4), at DATETIME(3), b BLOB)")
    sql("INSERT INTO t (name, note, n, at, b) VALUES ('one', REPEAT('text ', 200), 1.5, '2024-02-29 12:00:00.123', x'00ff'), "
        "('two', NULL, -2, NULL, NULL), ('drei äöü', '', 0.0001, '1999-12-31', REPEAT('x', 5000))")
    with sql.transaction():
        for n in range(30):
            sql(f"INSERT INTO t (name, n) VALUES ('row {n}', {n})")
        sql("SAVEPOINT s")
        sql("UPDATE t SET n = n + 1 WHERE id > 3")
        sql("ROLLBACK TO s")
    sql("UPDATE t SET note = 'changed', at = NULL WHERE id < 3")
    sql("SET @who = 'me', @what = 12.5")
    sql("INSERT INTO t (name, n) VALUES (@who, @what)")
    sql("INSERT INTO t (name, n) VALUES ('random', RAND() * 1000)")
    sql("ALTER TABLE t ADD extra INT NOT NULL DEFAULT 7, ALGORITHM=COPY")
    sql("DELETE FROM t WHERE id = 2")
    loaded = folder / "loaded.csv"
    loaded.write_text("".join(f"loaded {n},{n}\n" for n in range(50)))
    sql(f"LOAD DATA LOCAL INFILE '{loaded}' INTO TABLE t FIELDS TERMINATED BY ',' (name, n)")
    for name, end in (("committed", "XA COMMIT 'committed'"), ("dropped", "XA ROLLBACK 'dropped'")):
        sql(f"XA START '{name}'")
        sql(f"INSERT INTO t (name) VALUES ('{name}')")
        sql(f"XA END '{name}'")
        sql(f"XA PREPARE '{name}'")
        sql(end)
    sql("XA START 'once'")
    sql("INSERT INTO t (name) VALUES ('once')")
    sql("XA END 'once'")
    sql("XA COMMIT 'once' ONE PHASE")
    sql("CREATE TABLE copy AS SELECT id, name FROM t WHERE id < 5")
    sql("DELETE FROM t WHERE id > 20")
    sql("DROP TABLE copy")


def plain_names(found):
    return [(begin, end, TYPES_WITHOUT_VERSION.get(name, name)) for begin, end, name in found]


def check_against_client(path, client):
    by_client = ByClient(client, path)
    assert by_client.code == 0, by_client.said
    ours = events(path)
    found = [(e["position"], e["end_position"], e["type"]) for e in ours if "payload_offset" not in e]
    assert [begin for begin, _, _ in found] == [begin for begin in by_client.begins if begin < found[-1][1]]
    told = {begin for begin, _, _ in by_client.outline}
    assert {name for begin, _, name in found if begin not in told} <= {"Intvar"}
    unnamed = {begin for begin, _, name in by_client.outline if name == "Ignorable"}
    named = [(begin, end, "Ignorable" if begin in unnamed else name) for begin, end, name in found if begin in told]
    assert plain_names(named) == plain_names(by_client.outline)
    assert len(rows_of(ours)) == by_client.rows
    return ours


MARIADB = {
    "as it is": [],
    "without checksum": ["GLOBAL binlog_checksum = NONE"],
    "minimal images": ["SESSION binlog_row_image = MINIMAL"],
    "images without blobs": ["SESSION binlog_row_image = NOBLOB"],
    "statements": ["SESSION binlog_format = STATEMENT", "SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"],
    "mixed": ["SESSION binlog_format = MIXED", "SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"],
    "compressed": ["GLOBAL log_bin_compress = ON", "GLOBAL log_bin_compress_min_len = 10"],
    "metadata minimal": ["GLOBAL binlog_row_metadata = MINIMAL"],
    "no metadata": ["GLOBAL binlog_row_metadata = NO_LOG"],
    "alter in two phases": ["SESSION binlog_alter_two_phase = ON"],
    "a domain": ["SESSION gtid_domain_id = 7"],
    "no annotations": ["SESSION binlog_annotate_row_events = OFF"],
}
MARIADB_DEFAULTS = ["binlog_checksum = CRC32", "log_bin_compress = OFF", "log_bin_compress_min_len = 256", "binlog_row_metadata = FULL"]


@pytest.fixture
def mariadb_client():
    client = binlog_files.mariadb_client()
    if not client:
        pytest.skip("NO mariadb-binlog: nothing to compare with")
    return client


@pytest.fixture
def mysql_client():
    client = binlog_files.mysql_client()
    if not client:
        pytest.skip("NO mysqlbinlog of MySQL 9.7: nothing to compare with")
    return client


@pytest.mark.parametrize("form", MARIADB)
def test_events_and_row_counts_of_mariadb_are_those_of_its_own_tool(mariadb, case, mariadb_client, tmp_path, form):
    with mariadb.sql() as admin:
        try:
            recorder = Recorder(mariadb, case)
            for setting in MARIADB[form]:
                recorder.sql(f"SET {setting}")
            if any("GLOBAL" in setting for setting in MARIADB[form]):
                recorder.sql("FLUSH BINARY LOGS")
            work(recorder, tmp_path)
            check_against_client(recorder.file(), mariadb_client)
        finally:
            for setting in MARIADB_DEFAULTS:
                admin(f"SET GLOBAL {setting}")


MYSQL97 = {
    "as it is": [],
    "without checksum": ["GLOBAL binlog_checksum = NONE"],
    "minimal images": ["SESSION binlog_row_image = MINIMAL"],
    "images without blobs": ["SESSION binlog_row_image = NOBLOB"],
    "statements": ["SESSION binlog_format = STATEMENT", "SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"],
    "mixed": ["SESSION binlog_format = MIXED", "SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"],
    "compressed": ["SESSION binlog_transaction_compression = ON"],
    "metadata minimal": ["GLOBAL binlog_row_metadata = MINIMAL"],
    "statements told with rows": ["SESSION binlog_rows_query_log_events = ON"],
    "a tag": ["SESSION gtid_next = 'AUTOMATIC:some_tag'"],
}


@pytest.mark.parametrize("form", MYSQL97)
def test_events_and_row_counts_of_mysql_9_7_are_those_of_its_own_tool(mysql97, case, mysql_client, tmp_path, form):
    with mysql97.sql() as admin:
        try:
            recorder = Recorder(mysql97, case)
            for setting in MYSQL97[form]:
                recorder.sql(f"SET {setting}")
            if any("GLOBAL" in setting for setting in MYSQL97[form]):
                recorder.sql("FLUSH BINARY LOGS")
            work(recorder, tmp_path)
            check_against_client(recorder.file(), mysql_client)
        finally:
            admin("SET GLOBAL binlog_checksum = CRC32, GLOBAL binlog_row_metadata = FULL")


@pytest.mark.parametrize("options", [(), ("log-bin-use-v1-row-events=ON", "binlog-checksum=NONE"), ("binlog-rows-query-log-events=ON",)])
def test_events_and_row_counts_of_mysql_5_6_are_those_of_the_servers_tool(binaries, case, mysql_client, mariadb_client, tmp_path, options):
    lab = lab_of("mysql-5.6", "local-infile=ON", *options)
    try:
        recorder = Recorder(lab, case)
        work_of_5_6(recorder, tmp_path)
        # MySQL 9's tool does not read rows events of version 1 any more.
        check_against_client(recorder.file(), mariadb_client if options and "v1" in options[0] else mysql_client)
    finally:
        case.close()
        lab.__exit__()


def work_of_5_6(recorder, folder):
    sql = recorder.sql
    sql("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100), at DATETIME(3))")
    for n in range(5):
        sql(f"INSERT INTO t (name, at) VALUES ('row {n}', NOW(3)), ('x', NULL)")
    sql("UPDATE t SET name = 'changed' WHERE id < 4")
    sql("DELETE FROM t WHERE id = 1")
    sql("SET SESSION binlog_row_image = MINIMAL")
    sql("UPDATE t SET at = NULL WHERE id = 2")
    sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    sql("SET SESSION binlog_format = STATEMENT")
    sql("INSERT INTO t (name) VALUES (CONCAT('a', RAND()))")


def expected_text(column, data):
    """The tool's text for what a SELECT returned (UTF-8 session, time zone UTC)."""
    import source
    if data is None:
        return None
    kind = column.type
    if kind in ("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection"):
        return "0x" + data[4:].hex()
    if kind == "bit":
        return str(int.from_bytes(data, "big"))
    if kind.endswith(("binary", "blob")) or kind == "vector":
        return "0x" + (data if isinstance(data, bytes) else data.encode()).hex()
    text = data.decode() if isinstance(data, bytes) else data
    if kind in ("float", "double"):
        return source.value(column, text)
    if "zerofill" in column.declared:
        return text.lstrip("0") if not text.strip("0.").strip() == "" else text
    return text


def same_value(column, ours, expected):
    if expected is None or ours is None:
        return ours is expected
    if column.type in ("float", "double"):
        return float(ours) == expected
    if "zerofill" in column.declared:
        return float(ours) == float(expected or "0")
    return ours == expected


def check_values(lab, case, metadata):
    import source
    import test_types
    recorder = Recorder(lab, case)
    sql = recorder.sql
    sql(f"SET GLOBAL binlog_row_metadata = {metadata}")
    sql("SET SESSION sql_mode = '', time_zone = '+00:00'")
    columns = test_types.columns_for(lab.storage[0]["server_version"])
    definition = ", ".join(f"`{name}` {declared}{'' if 'null' in declared.split() else ' NULL'}" for name, (declared, _) in columns.items())
    sql(f"CREATE TABLE kinds (id INT PRIMARY KEY, {definition})")
    names = ", ".join(f"`{name}`" for name in columns)
    count = max(len(values) for _, values in columns.values())
    for number in range(count + 1):
        values = ["NULL" if number == 0 else values[(number - 1) % len(values)] for _, values in columns.values()]
        sql(f"INSERT INTO kinds (id, {names}) VALUES ({number}, {', '.join(values)})")
    path = recorder.file()
    fields = source.columns(sql, recorder.database, "kinds")
    answer = sql(f"SELECT {source.select_list(fields)} FROM kinds ORDER BY id")
    rows = [row["after"] for _, row in rows_of(events(path), "kinds")]
    assert len(rows) == len(answer) == count + 1
    wrong = []
    for row, told in zip(rows, answer):
        assert list(row) == [f.name for f in fields]
        for column, text in zip(fields, told):
            expected = expected_text(column, text)
            if not same_value(column, row[column.name], expected):
                wrong.append((column.name, column.declared, str(row[column.name])[:80], str(expected)[:80]))
    assert not wrong


def test_values_of_mariadb_are_those_of_a_select(mariadb, case):
    check_values(mariadb, case, "FULL")


def test_values_of_mysql_9_7_are_those_of_a_select(mysql97, case):
    check_values(mysql97, case, "FULL")


def test_partial_json_is_applied_to_the_before_image_and_shown_as_changes_without_one(mysql97, case):
    recorder = Recorder(mysql97, case)
    sql = recorder.sql
    sql("CREATE TABLE j (id INT PRIMARY KEY, doc JSON)")
    sql("""INSERT INTO j VALUES (1, JSON_OBJECT('a', 1, 'b', REPEAT('x', 1000), 'c', JSON_ARRAY(1, 2, 3)))""")
    sql("SET SESSION binlog_row_value_options = PARTIAL_JSON")
    sql("UPDATE j SET doc = JSON_SET(doc, '$.a', 'two')")
    expected = sql.one("SELECT doc FROM j")
    sql("SET SESSION binlog_row_image = MINIMAL")
    sql("UPDATE j SET doc = JSON_REMOVE(JSON_REPLACE(doc, '$.a', 3), '$.c[0]')")
    updates = [row for kind, row in rows_of(events(recorder.file())) if kind == "Update_rows_partial"]
    assert updates[0]["after"]["doc"] == expected
    assert "doc" not in updates[1]["before"]
    assert updates[1]["after"] == {"doc": {"change": "JSON_REPLACE(@, '$.a', 3); JSON_REMOVE(@, '$.c[0]')"}}


def peak_kb(arguments):
    """The most memory the program ever held."""
    child = subprocess.Popen([binlog_files.BIN / "tributary", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return usage.ru_maxrss


def test_a_payload_of_many_megabytes_is_walked_without_holding_it(mysql97, case, mysql_client, tmp_path):
    recorder = Recorder(mysql97, case)
    sql = recorder.sql
    sql("CREATE TABLE big (id INT PRIMARY KEY, noise LONGBLOB)")
    sql("SET SESSION binlog_transaction_compression = ON")
    with sql.transaction():
        for n in range(60):
            noise = "CONCAT(" + ",".join("RANDOM_BYTES(1024)" for _ in range(512)) + ")"
            sql(f"INSERT INTO big VALUES ({n}, {noise})")
    path = recorder.file()
    found = events(path, "--no-rows")
    payload = next(e for e in found if e["type"] == "Transaction_payload" and e["length"] > 1 << 20)
    assert payload["length"] > 30 << 20
    done = tool(path, "--verify", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == 60
    assert peak_kb(["binlog", "--verify", path]) < peak_kb(["version"]) + 20 * 1024
    damaged = tmp_path / "damaged"
    data = bytearray(path.read_bytes())
    data[payload["position"] + payload["length"] // 2] ^= 1
    damaged.write_bytes(data)
    done = tool(damaged, "--verify")
    assert done.returncode == 1
    assert f"damaged:{payload['position']}".encode() in done.stderr and b"checksum" in done.stderr


def test_a_gzipped_file_standard_input_and_a_relay_log_read_the_same(mariadb, case, tmp_path):
    recorder = Recorder(mariadb, case)
    work(recorder, tmp_path)
    path = recorder.file()
    plain = tool(path, "--json")
    assert plain.returncode == 0
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for other in (tool(packed, "--json"), tool("-", "--json", stdin=path.read_bytes()), tool("-", "--json", stdin=packed.read_bytes())):
        assert other.returncode == 0
        assert [json.loads(line) | {"file": ""} for line in other.stdout.splitlines()] == [json.loads(line) | {"file": ""} for line in plain.stdout.splitlines()]


def test_the_file_being_written_is_read_to_its_end_and_a_half_event_is_an_error(mariadb, case, tmp_path):
    recorder = Recorder(mariadb, case)
    work(recorder, tmp_path)
    name = recorder.sql("SHOW BINARY LOGS")[-1][0]
    path = folder_of(mariadb) / name
    found = events(path)
    assert "in_use" in found[0]["flags"]
    half = tmp_path / "half"
    last = found[-1]
    half.write_bytes(path.read_bytes()[:last["end_position"] - 3])
    done = tool(half, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [line["position"] for line in lines[:-1]] == [e["position"] for e in found[:-1]]
    assert lines[-1]["error"]["where"] == f"{half}:{last['position']}"


def test_names_come_from_the_statements_in_the_file_when_the_table_map_has_none(mariadb, case):
    with mariadb.sql() as admin:
        try:
            recorder = Recorder(mariadb, case)
            sql = recorder.sql
            sql("SET GLOBAL binlog_row_metadata = NO_LOG")
            sql("FLUSH BINARY LOGS")
            sql("CREATE TABLE named (id INT UNSIGNED PRIMARY KEY, kind ENUM('small','large'), who UUID, name VARCHAR(20) CHARACTER SET latin1)")
            sql("INSERT INTO named VALUES (4000000000, 'large', '123e4567-e89b-12d3-a456-426655440000', 'é')")
            sql("ALTER TABLE named CHANGE name called VARCHAR(30) CHARACTER SET latin1 AFTER id, ADD note TEXT")
            sql("UPDATE named SET note = 'new'")
            sql("RENAME TABLE named TO renamed")
            sql("DELETE FROM renamed")
            path = recorder.file()
        finally:
            admin("SET GLOBAL binlog_row_metadata = FULL")
    rows = [row for _, row in rows_of(events(path))]
    first = {"id": "4000000000", "kind": "large", "who": "123e4567-e89b-12d3-a456-426655440000", "name": "é"}
    assert rows[0] == {"after": first}
    last = {"id": "4000000000", "called": "é", "kind": "large", "who": first["who"], "note": "new"}
    assert rows[1] == {"before": last | {"note": None}, "after": last}
    assert rows[2] == {"before": last}
    # Begun behind them, nobody names the columns.
    late = [e for e in events(path, "--from", next(e["position"] for e in events(path) if e["type"] == "Delete_rows_v1"))]
    assert late[0]["rows"]


def test_one_tables_rows_and_the_counts_of_all(mariadb, case):
    recorder = Recorder(mariadb, case)
    sql = recorder.sql
    for table in ("one", "two"):
        sql(f"CREATE TABLE {table} (id INT PRIMARY KEY)")
        sql(f"INSERT INTO {table} VALUES (1), (2), (3)")
    sql("UPDATE one SET id = 9 WHERE id = 1")
    sql("DELETE FROM two WHERE id < 3")
    path = recorder.file()
    found = events(path, "--table", f"{recorder.database}.one")
    assert {e["body"].get("table") for e in found if "rows" in e} == {"one"}
    assert len(rows_of(found)) == 4
    counted = json.loads(tool(path, "--statistics", "--json").stdout)["statistics"]
    assert counted["tables"] == {f"{recorder.database}.one": {"inserts": 3, "updates": 1, "deletes": 0},
                                 f"{recorder.database}.two": {"inserts": 3, "updates": 0, "deletes": 2}}
    assert counted["transactions"] == 6
    assert counted["rows"] == 9


def test_relay_logs_read_as_the_sources_binlog(binaries, case):
    from task import wait_for
    from servers import Lab
    with Lab(instances=2, front=False, kafka="none", databases=1) as lab:
        source, replica = lab.sql(0), lab.sql(1)
        replica("STOP SLAVE")
        storage = lab.storage[0]
        replica(f"CHANGE MASTER TO MASTER_HOST='{storage['host']}', MASTER_PORT={storage['port']}, MASTER_USER='{storage['admin_user']}', "
                f"MASTER_PASSWORD='{storage['admin_password']}', MASTER_LOG_FILE='mysql-bin.000001', MASTER_LOG_POS=4")
        replica("START SLAVE IO_THREAD")
        source("CREATE DATABASE relayed")
        source("CREATE TABLE relayed.t (id INT PRIMARY KEY, name TEXT)")
        source("INSERT INTO relayed.t VALUES (1, 'one'), (2, NULL)")
        source("FLUSH BINARY LOGS")
        source("INSERT INTO relayed.t VALUES (3, 'three')")
        folder = lab.dir / "lab" / "instance-1" / "data"

        def relayed():
            rows = []
            for path in sorted(folder.glob("*relay*.0*")):
                rows += [row["after"] for _, row in rows_of(events(path), "t")]
            return rows
        wait_for(lambda: len(relayed()) == 3, what="three rows in the relay logs")
        assert relayed() == [{"id": "1", "name": "one"}, {"id": "2", "name": None}, {"id": "3", "name": "three"}]
        client = binlog_files.mariadb_client()
        for path in sorted(folder.glob("*relay*.0*")) if client else []:
            by_client = ByClient(client, path)
            assert by_client.begins == [e["position"] for e in events(path)]
        source.close()
        replica.close()


def corpus():
    root = pathlib.Path(os.environ.get("TRIBUTARY_SHARED") or pathlib.Path(__file__).resolve().parents[2] / ".." / "shared")
    return sorted(path for path in (root / "corpus" / "binlog").rglob("*") if path.is_file())


def test_third_party_files_have_the_events_and_rows_the_servers_tools_find(binaries, tmp_path):
    files = corpus()
    if not files:
        pytest.skip("NO CORPUS beside the project: third-party binlogs were not read")
    clients = [client for client in (binlog_files.mysql_client(), binlog_files.mariadb_client()) if client]
    if not clients:
        pytest.skip("NO mysqlbinlog and no mariadb-binlog: nothing to compare with")
    compared = 0
    for path in files:
        plain = tmp_path / path.name
        data = path.read_bytes()
        plain.write_bytes(gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data)
        for client in clients:
            if ByClient(client, plain).code == 0:
                check_against_client(plain, client)
                compared += 1
    assert compared >= len(files)
