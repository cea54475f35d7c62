"""Chaos: a task over a fleet of shards, a random workload, random faults from a seeded schedule, and at the end an independent reader that compares
the topic with the source: nothing lost, nothing stale, each row's changes in order; delivered exactly once, nothing twice.

A failure prints the seed and keeps the evidence: servers' folders, the task's state and log, the topic's records.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import fold  # noqa: E402
import source  # noqa: E402
import workload  # noqa: E402
from proxy import Proxy  # noqa: E402
from servers import Lab  # noqa: E402
from task import Task, background  # noqa: E402
from topic import Topic  # noqa: E402

WRITERS = 3
SERVERS = 2
DATABASE = "chaos"


def say(text):
    print(f"chaos: {time.strftime('%H:%M:%S')} {text}", flush=True)


class Supervised:
    """The task, started again whenever a fault has ended it. That it ends by itself is a failure."""

    def __init__(self, task):
        self.task = task
        self.run = task.start()
        self.lock = threading.Lock()
        self.problem = None

    def check(self):
        with self.lock:
            if self.run.process.poll() is not None and not self.problem:
                self.problem = self.run.story()
        return self.problem

    def kill(self):
        with self.lock:
            self.run.process.kill()
            self.run.wait()
            self.run = self.task.start()

    def signal(self, number):
        with self.lock:
            if self.run.process.poll() is None:
                self.run.process.send_signal(number)

    def stop(self):
        with self.lock:
            if self.run.process.poll() is None:
                self.run.wait_for_new_lines(1)  # a process that is only just starting ends by the signal itself
                self.run.stop(120)


class Kills:
    """SIGKILL at any moment, and nothing else."""

    def __init__(self, supervised, rng):
        self.task, self.rng = supervised, rng
        self.counted = collections.Counter()

    def once(self):
        time.sleep(self.rng.uniform(0.05, 1.2))
        is_done = any(line["snapshot_done"] for line in self.task.run.lines)
        self.task.kill()
        self.counted["killed behind the snapshot" if is_done else "killed in the snapshot"] += 1


class Faults:
    """Each method is a fault, from its beginning to its end."""

    def __init__(self, lab, supervised, proxies, rng):
        self.lab, self.task, self.proxies, self.rng = lab, supervised, proxies, rng
        self.counted = collections.Counter()

    def some_time(self, most):
        time.sleep(self.rng.uniform(0.05, most))

    def task_killed(self):
        self.task.kill()

    def task_stopped(self):
        self.task.signal(signal.SIGSTOP)
        self.some_time(6)
        self.task.signal(signal.SIGCONT)

    def server_killed(self):
        number = self.rng.randrange(SERVERS)
        self.lab.server("stop", number, "--kill")
        self.some_time(2)
        self.lab.server("start", number)

    def server_restarted(self):
        number = self.rng.randrange(SERVERS)
        self.lab.server("stop", number)
        self.lab.server("start", number)

    def server_stopped(self):
        number = self.rng.randrange(SERVERS)
        pid = int(next(pathlib.Path(self.lab.storage[number]["dir"]).glob("**/*.pid")).read_text())
        os.kill(pid, signal.SIGSTOP)
        self.some_time(4)
        os.kill(pid, signal.SIGCONT)

    def broker_killed(self):
        self.lab.broker("stop", "--kill")
        self.some_time(2)
        self.lab.broker("start")

    def broker_restarted(self):
        self.lab.broker("stop")
        self.lab.broker("start")

    def source_cut(self):
        self.rng.choice(self.proxies).cut()

    def source_half_open(self):
        proxy = self.rng.choice(self.proxies)
        proxy.frozen.set()
        self.some_time(8)
        if self.rng.random() < 0.5:
            proxy.cut()
        proxy.frozen.clear()

    def source_slow(self):
        proxy = self.rng.choice(self.proxies)
        proxy.delay_s = self.rng.uniform(0.01, 0.2)
        self.some_time(5)
        proxy.delay_s = 0

    # Those that take long are rare.
    CHANCES = {"task_killed": 8, "task_stopped": 3, "server_killed": 3, "server_restarted": 1, "server_stopped": 3, "broker_killed": 2,
               "broker_restarted": 1, "source_cut": 8, "source_half_open": 3, "source_slow": 2}

    def once(self):
        self.some_time(3)
        name = self.rng.choices(list(self.CHANCES), self.CHANCES.values())[0]
        getattr(self, name)()
        self.counted[name] += 1


def check(lab, shards, topic, delivery):
    """Record by record, since half an hour of them does not fit into memory."""
    repeats, versions, once = fold.Repeats(), fold.Versions(["id"], "ver"), fold.Once({table: ["id"] for table in workload.TABLES})
    last = {table: {} for table in workload.TABLES}
    count = 0
    for record in topic.stream():
        if record.db != DATABASE:
            continue
        count += 1
        if repeats.is_one(record):
            continue
        if delivery == "exactly_once":
            once.check(record)
        if record.op == "DDL":
            continue
        versions.check(record)
        if record.before is not None:
            last[record.table].pop((record.before["id"],), None)
        if record.after is not None:
            last[record.table][record.after["id"],] = record.after
    assert not (repeats.count and delivery == "exactly_once"), f"{repeats.count} changes were delivered again"
    compared = 0
    for table in workload.TABLES:
        rows = []
        for shard in shards:
            with lab.sql(shard.server) as sql:
                rows += source.rows(sql, shard.database, table)
        wrong = fold.difference(fold.by_key(rows, ["id"]), last[table])
        assert not wrong, f"{table}: {wrong}"
        compared += len(rows)
    return count, compared, repeats.count


def evidence(lab, folder, topic, kept):
    """Binlogs and logs of the servers, the task's state and log, and the topic's records."""
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept)
    for place in lab.dir.glob("**/*"):
        if place.is_file() and (place.name.startswith("mysql-bin.") or place.suffix in (".log", ".err")):
            target = kept / place.relative_to(lab.dir)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(place, target)
    with open(kept / "records.jsonl", "w") as file:
        for record in topic.stream():
            image = [record.offset, record.op, record.id, record.name, record.position, record.before, record.after, record.statement]
            file.write(json.dumps(image, default=repr) + "\n")


def run(seed, minutes, kills, rows, delivery, keep):
    rng = random.Random(f"{seed} {delivery}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tributary-chaos."))
    faults = None
    try:
        with Lab(instances=SERVERS, front=False, kafka="auto") as lab, contextlib.ExitStack() as afterwards:
            if delivery == "exactly_once" and not lab.is_real_kafka:
                say("exactly once needs a real Kafka, which can't be had here: left out")
                return None
            shards = [workload.Shard(lab, server, f"{DATABASE}_{place}") for place in range(2) for server in range(SERVERS)]
            workload.create(lab, shards, rows)
            lab.create_topic(DATABASE)
            topic = Topic(lab.brokers, DATABASE, forgets=not lab.is_real_kafka, keeps=not lab.is_real_kafka)
            kept = pathlib.Path(keep) / f"{delivery}-{seed}"

            def keep_evidence(kind, error, _):
                if kind is None:
                    return
                say(f"FAILED: seed {seed}, {delivery}, {sum(faults.counted.values()) if faults else 0} faults; evidence in {kept}\n{kind.__name__}: {error}")
                try:
                    evidence(lab, folder, topic, kept)
                except Exception as error:  # noqa: BLE001 - the failure itself is what matters
                    say(f"not all of the evidence could be kept: {error!r}")

            afterwards.push(keep_evidence)
            proxies = [Proxy(one["host"], one["port"]) for one in lab.storage]
            login = lab.storage[0]
            task = Task(folder, DATABASE, {
                "engine": "mysql-shards", "user": login["user"], "password": login["password"],
                "shards": [{"host": proxy.host, "port": proxy.port} for proxy in proxies],
                "databases": {DATABASE: {"physical": [f"{DATABASE}_*"]}}}, {DATABASE: "all"}, lab.brokers, DATABASE,
                destination__delivery=delivery, tuning__chunk_rows=100)
            writers = [workload.Writer(lab, shards, seed, number, WRITERS, rows) for number in range(WRITERS)]
            alterer = workload.Alterer(lab, shards, seed)
            until = time.monotonic() + 60 * minutes
            with background(*writers, *([] if kills else [alterer])) as ending:
                supervised = Supervised(task)
                # Before there is any state, what can't be reached is told at once and not waited for.
                supervised.run.wait_until(lambda line: line["phase"] in ("snapshot", "streaming"), 120)
                faults = Kills(supervised, rng) if kills else Faults(lab, supervised, proxies, rng)
                told = time.monotonic()
                while (sum(faults.counted.values()) < kills if kills else time.monotonic() < until) and not supervised.check():
                    faults.once()
                    if time.monotonic() - told > 30:
                        told = time.monotonic()
                        say(f"{sum(faults.counted.values())} faults, {sum(w.done for w in writers)} transactions, {alterer.done} statements, {topic.count} records")
                ending.set()
            problem = supervised.check()
            assert not problem, f"the task ended by itself:\n{problem}"
            supervised.stop()
            if not kills:
                workload.touch(lab, shards)
            task.catch_up(300)
            records, rows, repeats = check(lab, shards, topic, delivery)
            topic.close()
            for proxy in proxies:
                proxy.close()
            result = {"delivery": delivery, "seed": seed, "faults": sum(faults.counted.values()), "by_kind": dict(faults.counted),
                      "transactions": sum(w.done for w in writers), "across_servers": sum(w.xa for w in writers), "statements": alterer.done,
                      "records": records, "rows_compared": rows, "repeats": repeats, "lost": 0, "stale": 0, "out_of_order": 0}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return result


def main():
    parser = argparse.ArgumentParser(prog="./dev chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3, help="of faults, for each delivery (3)")
    parser.add_argument("--kills", type=int, default=0, help="instead of all faults: kill the task so many times, in the snapshot of large tables under writers")
    parser.add_argument("--rows", type=int, help="of each of the two tables (400; with --kills 200,000)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31), help="of the schedule and the workload (random, and printed)")
    parser.add_argument("--delivery", choices=["exactly_once", "at_least_once", "both"], default="both")
    parser.add_argument("--keep", default="build/chaos", help="where the evidence of a failure goes (build/chaos)")
    parser.add_argument("--json", action="store_true", help="the results as JSON lines")
    arguments = parser.parse_args()
    deliveries = ["exactly_once", "at_least_once"] if arguments.delivery == "both" else [arguments.delivery]
    for delivery in deliveries:
        say(f"seed {arguments.seed}, {delivery}, {f'{arguments.kills} kills' if arguments.kills else f'{arguments.minutes:g} minutes'}")
        rows = arguments.rows or (200_000 if arguments.kills else 400)
        result = run(arguments.seed, arguments.minutes, arguments.kills, rows, delivery, arguments.keep)
        if result is None:
            continue
        if arguments.json:
            print(json.dumps(result))
            continue
        kinds = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(result["by_kind"].items()))
        say(f"{delivery}: {result['faults']} faults ({kinds})")
        say(f"{delivery}: {result['transactions']:,} transactions, {result['across_servers']:,} of them across servers, {result['statements']} statements on all shards; "
            f"{result['records']:,} records, {result['rows_compared']:,} rows compared: 0 lost, 0 stale, 0 out of order, {result['repeats']:,} repeated")


if __name__ == "__main__":
    main()
