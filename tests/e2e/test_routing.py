"""Which partition a record goes to: the policies, hashes and limits of DTS."""

import pytest
from confluent_kafka import Consumer, TopicPartition

import fold
import source
from task import background, wait_for
from topic import grow
from verifying import verify
from writers import Keyed, writer

PARTITIONS = 7


def java_hash(text):
    """String.hashCode() of Java, written from its definition."""
    units = text.encode("utf-16-be")
    result = 0
    for high, low in zip(units[::2], units[1::2]):
        result = (result * 31 + high * 256 + low) % 2**32
    return result - 2**32 if result >= 2**31 else result


EXPECTED = {
    "zero": lambda record: 0,
    "table": lambda record: java_hash(f"{record.db}.{record.table}") % PARTITIONS,
    "key": lambda record: java_hash(record.key.decode()) % PARTITIONS if record.key else 0,
}


@pytest.mark.parametrize("policy", EXPECTED)
def test_each_record_is_in_its_partition_and_each_row_in_order(lab, case, seeded, policy):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    tables = [Keyed(sql, name, 200, seeded) for name in ("plain", "composite", "folded")]
    sql("CREATE TABLE keyless (a INT)")
    sql("INSERT INTO keyless SELECT seq FROM seq_1_to_20")
    topic = case.topic(lab, partitions=PARTITIONS)
    task = case.mysql_task(lab, database, topic, destination__partition_by=policy)
    write = writer(lambda: lab.sql(0, database), tables, seeded.randrange(2**20), 0, 1)
    with background(lambda should_end: write(should_end)), task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        wanted = topic.count + 1500
        wait_for(lambda: topic.count >= wanted or run.is_over)
        sql("CREATE TABLE later (id INT PRIMARY KEY)")
        sql("INSERT INTO later SELECT seq FROM seq_1_to_50")
        run.stop()
    task.catch_up()
    records = topic.records()
    rows = [record for record in records if record.op != "DDL"]
    wrong = [record for record in rows if record.partition != EXPECTED[policy](record)]
    assert not wrong, wrong[:3]
    assert len({record.table for record in rows}) == 5
    if policy == "key":
        assert len({record.partition for record in rows}) == PARTITIONS
    for record in records:
        if record.op == "DDL" and policy != "table":
            assert record.partition == 0, record
    for table in tables:
        of_table = fold.of_table(records, database, table.name)
        homes = {}
        for record in of_table:
            for image in filter(None, (record.before, record.after)):
                homes.setdefault(tuple(image[column] for column in table.key), set()).add(record.partition)
        assert all(len(partitions) == 1 for partitions in homes.values()), "a row has changes in two partitions"
        fold.assert_same(of_table, source.rows(sql, database, table.name), table.key)
    if lab.is_real_kafka:
        fold.assert_once(records, {table.name: table.key for table in tables})
    verify(task).assert_equal()


def test_a_message_key_of_the_users_decides_key_and_partition(lab, case, seeded):
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE orders (id INT PRIMARY KEY, customer INT NOT NULL, ver INT)")
    sql("CREATE TABLE other (id INT PRIMARY KEY, ver INT)")
    sql("INSERT INTO orders SELECT seq, seq % 10, 0 FROM seq_1_to_100")
    sql("INSERT INTO other SELECT seq, 0 FROM seq_1_to_5")
    topic = case.topic(lab, partitions=PARTITIONS)
    task = case.mysql_task(lab, database, topic, tables={"all": True, "message_key": "customer"}, destination__partition_by="key")
    with task.start() as run:
        run.wait_until(lambda line: line["caught_up"])
        for version in range(1, 200):
            number = seeded.randrange(1, 101)
            if version % 3 == 0:
                sql("UPDATE orders SET customer = customer + 1, ver = %s WHERE id = %s", version, number)
            elif version % 17 == 0:
                sql("DELETE FROM orders WHERE id = %s", number)
            else:
                sql("UPDATE orders SET ver = %s WHERE id = %s", version, number)
        run.stop()
    task.catch_up()
    records = [record for record in topic.records() if record.op != "DDL"]
    of_orders = fold.of_table(records, database, "orders")
    for record in of_orders:
        image = record.after if record.after is not None else record.before
        assert record.key.decode() == f'["{database}","orders",{image["customer"]}]'
        assert record.partition == java_hash(record.key.decode()) % PARTITIONS
        if record.op == "UPDATE":
            assert record.before["customer"] == record.after["customer"], "it leaves as a DELETE and an INSERT"
    assert {record.key.decode() for record in fold.of_table(records, database, "other")} == {f'["{database}","other",{n}]' for n in range(1, 6)}
    # Ids give the order of what stands in different partitions.
    rows = {}
    for record in sorted(of_orders, key=lambda record: (record.op != "INIT", record.position, record.id)):
        rows.pop((record.before or {}).get("id"), None)
        if record.after is not None:
            rows[record.after["id"]] = record.after
    assert sorted(rows.values(), key=lambda row: row["id"]) == source.rows(sql, database, "orders")
    verify(task).assert_equal()
    refused = case.mysql_task(lab, database, topic, tables={"tables": {"other": {"message_key": "customer"}}}, suffix="-b")
    with refused.start() as run:
        assert run.wait() == 2
        error = run.lines[-1]["error"]
        assert error["code"] == "task.objects_bad_value" and "`customer`" in error["what"] and error["where"] == f"{database}.other", error


@pytest.mark.parametrize("policy", ["table", "key"])
def test_another_number_of_partitions_stops_the_task_before_a_row_changes_its_partition(lab, case, policy):
    if not lab.is_real_kafka:
        pytest.skip("the mock broker makes no partitions more, and real Kafka can't be had")
    database = case.database(lab)
    sql = case.sql(lab, 0, database)
    sql("CREATE TABLE t (id INT PRIMARY KEY)")
    sql("INSERT INTO t VALUES (1), (2), (3)")
    topic = case.topic(lab, partitions=2)
    task = case.mysql_task(lab, database, topic, destination__partition_by=policy)
    task.catch_up()
    before = len(topic.records())
    grow(topic, 3)
    sql("INSERT INTO t VALUES (4)")
    with task.start() as run:
        assert run.wait() != 0
        error = run.lines[-1]["error"]
        assert error["code"] == "destination.partitions_changed" and "3, and 2 then" in error["what"] and error["where"] == topic.name, error
    assert len(topic.records()) == before
    consumer = Consumer({"bootstrap.servers": lab.brokers, "group.id": case.name})
    assert consumer.get_watermark_offsets(TopicPartition(topic.name, 2), timeout=10) == (0, 0), "the new partition was written"
    consumer.close()
