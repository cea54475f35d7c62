#include "cli/binlog_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tributary::cli {
namespace {

using task::BinlogEvent;
using task::BinlogField;
using task::BinlogRow;
using task::BinlogValue;
using Kind = task::BinlogValue::Kind;

const std::vector<model::Column> columns{{.name = "id"}, {.name = "name"}, {.name = "note"}};

BinlogRow update() {
  return {.change = "update",
          .columns = columns,
          .before = {{Kind::number, "1"}, {Kind::text, "it's\n"}, {Kind::absent, ""}},
          .after = {{Kind::number, "1"}, {Kind::null, ""}, {Kind::absent, ""}}};
}

TEST(BinlogText, AnUpdateShowsWhatChangedAndWhatDidNot) {
  EXPECT_EQ(binlog_row_line(update(), false), R"(            update  id=1, name: 'it\'s\n' → NULL)");
}

TEST(BinlogText, ARowsObjectLeavesOutWhatTheImageDoesNotHold) {
  std::string out;
  append_row_json(out, update());
  EXPECT_EQ(out, R"({"before":{"id":"1","name":"it's\n"},"after":{"id":"1","name":null}})");
}

TEST(BinlogText, AJsonChangeIsAnObjectOfItsOwn) {
  std::string out;
  append_row_json(
      out, {.change = "insert", .columns = columns, .before = {}, .after = {{Kind::change, "JSON_REMOVE(@, '$.a')"}}});
  EXPECT_EQ(out, R"-({"after":{"id":{"change":"JSON_REMOVE(@, '$.a')"}}})-");
}

TEST(BinlogText, ALineIsOneLineWhateverTheStatementHolds) {
  const std::vector<BinlogField> fields{{"database", std::string("shop")},
                                        {"sql", std::string("SELECT '\x1b[31m'\n\xff")},
                                        {"thread_id", std::uint64_t{7}, true}};
  const BinlogEvent event{.begin = 4, .end = 99, .type = "Query", .length = 95, .server_id = 1, .fields = fields};
  const std::string line = binlog_line(event, false);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_NE(line.find("database=shop  SELECT '\\x1b[31m'\\n"), std::string::npos) << line;
  EXPECT_EQ(line.find("thread_id"), std::string::npos);
}

TEST(BinlogText, AnEventsObjectIsValidJsonWhateverItHolds) {
  const std::vector<BinlogField> fields{{"sql", std::string("\"\xff\x01")},
                                        {"flags", std::vector<std::string>{"a", "b"}},
                                        {"one_phase", true},
                                        {"last_committed", std::int64_t{-1}}};
  BinlogEvent event{.begin = 4, .end = 99, .is_inner = true, .inner_offset = 7, .timestamp = 1'700'000'000};
  event.type = "Query";
  event.fields = fields;
  event.undecoded = "why";
  event.columns = {{.name = "id", .type = "int", .is_nullable = false}};
  const auto object = nlohmann::json::parse(binlog_json("a\nfile", event) + "}");
  EXPECT_EQ(object["payload_offset"], 7);
  EXPECT_EQ(object["time"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(object["body"]["flags"], nlohmann::json({"a", "b"}));
  EXPECT_EQ(object["body"]["one_phase"], true);
  EXPECT_EQ(object["body"]["last_committed"], -1);
  EXPECT_EQ(object["body"]["columns"][0]["nullable"], false);
  EXPECT_EQ(object["body"]["undecoded"], "why");
}

TEST(BinlogText, StatisticsNameEveryTypeAndTable) {
  task::BinlogStatistics s{.files = 1, .events = 2, .bytes = 300, .rows = 5, .transactions = 1};
  s.types["Xid"] = {.events = 2, .bytes = 300};
  s.tables["shop.orders"] = {.inserts = 3, .updates = 2, .undecoded = 1};
  const std::string text = statistics_text(s);
  EXPECT_NE(text.find("shop.orders"), std::string::npos);
  EXPECT_NE(text.find("1 rows events not decoded"), std::string::npos) << text;
  const auto object = nlohmann::json::parse(statistics_json(s))["statistics"];
  EXPECT_EQ(object["types"]["Xid"]["bytes"], 300);
  EXPECT_EQ(object["tables"]["shop.orders"]["undecoded_events"], 1);
}

}  // namespace
}  // namespace tributary::cli
