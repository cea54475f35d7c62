#include "source/ddl/script.h"

#include <gtest/gtest.h>

namespace tributary::source {
namespace {

std::vector<std::string> texts(std::string_view script) {
  std::vector<std::string> found;
  for (const ScriptStatement& statement : split_script(script)) found.emplace_back(statement.text);
  return found;
}

TEST(Script, IsCutAtDelimitersOutsideQuotesAndComments) {
  const std::vector<std::string> expected = {"select ';' , `;` /* ; */", "-- not\n x # ;\n y", "z"};
  EXPECT_EQ(texts("select ';' , `;` /* ; */;\n a-- not\n x # ;\n y;;z")[0], expected[0]);
  EXPECT_EQ(texts("# ;\n-- ;\n/* ; */ z"), std::vector<std::string>{"z"});
  EXPECT_EQ(texts("select 'it\\'s;';b"), (std::vector<std::string>{"select 'it\\'s;'", "b"}));
  EXPECT_EQ(texts("/*!40101 SET a=1 */;"), std::vector<std::string>{"/*!40101 SET a=1 */"});
}

TEST(Script, TakesAnotherDelimiter) {
  EXPECT_EQ(texts("DELIMITER //\ncreate procedure p() begin a; b; end //\ndelimiter ;\nc;"),
            (std::vector<std::string>{"create procedure p() begin a; b; end", "c"}));
}

TEST(Script, TellsWhereAStatementBegins) {
  const auto statements = split_script("a;\n\n  b;");
  ASSERT_EQ(statements.size(), 2U);
  EXPECT_EQ(statements[1].line, 3U);
  EXPECT_EQ(statements[1].column, 3U);
}

}  // namespace
}  // namespace tributary::source
