"""Faults by name: each happens while a task runs under a writer; it is told, it goes on by itself, and nothing is lost or comes twice."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

import fold
import source
from more_brokers import SecondBroker, leader, prefer_leaders
from proxy import Proxy
from servers import BIN
from task import background, wait_for
from topic import Topic
from writers import Keyed, writer

HOUR = 3600


class Busy:
    """A table, a writer and a task over it."""

    def __init__(self, lab, case, rng, topic, source_address=None, **settings):
        self.lab, self.topic = lab, topic
        self.database = case.database(lab)
        self.sql = case.sql(lab, 0, self.database)
        self.table = Keyed(self.sql, "plain", 300, rng)
        self.seed = rng.randrange(2**20)
        login = lab.storage[0]
        host, port = source_address or (login["host"], login["port"])
        self.task = case.task(lab, {"engine": "mysql", "host": host, "port": port, "user": login["user"], "password": login["password"]},
                              {self.database: "all"}, topic, **settings)

    def writing(self):
        write = writer(lambda: self.lab.sql(0, self.database), [self.table], self.seed, 0, 1)
        return background(lambda should_end: write(lambda: time.sleep(0.01) or should_end()))

    def wait_for_more(self, run, count, timeout=120):
        wanted = self.topic.count + count
        try:
            wait_for(lambda: self.topic.count >= wanted or run.is_over, timeout)
            assert not run.is_over
        except AssertionError:
            raise AssertionError(f"{self.topic.count} records, not {wanted}: {run.story()}") from None

    def check(self):
        self.task.catch_up()
        records = self.topic.records()
        of_table = fold.of_table(records, self.database, "plain")
        fold.assert_same(of_table, source.rows(self.sql, self.database, "plain"), self.table.key)
        if self.lab.is_real_kafka:
            fold.assert_once(records, {"plain": self.table.key})


@pytest.fixture
def busy(lab, case, seeded):
    return Busy(lab, case, seeded, case.topic(lab))


def real_kafka(lab):
    if not lab.is_real_kafka:
        pytest.skip("one broker is not enough here, and real Kafka can't be had")


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of its own."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tributary-test", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def fill(folder):
    """Until not a byte goes in."""
    with open(folder / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        for piece in (1 << 16, 1 << 10, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * piece)


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


def told(run, words, timeout=90):
    return run.wait_until(lambda line: any(word in str(line.get("destination_problem", "")) + str([i.get("problem") for i in line["instances"]]) for word in words), timeout)


# ---- the network


def test_half_open_sockets_to_the_source_are_given_up_and_opened_anew(lab, case, seeded):
    proxy = Proxy(lab.storage[0]["host"], lab.storage[0]["port"])
    busy = Busy(lab, case, seeded, case.topic(lab), (proxy.host, proxy.port))
    with busy.writing(), busy.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        proxy.frozen.set()
        told(run, ["source."])
        old = set(proxy.pairs)
        proxy.frozen.clear()
        busy.wait_for_more(run, 200)
        assert set(proxy.pairs) - old, "the connections are the same"
        run.stop()
    busy.check()
    proxy.close()


def test_packets_that_are_dropped_on_the_way_to_the_source_only_slow_it_down(lab, case, seeded):
    proxy = Proxy(lab.storage[0]["host"], lab.storage[0]["port"])
    busy = Busy(lab, case, seeded, case.topic(lab), (proxy.host, proxy.port))
    with busy.writing(), busy.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        for _ in range(10):  # what retransmission makes of it: now and then nothing for a moment
            proxy.frozen.set()
            time.sleep(0.3)
            proxy.frozen.clear()
            time.sleep(0.2)
        for _ in range(5):
            proxy.cut()
            busy.wait_for_more(run, 20)
        run.stop()
    busy.check()
    proxy.close()


def test_a_broker_that_answers_nothing_for_a_while_is_told_and_waited_for(own_lab, case, seeded):
    lab = own_lab(instances=1, front=False)
    real_kafka(lab)
    busy = Busy(lab, case, seeded, case.topic(lab), destination__client={"socket.timeout.ms": "5000"})
    properties = str(lab.dir / "lab" / "kafka" / "server.properties").encode()
    pid = next(int(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and properties in SecondBroker._command(p))
    with busy.writing(), busy.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        os.kill(pid, signal.SIGSTOP)
        try:
            assert told(run, ["destination."])
        finally:
            os.kill(pid, signal.SIGCONT)
        busy.wait_for_more(run, 200)
        run.stop()
    busy.check()


# ---- brokers


def make_transaction_log(lab):
    """While there is one broker: of a log without copies, a part would lie on the one that a test stops."""
    confluent_kafka.Producer({"bootstrap.servers": lab.brokers, "transactional.id": "warm-up"}).init_transactions(60)


def placed_topic(lab, case, brokers):
    name = case.name
    admin = AdminClient({"bootstrap.servers": lab.brokers})
    checkpoints = NewTopic("tributary-checkpoints", num_partitions=8, replica_assignment=[brokers] * 8, config={"cleanup.policy": "compact"})
    for made in admin.create_topics([NewTopic(name, num_partitions=1, replica_assignment=[brokers]), checkpoints]).values():
        made.result(30)
    wait_for(lambda: leader(lab, name) == brokers[0], what="the leader")
    topic = Topic(lab.brokers, name, forgets=False)
    case.to_close.append(topic)
    return topic


def test_leaders_that_move_from_broker_to_broker_lose_and_repeat_nothing(own_lab, case, seeded, tmp_path):
    lab = own_lab(instances=1, front=False)
    real_kafka(lab)
    make_transaction_log(lab)
    with SecondBroker(lab, tmp_path / "broker", tmp_path / "broker-data") as second:
        topic = placed_topic(lab, case, [2, 1])
        busy = Busy(lab, case, seeded, topic)
        with busy.writing(), busy.task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            for end in (second.stop, second.kill):
                busy.wait_for_more(run, 100)
                end()
                wait_for(lambda: leader(lab, topic.name) == 1, what="another leader")
                busy.wait_for_more(run, 100)
                second.start()
                wait_for(lambda: prefer_leaders(lab, topic.name) == 2, what="the first leader again")
            busy.wait_for_more(run, 100)
            run.stop()
        busy.check()


def test_a_full_disk_of_the_broker_is_told_and_the_run_goes_on_when_there_is_room(own_lab, case, seeded, tmp_path):
    lab = own_lab(instances=1, front=False)
    real_kafka(lab)
    make_transaction_log(lab)
    with small_disk(tmp_path / "small", "64m") as disk, SecondBroker(lab, tmp_path / "broker", disk / "data") as second:
        busy = Busy(lab, case, seeded, placed_topic(lab, case, [2]))
        with busy.writing(), busy.task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            busy.wait_for_more(run, 100)
            fill(disk)
            second.process.wait(120)  # a broker without a log that can be written ends itself
            told(run, ["destination."])
            (disk / "filler").unlink()
            second.start()
            busy.wait_for_more(run, 200)
            run.stop()
        busy.check()


# ---- this machine


@pytest.mark.parametrize("delivery", ["exactly_once", "at_least_once"])
def test_a_state_disk_that_is_full_is_told_and_checkpoints_are_kept_again_when_there_is_room(busy, tmp_path, delivery):
    if delivery == "exactly_once":
        real_kafka(busy.lab)
    with small_disk(tmp_path / "state", "8m") as disk:
        busy.task.change(state_dir=str(disk), destination__delivery=delivery)
        with busy.writing(), busy.task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            fill(disk)
            instance = told(run, ["task.state_unwritable"])["instances"][0]
            assert instance["gives_up_in_ms"] > 0
            busy.wait_for_more(run, 50)  # it goes on meanwhile
            (disk / "filler").unlink()
            run.wait_until(lambda line: not line["instances"][0].get("problem"))
            busy.wait_for_more(run, 100)
            run.stop()
        busy.task.catch_up()
        records = busy.topic.records()
        fold.assert_same(fold.of_table(records, busy.database, "plain"), source.rows(busy.sql, busy.database, "plain"), busy.table.key)
        assert fold.without_repeats(records)[1] == 0, "a clean stop repeats nothing"


def test_a_state_disk_that_is_read_only_is_named_and_the_task_goes_on_when_it_is_not(busy, tmp_path):
    with small_disk(tmp_path / "state", "8m") as disk:
        busy.task.change(state_dir=str(disk))
        busy.task.catch_up()
        remount(disk, "ro")
        with busy.task.start("--until", "caught-up") as run:
            assert run.wait() != 0
            assert run.lines[-1]["error"]["code"].startswith("task.state_un") and str(disk) in run.lines[-1]["error"]["where"]
        remount(disk, "rw")
        busy.check()


@pytest.mark.parametrize("delivery", ["exactly_once", "at_least_once"])
def test_a_clock_set_ahead_and_back_loses_and_repeats_nothing(busy, tmp_path, monkeypatch, delivery):
    if delivery == "exactly_once":
        real_kafka(busy.lab)
    clock = tmp_path / "clock"
    clock.write_bytes(bytes(8))

    def set_clock(seconds):
        with open(clock, "r+b", buffering=0) as file:  # in place: it is mapped
            file.write((seconds * 10**9).to_bytes(8, sys.byteorder, signed=True))

    def sees(line, seconds):
        return any(abs(instance.get("delay_ms", 0) - seconds * 1000) < 60_000 for instance in line["instances"])

    busy.task.change(destination__delivery=delivery)
    with busy.writing():
        with monkeypatch.context() as faked:
            faked.setenv("LD_PRELOAD", str(BIN / "libtributary_set_clock.so"))
            faked.setenv("CLOCK_OFFSET_FILE", str(clock))
            run = busy.task.start()
        with run:
            run.wait_until(lambda line: line["caught_up"])
            for seconds in (HOUR, -24 * HOUR, 30 * 24 * HOUR, 0):
                set_clock(seconds)
                busy.wait_for_more(run, 100)
                assert run.wait_until(lambda line: sees(line, max(seconds, 0)))  # noqa: B023
            run.stop()
    busy.check()


def test_a_task_killed_and_one_stopped_for_a_while_go_on(busy):
    with busy.writing():
        with busy.task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            busy.wait_for_more(run, 100)
            run.kill()
        with busy.task.start() as run:
            busy.wait_for_more(run, 100)
            run.process.send_signal(signal.SIGSTOP)
            time.sleep(20)
            run.process.send_signal(signal.SIGCONT)
            busy.wait_for_more(run, 100)
            run.stop()
    busy.check()
