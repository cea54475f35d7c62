"""Runs of `tributary verify` with what they tell, and differences put into a topic on purpose."""

import io
import json
import subprocess
import sys
from dataclasses import dataclass

import confluent_kafka
import fastavro

from records import PREFIX, SCHEMA, decode
from servers import BIN


@dataclass
class Verified:
    code: int
    lines: list
    peak_rss_mib: float
    errors: str

    @property
    def summary(self):
        assert self.lines and self.lines[-1].get("event") == "summary", f"exit code {self.code}: {self.lines[-3:]} {self.errors}"
        return self.lines[-1]

    @property
    def differences(self):
        return [line for line in self.lines if line.get("event") == "difference"]

    def table(self, name):
        return next(table for table in self.summary["tables"] if table["table"] == name)

    def assert_equal(self):
        assert self.code == 0 and self.summary["equal"] and not self.differences, f"{self.differences[:5]}\n{self.summary}\n{self.errors}"
        assert sum(table["still_changing"] for table in self.summary["tables"]) == 0, self.summary
        return self

    def kinds(self):
        """(kind, key's values) of each difference, sorted."""
        return sorted((one["kind"], tuple(one["key"].values())) for one in self.differences)


# A process counts the memory of the one it was forked from as its own peak, and a test's is large: so a small one is put
# between the two, which tells the peak as the last line on standard error.
MEASURED = """
import os, sys
_, status, usage = os.wait4(os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:]), 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def verify(task, *options):
    """Runs it to its end. The memory is what the kernel says it needed at most."""
    done = subprocess.run([sys.executable, "-S", "-c", MEASURED, BIN / "tributary", "verify", task.file, "--json", *options],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=540)
    *errors, peak_kib = done.stderr.splitlines()
    return Verified(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], int(peak_kib) / 1024, "\n".join(errors))


def verify_text(task, *options):
    done = subprocess.run([BIN / "tributary", "verify", task.file, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


def first_record(brokers, topic, wanted=lambda record: record.op == "INIT"):
    """The first record that is wanted; the topic holds one."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": brokers, "group.id": "plant", "isolation.level": "read_committed"})
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    try:
        while True:
            for message in consumer.consume(100, 5):
                if message.error() is None and wanted(record := decode(message.partition(), message.offset(), message.key(), message.value())):
                    return record
    finally:
        consumer.close()


class Planter:
    """Writes records of its own behind those of a task. `like` is a record of the table, whose form they take."""

    def __init__(self, brokers, topic, like, key):
        self.topic, self.like, self.key = topic, like, key
        self.names = list(like.types)
        self.producer = confluent_kafka.Producer({"bootstrap.servers": brokers, "queue.buffering.max.messages": 100000, "enable.idempotence": True})

    def image(self, values):
        """Values by column in the form of the record `like`; None is NULL."""
        items = []
        for name in self.names:
            branch, content = self.like.branches[name]
            value = values[name]
            if value is None:
                items.append(None)
            elif isinstance(content, dict) and "value" in content:
                encoded = str(value) if branch == "Integer" else value.encode() if branch == "Character" else value
                items.append((PREFIX + branch, {**content, "value": encoded}))
            else:
                items.append((PREFIX + branch, value))
        return items

    def send(self, op, before=None, after=None, id=1, server_id=None, partition=0):
        raw = dict(self.like.raw)
        raw["operation"] = op
        raw["id"] = id
        raw["sourcePosition"] = raw["safeSourcePosition"] = f"{10**12}@{self.like.position[0]}"  # behind all of the task's
        raw["tags"] = {name: value for name, value in raw["tags"].items() if name != "server_id"}
        if server_id is not None:
            raw["tags"]["server_id"] = str(server_id)
        raw["fields"] = [part[1] if isinstance(part, tuple) else part for part in raw["fields"]]
        raw["beforeImages"] = self.image(before) if before else None
        raw["afterImages"] = self.image(after) if after else None
        out = io.BytesIO()
        fastavro.schemaless_writer(out, SCHEMA, raw)
        key = json.dumps([self.like.db, self.like.table, *[(after or before)[column] for column in self.key]], ensure_ascii=False, separators=(",", ":"))
        self.producer.produce(self.topic, out.getvalue(), key.encode(), partition=partition)

    def flush(self):
        assert self.producer.flush(60) == 0

