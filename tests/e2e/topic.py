"""Reads a topic along from its first record on: a mock broker forgets, and a test must see every record."""

import threading
import time

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from records import decode
from task import wait_for


class Topic:
    """A thread reads; records() waits until all that the broker holds at the moment of the call was read.

    keeps=False: records are only counted; stream() reads them, when they are wanted, from a broker that forgets none.
    """

    def __init__(self, brokers, name, partitions=1, forgets=True, keeps=True):
        self.name, self.brokers, self.keeps = name, brokers, keeps
        self.forgets = forgets  # a mock broker, whose offsets have no gaps unless it forgot something
        self.is_ended = False
        self.messages = []
        self.read = 0
        self.next_offset = dict.fromkeys(range(partitions), 0)
        self.lost = None
        self.changed = threading.Condition()
        self.consumer = self._consumer()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _consumer(self):
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.brokers, "group.id": f"e2e-{self.name}", "enable.auto.commit": False, "fetch.wait.max.ms": 50,
            "auto.offset.reset": "earliest", "enable.partition.eof": True, "isolation.level": "read_committed",
            "fetch.message.max.bytes": 16 << 20, "queued.max.messages.kbytes": 65536, "reconnect.backoff.max.ms": 500, "log_level": 2})
        consumer.assign([confluent_kafka.TopicPartition(self.name, partition, 0) for partition in self.next_offset])
        return consumer

    def _read(self):
        while not self.is_ended:
            batch = self.consumer.consume(5000, 0.05)
            good = [message for message in batch if message.error() is None]
            # Behind the last record stand the marks of transactions that ended.
            ends = [message for message in batch if message.error() is not None and message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF]
            if not good and not ends:
                continue
            with self.changed:
                for message in good:
                    if self.forgets and message.offset() != self.next_offset[message.partition()]:
                        self.lost = f"partition {message.partition()}: {message.offset()} follows {self.next_offset[message.partition()] - 1}"
                    self.next_offset[message.partition()] = message.offset() + 1
                for end in ends:
                    self.next_offset[end.partition()] = max(self.next_offset[end.partition()], end.offset())
                self.read += len(good)
                if self.keeps:
                    self.messages += good
                self.changed.notify_all()

    def _end_of(self, partition, deadline):
        while True:
            try:
                return self.consumer.get_watermark_offsets(confluent_kafka.TopicPartition(self.name, partition), timeout=5, cached=False)[1]
            except confluent_kafka.KafkaException:
                if time.monotonic() > deadline:
                    raise

    def all_messages(self, timeout=60):
        """All messages so far, in the topic's order."""
        deadline = time.monotonic() + timeout
        ends = {partition: self._end_of(partition, deadline) for partition in list(self.next_offset)}
        with self.changed:
            done = self.changed.wait_for(
                lambda: all(self.next_offset[partition] >= end for partition, end in ends.items()), deadline - time.monotonic())
            assert done, f"topic {self.name}: read up to {self.next_offset}, its end is {ends}"
            if self.lost:
                pytest.skip(f"the mock broker forgot records before they could be read ({self.lost}); real Kafka can't be had here")
            return list(self.messages)

    def records(self, timeout=60):
        """The same, decoded."""
        return [decode(m.partition(), m.offset(), m.key(), m.value()) for m in self.all_messages(timeout)]

    def wait_for_messages(self, count, timeout=60):
        with self.changed:
            assert self.changed.wait_for(lambda: self.read >= count, timeout), \
                f"topic {self.name}: {self.read} messages, not {count}"

    @property
    def count(self):
        with self.changed:
            return self.read

    def stream(self):
        """All records so far, decoded one by one: of one partition in their order."""
        if self.keeps:
            yield from self.records(300)
            return
        left = {partition: self._end_of(partition, time.monotonic() + 60) for partition in self.next_offset}
        consumer = self._consumer()
        while left:
            for message in consumer.consume(2000, 1):
                end = left.get(message.partition())
                if message.error() is None:
                    if end is not None and message.offset() < end:
                        yield decode(message.partition(), message.offset(), message.key(), message.value())
                elif message.error().code() != confluent_kafka.KafkaError._PARTITION_EOF:
                    continue
                # An end is told behind the marks of transactions, too.
                reached = message.offset() + (message.error() is None)
                if end is not None and reached >= end:
                    del left[message.partition()]
        consumer.close()

    def close(self):
        self.is_ended = True
        self.thread.join()
        self.consumer.close()


def grow(topic, partitions):
    """Gives a topic more partitions, and waits until the brokers say so."""
    admin = AdminClient({"bootstrap.servers": topic.brokers})
    for made in admin.create_partitions([NewPartitions(topic.name, partitions)]).values():
        made.result(30)
    wait_for(lambda: len(admin.list_topics(topic.name, timeout=10).topics[topic.name].partitions) == partitions)
