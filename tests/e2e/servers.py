"""The lab as tests use it: started in a folder of its own, stopped whatever happens, and SQL on its servers.

PyMySQL is asked for the server's own text: no value is converted, so that what is expected comes from the server.
"""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import shutil

import pymysql
import pymysql.converters
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TRIBUTARY_BIN") or ROOT / "build" / "dev" / "bin")

pymysql.connections.TEXT_TYPES.add(242)  # VECTOR, else taken for text in ASCII

TEXT_ONLY = {key: value for key, value in pymysql.converters.conversions.items() if not isinstance(key, int)}


class LabUnavailable(Exception):
    """A part of the lab can't be had on this machine."""


@contextlib.contextmanager
def lab_or_skip(server, **settings):
    """A lab of that kind of server; the test is skipped, with the reason, where it can't be had."""
    lab = Lab(server=server, **settings)
    try:
        lab.__enter__()
    except LabUnavailable as reason:
        pytest.skip(f"{server} can't be had here: {reason}")
    try:
        yield lab
    finally:
        lab.__exit__()


class Sql:
    """One connection: statements, rows as the server's text."""

    def __init__(self, storage, database=None, user=None, password=None, **more):
        if not storage["server_version"].startswith(("10.", "11.", "5.")):
            more.setdefault("ssl", {"verify_mode": "none", "check_hostname": False})  # caching_sha2_password
        self.connection = pymysql.connect(
            host=storage["host"], port=storage["port"], user=user or storage["admin_user"],
            password=password or storage["admin_password"], database=database, autocommit=True, charset="utf8mb4",
            conv=TEXT_ONLY, **more)
        if user is None:
            # No gap locks: transactions on neighbouring rows don't wait for each other, and who waits is told soon.
            self("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            self("SET SESSION innodb_lock_wait_timeout = 10, lock_wait_timeout = 10")

    def __call__(self, statement, *arguments):
        """Runs one statement; its rows, or the number of rows changed."""
        with self.connection.cursor() as cursor:
            changed = cursor.execute(statement, arguments or None)
            return list(cursor.fetchall()) if cursor.description else changed

    def one(self, statement, *arguments):
        return self(statement, *arguments)[0][0]

    @contextlib.contextmanager
    def transaction(self):
        self("BEGIN")
        try:
            yield self
        except BaseException:
            self("ROLLBACK")
            raise
        self("COMMIT")

    def close(self):
        with contextlib.suppress(Exception):
            self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Lab:
    """Servers, broker and perhaps a front, in a temporary folder. A context manager: nothing outlives it."""

    def __init__(self, *, server=None, instances=2, front=True, kafka="auto", options=(), databases=2):
        self.arguments = ["--instances", str(instances), "--databases-per-instance", str(databases), "--kafka", kafka]
        if server:
            self.arguments += ["--server", server]
        if not front:
            self.arguments.append("--no-front")
        for option in options:
            self.arguments += ["--server-option", option]
        self.dir = self.process = self.info = None

    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="tributary-e2e."))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        with open(self.dir / "lab.log", "wb") as log:
            self.process = subprocess.Popen(
                [BIN / "tributary-lab", "up", "--dir", self.dir / "lab", "--timeout", "240", "--die-with-parent", *self.arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        # The object comes when everything is ready; an end of the stream without one is a failure.
        text = b""
        for line in self.process.stdout:
            text += line
            with contextlib.suppress(json.JSONDecodeError):
                self.info = json.loads(text)
                break
        if self.info is None:
            self.process.wait()
            said = (self.dir / "lab.log").read_text(errors="replace").strip()
            if "dependency_missing" in said or "could not be fetched" in said or "not installed" in said:
                raise LabUnavailable(said.splitlines()[-1])
            raise AssertionError(f"the lab did not start:\n{said}")
        # Whatever else it prints must not fill the pipe.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.dir and not os.environ.get("TRIBUTARY_E2E_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def command(self, *words):
        done = subprocess.run([BIN / "tributary-lab", *words[:2], "--dir", self.dir / "lab", *words[2:]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"tributary-lab {words}: {done.stderr}{done.stdout}"

    def server(self, verb, instance, *options):
        self.command("server", verb, "--instance", str(instance), *options)

    def broker(self, verb, *options):
        self.command("kafka", verb, *options)

    def create_topic(self, name, partitions=1, **config):
        words = [word for key, value in config.items() for word in ("--config", f"{key.replace('_', '.')}={value}")]
        self.command("topic", "create", name, "--partitions", str(partitions), *words)

    @property
    def storage(self):
        return self.info["storage"]

    @property
    def front(self):
        return self.info["front"]

    @property
    def brokers(self):
        return self.info["kafka"]["brokers"]

    @property
    def is_real_kafka(self):
        return self.info["kafka"]["flavor"] == "kafka"

    def sql(self, instance=0, database=None, **more):
        return Sql(self.storage[instance], database, **more)

    def front_sql(self):
        front = dict(self.front, server_version="5.6")
        return Sql(front, front["database"], user=front["user"], password=front["password"])
