// Exact decimals held against integers of 128 bits.
#include "transform/etl/decimal.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tributary::transform::etl {
namespace {

std::string text_of(const Decimal& d) {
  char room[decimal_text_max + 40];
  return {room, d.write(room)};
}

// number / 10^scale in canonical form.
std::string decimal_text(std::int64_t number, int scale) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  while (digits.size() <= static_cast<std::size_t>(scale)) digits.insert(0, "0");
  if (scale != 0) digits.insert(digits.size() - static_cast<std::size_t>(scale), ".");
  return (number < 0 ? "-" : "") + digits;
}

std::int64_t power_of_ten(int n) { return n == 0 ? 1 : 10 * power_of_ten(n - 1); }

std::string wide_text(Int128 number, int scale) {
  const bool is_negative = number < 0;
  std::string digits;
  for (Int128 rest = is_negative ? -number : number; rest != 0; rest /= 10)
    digits.insert(0, 1, static_cast<char>('0' + rest % 10));
  while (digits.size() <= static_cast<std::size_t>(scale)) digits.insert(0, "0");
  if (scale != 0) digits.insert(digits.size() - static_cast<std::size_t>(scale), ".");
  return (is_negative ? "-" : "") + digits;
}

TEST(EtlDecimal, CalculatesAsIntegersDo) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 3000; ++round) {
    const int a_scale = static_cast<int>(random() % 7), b_scale = static_cast<int>(random() % 7);
    const auto any = [&] {
      return static_cast<std::int64_t>(random() >> (4 + random() % 60)) * (random() % 2 == 0 ? 1 : -1) / 1000000;
    };
    const std::int64_t x = any(), y = any();
    Decimal a, b, c;
    ASSERT_TRUE(a.read(decimal_text(x, a_scale)) && b.read(decimal_text(y, b_scale)));
    SCOPED_TRACE(decimal_text(x, a_scale) + " and " + decimal_text(y, b_scale));
    const int scale = std::max(a_scale, b_scale);
    const Int128 left = Int128{x} * power_of_ten(scale - a_scale), right = Int128{y} * power_of_ten(scale - b_scale);
    ASSERT_TRUE(Decimal::add(a, b, c));
    EXPECT_EQ(text_of(c), wide_text(left + right, scale));
    ASSERT_TRUE(Decimal::subtract(a, b, c));
    EXPECT_EQ(text_of(c), wide_text(left - right, scale));
    ASSERT_TRUE(Decimal::multiply(a, b, c));
    EXPECT_EQ(text_of(c), wide_text(Int128{x} * y, a_scale + b_scale));
    EXPECT_EQ(compare_decimals(text_of(a), text_of(b)), left < right ? -1 : left > right ? 1 : 0);
    ASSERT_EQ(Decimal::divide(a, b, 4, c), y != 0);
    if (y == 0) continue;
    // Half away from zero at the fourth digit.
    const Int128 scaled = left * 100000 / right;
    const Int128 rounded = (scaled + ((left < 0) == (right < 0) ? 5 : -5)) / 10;
    EXPECT_EQ(text_of(c), wide_text(rounded, 4));
    ASSERT_TRUE(Decimal::modulo(a, b, c));
    EXPECT_EQ(text_of(c), wide_text(left % right, scale));
    Decimal cut = a;
    cut.round(1);
    if (a_scale > 1) {
      const std::int64_t unit = power_of_ten(a_scale - 1);
      EXPECT_EQ(text_of(cut), wide_text((Int128{x} + (x < 0 ? -unit / 2 : unit / 2)) / unit, 1));
    }
  }
}

TEST(EtlDecimal, HoldsSixtyFiveDigitsAndNoMore) {
  const std::string most(65, '9');
  Decimal a, b = Decimal::of(1), c;
  ASSERT_TRUE(a.read(most));
  EXPECT_EQ(text_of(a), most);
  EXPECT_FALSE(Decimal::add(a, b, c));
  EXPECT_TRUE(Decimal::subtract(a, b, c));
  EXPECT_FALSE(a.read(most + "9"));
  ASSERT_TRUE(a.read("0." + std::string(30, '9')));
  EXPECT_TRUE(Decimal::multiply(a, a, c));
  EXPECT_EQ(text_of(c), "0." + std::string(29, '9') + "8");
}

TEST(EtlDecimal, ReadsNumbersOnly) {
  Decimal d;
  for (const char* text : {"", "-", ".", "1.2.3", "1e3", " 1", "1 ", "--1", "0x1"}) EXPECT_FALSE(d.read(text)) << text;
  for (const char* text : {"+5", "005", ".5", "5.", "-0.00"}) EXPECT_TRUE(d.read(text)) << text;
  EXPECT_EQ(text_of(d), "0.00");
  EXPECT_EQ(compare_decimals("-0.00", "0"), 0);
  EXPECT_EQ(compare_decimals("10", "9.99"), 1);
  EXPECT_EQ(compare_decimals("-10", "-9.99"), -1);
  EXPECT_EQ(compare_decimals("1.5", "1.50"), 0);
}

}  // namespace
}  // namespace tributary::transform::etl
