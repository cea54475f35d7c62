#include "source/binlog/statement.h"

#include <gtest/gtest.h>

namespace tributary::source {
namespace {

const StatementNames names = [] {
  StatementNames made;
  for (const auto& [database, table] :
       {std::pair{"shop_0000", "orders_aB3x_00"}, {"shop_0001", "orders_aB3x_00"}, {"shop_0000", "t"}})
    made.add(database, table);
  return made;
}();
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

TEST(StatementNames, CaseDoesNotHideAStatement) {
  EXPECT_EQ(*names.captured("SHOP_0000", "TRUNCATE TABLE T"), Found{2});
  EXPECT_EQ(*names.captured("", "ALTER TABLE Shop_0001.ORDERS_AB3X_00 ADD c INT"), Found{1});
}

TEST(StatementNames, AQualifiedNameIsOfItsDatabaseOnly) {
  EXPECT_EQ(*names.captured("shop_0000", "DROP TABLE archive.t"), Found{});
  EXPECT_EQ(*names.captured("archive", "DROP TABLE `shop_0000` . `t`"), Found{2});
}

TEST(StatementNames, DoubleQuotesMayHoldAName) {
  EXPECT_EQ(*names.captured("shop_0000", "TRUNCATE TABLE \"t\""), Found{2});
  EXPECT_EQ(*names.captured("shop_0000", "INSERT INTO x VALUES (\"t\")"), Found{});
}

TEST(StatementNames, AWordIsNotANameOrAString) {
  EXPECT_TRUE(names_word("ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", "exchange"));
  EXPECT_FALSE(names_word("ALTER TABLE `exchange` DROP PARTITION p /* exchange */", "exchange"));
  EXPECT_FALSE(names_word("ALTER TABLE t COMMENT 'exchange'", "exchange"));
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
