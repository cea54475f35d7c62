"""The schema tracker against real servers: after each of many random statements it holds what the server holds.

TRIBUTARY_RANDOM_ROUNDS: statements tried per server, with a new seed each time. By default a short run that is always the same.
"""

import os
import random

import pytest

from ddl_differential import Differential
from servers import lab_or_skip

ROUNDS = int(os.environ.get("TRIBUTARY_RANDOM_ROUNDS") or 100)
NOT_UNDERSTOOD_MOST = 0.005  # of the statements a server accepted


@pytest.fixture(params=["mariadb-10.11", "mysql-5.6", "mysql-9.7"], scope="module")
def server(request, binaries):
    with lab_or_skip(request.param, instances=1, front=False, kafka="none") as lab:
        yield lab


def test_after_each_statement_the_tracked_schema_is_the_servers(server, case, seeded):
    is_long = "TRIBUTARY_RANDOM_ROUNDS" in os.environ or "SEED" in os.environ
    run = Differential(server, seeded if is_long else random.Random(4), case.name)
    try:
        run.run(ROUNDS)
    finally:
        print(run.report())
        print(run.details())
        run.close()
    assert not run.mismatches
    assert len(run.not_understood) <= max(1, NOT_UNDERSTOOD_MOST * run.accepted)
    assert run.changes > ROUNDS / 5
