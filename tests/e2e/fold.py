"""A topic played back to the tables it describes, with the promises about order checked on the way."""

import collections
import hashlib


def of_table(records, database, table):
    return [record for record in records if record.op != "DDL" and (record.db, record.table) == (database, table)]


class Repeats:
    """Tells changes that were there before, one after the other. At-least-once delivery may repeat a change, but only the
    very same one; rows of the snapshot are read anew after a crash and stay as they are."""

    def __init__(self):
        self.seen = {}
        self.count = 0

    def is_one(self, record):
        if record.op not in ("INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "HEARTBEAT"):
            return False
        mark = (record.tags.get("server_id"), record.id)
        content = hashlib.blake2b(repr(record.content).encode(), digest_size=16).digest()
        if mark not in self.seen:
            self.seen[mark] = (record.offset, content)
            return False
        offset, first = self.seen[mark]
        assert first == content, f"a repeated record differs from the one at offset {offset}:\n{record}"
        self.count += 1
        return True


class Once:
    """No record stands twice in the topic. `keys`: the key's columns of the tables whose snapshot rows can be told apart."""

    def __init__(self, keys):
        self.keys = keys
        self.seen = {}

    def check(self, record):
        if record.op == "INIT" and record.table in self.keys:
            mark = (record.db, record.table, tuple(record.after[column] for column in self.keys[record.table]))
        elif record.op == "DDL":
            mark = (record.db, record.statement, record.id, record.position)
        else:
            return
        assert mark not in self.seen, f"delivered again: offset {self.seen[mark]} and {record.offset}, {mark}"
        self.seen[mark] = record.offset


class Versions:
    """No image of a row is older than one before it."""

    def __init__(self, key, version):
        self.key, self.version = key, version
        self.latest = {}

    def check(self, record):
        for image in (record.before, record.after):
            if image is None:
                continue
            row = (record.table, *(image[column] for column in self.key))
            assert image[self.version] >= self.latest.get(row, -1), \
                f"offset {record.offset}: {record.op} {row} has {image[self.version]} after {self.latest[row]}"
            self.latest[row] = image[self.version]


def without_repeats(records):
    """Changes as they came first, and the number of those that came again."""
    repeats = Repeats()
    return [record for record in records if not repeats.is_one(record)], repeats.count


def assert_once(records, keys):
    changes, repeats = without_repeats(records)
    assert repeats == 0, f"{repeats} changes were delivered again"
    once = Once(keys)
    for record in changes:
        once.check(record)


class Replay:
    """The rows that the records of one table leave behind, by key, and what was wrong with the order.

    Each change has to start from the row as it is then, and a row of the snapshot has to be what the changes before it
    made of it. Where the first thing heard of a row is a change, there is nothing to compare with.
    """

    ABSENT = object()

    def __init__(self, records, key):
        self.key = key
        self.rows = {}
        self.errors = []
        self.inits = collections.Counter()
        for record in records:
            self.apply(record)

    def key_of(self, image):
        return tuple(image[column] for column in self.key)

    def expect(self, record, key, image):
        known = self.rows.get(key)
        if known is None or known == image or known is self.ABSENT and image is self.ABSENT:
            return
        show = {self.ABSENT: "absent"}
        self.errors.append(f"offset {record.offset}: {record.op} {key} meets {show.get(known) if known is self.ABSENT else brief(known)}, "
                           f"fits {'absent' if image is self.ABSENT else brief(image)}")

    def apply(self, record):
        if record.op == "INIT":
            key = self.key_of(record.after)
            self.expect(record, key, record.after)
            self.rows[key] = record.after
            self.inits[key] += 1
            return
        if record.before is not None:
            key = self.key_of(record.before)
            self.expect(record, key, record.before)
            self.rows[key] = self.ABSENT
        if record.after is not None:
            key = self.key_of(record.after)
            self.expect(record, key, self.ABSENT)
            self.rows[key] = record.after

    def present(self):
        return {key: row for key, row in self.rows.items() if row is not self.ABSENT}


def brief(row):
    return {name: value if not isinstance(value, (str, bytes)) or len(value) < 30 else value[:30] for name, value in row.items()}


def multiset(records):
    """The rows of a table without key, as a counter."""
    rows = collections.Counter()
    for record in records:
        if record.before is not None:
            row = frozenset(record.before.items())
            assert rows[row] > 0, f"offset {record.offset}: {record.op} of a row that is not there: {brief(record.before)}"
            rows[row] -= 1
        if record.after is not None:
            rows[frozenset(record.after.items())] += 1
    return +rows


def counter(rows):
    return collections.Counter(frozenset(row.items()) for row in rows)


def by_key(rows, key):
    found = {tuple(row[column] for column in key): row for row in rows}
    assert len(found) == len(rows), "the key is no key"
    return found


def difference(expected, found, limit=5):
    """Empty if two dicts of rows are equal, else a short description."""
    lines = [f"{key}: source {brief(expected.get(key) or {})}, topic {brief(found.get(key) or {})}"
             for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)]
    return "\n".join([f"{len(lines)} rows differ", *lines[:limit]]) if lines else ""


def assert_same(records, rows, key):
    """The topic's records of one table, repeats and all, lead to exactly these rows, and do so in order."""
    first, repeats = without_repeats(records)
    replay = Replay(first, key)
    assert not replay.errors, f"{len(replay.errors)} errors of order:\n" + "\n".join(replay.errors[:8])
    wrong = difference(by_key(rows, key), replay.present())
    assert not wrong, wrong
    # A consumer that takes repeated records as they come ends at the same place.
    assert not difference(by_key(rows, key), Replay(records, key).present())
    return replay, repeats


def assert_versions_rise(records, key, version):
    versions = Versions(key, version)
    for record in records:
        versions.check(record)
