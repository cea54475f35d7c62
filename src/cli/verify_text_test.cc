#include "cli/verify_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/text.h"

namespace tributary::cli {
namespace {

verify::Summary two_tables() {
  verify::Summary summary;
  verify::TableResult orders;
  orders.database = "shop";
  orders.table = "orders";
  orders.source_rows = 1'234'567;
  orders.equal = 1'234'560;
  orders.changed = 7;
  verify::TableResult users;
  users.database = "shop";
  users.table = "客户";
  users.still_changing = 3;
  users.notes = {"a note"};
  summary.tables = {orders, users};
  summary.behind = {{"h:1", "b.000001:4", "b.000001:99"}};
  summary.warnings = {"look out"};
  summary.sample = 10;
  return summary;
}

verify::Difference changed_row() {
  verify::Difference difference;
  difference.database = "shop";
  difference.table = "orders";
  difference.key = {{"id", "7"}};
  difference.columns = {{"name", "right", std::nullopt}};
  difference.has_record = true;
  difference.topic = "shop";
  difference.operation = "UPDATE";
  difference.partition = 2;
  difference.offset = 4711;
  return difference;
}

TEST(VerifyText, TheTableLinesUp) {
  const auto lines = verify_summary("shop", two_tables());
  EXPECT_EQ(display_width(lines[0]), display_width(lines[1]));
  EXPECT_EQ(display_width(lines[0]), display_width(lines[2]));
  EXPECT_EQ(lines[0].find("TABLE"), 0u);
  EXPECT_NE(lines[1].find("1,234,567"), std::string::npos);
  EXPECT_EQ(lines.back(), "shop: source and topic differ in 7 places. 3 rows kept changing and could not be told.");
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  for (const char* part :
       {"A sample: 10 %", "look out", "delivered up to b.000001:4, the log ends at b.000001:99", "a note"})
    EXPECT_NE(all.find(part), std::string::npos) << part;
}

TEST(VerifyText, ADifferenceHasItsKeyBothValuesAndItsRecord) {
  EXPECT_EQ(verify_difference(changed_row()),
            (std::vector<std::string>{"shop.orders: changed  id=7  (UPDATE at shop, partition 2, offset 4711)",
                                      "    name: source right, topic NULL"}));
}

TEST(VerifyText, JsonSaysTheSame) {
  const auto difference = nlohmann::json::parse(verify_json(changed_row()));
  EXPECT_EQ(difference["event"], "difference");
  EXPECT_EQ(difference["key"]["id"], "7");
  EXPECT_EQ(difference["columns"][0]["source"], "right");
  EXPECT_TRUE(difference["columns"][0]["topic"].is_null());
  EXPECT_EQ(difference["record"]["offset"], 4711);
  const auto summary = nlohmann::json::parse(verify_json("shop", two_tables()));
  EXPECT_EQ(summary["differences"], 7);
  EXPECT_FALSE(summary["equal"]);
  EXPECT_EQ(summary["tables"][1]["still_changing"], 3);
  EXPECT_EQ(summary["behind"][0]["log_end"], "b.000001:99");
}

}  // namespace
}  // namespace tributary::cli
