#include <gtest/gtest.h>

#include "source/topology/schema_reader.h"

namespace tributary::source {
namespace {

TEST(Labels, QuotesCommasAndEscapesAreKept) {
  EXPECT_EQ(parse_labels("enum('a','b,c','it''s','','x\\\\y')"),
            (std::vector<std::string>{"a", "b,c", "it's", "", "x\\y"}));
  EXPECT_TRUE(parse_labels("int(11)").empty());
}

model::Column column(std::string name, bool nullable, bool hidden = false) {
  model::Column c;
  c.name = std::move(name);
  c.is_nullable = nullable;
  c.is_hidden = hidden;
  return c;
}

TEST(Schema, IdentityIsThePrimaryKeyElseANotNullUniqueKeyElseTheHiddenOne) {
  model::TableSchema schema;
  schema.columns = {column("a", true), column("b", false), column("_drds_implicit_id_", false, true)};
  finish_schema(schema);
  EXPECT_EQ(schema.identity, std::vector<std::uint32_t>{2});
  EXPECT_TRUE(schema.identity_is_hidden);
  schema.keys = {{"ua", false, {0}}, {"ub", false, {1}}};
  finish_schema(schema);
  EXPECT_EQ(schema.identity, std::vector<std::uint32_t>{1});
  EXPECT_FALSE(schema.identity_is_hidden);
  schema.keys.insert(schema.keys.begin(), {"PRIMARY", true, {1, 0}});
  finish_schema(schema);
  EXPECT_EQ(schema.identity, (std::vector<std::uint32_t>{1, 0}));
}

TEST(Schema, VersionChangesWithTypesAndNames) {
  model::TableSchema schema;
  schema.columns = {column("a", true)};
  finish_schema(schema);
  const auto before = schema.version;
  schema.columns[0].declared_type = "int(11)";
  finish_schema(schema);
  EXPECT_NE(before, schema.version);
}

}  // namespace
}  // namespace tributary::source
