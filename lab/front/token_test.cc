#include "front/token.h"

#include <gtest/gtest.h>

namespace tributary::lab {
namespace {

std::vector<std::string> words(std::string_view text) {
  const Sql sql(text);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < sql.size(); ++i) out.emplace_back(sql.text(i));
  return out;
}

using Words = std::vector<std::string>;

TEST(Sql, CutsNamesNumbersStringsAndOperators) {
  EXPECT_EQ(words("SELECT a.`b``c`, 1.5e-3 FROM t WHERE x>='y'"),
            (Words{"SELECT", "a", ".", "`b``c`", ",", "1.5e-3", "FROM", "t", "WHERE", "x", ">=", "'y'"}));
}

TEST(Sql, LeavesCommentsOutButKeepsRoutingHints) {
  EXPECT_EQ(words("/* a */ SELECT 1 -- rest\n + 2 # end"), (Words{"SELECT", "1", "+", "2"}));
  const Sql hinted("/*+TDDL:node(0)*/ SHOW TABLES");
  EXPECT_EQ(hinted[0].kind, TokenKind::hint);
  EXPECT_EQ(hinted.text(1, hinted.size()), "SHOW TABLES");
}

TEST(Sql, KeywordsInsideStringsAndNamesAreNoKeywords) {
  const Sql sql("INSERT INTO `values` VALUES ('values (')");
  EXPECT_FALSE(sql.is(2, "values"));
  EXPECT_TRUE(sql.is(3, "values"));
  EXPECT_EQ(sql.closing(4), 6u);
}

TEST(Sql, UndoesQuotesAndEscapes) {
  EXPECT_EQ(Sql("'it''s \\'x\\' \\n \\\\ \\0'").value(0), std::string("it's 'x' \n \\ \0", 14));
  EXPECT_EQ(Sql("\"a\"\"b\"").value(0), "a\"b");
  EXPECT_EQ(Sql("`a``b`").name(0), "a`b");
}

TEST(Sql, NoticesWhatDoesNotEnd) {
  EXPECT_FALSE(Sql("SELECT 'abc").complete());
  EXPECT_FALSE(Sql("SELECT 'abc\\'").complete());
  EXPECT_FALSE(Sql("SELECT `abc").complete());
  EXPECT_FALSE(Sql("SELECT /* abc").complete());
  EXPECT_TRUE(Sql("SELECT 'abc'").complete());
}

TEST(Sql, DropsTheClosingSemicolonOnly) { EXPECT_EQ(words("SELECT ';' ; ;"), (Words{"SELECT", "';'"})); }

TEST(Sql, BinaryAndHexLiteralsAreOneToken) {
  EXPECT_EQ(words("x'0aFF' b'01' 0xAB _utf8'a'"), (Words{"x'0aFF'", "b'01'", "0xAB", "_utf8", "'a'"}));
}

TEST(Sql, AnyBytesEndWithoutACrash) {
  std::uint32_t state = 12345;  // seed
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    const Sql sql(text);
    for (std::size_t i = 0; i < sql.size(); ++i) {
      ASSERT_LE(sql[i].end, text.size());
      ASSERT_LT(sql[i].begin, sql[i].end);
      sql.value(i);
      sql.name(i);
      sql.closing(i);
    }
  }
}

TEST(QuoteText, CanBeReadBack) {
  const std::string text("a'b\\c\0d\n", 8);
  const std::string quoted = quote_text(text);
  EXPECT_EQ(Sql(quoted).value(0), text);
}

}  // namespace
}  // namespace tributary::lab
