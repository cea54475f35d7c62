#include "pipeline/stream_writer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "source/binlog/test_dump_server.h"

namespace tributary::pipeline {
namespace {

using source::testing::DumpServer;
using source::testing::Event;

class Counting final : public sink::Delivery {
 public:
  std::size_t records = 0;
  base::Status emit(model::RecordBatch& batch, const sink::MakeMark&, sink::When, const base::CancelToken&) override {
    records += batch.records.size();
    batch.clear();
    return {};
  }
  base::Status flush(std::int64_t, const base::CancelToken&) override { return {}; }
  base::Status status() const override { return {}; }
  std::optional<kafka::Problem> problem() const override { return {}; }
  sink::DeliveryCounters counters() const override { return {}; }
};

// A server that died in the middle of writing leaves a transaction without end; what it names has not changed.
TEST(StreamWriter, RowsOfATransactionThatNeverHappenedDoNotOutdateSnapshotRows) {
  const auto events = source::testing::events_of(source::testing::mariadb_10_11);
  constexpr std::uint64_t inserts = 756, inserts_end = 1789, updates = 1820, updates_end = 2414;  // rows 1, 2, 3; row 1
  std::vector<std::string> sent = {events.front().raw};
  for (const Event& event : events)
    if (event.begin >= inserts && event.begin < inserts_end) sent.push_back(event.raw);
  sent.push_back(events.front().raw);  // as after a restart
  for (const Event& event : events)
    if (event.begin >= updates && event.begin < updates_end) sent.push_back(event.raw);

  auto schema = std::make_shared<model::TableSchema>(*source::testing::schema_of(events));
  schema->database = "d";
  schema->table = "t";
  schema->identity = {0};
  schema->keys.push_back({"PRIMARY", true, {0}});
  DumpServer server("5.5.5-10.11.19-MariaDB-log", sent);
  TableSet tables;
  tables.instance.endpoint = server.endpoint();

  Counting delivery;
  Config config;
  config.topics = std::make_shared<sink::Topics>(sink::Topic{"t"});
  const sink::Router router{sink::PartitionPolicy::zero, config.topics};
  tables.tables.push_back(TableMaker(config, tables.instance).make({0, 0, "fx", "a"}, schema).value());
  base::CancelToken cancel;
  base::ManualClock clock;
  checkpoint::SubtaskCheckpoint state;
  state.stream.emitted = {"b.000001", inserts};
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
  StreamWriter writer(config, tables, sequencer, **stream, counters, stats, clock, state.stream, true, keeper, router);
  const base::Status ended = (*stream)->run(writer, cancel);
  EXPECT_EQ(ended.error().code, base::ErrorCode::source_lost) << ended.error().message();
  ASSERT_TRUE(writer.on_idle());
  ASSERT_EQ(delivery.records, 1u);  // the update

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
  EXPECT_EQ(delivery.records, 3u);  // rows 2 and 3; row 1 is outdated by its update
}

}  // namespace
}  // namespace tributary::pipeline
