"""Binlog files as `tributary binlog` and as the server's own tool read them."""

import json
import os
import pathlib
import re
import shutil
import subprocess

from servers import BIN

# What the servers' tools call an event, by the beginning of their line.
CLIENT_NAMES = [
    ("Start: binlog", "Format_desc"), ("Gtid list", "Gtid_list"), ("Binlog checkpoint", "Binlog_checkpoint"),
    ("Previous-GTIDs", "Previous_gtids"), ("GTID 0x", "Gtid"), (r"GTID \d+-\d+-\d+", "Gtid (MariaDB)"), ("GTID\t", "Gtid"),
    ("Anonymous_GTID", "Anonymous_gtid"), ("Annotate_rows", "Annotate_rows"), ("Table_map", "Table_map"),
    ("Write_rows_v1", "Write_rows_v1"), ("Update_rows_v1", "Update_rows_v1"), ("Delete_rows_v1", "Delete_rows_v1"),
    ("Write_rows", "Write_rows"), ("Update_rows_partial", "Update_rows_partial"), ("Update_rows", "Update_rows"), ("Delete_rows", "Delete_rows"),
    ("Write_compressed_rows", "Write_rows_compressed"), ("Update_compressed_rows", "Update_rows_compressed"), ("Delete_compressed_rows", "Delete_rows_compressed"),
    ("Query_compressed", "Query_compressed"), ("Query", "Query"), ("Rows_query", "Rows_query"), ("Xid", "Xid"), ("Rotate", "Rotate"),
    ("Intvar", "Intvar"), ("User_var", "User_var"), ("Rand", "Rand"), ("Begin_load_query", "Begin_load_query"), ("Append_block", "Append_block"),
    ("Execute_load_query", "Execute_load_query"), ("Delete_file", "Delete_file"), ("Stop", "Stop"), ("XA PREPARE", "XA_prepare"), ("XA COMMIT", "XA_prepare"), ("XID = ", "XA_prepare"),
    ("Ignorable", "Ignorable"),  # MariaDB's tool, of MySQL's GTIDs
    ("Transaction_Payload", "Transaction_payload"), ("Transaction_payload", "Transaction_payload"), ("Incident", "Incident"),
]


def tool(*arguments, stdin=None):
    return subprocess.run([BIN / "tributary", "binlog", *map(str, arguments)], input=stdin, capture_output=True, timeout=300,
                          stdin=subprocess.DEVNULL if stdin is None else None)


def events(path, *more):
    """Every event of a whole file, as objects."""
    done = tool(path, "--json", *more)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def outline(path):
    """(begin, end, type) of the events in the file itself."""
    return [(e["position"], e["end_position"], e["type"]) for e in events(path, "--no-rows") if "payload_offset" not in e]


def rows_of(found, table=None):
    """(type, row) of all rows, in order."""
    return [(e["type"], row) for e in found for row in e.get("rows", []) if table is None or e["body"]["table"] == table]


def mysql_client():
    """mysqlbinlog of the downloaded MySQL 9.7, or None."""
    cache = pathlib.Path(os.environ.get("TRIBUTARY_CACHE") or pathlib.Path.home() / ".cache/tributary")
    root = cache / "mysql-9.7-sid" / "root"
    libraries = root / "usr/lib/x86_64-linux-gnu"
    program = root / "usr/bin/mysqlbinlog"
    return [libraries / "ld-linux-x86-64.so.2", "--library-path", libraries, program] if program.exists() else None


def mariadb_client():
    found = shutil.which("mariadb-binlog")
    return [found] if found else None


class ByClient:
    """The same file through the server's own tool: where events begin, what is said of them, the number of row changes."""

    def __init__(self, client, path):
        done = subprocess.run([*client, "--no-defaults", "-vv", "--base64-output=DECODE-ROWS", path], capture_output=True, timeout=300)
        self.code, self.said = done.returncode, done.stderr.decode(errors="replace")
        self.begins, self.outline, self.rows = [], [], 0
        at = []  # places told without more so far: the tools hold back what they say of some events, or never say it
        for line in done.stdout.decode(errors="replace").splitlines():
            if match := re.fullmatch(r"# at (\d+)", line):
                at.append(int(match[1]))
                if at[-1] not in self.begins[-1:]:  # inner events of a payload stand at one place
                    self.begins.append(at[-1])
            elif at and (match := re.match(r"#\d{6} +\d+:\d\d:\d\d server id +\d+ +end_log_pos (\d+) +(?:CRC32 0x[0-9a-f]+ +)?\t?(.*)", line)):
                before = [place for place in at if place < int(match[1])]
                if before:
                    self.outline.append((before[-1], int(match[1]), named(match[2].lstrip())))
                at = [place for place in at if place >= int(match[1])]
            elif self.outline and self.outline[-1][2] == "? " and line.startswith("#"):  # its name stands on the next line
                self.outline[-1] = (*self.outline[-1][:2], named(line[1:]))
            elif line.startswith(("### INSERT INTO ", "### UPDATE ", "### DELETE FROM ")):
                self.rows += 1


def named(text):
    for pattern, name in CLIENT_NAMES:
        if re.match(pattern, text):
            return name
    return f"? {text}"
