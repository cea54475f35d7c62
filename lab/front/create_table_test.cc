#include "front/create_table.h"

#include <gtest/gtest.h>

#include "front/show_create.h"

namespace tributary::lab {
namespace {

CreateTable read(std::string_view text) {
  auto out = read_create_table(Sql(text));
  EXPECT_TRUE(out) << out.error().text;
  return out ? *out : CreateTable{};
}

TEST(CreateTable, SeparatesTheShardClauseFromTheOptions) {
  const auto create = read(
      "CREATE TABLE IF NOT EXISTS shop.`t` (id BIGINT PRIMARY KEY AUTO_INCREMENT BY GROUP, a INT COMMENT 'broadcast') "
      "ENGINE=InnoDB COMMENT='dbpartition by x' dbpartition by hash(id) tbpartition by hash(a) tbpartitions 4");
  EXPECT_EQ(create.name, "t");
  EXPECT_TRUE(create.if_not_exists);
  EXPECT_EQ(create.options, "ENGINE=InnoDB COMMENT='dbpartition by x'");
  EXPECT_EQ(create.items[0], "id BIGINT PRIMARY KEY AUTO_INCREMENT ");
  EXPECT_EQ(create.shards.db_key, "id");
  EXPECT_EQ(create.shards.tb_key, "a");
  EXPECT_EQ(create.shards.tb_count, 4);
  EXPECT_FALSE(create.implicit_id);
}

TEST(CreateTable, AddsTheImplicitKeyAndTheShardKeysIndex) {
  const auto create =
      read("CREATE TABLE t (a INT, b INT, KEY (b)) dbpartition by hash(a) tbpartition by hash(b) tbpartitions 2");
  EXPECT_TRUE(create.implicit_id);
  EXPECT_EQ(create.physical("t_aB3x_00"),
            "CREATE TABLE `t_aB3x_00` (\n  a INT,\n  b INT,\n  KEY (b),\n"
            "  `_drds_implicit_id_` bigint NOT NULL AUTO_INCREMENT,\n  PRIMARY KEY (`_drds_implicit_id_`),\n"
            "  KEY `auto_shard_key_a` (`a`)\n) ");
}

TEST(CreateTable, KnowsTheKindsAndDateFunctions) {
  EXPECT_EQ(read("CREATE TABLE t (a INT PRIMARY KEY)").shards.kind, TableKind::single);
  EXPECT_EQ(read("CREATE TABLE t (a INT PRIMARY KEY) broadcast").shards.kind, TableKind::broadcast);
  const auto week = read("CREATE TABLE t (a INT PRIMARY KEY, d DATE) dbpartition by hash() tbpartition by WEEK(d)");
  EXPECT_EQ(week.shards.tb_count, 7);
  EXPECT_EQ(week.shards.db_key, "a");
}

TEST(CreateTable, TakesGlobalIndexesOut) {
  const auto create = read(
      "CREATE TABLE t (a INT PRIMARY KEY, b INT, c INT, UNIQUE GLOBAL INDEX g (b) COVERING (c) dbpartition by hash(b)) "
      "dbpartition by hash(a)");
  ASSERT_EQ(create.global_indexes.size(), 1u);
  EXPECT_EQ(create.global_indexes[0].name, "g");
  EXPECT_TRUE(create.global_indexes[0].unique);
  EXPECT_EQ(create.global_indexes[0].covering, std::vector<std::string>{"c"});
  EXPECT_EQ(create.items.size(), 3u);
}

TEST(CreateTable, RefusesWhatItCannotLayOut) {
  for (const auto text : {"CREATE TABLE t (a INT PRIMARY KEY) dbpartition by hash(nosuch)",
                          "CREATE TABLE t (a INT) dbpartition by range(a)", "CREATE TABLE t LIKE u",
                          "CREATE TABLE t (a INT", "CREATE TABLE t (a INT) dbpartition by hash(a) nonsense"})
    EXPECT_FALSE(read_create_table(Sql(text))) << text;
}

TEST(LogicalCreateTable, HidesTheImplicitKeyAndPrintsTheClause) {
  TableDef table;
  table.name = "t";
  table.kind = TableKind::sharded;
  table.db_key = "a";
  table.implicit_id = true;
  EXPECT_EQ(logical_create_table(
                table, {},
                "CREATE TABLE `t_aB3x` (\n  `a` int(11) DEFAULT NULL COMMENT 'AUTO_INCREMENT',\n"
                "  `_drds_implicit_id_` bigint(20) NOT NULL AUTO_INCREMENT,\n  PRIMARY KEY (`_drds_implicit_id_`),\n"
                "  KEY `auto_shard_key_a` (`a`)\n) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4"),
            "CREATE TABLE `t` (\n  `a` int(11) DEFAULT NULL COMMENT 'AUTO_INCREMENT',\n  KEY `auto_shard_key_a` (`a`)\n"
            ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 dbpartition by hash(`a`)");
}

}  // namespace
}  // namespace tributary::lab
