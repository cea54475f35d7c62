"""What holds exactly-once delivery together: fences, transactions that a broker gives up, changes of the way of delivery."""

import shutil
import signal
import time

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient

import fold
import source
from task import Task, background, mysql_source, wait_for
from writers import Keyed, writer

CHECKPOINTS = "tributary-checkpoints"


@pytest.fixture
def busy(lab, case, seeded):
    """A table, a topic, a task over it, and a writer."""
    if not lab.is_real_kafka:
        pytest.skip("a mock broker keeps no transactions; real Kafka can't be had here")

    class Busy:
        database = case.database(lab)
        sql = case.sql(lab, 0, database)
        table = Keyed(sql, "plain", 500, seeded)
        topic = case.topic(lab)
        task = case.mysql_task(lab, database, topic)
        seed = seeded.randrange(2**20)

        def writing(self):
            return background(writer(lambda: lab.sql(0, self.database), [self.table], self.seed, 0, 1))

        def check(self, is_once=True):
            self.task.catch_up()
            records = self.topic.records()
            of_table = fold.of_table(records, self.database, "plain")
            _, repeats = fold.assert_same(of_table, source.rows(self.sql, self.database, "plain"), self.table.key)
            if is_once:
                fold.assert_once(records, {"plain": self.table.key})
            return repeats
    return Busy()


def last_line(run):
    return run.lines[-1]["error"]


def test_two_runs_of_one_state_folder_the_second_is_refused(busy):
    with busy.writing(), busy.task.start() as first:
        first.wait_until(lambda line: line["caught_up"])
        with busy.task.start() as second:
            assert second.wait() != 0 and last_line(second)["code"] == "task.state_in_use", second.story()
        busy.topic.wait_for_messages(busy.topic.count + 200, timeout=90)
        first.stop()
    busy.check()


def test_a_newer_run_on_another_machine_fences_the_older_one_and_nothing_comes_twice(busy, lab, case, tmp_path):
    busy.task.catch_up()
    # The same task with a copy of the state, as on another machine.
    elsewhere = Task(tmp_path, busy.task.definition["name"], mysql_source(lab.storage[0]), {busy.database: "all"}, lab.brokers, busy.topic.name)
    with busy.writing():
        with busy.task.start() as older:
            older.wait_until(lambda line: line["caught_up"])
            busy.topic.wait_for_messages(busy.topic.count + 300)
            shutil.copytree(busy.task.state, elsewhere.state)
            (elsewhere.state / "tributary.lock").unlink(missing_ok=True)
            with elsewhere.start() as newer:
                newer.wait_until(lambda line: line["caught_up"])
                assert older.wait() != 0 and last_line(older)["code"] == "destination.fenced", older.story()
                busy.topic.wait_for_messages(busy.topic.count + 300)
                newer.stop()
    busy.task = elsewhere
    busy.check()


def test_the_older_run_taken_up_again_goes_on_where_the_newer_one_was(busy, lab, tmp_path):
    busy.task.catch_up()
    elsewhere = Task(tmp_path, busy.task.definition["name"], mysql_source(lab.storage[0]), {busy.database: "all"}, lab.brokers, busy.topic.name)
    shutil.copytree(busy.task.state, elsewhere.state)
    with busy.writing():
        for task in (elsewhere, busy.task, elsewhere):
            with task.start() as run:
                run.wait_until(lambda line: line["caught_up"])
                busy.topic.wait_for_messages(busy.topic.count + 300)
                run.kill()
    busy.check()


def wait_for_more(busy, run, count):
    wanted = busy.topic.count + count
    try:
        wait_for(lambda: busy.topic.count >= wanted, 90)
    except AssertionError:
        raise AssertionError(f"{busy.topic.count} messages, not {wanted}: {run.story()}") from None


def test_a_run_that_stood_still_for_longer_than_its_transaction_may_goes_on(busy):
    busy.task.change(destination__client={"transaction.timeout.ms": "5000", "message.timeout.ms": "5000"}, destination__commit={"idle_ms": 1000, "load_ms": 1000})
    with busy.writing():
        with busy.task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            for _ in range(2):
                wait_for_more(busy, run, 200)
                run.process.send_signal(signal.SIGSTOP)
                time.sleep(18)  # the broker looks every ten seconds
                run.process.send_signal(signal.SIGCONT)
            wait_for_more(busy, run, 500)
            run.stop()
    busy.check()


def test_the_way_of_delivery_may_change_and_nothing_is_lost_or_repeated_by_that(busy):
    with busy.writing():
        for delivery in ("at_least_once", "exactly_once", "at_least_once", None, "exactly_once"):
            busy.task.change(destination__delivery=delivery)
            with busy.task.start() as run:
                run.wait_until(lambda line: line["caught_up"])
                busy.topic.wait_for_messages(busy.topic.count + 300)
                run.stop()
    busy.check()


def test_a_task_begun_at_least_once_stays_so_until_asked(busy):
    busy.task.change(destination__delivery="at_least_once")
    busy.task.catch_up()
    busy.task.change(destination__delivery=None)
    line = busy.task.catch_up()
    assert line["delivery"] == "at_least_once"
    busy.task.change(destination__delivery="exactly_once")
    assert busy.task.catch_up()["delivery"] == "exactly_once"
    busy.task.change(destination__delivery="auto")
    assert busy.task.catch_up()["delivery"] == "exactly_once"


def test_a_state_folder_thrown_away_means_a_task_anew(busy):
    busy.task.catch_up()
    before = len(busy.topic.records())
    shutil.rmtree(busy.task.state)
    busy.task.change(destination__conflicting_tables="ignore")  # else it would not go on behind its own records
    busy.task.catch_up()
    records = busy.topic.records()[before:]
    assert sum(record.op == "INIT" for record in records) == 500


def test_killed_between_the_commit_and_the_copy_of_its_checkpoint_the_topics_counts(busy):
    busy.task.catch_up()
    kept = busy.task.folder / "kept"
    shutil.copytree(busy.task.state, kept)
    with busy.writing(), busy.task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        busy.topic.wait_for_messages(busy.topic.count + 500)
        run.stop()
    shutil.rmtree(busy.task.state)
    kept.rename(busy.task.state)  # as it was before all of that was committed
    busy.check()


def test_the_checkpoint_topic_is_made_compacted_and_its_keys_are_the_subtasks(busy, lab):
    busy.task.catch_up()
    admin = AdminClient({"bootstrap.servers": lab.brokers})
    resource = confluent_kafka.admin.ConfigResource(confluent_kafka.admin.ConfigResource.Type.TOPIC, CHECKPOINTS)
    settings = next(iter(admin.describe_configs([resource]).values())).result()
    assert settings["cleanup.policy"].value == "compact"
    partitions = admin.list_topics(CHECKPOINTS).topics[CHECKPOINTS].partitions
    reader = confluent_kafka.Consumer({"bootstrap.servers": lab.brokers, "group.id": "x", "isolation.level": "read_committed"})
    reader.assign([confluent_kafka.TopicPartition(CHECKPOINTS, partition, 0) for partition in partitions])
    name, storage = busy.task.definition["name"], lab.storage[0]
    wanted = {f"{name}/schema", f"{name}/{storage['host']}:{storage['port']}"}
    seen = set()

    def found():
        seen.update(message.key().decode() for message in reader.consume(1000, 0.2) if message.error() is None)
        return wanted <= seen
    wait_for(found, what=f"{wanted} in the checkpoint topic")
    reader.close()
