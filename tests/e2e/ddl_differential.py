"""Runs random DDL on a server and the tracker beside it, fed from the server's binlog, and compares after each statement."""

import json

import ddl_binlog
from ddl_catalogue import Catalogue
from ddl_generator import Dialect, Generator
from ddl_tracker import Tracker

import pymysql


def version_number(text):
    parts = [int(part) for part in text.split("-")[0].split(".")]
    return parts[0] * 10000 + parts[1] * 100 + parts[2]


def traits(sql, version):
    ask = lambda name: sql.one(f"SELECT @@global.{name}")  # noqa: E731
    return {"mariadb": "MariaDB" in version, "version_number": version_number(version), "lower_case_table_names": int(ask("lower_case_table_names")),
            "explicit_defaults_for_timestamp": ask("explicit_defaults_for_timestamp") == "1", "default_collation": ask("collation_server")}


def long_name(name):
    """utf8 is utf8mb3 on some of the servers and its own name on others."""
    return name.replace("utf8_", "utf8mb3_") if name != "utf8" else "utf8mb3"


def comparable(told):
    """Tables in one form. Parts of columns count in keys that tell rows apart only: elsewhere the server shortens them at will."""
    columns = [{**one, "charset": long_name(one["charset"]), "collation": long_name(one["collation"])} for one in told["columns"]]
    indexes = sorted(({**one, "prefixes": one["prefixes"] if one["unique"] else None} for one in told["indexes"]), key=lambda index: index["name"])
    return {**told, "collation": long_name(told["collation"]), "columns": columns, "indexes": indexes}


def without_foreign_key_indexes(expected, tracked):
    """An index that a server made for a foreign key goes when another one serves, and nobody tells which those are."""
    names = {index["name"] for index in expected["indexes"]}
    kept = [index for index in tracked["indexes"] if index["name"] in names or index["unique"]
            or not any(one["columns"][:len(index["columns"])] == index["columns"] for one in expected["indexes"])]
    known = {index["name"] for index in tracked["indexes"]}
    kept += [index for index in expected["indexes"] if index["name"] not in known and not index["unique"]
             and any(one["columns"][:len(index["columns"])] == index["columns"] for one in tracked["indexes"])]
    return {**tracked, "indexes": sorted(kept, key=lambda index: index["name"])}


def difference(expected, tracked):
    """Short lines; none if the two are equal."""
    if expected and tracked:
        tracked = without_foreign_key_indexes(expected, tracked)
    if expected == tracked:
        return []
    if expected is None or tracked is None:
        return [f"the server {'has no such table' if expected is None else 'has the table'}, the tracker {'does not' if tracked is None else 'has it'}"]
    lines = [f"{part}: server {expected[part]}, tracker {tracked.get(part)}"
             for part in expected if part not in ("columns", "indexes") and expected[part] != tracked.get(part)]
    for part in ("columns", "indexes"):
        ours, theirs = expected[part], tracked[part]
        if [one["name"] for one in ours] != [one["name"] for one in theirs]:
            lines.append(f"{part}: server {[one['name'] for one in ours]}, tracker {[one['name'] for one in theirs]}")
            continue
        lines += [f"{one['name']}.{key}: server {one[key]!r}, tracker {two.get(key)!r}"
                  for one, two in zip(ours, theirs) for key in one if one[key] != two.get(key)]
    return lines


class Differential:
    """One server, one session that changes it, one tracker. `rounds` statements are tried per call of run()."""

    def __init__(self, lab, rng, prefix, **settings):
        self.version = lab.storage[0]["server_version"]
        self.dialect = Dialect(self.version)
        self.databases = [f"{prefix}a", f"{prefix}.b", f"{prefix}`ü"]
        self.writer, self.checker = lab.sql(0, use_unicode=False), lab.sql(0)
        self.checker.is_old = self.dialect.is_56 or self.dialect.is_mariadb
        self.generator = Generator(rng, self.dialect, self.databases, **settings)
        self.tail = ddl_binlog.Tail(f"{lab.storage[0]['dir']}/data", ddl_binlog.position(self.checker))
        self.tracker = Tracker(traits(self.checker, self.version))
        self.accepted = self.refused = self.changes = 0
        self.not_understood, self.mismatches, self.unlogged, self.history = [], [], [], []
        self.error = None  # of the last statement
        self.read_formats()
        self.setup()

    def setup(self):
        for name in self.databases:
            self.writer(f"CREATE DATABASE `{name.replace('`', '``')}`")
        self.writer(f"USE `{self.databases[0]}`")
        self.writer("SET SESSION sql_mode = ''")
        self.catalogue = Catalogue(self.checker, self.databases)
        self.follow("the databases")

    def read_formats(self):
        for event in ddl_binlog.events(self.tail.folder / self.tail.file, self.tail.offset):
            if event.kind == ddl_binlog.FORMAT_DESCRIPTION:
                self.tracker.ask(format=event.raw.hex())

    def follow(self, statement):
        """Feeds what was logged, compares, and begins again from the server's word where the two differ."""
        before, self.catalogue = self.catalogue, Catalogue(self.checker, self.databases)
        concerned, reasons, effects, logged = set(), [], [], []
        for event in self.tail.read(ddl_binlog.position(self.checker)):
            if event.kind == ddl_binlog.FORMAT_DESCRIPTION:
                self.tracker.ask(format=event.raw.hex())
                continue
            answer = self.tracker.ask(event=event.raw.hex())
            logged.append(answer["sql"])
            effects += answer["effects"]
            if answer["outcome"] == "not_understood":
                reasons.append(answer["reason"])
                concerned |= {tuple(name) for name in answer["concerned"]}
        expected = {key: comparable(table.told) for key, table in self.catalogue.tables.items()}
        told = {key: comparable(table) for key, table in self.tracker.tables.items()}
        wrong = {key: lines for key in (expected.keys() | told.keys()) - self.catalogue.unreadable if (lines := difference(expected.get(key), told.get(key)))}
        if reasons:
            self.not_understood.append((statement, reasons))
            wrong_but_named = {key for key in wrong if key in concerned or key not in told}
        else:
            wrong_but_named = set()
        databases, tracked = ({name: long_name(collation) for name, collation in one.items()} for one in (self.catalogue.databases, self.tracker.databases))
        if databases != tracked and not reasons:
            wrong["databases", ""] = [f"server {databases}, tracker {tracked}"]
        was = {key: comparable(table.told) for key, table in before.tables.items()}
        changed = {key for key in (was.keys() | expected.keys()) - self.catalogue.unreadable if was.get(key) != expected.get(key)}
        self.changes += bool(changed)
        mentioned = {tuple(effect[part]) for effect in effects for part in ("name", "new_name") if effect["kind"] != "unchanged"}
        for key in changed - mentioned - wrong.keys() if not reasons else ():
            if {k: v for k, v in (was.get(key) or {}).items() if k not in ("indexes", "collation", "partitioned")} != {
                    k: v for k, v in (expected.get(key) or {}).items() if k not in ("indexes", "collation", "partitioned")}:
                wrong[key] = [f"changed, but no effect says so: {effects}"]
        for key, lines in wrong.items():
            if self.is_unlogged(logged):
                self.unlogged.append(statement)
            elif key not in wrong_but_named:
                self.mismatches.append({"statement": statement, "refused": self.error, "logged": logged, "session": [self.generator.database, self.generator.sql_mode, self.generator.charset_name],
                                        "recent": self.history[-3:], "table": key, "lines": lines, "before": was.get(key), "expected": expected.get(key)})
        self.begin_again(wrong, expected)

    def is_unlogged(self, logged):
        """What a server does and does not log nobody can know from the log: a statement that failed and took a table with
        it (MySQL 5.6: a broken foreign key)."""
        return self.error and not logged

    def begin_again(self, wrong, expected):
        for name, collation in self.catalogue.databases.items():
            if long_name(self.tracker.databases.get(name, "")) != long_name(collation):
                self.tracker.ask(database=name, collation=collation)
        for key in wrong:
            if key in expected:
                self.tracker.put(key, self.catalogue.tables[key].told)
            elif key in self.tracker.tables:
                self.tracker.remove(key)

    def step(self):
        statement, _ = self.generator.statement(self.catalogue)
        self.error = None
        try:
            self.writer.connection.query(statement)
            self.accepted += 1
        except pymysql.err.MySQLError as error:
            assert error.args[0] not in (2006, 2013), (error, statement)
            self.error = str(error)
            self.refused += 1
        text = statement.decode("utf-8", "backslashreplace")
        self.follow(text)
        self.history.append(text)

    def run(self, rounds):
        for _ in range(rounds):
            self.step()
        return self

    def report(self):
        share = 100 * len(self.not_understood) / max(1, self.accepted)
        lines = [f"{self.dialect.name}: {self.accepted} statements accepted, {self.refused} refused, {self.changes} changed a table, "
                 f"{len(self.mismatches)} mismatches, {len(self.unlogged)} not as logged, {len(self.not_understood)} not understood ({share:.2f} %)"]
        return "\n".join(lines)

    def details(self, most=5):
        lines = [json.dumps(one, ensure_ascii=False, indent=1) for one in self.mismatches[:most]]
        return "\n".join(lines + [f"NOT UNDERSTOOD {reasons}: {statement}" for statement, reasons in self.not_understood[:most]])

    def close(self):
        self.tracker.__exit__()
        for name in self.databases:
            self.checker(f"DROP DATABASE IF EXISTS `{name.replace('`', '``')}`")
        self.writer.close()
        self.checker.close()
