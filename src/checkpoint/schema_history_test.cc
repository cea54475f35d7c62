#include "checkpoint/schema_history.h"

#include <gtest/gtest.h>

namespace tributary::checkpoint {
namespace {

KeptTable sample() {
  KeptTable t;
  t.database = "shop_00";
  t.table = "größe";
  t.logical_database = "shop";
  t.logical_table = "t";
  t.collation = "utf8mb4_bin";
  t.is_partitioned = true;
  t.ignores_until = {"mysql-bin.000004", 99};
  model::Column c;
  c.name = "kind";
  c.type = model::ColumnType::enum_;
  c.is_nullable = false;
  c.labels = {"a", "b'\n", "ü"};
  c.charset = "utf8mb4";
  c.declared_type = "enum('a','b','c')";
  t.schema.columns.push_back(c);
  c = {};
  c.name = "price";
  c.type = model::ColumnType::decimal;
  c.precision = 10;
  c.scale = 2;
  c.is_unsigned = c.is_hidden = c.is_generated = true;
  c.length = 7;
  c.fraction_digits = 6;
  t.schema.columns.push_back(c);
  t.schema.tail = {model::TailColumn::row_start, model::TailColumn::row_end, model::TailColumn::row_hash};
  t.schema.row_end = 3;
  t.schema.keys.push_back({"PRIMARY", true, {1, 0}});
  t.indexes.push_back({"PRIMARY", true, true, false, {"price", "kind"}, {0, 3}, true});
  return t;
}

TEST(SchemaHistory, ATableIsReadAsItWasWritten) {
  const KeptTable t = sample();
  const std::string text = serialise(t);
  const auto read = parse_table(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(serialise(*read), text);
  EXPECT_EQ(read->table, t.table);
  EXPECT_EQ(read->schema.columns[0].labels, t.schema.columns[0].labels);
  EXPECT_EQ(read->schema.columns[1].type, model::ColumnType::decimal);
  EXPECT_EQ(read->schema.tail, t.schema.tail);
  EXPECT_EQ(read->schema.row_end, t.schema.row_end);
  EXPECT_EQ(read->schema.keys[0].columns, t.schema.keys[0].columns);
  EXPECT_EQ(read->indexes, t.indexes);
  EXPECT_EQ(read->ignores_until, t.ignores_until);
}

TEST(SchemaHistory, AStatementIsReadAsItWasWritten) {
  KeptStatement s{7,          "d_0", "t_0", "d", "t", "ALTER TABLE `t` ADD ü INT", 4000000000u, 12,
                  1700000000, "1@2", "0@2", 5,   6};
  const auto read = parse_statement(serialise(s));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, s);
}

TEST(SchemaHistory, KeysAreInTheOrderOfNumbers) {
  const std::string prefix = schema_prefix("task/h:1");
  EXPECT_LT(schema_key("task/h:1", 9, "z", "z"), schema_key("task/h:1", 10, "a", "a"));
  EXPECT_EQ(number_in(schema_key("task/h:1", 4711, "d", "t"), prefix), 4711u);
  EXPECT_EQ(number_in(databases_key("task/h:1", 3), prefix), 3u);
  EXPECT_EQ(number_in("schema/other", prefix), std::nullopt);
}

TEST(SchemaHistory, WhatIsDamagedIsAnErrorNeverACrash) {
  const std::string text = serialise(sample());
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(parse_table(text.substr(0, size)));
  for (const std::string& wrong : {std::string("[]"), std::string("{\"format\":1}"), std::string(100, '[')}) {
    EXPECT_FALSE(parse_table(wrong));
    EXPECT_FALSE(parse_statement(wrong));
    EXPECT_FALSE(parse_databases(wrong));
  }
  std::string newer = text;
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":9");
  EXPECT_EQ(parse_table(newer).error().code, base::ErrorCode::task_state_newer);
}

}  // namespace
}  // namespace tributary::checkpoint
