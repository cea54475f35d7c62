#include "cli/tail_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/text.h"

namespace tributary::cli {
namespace {

using task::TailRecord;

TailRecord an_update() {
  return {.topic = "shop",
          .partition = 0,
          .offset = 42,
          .timestamp_ms = 1'712'905'965'123,
          .key = R"(["shop","users",7,"x"])",
          .operation = "UPDATE",
          .object_name = "shop.users",
          .database = "shop",
          .table = "users",
          .id = 9,
          .source_timestamp = 1'712'905'965,
          .position = "4711@12",
          .tags = {{"thread_id", "3"}},
          .before = task::TailImage{{"id", "7"}, {"name", "Ann"}, {"note", std::nullopt}},
          .after = task::TailImage{{"id", "7"}, {"name", "Anna\nMaria"}, {"note", "\xE2\x82\xAC"}}};
}

TEST(TailLine, AnUpdateShowsOnlyWhatChanged) {
  const TailColumns columns = tail_columns(140);
  EXPECT_EQ(tail_heading(columns),
            "time (UTC)           operation  table                   key             columns                           "
            "                  position");
  EXPECT_EQ(tail_line(an_update(), columns),
            "2024-04-12 07:12:45  UPDATE     shop.users              7,x             name: Ann → Anna\\nMaria, note: "
            "NULL → €             4711@12");
}

TEST(TailLine, InsertsAndDeletesShowTheirRowAndDdlItsStatement) {
  const TailColumns columns = tail_columns(140);
  TailRecord record = an_update();
  record.before.reset();
  EXPECT_NE(tail_line(record, columns).find("id=7, name=Anna\\nMaria, note=€"), std::string::npos)
      << tail_line(record, columns);
  TailRecord ddl{.operation = "DDL", .object_name = "shop", .database = "shop", .ddl = "CREATE TABLE `t` (a int)"};
  EXPECT_NE(tail_line(ddl, columns).find("CREATE TABLE `t` (a int)"), std::string::npos);
}

TEST(TailLine, FitsEveryTerminal) {
  TailRecord record = an_update();
  record.table = std::string(200, 't');
  (*record.after)[1].value = std::string(10'000, 'x');
  for (int width = 70; width < 300; ++width) {
    const TailColumns columns = tail_columns(width);
    EXPECT_LE(display_width(tail_line(record, columns)), width);
    EXPECT_LE(display_width(tail_heading(columns)), width);
  }
}

TEST(TailLine, AKeyThatIsNotOursIsShownAsItIs) {
  TailRecord record = an_update();
  record.key = "7f";
  EXPECT_NE(tail_line(record, tail_columns(140)).find("  7f  "), std::string::npos);
  record.key = std::string(100'000, '[');
  EXPECT_NE(tail_line(record, tail_columns(140)).find("[[["), std::string::npos);
}

TEST(TailJson, HoldsEveryPartInTheDocumentedForm) {
  EXPECT_EQ(
      tail_json(an_update()),
      R"({"topic":"shop","partition":0,"offset":42,"timestamp_ms":1712905965123,"operation":"UPDATE",)"
      R"("db":"shop","table":"users",)"
      R"("objectName":"shop.users","id":9,"position":"4711@12","time":"2024-04-12T07:12:45Z",)"
      R"("key":"[\"shop\",\"users\",7,\"x\"]","tags":{"thread_id":"3"},"before":{"id":"7","name":"Ann","note":null},)"
      R"("after":{"id":"7","name":"Anna\nMaria","note":"€"}})");
}

TEST(TailJson, KeepsOrderAndColumnsThatStandTwice) {
  TailRecord record = an_update();
  record.before.reset();
  record.after = task::TailImage{{"b", "1"}, {"a", "2"}, {"b", "3"}};
  EXPECT_NE(tail_json(record).find(R"("before":null,"after":{"b":"1","a":"2","b":"3"}})"), std::string::npos)
      << tail_json(record);
}

TEST(TailJson, DdlAndNullsAreJsonToo) {
  const TailRecord ddl{.operation = "DDL", .ddl = "CREATE TABLE \"t\\\" \x01\xff"};
  const auto json = nlohmann::json::parse(tail_json(ddl));
  EXPECT_EQ(json["ddl"], "CREATE TABLE \"t\\\" \x01\xEF\xBF\xBD");
  EXPECT_TRUE(json["db"].is_null() && json["table"].is_null() && json["objectName"].is_null() && json["key"].is_null());
  EXPECT_TRUE(json["before"].is_null() && json["after"].is_null());
}

}  // namespace
}  // namespace tributary::cli
