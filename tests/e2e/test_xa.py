"""Invariant 4: rows of a prepared XA transaction arrive when it is committed, and never when it is rolled back.

MariaDB writes a transaction to the binlog when it is prepared; the decision follows later, by anybody.
"""

import pytest

import fold
import source
from task import wait_for


class Branch:
    """An XA transaction under way, on a connection of its own until it is prepared."""

    def __init__(self, case, lab, database, name):
        self.name = name
        self.sql = case.sql(lab, 0, database)
        self.sql(f"XA START '{name}','branch',7")

    def prepare(self):
        self.sql(f"XA END '{self.name}','branch',7")
        self.sql(f"XA PREPARE '{self.name}','branch',7")
        self.sql.close()  # any session may decide it now
        return self

    def decide(self, sql, verb):
        # The server detaches a prepared transaction from its session a moment after the connection has gone.
        wait_for(lambda: self._try(sql, verb), what=f"XA {verb} {self.name}")

    def _try(self, sql, verb):
        try:
            sql(f"XA {verb} '{self.name}','branch',7")
            return True
        except Exception as error:
            if error.args[0] == 1397:  # unknown to this session as yet
                return False
            raise


@pytest.fixture
def ready(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY, ver INT NOT NULL, pad LONGTEXT)")
    sql("INSERT INTO t SELECT seq, 0, 'first' FROM seq_1_to_300")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic)

    class Ready:
        def branch(self, name):
            return Branch(case, lab, database, f"{case.name}-{name}")

        def check(self):
            records = topic.records()
            of_table = fold.of_table(records, database, "t")
            fold.assert_same(of_table, source.rows(sql, database, "t"), ["id"])
            return of_table

        def images(self, records):
            return [image["pad"] for record in records for image in (record.before, record.after) if image]

    made = Ready()
    made.database, made.sql, made.topic, made.task = database, sql, topic, task
    return made


def test_committed_arrives_at_its_commit_and_rolled_back_never(ready):
    sql = ready.sql
    with ready.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        kept, dropped = ready.branch("kept"), ready.branch("dropped")
        kept.sql("UPDATE t SET ver = 1, pad = 'kept' WHERE id <= 10")
        dropped.sql("UPDATE t SET ver = 1, pad = 'dropped' WHERE id BETWEEN 11 AND 20")
        dropped.sql("INSERT INTO t VALUES (1000, 1, 'dropped')")
        kept.prepare()
        dropped.prepare()
        run.wait_for_instance(lambda instance: instance["xa_open"] == 2)
        sql("UPDATE t SET ver = 1, pad = 'between' WHERE id BETWEEN 21 AND 30")
        kept.decide(sql, "COMMIT")
        dropped.decide(sql, "ROLLBACK")
        sql("UPDATE t SET ver = ver + 1, pad = 'after' WHERE id <= 20")
        run.wait_until(lambda line: line["changes"] >= 40)
        run.wait_for_instance(lambda instance: instance["xa_open"] == 0)
        run.stop()
    records = ready.check()
    pads = [record.after["pad"] for record in records if record.op == "UPDATE"]
    assert pads == ["between"] * 10 + ["kept"] * 10 + ["after"] * 20
    assert "dropped" not in ready.images(records)


@pytest.mark.parametrize("verb", ["COMMIT", "ROLLBACK"])
def test_prepared_before_the_task_and_decided_while_it_runs(ready, verb):
    sql = ready.sql
    branch = ready.branch("early")
    branch.sql("UPDATE t SET ver = 1, pad = 'early' WHERE id <= 10")
    branch.sql("DELETE FROM t WHERE id = 300")
    branch.prepare()
    sql("FLUSH BINARY LOGS")  # its rows lie in a file before the one that is current at the start
    sql("UPDATE t SET ver = 1, pad = 'before the start' WHERE id BETWEEN 50 AND 60")
    with ready.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        run.wait_for_instance(lambda instance: instance["xa_open"] == 1)
        branch.decide(sql, verb)
        run.wait_for_instance(lambda instance: instance["xa_open"] == 0)
        sql("UPDATE t SET ver = ver + 1, pad = 'after' WHERE id <= 5")
        run.wait_until(lambda line: line["changes"] >= (16 if verb == "COMMIT" else 5))
        run.stop()
    records = ready.check()
    assert sum(record.op == "INIT" for record in records) == 300
    changes = [(record.op, (record.after or record.before)["pad"]) for record in records if record.op != "INIT"]
    early = [("UPDATE", "early")] * 10 + [("DELETE", "first")] if verb == "COMMIT" else []
    assert changes == early + [("UPDATE", "after")] * 5


def test_prepared_before_the_snapshot_and_decided_in_the_midst_of_it(ready):
    sql = ready.sql
    ready.task.change(tuning__chunk_rows=100)
    sql("INSERT INTO t SELECT seq, 0, REPEAT('x', 500) FROM seq_1000_to_9000")
    branches = []
    for number in range(20):
        branch = ready.branch(f"m{number}")
        branch.sql("UPDATE t SET ver = 1, pad = CONCAT('branch ', %s) WHERE id BETWEEN %s AND %s", number, 1000 + number * 400, 1100 + number * 400)
        branches.append(branch.prepare())
    with ready.task.start() as run:
        for number, branch in enumerate(branches):
            ready.topic.wait_for_messages(number * 100)
            branch.decide(sql, "ROLLBACK" if number % 3 == 0 else "COMMIT")
        run.wait_until(lambda line: line["caught_up"])
        run.stop()
    ready.task.catch_up()
    ready.check()
