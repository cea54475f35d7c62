#include "task/binlog_event.h"

#include <gtest/gtest.h>

namespace tributary::task {
namespace {

using model::Column;
using model::ColumnType;
using model::Value;
using model::ValueKind;
using Kind = BinlogValue::Kind;

BinlogValue made(const Column& column, const Value& value) {
  BinlogValue out;
  make_binlog_value(column, value, out);
  return out;
}
BinlogValue bytes(ColumnType type, std::string_view text, std::string charset = {}) {
  return made({.type = type, .charset = std::move(charset)}, Value::of_text(ValueKind::bytes, text));
}

TEST(BinlogValues, TextIsUtf8AsFarAsItsSetIsKnownAndHexOtherwise) {
  EXPECT_EQ(bytes(ColumnType::varchar, "caf\xe9", "latin1").text, "café");
  EXPECT_EQ(bytes(ColumnType::varchar, "\x00\x61", "ucs2").text, "");
  EXPECT_EQ(bytes(ColumnType::varchar, std::string_view("\x00\x61", 2), "ucs2").text, "a");
  EXPECT_EQ(bytes(ColumnType::varchar, "café").text, "café");
  const BinlogValue unknown = bytes(ColumnType::varchar, "caf\xe9");
  EXPECT_EQ(unknown.text, "0x636166e9");
  EXPECT_EQ(unknown.kind, Kind::binary);
  EXPECT_EQ(bytes(ColumnType::varbinary, "abc").text, "0x616263");
}

TEST(BinlogValues, LabelsAreShownWhereTheyAreKnown) {
  const Column choice{.type = ColumnType::enum_, .labels = {"a", "b"}};
  EXPECT_EQ(made(choice, Value::integer_unsigned(2)).text, "b");
  EXPECT_EQ(made(choice, Value::integer_unsigned(0)).text, "");
  EXPECT_EQ(made(choice, Value::integer_unsigned(3)).kind, Kind::raw);
  const Column choices{.type = ColumnType::set, .labels = {"a", "b", "c"}};
  EXPECT_EQ(made(choices, Value::integer_unsigned(5)).text, "a,c");
  EXPECT_EQ(made(choices, Value::integer_unsigned(8)).text, "8");
  EXPECT_EQ(made({.type = ColumnType::enum_}, Value::integer_unsigned(1)).text, "1");
}

TEST(BinlogValues, TimesHaveTheColumnsDigitsAndTimestampsAreUtc) {
  Value time;
  time.kind = ValueKind::time;
  time.negative = true;
  time.t = {.hour = 838, .minute = 59, .second = 59, .micros = 500000};
  EXPECT_EQ(made({.type = ColumnType::time, .fraction_digits = 1}, time).text, "-838:59:59.5");
  Value stamp;
  stamp.kind = ValueKind::timestamp;
  stamp.i = 1'700'000'000;
  stamp.t.micros = 7;
  EXPECT_EQ(made({.type = ColumnType::timestamp, .fraction_digits = 6}, stamp).text, "2023-11-14 22:13:20.000007");
  stamp.i = 0;
  stamp.t.micros = 0;
  EXPECT_EQ(made({.type = ColumnType::timestamp, .fraction_digits = 3}, stamp).text, "0000-00-00 00:00:00.000");
}

TEST(BinlogValues, NumbersAreTheServersText) {
  const Column number{.type = ColumnType::double_};
  EXPECT_EQ(made(number, Value::real(1e100)).text, "1e100");
  EXPECT_EQ(made(number, Value::real(3)).text, "3");
  EXPECT_EQ(made(number, Value::real(-0.1)).text, "-0.1");
  EXPECT_EQ(made({}, Value::integer(-5)).text, "-5");
  EXPECT_EQ(made({}, Value::null()).kind, Kind::null);
}

TEST(BinlogValues, JsonChangesAreToldFromDocuments) {
  EXPECT_EQ(bytes(ColumnType::json, R"({"a": 1})").kind, Kind::text);
  EXPECT_EQ(bytes(ColumnType::json, "JSON_REMOVE(@, '$.a')").kind, Kind::change);
  EXPECT_EQ(bytes(ColumnType::json, "").text, "unchanged");
}

}  // namespace
}  // namespace tributary::task
