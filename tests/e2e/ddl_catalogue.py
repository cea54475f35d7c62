"""What a server says of its own tables, in the form in which the tracker's tables are told: the judge of the tracker.

Read with plain SQL from information_schema and nothing of ours.
"""

import re

NULLABLE_NUMBERS = ("NUMERIC_PRECISION", "NUMERIC_SCALE", "DATETIME_PRECISION", "CHARACTER_MAXIMUM_LENGTH")
GEOMETRIES = {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
              "geometrycollection", "geomcollection"}
ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "\\": "\\"}


def as_text(value):
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def labels(declared):
    """Of ENUM or SET, from COLUMN_TYPE."""
    found = []
    for quoted in re.findall(r"'((?:[^'\\]|''|\\.)*)'", declared[declared.index("("):], re.DOTALL):
        found.append(re.sub(r"''|\\([0nr\\])", lambda m: ESCAPES[m[1]] if m[1] else "'", quoted))
    return found


def column(row):
    """What has to be equal. Numbers only where they say something of the type."""
    kind = row["DATA_TYPE"].lower()
    declared = row["COLUMN_TYPE"]
    made = {
        "name": row["COLUMN_NAME"], "type": "geometry" if kind in GEOMETRIES else kind, "declared": declared,
        "nullable": row["IS_NULLABLE"] == "YES",
        "unsigned": "unsigned" in declared.lower() and kind not in ("enum", "set"),
        "generated": re.search(r"\b(VIRTUAL|STORED|PERSISTENT)\b", row["EXTRA"]) is not None,
        "charset": row["CHARACTER_SET_NAME"] or "", "collation": row["COLLATION_NAME"] or "",
    }
    if kind == "decimal":
        made["precision"], made["scale"] = int(row["NUMERIC_PRECISION"]), int(row["NUMERIC_SCALE"])
    elif kind in ("time", "datetime", "timestamp"):
        made["fraction_digits"] = int(row["DATETIME_PRECISION"] or 0)
    elif kind == "bit":
        made["length"] = int(row["NUMERIC_PRECISION"])
    elif kind in ("char", "binary", "varchar", "varbinary"):
        made["length"] = int(row["CHARACTER_MAXIMUM_LENGTH"])
    elif kind in ("enum", "set"):
        made["labels"] = labels(declared)
    return made


class Table:
    """A table as the server describes it. `told` is what the tracker has to know; the rest is for the generator."""

    def __init__(self, database, name, collation):
        self.database, self.name, self.collation = database, name, collation
        self.columns, self.indexes = [], []
        self.extra = {}        # column -> EXTRA
        self.partitions = []   # names, in order
        self.method = ""       # of partitioning
        self.checks = []

    @property
    def told(self):
        by_name = {one["name"].lower(): one for one in self.columns}  # an index keeps the case in which it was defined
        # Unique keys by name, without case in ASCII only: that order is kept everywhere.
        ordered = sorted(self.indexes, key=lambda index: (not index["primary"], "".join(c.lower() if c.isascii() else c for c in index["name"]).encode()))
        keys = [index for index in ordered if index["unique"] and not any(index["prefixes"]) and not index["functional"]]
        identity = next((key["columns"] for key in keys if key["primary"] or not any(by_name[c.lower()]["nullable"] for c in key["columns"])), [])
        return {"collation": self.collation, "columns": self.columns, "partitioned": bool(self.partitions),
                "indexes": sorted(self.indexes, key=lambda index: index["name"]),
                "keys": [key["name"] for key in keys], "identity": identity}

    def column(self, name):
        return next((one for one in self.columns if one["name"] == name), None)


class Catalogue:
    """All base tables of some databases at one moment."""

    def __init__(self, sql, databases):
        names = ", ".join("'" + name.replace("\\", "\\\\").replace("'", "''") + "'" for name in databases)

        def ask(fields, source, order="", where=""):
            columns = [field.strip() for field in fields.split(",")]
            return [dict(zip(columns, map(as_text, row))) for row in sql(
                f"SELECT {fields} FROM information_schema.{source} WHERE TABLE_SCHEMA IN ({names}) {where} {order}")]

        self.databases = {as_text(name): as_text(collation) for name, collation in sql(
            f"SELECT SCHEMA_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN ({names}) ORDER BY SCHEMA_NAME")}
        self.tables = {(row["TABLE_SCHEMA"], row["TABLE_NAME"]): Table(row["TABLE_SCHEMA"], row["TABLE_NAME"], row["TABLE_COLLATION"])
                       for row in ask("TABLE_SCHEMA, TABLE_NAME, TABLE_COLLATION", "TABLES", "ORDER BY TABLE_SCHEMA, TABLE_NAME",
                                      "AND TABLE_TYPE <> 'VIEW' AND ENGINE IS NOT NULL")}
        for row in ask("TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_SET_NAME, COLLATION_NAME, EXTRA, "
                       + ", ".join(NULLABLE_NUMBERS), "COLUMNS", "ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION"):
            if table := self.tables.get((row["TABLE_SCHEMA"], row["TABLE_NAME"])):
                table.columns.append(column(row))
                table.extra[row["COLUMN_NAME"]] = row["EXTRA"]
        for row in ask("TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART", "STATISTICS",
                       "ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME = 'PRIMARY' DESC, INDEX_NAME, SEQ_IN_INDEX"):
            if not (table := self.tables.get((row["TABLE_SCHEMA"], row["TABLE_NAME"]))):
                continue
            if not table.indexes or table.indexes[-1]["name"] != row["INDEX_NAME"]:
                table.indexes.append({"name": row["INDEX_NAME"], "primary": row["INDEX_NAME"] == "PRIMARY", "unique": row["NON_UNIQUE"] == "0",
                                      "functional": False, "columns": [], "prefixes": []})
            index = table.indexes[-1]
            if row["COLUMN_NAME"] is None:
                index["functional"] = True
            else:
                index["columns"].append(row["COLUMN_NAME"])
                index["prefixes"].append(int(row["SUB_PART"] or 0))
        for row in ask("TABLE_SCHEMA, TABLE_NAME, PARTITION_NAME, PARTITION_METHOD", "PARTITIONS", "ORDER BY PARTITION_ORDINAL_POSITION",
                       "AND PARTITION_NAME IS NOT NULL"):
            if table := self.tables.get((row["TABLE_SCHEMA"], row["TABLE_NAME"])):
                if row["PARTITION_NAME"] not in table.partitions:
                    table.partitions.append(row["PARTITION_NAME"])
                table.method = row["PARTITION_METHOD"]
        # MySQL 5.6 and MariaDB take statements that leave a table they can't open again; they say nothing of its columns then.
        self.unreadable = {key for key, table in self.tables.items() if not table.columns}
        for key in self.unreadable:
            del self.tables[key]
