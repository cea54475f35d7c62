#include "source/binlog/live_tables.h"

#include <gtest/gtest.h>

namespace tributary::source {
namespace {

using Kind = CapturedChange::Kind;

struct Fixture : ::testing::Test {
  ServerTraits traits{.version_number = 80036, .default_collation = "utf8mb4_0900_ai_ci"};
  StatementContext session{.database = "d"};
  std::optional<StructureQuestion> asked;
  std::vector<TableState> answer;

  LiveTables::Setup setup(std::vector<CapturedTable> captured = {{"d", "t", "l", "t"}}) {
    LiveTables::Setup made{.tracker = SchemaTracker(traits), .tables = std::move(captured)};
    made.tracker.put_database("d", "utf8mb4_0900_ai_ci");
    made.tracker.apply(session, "CREATE TABLE t (id INT PRIMARY KEY, a INT)");
    made.tracker.apply(session, "CREATE TABLE other (id INT PRIMARY KEY)");
    return made;
  }
  AskStructures ask() {
    return [this](const StructureQuestion& question) -> base::Result<std::vector<TableState>> {
      asked = question;
      return answer;
    };
  }
  std::optional<SchemaChange> apply(LiveTables& live, std::string_view sql, std::uint64_t end = 100,
                                    bool repeat = false) {
    auto change = live.apply(session, sql, {"b.000001", end}, repeat, ask());
    EXPECT_TRUE(change) << change.error().message();
    return change ? *std::move(change) : std::nullopt;
  }
};

TEST_F(Fixture, AChangeOfACapturedTableHasANumberAndBothStructures) {
  LiveTables live(setup());
  const auto change = apply(live, "ALTER TABLE t ADD b INT");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->number, 1u);
  ASSERT_EQ(change->captured.size(), 1u);
  EXPECT_EQ(change->captured[0].kind, Kind::altered);
  EXPECT_EQ(change->captured[0].before->columns.size(), 2u);
  EXPECT_EQ(change->captured[0].after->columns.size(), 3u);
  EXPECT_EQ(change->captured[0].after->database, "l");
  EXPECT_EQ(live.schema_at(0, 0)->columns.size(), 2u);
  EXPECT_EQ(live.schema_at(0, 1)->columns.size(), 3u);
  live.forget_before(1);
  EXPECT_EQ(live.schema_at(0, 0)->columns.size(), 3u);
}

TEST_F(Fixture, StatementsThatConcernNothingHaveNoNumber) {
  LiveTables live(setup());
  for (const char* sql : {"GRANT SELECT ON d.* TO u", "CREATE TABLE elsewhere.x (id INT)", "FLUSH TABLES"})
    EXPECT_FALSE(apply(live, sql)) << sql;
  EXPECT_EQ(live.number(), 0u);
}

TEST_F(Fixture, ASwapPutsAnotherTableUnderTheName) {
  LiveTables live(setup());
  ASSERT_TRUE(apply(live, "CREATE TABLE _t_gho LIKE t"));
  ASSERT_TRUE(apply(live, "ALTER TABLE _t_gho ADD b INT"));
  const auto swap = apply(live, "RENAME TABLE t TO _t_del, _t_gho TO t");
  ASSERT_TRUE(swap);
  ASSERT_EQ(swap->captured.size(), 1u);
  EXPECT_EQ(swap->captured[0].kind, Kind::replaced);
  EXPECT_EQ(live.schema(0)->columns.size(), 3u);
  EXPECT_EQ(swap->states.size(), 3u) << "all three names are kept";
}

TEST_F(Fixture, ATableGoneComesBackUnderItsName) {
  LiveTables live(setup());
  EXPECT_EQ(apply(live, "DROP TABLE t")->captured[0].kind, Kind::dropped);
  EXPECT_EQ(live.schema(0), nullptr);
  EXPECT_EQ(apply(live, "CREATE TABLE t (x BIGINT PRIMARY KEY)")->captured[0].kind, Kind::created);
  EXPECT_EQ(live.schema(0)->columns[0].name, "x");
  EXPECT_EQ(apply(live, "TRUNCATE TABLE t")->captured[0].kind, Kind::emptied);
  EXPECT_EQ(apply(live, "ALTER TABLE t COMMENT 'c'")->captured[0].kind, Kind::unchanged);
}

TEST_F(Fixture, ANewTableJoinsButAGhostDoesNot) {
  auto made = setup();
  made.join = [](const TableName& name) -> std::optional<CapturedTable> {
    return CapturedTable{name.database, name.table, name.database, name.table};
  };
  LiveTables live(std::move(made));
  EXPECT_TRUE(apply(live, "CREATE TABLE _t_new LIKE t")->captured.empty());
  const auto joined = apply(live, "CREATE TABLE fresh (id INT PRIMARY KEY)");
  ASSERT_EQ(joined->captured.size(), 1u);
  EXPECT_TRUE(joined->captured[0].has_joined);
  EXPECT_EQ(live.find("d", "fresh"), 1);
  EXPECT_EQ(live.find("d", "_t_new"), -1);
}

TEST_F(Fixture, WhatIsNotUnderstoodIsAskedForOnceAndKnownWhenItComesAgain) {
  const char* riddle = "ALTER TABLE t WOBBLE COLUMN a";
  LiveTables live(setup());
  TrackedTable present = *setup().tracker.find("d", "t");
  present.schema.columns.pop_back();
  answer = {{{"d", "t"}, std::make_shared<const TrackedTable>(present), {}}};
  const auto change = apply(live, riddle);
  ASSERT_TRUE(change && asked);
  EXPECT_EQ(asked->sql, riddle);
  EXPECT_EQ(live.schema(0)->columns.size(), 1u);
  asked.reset();
  auto again = setup();
  again.known[change->number] = change->states;
  LiveTables replay(std::move(again));
  EXPECT_EQ(apply(replay, riddle, 100, true)->number, change->number);
  EXPECT_FALSE(asked);
  EXPECT_EQ(replay.schema(0)->columns.size(), 1u);
}

TEST_F(Fixture, AnAcceptedStructureHasTheStatementsBeforeItsPlaceInIt) {
  LiveTables live(setup());
  TrackedTable present = *setup().tracker.find("d", "t");
  present.schema.columns.pop_back();
  answer = {{{"d", "t"}, std::make_shared<const TrackedTable>(present), {"b.000001", 500}}};
  ASSERT_TRUE(apply(live, "ALTER TABLE t WOBBLE", 100));
  apply(live, "ALTER TABLE t ADD c INT", 400);
  EXPECT_EQ(live.schema(0)->columns.size(), 1u);
  apply(live, "ALTER TABLE t ADD d INT", 600);
  EXPECT_EQ(live.schema(0)->columns.size(), 2u);
}

TEST_F(Fixture, StatementsThatTheBeginningHoldsAlreadyAreLeftOut) {
  auto made = setup();
  made.ignores_until = {"b.000001", 200};
  LiveTables live(std::move(made));
  EXPECT_FALSE(apply(live, "ALTER TABLE t ADD b INT", 200));
  EXPECT_TRUE(apply(live, "ALTER TABLE t ADD c INT", 201));
}

TEST_F(Fixture, ShardsOfOneStructureShareIt) {
  auto made = setup({{"d", "t", "l", "t"}, {"d", "t2", "l", "t"}});
  made.tracker.apply(session, "CREATE TABLE t2 LIKE t");
  LiveTables live(std::move(made));
  EXPECT_EQ(live.schema(0), live.schema(1));
}

TEST_F(Fixture, RowsChangedByAStatementAreAnError) {
  LiveTables live(setup());
  const auto change = live.apply(session, "INSERT INTO t VALUES (1, 2)", {"b.000001", 9}, false, ask());
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().code, base::ErrorCode::data_statement_event);
}

TEST(GhostNames, AreThoseOfTheTools) {
  for (const char* name : {"_t_gho", "_t_ghc", "_t_del", "_t_new", "_t_old", "__t_old", "_t_20240102030405_del"})
    EXPECT_TRUE(is_ghost_name(name, "t")) << name;
  for (const char* name : {"t", "_t", "t_gho", "_tt_gho", "_t_gho2", "_t_bak", "_x_new"})
    EXPECT_FALSE(is_ghost_name(name, "t")) << name;
  EXPECT_TRUE(is_ghost_name("__t_new", "_t"));
}

}  // namespace
}  // namespace tributary::source
