"""Online schema changes under a running task: the copy is no table of the task, and the swap loses nothing."""

import contextlib
import random
import signal

import pytest

import fold
import source
from ddl_migrations import PT_OSC, GhostMigration, pt_online_schema_change
from ddl_story import needs_live_ddl
from servers import lab_or_skip
from task import background

ALTER = "ADD COLUMN added INT NOT NULL DEFAULT 7 AFTER id, MODIFY pad VARCHAR(200), DROP COLUMN doomed"
COLUMNS = ["id", "ver", "pad"]  # before and after
ROWS = 1000

pytestmark = needs_live_ddl


@pytest.fixture(params=["mariadb-10.11", "mysql-5.6", "mysql-9.7"], scope="module")
def server(request, binaries):
    with lab_or_skip(request.param, instances=1, front=False, kafka="mock") as lab:
        yield lab


class Shop:
    """A table, its writers, and the check that the topic has each change of it once and in order."""

    def __init__(self, lab, case, rng):
        self.lab, self.rng = lab, rng
        self.database = case.database(lab)
        self.sql = case.sql(lab, 0, self.database)
        self.sql("CREATE TABLE orders (id INT PRIMARY KEY, ver BIGINT NOT NULL, doomed INT, pad VARCHAR(40))")
        for low in range(0, ROWS, 500):
            self.sql("INSERT INTO orders VALUES " + ", ".join(f"({n}, 0, 1, 'row {n}')" for n in range(low, low + 500)))
        self.seed = rng.randrange(2**20)

    def writer(self, number, of, changing=lambda row: contextlib.nullcontext()):
        def work(should_end):
            rng = random.Random(self.seed + number)
            version = 0
            with self.lab.sql(0, self.database) as sql:
                while not should_end():
                    version += 1
                    row = rng.randrange(ROWS // of) * of + number
                    kind = rng.random()
                    with changing(row):
                        if kind < 0.6:
                            sql(f"UPDATE orders SET ver = ver + 1, pad = 'w{version}' WHERE id = {row}")
                        elif kind < 0.8:
                            sql(f"DELETE FROM orders WHERE id = {row}")
                        else:
                            sql(f"INSERT IGNORE INTO orders (id, ver, pad) VALUES ({row}, {version + 10**6}, 'new')")
        return work

    def check(self, records):
        only = lambda image: image and {name: image[name] for name in COLUMNS}  # noqa: E731
        of_table = fold.of_table(records, self.database, "orders")
        names = [list(record.after or record.before) for record in of_table if record.op != "INIT"]
        assert ["id", "ver", "doomed", "pad"] in names and names[-1] == ["id", "added", "ver", "pad"]
        for record in of_table:
            record.before, record.after = only(record.before), only(record.after)
        rows = [only(row) for row in source.rows(self.sql, self.database, "orders")]
        _, repeats = fold.assert_same(of_table, rows, ["id"])
        return of_table, repeats


def migrate_under(shop, task, topic, migrate, writers, stop_reader, kills):
    """Runs the migration while writers write and the task reads, is stopped for its whole length, or is killed in between."""
    task.catch_up()
    with background(*writers) as ending:
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            if stop_reader:
                run.process.send_signal(signal.SIGSTOP)
            before = topic.count
            migrate()
            if stop_reader:
                run.process.send_signal(signal.SIGCONT)
            topic.wait_for_messages(before + 300)
            if kills:
                run.kill()
            else:
                ending.set()
                run.wait_until(lambda line: line["changes"] > 0)
                run.stop()
    task.catch_up()
    records = topic.records()
    of_table, repeats = shop.check(records)
    print(f"{len(of_table)} records of the table, {repeats} repeated")
    assert {record.table for record in records if record.op != "DDL"} == {"orders"}
    assert sum(record.op == "INIT" for record in of_table) == ROWS, "the table was loaded again"


@pytest.mark.parametrize("how", ["with the reader beside it", "read afterwards"])
@pytest.mark.parametrize("server", ["mysql-5.6", "mysql-9.7"], indirect=True)  # its swap counts on how MySQL queues locks
def test_a_gh_ost_migration_loses_nothing(server, case, seeded, how):
    shop = Shop(server, case, seeded)
    topic = case.topic(server)
    task = case.mysql_task(server, shop.database, topic, tables=["orders"])
    ghost = GhostMigration(server, shop.database, "orders", "id")
    migrate_under(shop, task, topic, lambda: ghost.run(ALTER), [shop.writer(n, 2, ghost.changing) for n in range(2)],
                  stop_reader=how == "read afterwards", kills=how != "read afterwards")
    assert not shop.sql("SHOW TABLES LIKE '%gh%'")


@pytest.mark.parametrize("how", ["with the reader beside it", "read afterwards"])
@pytest.mark.parametrize("server", ["mariadb-10.11", "mysql-5.6"], indirect=True)  # this version of it does not know 9.7
def test_a_real_pt_online_schema_change_loses_nothing(server, case, seeded, how):
    if not PT_OSC:
        pytest.skip("pt-online-schema-change can't be had here (Debian: percona-toolkit)")
    shop = Shop(server, case, seeded)
    topic = case.topic(server)
    task = case.mysql_task(server, shop.database, topic, tables=["orders"])
    migrate_under(shop, task, topic, lambda: pt_online_schema_change(server.storage[0], shop.database, "orders", ALTER),
                  [shop.writer(n, 2) for n in range(2)], stop_reader=how == "read afterwards", kills=how != "read afterwards")
