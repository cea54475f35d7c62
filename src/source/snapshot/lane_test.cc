#include "source/snapshot/lane.h"

#include <gtest/gtest.h>

namespace tributary::source {
namespace {

using model::ColumnType;

model::TableSchema schema_of(std::vector<ColumnType> types) {
  model::TableSchema schema;
  for (std::size_t i = 0; i < types.size(); ++i) {
    model::Column c;
    c.name = std::string(1, static_cast<char>('a' + i));
    c.type = types[i];
    schema.columns.push_back(c);
    schema.identity.push_back(static_cast<std::uint32_t>(i));
  }
  return schema;
}

const PhysicalTable table{0, 0, "d", "t"};

TEST(ChunkSelect, GoesOnBehindTheCursorInKeyOrder) {
  EXPECT_EQ(chunk_select(table, schema_of({ColumnType::bigint}), "`a`", {{"5"}}, {{"9"}}, 10),
            "SELECT `a` FROM `d`.`t` WHERE ((`a`>5)) AND ((`a`<=9)) ORDER BY `a` LIMIT 10");
}

TEST(ChunkSelect, SpellsOutCompositeKeysWithARangeOnTheFirstColumn) {
  EXPECT_EQ(chunk_select(table, schema_of({ColumnType::int_, ColumnType::int_}), "*", {{"1"}, {"2"}}, {}, 3),
            "SELECT * FROM `d`.`t` WHERE (`a`>=1 AND ((`a`>1) OR (`a`=1 AND `b`>2))) ORDER BY `a`,`b` LIMIT 3");
}

TEST(ChunkSelect, TakesRowsThatFulfilAConditionUpToAKnownEnd) {
  const auto schema = schema_of({ColumnType::bigint});
  EXPECT_EQ(chunk_select(table, schema, "`a`", {{"5"}}, {{"9"}}, 0, "(b = 1)"),
            "SELECT `a` FROM `d`.`t` WHERE (b = 1) AND ((`a`>5)) AND ((`a`<=9)) ORDER BY `a`");
  EXPECT_EQ(chunk_select(table, schema_of({ColumnType::double_}), "`a`", {}, {}, 100, "(b = 1)"),
            "SELECT `a` FROM `d`.`t` WHERE (b = 1)");
  EXPECT_EQ(chunk_end_select(table, schema, "`a`", {{"5"}}, {}, 100),
            "SELECT `a` FROM `d`.`t` WHERE ((`a`>5)) ORDER BY `a` LIMIT 1 OFFSET 99");
}

TEST(ChunkSelect, ReadsATableWithoutAChunkableKeyWhole) {
  EXPECT_EQ(chunk_select(table, schema_of({ColumnType::double_}), "`a`", {}, {}, 100), "SELECT `a` FROM `d`.`t`");
  EXPECT_TRUE(chunk_key(schema_of({ColumnType::enum_})).empty());
}

}  // namespace
}  // namespace tributary::source
