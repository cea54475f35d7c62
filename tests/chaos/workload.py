"""Random transactions on sharded tables, across servers too, and statements that change the tables, all of which go on through any fault.

Each writer has rows of its own. A row's `ver` grows with each of its images, whatever happened to the ones before: that is the order to be checked.
"""

import random
import time

import pymysql

TABLES = ("accounts", "orders")


def now_us():
    return time.time_ns() // 1000


class Shard:
    """One physical database on one server."""

    def __init__(self, lab, server, database):
        self.lab, self.server, self.database = lab, server, database


def create(lab, shards, rows):
    """Each table has `rows` rows, number n in shard n modulo the number of shards."""
    for shard in shards:
        with lab.sql(shard.server) as sql:
            sql(f"CREATE DATABASE {shard.database}")
            sql(f"USE {shard.database}")  # a sequence is a table of some database
            for table in TABLES:
                sql(f"CREATE TABLE {shard.database}.{table} (id BIGINT PRIMARY KEY, ver BIGINT NOT NULL, pad VARCHAR(2000), KEY (ver))")
                sql(f"INSERT INTO {shard.database}.{table} SELECT seq * {len(shards)} + {shards.index(shard)}, {now_us()}, REPEAT('x', seq % 300) "
                    f"FROM seq_0_to_{rows // len(shards) - 1}")


class Writer:
    """A worker for task.background()."""

    def __init__(self, lab, shards, seed, number, of, rows):
        self.lab, self.shards, self.number, self.of, self.rows = lab, shards, number, of, rows
        self.rng = random.Random(seed * 1000 + number)
        self.connections = {}
        self.done = self.failed = self.xa = 0

    def sql(self, server):
        if server not in self.connections:
            sql = self.lab.sql(server)
            self.settle(sql)
            self.connections[server] = sql
        return self.connections[server]

    def settle(self, sql):
        """What this writer left prepared would hold its rows for ever."""
        for form, length, _, data in sql("XA RECOVER"):
            data = data if isinstance(data, str) else data.decode("latin1")
            if data.startswith(f"chaos-{self.number}-"):
                verb = self.rng.choice(["COMMIT", "ROLLBACK"])
                sql(f"XA {verb} '{data[:int(length)]}','{data[int(length):]}',{form}")

    def change(self, shard):
        sql = self.sql(shard.server)
        table = f"{shard.database}.{self.rng.choice(TABLES)}"
        place = self.shards.index(shard)
        row = self.rng.randrange(2 * self.rows // (len(self.shards) * self.of)) * len(self.shards) * self.of + place + self.number * len(self.shards)
        kind = self.rng.random()
        if kind < 0.25:
            sql(f"INSERT IGNORE INTO {table} (id, ver, pad) VALUES ({row}, {now_us()}, '{'i' * self.rng.randrange(200)}')")
        elif kind < 0.4:
            sql(f"DELETE FROM {table} WHERE id = {row}")
        else:
            sql(f"UPDATE {table} SET ver = GREATEST(ver + 1, {now_us()}), pad = REPEAT('{self.rng.choice('abcdef')}', {self.rng.randrange(2000)}) WHERE id = {row}")

    def across(self):
        """One transaction on several servers, by two-phase commit."""
        chosen = self.rng.sample(self.shards, 2)
        servers = sorted({shard.server for shard in chosen})
        name = f"chaos-{self.number}-{now_us()}"
        for server in servers:
            self.sql(server)(f"XA START '{name}','{server}',1")
        for shard in chosen:
            self.change(shard)
        for verb in ("END", "PREPARE", self.rng.choice(["COMMIT"] * 5 + ["ROLLBACK"])):
            for server in servers:
                self.sql(server)(f"XA {verb} '{name}','{server}',1")
        self.xa += 1

    def once(self):
        if self.rng.random() < 0.3:
            return self.across()
        shard = self.rng.choice(self.shards)
        sql = self.sql(shard.server)
        sql("BEGIN")
        for _ in range(self.rng.choice([1, 1, 2, 5, 40])):
            self.change(shard)
        sql("COMMIT" if self.rng.random() < 0.95 else "ROLLBACK")

    def __call__(self, should_end):
        while not should_end():
            try:
                self.once()
                self.done += 1
            except (pymysql.err.MySQLError, OSError):
                self.failed += 1
                for sql in self.connections.values():
                    sql.close()
                self.connections.clear()
                time.sleep(0.1)
            time.sleep(0.002)
        for server in {shard.server for shard in self.shards}:
            self.sql(server)  # settles what is left


class Alterer:
    """Adds, changes and drops columns, shard after shard."""

    def __init__(self, lab, shards, seed):
        self.lab, self.shards, self.rng = lab, shards, random.Random(seed * 1000 + 999)
        self.columns = {table: [] for table in TABLES}
        self.done = 0

    def statement(self, table):
        columns = self.columns[table]
        kind = self.rng.random()
        if kind < 0.5 or not columns:
            columns.append(f"c{self.done}")
            return f"ADD COLUMN {columns[-1]} INT DEFAULT {self.done}" + self.rng.choice(["", " FIRST", " AFTER id"])
        if kind < 0.8:
            return f"DROP COLUMN {columns.pop(self.rng.randrange(len(columns)))}"
        return f"MODIFY {self.rng.choice(columns)} VARCHAR(30)"

    def __call__(self, should_end):
        while not should_end():
            table = self.rng.choice(TABLES)
            text = self.statement(table)
            for shard in self.rng.sample(self.shards, len(self.shards)):
                self.at(shard, f"ALTER TABLE {shard.database}.{table} {text}")
            self.done += 1
            for _ in range(int(self.rng.uniform(20, 60))):
                if should_end():
                    return
                time.sleep(0.1)

    def at(self, shard, statement):
        while True:
            try:
                with self.lab.sql(shard.server) as sql:
                    sql("SET lock_wait_timeout = 20")
                    sql(statement)
                return
            except pymysql.err.MySQLError as error:
                # Done by a server that died before it could say so: the column is there, or gone.
                if error.args[0] in (1060, 1091, 1054):
                    return
                time.sleep(0.2)
            except OSError:
                time.sleep(0.2)


def touch(lab, shards):
    """Every row once more, so that its last image has the table's last structure."""
    for shard in shards:
        with lab.sql(shard.server) as sql:
            for table in TABLES:
                sql(f"UPDATE {shard.database}.{table} SET ver = GREATEST(ver + 1, {now_us()})")
