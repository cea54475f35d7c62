#include "model/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "model/charset.h"

namespace tributary::model {
namespace {

template <typename Write>
std::string written(Write write) {
  char room[text_bytes_max];
  return std::string(room, static_cast<std::size_t>(write(room) - room));
}
std::string real(double number) {
  return written([&](char* to) { return write_real(to, number); });
}

TEST(WriteNumbers, IntegersAreWrittenToTheLastDigit) {
  std::uint64_t number = 1;
  for (int digits = 1; digits <= 20; ++digits, number *= 10) {
    for (const std::uint64_t n : {number - 1, number, number + 1}) {
      EXPECT_EQ(written([&](char* to) { return write_unsigned(to, n); }), std::to_string(n));
      const auto s = static_cast<std::int64_t>(n);
      EXPECT_EQ(written([&](char* to) { return write_signed(to, s); }), std::to_string(s));
    }
  }
  EXPECT_EQ(written([](char* to) { return write_signed(to, INT64_MIN); }), "-9223372036854775808");
}

// The right sides are what MariaDB 10.11 prints for the same doubles.
TEST(WriteNumbers, DoublesAreWrittenAsTheServerPrintsThem) {
  EXPECT_EQ(real(1e14), "100000000000000");
  EXPECT_EQ(real(1e14 + 0.5), "100000000000000.5");
  EXPECT_EQ(real(1e15), "1e15");
  EXPECT_EQ(real(1234567890123456.8), "1234567890123456.8");
  EXPECT_EQ(real(123456789012345678.0), "1.2345678901234568e17");
  EXPECT_EQ(real(1e-5), "0.00001");
  EXPECT_EQ(real(1e-15), "0.000000000000001");
  EXPECT_EQ(real(1.5e-15), "0.0000000000000015");
  EXPECT_EQ(real(1e-16), "1e-16");
  EXPECT_EQ(real(0.1), "0.1");
  EXPECT_EQ(real(1.7976931348623157e308), "1.7976931348623157e308");
  EXPECT_EQ(real(123456.789), "123456.789");
  EXPECT_EQ(real(2.2250738585072014e-308), "2.2250738585072014e-308");
  EXPECT_EQ(real(1.234567890123456e-10), "0.0000000001234567890123456");
  EXPECT_EQ(real(0), "0");
  EXPECT_EQ(real(-250), "-250");
}

TEST(WriteNumbers, DoublesReadBackAsThemselves) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20000; ++i) {
    const double number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    const std::string text = real(number);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), number) << text;
    ASSERT_LE(text.size(), text_bytes_max);
  }
}

TEST(WriteTimes, TimestampsAgreeWithTheCLibraryOverAllYears) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20000; ++i) {
    const auto seconds = static_cast<time_t>(random() % 315537897600) - 62135596800;
    std::tm parts{};
    ASSERT_NE(gmtime_r(&seconds, &parts), nullptr);
    char expected[64];
    std::snprintf(expected, sizeof expected, "%04d-%02d-%02d %02d:%02d:%02d.000001", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    ASSERT_EQ(written([&](char* to) { return write_timestamp(to, seconds, 1); }), expected);
  }
}

TEST(JsonStrings, ReadBackAsWhatTheyWere) {
  std::string text;
  for (int c = 0; c < 128; ++c) text += static_cast<char>(c);
  text += "é中😀";
  std::string json(6 * text.size() + 2, '\0');
  json.resize(static_cast<std::size_t>(write_json_string(json.data(), text) - json.data()));
  EXPECT_EQ(nlohmann::json::parse(json).get<std::string>(), text);
}

TEST(Utf8, OverlongSurrogateAndTruncatedFormsAreRefused) {
  for (const char* good : {"", "a", "é", "中", "😀", "\xf4\x8f\xbf\xbf", "\xee\x80\x80", "abcdefgh中abcdefgh"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xe4\xb8", "\xe4", "abcdefg\xe4", "\xe4\xb8 ", "\xff"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Charsets, AreConvertedByTheirMysqlNames) {
  EXPECT_EQ(Charset::find("latin1").utf8("\x80\xe9\x81"), "€é\xc2\x81");
  EXPECT_EQ(Charset::find("gbk").utf8("\xd6\xd0"), "中");
  EXPECT_EQ(Charset::find("gb18030").utf8("\xd6\xd0"), "中");
  EXPECT_EQ(Charset::find("big5").utf8("\xa4\xa4"), "中");
  EXPECT_EQ(Charset::find("sjis").utf8("\x82\xa0"), "あ");
  EXPECT_EQ(Charset::find("ujis").utf8("\xa4\xa2"), "あ");
  EXPECT_EQ(Charset::find("euckr").utf8("\xb0\xa1"), "가");
  EXPECT_EQ(Charset::find("cp1251").utf8("\xc0"), "А");
  EXPECT_EQ(Charset::find("koi8r").utf8("\xc1"), "а");
  EXPECT_EQ(Charset::find("ucs2").utf8(std::string_view("\x00\x61\x4e\x2d", 4)), "a中");
  EXPECT_EQ(Charset::find("utf16le").utf8(std::string_view("\x3d\xd8\x00\xde", 4)), "😀");
  EXPECT_EQ(Charset::find("utf32").utf8(std::string_view("\x00\x01\xf6\x00", 4)), "😀");
  EXPECT_EQ(Charset::find("gbk").utf8(""), "");
}

TEST(Charsets, SetsThatOnlyTheServersKnowAreTurnedIntoUtf8) {
  EXPECT_EQ(Charset::find("geostd8").utf8("\xd0"), "\u10de");
  EXPECT_EQ(Charset::find("swe7").utf8("@[a"),
            "\u00c9\u00c4"
            "a");
  EXPECT_EQ(Charset::find("latin1").utf8("\x80\x81"), "\u20ac\u0081");
}

TEST(Charsets, ControlCharactersStayWhatTheyAre) {
  for (const char* name : {"sjis", "cp932", "euckr", "gbk", "big5", "ujis", "gb18030"}) {
    EXPECT_EQ(Charset::find(name).utf8("\x7f\x1a\x1c"), "\x7f\x1a\x1c") << name;
  }
  EXPECT_EQ(Charset::find("euckr").utf8("\x81\x41"), "\uac02");  // beyond EUC: as the servers have it
}

TEST(Charsets, BytesThatAreNoTextAndUnknownSetsGiveNothing) {
  EXPECT_EQ(Charset::find("gbk").utf8("\xd6"), std::nullopt);
  EXPECT_EQ(Charset::find("ucs2").utf8("a"), std::nullopt);
  EXPECT_EQ(Charset::find("utf8mb4").utf8("\xd6"), std::nullopt);
  EXPECT_EQ(Charset::find("hebrew").utf8("\xff"), std::nullopt);
  EXPECT_EQ(Charset::find("binary").utf8("a"), std::nullopt);
  EXPECT_EQ(Charset::find("unheard").utf8("a"), std::nullopt);
  EXPECT_EQ(Charset::find("swe7").utf8("\x7f"), std::nullopt);
  EXPECT_EQ(Charset::find("").utf8("a"), std::nullopt);
}

}  // namespace
}  // namespace tributary::model
