#include "source/binlog/json_binary.h"

#include <gtest/gtest.h>

#include "source/binlog/json_diff.h"
#include "source/binlog/test_fixtures.h"

namespace tributary::source {
namespace {

using testing::from_hex;

std::string text_of(std::string_view document) {
  base::Buffer out;
  auto done = append_json_text(document, out);
  return done ? std::string(out.view()) : done.error().what;
}

std::string double_text(double number) {
  base::Buffer out;
  append_json_double(number, out);
  return std::string(out.view());
}

// What MySQL 9.7.4 answers to SELECT CAST('[...]' AS JSON).
TEST(JsonText, DoublesAreWrittenAsTheServerWritesThem) {
  EXPECT_EQ(double_text(1.0), "1.0");
  EXPECT_EQ(double_text(-0.0), "-0.0");
  EXPECT_EQ(double_text(0.1), "0.1");
  EXPECT_EQ(double_text(1e14), "100000000000000.0");
  EXPECT_EQ(double_text(1e15), "1e15");
  EXPECT_EQ(double_text(1e16), "1e16");
  EXPECT_EQ(double_text(1234567890123456.8), "1234567890123456.8");
  EXPECT_EQ(double_text(12345678901234568.0), "1.2345678901234568e16");
  EXPECT_EQ(double_text(1e-5), "0.00001");
  EXPECT_EQ(double_text(1e-15), "0.000000000000001");
  EXPECT_EQ(double_text(1e-16), "1e-16");
  EXPECT_EQ(double_text(1.5e300), "1.5e300");
  EXPECT_EQ(double_text(18446744073709551616.0), "1.8446744073709552e19");
  EXPECT_EQ(double_text(-3.14159265358979), "-3.14159265358979");
  EXPECT_EQ(double_text(1.7976931348623157e308), "1.7976931348623157e308");
}

// JSON_ARRAY(CAST('99...' AS DECIMAL(65,30))) as MySQL 9.7.4 stores it: 35 whole digits take four groups, 36 places.
TEST(JsonText, TheWidestDecimalIsWrittenToItsLastDigit) {
  EXPECT_EQ(text_of(from_hex("02010029000f0700f620421e85f5e0ff3b9ac9ff3b9ac9ff3b9ac9ff3b9ac9ff3b9ac9ff3b9ac9ff03e7")),
            "[99999999999999999999999999999999999.999999999999999999999999999999]");
}

TEST(JsonText, StringsAreEscapedAsTheServerDoes) {
  base::Buffer out;
  append_json_string("\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9", out);
  EXPECT_EQ(out.view(), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\"");
}

// {"a": 1, "é": 3, "b c": [1, 2, {"x": "yyyyyyyyyyyyyyyyy"}]} as MySQL 9.7.4 stores it.
const std::string document = from_hex(
    "0003004a00190001001a0002001c0003000501000503000"
    "21f0061c3a9622063"
    "03002b00050100050200000d0001001e000b0001000c0c007811"
    "7979797979797979797979797979797979");

TEST(JsonText, DocumentsAreWrittenWithTheServersSpacing) {
  EXPECT_EQ(text_of(document), R"({"a": 1, "é": 3, "b c": [1, 2, {"x": "yyyyyyyyyyyyyyyyy"}]})");
  EXPECT_EQ(text_of(""), "null");
  EXPECT_EQ(text_of(std::string("\4\1", 2)), "true");
  EXPECT_EQ(text_of(std::string("\2\0\0\4\0", 5)), "[]");
}

TEST(JsonText, OpaqueValuesAreWrittenByTheirColumnType) {
  EXPECT_EQ(text_of(from_hex("0ff6070a0280000001"
                             "32")),
            "1.50");  // DECIMAL(10,2)
  EXPECT_EQ(text_of(from_hex("0f0f02"
                             "00ff")),
            "\"base64:type15:AP8=\"");
  // 57 bytes fill a line of base64.
  std::string long_bytes = from_hex("0f0f3a") + std::string(58, '\0');
  EXPECT_EQ(text_of(long_bytes), "\"base64:type15:" + std::string(76, 'A') + "\\nAA==\"");
}

TEST(JsonText, EveryCutDocumentIsAnErrorOrShorterText) {
  for (std::size_t size = 1; size < document.size(); ++size) {
    base::Buffer out;
    EXPECT_FALSE(append_json_text(std::string_view(document).substr(0, size), out)) << size;
  }
}

TEST(JsonText, SharedPartsCyclesAndDepthAreErrors) {
  // Two members at one place.
  EXPECT_EQ(text_of(from_hex("0202000c00"
                             "0c0a000c0a00"
                             "0161")),
            "JSON: parts overlap");
  // An array that holds itself can't be: a member lies behind its array's head.
  EXPECT_EQ(text_of(from_hex("0201000700"
                             "020000")),
            "JSON: a value lies outside its array or object");
  std::string deep;
  for (int i = 0; i < 101; ++i) {
    const auto size = static_cast<unsigned>(4 + 3 + 7 * (100 - i) + 0);
    deep += from_hex("0100");
    deep += static_cast<char>(size & 255);
    deep += static_cast<char>(size >> 8);
    deep += i == 100 ? from_hex("040000") : from_hex("020700");
  }
  EXPECT_EQ(text_of("\2" + deep), "JSON: nested more than 100 deep");
}

// ---- changes

std::string patched(std::string_view diffs) {
  base::Buffer out;
  auto done = append_patched_json_text(document, diffs, out);
  return done ? std::string(out.view()) : done.error().what;
}
std::string change(int operation, std::string_view path, std::string_view value = {}) {
  std::string diff;
  diff += static_cast<char>(operation);
  diff += static_cast<char>(path.size());
  diff += path;
  if (operation == 2) return diff;
  diff += static_cast<char>(value.size());
  diff += value;
  return diff;
}
const std::string nine = from_hex("050900");

TEST(JsonChanges, NoneLeavesTheDocument) { EXPECT_EQ(patched(""), text_of(document)); }

TEST(JsonChanges, ReplaceInsertAndRemove) {
  EXPECT_EQ(
      patched(change(0, "$.a", nine) + change(0, "$.\"b c\"[2].x", from_hex("0c017a")) + change(1, "$.new", nine)),
      R"({"a": 9, "é": 3, "b c": [1, 2, {"x": "z"}], "new": 9})");
  EXPECT_EQ(patched(change(2, "$.\"b c\"[0]")), R"({"a": 1, "é": 3, "b c": [2, {"x": "yyyyyyyyyyyyyyyyy"}]})");
  EXPECT_EQ(patched(change(1, "$.\"b c\"[1]", nine)),
            R"({"a": 1, "é": 3, "b c": [1, 9, 2, {"x": "yyyyyyyyyyyyyyyyy"}]})");
  EXPECT_EQ(patched(change(1, "$.\"b c\"[99]", nine)),
            R"({"a": 1, "é": 3, "b c": [1, 2, {"x": "yyyyyyyyyyyyyyyyy"}, 9]})");
  EXPECT_EQ(patched(change(0, "$.é", nine) + change(2, "$.\"b c\"")), R"({"a": 1, "é": 9})");
  EXPECT_EQ(patched(change(0, "$", nine)), "9");
}

TEST(JsonChanges, PathsMayCountFromTheEnd) {
  EXPECT_EQ(patched(change(0, "$.\"b c\"[last]", nine)), R"({"a": 1, "é": 3, "b c": [1, 2, 9]})");
  EXPECT_EQ(patched(change(2, "$.\"b c\"[last-1]")), R"({"a": 1, "é": 3, "b c": [1, {"x": "yyyyyyyyyyyyyyyyy"}]})");
  EXPECT_EQ(patched(change(1, "$.\"b c\"[last-9]", nine)),
            R"({"a": 1, "é": 3, "b c": [9, 1, 2, {"x": "yyyyyyyyyyyyyyyyy"}]})");
  EXPECT_NE(patched(change(0, "$.\"b c\"[last-3]", nine)).find("no place"), std::string::npos);
}

TEST(JsonChanges, KeysStandInTheServersOrder) {
  EXPECT_EQ(patched(change(2, "$.\"b c\"") + change(1, "$.zz", nine) + change(1, "$.b", nine) +
                    change(1, "$.\"q\\\"\\u00e9\"", nine)),
            R"({"a": 1, "b": 9, "zz": 9, "é": 3, "q\"é": 9})");
}

TEST(JsonChanges, AChangeWithoutItsPlaceIsAnError) {
  EXPECT_NE(patched(change(0, "$.none", nine)).find("no place $.none"), std::string::npos);
  EXPECT_NE(patched(change(1, "$.a", nine)).find("no place"), std::string::npos);
  EXPECT_NE(patched(change(2, "$")).find("no place"), std::string::npos);
  EXPECT_NE(patched(change(0, "a", nine)).find("no place"), std::string::npos);
  EXPECT_NE(patched("\3").find("unknown operation"), std::string::npos);
  EXPECT_NE(patched(std::string_view("\0\x7f$", 3)).find("ends too early"), std::string::npos);
}

}  // namespace
}  // namespace tributary::source
