#include "front/merge.h"

#include <gtest/gtest.h>

namespace tributary::lab {
namespace {

TEST(AddNumbers, IsExactForDecimals) {
  EXPECT_EQ(add_numbers("0.1", "0.2"), "0.3");
  EXPECT_EQ(add_numbers("-1.50", "0.5"), "-1.00");
  EXPECT_EQ(add_numbers("99999999999999999999.99", "0.01"), "100000000000000000000.00");
  EXPECT_EQ(add_numbers("-0.01", "0"), "-0.01");
  EXPECT_EQ(add_numbers("1e3", "1"), "1001");
}

Answer<Merge> merge_item(std::string_view item) {
  const Sql sql(item);
  return merge_of(sql, 0, sql.size());
}

TEST(MergeOf, KnowsWhatCanBeMerged) {
  EXPECT_EQ(merge_item("a + 1"), Merge::key);
  EXPECT_EQ(merge_item("COUNT(*) AS n"), Merge::sum);
  EXPECT_EQ(merge_item("MAX(a) m"), Merge::max);
  EXPECT_FALSE(merge_item("AVG(a)"));
  EXPECT_FALSE(merge_item("COUNT(DISTINCT a)"));
  EXPECT_FALSE(merge_item("COUNT(*) + 1"));
  EXPECT_FALSE(merge_item("ABS(SUM(a))"));
}

TEST(MergeGroups, AddsCountsByKeyAndKeepsExtremes) {
  mysql::Table table{
      {"k", "n", "low", "high"},
      {{"a", "1", "5", "5"}, {"b", "2", std::nullopt, "9"}, {"a", "3", "-7", "10"}, {"b", "1", "4", std::nullopt}}};
  merge_groups(table, {Merge::key, Merge::sum, Merge::min, Merge::max}, true);
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0], (std::vector<std::optional<std::string>>{"a", "4", "-7", "10"}));
  EXPECT_EQ(table.rows[1], (std::vector<std::optional<std::string>>{"b", "3", "4", "9"}));
}

TEST(SortRows, PutsNullFirstAndNumbersByValue) {
  mysql::Table table{{"n"}, {{"10"}, {"9"}, {std::nullopt}, {"-1.5"}}};
  sort_rows(table, {{0, false, false, false}});
  EXPECT_EQ(table.rows[0][0], std::nullopt);
  EXPECT_EQ(table.rows[1][0], "-1.5");
  EXPECT_EQ(table.rows[3][0], "10");
}

}  // namespace
}  // namespace tributary::lab
