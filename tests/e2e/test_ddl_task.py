"""DDL while a task runs or does not: random structures and rows on real servers, read late.

TRIBUTARY_RANDOM_STEPS: statements or transactions per story (60).
"""

import os

import pytest

import fold
from ddl_story import Story
from servers import Lab, LabUnavailable

STEPS = int(os.environ.get("TRIBUTARY_RANDOM_STEPS") or 60)
SERVERS = {"mariadb-10.11": [], "mysql-5.6": [], "mysql-9.7": ["binlog-transaction-compression=ON"]}


@pytest.fixture(params=list(SERVERS), scope="module")
def server(request, binaries):
    lab = Lab(server=request.param, instances=1, front=False, kafka="auto", options=SERVERS[request.param])
    try:
        lab.__enter__()
    except LabUnavailable as reason:
        pytest.skip(f"{request.param} can't be had here: {reason}")
    yield lab
    lab.__exit__()


def task_over(story, lab, case, topic, **settings):
    from task import mysql_source
    return case.task(lab, mysql_source(lab.storage[0]), dict.fromkeys(story.databases, "all"), topic, **settings)


def test_structures_and_rows_changed_while_the_task_is_away_arrive_as_they_were(server, case, seeded):
    story = Story(server, case, seeded)
    story.begin()
    topic = case.topic(server)
    task = task_over(story, server, case, topic)
    task.catch_up()
    story.run(STEPS)
    story.end()
    task.catch_up()
    changes, repeats = fold.without_repeats(topic.records())
    assert repeats == 0
    story.check(changes)
