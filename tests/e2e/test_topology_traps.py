"""The layouts that mislead: names that begin alike or differ in case only, the same physical name in several databases,
users' tables named as the middleware's own, twins, copies, index tables, thrown-away tables, datasources that are not the
group's. Rows of what is carried arrive once, under the logical name; nothing else does.
"""

import json
import subprocess

import pytest

import fold
from servers import BIN
from task import mysql_source


@pytest.fixture(scope="module", params=["as given", "lower case"])
def trap_lab(request, binaries):
    """The storage servers keep names as they are given, or in lower case, as managed instances usually do."""
    from servers import Lab, LabUnavailable
    options = ["lower-case-table-names=1"] if request.param == "lower case" else []
    try:
        with Lab(instances=2, databases=2, kafka="mock", options=options) as lab:
            yield lab
    except LabUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def front(trap_lab):
    sql = trap_lab.front_sql()
    yield sql
    sql("LAB CLEAR")
    for (name,) in sql("SHOW TABLES"):
        sql(f"DROP TABLE `{name}`")
    sql.close()


def physical(lab, front, table):
    """(instance, database, table) of each row of SHOW TOPOLOGY."""
    places = {row[3]: row[4] for row in front("SHOW DATASOURCES")}
    found = []
    for _, group, name in front(f"SHOW TOPOLOGY FROM `{table}`"):
        address, database = places[group].removeprefix("jdbc:mysql://").split("/")
        number = next(n for n, s in enumerate(lab.storage) if f"{s['host']}:{s['port']}" == address)
        found.append((number, database, name))
    return found


def rows_of(front, table):
    return {int(row[0]): row[-1] for row in front(f"SELECT * FROM `{table}`")}


def folded(records, database, table):
    out = {}
    for record in fold.of_table(records, database, table):
        image = record.after or record.before
        if record.after is None:
            out.pop(image["id"], None)
        else:
            out[image["id"]] = image["note"]
    return out


KEYED = "(id INT NOT NULL PRIMARY KEY, note VARCHAR(40))"


def carried(lab, front, case, names, tables="all", **settings):
    """Fills the tables, carries them, changes them, carries that; each must be what the front shows. The records."""
    topic = case.topic(lab)
    task = case.drds_task(lab, topic, tables=tables, **settings)
    for name in names:
        front(f"INSERT INTO `{name}` (id, note) VALUES " + ", ".join(f"({n}, '{name} {n}')" for n in range(1, 41)))
    task.catch_up()
    for name in names:
        front(f"UPDATE `{name}` SET note = 'changed {name}' WHERE id BETWEEN 5 AND 12")
        front(f"DELETE FROM `{name}` WHERE id > 35")
        front(f"INSERT INTO `{name}` (id, note) VALUES (100, 'new in {name}'), (101, 'new in {name}'), (102, 'new in {name}')")
    task.catch_up()
    records = topic.records()
    assert {record.table for record in records if record.op != "DDL"} == set(names)
    for name in names:
        assert folded(records, lab.front["database"], name) == rows_of(front, name), name
        assert all(name in (record.after or record.before)["note"] for record in fold.of_table(records, lab.front["database"], name))
        inits = [record.after["id"] for record in fold.of_table(records, lab.front["database"], name) if record.op == "INIT"]
        assert sorted(inits) == list(range(1, 41)), f"{name}: each row is loaded once"
    return records


def view(task):
    done = subprocess.run([BIN / "tributary", "topology", task.file, "--json"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_names_that_begin_alike_are_tables_of_their_own(trap_lab, front, case):
    names = ["ord", "orders", "orders_0", "orders_00", "o"]
    for name in names:
        front(f"CREATE TABLE `{name}` {KEYED} dbpartition by hash(id) tbpartition by hash(id) tbpartitions 2")
    carried(trap_lab, front, case, names)


def test_a_physical_name_that_stands_in_every_database_is_a_shard_in_each(trap_lab, front, case):
    name = "by_week"
    front(f"CREATE TABLE `{name}` (id INT NOT NULL, day DATE NOT NULL, note VARCHAR(40), PRIMARY KEY (id, day)) "
          "dbpartition by hash(id) tbpartition by WEEK(day) tbpartitions 7")
    front(f"INSERT INTO `{name}` VALUES " + ", ".join(f"({n}, '2024-03-{n % 28 + 1:02}', 'by_week {n}')" for n in range(1, 61)))
    places = physical(trap_lab, front, name)
    assert len(places) == 28 and len({table for _, _, table in places}) == 7, "the suffix begins anew in each database"
    topic = case.topic(trap_lab)
    task = case.drds_task(trap_lab, topic)
    task.catch_up()
    front(f"UPDATE `{name}` SET note = 'changed' WHERE id < 30")
    front(f"DELETE FROM `{name}` WHERE id > 50")
    task.catch_up()
    records = topic.records()
    assert folded(records, trap_lab.front["database"], name) == {int(i): note for i, _, note in front(f"SELECT id, day, note FROM `{name}`")}
    assert len([record for record in records if record.op == "INIT"]) == 60


def test_names_in_mixed_case_are_found_on_servers_that_keep_them_in_lower_case(trap_lab, front, case):
    names = ["MixedCase", "lower", "UPPER"]
    front(f"CREATE TABLE MixedCase {KEYED} dbpartition by hash(id) tbpartition by hash(id) tbpartitions 2")
    front(f"CREATE TABLE lower {KEYED} dbpartition by hash(id)")
    front(f"CREATE TABLE UPPER {KEYED} broadcast")
    records = carried(trap_lab, front, case, names)
    assert {record.table for record in records if record.op != "DDL"} == set(names), "as the front spells them"


def test_tables_of_users_named_as_the_middlewares_own_are_carried_and_its_own_are_not(trap_lab, front, case):
    # The middleware's `sequence` lies in each physical database: a user's logical table of that name has other places.
    front(f"CREATE TABLE `dual_` {KEYED} dbpartition by hash(id)")
    front(f"CREATE TABLE `sequence_opt` {KEYED} dbpartition by hash(id) tbpartition by hash(id) tbpartitions 2")
    front(f"CREATE TABLE `tddl_rule` {KEYED} dbpartition by hash(id)")
    records = carried(trap_lab, front, case, ["dual_", "sequence_opt", "tddl_rule"])
    # Transactions over several shards leave rows in the log of the middleware, and its partitions come and go.
    assert not any(record.table.startswith("__") or record.table == "sequence" for record in records)


def test_the_noise_of_the_middlewares_own_tables_is_not_heard(trap_lab, front, case):
    front(f"CREATE TABLE `quiet` {KEYED} dbpartition by hash(id)")
    topic = case.topic(trap_lab)
    task = case.drds_task(trap_lab, topic, topology__reread_seconds=0)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        for number, storage in enumerate(trap_lab.storage):
            for database in storage["databases"]:
                with trap_lab.sql(number, database) as sql:
                    sql("ALTER TABLE `__drds_global_tx_log` ADD COLUMN noise INT")
                    sql("ALTER TABLE `__drds_global_tx_log` DROP COLUMN noise")
                    sql("CREATE TABLE `__drds__systable__noise__` (id INT PRIMARY KEY, quiet INT)")
                    sql("INSERT INTO `__drds__systable__noise__` VALUES (1, 1)")
                    sql("DROP TABLE `__drds__systable__noise__`")
                    # A table beside the others that the middleware knows nothing of.
                    sql("CREATE TABLE backup_of_quiet (id INT PRIMARY KEY, note VARCHAR(40))")
                    sql("INSERT INTO backup_of_quiet VALUES (7, 'not of the table')")
                    sql("DROP TABLE backup_of_quiet")
        front("INSERT INTO quiet VALUES (1, 'heard')")
        topic.wait_for_messages(2)
        run.wait_for_new_lines(6)
        run.stop()
    assert folded(topic.records(), trap_lab.front["database"], "quiet") == {1: "heard"}


def test_twins_and_copies_are_not_read_whatever_is_in_them(trap_lab, front, case):
    front(f"CREATE TABLE `alone` {KEYED}")
    front(f"CREATE TABLE `everywhere` {KEYED} broadcast")
    spoken_for = physical(trap_lab, front, "everywhere")[0]
    twins = []
    for number, storage in enumerate(trap_lab.storage):
        for database in storage["databases"]:
            for name in ("alone", "everywhere"):
                if (number, database) != spoken_for[:2]:
                    twins.append((number, database, name))
    assert len(twins) == 6

    def disturb(statement):
        for number, database, name in twins:
            with trap_lab.sql(number, database) as sql:
                sql(statement.replace("TABLE", f"`{name}`"))
    disturb("INSERT INTO TABLE VALUES (900, 'of another copy')")
    try:
        records = carried(trap_lab, front, case, ["alone", "everywhere"])
        disturb("UPDATE TABLE SET note = 'of another copy still' WHERE id = 900")
    finally:
        disturb("DELETE FROM TABLE WHERE id = 900")
    assert not any((record.after or record.before)["id"] == 900 for record in records if record.op != "DDL")


def test_index_tables_thrown_away_tables_views_and_tables_without_a_place_are_left_out_and_named(trap_lab, front, case):
    front(f"CREATE TABLE `base` (id INT NOT NULL PRIMARY KEY, customer INT, note VARCHAR(40)) dbpartition by hash(id)")
    front("CREATE GLOBAL INDEX `g_base` ON `base` (customer) COVERING (note) dbpartition by hash(customer)")
    front(f"CREATE TABLE `thrown` {KEYED} dbpartition by hash(id)")
    front("INSERT INTO thrown VALUES (1, 'thrown away')")
    front("SET enable_recyclebin = 'on'")
    front("DROP TABLE thrown")
    front("SET enable_recyclebin = 'off'")
    # Kernels differ in what SHOW TABLES lists of these.
    recycled = front("SHOW RECYCLEBIN")[-1][1]
    for name in (recycled, "g_base", "half_made"):
        front(f"LAB LIST TABLE '{name}'")
    front("LAB LIST VIEW 'a_view'")
    topic = case.topic(trap_lab)
    task = case.drds_task(trap_lab, topic)
    front("INSERT INTO base VALUES " + ", ".join(f"({n}, {n % 5}, 'base {n}')" for n in range(1, 31)))
    task.catch_up()
    front("UPDATE base SET customer = 77, note = 'base moved' WHERE id < 10")
    task.catch_up()
    records = topic.records()
    assert {record.table for record in records if record.op != "DDL"} == {"base"}
    assert folded(records, trap_lab.front["database"], "base") == {int(i): n for i, n in front("SELECT id, note FROM base")}
    left_out = "\n".join(view(task)["left_out"])
    for name, why in ((recycled, "recycle bin"), ("g_base", "global index"), ("half_made", "no physical table"), ("a_view", "view")):
        assert any(f".{name} " in line and why in line for line in left_out.splitlines()), (name, left_out)
    # Named by the user, what has no place is an error and no silence.
    named = case.drds_task(trap_lab, topic, tables=["base", "half_made"], suffix="-named")
    with named.start("--until", "caught-up") as run:
        assert run.wait() == 3
    assert run.lines[-1]["error"]["code"] == "source.topology"


def test_a_table_without_a_key_keeps_its_hidden_one_to_itself(trap_lab, front, case):
    front("CREATE TABLE `keyless` (a INT, note VARCHAR(40)) dbpartition by hash(a)")
    front("INSERT INTO keyless VALUES " + ", ".join(f"({n % 5}, 'k{n % 3}')" for n in range(40)))
    topic = case.topic(trap_lab)
    task = case.drds_task(trap_lab, topic)
    task.catch_up()
    front("INSERT INTO keyless VALUES (1, 'k1'), (2, 'new')")
    front("DELETE FROM keyless WHERE a = 3")
    task.catch_up()
    records = fold.of_table(topic.records(), trap_lab.front["database"], "keyless")
    assert {name for record in records for name in record.types} == {"a", "note"}
    assert {record.key for record in records} == {None}
    assert fold.multiset([record for record in records]) == fold.counter(
        [{"a": int(a), "note": note} for a, note in front("SELECT a, note FROM keyless")])


def test_datasources_that_are_not_the_groups_place_for_writes_are_passed_over(trap_lab, front, case):
    front(f"CREATE TABLE `weighed` {KEYED} dbpartition by hash(id)")
    database = front("SHOW DATASOURCES")[0][4].rsplit("/", 1)[1]
    front(f"LAB DATASOURCE 0 ON STORAGE 1 DATABASE '{database}' WEIGHT 0")
    task = case.drds_task(trap_lab, case.topic(trap_lab, "-view"), suffix="-view")
    shards = next(table for table in view(task)["tables"] if table["table"] == "weighed")["shards"]
    first = f"{trap_lab.storage[0]['host']}:{trap_lab.storage[0]['port']}"
    assert [shard["instance"] for shard in shards if shard["database"] == database] == [first]
    carried(trap_lab, front, case, ["weighed"])
    # Two places for the writes of one group, or none: nobody can say which is right.
    front(f"LAB DATASOURCE 0 ON STORAGE 1 DATABASE '{database}' WEIGHT 10")
    with case.drds_task(trap_lab, case.topic(trap_lab, "-2"), suffix="-2").start() as run:
        assert run.wait() == 3
    assert "two places that take writes" in json.dumps(run.lines[-1]["error"])
    front("LAB CLEAR")
    front("LAB SUSPEND GROUP 0")
    try:
        with case.drds_task(trap_lab, case.topic(trap_lab, "-3"), suffix="-3").start() as run:
            assert run.wait() == 3
        assert "takes writes" in json.dumps(run.lines[-1]["error"])
    finally:
        front("LAB RESUME GROUP 0")


def test_the_topology_is_shown_with_kinds_counts_and_places(trap_lab, front, case):
    front(f"CREATE TABLE `s` {KEYED} dbpartition by hash(id) tbpartition by hash(id) tbpartitions 2")
    front(f"CREATE TABLE `b` {KEYED} broadcast")
    front(f"CREATE TABLE `u` {KEYED}")
    task = case.drds_task(trap_lab, case.topic(trap_lab))
    seen = view(task)
    assert not seen["has_state"] and seen["changes"] == [] and seen["accepted"] == []
    assert [(t["table"], t["kind"], len(t["shards"])) for t in seen["tables"]] == [("b", "broadcast", 1), ("s", "sharded", 8), ("u", "single", 1)]
    text = subprocess.run([BIN / "tributary", "topology", task.file], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60).stdout
    lines = text.splitlines()
    assert lines[0].split() == ["INSTANCE", "SHARDS", "TABLES"]
    row = next(line for line in lines if ".s " in line)
    assert row.split()[1:3] == ["sharded", "8"] and "(4), " in row
    assert "has not run yet" in text
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        assert view(task)["has_state"], "a running task does not lock its state against readers"
        run.stop()


def test_a_plain_server_tells_its_tables_too(trap_lab, case):
    database = case.database(trap_lab)
    case.sql(trap_lab, 0, database)("CREATE TABLE t (id INT PRIMARY KEY)")
    case.sql(trap_lab, 0, database)("CREATE VIEW v AS SELECT * FROM t")
    task = case.task(trap_lab, mysql_source(trap_lab.storage[0]), {database: "all"}, case.topic(trap_lab))
    seen = view(task)
    assert [(t["table"], t["kind"]) for t in seen["tables"]] == [("t", "single")]
    assert any("v is a view" in reason for reason in seen["left_out"])
