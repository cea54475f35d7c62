#include "front/statement.h"

#include <gtest/gtest.h>

namespace tributary::lab {
namespace {

TableDef orders() {
  TableDef out;
  out.name = "orders";
  out.kind = TableKind::sharded;
  out.random = "aB3x";
  out.db_key = out.tb_key = "id";
  out.tb_function = ShardFunction::hash;
  out.db_count = 4;
  out.tb_count = 2;
  out.columns = {{"id", "bigint(20)"}};
  return out;
}

std::size_t count_targets(std::string_view predicate, std::string_view qualifier = "orders") {
  const Sql sql(predicate);
  return targets(orders(), 4, sql, 0, sql.size(), qualifier).size();
}

TEST(Targets, FollowAnEqualityOnTheKey) {
  EXPECT_EQ(count_targets("id = 5"), 1u);
  EXPECT_EQ(count_targets("5 = id AND note = 'x'"), 1u);
  EXPECT_EQ(count_targets("orders.id = -5"), 1u);
  EXPECT_EQ(count_targets("(note LIKE 'a%') AND (`id` = '5')"), 1u);
  EXPECT_EQ(count_targets("id IN (1, 2, 9)"), 2u);  // 1 and 9 meet in one slot
}

TEST(Targets, AreAllWhereTheKeyIsNotFixed) {
  for (const auto predicate : {"id > 5", "id = 5 OR note = 'x'", "NOT id = 5", "id = id + 1", "id = other",
                               "note = 'id = 5'", "id IN (1, x)", ""})
    EXPECT_EQ(count_targets(predicate), 8u) << predicate;
  EXPECT_EQ(count_targets("b.id = 5", "a"), 8u);
}

std::string renamed(std::string_view text) {
  const Sql sql(text);
  return rewrite(sql, 0, sql.size(), table_references(sql), {{"orders", "orders_aB3x_07"}, {"region", "region"}});
}

TEST(Rewrite, ReplacesTableNamesAndNothingElse) {
  EXPECT_EQ(renamed("SELECT orders, 'orders' FROM orders WHERE orders.id = 1 -- x"),
            "SELECT orders, 'orders' FROM `orders_aB3x_07` WHERE `orders_aB3x_07`.id = 1");
  EXPECT_EQ(renamed("SELECT o.orders FROM shop.`Orders` AS o JOIN region r ON r.id=o.id"),
            "SELECT o.orders FROM `orders_aB3x_07` AS o JOIN `region` r ON r.id=o.id");
  EXPECT_EQ(renamed("UPDATE orders SET orders = 1"), "UPDATE `orders_aB3x_07` SET orders = 1");
  EXPECT_EQ(renamed("DELETE FROM orders WHERE shop.orders.id=1"),
            "DELETE FROM `orders_aB3x_07` WHERE `orders_aB3x_07`.id=1");
}

TEST(TableReferences, SeeThroughJoinsSubqueriesAndFunctions) {
  const auto names = [](std::string_view text) {
    std::string out;
    for (const auto& reference : table_references(Sql(text))) out += reference.name + ":" + reference.alias + " ";
    return out;
  };
  EXPECT_EQ(
      names(
          "SELECT EXTRACT(YEAR FROM d), TRIM(' ' FROM x) FROM a, b bb LEFT JOIN (c) ON 1 WHERE x IN (SELECT y FROM d)"),
      "a: b:bb c: d: ");
  EXPECT_EQ(names("SELECT a FROM t WHERE x = 1 FOR UPDATE"), "t: ");
  EXPECT_EQ(names("SELECT 1"), "");
}

TEST(SqlLiteral, WritesBytesAsHexAndTextQuoted) {
  EXPECT_EQ(sql_literal({"b", "varbinary(9)"}, std::string("\0\xff", 2)), "x'00ff'");
  EXPECT_EQ(sql_literal({"t", "varchar(9)"}, "it's"), "'it\\'s'");
  EXPECT_EQ(sql_literal({"t", "varchar(9)"}, std::nullopt), "NULL");
}

}  // namespace
}  // namespace tributary::lab
