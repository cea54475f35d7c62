#include "verify/row_state.h"

#include <gtest/gtest.h>

#include "model/record.h"

namespace tributary::verify {
namespace {

constexpr auto update = static_cast<std::int32_t>(model::Operation::update);
constexpr auto init = static_cast<std::int32_t>(model::Operation::init);

RowState change(std::int64_t id, std::string_view image, std::string_view position = "100@1") {
  RowState record;
  record.operation = update;
  record.server_id = 5;
  record.id = id;
  record.offset = id;
  record.image = image;
  record.position = position;
  return record;
}
RowState snapshot(std::string_view image, std::string_view position) {
  RowState record = change(1, image, position);
  record.operation = init;
  record.server_id = 0;
  return record;
}

// A row's life: each record's arrival; the state at the end.
struct Life {
  RowState state;
  std::vector<Arrival> arrivals;
  explicit Life(const std::vector<RowState>& records) {
    for (const RowState& record : records) arrivals.push_back(apply(record, !arrivals.empty(), state));
  }
};
constexpr auto fresh = Arrival::new_change, repeat = Arrival::repeat, late = Arrival::late;

TEST(RowState, IsWhatItWasAfterBeingWritten) {
  Life life({change(3, "a"), change(9, "b", "7@2")});
  std::string bytes;
  life.state.is_older = true;
  life.state.copies = -2;
  life.state.write(bytes);
  const RowState read = RowState::parse(bytes);
  EXPECT_TRUE(read.is_older);
  EXPECT_EQ(read.copies, -2);
  EXPECT_EQ(read.recent_ids, (std::vector<std::int64_t>{3, 9}));
  EXPECT_EQ(read.position, "7@2");
  EXPECT_EQ(read.image, "b");
  EXPECT_EQ(read.offset, 9);
}

TEST(RowState, ATailThatComesAgainIsARepeatAndEndsWhereItWas) {
  const Life life({change(5, "a"), change(6, "b"), change(7, "c"), change(5, "a"), change(6, "b"), change(7, "c")});
  EXPECT_EQ(life.arrivals, (std::vector{fresh, fresh, fresh, repeat, repeat, repeat}));
  EXPECT_FALSE(life.state.is_older);
  EXPECT_EQ(life.state.image, "c");
}

TEST(RowState, ATailThatStopsHalfWayLeavesTheRowOlder) {
  EXPECT_TRUE(Life({change(5, "a"), change(6, "b"), change(5, "a")}).state.is_older);
}

TEST(RowState, AChangeBehindANewerOneIsLate) {
  const Life life({change(5, "a"), change(8, "c"), change(7, "b")});
  EXPECT_EQ(life.arrivals.back(), late);
  EXPECT_TRUE(life.state.is_older);
  EXPECT_FALSE(Life({change(5, "a"), change(8, "c"), change(7, "b"), change(9, "d")}).state.is_older);
}

TEST(RowState, IdsOfDifferentServersAreNotCompared) {
  RowState other = change(2, "b");
  other.server_id = 6;
  EXPECT_FALSE(Life({change(5, "a"), other}).state.is_older);
}

TEST(RowState, ALongRepeatedTailIsNoDisorder) {
  std::vector<RowState> records;
  for (int round = 0; round < 2; ++round)
    for (std::int64_t id = 1; id <= 20; ++id) records.push_back(change(id, "x"));
  const Life life(records);
  EXPECT_EQ(std::count(life.arrivals.begin(), life.arrivals.end(), late), 0);
  EXPECT_FALSE(life.state.is_older);
}

TEST(RowState, ARowOfTheSnapshotIsNewerUnlessItsPlaceInTheLogIsNot) {
  EXPECT_FALSE(Life({change(5, "a", "100@1"), snapshot("a", "100@1")}).state.is_older);
  EXPECT_TRUE(Life({change(5, "a", "100@2"), snapshot("old", "900@1")}).state.is_older);
  EXPECT_FALSE(Life({snapshot("a", "100@1"), change(5, "b", "150@1")}).state.is_older);
  EXPECT_EQ(Life({snapshot("a", "100@1"), snapshot("a", "200@1")}).arrivals.back(), repeat);
}

TEST(RowState, TheSameIdWithOtherContentIsNoRepeat) {
  EXPECT_EQ(Life({change(5, "a"), change(5, "b")}).arrivals.back(), fresh);
}

TEST(Emptied, GoesByOffsetInOnePartitionByIdOnOneServerElseByTime) {
  const Emptied statement{.is_set = true, .place = 1, .offset = 50, .server_id = 5, .id = 100, .timestamp_s = 1000};
  RowState row = change(200, "a");
  row.place = 1;
  row.offset = 49;
  EXPECT_TRUE(is_emptied(statement, row));
  row.offset = 51;
  EXPECT_FALSE(is_emptied(statement, row));
  row.place = 2;
  row.timestamp_s = 0;
  EXPECT_FALSE(is_emptied(statement, row));  // id 200 stands behind it
  row.server_id = 6;
  EXPECT_TRUE(is_emptied(statement, row));
  row.timestamp_s = 1001;
  EXPECT_FALSE(is_emptied(statement, row));
  EXPECT_FALSE(is_emptied({}, row));
}

}  // namespace
}  // namespace tributary::verify
