"""How a task begins, ends and begins again."""

import pytest

import fold
import source
from task import wait_for
from topic import Topic


def simple_table(lab, case, rows=1000, instance=0):
    database = case.database(lab, instance)
    sql = case.sql(lab, instance, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY, ver INT NOT NULL, note VARCHAR(40))")
    sql(f"INSERT INTO t SELECT seq, 0, CONCAT('row ', seq) FROM seq_1_to_{rows}")
    return database, sql


def operations(records):
    return [record.op for record in records]


def test_a_full_load_alone_ends_by_itself_and_carries_no_changes(lab, case):
    database, sql = simple_table(lab, case)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, migration=["schema", "full"])
    with task.start() as run:
        last = run.finish()
    assert last["event"] == "done" and last["snapshot_done"] and last["rows_done"] == 1000
    records = topic.records()
    assert operations(records) == ["DDL"] + ["INIT"] * 1000
    fold.assert_same(fold.of_table(records, database, "t"), source.rows(sql, database, "t"), ["id"])
    with task.start() as run:
        run.finish()
    assert len(topic.records()) == 1001, "a load that is done is not done again"


def test_a_full_load_alone_does_not_need_the_binlog(own_lab, case):
    lab = own_lab(instances=1, front=False, kafka="mock", options=["skip-log-bin"])
    database, sql = simple_table(lab, case)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, migration=["full"])
    with task.start() as run:
        run.finish()
    assert operations(topic.records()) == ["INIT"] * 1000


def test_changes_alone_begin_with_what_is_changed_from_now_on(lab, case):
    database, sql = simple_table(lab, case)
    topic = case.topic(lab)
    sql("UPDATE t SET ver = 1 WHERE id = 1")
    task = case.mysql_task(lab, database, topic, migration=["incremental"])
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("UPDATE t SET ver = 2 WHERE id = 1")
        sql("INSERT INTO t VALUES (2000, 1, 'new')")
        sql("DELETE FROM t WHERE id = 2")
        run.wait_until(lambda line: line["changes"] == 3)
        run.stop()
    sql("UPDATE t SET ver = 3 WHERE id = 1")  # while it is down
    task.catch_up()
    assert [(record.op, (record.after or record.before)["ver"]) for record in topic.records()] == [
        ("UPDATE", 2), ("INSERT", 1), ("DELETE", 0), ("UPDATE", 3)]


def test_changes_alone_begin_at_a_place_of_the_binlog_if_the_task_names_one(lab, case):
    database, sql = simple_table(lab, case)
    topic = case.topic(lab)
    file, offset, *_ = sql("SHOW MASTER STATUS")[0]
    gtid = sql.one("SELECT @@gtid_binlog_pos")
    sql("UPDATE t SET ver = 1 WHERE id = 1")
    address = f"{lab.storage[0]['host']}:{lab.storage[0]['port']}"
    for suffix, place in (("-file", {"file": file, "offset": int(offset)}), ("-gtid", {"gtid": gtid})):
        task = case.mysql_task(lab, database, topic, suffix=suffix, migration=["incremental"], start={"position": {address: place}},
                               destination__conflicting_tables="ignore")
        task.catch_up()
    assert [(record.op, record.after["ver"]) for record in topic.records()] == [("UPDATE", 1)] * 2


def test_the_schema_alone_is_one_statement_for_each_table(lab, case):
    database, sql = simple_table(lab, case)
    sql("CREATE TABLE other (a INT) COMMENT 'it\\'s; (a) `comment`'")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, migration=["schema"])
    with task.start() as run:
        run.finish()
    records = topic.records()
    assert operations(records) == ["DDL", "DDL"] and {record.key for record in records} == {None}
    # What the statements make on another server is what is here.
    copy = case.database(lab, 1, suffix="_copy")
    with lab.sql(1, copy) as there:
        for record in records:
            there(record.statement)
        for table in ("t", "other"):
            made = there(f"SHOW CREATE TABLE {table}")[0][1]
            assert made == sql(f"SHOW CREATE TABLE {table}")[0][1]


def test_a_stop_by_sigint_is_clean_and_the_next_run_goes_on_without_repeats(lab, case):
    database, sql = simple_table(lab, case)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        sql("UPDATE t SET ver = ver + 1 WHERE id <= 100")
        topic.wait_for_messages(1 + 1000 + 100)
        last = run.stop()
        assert last["event"] == "stopped", last
    sql("UPDATE t SET ver = ver + 1 WHERE id <= 100")
    task.catch_up()
    records = topic.records()
    assert operations(records) == ["DDL"] + ["INIT"] * 1000 + ["UPDATE"] * 200
    fold.assert_same(fold.of_table(records, database, "t"), source.rows(sql, database, "t"), ["id"])
    ids = [record.id for record in records if record.op == "UPDATE"]
    assert ids == sorted(set(ids))


def test_a_clean_stop_in_mid_snapshot_goes_on_at_the_chunk_where_it_was(lab, case):
    database, sql = simple_table(lab, case, rows=60000)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, tuning__chunk_rows=100)
    stopped_early = 0
    for wanted in (1000, 20000, 40000):
        with task.start() as run:
            run.wait_until(lambda line: True)
            topic.wait_for_messages(wanted)
            stopped_early += not run.stop()["snapshot_done"]
    task.catch_up()
    records = topic.records()
    assert stopped_early >= 1
    assert operations(records) == ["DDL"] + ["INIT"] * 60000
    assert len({record.key for record in records}) == 60001


def test_state_in_use_is_refused_to_a_second_run(lab, case):
    database, _ = simple_table(lab, case)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic)
    with task.start() as first:
        first.wait_until(lambda line: line["caught_up"])
        with task.start() as second:
            assert second.wait() == 2
        assert second.lines[-1]["error"]["code"] == "task.state_in_use"
        first.wait_for_new_lines(2)
        first.stop()
    assert len(topic.records()) == 1001


def test_the_state_of_another_definition_is_refused_and_says_what_changed(lab, case):
    database, sql = simple_table(lab, case)
    sql("CREATE TABLE other (id INT PRIMARY KEY)")
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic, tables=["t"])
    task.catch_up()
    for change in ({"objects": {database: ["t", "other"]}}, {"migration": ["full", "incremental"]}):
        before = dict(task.definition)
        task.change(**change)
        with task.start("--until", "caught-up") as run:
            assert run.wait() == 2, run.story()
        assert run.lines[-1]["error"]["code"] == "task.state_mismatch"
        task.change(**before)
    task.change(tuning__chunk_rows=500, source__password=lab.storage[0]["password"])  # does not make it another task
    task.catch_up()
    assert len(topic.records()) == 1001


def test_missing_topics_are_created_when_the_task_says_so(lab, case):
    database, _ = simple_table(lab, case)
    task = case.mysql_task(lab, database, None, destination__create_topics=True, destination__ddl_topic=f"{case.name}-ddl")
    if not lab.is_real_kafka:
        pytest.skip("the mock broker can't create topics on request; real Kafka can't be had here")
    task.catch_up()
    for name, count in ((case.name, 1000), (f"{case.name}-ddl", 1)):
        topic = Topic(lab.brokers, name, forgets=not lab.is_real_kafka)
        case.to_close.append(topic)
        assert len(topic.records()) == count


def test_an_idle_source_still_moves_its_position_and_says_how_late_it_is(lab, case):
    database, _ = simple_table(lab, case)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        first = run.wait_for_instance(lambda instance: instance["position"])["position"]
        run.wait_for_instance(lambda instance: instance["position"] != first and instance["delay_ms"] is not None and instance["delay_ms"] < 5000)
        run.stop()
    assert {record.table for record in topic.records()} == {"t", ""}, "the heartbeat's own table is not carried"


def test_a_rotated_log_and_many_small_files_are_followed(lab, case):
    database, sql = simple_table(lab, case)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic)
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        for number in range(20):
            sql("UPDATE t SET ver = ver + 1 WHERE id <= 5")
            sql("FLUSH BINARY LOGS")
        run.wait_until(lambda line: line["changes"] == 100)
        run.stop()
    sql("FLUSH BINARY LOGS")
    sql("UPDATE t SET ver = ver + 1 WHERE id <= 5")
    task.catch_up()
    records = topic.records()
    fold.assert_same(fold.of_table(records, database, "t"), source.rows(sql, database, "t"), ["id"])
    assert len({record.position[0] for record in records if record.op == "UPDATE"}) >= 20


def test_a_log_that_was_purged_meanwhile_stops_the_task_loudly(own_lab, case):
    lab = own_lab(instances=1, front=False, kafka="mock")
    database, sql = simple_table(lab, case)
    topic = case.topic(lab)
    task = case.mysql_task(lab, database, topic)
    task.catch_up()
    sql("UPDATE t SET ver = 7 WHERE id = 1")
    sql("FLUSH BINARY LOGS")
    last = sql("SHOW MASTER STATUS")[0][0]
    wait_for(lambda: sql(f"PURGE BINARY LOGS TO '{last}'") is not None and len(sql("SHOW BINARY LOGS")) == 1, what="the purge")
    with task.start("--until", "caught-up") as run:
        assert run.wait() == 3
    assert run.lines[-1]["error"]["code"] == "source.binlog_purged"
    assert len(topic.records()) == 1001


def test_a_topic_with_records_of_the_tables_is_refused_to_a_new_task_unless_it_is_to_go_on_behind_them(lab, case):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    for table in ("one", "two", "three"):
        sql(f"CREATE TABLE {table} (id INT PRIMARY KEY)")
        sql(f"INSERT INTO {table} VALUES (1)")
    topic = case.topic(lab, partitions=3)
    case.mysql_task(lab, database, topic, tables=["one", "two"]).catch_up()
    held = len(topic.records())
    task = case.mysql_task(lab, database, topic, tables=["two", "three"], suffix="-again")
    with task.start() as run:
        assert run.wait() == 4
        error = run.lines[-1]["error"]
        assert (error["code"], error["what"], error["where"]) == ("destination.conflicting_tables", f"{database}.two", topic.name), error
    assert not task.state.exists() and len(topic.records()) == held
    case.mysql_task(lab, database, topic, tables=["three"], suffix="-third").catch_up()
    task.change(destination__conflicting_tables="ignore")
    task.catch_up()
    task.change(destination__conflicting_tables="report")
    task.catch_up()  # it has state: the records are its own
    assert sum(record.table == "two" and record.op == "INIT" for record in topic.records()) == 2
