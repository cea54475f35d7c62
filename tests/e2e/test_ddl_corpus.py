"""The schema tracker against real servers: each statement of the scripts that a server accepts leaves our picture of its
tables equal to the server's information_schema. Statements and their sessions come from the server's own binlog.

Scripts: our own (tests/data/ddl) and, where it lies beside the project, the corpus of third parties.
"""

import json
import subprocess

import pytest

from servers import BIN, ROOT, Lab, LabUnavailable

CORPUS = ROOT.parent / "shared" / "corpus" / "ddl"
SERVERS = ["mariadb-10.11", "mysql-5.6", "mysql-9.7"]
WANTED = 0.995


@pytest.fixture(scope="module", params=SERVERS)
def lab(request):
    try:
        with Lab(server=request.param, instances=1, front=False, kafka="none", databases=1) as lab:
            yield lab
    except LabUnavailable as e:
        pytest.skip(f"{request.param}: {e}")


def judge(lab, files, wanted=WANTED):
    storage = lab.storage[0]
    done = subprocess.run(
        [BIN / "tributary_ddl_judge", storage["host"], str(storage["port"]), storage["admin_user"],
         storage["admin_password"], *files],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=900)
    assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    print(figures)
    assert figures["wrong"] == 0, done.stdout
    assert figures["ddl"] > 100, "hardly a statement was accepted: " + done.stdout[-2000:]
    assert figures["equal"] / figures["ddl"] >= wanted, done.stdout
    return figures


def test_own_scripts_leave_our_schema_equal_to_the_servers(lab):
    # The labels of an ENUM that older servers lose on the way to UCS-2 are not guessed.
    figures = judge(lab, sorted((ROOT / "tests" / "data" / "ddl").glob("*.sql")), wanted=0.98)
    assert figures["not_understood"] <= 2


def test_corpus_leaves_our_schema_equal_to_the_servers(lab):
    files = sorted(path for path in CORPUS.glob("*/*") if path.suffix in (".sql", ".ddl"))
    if not files:
        pytest.skip(f"NOT RUN: there is no corpus at {CORPUS}")
    judge(lab, files)
