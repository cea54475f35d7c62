#include "source/binlog/row_values.h"

#include <gtest/gtest.h>

#include <random>

#include "source/binlog/decimal.h"
#include "source/binlog/temporal.h"
#include "source/binlog/test_fixtures.h"

namespace tributary::source {
namespace {

using testing::from_hex;

std::string decimal(std::string_view hex, unsigned precision, unsigned scale) {
  const std::string packed = from_hex(hex);
  EXPECT_EQ(packed.size(), decimal_size(precision, scale));
  char text[decimal_text_max];
  char* const end = decimal_text(packed.data(), precision, scale, text);
  return end == nullptr ? "bad" : std::string(text, end);
}

// The first two are the manual's own example.
TEST(Decimal, PackedFormIsReadAsCanonicalText) {
  EXPECT_EQ(decimal("810dfb38d204d2", 14, 4), "1234567890.1234");
  EXPECT_EQ(decimal("7ef204c72dfb2d", 14, 4), "-1234567890.1234");
  EXPECT_EQ(decimal("80", 1, 0), "0");
  EXPECT_EQ(decimal("89", 1, 1), "0.9");
  EXPECT_EQ(decimal("8000000000", 10, 2), "0.00");
  EXPECT_EQ(decimal("7fffffffcd", 10, 2), "-0.50");
}

TEST(Decimal, GroupsOfMoreThanNineDigitsAreBad) { EXPECT_EQ(decimal("ffffffff", 9, 0), "bad"); }

// decimal2bin, the other way round.
std::string pack(const std::string& digits, unsigned precision, unsigned scale, bool negative) {
  constexpr int bytes_of[10] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
  std::string out;
  const auto put = [&](std::string_view group) {
    const unsigned long number = group.empty() ? 0 : std::stoul(std::string(group));
    for (int i = bytes_of[group.size()] - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i));
  };
  const unsigned whole = precision - scale;
  std::string_view rest = digits;
  const auto take = [&](unsigned n) {
    put(rest.substr(0, n));
    rest.remove_prefix(n);
  };
  take(whole % 9);
  for (unsigned i = 0; i < whole / 9; ++i) take(9);
  for (unsigned i = 0; i < scale / 9; ++i) take(9);
  take(scale % 9);
  out[0] ^= '\x80';
  if (negative) {
    for (char& c : out) c = static_cast<char>(~c);
  }
  return out;
}

TEST(Decimal, EveryShapeRoundTrips) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (unsigned precision = 1; precision <= decimal_precision_max; ++precision) {
    for (unsigned scale = 0; scale <= std::min(precision, decimal_scale_max); ++scale) {
      std::string digits;
      const bool is_full = random() % 4 == 0;
      for (unsigned i = 0; i < precision; ++i) digits += is_full ? '9' : static_cast<char>('0' + random() % 10);
      if (digits.find_first_not_of('0') == std::string::npos) digits.back() = '1';
      const bool negative = random() % 2 == 0;
      const std::string packed = pack(digits, precision, scale, negative);
      ASSERT_EQ(packed.size(), decimal_size(precision, scale));
      char text[decimal_text_max];
      char* const end = decimal_text(packed.data(), precision, scale, text);
      ASSERT_NE(end, nullptr);
      std::string whole = digits.substr(0, precision - scale);
      whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
      if (whole.empty()) whole = "0";
      const std::string expected =
          (negative ? "-" : "") + whole + (scale == 0 ? "" : "." + digits.substr(precision - scale));
      EXPECT_EQ(std::string(text, end), expected) << precision << "," << scale;
    }
  }
}

TEST(Float, IsWidenedThroughItsShortestDecimal) {
  EXPECT_EQ(widen(0.1F), 0.1);
  EXPECT_EQ(widen(-1.5F), -1.5);
  EXPECT_EQ(widen(3.4e38F), 3.4e38);
  EXPECT_EQ(widen(16777216.0F), 16777216.0);
  EXPECT_EQ(widen(123456.789F), 123456.79);
  EXPECT_EQ(widen(67357908992.0F), 67357910000.0);
  EXPECT_EQ(widen(1.17549e-38F), 1.17549e-38);
  EXPECT_TRUE(std::signbit(widen(-0.0F)));
}

std::string inet6(std::string_view hex) {
  char text[64];
  return std::string(text, put_inet6(from_hex(hex).data(), text));
}

// As MariaDB 10.11.19 prints them.
TEST(Inet6, IsWrittenAsTheServerDoes) {
  EXPECT_EQ(inet6("00000000000000000000000000000000"), "::");
  EXPECT_EQ(inet6("00000000000000000000000000000001"), "::1");
  EXPECT_EQ(inet6("00000000000000000000ffff01020304"), "::ffff:1.2.3.4");
  EXPECT_EQ(inet6("00000000000000000000000001020304"), "::1.2.3.4");
  EXPECT_EQ(inet6("00010002000000010000000500060007"), "1:2::1:0:5:6:7");
  EXPECT_EQ(inet6("00010000000000020000000000000003"), "1:0:0:2::3");
  EXPECT_EQ(inet6("fe800000000000000000000000000001"), "fe80::1");
  EXPECT_EQ(inet6("00010000000000000000000000000000"), "1::");
}

TEST(CompressedColumn, BadHeadsAreRefused) {
  base::Buffer out;
  std::string_view text;
  EXPECT_TRUE(read_compressed_column("", out, text));
  EXPECT_TRUE(read_compressed_column(std::string_view("\0abc", 4), out, text));
  EXPECT_EQ(text, "abc");
  EXPECT_FALSE(
      read_compressed_column("\x10"
                             "abc",
                             out, text));
  EXPECT_FALSE(
      read_compressed_column("\x84\xff\xff\xff\xff"
                             "abc",
                             out, text));
  EXPECT_EQ(out.capacity(), 0u);
}

TEST(Temporal, NegativeTimesOfEveryPrecisionAreExact) {
  bool negative = false;
  model::TimeParts t;
  // -00:00:00.5 as TIME(1): one below zero, and the fraction counted up from there.
  ASSERT_TRUE(time2_of(from_hex("7fffffce").data(), 1, negative, t));
  EXPECT_TRUE(negative);
  EXPECT_EQ(t.second, 0);
  EXPECT_EQ(t.micros, 500000u);
  ASSERT_TRUE(time2_of(from_hex("800000").data(), 0, negative, t));
  EXPECT_FALSE(negative);
  ASSERT_TRUE(time2_of(from_hex("b46efb000000").data(), 6, negative, t));
  EXPECT_EQ(t.hour, 838);
  EXPECT_FALSE(time2_of(from_hex("b47efb000000").data(), 6, negative, t)) << "839 hours";
}

TEST(Temporal, ImpossibleDatesAreRefusedAndZeroPartsKept) {
  model::TimeParts t;
  EXPECT_TRUE(date_of(0, t));
  EXPECT_TRUE(date_of(2024U << 9, t));
  EXPECT_EQ(t.year, 2024);
  EXPECT_EQ(t.month, 0);
  EXPECT_FALSE(date_of(2024U << 9 | 13U << 5, t));
  EXPECT_FALSE(datetime8_of(20241301000000, t));
  EXPECT_TRUE(datetime8_of(20240229235958, t));
  EXPECT_EQ(t.second, 58);
  EXPECT_FALSE(datetime_of(~std::uint64_t{0}, 0, t));
}

}  // namespace
}  // namespace tributary::source
