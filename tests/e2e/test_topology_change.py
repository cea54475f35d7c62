"""A topology that changes: shards move, come and go while a task runs or is down. Each change is named precisely, and once
it is accepted the task goes on without loss: at the end the topic, played back, is what the front shows, and no row's
versions ever fall.
"""

import json
import random
import subprocess
import threading

import pytest

import fold
from servers import BIN
from task import background, mysql_source

ACCEPT = "--accept-topology"


class Stage:
    """Three servers, one physical database on each at the beginning: shard n lies on storage n."""

    def __init__(self, lab):
        self.lab = lab
        self.front = lab.front_sql()
        self.database = lab.front["database"]

    def address(self, storage):
        return f"{self.lab.storage[storage]['host']}:{self.lab.storage[storage]['port']}"

    def lies(self, shard):
        """(host:port, physical database) of a shard, as SHOW DATASOURCES has it."""
        url = self.front("SHOW DATASOURCES")[shard][4]
        return tuple(url.removeprefix("jdbc:mysql://").split("/"))

    def reset(self):
        self.front("LAB CLEAR")
        for (table,) in self.front("SHOW TABLES"):
            self.front(f"DROP TABLE `{table}`")
        for shard in range(3):
            self.front(f"LAB RESUME GROUP {shard}")
            self.front(f"LAB MOVE SHARD {shard} TO STORAGE {shard}")


@pytest.fixture(scope="module")
def staged_lab(binaries):
    from servers import Lab, LabUnavailable
    try:
        with Lab(instances=3, databases=1, kafka="mock") as lab:
            yield lab
    except LabUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def stage(staged_lab):
    made = Stage(staged_lab)
    made.reset()
    yield made
    made.reset()
    made.front.close()


class Accounts:
    """A sharded table whose rows carry a version that only rises, and writers on it through the front."""

    def __init__(self, stage, name, rows=300, clause="dbpartition by hash(id) tbpartition by hash(id) tbpartitions 2"):
        self.stage, self.name = stage, name
        self.numbers = rows
        stage.front(f"CREATE TABLE `{name}` (id BIGINT NOT NULL PRIMARY KEY, ver BIGINT NOT NULL, note VARCHAR(60)) {clause}")
        stage.front(f"INSERT INTO `{name}` VALUES " + ", ".join(f"({n}, 0, 'first')" for n in range(rows)))
        self.version = 0
        self.lock = threading.Lock()

    def next_version(self):
        with self.lock:
            self.version += 1
            return self.version

    def writer(self, seed, number=0, of=1):
        """Has the rows to itself whose id modulo `of` is `number`: its counter orders their changes."""
        def work(should_end):
            rng = random.Random(seed)
            with self.stage.lab.front_sql() as front:
                while not should_end():
                    n = rng.randrange(self.numbers // of) * of + number
                    kind = rng.random()
                    if kind < 0.25:
                        front(f"DELETE FROM `{self.name}` WHERE id = {n}")
                    elif kind < 0.5:
                        front(f"INSERT IGNORE INTO `{self.name}` VALUES ({n}, {self.next_version()}, 'again')")
                    else:
                        front(f"UPDATE `{self.name}` SET ver = {self.next_version()}, note = 'w' WHERE id = {n}")
        return work

    def change_all_shards(self):
        """Changes that somebody has to carry: rows gone, new, other, in every shard."""
        front, v = self.stage.front, self.next_version()
        front(f"DELETE FROM `{self.name}` WHERE id BETWEEN 0 AND 29")
        front(f"UPDATE `{self.name}` SET ver = {v}, note = 'between' WHERE id BETWEEN 30 AND 59")
        front(f"REPLACE INTO `{self.name}` VALUES " + ", ".join(f"({n}, {v}, 'new')" for n in range(1000, 1030)))

    def rows(self):
        return {int(i): (int(ver), note) for i, ver, note in self.stage.front(f"SELECT id, ver, note FROM `{self.name}`")}

    def check(self, records):
        latest, rows = {}, {}
        for record in fold.of_table(records, self.stage.database, self.name):
            for image in (record.before, record.after):
                if image is None:
                    continue
                assert image["ver"] >= latest.get(image["id"], -1), f"offset {record.offset}: {record.op} of {image} after {latest}"
                latest[image["id"]] = image["ver"]
            if record.after is None:
                rows.pop(record.before["id"], None)
            else:
                rows[record.after["id"]] = (record.after["ver"], record.after["note"])
        assert rows == self.rows()


def changed(run, *words):
    """The run ends because of a changed topology, and its message has the words."""
    assert run.wait() == 3, run.story()
    error = run.lines[-1]["error"]
    assert error["code"] == "source.topology_changed", run.story()
    for word in words:
        assert word in json.dumps(error), (word, error)
    return error


def view(task):
    done = subprocess.run([BIN / "tributary", "topology", task.file, "--json"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def kinds(task):
    return sorted(change["kind"] for change in view(task)["changes"])


def accept(task, *writers):
    """Goes on over the change, under writers; ends when everything is carried."""
    with background(*writers) as ending:
        with task.start(ACCEPT) as run:
            run.wait_until(lambda line: line["caught_up"], 120)
            run.wait_for_new_lines(3)
            ending.set()
            run.stop()
    task.catch_up()


def test_a_shard_that_moves_to_another_instance_stops_the_task_and_goes_on_once_accepted(stage, case, seeded):
    table = Accounts(stage, f"moved_{case.name}")
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic, topology__reread_seconds=1, tuning__chunk_rows=100)
    writers = [table.writer(seeded.randrange(2**30), number, 2) for number in range(2)]
    former, database = stage.lies(2)
    with background(*writers):
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            stage.front("LAB MOVE SHARD 2 TO STORAGE 0")
            changed(run, "shard moved", f"{former} {database}.", f"{stage.address(0)} {database}.", "instance gone",
                    f"{stage.database}.{table.name}", "and 1 more there")
    table.change_all_shards()  # on the new place, which nobody reads yet
    assert kinds(task) == ["instance gone", "shard moved", "shard moved"]
    with task.start() as run:
        changed(run, "shard moved")  # found at the start just as well
    accept(task, *writers)
    table.check(topic.records())
    assert view(task)["changes"] == [] and "shard moved" in view(task)["accepted"][0]["changes"]


def test_a_shard_that_moves_to_an_instance_never_seen_before_goes_on_there(stage, case, seeded):
    stage.front("LAB MOVE SHARD 2 TO STORAGE 0")
    table = Accounts(stage, f"fresh_{case.name}")
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic, topology__reread_seconds=1)
    writer = table.writer(seeded.randrange(2**30))
    with background(writer):
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            stage.front("LAB MOVE SHARD 2 TO STORAGE 2")
            changed(run, "instance new", stage.address(2), "shard moved")
    table.change_all_shards()
    accept(task, writer)
    # There and back again: what was kept of the first stay must not be used for the second.
    stage.front("LAB MOVE SHARD 2 TO STORAGE 1")
    table.change_all_shards()
    accept(task, writer)
    stage.front("LAB MOVE SHARD 2 TO STORAGE 2")
    table.change_all_shards()
    accept(task, writer)
    table.check(topic.records())


def test_a_shard_that_moves_in_the_middle_of_the_full_load_is_read_whole_where_it_lies(stage, case, seeded):
    table = Accounts(stage, f"mid_{case.name}", rows=3000)
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic, topology__reread_seconds=0, tuning__chunk_rows=100, tuning__snapshot_parallelism=1)
    with task.start() as run:
        topic.wait_for_messages(300)
        run.stop()
    stage.front("LAB MOVE SHARD 1 TO STORAGE 2")
    table.change_all_shards()
    accept(task, table.writer(seeded.randrange(2**30)))
    table.check(topic.records())


def test_a_table_that_gains_a_shard_is_noticed_by_its_rows_and_carried_once_accepted(stage, case):
    table = Accounts(stage, f"gains_{case.name}")
    topic = case.topic(stage.lab)
    # Only on surprise: a row of a table nobody knows.
    task = case.drds_task(stage.lab, topic, topology__reread_seconds=0)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        ((name,),) = stage.front(f"LAB ADD SHARD TO `{table.name}` IN 1")
        stage.front(f"/*+TDDL:node(1)*/ INSERT INTO `{name}` VALUES (5001, 1, 'in the new shard'), (5002, 1, 'too')")
        changed(run, "shard new", name, stage.address(1))
    stage.front(f"/*+TDDL:node(1)*/ UPDATE `{name}` SET ver = 2 WHERE id = 5001")
    accept(task)
    stage.front(f"/*+TDDL:node(1)*/ INSERT INTO `{name}` VALUES (5003, 1, 'later')")
    task.catch_up()
    table.check(topic.records())
    assert {5001, 5002, 5003} <= set(table.rows())

    stage.front(f"LAB DROP SHARDS OF `{table.name}`")
    with task.start() as run:
        changed(run, "shard gone", name)
    accept(task)
    of_shard = [record for record in topic.records() if (record.before or record.after or {}).get("id") == 5003]
    assert len(of_shard) == 1


def test_a_new_table_of_a_database_carried_whole_is_named_and_carried_once_accepted(stage, case):
    table = Accounts(stage, f"old_{case.name}")
    topic, ddl = case.topic(stage.lab), case.topic(stage.lab, "-ddl")
    task = case.drds_task(stage.lab, topic, destination__ddl_topic=ddl.name, topology__reread_seconds=0)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        other = Accounts(stage, f"young_{case.name}", rows=50)
        error = changed(run, "table new", other.name, "6 shards")
    assert "shard" not in json.dumps(error).split("table new")[0], "nothing else has changed"
    other.change_all_shards()
    accept(task)
    other.change_all_shards()
    task.catch_up()
    for each in (table, other):
        each.check(topic.records())
    assert sum(f"`{other.name}`" in record.statement for record in ddl.records()) == 1


@pytest.mark.parametrize("selection", ["all", "listed"])
def test_a_dropped_table_is_named_and_left_behind_once_accepted(stage, case, selection):
    table = Accounts(stage, f"stays_{case.name}")
    other = Accounts(stage, f"goes_{case.name}", rows=50)
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic, tables="all" if selection == "all" else [table.name, other.name])
    task.catch_up()
    stage.front(f"DROP TABLE `{other.name}`")
    table.change_all_shards()
    with task.start() as run:
        changed(run, "table gone", other.name, "had 6 shards")
    accept(task)
    table.change_all_shards()
    task.catch_up()
    table.check(topic.records())


def test_a_table_dropped_while_the_task_runs_is_told_as_what_it_is(stage, case):
    table = Accounts(stage, f"alive_{case.name}")
    other = Accounts(stage, f"dead_{case.name}", rows=50)
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic, topology__reread_seconds=0)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        stage.front(f"DROP TABLE `{other.name}`")
        changed(run, "table gone", other.name)
    accept(task)
    table.check(topic.records())


def test_an_instance_that_vanished_with_unread_changes_is_an_error_until_it_can_be_read(stage, case):
    table = Accounts(stage, f"away_{case.name}")
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic)
    task.catch_up()
    table.change_all_shards()  # the last changes of shard 2 at its old place
    stage.front("LAB MOVE SHARD 2 TO STORAGE 1")
    table.next_version()
    table.change_all_shards()
    stage.lab.server("stop", 2, "--kill")
    try:
        with task.start() as run:
            changed(run, "instance gone", stage.address(2))
        with task.start(ACCEPT) as run:
            assert run.wait() == 3
        error = run.lines[-1]["error"]
        assert error["code"] == "source.topology_unread" and stage.address(2) in json.dumps(error), error
        assert "read up to" in json.dumps(error)
    finally:
        stage.lab.server("start", 2)
    accept(task)
    table.check(topic.records())


def test_an_instance_that_is_lost_after_its_shards_went_elsewhere_is_no_reason_to_wait_for_it(stage, case):
    table = Accounts(stage, f"lost_{case.name}")
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic, topology__reread_seconds=0)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        stage.front("LAB MOVE SHARD 2 TO STORAGE 1")
        stage.lab.server("stop", 2, "--kill")
        try:
            changed(run, "instance gone", stage.address(2), "shard moved")
        finally:
            stage.lab.server("start", 2)
    table.change_all_shards()
    accept(task)
    table.check(topic.records())


def test_a_former_copy_that_was_thrown_away_too_early_is_an_error_not_a_guess(stage, case):
    table = Accounts(stage, f"early_{case.name}")
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic)
    task.catch_up()
    stage.front("LAB MOVE SHARD 2 TO STORAGE 0")
    stage.front("LAB CLEAN SHARD 2 ON STORAGE 2")
    with task.start(ACCEPT) as run:
        assert run.wait() == 3
    assert run.lines[-1]["error"]["code"] == "source.topology_unread", run.story()
    assert kinds(task) == ["instance gone", "shard moved", "shard moved"], "nothing of it was accepted"
    table.check(topic.records())


def test_a_table_made_anew_under_its_name_is_not_taken_for_the_old_one(stage, case):
    table = Accounts(stage, f"anew_{case.name}")
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic)
    task.catch_up()
    stage.front(f"DROP TABLE `{table.name}`")
    Accounts(stage, table.name, rows=10)
    with task.start(ACCEPT) as run:
        assert run.wait() == 3
    assert run.lines[-1]["error"]["code"] == "source.topology_unread", "rows of the old one would stay in the topic"
    assert kinds(task) == ["shard gone"] * 6 + ["shard new"] * 6


def test_a_table_laid_out_anew_goes_on_with_its_former_copies_beside_it(stage, case):
    """What a change of the shard count does: other physical tables with the same rows, the former ones stay for a while."""
    table = Accounts(stage, f"wide_{case.name}")
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic)
    task.catch_up()
    table.change_all_shards()
    former = {f"{address}/{database}": tables for address, database, tables in
              ((*stage.lies(shard), [t for (t,) in stage.front(f"/*+TDDL:node({shard})*/ SHOW TABLES LIKE '{table.name}%'")]) for shard in range(3))}
    rows = stage.front(f"SELECT id, ver, note FROM `{table.name}`")
    for shard in range(3):
        for physical in former[f"{stage.lies(shard)[0]}/{stage.lies(shard)[1]}"]:
            with stage.lab.sql(shard, stage.lies(shard)[1]) as sql:
                sql(f"RENAME TABLE `{physical}` TO `kept_{physical}`")
    stage.front(f"DROP TABLE `{table.name}`")
    stage.front(f"CREATE TABLE `{table.name}` (id BIGINT NOT NULL PRIMARY KEY, ver BIGINT NOT NULL, note VARCHAR(60)) "
                "dbpartition by hash(id) tbpartition by hash(id) tbpartitions 3")
    stage.front(f"INSERT INTO `{table.name}` VALUES " + ", ".join(f"({i}, {v}, '{n}')" for i, v, n in rows))
    for shard in range(3):
        address, database = stage.lies(shard)
        for physical in former[f"{address}/{database}"]:
            with stage.lab.sql(shard, database) as sql:
                sql(f"RENAME TABLE `kept_{physical}` TO `{physical}`")
    stage.front(f"DELETE FROM `{table.name}` WHERE id BETWEEN 200 AND 240")  # seen by nobody but the comparison
    table.change_all_shards()
    with task.start() as run:
        changed(run, "shard gone", "shard new")
    accept(task)
    table.check(topic.records())
    for shard in range(3):
        address, database = stage.lies(shard)
        for physical in former[f"{address}/{database}"]:
            with stage.lab.sql(shard, database) as sql:
                sql(f"DROP TABLE `{physical}`")


def test_rows_without_a_key_that_moved_are_refused(stage, case):
    name = f"loose_{case.name}"
    stage.front(f"CREATE TABLE `{name}` (a INT, note VARCHAR(40)) dbpartition by hash(a)")
    stage.front(f"INSERT INTO `{name}` VALUES (1, 'x'), (2, 'y'), (3, 'z')")
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic)
    task.catch_up()
    stage.front("LAB MOVE SHARD 2 TO STORAGE 0")
    with task.start(ACCEPT) as run:
        assert run.wait() == 3
    assert run.lines[-1]["error"]["code"] == "source.topology_unsupported"


def test_several_changes_while_the_task_was_down_come_in_one_message_and_are_accepted_together(stage, case, seeded):
    table = Accounts(stage, f"many_{case.name}")
    gone = Accounts(stage, f"gone_{case.name}", rows=20)
    single = f"single_{case.name}"
    stage.front(f"CREATE TABLE `{single}` (id INT NOT NULL PRIMARY KEY, note VARCHAR(40))")
    stage.front(f"CREATE TABLE `all_{case.name}` (id INT NOT NULL PRIMARY KEY, note VARCHAR(40)) broadcast")
    stage.front(f"INSERT INTO `{single}` VALUES (1, 'a'), (2, 'b')")
    stage.front(f"INSERT INTO `all_{case.name}` VALUES (1, 'a'), (2, 'b')")
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic, migration=["incremental"])
    task.catch_up()
    stage.front(f"INSERT INTO `{single}` VALUES (3, 'c')")
    stage.front("LAB MOVE SHARD 0 TO STORAGE 1")
    stage.front("LAB MOVE SHARD 2 TO STORAGE 1")
    ((extra,),) = stage.front(f"LAB ADD SHARD TO `{table.name}` IN 1")
    stage.front(f"DROP TABLE `{gone.name}`")
    fresh = Accounts(stage, f"fresh_{case.name}", rows=20)
    stage.front(f"UPDATE `{single}` SET note = 'moved' WHERE id = 2")
    stage.front(f"INSERT INTO `all_{case.name}` VALUES (3, 'c')")
    table.change_all_shards()
    with task.start() as run:
        error = changed(run, "instance gone", "table new", "table gone", "shard moved", "shard new", extra)
    lines = [line for line in error["message"].splitlines() if line.startswith("shard moved")] if "message" in error else []
    assert len({line.index("->") for line in lines}) <= 1, "columns line up"
    accept(task, table.writer(seeded.randrange(2**30)))
    records = topic.records()
    fresh.check(records)
    # Changes alone: of rows never changed the topic knows only those whose shard moved.
    latest = {}
    for record in fold.of_table(records, stage.database, table.name):
        image = record.after or record.before
        assert image["ver"] >= latest.get(image["id"], (-1, None))[0]
        latest[image["id"]] = (image["ver"], record.after and record.after["note"])
    rows = table.rows()
    assert {n: (ver, note) for n, (ver, note) in latest.items() if note is not None} == {n: rows[n] for n in latest if n in rows}
    for name, wanted in ((single, {1: "a", 2: "moved", 3: "c"}), (f"all_{case.name}", {1: "a", 2: "b", 3: "c"})):
        assert {r.after["id"]: r.after["note"] for r in fold.of_table(records, stage.database, name)} == wanted


def test_another_name_for_a_group_and_rows_that_say_nothing_of_writes_are_no_change(stage, case):
    table = Accounts(stage, f"calm_{case.name}")
    topic = case.topic(stage.lab)
    task = case.drds_task(stage.lab, topic, topology__reread_seconds=1)
    database = stage.lies(1)[1]
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        stage.front(f"LAB RENAME GROUP 1 TO 'RENAMED_{case.name.upper()}_0001_RDS'")
        stage.front(f"LAB DATASOURCE 1 ON STORAGE 2 DATABASE '{database}' WEIGHT 0")  # a read-only instance
        table.change_all_shards()
        # While a group has no place for writes, or two, nobody can say what has changed.
        stage.front("LAB SUSPEND GROUP 0")
        run.wait_for_new_lines(6)
        stage.front("LAB RESUME GROUP 0")
        stage.front(f"LAB DATASOURCE 1 ON STORAGE 2 DATABASE '{database}' WEIGHT 10")
        run.wait_for_new_lines(6)
        stage.front("LAB CLEAR")
        run.wait_for_new_lines(6)
        run.stop()
    task.catch_up()
    table.check(topic.records())
    assert view(task)["changes"] == []


def test_a_fleet_of_servers_in_the_task_file_may_change_too(stage, case):
    """mysql-shards: the same with a list of servers, two of which hold the shards; one moves to the third."""
    name = case.name
    for server, table in ((0, "t_0"), (1, "t_1")):
        case.database(stage.lab, server)
        sql = case.sql(stage.lab, server, name)
        sql(f"CREATE TABLE `{name}`.{table} (id INT PRIMARY KEY, ver INT)")
        sql(f"INSERT INTO `{name}`.{table} SELECT seq * 2 + {server}, 0 FROM seq_1_to_100")
    topic = case.topic(stage.lab)

    def fleet(*servers):
        login = mysql_source(stage.lab.storage[0])
        return {"engine": "mysql-shards", "user": login["user"], "password": login["password"],
                "shards": [{"host": stage.lab.storage[n]["host"], "port": stage.lab.storage[n]["port"]} for n in servers],
                "databases": {"shop": {"physical": [name], "tables": {"t": ["t_*"]}}}}
    task = case.task(stage.lab, fleet(0, 1), {"shop": "all"}, topic)
    task.catch_up()
    case.sql(stage.lab, 1)(f"UPDATE `{name}`.t_1 SET ver = 1 WHERE id <= 51")  # not read before the move
    case.database(stage.lab, 2)
    there = case.sql(stage.lab, 2)
    there(f"CREATE TABLE `{name}`.t_1 (id INT PRIMARY KEY, ver INT)")
    rows = case.sql(stage.lab, 1)(f"SELECT id, ver FROM `{name}`.t_1")
    there(f"INSERT INTO `{name}`.t_1 VALUES " + ", ".join(f"({i}, {v})" for i, v in rows))
    there(f"DELETE FROM `{name}`.t_1 WHERE id < 11")
    there(f"UPDATE `{name}`.t_1 SET ver = 2 WHERE id BETWEEN 11 AND 21")
    task.change(source=fleet(0, 2))
    with task.start() as run:
        changed(run, "instance new", "instance gone", stage.address(1), stage.address(2), "shard moved", "t_1")
    accept(task)
    there(f"DELETE FROM `{name}`.t_1 WHERE id = 13")
    task.catch_up()
    latest, held = {}, {}
    for record in fold.of_table(topic.records(), "shop", "t"):
        image = record.after or record.before
        assert image["ver"] >= latest.get(image["id"], -1)
        latest[image["id"]] = image["ver"]
        held[image["id"]] = None if record.after is None else image["ver"]
    wanted = {int(i): int(v) for server, table in ((0, "t_0"), (2, "t_1")) for i, v in case.sql(stage.lab, server)(f"SELECT id, ver FROM `{name}`.{table}")}
    assert {i: v for i, v in held.items() if v is not None} == wanted
