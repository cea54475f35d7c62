"""Row filters against real servers: random conditions over a table with columns of every type give the same verdict from
the server (in the list of results, and behind WHERE) and from the filter, for every row.

TRIBUTARY_RANDOM_ROUNDS: conditions per server (default 400). A seed is printed; SEED repeats a run.
"""

import collections
import os
import subprocess

import pytest

from filter_generator import Conditions, statements
from servers import BIN, Lab, LabUnavailable

SERVERS = ["mariadb-10.11", "mysql-5.6", "mysql-9.7"]
ROWS = 60
ROUNDS = int(os.environ.get("TRIBUTARY_RANDOM_ROUNDS", 400))


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    try:
        with Lab(server=request.param, instances=1, front=False, kafka="none", databases=1) as lab:
            yield request.param, lab
    except LabUnavailable as e:
        pytest.skip(f"{request.param}: {e}")


def ask(lab, database, conditions):
    """filter_rows' answer to each condition."""
    storage = lab.storage[0]
    done = subprocess.run(
        [BIN / "filter_rows", storage["host"], str(storage["port"]), storage["admin_user"], storage["admin_password"], database, "t"],
        input="\n".join(conditions) + "\n", capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    answers = done.stdout.removesuffix("\n").split("\n")
    assert len(answers) == len(conditions)
    return list(zip(conditions, answers))


@pytest.fixture
def table(server, case, seeded):
    kind, lab = server
    database = case.database(lab)
    with lab.sql(0, database) as sql:
        sql("SET SESSION sql_mode = '', time_zone = '+00:00'")
        for statement in statements(kind, seeded, ROWS):
            sql(statement)
    return kind, lab, database, seeded


def judge(answers):
    wrong = [f"{condition}\n    {answer}" for condition, answer in answers if answer.startswith("differs")]
    assert not wrong, f"{len(wrong)} of {len(answers)}:\n" + "\n".join(wrong[:20])
    return collections.Counter(answer.split()[0] for _, answer in answers)


def test_conditions_hold_for_the_same_rows_as_at_the_server(table):
    kind, lab, database, random = table
    conditions = Conditions(kind, random)
    figures = judge(ask(lab, database, [conditions.condition() for _ in range(ROUNDS)]))
    print(kind, figures, figures["same"] * ROWS, "pairs")
    assert figures["refused"] < ROUNDS * 0.05, figures
    assert figures["invalid"] < ROUNDS * 0.02, figures


def test_what_is_not_refused_of_wild_conditions_is_as_at_the_server(table):
    kind, lab, database, random = table
    conditions = Conditions(kind, random)
    figures = judge(ask(lab, database, [conditions.wild() for _ in range(ROUNDS)]))
    print(kind, figures)
    assert figures["same"] > ROUNDS * 0.1, figures
