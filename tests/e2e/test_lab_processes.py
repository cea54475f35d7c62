"""The processes of the lab: real servers and brokers that start, answer, fail on request, come back and go away.

Needs the programs tributary-lab (folder: $TRIBUTARY_BIN, default build/dev/bin), mariadb and kcat. What can't be had here
(Java, Maven, npm, Debian unstable) is skipped with its reason.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAB = pathlib.Path(os.environ.get("TRIBUTARY_BIN", ROOT / "build/dev/bin")) / "tributary-lab"

pytestmark = [
    pytest.mark.skipif(not LAB.exists(), reason=f"{LAB} is not built"),
    pytest.mark.skipif(not shutil.which("mariadb"), reason="no mariadb client"),
]
needs_kcat = pytest.mark.skipif(not shutil.which("kcat"), reason="no kcat")


def lab(*arguments, check=True):
    done = subprocess.run([LAB, *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert not check or done.returncode == 0, done.stderr
    return done


def processes_of(folder):
    """Pids whose command line names the folder, ours and zombies left out."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(folder) in command:
                found.append((int(entry.name), command.replace("\0", " ")))
    return found


def wait_until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what()}")


def wait_until_nothing_runs(folder):
    wait_until(lambda: not processes_of(folder), lambda: f"still running: {processes_of(folder)}", 20)


@pytest.fixture
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="tributary-lab-"))
    try:
        yield path
    finally:
        lab("down", "--dir", path)
        left = processes_of(path)
        for pid, _ in left:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(path, ignore_errors=True)
        assert not left


def up(folder, *arguments):
    """Starts a lab in the background and returns its description. Skips if a part can't be had on this machine."""
    done = lab("up", "--dir", folder, "--detach", *arguments, check=False)
    if done.returncode != 0 and "internal.dependency_missing" in done.stderr:
        pytest.skip("a part can't be had here: " + done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    description = json.loads(done.stdout)
    assert description == json.loads((folder / "lab.json").read_text())
    return description


def sql(server, text, admin=False):
    user, password = ("admin_user", "admin_password") if admin else ("user", "password")
    done = subprocess.run(
        ["mariadb", "--no-defaults", "-h", server["host"], "-P", str(server["port"]), "-u", server[user],
         "-p" + server[password], "-N", "-B", "-e", text],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def kcat(brokers, *arguments, text=None, check=True, timeout=60):
    done = subprocess.run(["kcat", "-b", brokers, *arguments], input=text, capture_output=True, text=True,
                          timeout=timeout)
    assert not check or done.returncode == 0, done.stderr
    return done


def read_topic(brokers, topic, *arguments):
    return kcat(brokers, "-C", "-e", "-q", "-o", "beginning", "-t", topic, *arguments).stdout.split()


def sasl(mechanism, password):
    return ["-X", "security.protocol=SASL_PLAINTEXT", "-X", f"sasl.mechanism={mechanism}",
            "-X", "sasl.username=tributary", "-X", f"sasl.password={password}"]


def check_servers_replicate(description, flavour):
    assert len(description["storage"]) == 2
    databases = [name for server in description["storage"] for name in server["databases"]]
    assert len(set(databases)) == 4
    ids, uuids = set(), set()
    for server in description["storage"]:
        settings = "SELECT @@binlog_format, @@binlog_row_image, @@max_allowed_packet, @@global.log_bin"
        assert sql(server, settings).split("\t") == ["ROW", "FULL", "1073741824", "1"]
        assert server["server_version"] == sql(server, "SELECT @@version")
        ids.add(sql(server, "SELECT @@server_id"))
        if flavour != "mysql-5.6":
            assert sql(server, "SELECT @@binlog_row_metadata") == "FULL"
        if flavour != "mariadb-10.11":
            assert sql(server, "SELECT @@global.gtid_mode") == "ON"
            uuids.add(sql(server, "SELECT @@server_uuid"))
        status = "SHOW BINARY LOG STATUS" if flavour == "mysql-9.7" else "SHOW MASTER STATUS"
        assert sql(server, status).startswith("mysql-bin.0")
        sql(server, "XA RECOVER")
        sql(server, "CREATE DATABASE dts_health_check; CREATE TABLE dts_health_check.t (a INT); "
                    "DROP DATABASE dts_health_check")
        for name in server["databases"]:
            assert name in sql(server, "SHOW DATABASES").split()
        # No account shows in the binlog: a reader from its start meets the lab's databases first.
        assert "GRANT" not in sql(server, "SHOW BINLOG EVENTS")
    assert len(ids) == 2
    assert flavour == "mariadb-10.11" or len(uuids) == 2


@pytest.mark.parametrize("flavour", ["mariadb-10.11", "mysql-5.6", "mysql-9.7"])
def test_servers_answer_survive_a_kill_and_keep_data_and_ports(folder, flavour):
    description = up(folder, "--server", flavour, "--kafka", "none", "--no-front")
    assert description["kafka"] is None and description["front"] is None
    check_servers_replicate(description, flavour)

    first, second = description["storage"]
    table = f"`{first['databases'][0]}`.t"
    sql(first, f"CREATE TABLE {table} (id INT PRIMARY KEY); INSERT INTO {table} VALUES (1), (2)", admin=True)
    lab("server", "restart", "--dir", folder, "--instance", 0, "--kill")
    assert sql(first, f"SELECT SUM(id) FROM {table}") == "3"
    pids = {server["pid"] for server in json.loads((folder / "lab.json").read_text())["storage"]}
    assert first["pid"] not in pids and second["pid"] in pids

    lab("server", "stop", "--dir", folder, "--instance", 1)
    status = lab("status", "--dir", folder, check=False)
    assert status.returncode == 1
    assert [line.split()[2] for line in status.stdout.splitlines() if line.startswith("instance")] == ["up", "down"]
    lab("server", "start", "--dir", folder, "--instance", 1)
    assert sql(second, "SELECT 1") == "1"

    lab("down", "--dir", folder)
    assert not processes_of(folder)
    assert not (folder / "lab.json").exists()
    again = up(folder)
    assert [server["port"] for server in again["storage"]] == [first["port"], second["port"]]
    assert sql(again["storage"][0], f"SELECT SUM(id) FROM {table}") == "3"


@needs_kcat
def test_kafka_keeps_messages_through_kill_and_enforces_sasl(folder):
    kafka = up(folder, "--kafka", "kafka", "--instances", 1, "--topic", "given:2")["kafka"]
    assert kafka["flavor"] == "kafka"
    brokers = kafka["brokers"]
    metadata = kcat(brokers, "-L", "-J").stdout
    assert {t["topic"]: len(t["partitions"]) for t in json.loads(metadata)["topics"]}["given"] == 2

    lab("topic", "create", "--dir", folder, "t", "--partitions", 3, "--config", "max.message.bytes=1000")
    assert lab("topic", "create", "--dir", folder, "t", check=False).returncode == 1
    kcat(brokers, "-P", "-t", "t", "-p", "2", text="one\ntwo\n")
    kcat(brokers, "-P", "-t", "t", "-p", "2", "-X", "message.max.bytes=100000", text="x" * 5000 + "\n", check=False)
    assert read_topic(brokers, "t") == ["one", "two"]
    for mechanism in ["SCRAM-SHA-256", "PLAIN"]:
        assert read_topic(kafka["sasl_brokers"], "t", *sasl(mechanism, kafka["password"])) == ["one", "two"]
        refused = kcat(kafka["sasl_brokers"], "-L", "-m", "2", *sasl(mechanism, "wrong"), check=False)
        assert refused.returncode != 0 and "uthentication" in refused.stderr
    assert kcat(kafka["sasl_brokers"], "-L", "-m", "2", check=False).returncode != 0
    unknown = kcat(brokers, "-P", "-t", "absent", "-X", "message.timeout.ms=2000", text="x\n", check=False)
    assert unknown.returncode != 0, "topics are not created by use"

    lab("kafka", "restart", "--dir", folder, "--kill")
    assert read_topic(brokers, "t") == ["one", "two"]
    lab("kafka", "stop", "--dir", folder)
    assert kcat(brokers, "-L", "-m", "1", check=False).returncode != 0
    lab("kafka", "start", "--dir", folder)
    assert read_topic(brokers, "t") == ["one", "two"]
    lab("topic", "delete", "--dir", folder, "t")
    assert "t" not in [t["topic"] for t in json.loads(kcat(brokers, "-L", "-J").stdout)["topics"]]

    lab("down", "--dir", folder)
    assert not processes_of(folder)


@needs_kcat
def test_mock_broker_goes_down_and_comes_back_with_its_messages(folder):
    kafka = up(folder, "--kafka", "mock", "--instances", 1, "--topic", "a:2")["kafka"]
    assert kafka["flavor"] == "mock" and kafka["sasl_brokers"] is None
    lab("topic", "create", "--dir", folder, "b", "--partitions", 3)
    metadata = json.loads(kcat(kafka["brokers"], "-L", "-J").stdout)
    assert {t["topic"]: len(t["partitions"]) for t in metadata["topics"]} == {"a": 2, "b": 3}
    kcat(kafka["brokers"], "-P", "-t", "a", "-p", "0", text="one\n")
    lab("kafka", "stop", "--dir", folder, "--kill")
    assert kcat(kafka["brokers"], "-L", "-m", "1", check=False).returncode != 0
    lab("kafka", "start", "--dir", folder)
    assert read_topic(kafka["brokers"], "a") == ["one"]
    lab("down", "--dir", folder)
    assert not processes_of(folder)


def test_nothing_survives_a_killed_supervisor(folder):
    up(folder, "--kafka", "mock")
    supervisor = json.loads((folder / "pids.json").read_text())[0]["pid"]
    assert len(processes_of(folder)) >= 4
    os.kill(supervisor, signal.SIGKILL)
    wait_until_nothing_runs(folder)
    # And the folder is usable at once.
    up(folder, "--kafka", "mock")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_foreground_lab_and_all_of_it(folder, number):
    with subprocess.Popen([LAB, "up", "--dir", folder, "--kafka", "mock"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        try:
            assert len(json.loads(process.stdout.readline())["storage"]) == 2
            process.send_signal(number)
            assert process.wait(60) == 0
            assert not processes_of(folder)
        finally:
            process.kill()


@pytest.mark.parametrize("arguments, number", [(["--detach"], signal.SIGKILL), (["--detach"], signal.SIGINT),
                                               ([], signal.SIGKILL), ([], signal.SIGTERM)])
def test_a_start_that_is_broken_off_leaves_nothing(folder, arguments, number):
    with subprocess.Popen([LAB, "up", "--dir", folder, "--kafka", "auto", *arguments], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: any("instance-1" in command for _, command in processes_of(folder)),
                       lambda: "no server was started")
            process.send_signal(number)
            process.wait(60)
            wait_until_nothing_runs(folder)
        finally:
            process.kill()
    assert not (folder / "lab.json").exists()


def test_a_server_that_refuses_its_options_is_shown_with_its_log(folder):
    done = lab("up", "--dir", folder, "--kafka", "none", "--server-option", "no-such-option=1", check=False)
    assert done.returncode == 1
    assert "instance 0" in done.stderr and "no-such-option" in done.stderr
    assert not processes_of(folder)


def test_options_reach_the_servers_and_a_second_lab_is_refused(folder):
    description = up(folder, "--kafka", "none", "--instances", 1, "--server-option", "binlog-row-image=MINIMAL")
    assert sql(description["storage"][0], "SELECT @@binlog_row_image") == "MINIMAL"
    second = lab("up", "--dir", folder, "--detach", check=False)
    assert second.returncode == 1 and "already runs" in second.stderr
    assert sql(description["storage"][0], "SELECT 1") == "1"
    lab("down", "--dir", folder)
    other = lab("up", "--dir", folder, "--server", "mysql-5.6", check=False)
    assert other.returncode == 1 and "another folder" in other.stderr


def test_status_as_json_names_every_part(folder):
    up(folder, "--kafka", "mock")
    status = json.loads(lab("status", "--dir", folder, "--json").stdout)
    names = [part["part"] for part in status["parts"]]
    assert status["running"] and names[-3:] == ["instance 0", "instance 1", "mock broker"]
    assert all(part["state"] == "up" and part["pid"] > 0 and part["memory_mib"] > 0 for part in status["parts"])
    lab("down", "--dir", folder)
    assert json.loads(lab("status", "--dir", folder, "--json", check=False).stdout) == {"running": False, "parts": []}
