"""The schema tracker as a process: fed with Query events, it tells what became of the tables (tests/e2e/track_statements.cc)."""

import json
import subprocess

from servers import BIN


class Tracker:
    """`tables`: (database, table) -> what the tracker holds, kept up from what it says changed."""

    def __init__(self, traits):
        self.process = subprocess.Popen([BIN / "track_statements"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.tables, self.databases = {}, {}
        self.ask(traits=traits)

    def ask(self, **message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"track_statements ended with {self.process.wait()} at {json.dumps(message)[:2000]}"
        answer = json.loads(line)
        assert "error" not in answer, answer
        for database, table in answer.get("gone", ()):
            del self.tables[database, table]
        for database, table, told in answer.get("changed", ()):
            self.tables[database, table] = told
        self.databases = answer.get("databases", self.databases)
        return answer

    def put(self, key, told):
        self.ask(put={"database": key[0], "table": key[1], **told})

    def remove(self, key):
        self.ask(remove={"database": key[0], "table": key[1]})

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
