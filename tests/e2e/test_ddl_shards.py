"""DDL on a logical table: its shards finish at different times, rows keep their own shard's structure, the topic hears of it once."""

import signal

import pytest

import fold
import source
from ddl_story import needs_live_ddl
from task import wait_for

STATEMENTS = ["ADD COLUMN added INT NOT NULL DEFAULT 7 AFTER id", "MODIFY note VARCHAR(80) CHARACTER SET latin1 FIRST", "DROP COLUMN customer, ADD COLUMN late DATETIME(3)"]
NAMES = [["id", "customer", "note"], ["id", "added", "customer", "note"], ["note", "id", "added", "customer"], ["note", "id", "added", "late"]]


pytestmark = needs_live_ddl


class Shards:
    """A sharded table of the front, changed on each physical table by itself."""

    def __init__(self, lab, case, rng):
        self.lab, self.rng = lab, rng
        self.front = lab.front_sql()
        self.database, self.name = lab.front["database"], f"orders_{case.name}"
        self.front(f"CREATE TABLE `{self.name}` (id BIGINT NOT NULL PRIMARY KEY, customer INT, note VARCHAR(40)) dbpartition by hash(id) tbpartition by hash(id) tbpartitions 2")
        self.front(f"INSERT INTO `{self.name}` VALUES " + ", ".join(f"({n}, {n}, 'row {n}')" for n in range(1, 81)))
        self.connections = [case.sql(lab, number) for number in range(len(lab.storage))]
        self.places = [(number, database, name) for number, storage in enumerate(lab.storage) for database in storage["databases"]
                       for (name,) in self.connections[number](
                           "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME LIKE %s", database, self.name.replace("_", r"\_") + "%")]
        self.passed = dict.fromkeys(self.places, 0)  # statements
        self.structure_of = {}                       # marker of a row image -> names
        self.last = 1000

    def at(self, place, statement):
        number, database, name = place
        return self.connections[number](statement.replace("TABLE", f"`{database}`.`{name}`", 1))

    def alter(self, place):
        number, database, name = place
        self.connections[number](f"ALTER TABLE `{database}`.`{name}` {STATEMENTS[self.passed[place]]}")
        self.passed[place] += 1

    def write(self, place):
        """A new row and a change of all others, each image with a mark that tells the structure it was written under."""
        self.last += 1
        mark = f"s{self.passed[place]} {self.last}"
        self.at(place, f"INSERT INTO TABLE (id, note) VALUES ({self.last * 1000 + self.rng.randrange(1000)}, '{mark}')")
        self.at(place, f"UPDATE TABLE SET note = '{mark}'")

    def check_rows(self, records):
        of_table = fold.of_table(records, self.database, self.name)
        for record in of_table:
            image = record.after or record.before
            if image["note"].startswith("s"):
                assert list(image) == NAMES[int(image["note"][1])], f"offset {record.offset}: {image}"
        rows = [row for number, database, name in self.places for row in source.rows(self.connections[number], database, name)]
        last = {}
        for record in of_table:
            last[(record.after or record.before)["id"]] = record.after
        assert not fold.difference(fold.by_key(rows, ["id"]), {(row,): image for row, image in last.items() if image is not None})

    def drop(self):
        self.front("SET enable_recyclebin = 'off'")
        self.front(f"DROP TABLE `{self.name}`")
        self.front.close()


@pytest.fixture
def shards(lab, case, seeded):
    made = Shards(lab, case, seeded)
    assert len(made.places) == 8
    yield made
    made.drop()


def alters(topic, shards):
    """The statements told, without the CREATE TABLE of the schema migration; a repeat after a crash has to be the very same record."""
    told = {}
    for record in topic.records():
        assert record.op == "DDL" and record.db == shards.database
        if not record.statement.upper().startswith("CREATE"):
            told.setdefault(record.content, record.statement)
    return list(told.values())


def matches(told, count):
    return len(told) == count and all(wanted.split()[2] in text and shards_name_free(text) for wanted, text in zip(STATEMENTS, told))


def shards_name_free(text):
    """No physical table's name: those of the front end in _ and a number behind the logical name."""
    return "_000" not in text


def test_a_statement_is_told_when_the_last_shard_has_passed_it(lab, case, shards):
    topic, ddl = case.topic(lab), case.topic(lab, "-ddl")
    task = case.drds_task(lab, topic, tables=[shards.name], destination__ddl_topic=ddl.name)
    task.catch_up()
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        for count in range(len(STATEMENTS)):
            places = shards.rng.sample(shards.places, len(shards.places))
            for place in places[:-1]:
                shards.alter(place)
                shards.write(place)
            written = shards.last
            # Everything before the last shard's statement is in the topic, and the statement is not.
            wait_for(lambda: sum(str((r.after or {}).get("note", "")).endswith(str(written)) for r in topic.records()) > 0, what="the rows of the last shard but one")
            assert matches(alters(ddl, shards), count), alters(ddl, shards)
            shards.alter(places[-1])
            shards.write(places[-1])
            wait_for(lambda: matches(alters(ddl, shards), count + 1), what=f"statement {count}")
        run.stop()
    task.catch_up()
    assert matches(alters(ddl, shards), len(STATEMENTS)), alters(ddl, shards)
    shards.check_rows(topic.records())


def test_a_task_that_begins_while_a_statement_is_on_its_way_over_the_shards_waits_for_it(lab, case, shards):
    topic = case.topic(lab)
    task = case.drds_task(lab, topic, tables=[shards.name])
    places = shards.rng.sample(shards.places, len(shards.places))
    for place in places[:3]:
        shards.alter(place)
    with task.start() as run:
        told = run.wait_until(lambda line: line["phase"] == "retrying")
        assert "source.schema_differs" in str(told), told
        for place in places[3:]:
            shards.alter(place)
            shards.write(place)
        run.wait_until(lambda line: line["caught_up"])
        run.stop()
    shards.check_rows(topic.records())


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGKILL])
def test_a_statement_is_told_once_also_when_the_task_ends_between_its_shards(lab, case, shards, way):
    topic, ddl = case.topic(lab), case.topic(lab, "-ddl")
    task = case.drds_task(lab, topic, tables=[shards.name], destination__ddl_topic=ddl.name)
    task.catch_up()
    # Each shard goes through the statements at its own pace, some far ahead of others.
    steps = [place for place in shards.places for _ in STATEMENTS]
    shards.rng.shuffle(steps)
    cuts = sorted(shards.rng.sample(range(1, len(steps)), 4))
    for low, high in zip([0, *cuts], [*cuts, len(steps)]):
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            for place in steps[low:high]:
                shards.alter(place)
                shards.write(place)
            before = topic.count
            if shards.rng.random() < 0.5:
                topic.wait_for_messages(before)
                run.wait_for_new_lines(1)
            run.process.send_signal(way)
            run.wait()
        assert len(alters(ddl, shards)) <= min(shards.passed.values())
    task.catch_up()
    assert matches(alters(ddl, shards), len(STATEMENTS)), alters(ddl, shards)
    if lab.is_real_kafka:  # exactly once
        fold.assert_once(ddl.records(), {})
        fold.assert_once(topic.records(), {shards.name: ["id"]})
    shards.check_rows(topic.records())
