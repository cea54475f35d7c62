#include "front/load_sample.h"

#include <gtest/gtest.h>

#include "front/load_wide.h"
#include "front/show.h"
#include "front/token.h"

namespace tributary::lab {
namespace {

TEST(SamplePlan, AddsUpToTheRowsAskedFor) {
  for (const std::uint64_t rows : {1000u, 5000u, 200000u}) {
    std::uint64_t sum = 0;
    for (const auto& table : sample_plan(rows)) sum += table.rows;
    EXPECT_EQ(sum, rows);
  }
}

TEST(SampleInsert, DependsOnSeedAndRowOnly) {
  const auto all = sample_insert("orders", 7, 1, 11, true);
  EXPECT_EQ(all, sample_insert("orders", 7, 1, 11, true));
  EXPECT_NE(all, sample_insert("orders", 8, 1, 11, true));
  const auto part = sample_insert("orders", 7, 10, 11, true);
  EXPECT_TRUE(all.ends_with(part.substr(part.find("VALUES ") + 7)));
}

TEST(SampleInsert, HasAValueForEveryColumnInEveryRow) {
  for (const auto& table : sample_plan(1000)) {
    const std::string text = sample_insert(table.name, 1, 1, 20, true);
    const Sql sql(text);
    ASSERT_TRUE(sql.complete()) << table.name;
    const auto commas = [&](std::size_t open) {
      std::size_t count = 0, depth = 0;
      for (std::size_t at = open; at < sql.closing(open); ++at) {
        if (sql.is_symbol(at, "(")) ++depth;
        if (sql.is_symbol(at, ")")) --depth;
        count += depth == 1 && sql.is_symbol(at, ",");
      }
      return count;
    };
    const std::size_t wanted = commas(3);
    for (std::size_t at = sql.closing(3) + 2; at < sql.size(); at = sql.closing(at) + 2)
      EXPECT_EQ(commas(at), wanted) << table.name;
  }
}

TEST(Like, MatchesAsMySqlDoes) {
  EXPECT_TRUE(like("orders", "ord%"));
  EXPECT_TRUE(like("orders", "_RDERS"));
  EXPECT_TRUE(like("a_b", "a\\_b"));
  EXPECT_FALSE(like("axb", "a\\_b"));
  EXPECT_FALSE(like("orders", "order"));
}

}  // namespace
}  // namespace tributary::lab
