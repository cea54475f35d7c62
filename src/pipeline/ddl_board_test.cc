#include "pipeline/ddl_board.h"

#include <gtest/gtest.h>

#include "checkpoint/checkpoint.h"

namespace tributary::pipeline {
namespace {

using checkpoint::KeptStatement;
using Texts = std::vector<std::string>;

// One logical table d.t with two shards, on the instances a and b.
source::Topology two_shards() {
  source::Topology topology;
  topology.instances.resize(2);
  topology.instances[0].name = "a";
  topology.instances[1].name = "b";
  auto schema = std::make_shared<model::TableSchema>();
  schema->database = "d";
  schema->table = "t";
  source::LogicalTable table;
  table.schema = schema;
  table.shards = {0, 1};
  topology.tables.push_back(table);
  topology.physical = {{0, 0, "d_0", "t"}, {1, 0, "d_1", "t"}};
  return topology;
}

KeptStatement statement(const char* instance, std::uint64_t number, std::string text, std::uint32_t structure = 0) {
  KeptStatement s;
  s.number = number;
  s.database = *instance == 'a' ? "d_0" : "d_1";
  s.table = "t";
  s.logical_database = "d";
  s.logical_table = "t";
  s.text = std::move(text);
  s.structure = structure;
  s.position = std::string(instance) + std::to_string(number);
  return s;
}

Texts texts(const std::vector<KeptStatement>& told) {
  Texts out;
  for (const KeptStatement& one : told) out.push_back(one.text + "@" + one.position);
  return out;
}

TEST(DdlBoard, TellsAStatementOnceWhenTheLastShardHasPassedItAsTheFirstShardSaysIt) {
  DdlBoard board(two_shards());
  EXPECT_EQ(texts(board.passed("b", statement("b", 5, "x"))), Texts{});
  EXPECT_EQ(texts(board.passed("b", statement("b", 6, "y"))), Texts{});
  EXPECT_EQ(texts(board.passed("a", statement("a", 1, "x"))), Texts{"x@a1"});
  EXPECT_EQ(texts(board.passed("a", statement("a", 2, "y"))), Texts{"y@a2"});
}

TEST(DdlBoard, WhoSentAStatementSendsItAgainWhenItPassesItAgain) {
  DdlBoard board(two_shards());
  board.passed("a", statement("a", 1, "x"));
  EXPECT_EQ(texts(board.passed("b", statement("b", 5, "x"))), Texts{"x@a1"});
  EXPECT_EQ(texts(board.passed("a", statement("a", 1, "x"))), Texts{});
  EXPECT_EQ(texts(board.passed("b", statement("b", 5, "x"))), Texts{"x@a1"});
}

TEST(DdlBoard, ShardsThatDifferAreToldWhenTheirStructuresAgree) {
  DdlBoard board(two_shards());
  board.passed("a", statement("a", 1, "x", 11));
  EXPECT_EQ(texts(board.passed("b", statement("b", 1, "x and y", 12))), Texts{});
  EXPECT_EQ(texts(board.passed("a", statement("a", 2, "y", 12))), (Texts{"x@a1", "y@a2"}));
  board.passed("a", statement("a", 3, "z", 13));
  EXPECT_EQ(texts(board.passed("b", statement("b", 2, "z", 13))), Texts{"z@a3"});
}

TEST(DdlBoard, ATableOfOneShardIsToldAtOnceAlsoIfItIsNotInTheTopology) {
  DdlBoard board(two_shards());
  KeptStatement one = statement("a", 1, "x");
  one.logical_table = "later";
  EXPECT_EQ(texts(board.passed("a", one)), Texts{"x@a1"});
}

TEST(DdlBoard, GoesOnWithWhatTheCheckpointsSay) {
  const auto store = store::make_memory_store();
  const auto keep = [&](const char* instance, const KeptStatement& s) {
    ASSERT_TRUE(store->put(checkpoint::statement_key(std::string("task/") + instance, s), checkpoint::serialise(s)));
  };
  const auto passed = [&](const char* instance, std::uint64_t number) {
    checkpoint::SubtaskCheckpoint state;
    state.stream.emitted_schema = number;
    ASSERT_TRUE(checkpoint::save(*store, std::string("task/") + instance, state));
  };
  keep("a", statement("a", 1, "x"));
  keep("a", statement("a", 2, "y"));
  keep("b", statement("b", 5, "x"));
  keep("b", statement("b", 6, "y"));  // written, but its checkpoint was not
  passed("a", 2);
  passed("b", 5);
  for (int run = 0; run < 3; ++run) {  // x was told; a run that does nothing changes nothing
    auto board = DdlBoard::load(two_shards(), *store, "task");
    ASSERT_TRUE(board) << board.error().message();
    if (run < 2) continue;
    EXPECT_EQ(texts((*board)->passed("b", statement("b", 6, "y"))), Texts{"y@a2"});
  }
}

// Shard b was the last and its checkpoint has the record; then a's checkpoint was lost with the process.
TEST(DdlBoard, WhatACheckpointSaysWasToldIsNotToldAgainByAnother) {
  const auto store = store::make_memory_store();
  const KeptStatement of_a = statement("a", 1, "x"), of_b = statement("b", 5, "x");
  checkpoint::SubtaskCheckpoint state;
  state.stream.emitted_schema = 5;
  state.stream.told = {checkpoint::told_name(of_a)};
  ASSERT_TRUE(store->put(checkpoint::statement_key("task/b", of_b), checkpoint::serialise(of_b)));
  ASSERT_TRUE(checkpoint::save(*store, "task/b", state));
  auto board = DdlBoard::load(two_shards(), *store, "task");
  ASSERT_TRUE(board) << board.error().message();
  EXPECT_EQ(texts((*board)->passed("a", of_a)), Texts{});
  EXPECT_EQ(texts((*board)->passed("a", statement("a", 2, "y"))), Texts{});
  EXPECT_EQ(texts((*board)->passed("b", statement("b", 6, "y"))), Texts{"y@a2"});
}

}  // namespace
}  // namespace tributary::pipeline
