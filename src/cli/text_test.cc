#include "cli/text.h"

#include <gtest/gtest.h>

namespace tributary::cli {
namespace {

TEST(Text, WidthCountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("é→…"), 3);
  EXPECT_EQ(display_width("注文"), 4);
  EXPECT_EQ(display_width("e\u0301"), 1);
}

TEST(Text, ShorteningKeepsCharactersWhole) {
  EXPECT_EQ(shorten("abcdef", 4), "abc…");
  EXPECT_EQ(shorten("注文表", 4), "注…");
  EXPECT_EQ(shorten("abc", 3), "abc");
  EXPECT_EQ(shorten("abc", 0), "");
  EXPECT_EQ(left("注", 4), "注  ");
  EXPECT_EQ(right("12", 4), "  12");
}

TEST(Text, WhatCouldDriveTheTerminalIsEscaped) {
  EXPECT_EQ(printable("a\nb\x1b[31m\t\xff"), "a\\nb\\x1b[31m\\t\xEF\xBF\xBD");
  EXPECT_EQ(printable("\u202Eabc\u0085"), "\\u202eabc\\x85");
}

TEST(Text, NumbersAndTimesAreForPeople) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(18'446'744'073'709'551'615u), "18,446,744,073,709,551,615");
  EXPECT_EQ(human_bytes(512), "512 B");
  EXPECT_EQ(human_bytes(36'200'000), "36.2 MB");
  EXPECT_EQ(human_bytes(999'700), "1.0 MB");
  EXPECT_EQ(human_duration(65'000), "1:05");
  EXPECT_EQ(human_duration(3'723'000), "1:02:03");
  EXPECT_EQ(human_duration(90'061'000), "1d 01:01:01");
  EXPECT_EQ(human_delay(1'450), "1.4 s");
  EXPECT_EQ(percent(999, 1000), "99 %");
  EXPECT_EQ(percent(1000, 1000), "100 %");
  EXPECT_EQ(percent(5, 0), "");
}

TEST(Text, TimesAreUtc) {
  EXPECT_EQ(utc_text(1'712'905'965), "2024-04-12 07:12:45");
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59Z");
}

}  // namespace
}  // namespace tributary::cli
