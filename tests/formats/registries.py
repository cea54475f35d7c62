"""A real schema registry, Apicurio's by Confluent's interface, on a port of its own."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

CACHE = pathlib.Path(os.environ.get("TRIBUTARY_CACHE") or pathlib.Path.home() / ".cache" / "tributary")
START_TIMEOUT_S = 180
PATH = "/apis/ccompat/v7"


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, PATH + path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()


@pytest.fixture(scope="module", name="registry")
def registry(tmp_path_factory):
    found = sorted(CACHE.glob("readers-*/.complete"))
    if not found or not shutil.which("java"):
        pytest.skip("a schema registry can't be had here (lab/fetch/readers.sh takes Java, Maven and its registry)")
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    (jar,) = (found[-1].parent / "apicurio").glob("*-runner.jar")
    settings = {**os.environ, "QUARKUS_HTTP_HOST": "127.0.0.1", "QUARKUS_HTTP_PORT": str(port)}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(["java", "-Xmx256m", "-XX:+UseSerialGC", "-jar", str(jar)], env=settings, cwd=folder, stdout=log, stderr=log)
    try:
        end = time.monotonic() + START_TIMEOUT_S
        while True:
            with contextlib.suppress(OSError):
                if ask(port, "GET", "/subjects") == (200, []):
                    break
            assert server.poll() is None and time.monotonic() < end, (folder / "log").read_text()[-3000:]
            time.sleep(0.2)
        yield port
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture(name="deserialize")
def deserialize(registry):
    """(topic, "key" or "value", bytes) -> what confluent-kafka makes of them through the registry"""
    try:
        from confluent_kafka.schema_registry import SchemaRegistryClient
        from confluent_kafka.schema_registry.avro import AvroDeserializer
        from confluent_kafka.serialization import MessageField, SerializationContext
    except ImportError as missing:
        pytest.skip(f"confluent-kafka's Avro deserializer can't be had here: {missing}")
    read = AvroDeserializer(SchemaRegistryClient({"url": f"http://127.0.0.1:{registry}{PATH}"}))
    fields = {"key": MessageField.KEY, "value": MessageField.VALUE}
    return lambda topic, part, data: read(data, SerializationContext(topic, fields[part]))
