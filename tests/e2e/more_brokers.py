"""Another broker beside the lab's, for what one broker can't show: leaders that move, a disk that is full."""

import concurrent.futures
import contextlib
import pathlib
import shutil
import socket
import subprocess
import time

import confluent_kafka
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

CLUSTER = "VHJpYnV0YXJ5TGFiLi4uLg"


class SecondBroker:
    """Node 2 of the lab's cluster, with its log in `data`. A context manager."""

    def __init__(self, lab, folder, data):
        self.lab = lab
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = None
        first = lab.dir / "lab" / "kafka" / "server.properties"
        kept = dict(line.split("=", 1) for line in first.read_text().splitlines() if "=" in line)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        kept |= {"process.roles": "broker", "node.id": "2", "listeners": f"PLAINTEXT://127.0.0.1:{port}", "log.dirs": str(data)}
        kept = {key: value for key, value in kept.items() if not key.startswith(("listener.name.", "sasl."))}
        self.file = self.folder / "server.properties"
        self.file.write_text("".join(f"{key}={value}\n" for key, value in kept.items()))
        (self.folder / "log4j.properties").write_text(
            "log4j.rootLogger=INFO, file\nlog4j.appender.file=org.apache.log4j.FileAppender\n"
            f"log4j.appender.file.File={self.folder}/server.log\nlog4j.appender.file.layout=org.apache.log4j.PatternLayout\n"
            "log4j.appender.file.layout.ConversionPattern=%d %p %m%n\n")
        running = next(p for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and str(first).encode() in self._command(p))
        words = self._command(running).split(b"\0")
        libs = words[words.index(b"-cp") + 1].decode()
        self.java = [shutil.which("java"), "-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", f"-Dlog4j.configuration=file:{self.folder}/log4j.properties", "-cp", libs]
        subprocess.run([*self.java, "kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER, "--config", self.file], check=True, capture_output=True)

    @staticmethod
    def _command(place):
        try:
            return (place / "cmdline").read_bytes()
        except OSError:
            return b""

    def start(self):
        with open(self.folder / "console.log", "ab") as log:
            self.process = subprocess.Popen([*self.java, "kafka.Kafka", self.file], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 90
        admin = AdminClient({"bootstrap.servers": self.lab.brokers})
        while 2 not in admin.list_topics(timeout=10).brokers:
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / "console.log").read_text()[-3000:]
            time.sleep(0.2)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()


def prefer_leaders(lab, topic):
    """Asks for the leaders that come first in the replicas; they have to have caught up. Who leads then."""
    admin = AdminClient({"bootstrap.servers": lab.brokers})  # held: an answer never comes to one that is gone
    partitions = [TopicPartition(topic, 0)]
    with contextlib.suppress(confluent_kafka.KafkaException, concurrent.futures.TimeoutError):
        admin.elect_leaders(confluent_kafka.ElectionType.PREFERRED, partitions).result(15)
    return leader(lab, topic)


def leader(lab, topic):
    return AdminClient({"bootstrap.servers": lab.brokers}).list_topics(topic, timeout=10).topics[topic].partitions[0].leader
