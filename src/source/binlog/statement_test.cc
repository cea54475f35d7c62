#include "source/binlog/statement.h"

#include <gtest/gtest.h>

#include "source/binlog/stream.h"

namespace tributary::source {
namespace {

const std::vector<CapturedTable> tables = {{"shop_0000", "orders_aB3x_00", nullptr}, {"shop_0001", "orders_aB3x_00", nullptr},
                                           {"shop_0000", "t", nullptr}};
const StatementNames names(tables);
using Found = std::vector<std::uint32_t>;

TEST(StatementNames, FindsExactNamesOnly) {
  EXPECT_EQ(names.find("shop_0000", "t"), 2);
  EXPECT_EQ(names.find("shop_0001", "t"), -1);
  EXPECT_EQ(names.find("shop_0000", "T"), -1);
}

TEST(StatementNames, SeesACapturedTableByDefaultDatabaseOrByName) {
  EXPECT_EQ(*names.captured("shop_0001", "ALTER TABLE orders_aB3x_00 ADD c INT"), Found{1});
  EXPECT_EQ(*names.captured("", "alter table `shop_0000`.`orders_aB3x_00` drop c"), Found{0});
  EXPECT_EQ(*names.captured("other", "ALTER TABLE orders_aB3x_00 ADD c INT"), Found{});
  EXPECT_EQ(*names.captured("shop_0000", "RENAME TABLE x TO y, t TO z"), Found{2});
}

TEST(StatementNames, CommentsAndStringsNameNothing) {
  EXPECT_EQ(*names.captured("shop_0000", "CREATE TABLE x (a INT COMMENT 't') /* t */ -- t"), Found{});
  EXPECT_EQ(*names.captured("shop_0000", "CREATE TABLE t_2 (t2 INT)"), Found{});
}

TEST(StatementNames, DroppingADatabaseNamesAllItsTables) {
  EXPECT_EQ(names.captured("", "DROP DATABASE `shop_0000`")->size(), 2u);
}

TEST(StatementNames, RowsChangedByAStatementAreAnError) {
  const auto found = names.captured("shop_0000", "INSERT INTO t VALUES (1)");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, base::ErrorCode::data_statement_event);
  EXPECT_TRUE(names.captured("shop_0000", "INSERT INTO x VALUES (1)"));
  EXPECT_EQ(*names.captured("shop_0000", "ANALYZE TABLE t"), Found{});
}

TEST(StatementNames, AnyTextIsSafe) {
  for (const char* text : {"", "`", "'", "/*", "--", "`t", "DROP", "DROP DATABASE", "\xff\xfe `\xc3"})
    EXPECT_TRUE(names.captured("shop_0000", text)) << text;
}

}  // namespace
}  // namespace tributary::source
