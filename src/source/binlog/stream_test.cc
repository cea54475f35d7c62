#include "source/binlog/stream.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>

#include "source/binlog/cursor.h"
#include "source/binlog/test_dump_server.h"
#include "source/binlog/test_fixtures.h"

namespace tributary::source {
namespace {

using testing::DumpServer;
using testing::Event;
using testing::events_of;
using testing::schema_of;

constexpr const char* mariadb_version = "5.5.5-10.11.19-MariaDB-log";
constexpr const char* mysql_version = "9.7.0";

// The events as a dump from `from` on sends them: the format description first.
std::vector<std::string> dump_from(const std::vector<Event>& events, std::uint64_t from) {
  std::vector<std::string> out = {events.front().raw};
  for (const Event& event : events)
    if (event.begin >= from && event.type != EventType::format_description) out.push_back(event.raw);
  return out;
}

std::string query_event(const std::vector<Event>& events, std::string_view sql) {
  const auto model =
      std::find_if(events.begin(), events.end(), [](const Event& e) { return e.type == EventType::query; });
  constexpr std::size_t header_and_fixed = event_header_size + 13;
  std::string raw = model->raw.substr(0, header_and_fixed);
  raw[event_header_size + 8] = 0;                                 // no database name
  raw[event_header_size + 11] = raw[event_header_size + 12] = 0;  // no status variables
  raw += '\0';
  raw += sql;
  const std::uint32_t size = static_cast<std::uint32_t>(raw.size() + 4), next = 0;
  std::memcpy(raw.data() + 9, &size, 4);
  std::memcpy(raw.data() + 13, &next, 4);
  const auto crc = static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(raw.data()), raw.size()));
  return raw.append(reinterpret_cast<const char*>(&crc), 4);
}

// Counts what is handed on.
struct Recorder final : StreamHandler {
  BinlogStream* stream = nullptr;
  std::uint64_t rows = 0, commits = 0;
  std::vector<std::string> safe_positions, boundaries;
  std::vector<std::uint64_t> changes;
  StreamPosition last, restart;

  base::Status on_rows(std::uint32_t, const model::TableSchemaPtr&, RowReader& reader,
                       const RowContext& context) override {
    std::vector<model::Value> before, after;
    while (true) {
      TRY_VALUE(const bool more, reader.next(before, after));
      if (!more) break;
      ++rows;
    }
    safe_positions.push_back(context.safe_position.text());
    return {};
  }
  base::Status boundary(const StreamPosition& end) {
    boundaries.push_back(end.at.text());
    last = end;
    restart = stream->restart_position(end);
    return {};
  }
  base::Status on_commit(const StreamPosition& end) override {
    ++commits;
    return boundary(end);
  }
  base::Status on_rollback(const StreamPosition& end) override { return boundary(end); }
  base::Status on_schema_change(const SchemaChange& change, const LiveTables&, const RowContext&) override {
    changes.push_back(change.number);
    return {};
  }
  base::Result<std::vector<TableState>> on_structures_unknown(const StructureQuestion& question) override {
    return base::fail(base::ErrorCode::data_ddl_not_understood, question.reason);
  }
  base::Status on_advance(const StreamPosition& end, std::uint32_t) override { return boundary(end); }
  base::Status on_idle() override { return {}; }
};

struct Dumped {
  Recorder recorder;
  base::Status ended;
  std::string dump_command;
  std::set<std::string> decided;
  std::size_t held = 0;
  std::uint32_t dump_offset() const { return static_cast<std::uint32_t>(little<4>(dump_command.data() + 1)); }
};

Dumped run(const char* version, const std::vector<Event>& all, std::vector<std::string> sent, const StreamStart& start,
           const std::set<std::string>& decided = {}, const std::set<std::string>& listed = {}) {
  Dumped out;
  DumpServer server(version, std::move(sent));
  Instance instance;
  instance.name = "i";
  instance.endpoint = server.endpoint();
  StreamOptions options{
      .server_id = 1, .spill_dir = std::filesystem::temp_directory_path(), .decided = decided, .listed = listed};
  LiveTables::Setup tables = testing::live_tables("fx", "a", *schema_of(all));
  // The table is known as it is behind the statement that created it.
  for (const Event& event : all)
    if (tables.ignores_until.empty() && event.type == EventType::table_map)
      tables.ignores_until = {"b.000001", event.begin};
  auto stream = BinlogStream::open(instance, std::move(tables), start, options);
  EXPECT_TRUE(stream) << stream.error().message();
  if (!stream) return out;
  out.recorder.stream = stream->get();
  base::CancelToken cancel;
  out.ended = (*stream)->run(out.recorder, cancel);
  out.decided = (*stream)->recently_decided();
  out.held = (*stream)->held_count();
  out.dump_command = server.dump_command();
  return out;
}

StreamStart from(std::uint64_t restart, std::uint64_t emitted) {
  StreamStart start;
  start.restart.at = {"b.000001", restart};
  start.emitted.at = {"b.000001", emitted};
  return start;
}

// The groups of both files: 3 inserted, 1 updated, 1 deleted, one XA committed, one rolled back, one in one phase.
constexpr std::uint64_t rows_in_file = 7;

TEST(BinlogStream, HandsOnWhatWasCommittedOfEitherServersGroups) {
  for (const auto& [version, hex] :
       {std::pair{mariadb_version, testing::mariadb_10_11}, {mysql_version, testing::mysql_9_7}}) {
    const auto events = events_of(hex);
    const Dumped done = run(version, events, dump_from(events, 4), from(4, 4));
    EXPECT_EQ(done.ended.error().code, base::ErrorCode::source_lost) << done.ended.error().message();
    EXPECT_EQ(done.recorder.rows, rows_in_file) << version;
    EXPECT_EQ(done.recorder.commits, 5u) << version;
  }
}

TEST(BinlogStream, BegunByOffsetItDoesNotRestartByTheSetOfWhatItSawSince) {
  for (const auto& [version, hex] :
       {std::pair{mariadb_version, testing::mariadb_10_11}, {mysql_version, testing::mysql_9_7}}) {
    const auto events = events_of(hex);
    const Dumped done = run(version, events, dump_from(events, 4), from(4, 4));
    EXPECT_FALSE(done.recorder.last.gtid_set.empty());
    EXPECT_TRUE(done.recorder.restart.gtid_set.empty()) << done.recorder.restart.gtid_set.text();
    EXPECT_EQ(done.recorder.restart.at, done.recorder.last.at);
  }
}

TEST(BinlogStream, BegunByASetItRestartsByTheSet) {
  const auto events = events_of(testing::mariadb_10_11);
  StreamStart start = from(4, 4);
  start.restart.gtid_set.add_mariadb(9, 1, 5);
  start.emitted = start.restart;
  start.by_gtid = true;
  const Dumped done = run(mariadb_version, events, dump_from(events, 4), start);
  EXPECT_EQ(done.recorder.restart.gtid_set, done.recorder.last.gtid_set);
  EXPECT_TRUE(done.recorder.restart.gtid_set.contains_mariadb(9, 5));
}

TEST(BinlogStream, BySetItHandsOnWhatFollowsTheLastOneHandedOnAndTellsNoPlaceBeforeIt) {
  const auto events = events_of(testing::mariadb_10_11);
  const Dumped whole = run(mariadb_version, events, dump_from(events, 4), from(4, 4));
  StreamStart start;
  start.by_gtid = true;
  start.emitted.gtid_set = whole.recorder.last.gtid_set;
  ASSERT_EQ(start.emitted.gtid_set.mariadb().size(), 1u);
  const auto [domain, last] = *start.emitted.gtid_set.mariadb().begin();
  start.restart.gtid_set.add_mariadb(domain, last.server_id, 1);
  const Dumped replayed = run(mariadb_version, events, dump_from(events, 4), start);
  EXPECT_EQ(replayed.recorder.rows, 0u);
  // What it tells in the end, behind the last group, is all of it.
  EXPECT_LE(replayed.recorder.boundaries.size(), 1u);
  EXPECT_TRUE(replayed.recorder.last.gtid_set.contains(start.emitted.gtid_set));

  // Of another server, whose numbers may be larger or smaller: the place in the log counts, not the number.
  start.emitted = start.restart = {};
  start.restart.gtid_set.add_mariadb(domain, last.server_id + 1, last.sequence + 1000);
  start.emitted = start.restart;
  EXPECT_EQ(run(mariadb_version, events, dump_from(events, 4), start).recorder.rows, rows_in_file);
}

TEST(BinlogStream, ACommitWhosePrepareWasNotReadIsAnErrorUnlessItWasHandedOnBefore) {
  const auto events = events_of(testing::mysql_9_7);
  constexpr std::uint64_t behind_prepare = 3026, behind_commit = 3198;
  const Dumped lost =
      run(mysql_version, events, dump_from(events, behind_prepare), from(behind_prepare, behind_prepare));
  EXPECT_EQ(lost.ended.error().code, base::ErrorCode::source_xa_unseen) << lost.ended.error().message();
  const Dumped replayed =
      run(mysql_version, events, dump_from(events, behind_prepare), from(behind_prepare, behind_commit));
  EXPECT_EQ(replayed.ended.error().code, base::ErrorCode::source_lost) << replayed.ended.error().message();
}

TEST(BinlogStream, ASecondCommitAfterACrashIsNoLossWhoeverKnowsOfTheFirst) {
  const auto events = events_of(testing::mysql_9_7);
  constexpr std::uint64_t behind_prepare = 3026;
  const std::string xid = "X'747831',X'62',7";
  const auto go = [&](const std::set<std::string>& decided, const std::set<std::string>& listed) {
    return run(mysql_version, events, dump_from(events, behind_prepare), from(behind_prepare, behind_prepare), decided,
               listed)
        .ended.error()
        .code;
  };
  EXPECT_EQ(go({xid}, {}), base::ErrorCode::source_lost);
  EXPECT_EQ(go({}, {xid}), base::ErrorCode::source_lost);
  EXPECT_EQ(go({"X'747831',X'',7"}, {"X'00',X'62',7"}), base::ErrorCode::source_xa_unseen);
  // One whose PREPARE is read is decided for the first time.
  const Dumped whole = run(mysql_version, events, dump_from(events, 4), from(4, 4), {xid}, {xid});
  EXPECT_EQ(whole.recorder.rows, rows_in_file);
}

TEST(BinlogStream, CollectsAPreparedTransactionFromBeforeWhatItHandsOn) {
  const auto events = events_of(testing::mysql_9_7);
  constexpr std::uint64_t before_prepare = 2497, behind_prepare = 3026;
  const Dumped done =
      run(mysql_version, events, dump_from(events, before_prepare), from(before_prepare, behind_prepare));
  EXPECT_EQ(done.recorder.rows, 2u);  // of the commit and of the one in one phase
}

TEST(BinlogStream, AnIdPreparedAgainIsNoLongerOneLatelyDecided) {
  const auto events = events_of(testing::mysql_9_7);
  constexpr std::uint64_t before_prepare = 2497, behind_prepare = 3026, behind_commit = 3198;
  std::vector<std::string> sent = {events.front().raw}, once;
  for (const Event& event : events)
    if (event.begin >= before_prepare && event.begin < behind_commit) once.push_back(event.raw);
  sent.insert(sent.end(), once.begin(), once.end());
  const Dumped decided = run(mysql_version, events, sent, from(before_prepare, before_prepare));
  EXPECT_EQ(decided.decided.size(), 1u);
  EXPECT_EQ(decided.held, 0u);
  for (const Event& event : events)
    if (event.begin >= before_prepare && event.begin < behind_prepare) sent.push_back(event.raw);
  const Dumped again = run(mysql_version, events, sent, from(before_prepare, before_prepare));
  EXPECT_EQ(again.ended.error().code, base::ErrorCode::source_lost) << again.ended.error().message();
  EXPECT_TRUE(again.decided.empty());
  EXPECT_EQ(again.held, 1u);
}

// A reader may wait for a place behind a file's head, and a replay from there gives the same records.
TEST(BinlogStream, TheBoundaryBeforeAGroupIsBehindTheEventsBetween) {
  const auto events = events_of(testing::mariadb_10_11);
  const Dumped whole = run(mariadb_version, events, dump_from(events, 4), from(4, 4));
  ASSERT_FALSE(whole.recorder.boundaries.empty());
  EXPECT_EQ(whole.recorder.boundaries.front(), "b.000001:328");  // not 4, where the file's head begins
  const Dumped later = run(mariadb_version, events, dump_from(events, 756), from(756, 756));
  EXPECT_EQ(later.recorder.safe_positions, whole.recorder.safe_positions);
}

TEST(BinlogStream, RowsUndoneByARollbackToASavepointAreAnError) {
  const auto events = events_of(testing::mariadb_10_11);
  constexpr std::uint64_t begin = 756, xid = 1789;  // Gtid .. Xid of the inserts
  const auto with = [&](std::vector<std::string> statements) {
    std::vector<std::string> sent = {events.front().raw};
    for (const Event& event : events) {
      if (event.begin < begin || event.begin > xid) continue;
      if (event.type == EventType::annotate_rows) sent.push_back(query_event(events, statements[0]));
      if (event.type == EventType::xid) sent.push_back(query_event(events, statements[1]));
      if (event.type == EventType::xid && statements.size() > 2) sent.push_back(query_event(events, statements[2]));
      sent.push_back(event.raw);
    }
    return run(mariadb_version, events, sent, from(begin, begin)).ended.error();
  };
  EXPECT_EQ(with({"SAVEPOINT `s`", "ROLLBACK TO `s`"}).code, base::ErrorCode::data_event_unsupported);
  EXPECT_EQ(with({"SAVEPOINT `s`", "SAVEPOINT `s`", "ROLLBACK TO `s`"}).code, base::ErrorCode::source_lost);
}

TEST(BinlogStream, AGroupLeftOpenIsNotJoinedWithTheNext) {
  const auto events = events_of(testing::mariadb_10_11);
  std::vector<std::string> sent = {events.front().raw};
  for (const Event& event : events)
    if (event.begin >= 756 && event.begin != 1789) sent.push_back(event.raw);  // the inserts without their end
  const Dumped done = run(mariadb_version, events, sent, from(756, 756));
  EXPECT_EQ(done.ended.error().code, base::ErrorCode::data_event_malformed);
  EXPECT_EQ(done.recorder.commits, 0u);
}

TEST(BinlogStream, AnOffsetBeyond32BitsIsReadFromTheFilesHeadAndHandsOnNothingTwice) {
  const auto events = events_of(testing::mariadb_10_11);
  constexpr std::uint64_t far = 5ull << 30;
  const Dumped done = run(mariadb_version, events, dump_from(events, 4), from(far, far));
  EXPECT_EQ(done.dump_offset(), 4u);
  EXPECT_EQ(done.recorder.rows, 0u);
}

}  // namespace
}  // namespace tributary::source
