#include "compare/canonical.h"

#include <gtest/gtest.h>

namespace tributary::lab {
namespace {

namespace dts = encode::dts;

// A value as the source prints it beside the same value in a record.
struct Pair {
  const char* declared_type;
  std::string_view text;
  std::int32_t number;
  dts::Value value;
};

dts::DateTime date_time(std::initializer_list<std::optional<std::int32_t>> parts) {
  const auto* p = parts.begin();
  return {p[0], p[1], p[2], p[3], p[4], p[5], p[6]};
}

std::string at_source(const Pair& pair) { return canonical(class_of_type(pair.declared_type), pair.text); }

TEST(Canonical, IsTheSameForASourceTextAndItsRecordValue) {
  const std::optional<std::int32_t> none;
  using namespace std::string_view_literals;
  const Pair pairs[] = {
      {"bigint(20) unsigned", "18446744073709551615", 8, dts::Integer{8, "18446744073709551615"}},
      {"int(5) unsigned zerofill", "00042", 3, dts::Integer{4, "42"}},
      {"decimal(10,2)", "-12.50", 246, dts::Decimal{"-12.50", 4, 2}},
      {"float", "0.10000000149011612", 4, dts::Float{0.1, 0, 0}},
      {"float", "-0", 4, dts::Float{0, 0, 0}},
      {"double", "1.7976931348623157e308", 5, dts::Float{1.7976931348623157e308, 0, 0}},
      {"bit(10)", "\x03\xff"sv, 16, dts::Integer{2, "1023"}},
      {"year(4)", "0000", 13, date_time({0, none, none, none, none, none, none})},
      {"year(4)", "2155", 13, date_time({2155, none, none, none, none, none, none})},
      {"date", "0000-00-00", 10, date_time({0, 0, 0, none, none, none, none})},
      {"time(3)", "-838:59:59.000", 11, date_time({none, none, none, -838, -59, -59, 0})},
      {"time(6)", "-00:00:00.000010", 11, date_time({none, none, none, 0, 0, 0, -10})},
      {"datetime(3)", "9999-12-31 23:59:59.990", 12, date_time({9999, 12, 31, 23, 59, 59, 990000})},
      {"datetime", "0000-00-00 00:00:00", 12, date_time({0, 0, 0, 0, 0, 0, 0})},
      {"timestamp(6)", "1970-01-01 00:00:01.000001", 7, dts::Timestamp{1, 1}},
      {"timestamp", "0000-00-00 00:00:00", 7, dts::Timestamp{0, 0}},
      {"varchar(20)", "Straße", 253,
       dts::Character{"latin1",
                      "Stra\xdf"
                      "e"}},
      {"longtext", "", 15, dts::Character{"utf8mb4", ""}},
      {"json", "[1, 2.5]", 245, dts::TextObject{"json", "[1, 2.5]"}},
      {"enum('a','große')", "große", 247, dts::TextObject{"enum", "große"}},
      {"set('a','b')", "a,b", 248, dts::TextObject{"set", "a,b"}},
      {"binary(3)", "\x00\xff\x00"sv, 252, dts::BinaryObject{"binary", std::string("\x00\xff\x00", 3)}},
      {"point", "\x00\x00\x00\x00\x01\x02"sv, 255, dts::BinaryGeometry{"geometry", "\x01\x02"}},
  };
  for (const Pair& pair : pairs)
    EXPECT_EQ(at_source(pair), canonical(pair.number, pair.value)) << pair.declared_type << " " << pair.text;
}

TEST(Canonical, TellsNearValuesApart) {
  const Pair pairs[] = {
      {"float", "0.10000000894069672", 4, dts::Float{0.1, 0, 0}},  // the next float
      {"double", "0.1", 5, dts::Float{0.10000000000000002, 0, 0}},
      {"decimal(10,2)", "12.50", 246, dts::Decimal{"12.51", 4, 2}},
      {"varchar(9)", "a ", 253, dts::Character{"utf8mb4", "a"}},
      {"varchar(9)", "a", 253, dts::Character{"utf8mb4", "A"}},
      {"binary(2)", std::string_view("a\0", 2), 252, dts::BinaryObject{"binary", "a"}},
      {"timestamp(6)", "1970-01-01 00:00:01.000001", 7, dts::Timestamp{1, 10}},
      {"time", "00:00:01", 11, dts::DateTime{{}, {}, {}, 0, 0, -1, 0}},
      {"varchar(9)", "", 253, dts::Null{}},
      {"char(4)", "NULL", 254, dts::Null{}},
      {"json", "{}", 245, dts::EmptyObject::none},
      // The right text in the wrong branch.
      {"bigint(20)", "42", 253, dts::Character{"utf8mb4", "42"}},
      {"varbinary(9)", "a", 253, dts::Character{"utf8mb4", "61"}},
  };
  for (const Pair& pair : pairs)
    EXPECT_NE(at_source(pair), canonical(pair.number, pair.value)) << pair.declared_type << " " << pair.text;
}

TEST(Canonical, NullIsEmptyOnBothSides) {
  EXPECT_EQ(canonical(ValueClass::text, std::nullopt), "");
  EXPECT_EQ(canonical(253, dts::Null{}), "");
  EXPECT_NE(canonical(ValueClass::text, ""), "");
}

TEST(Canonical, KnowsEveryTypeOfShowColumns) {
  for (const char* type : {"tinyint(1)", "smallint(6)", "mediumint(9)", "int(11)", "bigint(20)"})
    EXPECT_EQ(class_of_type(type), ValueClass::integer) << type;
  for (const char* type : {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring",
                           "multipolygon", "geometrycollection", "geomcollection"})
    EXPECT_EQ(class_of_type(type), ValueClass::geometry) << type;
  for (const char* type : {"tinyblob", "blob", "mediumblob", "longblob", "binary(8)", "varbinary(9)"})
    EXPECT_EQ(class_of_type(type), ValueClass::binary) << type;
  for (const char* type : {"char(1)", "varchar(2)", "tinytext", "text", "mediumtext", "longtext", "inet6", "uuid"})
    EXPECT_EQ(class_of_type(type), ValueClass::text) << type;
  EXPECT_EQ(class_of_type("DOUBLE(10,2) unsigned"), ValueClass::double_);
  EXPECT_EQ(class_of_type("row"), ValueClass::other);
}

TEST(Canonical, IsShownForPeople) {
  EXPECT_EQ(display(""), "NULL");
  EXPECT_EQ(display("i42"), "42");
  EXPECT_EQ(display("cit\tis"), "'it\\x09is'");
  EXPECT_EQ(display("x00ff"), "x'00ff'");
  EXPECT_EQ(display("céé", 3), "'é...'") << "cut at a character";
}

}  // namespace
}  // namespace tributary::lab
