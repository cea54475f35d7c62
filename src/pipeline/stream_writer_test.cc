#include "pipeline/stream_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "encode/decoder.h"
#include "source/binlog/test_dump_server.h"

namespace tributary::pipeline {
namespace {

using source::testing::DumpServer;
using source::testing::Event;

class Counting final : public sink::Delivery {
 public:
  std::size_t records = 0;
  std::vector<std::int64_t> ids;  // of records that are no snapshot rows
  base::Status emit(model::RecordBatch& batch, const sink::MakeMark&, sink::When, const base::CancelToken&) override {
    records += batch.records.size();
    for (const model::EncodedRecord& record : batch.records)
      if (const auto read = encode::dts::decode_record(batch.value(record))) ids.push_back(read->id);
    batch.clear();
    return {};
  }
  base::Status flush(std::int64_t, const base::CancelToken&) override { return {}; }
  base::Status status() const override { return {}; }
  std::optional<kafka::Problem> problem() const override { return {}; }
  sink::DeliveryCounters counters() const override { return {}; }
};

constexpr std::uint64_t inserts = 756, inserts_end = 1789, updates = 1820, updates_end = 2414,
                        deletes_end = 2762;  // rows 1, 2, 3; row 1; row 3

// A stream of d.t beside a snapshot of which one chunk, rows 1 to 3, was read before it and is emitted behind it.
struct Story {
  const std::vector<Event> events = source::testing::events_of(source::testing::mariadb_10_11);
  std::vector<std::string> sent = {events.front().raw};
  Config config;
  Counting delivery;
  std::size_t changes = 0, rows = 0;  // records

  void send(std::uint64_t from, std::uint64_t to) {
    for (const Event& event : events)
      if (event.begin >= from && event.begin < to) sent.push_back(event.raw);
  }
  void restart() { sent.push_back(events.front().raw); }
  void choose(const std::string& operations) {
    const auto list = transform::ObjectList::from_db_list(R"({"d": {"all": true, "dml_op": ")" + operations + R"("}})");
    config.transformation.rules = transform::ObjectRules::compile(list.value()).value();
  }

  void run() {
    auto schema = std::make_shared<model::TableSchema>(*source::testing::schema_of(events));
    schema->database = "d";
    schema->table = "t";
    schema->identity = {0};
    schema->keys.push_back({"PRIMARY", true, {0}});
    DumpServer server("5.5.5-10.11.19-MariaDB-log", sent);
    TableSet tables;
    tables.instance.endpoint = server.endpoint();
    config.topics = std::make_shared<sink::Topics>(sink::Topic{"t"});
    const sink::Router router{sink::PartitionPolicy::zero, config.topics};
    tables.tables.push_back(TableMaker(config, tables.instance).make({0, 0, "fx", "a"}, schema).value());
    base::CancelToken cancel;
    base::ManualClock clock;
    checkpoint::SubtaskCheckpoint state;
    state.stream.emitted = {"b.000001", inserts};
    state.stream.next_record_id = 100;
    state.snapshot.lanes.resize(1);
    Sequencer sequencer{{delivery, router, cancel, tables.tables, true, state}};
    const auto chunk = sequencer.open_chunk(0);
    ASSERT_TRUE(chunk);

    source::StreamStart start;
    start.restart.at = start.emitted.at = state.stream.emitted;
    auto stream = source::BinlogStream::open(tables.instance, source::testing::live_tables("fx", "a", *schema), start,
                                             {.server_id = 1, .spill_dir = std::filesystem::temp_directory_path()});
    ASSERT_TRUE(stream) << stream.error().message();
    AllTableCounters counters(1);
    StreamStats stats;
    const auto store = store::make_memory_store();
    const source::Topology topology;
    SchemaHistory history(*store, "s");
    DdlBoard board(topology);
    AcceptStructure accept;
    SchemaKeeper keeper(
        {tables.instance, topology, source::ServerTraits{}, history, board, accept, cancel, config.transformation});
    StreamWriter writer(config, tables, sequencer, **stream, counters, stats, clock, state.stream, true, keeper,
                        router);
    const base::Status ended = (*stream)->run(writer, cancel);
    EXPECT_EQ(ended.error().code, base::ErrorCode::source_lost) << ended.error().message();
    ASSERT_TRUE(writer.on_idle());
    changes = delivery.records;

    model::RecordBatch batch;
    Identities identities;
    for (const int id : {1, 2, 3}) {
      std::vector<model::Value> row(schema->columns.size());
      row[0] = model::Value::integer(id);
      batch.records.emplace_back();
      const std::size_t at = identities.bytes.size();
      tables.tables[0]->form->source->identity(row, identities.bytes);
      identities.add(0, at);
    }
    ASSERT_TRUE(sequencer.emit_rows(*chunk, batch, identities, 0, {}, 3, true));
    rows = delivery.records - changes;
  }
};

// A server that died in the middle of writing leaves a transaction without end; what it names has not changed.
TEST(StreamWriter, RowsOfATransactionThatNeverHappenedDoNotOutdateSnapshotRows) {
  Story story;
  story.send(inserts, inserts_end);
  story.restart();
  story.send(updates, updates_end);
  story.run();
  EXPECT_EQ(story.changes, 1u);  // the update
  EXPECT_EQ(story.rows, 2u);     // rows 2 and 3; row 1 is outdated by its update
  EXPECT_EQ(story.delivery.ids.front(), 100);
}

TEST(StreamWriter, IdsDoNotDependOnWhetherWhatNeverHappenedWasToBeSent) {
  Story story;
  story.choose("u,d");
  story.send(inserts, inserts_end);
  story.restart();
  story.send(updates, updates_end);
  story.run();
  EXPECT_EQ(story.changes, 1u);
  EXPECT_EQ(story.delivery.ids.front(), 100);
}

// Else the topic would never hear of the row.
TEST(StreamWriter, AChangeThatIsLeftOutDoesNotOutdateSnapshotRows) {
  Story story;
  story.choose("i,u");
  story.send(updates, deletes_end);
  story.run();
  EXPECT_EQ(story.changes, 1u);
  EXPECT_EQ(story.rows, 2u);  // row 1 is outdated; that row 3 was deleted is not told
}

}  // namespace
}  // namespace tributary::pipeline
