"""A story of random DDL and DML on the tables of a plain server, and the check that a topic tells it in full.

Each table has two columns that no DDL touches: `_rid`, a number that no other row has, and `_touch`, the table's *epoch*. A
DDL statement ends the epoch of each table it names, and all rows that are left are then updated into the next one. So
every image in the topic says under which structure it was written, and the rows of each epoch, as they were when it
ended, can be compared with those of the topic, however late it is read: names of columns, values, all of them.
"""

import collections
import re
import subprocess

import ddl_types
import source
from ddl_catalogue import Catalogue
from ddl_generator import Dialect, Generator
from servers import BIN

import pymysql
import pytest


def carries_ddl():
    if not (BIN / "tributary").exists():
        return True  # the test itself says so
    return "--accept-structure" in subprocess.run([BIN / "tributary", "run", "--help"], capture_output=True, text=True).stdout


needs_live_ddl = pytest.mark.skipif(not carries_ddl(), reason="this build stops at DDL")

FIXED = {"_rid": "BIGINT NOT NULL", "_touch": "BIGINT NOT NULL DEFAULT 0"}
# Rows that change without row events (cascades), that can't be rolled back, that can't be written under every GTID mode;
# character sets that the reader of the topic here has no codec for, or in which the server keeps any byte (ascii).
UNWANTED = re.compile(r"MyISAM|FOREIGN|REFERENCES|TEMPORARY|tmp1|hebrew|gb18030|ascii|TRIGGER|PROCEDURE", re.IGNORECASE)


class Story:
    def __init__(self, lab, case, rng, databases=2, unwanted=None, **settings):
        self.lab, self.rng = lab, rng
        self.version = lab.storage[0]["server_version"]
        self.dialect = Dialect(self.version)
        self.databases = [case.database(lab, 0, suffix) for suffix in ["", "_two"][:databases]]
        self.ddl, self.checker = case.sql(lab), case.sql(lab)
        self.sessions = [case.sql(lab) for _ in range(2)]
        if self.dialect.is_mariadb:
            # May leave the table under its old name, too, and does not log that; puts values under other columns' names.
            unwanted = "|".join(filter(None, [unwanted, r"\balter\b.*\brename\b(?!\W+(column|index|key)\b)", r"\bcreate\b.*\binvisible\b.*\bselect\b"]))
        refuse = lambda text: UNWANTED.search(text) or unwanted and re.search(unwanted, text, re.IGNORECASE | re.DOTALL)  # noqa: E731
        self.generator = Generator(rng, self.dialect, self.databases, fixed=FIXED, with_databases=False, tables_max=8, refuse=refuse, **settings)
        for sql in (self.ddl, self.checker, *self.sessions):  # what a generated column holds hangs on it
            sql("SET SESSION sql_mode = ''")
            sql(f"USE `{self.databases[0]}`")
        for sql in self.sessions:
            sql("SET SESSION time_zone = '+00:00'")
        self.ddl("GRANT LOCK TABLES ON *.* TO 'repl'@'%'")  # for tables without a key
        self.epochs = {}                 # (database, table) -> the epoch of its rows
        self.types = {}                  # the same place -> types, for whoever looks into a failure
        self.columns = {}                # (database, table, epoch) -> names
        self.unsure = {}                 # the same place -> columns that MariaDB logs otherwise than it shows them
        self.ended = {}                  # (database, table, epoch) -> rows by _rid when it ended
        self.swept = set()               # (database, table, epoch, _rid) of rows deleted behind their epoch
        self.statements = []             # accepted DDL that changed a table or may have, in order
        self.counted = collections.Counter()
        self.last_epoch = self.last_row = 0
        self.catalogue = Catalogue(self.checker, self.databases)

    # ---- DML

    def name(self, key):
        return f"{source.quoted(key[0])}.{source.quoted(key[1])}"

    def settable(self, table):
        return [column for column in table.columns if column["name"] not in FIXED and not column["generated"]
                and "auto_increment" not in table.extra[column["name"]].lower()]

    def insert(self, sql, key, table, most=4):
        chosen = [column for column in self.settable(table) if self.rng.random() < 0.8]
        rows = []
        for _ in range(self.rng.randint(1, most)):
            self.last_row += 1
            rows.append(", ".join([str(self.last_row), str(self.epochs[key]), *(ddl_types.value(self.rng, column) for column in chosen)]))
        names = ", ".join(["_rid", "_touch", *(source.quoted(column["name"]) for column in chosen)])
        sql(f"INSERT IGNORE INTO {self.name(key)} ({names}) VALUES ({'), ('.join(rows)})")

    def change(self, sql):
        """One statement that changes rows. One that the server refuses, for whatever reason, changes nothing."""
        keys = list(self.epochs)
        key = self.rng.choice(keys)
        table = self.catalogue.tables[key]
        kind = self.rng.random()
        if kind < 0.5:
            return self.insert(sql, key, table)
        where = f"_rid % {self.rng.randint(2, 5)} = {self.rng.randint(0, 1)} LIMIT {self.rng.randint(1, 4)}"
        if kind < 0.85 and (columns := self.settable(table)):
            sets = ", ".join(f"{source.quoted(column['name'])} = {ddl_types.value(self.rng, column)}" for column in self.rng.sample(columns, min(len(columns), 3)))
            return sql(f"UPDATE IGNORE {self.name(key)} SET {sets} WHERE {where}")
        return sql(f"DELETE FROM {self.name(key)} WHERE {where}")

    def transaction(self):
        """Several statements on one of the sessions; now and then with another in between, or undone."""
        for sql in self.rng.sample(self.sessions, self.rng.choice([1, 1, 2])):
            sql("BEGIN")
            for _ in range(self.rng.choice([1, 2, 5])):
                try:
                    self.change(sql)
                    self.counted["dml"] += 1
                except pymysql.err.MySQLError as error:
                    assert error.args[0] not in (2006, 2013), error
                    self.counted["dml refused"] += 1
            sql("ROLLBACK" if self.rng.random() < 0.1 else "COMMIT")

    # ---- DDL

    def rows_of(self, keys):
        """Of tables, in their present epochs. One that the server itself can't open in this session is left out."""
        found = {}
        for key in sorted(keys):
            if source.columns(self.checker, *key):
                found[*key, self.epochs[key]] = {row["_rid"]: row for row in source.rows(self.checker, *key)}
            else:
                self.counted["could not be opened"] += 1
        return found

    def begin_epoch(self, key):
        self.last_epoch += 1
        self.epochs[key] = self.last_epoch
        self.columns[*key, self.last_epoch] = [column["name"] for column in self.catalogue.tables[key].columns]
        self.types[*key, self.last_epoch] = [column["declared"][:20] for column in self.catalogue.tables[key].columns]
        if self.dialect.is_mariadb and any("auto_increment" in extra.lower() for extra in self.catalogue.tables[key].extra.values()):
            # Computed before the number is given out.
            self.unsure[*key, self.last_epoch] = {column["name"] for column in self.catalogue.tables[key].columns if column["generated"]}
        sql = self.sessions[0]
        name = self.name(key)
        try:
            sql(f"UPDATE IGNORE {name} SET _touch = {self.last_epoch}")
        except pymysql.err.MySQLError:
            self.counted["could not be touched"] += 1
        # Rows that could not be touched, or that a statement made up: they go under another structure than they say.
        left_over = f"WHERE _touch <> {self.last_epoch} OR _rid = 0"
        self.swept |= {(*key, int(touch), int(rid)) for touch, rid in sql(f"SELECT _touch, _rid FROM {name} {left_over}")}
        sql(f"DELETE FROM {name} {left_over}")

    def define(self):
        statement, is_session = self.generator.statement(self.catalogue)
        named = set(self.generator.named) & self.epochs.keys() if not is_session else set()
        ending = self.rows_of(named)
        try:
            self.ddl.connection.query(statement)
        except UnicodeDecodeError:  # a result in the session's character set
            pass
        except pymysql.err.MySQLError as error:
            assert error.args[0] not in (2006, 2013), (error, statement)
            self.counted["refused"] += 1
            # What these did before they failed has been done.
            if not re.search(rb"\b(DROP|RENAME|REPLACE)\b", statement.upper()):
                return
        if is_session:
            return
        was, self.catalogue = self.catalogue, Catalogue(self.checker, self.databases)
        before, after = ({key: table.told for key, table in one.tables.items()} for one in (was, self.catalogue))
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        for key in (was.unreadable | self.catalogue.unreadable) & self.epochs.keys():  # its story ends here
            self.counted["could not be opened"] += 1
            del self.epochs[key]
            try:
                self.checker(f"DROP TABLE {self.name(key)}")
            except pymysql.err.MySQLError:
                pass
        changed -= was.unreadable | self.catalogue.unreadable
        others = changed & self.epochs.keys() - named
        assert not others, f"{statement} changed {[(key, before.get(key), after.get(key)) for key in others]}"
        self.counted["ddl"] += 1
        self.counted["ddl that changed a structure"] += bool(changed)
        self.ended |= ending
        self.statements.append((statement.decode("utf-8", "backslashreplace"), changed | named))
        for key in sorted(named - after.keys()):
            self.epochs.pop(key, None)
        for key in sorted((changed | named) & after.keys()):
            self.begin_epoch(key)

    def fill(self, key, rows):
        with self.sessions[0].transaction() as sql:
            for _ in range(rows // 20):
                try:
                    self.insert(sql, key, self.catalogue.tables[key], 40)
                except pymysql.err.MySQLError:
                    self.counted["dml refused"] += 1

    def begin(self, tables=4, rows=30):
        """Tables with rows, before any task."""
        while len(self.epochs) < tables:
            self.define()
        for key in self.epochs:
            self.fill(key, rows)
        self.ended.clear()

    def step(self):
        if self.rng.random() < 0.45 or not self.epochs:
            self.define()
        else:
            self.transaction()

    def run(self, steps):
        for _ in range(steps):
            self.step()

    def end(self):
        """The rows that are there now."""
        self.final = self.rows_of(self.epochs)

    # ---- the check

    def check(self, changes, is_complete=True):
        """`changes`: the topic's records without repeats. With a snapshot under way (not is_complete) only what is there at the end counts."""
        images, told = collections.defaultdict(dict), collections.defaultdict(list)
        for record in changes:
            if record.op == "DDL" or record.db not in self.databases:
                continue
            image = record.after if record.after is not None else record.before
            place = (record.db, record.table, image.get("_touch"))
            if record.op == "DELETE" and (*place, image.get("_rid")) in self.swept:
                continue
            names = self.columns.get(place)
            # A row of the snapshot may be read behind a statement and before it is touched.
            if names is not None and (record.op != "INIT" or is_complete):
                assert list(image) == names, f"offset {record.offset}: {record.op} {record.name}: {list(image)} is not {names}"
            told[place, image["_rid"]].append((record.op, record.offset, record.before, record.after))
            if record.after is not None:
                images[place][image["_rid"]] = image
            else:
                images[place].pop(image["_rid"], None)
        expected = self.final | (self.ended if is_complete else {})
        wrong = []
        for place, rows in expected.items():
            found = images.get(place, {})
            for row in rows.keys() | found.keys():
                if differing(rows.get(row), found.get(row), self.unsure.get(place, ())):
                    wrong.append(f"{place} row {row}: {differing(rows.get(row), found.get(row), self.unsure.get(place, ()))}, {dict(zip(self.columns[place], self.types[place]))}; "
                                 f"{told[place, row][-3:]}; {self.last_statements(place[:2])}")
        compared = sum(map(len, expected.values()))
        print(f"{len(expected)} epochs with {compared} rows compared; {dict(self.counted)}")
        assert not wrong, f"{len(wrong)} rows differ:\n" + "\n".join(wrong[:12])
        return compared

    def last_statements(self, key, count=5):
        return [text for text, tables in self.statements if key in tables][-count:]


def differing(expected, found, but=()):
    if expected is None or found is None:
        return "is not at the source" if expected is None else "is not in the topic"
    return {name: (expected.get(name), found.get(name)) for name in (expected.keys() | found.keys()) - set(but) if expected.get(name) != found.get(name)}
