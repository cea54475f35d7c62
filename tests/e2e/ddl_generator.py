"""Random DDL of MySQL 5.6, MySQL 9.7 and MariaDB 10.11, mostly valid. The server decides what is: what it refuses never happened.

The generator looks at the server's tables as they are (ddl_catalogue.Catalogue), keeps nothing itself but the settings of
its session, and writes each statement in one of the many ways in which it can be written.
"""

import re

import ddl_types
from ddl_types import CHARSETS, WORDS, Types

CLIENT_CHARSETS = {"utf8mb4": "utf-8", "utf8": "utf-8", "latin1": "latin-1", "gbk": "gbk", "sjis": "shift_jis", "big5": "big5"}
TABLES = ["t1", "t2", "t3", "T3", "orders", "order", "select", "a`b", "dot.ted", "ünï", "表", "縗", "with space", "it's", 'quo"te', "1st", "$d", "_gho", "x" * 64, "back\\slash"]
COLUMNS = ["a", "b", "c", "d", "e", "f", "Aa", "id", "name", "key", "order", "a`b", "x.y", "ünï", "表", "縗", "a b", "it's", 'q"q', "1a", "$", "comment", "first",
           "after", "column", "date", "value", "partition", "default", "index", "check", "period", "unique"]
SAFE = {"t1", "t2", "t3", "T3", "orders", "a", "b", "c", "d", "e", "f", "Aa", "id", "name", "$d", "_gho", "ünï", "表", "縗"}
MODES = ["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "STRICT_TRANS_TABLES", "ANSI", "PIPES_AS_CONCAT", "IGNORE_SPACE",
         "REAL_AS_FLOAT", "PAD_CHAR_TO_FULL_LENGTH", "ALLOW_INVALID_DATES", "HIGH_NOT_PRECEDENCE", "TRADITIONAL"]


TEMPORARY = re.compile(r"\bTEMPORARY\b", re.IGNORECASE)
RENAMES_OR_COPIES = re.compile(r"\b(RENAME|LIKE|SELECT)\b", re.IGNORECASE)


class Dialect:
    def __init__(self, version):
        self.is_mariadb = "MariaDB" in version
        self.is_56 = version.startswith("5.6")
        self.name = "mariadb-10.11" if self.is_mariadb else "mysql-5.6" if self.is_56 else "mysql-9.7"


class Generator(Types):
    """`fixed`: definitions that every created table has and no statement touches, name -> definition. `refuse`: of a
    statement's text, true for those that are not wanted."""

    def __init__(self, rng, dialect, databases, *, fixed=None, tables_max=14, with_databases=True, with_sessions=True, refuse=None):
        self.rng, self.dialect, self.databases = rng, dialect, list(databases)
        self.fixed = fixed or {}
        self.tables_max, self.with_databases, self.with_sessions = tables_max, with_databases, with_sessions
        self.is_refused = refuse or (lambda text: False)
        self.named = set()  # the tables that the last statement names
        self.temporary = set()  # names of tables that may be behind temporary ones
        self.database, self.sql_mode, self.charset_name = self.databases[0], "", "utf8mb4"
        self.catalogue = None

    # ---- how things are written

    def chance(self, probability):
        return self.rng.random() < probability

    def word(self, text):
        """Key words in one of the ways to write them."""
        kind = self.rng.random()
        if kind < 0.2:
            text = text.lower()
        elif kind < 0.25:
            text = "".join(self.rng.choice([c.upper(), c.lower()]) for c in text)
        if " " in text and self.chance(0.1):
            text = text.replace(" ", self.rng.choice(["  ", "\n", "\t", " /* x */ ", "/**/", " -- y\n", " # z\n", " /* ' */ "]))
        return text

    def comma(self):
        return self.rng.choice([",", ", ", ", ", " ,\n  ", ",/*,*/ "])

    def has_mode(self, mode):
        return mode in self.sql_mode.split(",") or mode == "ANSI_QUOTES" and "ANSI" in self.sql_mode.split(",")

    def quoted(self, name):
        if name in SAFE and self.chance(0.4):
            return name
        if self.has_mode("ANSI_QUOTES") and self.chance(0.5):
            return '"' + name.replace('"', '""') + '"'
        return "`" + name.replace("`", "``") + "`"

    def quoted_word(self, text):
        return self.rng.choice([text, text, f"'{text}'"])

    def literal(self, text, allow_hex=False):
        if allow_hex and self.chance(0.03) and text:
            return "x'" + text.encode("utf-8").hex() + "'"
        quote = '"' if not self.has_mode("ANSI_QUOTES") and self.chance(0.3) else "'"
        if not self.has_mode("NO_BACKSLASH_ESCAPES"):
            text = text.replace("\\", "\\\\")
            if quote in text and self.chance(0.5):
                return quote + text.replace(quote, "\\" + quote).replace("\n", "\\n") + quote
        return quote + text.replace(quote, quote * 2) + quote

    def name_of(self, key):
        database, table = key
        self.named.add(key)
        if database != self.database or self.chance(0.15):
            return self.quoted(database) + self.rng.choice([".", ".", " . "]) + self.quoted(table)
        return self.quoted(table)

    def dress(self, text):
        """Comments and the like around a statement."""
        kind = self.rng.random()
        if kind < 0.08:
            text = self.rng.choice(["/* why; */ ", "-- told\n", "# told\n", "  \n", "/*! */ ", "/*!50001*/ "]) + text
        elif kind < 0.16:
            text += self.rng.choice([" /* end */", " -- end", "\n", " # it's the end", "/*!50001 */", " /* ; */ "])
        return text

    def versioned(self, text):
        """Perhaps in a comment that this server reads, perhaps with one beside it that it doesn't."""
        kind = self.rng.random()
        if kind < 0.03:
            return f"/*!{text}*/"
        if kind < 0.06:
            return f"/*!{self.rng.choice(['50000', '50601', '40101'])} {text} */"
        if kind < 0.07 and self.dialect.is_mariadb:
            return f"/*M!100100 {text} */"
        if kind < 0.09:
            return text + (" /*M! nothing */" if not self.dialect.is_mariadb else " /*!99999 nothing */ /*!80000 nothing */")
        return text

    # ---- parts

    def tables(self):
        return list(self.catalogue.tables)

    def some_table(self):
        keys = self.tables()
        return self.catalogue.tables[self.rng.choice(keys)] if keys else None

    def new_table_key(self):
        database = self.database if self.chance(0.7) and self.database in self.catalogue.databases else self.rng.choice(list(self.catalogue.databases))
        return database, self.rng.choice(TABLES)

    def free_columns(self, table):
        return [column["name"] for column in table.columns if column["name"] not in self.fixed]

    def generated(self, text, columns):
        rng, w = self.rng, self.word
        columns = columns or ["a"]
        one = "`" + rng.choice(columns).replace("`", "``") + "`"
        expression = rng.choice([f"length({one})", f"concat({one}, ')', '('))", f"{one} + 1", f"coalesce({one}, 'x;y')", f"({one})", f"if({one} > 1, 'a', 'b')", f"upper({one})", f"{one} is null"])
        kinds = ["VIRTUAL", "STORED", ""] + (["PERSISTENT"] if self.dialect.is_mariadb else [])
        return f"{text} {w(rng.choice(['GENERATED ALWAYS AS', 'AS']))} ({expression}) {w(rng.choice(kinds))}"

    def attributes(self, kind, with_keys=True):
        rng, w = self.rng, self.word
        parts = []
        null = rng.random()
        if null < 0.3:
            parts.append(w("NOT NULL"))
        elif null < 0.45:
            parts.append(w("NULL"))
        if self.chance(0.35) and (default := self.default(kind)) is not None:
            if (kind in ("timestamp", "datetime")) and default.upper()[0] in "CNL" and "NULL" not in default.upper() and self.chance(0.5):
                parts.append(f"{w('DEFAULT')} {default} {w('ON UPDATE CURRENT_TIMESTAMP')}")
            else:
                parts.append(f"{w('DEFAULT')} {default}")
        if self.chance(0.1):
            parts.append(f"{w('COMMENT')} {self.literal(rng.choice(WORDS))}")
        if with_keys and kind not in ("text", "blob", "json", "geo", "vector") and self.chance(0.06):
            parts.append(w(rng.choice(["UNIQUE", "UNIQUE KEY", "PRIMARY KEY", "KEY"])))
        if with_keys and kind == "int" and self.chance(0.04):
            parts.append(w("AUTO_INCREMENT UNIQUE"))
        if kind in ("str", "text", "enum") and self.chance(0.05):
            parts.append(f"{w('COLLATE')} {self.collation()}")
        if not self.dialect.is_56 and self.chance(0.05):
            parts.append(w("INVISIBLE"))
        if self.chance(0.02):
            parts.append(w(rng.choice(["COLUMN_FORMAT DYNAMIC", "STORAGE DISK", "REFERENCES other (id)", "COLUMN_FORMAT DEFAULT"])))
        if not self.dialect.is_56 and self.chance(0.03):
            parts.append(f"{w('CHECK')} (1 > 0)")
        rng.shuffle(parts)
        return "".join(" " + part for part in parts)

    def definition(self, name, others=(), with_keys=True):
        """A column's definition, its name in front."""
        if self.chance(0.02):
            return f"{self.quoted(name)} {self.word('SERIAL')}"
        text, kind = self.column_type()
        if not self.dialect.is_56 and others and self.chance(0.08):
            return f"{self.quoted(name)} {self.generated(text, list(others))}"
        return f"{self.quoted(name)} {self.versioned(text)}{self.attributes(kind, with_keys)}"

    def key_part(self, name, kind=None):
        text = self.quoted(name)
        if kind in ("tinytext", "text", "mediumtext", "longtext", "blob", "tinyblob", "mediumblob", "longblob") or kind in ("varchar", "char") and self.chance(0.3):
            text += f"({self.rng.randint(1, 10)})"
        return text + self.rng.choice(["", "", "", self.word(" ASC"), self.word(" DESC")])

    def key(self, columns):
        """A key's definition. `columns`: name -> type or None."""
        rng, w = self.rng, self.word
        chosen = rng.sample(list(columns), min(len(columns), rng.choice([1, 1, 2, 3])))
        parts = "(" + self.comma().join(self.key_part(name, columns[name]) for name in chosen) + ")"
        if self.dialect.name == "mysql-9.7" and self.chance(0.1):
            parts = f"((length({self.quoted(chosen[0])})))" if self.chance(0.5) else f"({self.quoted(chosen[0])}, (1 + 1))"
        name = f" {self.quoted(rng.choice(['k1', 'k2', 'K2', 'uniq', 'by a', chosen[0]]))}" if self.chance(0.5) else ""
        kind = rng.random()
        using = w(rng.choice(["", "", " USING BTREE", " TYPE BTREE" if self.dialect.is_56 else " USING BTREE"]))
        if kind < 0.25:
            text = w(rng.choice(["PRIMARY KEY", "CONSTRAINT pk PRIMARY KEY", "CONSTRAINT PRIMARY KEY"])) + f" {parts}"
        elif kind < 0.55:
            front = rng.choice(["", "", "CONSTRAINT ", "CONSTRAINT c1 "])
            text = w(front) + w(rng.choice(["UNIQUE", "UNIQUE KEY", "UNIQUE INDEX"])) + f"{name}{using} {parts}"
        elif kind < 0.95:
            text = w(rng.choice(["KEY", "INDEX"])) + f"{name}{using} {parts}"
        else:
            text = w(rng.choice(["FULLTEXT", "FULLTEXT KEY", "SPATIAL INDEX"])) + f"{name} ({self.quoted(chosen[0])})"
        if self.chance(0.08):
            text += " " + w(rng.choice(["COMMENT 'k,)'", "KEY_BLOCK_SIZE 8", "KEY_BLOCK_SIZE = 8"]))
        return text

    def table_options(self):
        rng, w = self.rng, self.word
        options = []
        for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
            options.append(rng.choice([
                lambda: f"{w('ENGINE')} = InnoDB", lambda: f"{w(rng.choice(['DEFAULT CHARSET', 'CHARSET', 'CHARACTER SET', 'DEFAULT CHARACTER SET']))}{rng.choice([' ', '=', ' = '])}{self.charset()}",
                lambda: f"{w(rng.choice(['COLLATE', 'DEFAULT COLLATE']))}{rng.choice([' ', '='])}{self.collation()}", lambda: f"{w('COMMENT')} = {self.literal(rng.choice(WORDS))}",
                lambda: w("ROW_FORMAT = DYNAMIC"), lambda: w("AUTO_INCREMENT = 100"), lambda: w("STATS_PERSISTENT=0"), lambda: w("MAX_ROWS 1000"), lambda: w("ENGINE=MyISAM"),
                lambda: w("DEFAULT CHARSET=") + (name := self.charset()) + w(" COLLATE ") + rng.choice(CHARSETS.get(name, ["utf8mb4_bin"]))])())
        return "".join(rng.choice([" ", " ", ", "]) + option for option in options).lstrip(",")

    def partitioning(self, columns):
        rng, w = self.rng, self.word
        name = self.quoted(rng.choice(list(columns)))
        return " " + self.versioned(w("PARTITION BY ") + rng.choice([
            f"HASH ({name}) PARTITIONS 3", f"KEY ({name}) PARTITIONS 2", "KEY () PARTITIONS 2", f"LINEAR HASH({name}) PARTITIONS 2",
            f"RANGE ({name}) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (100) COMMENT 'p)', PARTITION pm VALUES LESS THAN MAXVALUE)",
            f"LIST ({name}) (PARTITION p0 VALUES IN (0, 1, 2), PARTITION p1 VALUES IN (NULL, 3, 4))",
            f"RANGE COLUMNS ({name}) (PARTITION p0 VALUES LESS THAN ('m'), PARTITION pm VALUES LESS THAN (MAXVALUE))"]))

    def define_fixed(self):
        return [f"`{name}` {definition}" for name, definition in self.fixed.items()]

    # ---- statements

    def create_head(self, key):
        replace = self.dialect.is_mariadb and self.chance(0.15)
        missing = "" if replace or not self.chance(0.3) else self.word(" IF NOT EXISTS")
        return self.word("CREATE OR REPLACE TABLE" if replace else "CREATE TABLE") + f"{missing} {self.name_of(key)}"

    def create_table(self):
        rng = self.rng
        names = rng.sample(COLUMNS, rng.choice([1, 2, 3, 4, 5, 8]))
        parts = [self.definition(name, names[:number]) for number, name in enumerate(names)]
        for extra in self.define_fixed():
            parts.insert(rng.randint(0, len(parts)), extra)
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            parts.append(self.key(dict.fromkeys(names)))
        if len(self.tables()) > 1 and self.chance(0.04):
            other = self.some_table()
            parts.append(f"{self.word('FOREIGN KEY')} ({self.quoted(names[0])}) {self.word('REFERENCES')} {self.name_of((other.database, other.name))} ({self.quoted(other.columns[0]['name'])})")
        text = f"{self.create_head(self.new_table_key())} ({self.comma().join(parts)}){self.table_options()}"
        if self.chance(0.12):
            text += self.partitioning(names)
        if self.dialect.is_mariadb and not self.fixed and self.chance(0.02):
            text += self.word(" WITH SYSTEM VERSIONING")
        return text

    def create_like(self):
        if not (other := self.some_table()):
            return self.create_table()
        name = self.name_of((other.database, other.name))
        like = self.word("LIKE ") + name
        return f"{self.create_head(self.new_table_key())} " + (f"({like})" if self.chance(0.2) else like)

    def create_select(self):
        rng, w = self.rng, self.word
        if not (other := self.some_table()):
            return self.create_table()
        name = self.name_of((other.database, other.name))
        own = [self.definition("extra")] if self.chance(0.4) else []
        if self.chance(0.2) and (names := self.free_columns(other)):
            own.append(self.definition(rng.choice(names)))
        own = [part for part in own if part]
        fields = "*"
        if not self.fixed and self.chance(0.5):
            fields = ", ".join(rng.choice([self.quoted(c["name"]), f"{self.quoted(c['name'])} AS {self.quoted('x' + c['name'][:20])}", f"concat({self.quoted(c['name'])}, 'é') AS y{n}",
                                           f"{n} AS n{n}", f"'text' AS s{n}", f"NOW() AS w{n}", f"{self.quoted(c['name'])} + 1.5 AS z{n}"]) for n, c in enumerate(other.columns[:4]))
        return (self.create_head(self.new_table_key()) + (f" ({', '.join(own)})" if own else "") + self.table_options() + w(rng.choice([" ", " AS ", " IGNORE ", " REPLACE AS "]))
                + w("SELECT ") + f"{fields} {w('FROM')} {name}")

    def position(self, table):
        kind = self.rng.random()
        if kind < 0.6 or not table.columns:
            return ""
        # Whether MySQL's own key stays in front of it hangs on a setting of the session that is not logged.
        if kind < 0.75 and (table.columns[0]["name"] != "my_row_id" or self.chance(0.05)):
            return self.word(" FIRST")
        return f"{self.word(' AFTER')} {self.quoted(self.rng.choice(table.columns)['name'])}"

    def clause(self, table):
        """One clause of an ALTER TABLE."""
        rng, w = self.rng, self.word
        columns = {column["name"]: column["type"] for column in table.columns if column["name"] not in self.fixed}
        names = list(columns) or ["a"]
        column_word = w(rng.choice(["", "", "COLUMN "]))
        exists = w("IF EXISTS ") if self.dialect.is_mariadb and self.chance(0.15) else ""
        missing = w("IF NOT EXISTS ") if self.dialect.is_mariadb and self.chance(0.15) else ""
        one = rng.choice(names)
        kind = rng.random()
        if kind < 0.20:
            return f"{w('ADD')} {column_word}{missing}{self.definition(rng.choice(COLUMNS), names)}{self.position(table)}"
        if kind < 0.23:
            added = rng.sample(COLUMNS, rng.randint(1, 3))
            parts = [self.definition(name, names) for name in added] + ([self.key(columns)] if columns and self.chance(0.2) else [])
            return f"{w('ADD')} {column_word}{missing}({self.comma().join(parts)})"
        if kind < 0.33:
            return f"{w('DROP')} {column_word}{exists}{self.quoted(one)}{w(rng.choice(['', '', '', ' RESTRICT', ' CASCADE']))}"
        if kind < 0.46:
            return f"{w('MODIFY')} {column_word}{exists}{self.definition(one, names)}{self.position(table)}"
        if kind < 0.55:
            new = rng.choice([one, *COLUMNS])
            return f"{w('CHANGE')} {column_word}{exists}{self.quoted(one)} {self.definition(new, names)}{self.position(table)}"
        if kind < 0.60 and not self.dialect.is_56:
            return f"{w('RENAME COLUMN')} {exists}{self.quoted(one)} {w('TO')} {self.quoted(rng.choice(COLUMNS))}"
        if kind < 0.69 and columns:
            return f"{w('ADD')} {self.key(columns)}"
        if kind < 0.75:
            indexes = [index["name"] for index in table.indexes] or ["k1"]
            index = rng.choice(indexes)
            if index == "PRIMARY" and self.chance(0.8):
                return w("DROP PRIMARY KEY")
            other = w("DROP CONSTRAINT ") if self.dialect.name != "mysql-5.6" and self.chance(0.2) else w(rng.choice(["DROP KEY ", "DROP INDEX "]))
            return f"{other}{exists}{self.quoted(index)}"
        if kind < 0.77 and not self.dialect.is_56 and table.indexes:
            return f"{w('RENAME')} {w(rng.choice(['INDEX', 'KEY']))} {self.quoted(rng.choice(table.indexes)['name'])} {w('TO')} {self.quoted(rng.choice(['k1', 'k2', 'uniq', 'r1']))}"
        if kind < 0.81:
            if self.chance(0.4):
                return f"{w('ALTER')} {column_word}{self.quoted(one)} {w('DROP DEFAULT')}"
            return f"{w('ALTER')} {column_word}{self.quoted(one)} {w('SET DEFAULT')} {rng.choice(['1', self.literal('a'), 'NULL'])}"
        if kind < 0.85:
            collate = f"{w(' COLLATE')} {self.collation()}" if self.chance(0.3) else ""
            name = w("DEFAULT") if self.chance(0.1) else self.quoted_word(self.charset())
            return f"{w('CONVERT TO')} {w(rng.choice(['CHARACTER SET', 'CHARSET']))} {name}{collate}"
        if kind < 0.89:
            return self.table_options().lstrip(" ,") or w("FORCE")
        if kind < 0.91:
            return f"{w('ORDER BY')} {self.quoted(one)}{w(rng.choice(['', ' DESC']))}"
        if kind < 0.93:
            return f"{w('RENAME')} {w(rng.choice(['', 'TO ', 'AS ', '= ']))}{self.name_of(self.new_table_key())}"
        if kind < 0.95 and not self.dialect.is_56:
            if self.dialect.is_mariadb:
                return rng.choice([f"{w('ALTER INDEX')} {self.quoted(rng.choice(table.indexes)['name']) if table.indexes else 'k1'} {w('IGNORED')}", w("ADD CONSTRAINT chk CHECK (1 < 2)"),
                                   w("DROP CONSTRAINT IF EXISTS chk")])
            return rng.choice([f"{w('ALTER INDEX')} {self.quoted(rng.choice(table.indexes)['name']) if table.indexes else 'k1'} {w('INVISIBLE')}",
                               f"{w('ALTER COLUMN')} {self.quoted(one)} {w(rng.choice(['SET INVISIBLE', 'SET VISIBLE']))}", w("ADD CONSTRAINT chk CHECK (1 < 2)"), w("DROP CHECK chk")])
        return w(rng.choice(["FORCE", "ENGINE = InnoDB", "ALGORITHM = COPY", "LOCK = DEFAULT", "DISABLE KEYS", "COMMENT 'x, ADD y int'", "ALGORITHM DEFAULT", "AUTO_INCREMENT 7", "ROW_FORMAT=COMPACT"]))

    def partition_clause(self, table):
        rng, w = self.rng, self.word
        if not table.partitions:
            return self.partitioning(self.free_columns(table) or ["a"])
        one = self.quoted(rng.choice(table.partitions))
        return w(rng.choice(["REMOVE PARTITIONING", f"DROP PARTITION {one}", f"TRUNCATE PARTITION {rng.choice([one, 'ALL'])}", f"REBUILD PARTITION {one}", "COALESCE PARTITION 1", f"ANALYZE PARTITION {one}",
                             "ADD PARTITION PARTITIONS 1", "ADD PARTITION (PARTITION px VALUES LESS THAN (1000))", "ADD PARTITION (PARTITION px VALUES IN (77))",
                             f"REORGANIZE PARTITION {one} INTO (PARTITION pa VALUES LESS THAN (5), PARTITION pb VALUES LESS THAN (10))", f"CHECK PARTITION {one}"]))

    def alter_head(self, table):
        w = self.word
        head = w("ALTER")
        if self.dialect.is_mariadb and self.chance(0.05):
            head += w(self.rng.choice([" ONLINE", " IGNORE"]))
        elif self.dialect.is_56 and self.chance(0.03):
            head += w(" IGNORE")
        head += w(" TABLE ")
        if self.dialect.is_mariadb and self.chance(0.05):
            head += w("IF EXISTS ")
        head += self.name_of((table.database, table.name))
        if self.dialect.is_mariadb and self.chance(0.03):
            head += w(self.rng.choice([" WAIT 5", " NOWAIT"]))
        return head

    def alter(self):
        if not (table := self.some_table()):
            return self.create_table()
        if self.chance(0.06):
            return f"{self.alter_head(table)} {self.partition_clause(table)}"
        clauses = [self.versioned(self.clause(table)) for _ in range(self.rng.choice([1, 1, 1, 2, 2, 3, 4]))]
        return f"{self.alter_head(table)} {self.comma().join(clauses)}"

    def create_index(self):
        rng, w = self.rng, self.word
        table = self.some_table()
        if not table or not self.free_columns(table):
            return self.create_table()
        columns = {column["name"]: column["type"] for column in table.columns if column["name"] not in self.fixed}
        chosen = rng.sample(list(columns), min(len(columns), rng.choice([1, 1, 2])))
        parts = self.comma().join(self.key_part(name, columns[name]) for name in chosen)
        missing = w("IF NOT EXISTS ") if self.dialect.is_mariadb and self.chance(0.2) else ""
        replace = w("OR REPLACE ") if self.dialect.is_mariadb and not missing and self.chance(0.1) else ""
        return (f"{w('CREATE')} {replace}{w(rng.choice(['', '', 'UNIQUE ', 'FULLTEXT ']))}{w('INDEX')} {missing}{self.quoted(rng.choice(['k1', 'i 2', 'uniq', 'i3']))} {w('ON')} "
                f"{self.name_of((table.database, table.name))} ({parts}){w(rng.choice(['', ' USING BTREE', ' ALGORITHM = COPY', ' LOCK = NONE']))}")

    def drop_index(self):
        table = self.some_table()
        if not table or not table.indexes:
            return self.alter()
        exists = self.word("IF EXISTS ") if self.dialect.is_mariadb and self.chance(0.2) else ""
        return f"{self.word('DROP INDEX')} {exists}{self.quoted(self.rng.choice(table.indexes)['name'])} {self.word('ON')} {self.name_of((table.database, table.name))}"

    def rename(self):
        w = self.word
        keys = self.tables()
        if not keys:
            return self.create_table()
        if len(keys) > 1 and self.chance(0.4):
            one, two = self.rng.sample(keys, 2)
            pairs = [(one, (one[0], "swap")), (two, one), ((one[0], "swap"), two)]
        else:
            pairs, now = [], self.rng.choice(keys)
            for _ in range(self.rng.choice([1, 1, 2, 3])):
                target = self.new_table_key()
                pairs.append((now, target))
                now = target if self.chance(0.5) else self.rng.choice(keys)
        exists = w("IF EXISTS ") if self.dialect.is_mariadb and self.chance(0.1) else ""
        return f"{w(self.rng.choice(['RENAME TABLE', 'RENAME TABLE', 'RENAME TABLES']))} {exists}" + self.comma().join(f"{self.name_of(a)} {w('TO')} {self.name_of(b)}" for a, b in pairs)

    def drop(self):
        keys = self.tables()
        chosen = self.rng.sample(keys, min(len(keys), self.rng.choice([1, 1, 2])))
        if self.chance(0.1) or not chosen:
            chosen.append(self.new_table_key())
        exists = self.word("IF EXISTS ") if self.chance(0.5) else ""
        names = self.comma().join(self.name_of(key) for key in chosen)
        return f"{self.word(self.rng.choice(['DROP TABLE', 'DROP TABLE', 'DROP TABLES']))} {exists}{names}{self.word(self.rng.choice(['', '', ' CASCADE', ' RESTRICT']))}"

    def truncate(self):
        if not (table := self.some_table()):
            return self.create_table()
        return f"{self.word(self.rng.choice(['TRUNCATE TABLE', 'TRUNCATE']))} {self.name_of((table.database, table.name))}"

    def database_statement(self):
        rng, w = self.rng, self.word
        name = rng.choice(self.databases)
        options = rng.choice(["", f" {w('CHARACTER SET')} {self.charset()}", f" {w('DEFAULT CHARACTER SET')} = {self.charset()}", f" {w('COLLATE')} {self.collation()}",
                              f" {w('DEFAULT CHARACTER SET')} utf8mb4 {w('COLLATE')} utf8mb4_bin"])
        if name not in self.catalogue.databases:
            return f"{w('CREATE')} {w(rng.choice(['DATABASE', 'SCHEMA']))} {w(rng.choice(['', 'IF NOT EXISTS ']))}{self.quoted(name)}{options}"
        kind = rng.random()
        if kind < 0.12 and name != self.databases[0]:
            return f"{w('DROP DATABASE')} {w(rng.choice(['', 'IF EXISTS ']))}{self.quoted(name)}"
        if kind < 0.2:
            return f"{w('CREATE DATABASE IF NOT EXISTS')} {self.quoted(name)}{options}"
        if kind < 0.25 and self.dialect.is_mariadb and name != self.databases[0]:
            return f"{w('CREATE OR REPLACE DATABASE')} {self.quoted(name)}{options}"
        named = self.quoted(name) if name != self.database or self.chance(0.7) else ""
        return f"{w('ALTER')} {w(rng.choice(['DATABASE', 'SCHEMA']))} {named}{options or w(' CHARACTER SET latin1')}"

    def noise(self):
        """Statements that no layout depends on, with words that may mislead."""
        rng, w = self.rng, self.word
        table = self.some_table()
        if not table:
            return self.create_table()
        name, view = self.name_of((table.database, table.name)), f"{self.quoted(table.database)}.v{rng.randint(1, 3)}"
        return rng.choice([
            f"{w('CREATE OR REPLACE VIEW')} {view} {w('AS SELECT 1 AS one')}", f"{w('DROP VIEW IF EXISTS')} {view}", f"{w('CREATE OR REPLACE ALGORITHM = MERGE VIEW')} {view} AS SELECT * FROM {name}",
            f"{w('ANALYZE TABLE')} {name}", f"{w('OPTIMIZE TABLE')} {name}", f"{w('FLUSH TABLES')}", f"{w('DROP TRIGGER IF EXISTS')} {self.quoted(table.database)}.tr1",
            f"{w('CREATE TRIGGER')} {self.quoted(table.database)}.tr1 {w('BEFORE DELETE ON')} {name} FOR EACH ROW BEGIN SET @a = 1; SET @b = 'ALTER TABLE x DROP y;'; END",
            f"{w('CREATE PROCEDURE')} {self.quoted(table.database)}.p1 () BEGIN DROP TABLE IF EXISTS t1; CREATE TABLE t1 (a int); END", f"{w('DROP PROCEDURE IF EXISTS')} {self.quoted(table.database)}.p1",
            f"{w('CREATE TEMPORARY TABLE IF NOT EXISTS')} {self.quoted(table.name)} (tmp INT)", f"{w('DROP TEMPORARY TABLE IF EXISTS')} {self.quoted(table.name)}",
            f"{w('CREATE TEMPORARY TABLE IF NOT EXISTS')} tmp1 (tmp INT, u VARCHAR(10))", f"{w('ALTER TABLE')} tmp1 ADD more INT", f"{w('DROP TEMPORARY TABLE IF EXISTS')} tmp1"])

    def note_temporary(self, made):
        if TEMPORARY.search(made):
            self.temporary |= {name for _, name in self.named}

    def is_shadowed(self, made):
        """The log does not show temporary tables. MariaDB logs it when one is renamed, as if it were the table of that name,
        and CREATE TABLE ... LIKE one is logged without its character set."""
        return any(name in self.temporary for _, name in self.named) and RENAMES_OR_COPIES.search(made)

    def session(self):
        """A statement that changes only the session. Also changes what this object knows of it."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.35 and self.catalogue.databases:
            self.database = rng.choice(list(self.catalogue.databases))
            return "USE `" + self.database.replace("`", "``") + "`"
        if kind < 0.6:
            self.sql_mode = rng.choice(MODES)
            return f"SET SESSION sql_mode = '{self.sql_mode}'"
        if kind < 0.85:
            self.charset_name = rng.choice(list(CLIENT_CHARSETS))
            collate = f" COLLATE {rng.choice(CHARSETS[self.charset_name])}" if self.chance(0.2) else ""
            return f"SET NAMES {self.charset_name}{collate}"
        options = [f"SET SESSION collation_server = {self.collation()}", f"SET SESSION collation_connection = {self.collation()}", "SET SESSION foreign_key_checks = 0",
                   f"SET SESSION character_set_server = {self.charset()}"]
        if not self.dialect.is_56:
            options.append(f"SET SESSION explicit_defaults_for_timestamp = {rng.randint(0, 1)}")
        if self.dialect.name == "mysql-9.7":
            options += [f"SET SESSION default_collation_for_utf8mb4 = {rng.choice(['utf8mb4_general_ci', 'utf8mb4_0900_ai_ci'])}",
                        f"SET SESSION sql_generate_invisible_primary_key = {rng.randint(0, 1)}"]
        return rng.choice(options)

    def statement(self, catalogue):
        """(bytes, is_session): the next statement, in the session's character set."""
        self.catalogue = catalogue
        if self.with_sessions and self.chance(0.08):
            text = self.session()
            return text.encode(), True
        crowd = len(self.tables()) / self.tables_max
        kinds = {self.create_table: 18 * max(0.1, 1 - crowd), self.create_like: 3, self.create_select: 3, self.alter: 55, self.create_index: 3, self.drop_index: 2, self.rename: 5,
                 self.drop: 3 + 15 * max(0, crowd - 0.6), self.truncate: 3, self.database_statement: 3 if self.with_databases else 0, self.noise: 4}
        while True:
            self.named = set()
            made = self.rng.choices(list(kinds), list(kinds.values()))[0]()
            if self.is_refused(made) or self.is_shadowed(made):
                continue
            self.note_temporary(made)
            try:
                return self.dress(made).encode(CLIENT_CHARSETS[self.charset_name]), False
            except UnicodeEncodeError:
                continue  # a name that this session can't write


__all__ = ["CLIENT_CHARSETS", "Dialect", "Generator", "ddl_types"]
