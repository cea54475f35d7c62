"""DDL while a task runs or does not: random structures and rows on real servers, read late.

By default short stories, always the same. TRIBUTARY_RANDOM_STEPS: statements or transactions per story (60), a new seed each
time. TRIBUTARY_RANDOM_ALL: also what OPEN keeps out.
"""

import os
import random
import signal

import pytest

import fold
from ddl_story import Story, needs_live_ddl
from servers import lab_or_skip
from task import background, mysql_source

STEPS = int(os.environ.get("TRIBUTARY_RANDOM_STEPS") or 60)
SERVERS = {"mariadb-10.11": [], "mysql-5.6": [], "mysql-9.7": ["binlog-transaction-compression=ON"]}
# Left out by default: labels in sets of wide characters and beyond ASCII, of which the servers make what they like when a
# table is converted: that is told as not understood, and a reader that lags can't ask.
IS_LONG = "TRIBUTARY_RANDOM_STEPS" in os.environ or "SEED" in os.environ
IS_ALL = "TRIBUTARY_RANDOM_ALL" in os.environ
OPEN = None if IS_ALL else r"ucs2|utf16|utf32|(enum|set)\s*\(.*[^\x00-\x7f]"

pytestmark = needs_live_ddl


@pytest.fixture(params=list(SERVERS), scope="module")
def server(request, binaries):
    with lab_or_skip(request.param, instances=1, front=False, kafka="mock", options=SERVERS[request.param]) as lab:
        yield lab


@pytest.fixture
def story(server, case, seeded):
    return Story(server, case, seeded if IS_LONG else random.Random(11), unwanted=OPEN, with_sessions=IS_ALL)


def task_over(story, lab, case, topic, **settings):
    return case.task(lab, mysql_source(lab.storage[0]), dict.fromkeys(story.databases, "all"), topic, **settings)


def test_structures_and_rows_changed_while_the_task_is_away_arrive_as_they_were(server, case, story):
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


def test_a_reader_that_stands_still_for_the_whole_story_reads_it_as_it_was(server, case, story):
    story.begin()
    topic = case.topic(server)
    task = task_over(story, server, case, topic)
    task.catch_up()
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        run.process.send_signal(signal.SIGSTOP)
        story.run(STEPS)
        story.end()
        run.process.send_signal(signal.SIGCONT)
        run.wait_for_new_lines(2)
        run.stop()
    task.catch_up()
    story.check(fold.without_repeats(topic.records())[0])


def test_killed_in_the_story_again_and_again_nothing_is_lost_or_other_than_it_was(server, case, story):
    story.begin()
    topic = case.topic(server)
    task = task_over(story, server, case, topic)
    task.catch_up()
    for _ in range(3):
        with task.start() as run:
            story.run(STEPS // 3)
            run.wait_until(lambda line: line.get("records_acked", 0) > 0 or line.get("caught_up"))
            run.kill()
    story.end()
    task.catch_up()
    changes, repeats = fold.without_repeats(topic.records())
    print(f"{repeats} changes repeated")
    story.check(changes)


def test_a_snapshot_in_small_chunks_beside_the_story_ends_with_the_tables_as_they_are(server, case, story, seeded):
    story.begin(tables=4, rows=600)
    topic = case.topic(server)
    task = task_over(story, server, case, topic, tuning__chunk_rows=100)

    def tell(should_end):
        for _ in range(STEPS):
            if should_end():
                break
            story.step()

    with background(tell) as ending:
        for _ in range(2):
            some = seeded.randrange(1, 200)
            with task.start() as run:
                run.wait_until(lambda line: line.get("records_acked", 0) >= some or line.get("caught_up"))
                run.kill()
        with task.start() as run:
            run.wait_until(lambda line: line["caught_up"])
            ending.set()
            run.stop()
    story.end()
    task.catch_up()
    story.check(fold.without_repeats(topic.records())[0], is_complete=False)
