"""Invariant 10: a password never shows up in output, logs, state or process arguments."""

import pathlib
import subprocess

import pytest

from servers import BIN
from test_lifecycle import simple_table

PLANTED = "pl4nted-S3cret-%s"


def places(run, task):
    """Everything the run has written or shows of itself, by name."""
    process = pathlib.Path(f"/proc/{run.process.pid}/cmdline")
    yield "process arguments", process.read_bytes() if process.exists() else b""
    yield "output", "\n".join(map(str, run.lines)).encode()
    yield "log", run.errors.read_bytes()
    for file in task.state.rglob("*"):
        if file.is_file():
            yield f"state: {file.name}", file.read_bytes()


def assert_nowhere(run, task, secrets):
    for place, content in places(run, task):
        for secret in secrets:
            assert secret.encode() not in content, f"a password is in {place}"


def test_passwords_are_nowhere_but_in_the_task_file(lab, case):
    database, sql = simple_table(lab, case, rows=10)
    secret = PLANTED % case.name
    sql(f"CREATE USER {case.name} IDENTIFIED BY '{secret}'")
    kafka = lab.info["kafka"]
    if not lab.is_real_kafka:
        pytest.skip("the mock broker has no SASL")
    try:
        sql(f"GRANT SELECT, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO {case.name}")
        topic = case.topic(lab)
        task = case.mysql_task(lab, database, topic, source__user=case.name, source__password=secret,
                               destination__brokers=kafka["sasl_brokers"], destination__security="scram-sha-256",
                               destination__username=kafka["username"], destination__password=kafka["password"])
        secrets = [secret, kafka["password"]]
        with task.start("--log-level", "debug") as run:
            run.wait_until(lambda line: line["caught_up"])
            assert_nowhere(run, task, secrets)
            run.stop()
            assert_nowhere(run, task, secrets)
        printed = subprocess.run([BIN / "tributary", "run", task.file, "--print"], capture_output=True, text=True, check=True)
        assert "***" in printed.stdout and not any(s in printed.stdout + printed.stderr for s in secrets)
    finally:
        sql(f"DROP USER {case.name}")


def test_a_refused_password_is_not_told_either(lab, case):
    database, _ = simple_table(lab, case, rows=1)
    secret = PLANTED % case.name
    task = case.mysql_task(lab, database, case.topic(lab), source__password=secret)
    with task.start("--log-level", "debug") as run:
        assert run.wait() == 3
        assert_nowhere(run, task, [secret])
