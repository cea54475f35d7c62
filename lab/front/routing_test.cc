#include "front/routing.h"

#include <gtest/gtest.h>

namespace tributary::lab {
namespace {

KeyValue value(std::string text) { return {false, std::move(text)}; }

TEST(JavaHashCode, IsThatOfJavaStrings) {
  EXPECT_EQ(java_hash_code(""), 0);
  EXPECT_EQ(java_hash_code("a"), 97);
  EXPECT_EQ(java_hash_code("hello"), 99162322);
  EXPECT_EQ(java_hash_code("polygenelubricants"), INT32_MIN);
  EXPECT_EQ(java_hash_code("ü"), 252);
  EXPECT_EQ(java_hash_code("北京"), 0x5317 * 31 + 0x4EAC);
  EXPECT_EQ(java_hash_code("🎈"), 0xD83C * 31 + 0xDF88);  // a surrogate pair
}

TEST(HashMagnitude, TakesIntegersByTheirAbsoluteValue) {
  EXPECT_EQ(hash_magnitude(value("17"), true), 17u);
  EXPECT_EQ(hash_magnitude(value("-17"), true), 17u);
  EXPECT_EQ(hash_magnitude(value("-9223372036854775808"), true), 9223372036854775808ull);
  EXPECT_EQ(hash_magnitude(value("18446744073709551615"), true), 18446744073709551615ull);
  EXPECT_EQ(hash_magnitude({true, ""}, true), 0u);
}

TEST(HashMagnitude, TakesTextByItsHashCode) {
  EXPECT_EQ(hash_magnitude(value("17"), false), static_cast<std::uint64_t>('1' * 31 + '7'));
  EXPECT_EQ(hash_magnitude(value("polygenelubricants"), false), 2147483648u);
}

TEST(DateSlot, CountsSundayAsFirstDayOfTheWeek) {
  EXPECT_EQ(date_slot(ShardFunction::week, value("2024-02-25"), 7), 1);           // Sunday
  EXPECT_EQ(date_slot(ShardFunction::week, value("2024-02-29 23:59:59"), 7), 5);  // Thursday
  EXPECT_EQ(date_slot(ShardFunction::week, value("2024-03-02"), 7), 0);           // Saturday
}

TEST(DateSlot, PutsDecemberInSlotZero) {
  EXPECT_EQ(date_slot(ShardFunction::mm, value("2024-12-01"), 12), 0);
  EXPECT_EQ(date_slot(ShardFunction::mm, value("2024-11-01"), 12), 11);
  EXPECT_EQ(date_slot(ShardFunction::dd, value("2024-11-30"), 31), 30);
  EXPECT_EQ(date_slot(ShardFunction::mmdd, value("2024-12-31"), 366), 0);
  EXPECT_EQ(date_slot(ShardFunction::mmdd, value("2023-12-31"), 366), 365);
}

TEST(DateSlot, ReadsCompactDatesAndRefusesOthers) {
  EXPECT_EQ(date_slot(ShardFunction::mm, value("20240229"), 12), 2);
  EXPECT_EQ(date_slot(ShardFunction::mm, value("20240229101112"), 12), 2);
  EXPECT_EQ(date_slot(ShardFunction::mm, value("0000-00-00"), 12), 0);
  EXPECT_EQ(date_slot(ShardFunction::mm, value("yesterday"), 12), std::nullopt);
  EXPECT_EQ(date_slot(ShardFunction::mm, value(""), 12), std::nullopt);
  EXPECT_EQ(date_slot(ShardFunction::mm, {true, ""}, 12), 0);
}

}  // namespace
}  // namespace tributary::lab
