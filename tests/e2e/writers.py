"""Tables of many shapes of key, and writers that change them at the same time.

Each table has a column `ver`: no two images of a row have the same one, and later ones are larger. Each writer has
the keys to itself whose number modulo the number of writers is its own, so that its counter orders the changes of a row.
"""

import datetime
import random


def case_folded(number):
    """Words that differ in case only are one key here; the same number gives one word in one spelling."""
    return f"Key-{number:06d}"


SHAPES = {
    # name: (columns of the key, key's definition, number -> key)
    "plain": (["id"], "id INT, PRIMARY KEY (id)", lambda n: (n,)),
    "unsigned_big": (["id"], "id BIGINT UNSIGNED, PRIMARY KEY (id)", lambda n: (18446744073709551615 - n * 7919,)),
    "composite": (["region", "n"], "region VARCHAR(20), n SMALLINT, PRIMARY KEY (region, n)", lambda n: (f"r{n % 17}é", n // 17 - 100)),
    "folded": (["name"], "name VARCHAR(30) COLLATE utf8mb4_general_ci, PRIMARY KEY (name)", lambda n: (case_folded(n),)),
    "binary_key": (["hash"], "hash VARBINARY(16), PRIMARY KEY (hash)", lambda n: (n.to_bytes(3, "little") + b"\x00\xff'\\",)),
    "decimal_key": (["amount"], "amount DECIMAL(20,4), PRIMARY KEY (amount)", lambda n: (f"{n - 1500}.{n % 10000:04d}",)),
    "datetime_key": (["at"], "at DATETIME(3), PRIMARY KEY (at)",
                     lambda n: (str(datetime.datetime(1999, 12, 31, 23, 59) + datetime.timedelta(milliseconds=n * 1237)),)),
    "date_and_char": (["day", "code"], "day DATE, code CHAR(4) CHARACTER SET latin1, PRIMARY KEY (day, code)",
                      lambda n: (str(datetime.date(2020, 1, 1) + datetime.timedelta(days=n // 40)), f"{n % 40:02d}ä")),
    "unique_only": (["code"], "code VARCHAR(20) NOT NULL, other INT, UNIQUE KEY (other), UNIQUE KEY code (code)", lambda n: (f"c{n:05d}",)),
}


class Keyed:
    def __init__(self, sql, name, rows, rng, pad=40):
        self.name, self.rows, self.pad = name, rows, pad
        self.key, definition, self.make = SHAPES[name]
        fields, *keys = definition.split(", PRIMARY KEY") if "PRIMARY KEY" in definition else definition.split(", UNIQUE KEY", 1)
        ending = (", PRIMARY KEY" if "PRIMARY KEY" in definition else ", UNIQUE KEY") + keys[0]
        sql(f"CREATE TABLE `{name}` ({fields}, ver BIGINT NOT NULL, pad VARCHAR(10000){ending})")
        self.columns = ", ".join(self.key)
        self.where = " AND ".join(f"{column} = %s" for column in self.key)
        self.marks = ", ".join(["%s"] * (len(self.key) + 2))
        numbers = list(range(rows))
        rng.shuffle(numbers)
        with sql.transaction(), sql.connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO `{name}` ({self.columns}, ver, pad) VALUES ({self.marks})",
                               [(*self.make(n), 0, "x" * rng.randrange(pad)) for n in numbers])

    def change_something(self, sql, rng, own, absent, version):
        """One random statement on a row whose number is of `own`; `absent` are those of them without a row."""
        kind = rng.random()
        if kind < 0.15 and absent:
            number = absent.pop(rng.randrange(len(absent)))
            sql(f"INSERT INTO `{self.name}` ({self.columns}, ver, pad) VALUES ({self.marks})", *self.make(number), version, "new")
            return
        number = rng.choice(own)
        if number in absent:
            return
        if kind < 0.30:
            sql(f"DELETE FROM `{self.name}` WHERE {self.where}", *self.make(number))
            absent.append(number)
        elif kind < 0.40 and absent:
            other = absent.pop(rng.randrange(len(absent)))
            sets = ", ".join(f"{column} = %s" for column in self.key)
            sql(f"UPDATE `{self.name}` SET {sets}, ver = %s WHERE {self.where}", *self.make(other), version, *self.make(number))
            absent.append(number)
        else:
            sql(f"UPDATE `{self.name}` SET ver = %s, pad = %s WHERE {self.where}", version, "y" * rng.randrange(self.pad), *self.make(number))


def writer(connect, tables, seed, number, of, most=10**9):
    """A worker for task.background(): random transactions on all tables until it is told to end."""

    def work(should_end):
        rng = random.Random(seed * 1000 + number)
        own = {table.name: [n for n in range(table.rows + 200) if n % of == number] for table in tables}
        absent = {table.name: [n for n in own[table.name] if n >= table.rows] for table in tables}
        version = 0
        with connect() as sql:
            while not should_end() and version < most:
                sql("BEGIN")
                for _ in range(rng.choice([1, 1, 1, 2, 5, 20])):
                    version += 1
                    table = rng.choice(tables)
                    table.change_something(sql, rng, own[table.name], absent[table.name], version)
                sql("COMMIT")
    return work
