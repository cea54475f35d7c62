#include "transform/objects/pattern.h"

#include <gtest/gtest.h>

#include "transform/objects/names.h"

namespace tributary::transform {
namespace {

bool matches(std::string_view pattern, std::string_view name, PatternType type = PatternType::regex) {
  const auto compiled = NamePattern::compile(pattern, type);
  EXPECT_TRUE(compiled) << pattern << ": " << (compiled ? "" : compiled.error().message());
  return compiled && compiled->matches(name);
}

std::string refused(std::string_view pattern, PatternType type = PatternType::regex) {
  const auto compiled = NamePattern::compile(pattern, type);
  EXPECT_FALSE(compiled) << pattern;
  return compiled ? "" : compiled.error().what;
}

TEST(NamePattern, MatchesTheWholeName) {
  EXPECT_TRUE(matches("log_\\d+", "log_12"));
  EXPECT_FALSE(matches("log_\\d+", "log_12x"));
  EXPECT_FALSE(matches("log_\\d+", "xlog_12"));
  EXPECT_TRUE(matches("a|b", "b"));
  EXPECT_FALSE(matches("a|b", "bc"));
  EXPECT_TRUE(matches("(?i)orders", "ORDERS"));
  EXPECT_TRUE(matches("бд.", "бд1"));
  EXPECT_FALSE(matches(".", "é9"));
  EXPECT_TRUE(matches(".", "é"));
}

TEST(NamePattern, WhatRe2HasNotOrReadsOtherwiseIsRefusedByName) {
  for (const std::string_view pattern : {"(a)\\1", "(?<=a)b", "(?=a)b", "a++", "[", "(", "*", "a{2,1}", "\\Z"})
    EXPECT_NE(refused(pattern).find(pattern), std::string::npos) << pattern;
  for (const std::string_view pattern : {"[a[bc]]", "[a&&b]", "[[:alpha:]]", "(?U)\\w", "(?iU)a", "(?P<n>a)", "\\C",
                                         "\\v", "a\\b", "\\12", "(?i)é", "[]a]"})
    EXPECT_NE(refused(pattern).find("differently"), std::string::npos) << pattern;
  EXPECT_TRUE(matches("\\[a&&b\\]", "[a&&b]"));
  EXPECT_TRUE(matches("\\Q[[a\\E", "[[a"));
  EXPECT_TRUE(matches("[a\\]&]+", "]&a"));
}

TEST(NamePattern, GlobsAreThoseOfTheJdk) {
  const auto glob = [](std::string_view pattern, std::string_view name) {
    return matches(pattern, name, PatternType::fnmatch);
  };
  EXPECT_TRUE(glob("shop_*", "shop_"));
  EXPECT_TRUE(glob("shop_*", "shop_01"));
  EXPECT_FALSE(glob("shop_*", "shop_a/b"));
  EXPECT_TRUE(glob("shop_**", "shop_a/b"));
  EXPECT_TRUE(glob("o?ders", "orders"));
  EXPECT_FALSE(glob("o?ders", "oders"));
  EXPECT_TRUE(glob("[a-c]1", "b1"));
  EXPECT_FALSE(glob("[!a-c]1", "b1"));
  EXPECT_FALSE(glob("[!a-c]1", "/1"));
  EXPECT_TRUE(glob("[^a]", "^"));
  EXPECT_TRUE(glob("[-a]", "-"));
  EXPECT_FALSE(glob("[!-~]", "/"));
  EXPECT_TRUE(glob("[!x]", "y"));
  EXPECT_TRUE(glob("{orders,users}_*", "users_1"));
  EXPECT_FALSE(glob("{orders,users}_*", "items_1"));
  EXPECT_TRUE(glob("a.b+(c)|$", "a.b+(c)|$"));
  EXPECT_TRUE(glob("\\*", "*"));
  EXPECT_FALSE(glob("\\*", "a"));
  EXPECT_TRUE(glob("[é-ü]", "ö"));
  for (const std::string_view pattern : {"{a,{b}}", "{a", "[a", "a\\", "[c-a]", "[/]", "[]"})
    EXPECT_NE(refused(pattern, PatternType::fnmatch).find(pattern), std::string::npos) << pattern;
}

std::string filled(std::string_view target, std::string_view pattern, std::string_view name) {
  const auto compiled = NamePattern::compile(pattern, PatternType::regex);
  const auto parsed = NameTemplate::parse(target);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message());
  return parsed->fill(compiled->groups(name), [](const std::string& word) { return "<" + word + ">"; });
}

TEST(NameTemplate, IsFilledFromTheGroups) {
  EXPECT_EQ(filled("logs_{1}", "log_(\\d+)", "log_12"), "logs_12");
  EXPECT_EQ(filled("{2}_{1}_{0}", "(a+)(b+)", "aabb"), "bb_aa_aabb");
  EXPECT_EQ(filled("x{1}", "(a)?b", "b"), "x") << "a group that took no part";
  EXPECT_EQ(filled("x{7}y", "(a)", "a"), "xy") << "no such group";
  EXPECT_EQ(filled("{word}_{1}", "(a)", "a"), "<word>_a");
  EXPECT_EQ(filled("", "a", "a"), "");
  for (const std::string_view wrong : {"a}", "{a", "{{1}}", "{}", "{-1}", "{a}{b}", "{99999999999999999999999}"}) {
    const auto parsed = NameTemplate::parse(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_NE(parsed.error().what.find(wrong), std::string::npos) << wrong;
  }
}

TEST(Capitalized, IsUnicodesWithoutALanguage) {
  EXPECT_EQ(capitalized("Orders_1", Capitalization::upper), "ORDERS_1");
  EXPECT_EQ(capitalized("Orders_1", Capitalization::lower), "orders_1");
  EXPECT_EQ(capitalized("straße", Capitalization::upper), "STRASSE");
  EXPECT_EQ(capitalized("ΟΔΟΣ", Capitalization::lower), "οδος") << "the last sigma has a form of its own";
  EXPECT_EQ(capitalized("İI", Capitalization::lower), "i̇i");
  EXPECT_EQ(capitalized("ifﬁ", Capitalization::upper), "IFFI");
  EXPECT_EQ(capitalized("订单", Capitalization::upper), "订单");
  EXPECT_EQ(capitalized("Straße", Capitalization::default_), "Straße");
  EXPECT_EQ(capitalized("Straße", Capitalization::source), "Straße");
  for (const auto how :
       {Capitalization::default_, Capitalization::source, Capitalization::upper, Capitalization::lower})
    EXPECT_EQ(parse_capitalization(to_string(how)), how);
  EXPECT_EQ(parse_capitalization("Upper"), std::nullopt);
}

}  // namespace
}  // namespace tributary::transform
