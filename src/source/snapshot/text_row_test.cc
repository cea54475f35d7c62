#include "source/snapshot/text_row.h"

#include <gtest/gtest.h>

namespace tributary::source {
namespace {

using model::Column;
using model::ColumnType;
using model::Value;
using model::ValueKind;

Column column(ColumnType type, std::string declared = "") {
  Column c;
  c.name = "c";
  c.type = type;
  c.declared_type = std::move(declared);
  return c;
}

// Reads one value through a plan of one column.
base::Result<Value> read(Column c, std::string_view text) {
  model::TableSchema schema;
  schema.columns = {std::move(c)};
  const TextRowPlan plan(schema);
  const char* values[] = {text.data()};
  const unsigned long lengths[] = {text.size()};
  std::vector<Value> out;
  TRY(plan.read({values, lengths}, out));
  return out[0];
}

TEST(TextRow, IntegersStayTextWithoutZeroFill) {
  EXPECT_EQ(read(column(ColumnType::bigint), "-42")->text, "-42");
  EXPECT_EQ(read(column(ColumnType::int_, "int(5) unsigned zerofill"), "00042")->text, "42");
  EXPECT_EQ(read(column(ColumnType::int_, "int(5) unsigned zerofill"), "00000")->text, "0");
  EXPECT_EQ(read(column(ColumnType::decimal, "decimal(6,2) zerofill"), "0000.50")->text, "0.50");
}

TEST(TextRow, FloatsGoThroughTheirShortestDecimal) {
  // 0.1 as FLOAT, widened by the server: 0.10000000149011612.
  EXPECT_EQ(read(column(ColumnType::float_), "0.10000000149011612")->d, 0.1);
  EXPECT_EQ(read(column(ColumnType::double_), "0.10000000149011612")->d, 0.10000000149011612);
}

TEST(TextRow, TimesKeepSignHoursAndMicroseconds) {
  const Value v = *read(column(ColumnType::time), "-838:59:59.000001");
  EXPECT_TRUE(v.negative);
  EXPECT_EQ(v.t.hour, 838);
  EXPECT_EQ(v.t.micros, 1u);
  EXPECT_EQ(read(column(ColumnType::datetime), "2024-02-29 23:59:58.1")->t.micros, 100'000u);
}

TEST(TextRow, TimestampsAreSecondsSinceTheEpochAndZeroIsZero) {
  EXPECT_EQ(read(column(ColumnType::timestamp), "1970-01-01 00:00:01")->i, 1);
  EXPECT_EQ(read(column(ColumnType::timestamp), "2038-01-19 03:14:07.999999")->i, 2147483647);
  EXPECT_EQ(read(column(ColumnType::timestamp), "0000-00-00 00:00:00")->i, 0);
  EXPECT_EQ(read(column(ColumnType::timestamp), "2000-02-29 12:00:00")->i, 951825600);
}

TEST(TextRow, ZeroAndPartialDatesAreKept) {
  const Value v = *read(column(ColumnType::date), "2020-00-00");
  EXPECT_EQ(v.t.year, 2020);
  EXPECT_EQ(v.t.month, 0);
  EXPECT_EQ(read(column(ColumnType::year), "0000")->t.year, 0);
}

TEST(TextRow, BitsAreBigEndianNumbersAndGeometryLosesItsSrid) {
  EXPECT_EQ(read(column(ColumnType::bit), std::string_view("\x01\x02", 2))->u, 0x102u);
  EXPECT_EQ(read(column(ColumnType::geometry), std::string_view("\0\0\0\0\x01\x01", 6))->text, "\x01\x01");
  EXPECT_EQ(read(column(ColumnType::geometry), "")->text, "");
  EXPECT_EQ(read(column(ColumnType::geometry), "abc")->text, "abc");
}

TEST(TextRow, WhatCannotBeReadIsAnErrorNamingTheColumn) {
  for (const auto& [type, text] :
       std::initializer_list<std::pair<ColumnType, const char*>>{{ColumnType::date, "2020-1-1"},
                                                                 {ColumnType::date, ""},
                                                                 {ColumnType::datetime, "2020-01-01T00:00:00"},
                                                                 {ColumnType::time, "12"},
                                                                 {ColumnType::double_, "x"},
                                                                 {ColumnType::enum_, "a"},
                                                                 {ColumnType::year, "200"},
                                                                 {ColumnType::bit, ""},
                                                                 {ColumnType::timestamp, "2020-01-01 00:00:00x"}}) {
    const auto value = read(column(type), text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, base::ErrorCode::data_value_malformed);
    EXPECT_NE(value.error().what.find("column c"), std::string::npos);
  }
}

TEST(KeyLiteral, ComparesAsTheStoredBytesDo) {
  Column c = column(ColumnType::varchar);
  c.charset = "latin1";
  EXPECT_EQ(key_literal(c, "a'\xe9"), "_latin1 X'6127e9'");
  EXPECT_EQ(key_literal(column(ColumnType::varbinary), std::string_view("\0x", 2)), "_binary X'0078'");
  EXPECT_EQ(key_literal(column(ColumnType::bigint), "7"), "7");
  EXPECT_EQ(key_literal(column(ColumnType::datetime), "2020-01-01 00:00:00"), "'2020-01-01 00:00:00'");
}

}  // namespace
}  // namespace tributary::source
