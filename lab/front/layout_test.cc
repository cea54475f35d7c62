#include "front/layout.h"

#include <gtest/gtest.h>

#include <set>

namespace tributary::lab {
namespace {

TableDef table(TableKind kind) {
  TableDef out;
  out.name = "orders";
  out.kind = kind;
  out.columns = {{"id", "bigint(20)"}, {"day", "datetime"}, {"code", "varchar(20)"}};
  return out;
}

TableDef hashed(int shards, int tables) {
  TableDef out = table(TableKind::sharded);
  out.random = "aB3x";
  out.db_key = out.tb_key = "id";
  out.tb_function = ShardFunction::hash;
  out.db_count = shards;
  out.tb_count = tables;
  return out;
}

std::vector<PhysicalTable> place(const TableDef& t, std::string key, std::optional<std::string> other = {}) {
  const std::optional<KeyValue> tb = other ? std::optional(KeyValue{false, *other}) : std::nullopt;
  return *route(t, 8, KeyValue{false, std::move(key)}, tb);
}

TEST(Layout, HashSuffixCountsOverAllShards) {
  const auto tables = topology(hashed(8, 3), 8);
  ASSERT_EQ(tables.size(), 24u);
  EXPECT_EQ(tables[0], (PhysicalTable{0, "orders_aB3x_00"}));
  EXPECT_EQ(tables[3], (PhysicalTable{1, "orders_aB3x_03"}));
  EXPECT_EQ(tables[23], (PhysicalTable{7, "orders_aB3x_23"}));
  EXPECT_EQ(topology(hashed(8, 64), 8)[0].name, "orders_aB3x_000");
}

TEST(Layout, DateSuffixRestartsInEveryShard) {
  TableDef t = hashed(8, 7);
  t.tb_key = "day";
  t.tb_function = ShardFunction::week;
  EXPECT_EQ(physical_name(t, 0, 6), "orders_aB3x_6");
  EXPECT_EQ(physical_name(t, 5, 6), "orders_aB3x_6");
  t.tb_function = ShardFunction::mm;
  t.tb_count = 12;
  EXPECT_EQ(physical_name(t, 5, 6), "orders_aB3x_06");
  EXPECT_EQ(place(t, "9", "2024-12-24"), (std::vector<PhysicalTable>{{1, "orders_aB3x_00"}}));
}

TEST(Layout, OneKeyGivesOneSlotOverShardsAndTables) {
  const TableDef t = hashed(8, 3);
  EXPECT_EQ(place(t, "25"), (std::vector<PhysicalTable>{{0, "orders_aB3x_01"}}));
  EXPECT_EQ(place(t, "-23"), (std::vector<PhysicalTable>{{7, "orders_aB3x_23"}}));
}

TEST(Layout, TwoKeysAreHashedApart) {
  TableDef t = hashed(8, 3);
  t.tb_key = "code";
  EXPECT_EQ(place(t, "9", "a"), (std::vector<PhysicalTable>{{1, "orders_aB3x_04"}}));  // 9 % 8, 97 % 3
  EXPECT_EQ(place(t, "9").size(), 3u);
}

TEST(Layout, EverySlotIsReachedByExactlyItsKeys) {
  const TableDef t = hashed(8, 3);
  std::set<PhysicalTable> seen;
  for (int key = 0; key < 24; ++key) {
    const auto found = place(t, std::to_string(key));
    ASSERT_EQ(found.size(), 1u);
    seen.insert(found[0]);
  }
  const auto all = topology(t, 8);
  EXPECT_EQ(seen, std::set<PhysicalTable>(all.begin(), all.end()));
}

TEST(Layout, OnlyDatabasesSplitHasNoSuffix) {
  TableDef t = hashed(8, 1);
  t.tb_key.clear();
  t.tb_function = ShardFunction::none;
  EXPECT_EQ(topology(t, 8)[3], (PhysicalTable{3, "orders_aB3x"}));
  EXPECT_EQ(table_pattern(t), "orders_aB3x");
  EXPECT_EQ(table_pattern(hashed(8, 3)), "orders_aB3x_{00}");
}

TEST(Layout, SingleTablesHaveTwinsThatTheTopologyHides) {
  const TableDef t = table(TableKind::single);
  EXPECT_EQ(topology(t, 8), (std::vector<PhysicalTable>{{0, "orders"}}));
  EXPECT_EQ(everywhere(t, 8).size(), 8u);
  EXPECT_EQ(topology(table(TableKind::broadcast), 8).size(), 8u);
}

TEST(Layout, ClausesAreWrittenAsTheProductWritesThem) {
  EXPECT_EQ(shard_clause(hashed(8, 3)), "dbpartition by hash(`id`) tbpartition by hash(`id`) tbpartitions 3");
  EXPECT_EQ(shard_clause(table(TableKind::broadcast)), "broadcast");
  EXPECT_EQ(shard_clause(table(TableKind::single)), "");
}

}  // namespace
}  // namespace tributary::lab
