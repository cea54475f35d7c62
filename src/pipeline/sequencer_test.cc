#include "pipeline/sequencer.h"

#include <gtest/gtest.h>

#include <thread>

namespace tributary::pipeline {
namespace {

// Keeps keys in the order of emission and every mark's bytes.
class FakeDelivery final : public sink::Delivery {
 public:
  base::Status emit(model::RecordBatch& batch, const sink::MakeMark& make_mark, sink::When,
                    const base::CancelToken&) override {
    if (broken) return base::fail(base::ErrorCode::destination_rejected);
    for (const auto& record : batch.records) keys.emplace_back(batch.key(record));
    batch.clear();
    if (make_mark && takes_marks) marks.push_back(*make_mark()());
    return {};
  }
  base::Status flush(std::int64_t, const base::CancelToken&) override { return {}; }
  base::Status status() const override { return {}; }
  std::optional<kafka::Problem> problem() const override { return {}; }
  sink::DeliveryCounters counters() const override { return {}; }

  std::vector<std::string> keys;
  std::vector<std::string> marks;
  bool broken = false;
  bool takes_marks = true;
};

struct Fixture {
  FakeDelivery delivery;
  sink::Router router{sink::PartitionPolicy::zero, std::make_shared<sink::Topics>(sink::Topic{"t", 1})};
  base::CancelToken cancel;
  Sequencer sequencer{{delivery, router, cancel, std::vector<SubtaskTablePtr>(2), true, start()}};

  static checkpoint::SubtaskCheckpoint start() {
    checkpoint::SubtaskCheckpoint state;
    state.stream.emitted = {"b.000001", 100};
    state.snapshot.lanes.resize(1);
    return state;
  }
  static StreamMark mark(std::uint64_t offset) {
    StreamMark m;
    m.emitted.at = m.restart.at = {"b.000001", offset};
    return m;
  }
  static void add(model::RecordBatch& batch, Identities& identities, std::uint32_t physical, std::string_view key) {
    model::EncodedRecord record;
    batch.bytes.append(key);
    record.key_size = static_cast<std::uint32_t>(key.size());
    record.value_begin = batch.bytes.size();
    batch.records.push_back(record);
    const std::size_t at = identities.bytes.size();
    identities.bytes.append(key);
    identities.add(physical, at);
  }
  void change(std::string_view key, std::uint64_t end, std::uint32_t physical = 0) {
    model::RecordBatch batch;
    Identities changed;
    add(batch, changed, physical, key);
    ASSERT_TRUE(sequencer.emit_changes(batch, changed, mark(end)));
  }
  void rows(const Sequencer::Chunk& chunk, std::initializer_list<std::string_view> keys, bool done = false) {
    model::RecordBatch batch;
    Identities identities;
    for (const auto key : keys) add(batch, identities, chunk.physical, key);
    ASSERT_TRUE(*sequencer.emit_rows(chunk, batch, identities, 0, {std::string("k")}, keys.size(), done));
  }
  using Keys = std::vector<std::string>;
};

SubtaskTablePtr some_table(const std::string& name = "t") {
  SubtaskTable table;
  table.physical.database = "d";
  table.physical.table = name;
  return std::make_shared<const SubtaskTable>(std::move(table));
}

TEST(Sequencer, DropsASnapshotRowThatChangedSinceItsChunkWasOpened) {
  Fixture f;
  f.change("a", 110);
  const auto chunk = *f.sequencer.open_chunk(0);
  EXPECT_EQ(chunk.emitted.position.offset, 110u);
  f.change("b", 120);
  f.rows(chunk, {"a", "b", "c"});
  EXPECT_EQ(f.delivery.keys, (Fixture::Keys{"a", "b", "a", "c"}));
}

TEST(Sequencer, ChangesOfAnotherTableDoNotOutdateARow) {
  Fixture f;
  const auto chunk = *f.sequencer.open_chunk(0);
  f.change("a", 120, 1);
  f.rows(chunk, {"a"});
  EXPECT_EQ(f.delivery.keys, (Fixture::Keys{"a", "a"}));
}

TEST(Sequencer, RowsWaitUntilTheStreamHasReachedTheirView) {
  Fixture f;
  std::atomic<bool> reached = false;
  std::thread reader([&] {
    EXPECT_TRUE(f.sequencer.wait_reached({"b.000002", 4}));
    reached = true;
  });
  ASSERT_TRUE(f.sequencer.advance(Fixture::mark(500)));
  EXPECT_FALSE(reached);
  StreamMark next = Fixture::mark(4);
  next.emitted.at.file = "b.000002";
  ASSERT_TRUE(f.sequencer.advance(next));
  reader.join();
  EXPECT_TRUE(reached);
}

TEST(Sequencer, NoChunkOpensInsideATransactionThatIsSentInSlices) {
  Fixture f;
  model::RecordBatch batch;
  Identities changed;
  Fixture::add(batch, changed, 0, "a");
  StreamMark slice;
  slice.in_transaction = true;
  ASSERT_TRUE(f.sequencer.emit_changes(batch, changed, slice));
  EXPECT_EQ(f.sequencer.emitted().offset, 100u);  // a slice does not move the boundary
  std::atomic<bool> open = false;
  std::thread reader([&] {
    const auto chunk = f.sequencer.open_chunk(0);
    ASSERT_TRUE(chunk);
    EXPECT_EQ(chunk->emitted.position.offset, 200u);
    open = true;
  });
  EXPECT_FALSE(open);
  f.change("b", 200);
  reader.join();
  EXPECT_TRUE(open);
}

TEST(Sequencer, AMarkHoldsThePositionOfTheRecordsBeforeIt) {
  Fixture f;
  f.change("a", 110);
  ASSERT_EQ(f.delivery.marks.size(), 1u);
  EXPECT_EQ(checkpoint::parse(f.delivery.marks[0])->stream.emitted.offset, 110u);
  f.delivery.takes_marks = false;
  f.change("b", 120);
  f.delivery.takes_marks = true;
  ASSERT_TRUE(f.sequencer.save_now());
  ASSERT_EQ(f.delivery.marks.size(), 2u);
  const auto first = checkpoint::parse(f.delivery.marks[0]), second = checkpoint::parse(f.delivery.marks[1]);
  EXPECT_EQ(second->stream.emitted.offset, 120u);
  EXPECT_GT(second->revision, first->revision);
}

TEST(Sequencer, AMarkInsideATransactionSaysWhatOfItWasEmitted) {
  Fixture f;
  model::RecordBatch batch;
  Identities changed;
  Fixture::add(batch, changed, 0, "a");
  StreamMark slice;
  slice.in_transaction = true;
  slice.sliced_to_id = 7;
  ASSERT_TRUE(f.sequencer.emit_changes(batch, changed, slice));
  StreamMark other = Fixture::mark(110);
  other.next_record_id = 7;
  other.in_transaction = true;
  other.sliced_to_id = 12;
  Fixture::add(batch, changed, 0, "b");
  ASSERT_TRUE(f.sequencer.emit_changes(batch, changed, other));
  f.change("c", 120);
  ASSERT_EQ(f.delivery.marks.size(), 3u);
  std::vector<std::uint64_t> offsets, ids;
  for (const std::string& mark : f.delivery.marks) {
    const auto state = checkpoint::parse(mark);
    offsets.push_back(state->stream.emitted.offset);
    ids.push_back(state->stream.sliced_to_id);
  }
  EXPECT_EQ(offsets, (std::vector<std::uint64_t>{100, 110, 120}));
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{7, 12, 0}));
}

// A checkpoint in between would have the tables as they are behind the statement, and read it again.
TEST(Sequencer, NoMarkStandsBetweenAStatementAndTheBoundaryBehindIt) {
  Fixture f;
  f.sequencer.tables_changed({{0, some_table(), Sequencer::Lanes::go_on}}, 3);
  StreamMark before = Fixture::mark(110), behind = Fixture::mark(120);
  before.emitted.schema = 2;
  behind.emitted.schema = 3;
  ASSERT_TRUE(f.sequencer.advance(before));
  ASSERT_TRUE(f.sequencer.save_now());
  EXPECT_TRUE(f.delivery.marks.empty());
  ASSERT_TRUE(f.sequencer.advance(behind));
  ASSERT_EQ(f.delivery.marks.size(), 1u);
  EXPECT_EQ(checkpoint::parse(f.delivery.marks[0])->stream.emitted_schema, 3u);
}

TEST(Sequencer, AfterAFailedHandOverNothingIsMarkedAnyMore) {
  Fixture f;
  f.delivery.broken = true;
  model::RecordBatch batch;
  Identities changed;
  Fixture::add(batch, changed, 0, "a");
  EXPECT_FALSE(f.sequencer.emit_changes(batch, changed, Fixture::mark(110)));
  f.delivery.broken = false;
  EXPECT_FALSE(f.sequencer.save_now());
  EXPECT_TRUE(f.delivery.marks.empty());
}

TEST(Sequencer, AKeylessTablesChangesAreDroppedUpToItsViewAndHeldBackBehindIt) {
  Fixture f;
  constexpr std::int64_t nothing = std::numeric_limits<std::int64_t>::min();
  f.sequencer.set_keyless(1, nothing);
  EXPECT_FALSE(*f.sequencer.admit_keyless(1, {"b.000001", 110}, 5));  // a chunk will hold it
  EXPECT_EQ(f.sequencer.keyless_view_begins(1).offset, 110u);         // and must not be older
  f.sequencer.keyless_view_taken(1, {"b.000001", 150}, false);
  EXPECT_FALSE(*f.sequencer.admit_keyless(1, {"b.000001", 150}, 5));
  std::atomic<bool> done = false;
  std::thread stream([&] {
    EXPECT_TRUE(*f.sequencer.admit_keyless(1, {"b.000001", 151}, 5));
    EXPECT_TRUE(done);
  });
  done = true;
  f.sequencer.keyless_chunk_done(1, Sequencer::whole_table);
  stream.join();
  EXPECT_TRUE(*f.sequencer.admit_keyless(0, {"b.000001", 1}, 5));  // other tables are not concerned
}

TEST(Sequencer, OfAKeylessTableWithAHiddenIdOnlyRowsThatAreOutHaveChanges) {
  Fixture f;
  f.sequencer.set_keyless(1, 100);
  EXPECT_TRUE(*f.sequencer.admit_keyless(1, {"b.000001", 110}, 100));
  EXPECT_FALSE(*f.sequencer.admit_keyless(1, {"b.000001", 110}, 101));
  f.sequencer.keyless_view_begins(1);
  EXPECT_TRUE(*f.sequencer.admit_keyless(1, {"b.000001", 120}, 99));  // does not wait for the chunk behind it
  f.sequencer.keyless_view_taken(1, {"b.000001", 130}, false);
  f.sequencer.keyless_chunk_done(1, 200);
  EXPECT_TRUE(*f.sequencer.admit_keyless(1, {"b.000001", 140}, 200));
  EXPECT_FALSE(*f.sequencer.admit_keyless(1, {"b.000001", 140}, 201));
}

TEST(Sequencer, CancellingWakesWhoeverWaits) {
  Fixture f;
  std::thread reader([&] {
    const auto waited = f.sequencer.wait_reached({"b.000009", 4});
    ASSERT_FALSE(waited);
    EXPECT_TRUE(waited.error().is_cancelled());
  });
  f.sequencer.cancel();
  reader.join();
}

TEST(Sequencer, IsCaughtUpWhenTheSnapshotIsDoneAndItsEndReached) {
  Fixture f;
  EXPECT_FALSE(f.sequencer.caught_up());
  EXPECT_FALSE(f.sequencer.finish_snapshot({"b.000001", 300}, "")) << "a lane is not done";
  f.sequencer.set_lanes({});
  f.sequencer.finish_snapshot({"b.000001", 300}, "");
  EXPECT_FALSE(f.sequencer.caught_up());
  ASSERT_TRUE(f.sequencer.advance(Fixture::mark(300)));
  EXPECT_TRUE(f.sequencer.caught_up());
}

TEST(Sequencer, AChunkDuringWhichItsTableChangedEmitsNothing) {
  Fixture f;
  const auto before = f.sequencer.open_chunk(0), other = f.sequencer.open_chunk(1);
  f.sequencer.tables_changed({{0, some_table(), Sequencer::Lanes::go_on}}, 0);
  EXPECT_TRUE(f.sequencer.is_stale(*before));
  EXPECT_FALSE(f.sequencer.is_stale(*other));
  model::RecordBatch batch;
  Identities identities;
  Fixture::add(batch, identities, 0, "k");
  EXPECT_FALSE(*f.sequencer.emit_rows(*before, batch, identities, 0, {}, 1, true));
  EXPECT_TRUE(f.delivery.keys.empty());
  const auto behind = f.sequencer.open_chunk(0);
  EXPECT_FALSE(f.sequencer.is_stale(*behind));
  EXPECT_EQ(behind->table->physical.table, "t");
}

TEST(Sequencer, LanesOfAChangedTableBeginAnewOrEndUnlessAllAreDone) {
  Fixture f;
  const auto lanes = [&](bool second_done) {
    std::vector<checkpoint::Lane> all(3);
    for (checkpoint::Lane& lane : all) {
      lane.physical_database = "d";
      lane.physical_table = "t";
      lane.cursor = {std::string("5")};
      lane.upper = {std::string("9")};
      lane.done = true;
    }
    all[1].done = second_done;
    all[2].physical_table = "other";
    all[2].done = false;
    f.sequencer.set_lanes(all);
  };
  using Done = std::vector<bool>;
  lanes(false);
  f.sequencer.tables_changed({{0, some_table(), Sequencer::Lanes::anew}}, 0);
  EXPECT_EQ(f.sequencer.lanes_done(), (Done{false, true, false}));
  EXPECT_TRUE(f.sequencer.lane(0).cursor.empty() && f.sequencer.lane(0).upper.empty());
  lanes(false);
  f.sequencer.tables_changed({{0, some_table(), Sequencer::Lanes::end}}, 0);
  EXPECT_EQ(f.sequencer.lanes_done(), (Done{true, true, false}));
  lanes(true);
  f.sequencer.tables_changed({{0, some_table(), Sequencer::Lanes::anew}}, 0);
  EXPECT_EQ(f.sequencer.lanes_done(), (Done{true, true, false}));
  EXPECT_FALSE(f.sequencer.lane(0).cursor.empty());
}

TEST(Sequencer, ATableToWhichRowsCameUnseenIsReadEvenBehindTheSnapshotsEnd) {
  Fixture f;
  f.sequencer.set_lanes({});
  ASSERT_TRUE(f.sequencer.finish_snapshot({}, ""));
  EXPECT_FALSE(f.sequencer.is_reading());
  EXPECT_TRUE(f.sequencer.caught_up());
  f.sequencer.tables_changed({{0, some_table(), Sequencer::Lanes::whole}}, 0);
  EXPECT_TRUE(f.sequencer.is_reading());
  EXPECT_FALSE(f.sequencer.caught_up());
  EXPECT_FALSE(f.sequencer.state().snapshot_done);
  EXPECT_EQ(f.sequencer.lanes_done(), std::vector<bool>{false});
  EXPECT_FALSE(f.sequencer.finish_snapshot({}, ""));
  ASSERT_TRUE(f.sequencer.wait_unfinished());
  // Once more: the lane it has is read from the beginning.
  f.sequencer.tables_changed({{0, some_table(), Sequencer::Lanes::whole}}, 0);
  EXPECT_EQ(f.sequencer.lanes_done(), std::vector<bool>{false});
}

TEST(Sequencer, ARenamedTableIsReadUnderItsNewNameUnlessItWasReadUnderTheOldOne) {
  for (const bool was_read : {false, true}) {
    Fixture f;
    checkpoint::Lane lane;
    lane.physical_database = "d";
    lane.physical_table = "t";
    lane.done = was_read;
    f.sequencer.set_lanes({lane});
    f.sequencer.tables_changed({{0, some_table(), Sequencer::Lanes::go_on}}, 0);
    // RENAME t TO old, other TO t: t itself changes in the same statement.
    f.sequencer.tables_changed(
        {{0, some_table(), Sequencer::Lanes::whole}, {5, some_table("old"), Sequencer::Lanes::as_former, 0}}, 0);
    EXPECT_EQ(f.sequencer.lanes_done(), was_read ? std::vector<bool>{false} : (std::vector<bool>{false, false}));
    EXPECT_EQ(f.sequencer.physical_of(f.sequencer.lane(0)), 0U);
    if (!was_read) {
      EXPECT_EQ(f.sequencer.physical_of(f.sequencer.lane(1)), 5U);
    }
  }
}

TEST(Sequencer, ATableMoreHasAWindowOfItsOwn) {
  Fixture f;
  f.sequencer.tables_changed({{5, some_table(), Sequencer::Lanes::go_on}}, 0);
  f.change("k", 200, 5);
  EXPECT_TRUE(f.sequencer.open_chunk(5));
}

}  // namespace
}  // namespace tributary::pipeline
