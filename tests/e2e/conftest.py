"""Fixtures of the end-to-end tests: real servers, a real broker where it can be had, and a decoder that is not ours.

A test file shares one lab: two MariaDB servers, the PolarDB-X 1.0 front, a broker. Its tests use databases, topics and
tasks of their own on it. Who breaks servers starts a lab of its own.

Environment: TRIBUTARY_BIN (default build/dev/bin), SEED (repeats a run), TRIBUTARY_E2E_KEEP (leave the folders),
TRIBUTARY_E2E_LAB (folder of a running lab to use instead, for the quick round while writing a test).
"""

import itertools
import json
import os
import pathlib
import random
import re
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

try:
    import confluent_kafka  # noqa: F401
    import fastavro  # noqa: F401
    import pymysql  # noqa: F401
except ModuleNotFoundError as missing:
    MISSING = f"{missing.name} is not installed (tests/requirements.txt): the end-to-end tests can't run"
    print(f"SKIPPED: {MISSING}", file=sys.stderr)
else:
    MISSING = ""
    from servers import BIN, Lab, LabUnavailable
    from task import Task, mysql_source, polardbx10_source
    from topic import Topic

if MISSING:
    class NotRun(pytest.Item):
        def runtest(self):
            pytest.skip(MISSING)

    class NotRunFile(pytest.File):
        def collect(self):
            yield NotRun.from_parent(self, name="all")

    def pytest_pycollect_makemodule(module_path, parent):
        """Only for files that stand on the modules beside this one; others in this folder need no packages."""
        is_ours = re.search(r"^(import|from) (fold|servers|task)\b", module_path.read_text(), re.MULTILINE)
        return NotRunFile.from_parent(parent, path=module_path) if is_ours else None


@pytest.fixture(scope="session")
def binaries():
    for name in ("tributary", "tributary-lab"):
        if not (BIN / name).exists():
            pytest.fail(f"{BIN / name} is not built")
    return BIN


@pytest.fixture(scope="session")
def lab(binaries):
    if "TRIBUTARY_E2E_LAB" in os.environ:
        running = Lab()
        running.dir = pathlib.Path(os.environ["TRIBUTARY_E2E_LAB"]).parent
        running.info = json.loads((running.dir / "lab" / "lab.json").read_text())
        yield running
        return
    with Lab() as started:
        if not started.is_real_kafka:
            print("REAL KAFKA CAN'T BE HAD: these tests ran on librdkafka's mock broker", file=sys.stderr)
        yield started


@pytest.fixture
def own_lab(binaries):
    """Starts labs that a test may break; keyword arguments are Lab's."""
    labs = []

    def start(**settings):
        labs.append(Lab(**settings))
        try:
            return labs[-1].__enter__()
        except LabUnavailable as reason:
            pytest.skip(str(reason))

    yield start
    for one in labs:
        one.__exit__()


@pytest.fixture
def seeded():
    """A random generator whose seed is printed."""
    seed = int(os.environ.get("SEED") or random.randrange(2**32))
    print(f"SEED={seed}")
    return random.Random(seed)


class Case:
    """What one test uses on a lab: a name nobody else has, its databases, topics and tasks."""

    numbers = itertools.count(os.getpid() * 1000)

    def __init__(self, folder):
        self.folder = folder
        self.name = f"t{next(self.numbers)}"
        self.to_close = []
        self.databases = []

    def sql(self, lab, instance=0, database=None, **more):
        opened = lab.sql(instance, database, **more)
        self.to_close.append(opened)
        return opened

    def database(self, lab, instance=0, suffix="", charset="utf8mb4"):
        name = self.name + suffix
        with lab.sql(instance) as sql:
            sql(f"CREATE DATABASE `{name}` CHARACTER SET {charset}")
        self.databases.append((lab, instance, name))
        return name

    def topic(self, lab, suffix="", partitions=1, **config):
        lab.create_topic(self.name + suffix, partitions, **config)
        topic = Topic(lab.brokers, self.name + suffix, partitions, forgets=not lab.is_real_kafka)
        self.to_close.append(topic)
        return topic

    def task(self, lab, source, objects, topic=None, suffix="", **settings):
        folder = self.folder / (self.name + suffix)
        folder.mkdir(parents=True, exist_ok=True)
        return Task(folder, self.name + suffix, source, objects, lab.brokers, topic.name if topic else self.name, **settings)

    def mysql_task(self, lab, database, topic, instance=0, tables="all", **settings):
        return self.task(lab, mysql_source(lab.storage[instance]), {database: tables}, topic, **settings)

    def drds_task(self, lab, topic, tables="all", **settings):
        return self.task(lab, polardbx10_source(lab), {lab.front["database"]: tables}, topic, **settings)

    def roll_back_prepared(self, sql):
        """What a failed test left undecided would lock its tables."""
        for form, length, _, data in sql("XA RECOVER"):
            data = data if isinstance(data, str) else data.decode("latin1")
            if data.startswith(self.name + "-"):
                sql(f"XA ROLLBACK '{data[:int(length)]}','{data[int(length):]}',{form}")

    def close(self):
        for one in reversed(self.to_close):
            one.close()
        for lab, instance, name in self.databases:
            try:
                with lab.sql(instance, read_timeout=20) as sql:
                    self.roll_back_prepared(sql)
                    sql(f"DROP DATABASE IF EXISTS `{name}`")
            except pymysql.err.Error as error:  # a server that a test took down
                print(f"{name} stays: {error}")


@pytest.fixture
def case(tmp_path):
    made = Case(tmp_path)
    yield made
    made.close()
