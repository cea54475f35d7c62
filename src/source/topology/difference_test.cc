#include "source/topology/difference.h"

#include <gtest/gtest.h>

namespace tributary::source {
namespace {

using model::KnownShard;
using model::KnownTopology;

constexpr const char* a = "rds-a:3306";
constexpr const char* b = "rds-b:3306";

KnownTopology two_shards() {
  KnownTopology known;
  known.tables[{"shop", "orders"}] = {"sharded",
                                      {{a, "shop_0000", "orders_x_0", "G0"}, {b, "shop_0001", "orders_x_1", "G1"}}};
  known.tables[{"shop", "config"}] = {"single", {{a, "shop_0000", "config", "G0"}}};
  return known;
}

std::vector<std::string> kinds(const std::vector<TopologyChange>& changes) {
  std::vector<std::string> out;
  for (const auto& change : changes) out.emplace_back(to_string(change.kind));
  return out;
}

TEST(TopologyDifference, NothingIsSaidOfWhatIsTheSameInAnotherOrderOrUnderAnotherGroupName) {
  KnownTopology after = two_shards();
  auto& shards = after.tables[{"shop", "orders"}].shards;
  std::swap(shards[0], shards[1]);
  for (KnownShard& shard : shards) shard.group += "_RENAMED";
  EXPECT_TRUE(compare_topologies(two_shards(), after).empty());
}

TEST(TopologyDifference, AGroupWithAnotherUrlIsAShardThatMovedNotOneGoneAndOneNew) {
  KnownTopology after = two_shards();
  after.tables[{"shop", "orders"}].shards[1].instance = a;
  const auto changes = compare_topologies(two_shards(), after);
  EXPECT_EQ(kinds(changes), (std::vector<std::string>{"instance gone", "shard moved"}));
  EXPECT_EQ(changes[0].before.instance, b);
  EXPECT_EQ(changes[1].before.instance, b);
  EXPECT_EQ(changes[1].after.instance, a);
}

TEST(TopologyDifference, AGroupThatPointsToAnotherDatabaseHasMovedEvenOnTheSameServer) {
  KnownTopology after = two_shards();
  after.tables[{"shop", "orders"}].shards[1].database = "shop_new";
  const auto changes = compare_topologies(two_shards(), after);
  ASSERT_EQ(kinds(changes), std::vector<std::string>{"shard moved"});
  EXPECT_EQ(changes[0].after.database, "shop_new");
}

TEST(TopologyDifference, WithoutGroupsAMovedShardIsKnownByItsNames) {
  KnownTopology before = two_shards(), after = two_shards();
  for (KnownTopology* known : {&before, &after})
    for (auto& [name, table] : known->tables)
      for (KnownShard& shard : table.shards) shard.group.clear();
  after.tables[{"shop", "orders"}].shards[1].instance = "rds-c:3306";
  EXPECT_EQ(kinds(compare_topologies(before, after)),
            (std::vector<std::string>{"instance new", "instance gone", "shard moved"}));
}

TEST(TopologyDifference, TheSameTableNameInSeveralDatabasesIsSeveralShards) {
  KnownTopology before;
  before.tables[{"shop", "log"}] = {"sharded", {{a, "shop_0000", "log_3", "G0"}, {a, "shop_0001", "log_3", "G1"}}};
  KnownTopology after = before;
  after.tables[{"shop", "log"}].shards.push_back({b, "shop_0002", "log_3", "G2"});
  after.tables[{"shop", "log"}].shards.erase(after.tables[{"shop", "log"}].shards.begin());
  // G0's is gone and G2's is new: another group is another shard, whatever its table is called.
  EXPECT_EQ(kinds(compare_topologies(before, after)),
            (std::vector<std::string>{"instance new", "shard new", "shard gone"}));
}

TEST(TopologyDifference, TablesThatCameOrWentAreNamedOnceWithTheirShards) {
  KnownTopology after = two_shards();
  after.tables.erase({"shop", "config"});
  after.tables[{"shop", "invoices"}] = {"broadcast", {{b, "shop_0001", "invoices", "G1"}}};
  const auto changes = compare_topologies(two_shards(), after);
  ASSERT_EQ(kinds(changes), (std::vector<std::string>{"table new", "table gone"}));
  EXPECT_EQ(changes[0].note, "broadcast, 1 shard");
  EXPECT_EQ(changes[1].table, "config");
}

TEST(TopologyDifference, LinesStandInColumnsAndShardsThatMovedTogetherShareOne) {
  KnownTopology before;
  before.tables[{"shop", "orders"}] = {"sharded", {{a, "s0", "orders_0", "G0"}, {a, "s0", "orders_1", "G0"}}};
  before.tables[{"shop", "t"}] = {"sharded", {{a, "s0", "t", "G0"}, {a, "s1", "t", "G1"}}};
  KnownTopology after = before;
  for (auto& [name, table] : after.tables)
    for (KnownShard& shard : table.shards)
      if (shard.group == "G0") shard.instance = b;
  EXPECT_EQ(change_lines(compare_topologies(before, after)),
            "instance new  rds-b:3306\n"
            "shard moved   shop.orders  rds-a:3306 s0.orders_0  ->  rds-b:3306 s0.orders_0 and 1 more there\n"
            "shard moved   shop.t       rds-a:3306 s0.t         ->  rds-b:3306 s0.t");
}

}  // namespace
}  // namespace tributary::source
