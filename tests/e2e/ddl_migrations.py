"""Online schema changes: pt-online-schema-change as it is, and what gh-ost does to a server, statement by statement.

gh-ost can't be had where these tests run. Its statements and their order are those its documentation and its logs show: a
ghost table, a changelog table, rows copied in chunks, changes applied from the binlog (here: from the writers' own word), and
the atomic cut-over with a sentry table, LOCK TABLES and a RENAME that waits behind it.
"""

import contextlib
import queue
import shutil
import subprocess
import threading

import source
from task import wait_for

import pymysql

PT_OSC = shutil.which("pt-online-schema-change")


def pt_online_schema_change(storage, database, table, alter, *options):
    done = subprocess.run(
        [PT_OSC, "--execute", "--alter", alter, "--no-check-replication-filters", "--recursion-method=none", "--no-version-check", "--chunk-size=200",
         "--chunk-time=0", "--max-load=Threads_running=500", "--critical-load=Threads_running=1000", "--set-vars=lock_wait_timeout=20", *options,
         f"h={storage['host']},P={storage['port']},u={storage['admin_user']},p={storage['admin_password']},D={database},t={table}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class GhostMigration:
    """Writers tell which rows they change with changing(), from any thread."""

    def __init__(self, lab, database, table, key, chunk=300):
        self.lab, self.database, self.table, self.key, self.chunk = lab, database, table, key, chunk
        self.queue = queue.SimpleQueue()
        self.in_flight = []
        self.state = threading.Condition()
        self.is_cutting_over = False
        self.ghost, self.log, self.old = f"_{table}_gho", f"_{table}_ghc", f"_{table}_del"

    @contextlib.contextmanager
    def changing(self, row):
        with self.state:
            self.state.wait_for(lambda: not self.is_cutting_over)
            self.in_flight.append(row)
        yield
        with self.state:
            self.queue.put(row)
            self.in_flight.remove(row)
            self.state.notify_all()

    def apply(self, sql, reader):
        """What gh-ost takes from the binlog: each changed row as it is now. Behind the table's lock nothing is left out."""
        rows = set(self.in_flight)
        rows |= {self.queue.get() for _ in range(self.queue.qsize())}
        for row in rows:
            ghost = f"`{self.database}`.`{self.ghost}`"
            found = reader(f"SELECT {self.columns} FROM `{self.database}`.`{self.table}` WHERE `{self.key}` = {row}")
            if found:
                marks = ", ".join(["%s"] * len(found[0]))
                sql(f"replace /* gh-ost {ghost} */ into {ghost} ({self.columns}) values ({marks})", *found[0])
            else:
                sql(f"delete /* gh-ost {ghost} */ from {ghost} where `{self.key}` = {row}")

    def say(self, sql, hint, value):
        sql(f"insert /* gh-ost */ into `{self.database}`.`{self.log}` (id, hint, value) values (NULLIF(0, 0), '{hint}', '{value}') "
            "on duplicate key update last_update=NOW(), value=VALUES(value)")

    def run(self, alter):
        database, table, ghost, log, old = self.database, self.table, self.ghost, self.log, self.old
        with self.lab.sql(0, database) as sql, self.lab.sql(0, database) as locker:
            for name in (ghost, log, old):
                sql(f"drop /* gh-ost */ table if exists `{database}`.`{name}`")
            sql(f"create /* gh-ost */ table `{database}`.`{log}` (\n\t\t\tid bigint unsigned auto_increment,\n\t\t\tlast_update timestamp not null DEFAULT "
                "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,\n\t\t\thint varchar(64) charset ascii not null,\n\t\t\tvalue varchar(4096) charset ascii not null,\n"
                "\t\t\tprimary key(id),\n\t\t\tunique key hint_uidx(hint)\n\t\t) auto_increment=256 comment='gh-ost-changelog'")
            sql(f"create /* gh-ost */ table `{database}`.`{ghost}` like `{database}`.`{table}`")
            sql(f"alter /* gh-ost */ table `{database}`.`{ghost}` {alter}")
            kept = {column.name for column in source.columns(sql, database, ghost)}
            self.columns = ", ".join(f"`{column.name}`" for column in source.columns(sql, database, table) if column.name in kept)
            self.say(sql, "state", "GhostTableMigrated")
            low, high = sql(f"select /* gh-ost */ min(`{self.key}`), max(`{self.key}`) from `{table}`")[0]
            low, high = int(low), int(high)
            while low <= high:
                sql(f"insert /* gh-ost */ ignore into `{database}`.`{ghost}` ({self.columns}) (select {self.columns} from `{database}`.`{table}` force index (`PRIMARY`) "
                    f"where (((`{self.key}` >= {low})) and ((`{self.key}` < {low + self.chunk}))) lock in share mode)")
                low += self.chunk
                self.apply(sql, sql)
                self.say(sql, "copy iteration", str(low))
            self.cut_over(sql, locker)
            for name in (log, old):
                sql(f"drop /* gh-ost */ table if exists `{database}`.`{name}`")

    def cut_over(self, sql, locker):
        database, table, ghost, old = self.database, self.table, self.ghost, self.old
        sql(f"create /* gh-ost */ table `{database}`.`{old}` (id int auto_increment primary key) engine=InnoDB comment='ghost-cut-over-sentry'")
        # A writer that waits for the table could get it before the rename does, and its change would be lost: that is
        # gh-ost's race, seen on MySQL 5.6 under load, and not what is tested here.
        with self.state:
            self.is_cutting_over = True
            self.state.wait_for(lambda: not self.in_flight)
        try:
            locker(f"lock /* gh-ost */ tables `{database}`.`{table}` write, `{database}`.`{old}` write")
            self.apply(sql, locker)
            self.swap(locker)
        finally:
            with self.state:
                self.is_cutting_over = False
                self.state.notify_all()

    def swap(self, locker):
        database, table, ghost, old = self.database, self.table, self.ghost, self.old
        failed = []

        def rename():
            with self.lab.sql(0, database) as other:
                try:
                    other(f"rename /* gh-ost */ table `{database}`.`{table}` to `{database}`.`{old}`, `{database}`.`{ghost}` to `{database}`.`{table}`")
                except Exception as error:  # noqa: BLE001 - told below
                    failed.append(error)

        thread = threading.Thread(target=rename)
        thread.start()
        with self.lab.sql(0, database) as watcher:
            wait_for(lambda: watcher("SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE 'rename /* gh-ost%' AND STATE LIKE '%metadata lock%'"), what="the rename waits")
        locker(f"drop /* gh-ost */ table if exists `{database}`.`{old}`")
        # The rename now takes its locks in the order of the names: with the sentry's it is in front of the writers.
        with self.lab.sql(0, database) as watcher:
            watcher("SET SESSION lock_wait_timeout = 1")
            wait_for(lambda: self.is_held(watcher, old), what="the rename takes the sentry's name")
        locker("unlock tables")
        thread.join(30)
        assert not failed, failed

    @staticmethod
    def is_held(sql, table):
        try:
            sql(f"SELECT 1 FROM `{table}`")
        except pymysql.err.MySQLError as error:
            return error.args[0] == 1205  # the wait for a lock; before it, there is no such table
        return False
