#include "transform/filter/filter.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "transform/etl/test_row.h"

namespace tributary::transform {
namespace {

// That there are no surprises between a condition and the servers' verdict is what tests/e2e/test_filter.py shows.
constexpr std::string_view orders = R"(id bigint = 4711
status varchar(20) = 'Paid'
amount decimal(10,2) = 10.50
note varchar(100) = null
made datetime = 2024-01-31 10:20:30
stock int unsigned = 5
kind enum('new','old') = 'old'
Straße varchar(20) = 'Ä'
bytes varbinary(10) = 'ab'
share double = 0.25
)";

class FilterTest : public testing::Test {
 protected:
  FilterTest() : row_(orders) {
    for (model::Column& column : row_.schema().columns)
      if (column.type == model::ColumnType::varchar) column.collation = "utf8mb4_general_ci";
    row_.schema().columns[6].collation = "utf8mb4_general_ci";
  }

  base::Result<Filter> compile(std::string_view condition) const {
    return Filter::compile(condition, row_.schema(), server_);
  }

  // "yes", "no", "unknown", or "code at line:column: what".
  std::string verdict(std::string_view condition) {
    const auto filter = compile(condition);
    if (!filter) return told(filter.error());
    const auto found = filter->test(row_.after(), scratch_);
    if (!found) return told(found.error());
    return *found == Filter::Verdict::yes ? "yes" : *found == Filter::Verdict::no ? "no" : "unknown";
  }

  static std::string told(const base::Error& error) {
    return std::string(error.info().name) + " at " + error.where + ": " + error.what;
  }

  etl::TestRow row_;
  Dialect server_;
  Filter::Scratch scratch_;
};

TEST_F(FilterTest, KeepsWhatTheConditionHoldsFor) {
  for (const char* condition : {"status = 'paid' AND amount > 10",
                                "`status`='PAID  '",
                                "STATUS <=> 'paid'",
                                "amount BETWEEN 10.5 AND 10.500",
                                "amount * 2 = 21",
                                "amount / 4 = 2.625",
                                "note IS NULL",
                                "NOT note IS NOT NULL",
                                "made >= '2024-01-31'",
                                "made < DATE'2024-02-01'",
                                "YEAR(made) = 2024 && MONTH(made) = 1",
                                "kind = 'OLD'",
                                "kind = 2",
                                "kind IN ('x', 'old')",
                                "bytes = 'ab'",
                                "bytes = x'6162'",
                                "HEX(bytes) = '6162'",
                                "status LIKE 'p_i%'",
                                "status NOT LIKE '%x%'",
                                "status REGEXP '^p[a-z]+$'",
                                "`Straße` = 'ä'",
                                "LENGTH(`Straße`) = 2",
                                "share + 0.25e0 = 0.5",
                                "CASE kind WHEN 'new' THEN 0 ELSE 1 END",
                                "IF(amount > 10, 'x', 'y') = 'X'",
                                "id % 2",
                                "id DIV 1000 = 4",
                                "made + INTERVAL 1 MONTH = '2024-02-29 10:20:30'",
                                "DATE_FORMAT(made, '%Y%m') = '202401'",
                                "0x41 = 65",
                                "-id < 0",
                                "COALESCE(note, status) = 'paid'",
                                "CONCAT(status, '-', id) = 'paid-4711'",
                                "CAST(amount AS SIGNED) = 11"})
    EXPECT_EQ(verdict(condition), "yes") << condition;
}

TEST_F(FilterTest, BindsOperatorsAsMySqlDoes) {
  EXPECT_EQ(verdict("1 OR 1 AND 0"), "yes");
  EXPECT_EQ(verdict("(1 OR 1) AND 0"), "no");
  EXPECT_EQ(verdict("1 XOR 1 AND 0"), "yes");
  EXPECT_EQ(verdict("NOT id = 4712"), "yes");
  EXPECT_EQ(verdict("!id = 4711"), "no");  // (!id) = 4711
  EXPECT_EQ(verdict("stock - 2 - 2 = 1"), "yes");
  EXPECT_EQ(verdict("stock = 5 IS TRUE"), "yes");
  EXPECT_EQ(verdict("1 = 1 = 0"), "no");
  EXPECT_EQ(verdict("stock BETWEEN 1 AND 9 AND 0"), "no");
}

TEST_F(FilterTest, TellsUnknownFromNo) {
  EXPECT_EQ(verdict("note = 'x'"), "unknown");
  EXPECT_EQ(verdict("NOT note = 'x'"), "unknown");
  EXPECT_EQ(verdict("note = 'x' AND 0"), "no");
  EXPECT_EQ(verdict("note = 'x' OR 1"), "yes");
  EXPECT_EQ(verdict("note <=> NULL"), "yes");
  EXPECT_EQ(verdict("status IN ('x', NULL)"), "unknown");
  EXPECT_EQ(verdict("status NOT IN ('paid', NULL)"), "no");
  EXPECT_EQ(verdict("amount / 0 > 1"), "unknown");
  EXPECT_EQ(verdict("(note = 'x') IS UNKNOWN"), "yes");
}

TEST_F(FilterTest, NamesThePlaceOfWhatItRefuses) {
  const std::pair<const char*, const char*> refused[] = {
      {"", "filter.syntax at 1:1: the condition is empty"},
      {"status = 'paid", "filter.syntax at 1:10: the quote ' is never closed"},
      {"id = 1)", "filter.syntax at 1:7: ')' where an operator or the end is wanted"},
      {"id = 1; DROP TABLE t", "filter.syntax at 1:7: a condition holds no ;"},
      {"id = 1 -- x", "filter.syntax at 1:8: comments are not allowed in a condition"},
      {"id /* x */ = 1", "filter.syntax at 1:4: comments are not allowed in a condition"},
      {"id = 1 #", "filter.syntax at 1:8: comments are not allowed in a condition"},
      {"id = 1\nAND colour = 2", "filter.unknown_column at 2:5: colour"},
      {"made > NOW()", "filter.unsupported at 1:8: NOW(): its value is not in the row"},
      {"id = (SELECT 1)", "filter.unsupported at 1:7: subqueries"},
      {"id = @x", "filter.unsupported at 1:6: variables and parameters (@) have no value here"},
      {"made > '2020'",
       "filter.unsupported at 1:8: a date and time beside text: write it in full, '2020-01-31' or "
       "'2020-01-31 12:30:00'"},
      {"SOUNDEX(status) = 'x'", "filter.unsupported at 1:1: the function SOUNDEX"},
      {"status REGEXP '\\\\d'", "filter.unsupported at 1:15: REGEXP with \\d, which engines read differently"},
      {"orders.id = 1", "filter.unsupported at 1:1: orders. in front of a column: write the column's name alone"},
  };
  for (const auto& [condition, error] : refused) EXPECT_EQ(verdict(condition), error) << condition;
}

TEST_F(FilterTest, RefusesCollationsItDoesNotKnow) {
  row_.schema().columns[1].collation = "utf8mb4_tr_0900_ai_ci";
  EXPECT_EQ(
      verdict("status = 'x'"),
      "filter.unsupported at 1:1: column status (varchar(20)): the collation utf8mb4_tr_0900_ai_ci is not supported");
}

TEST_F(FilterTest, GivesTheServersErrorForARow) {
  EXPECT_EQ(verdict("stock - 6 > 0"), "filter.value at 1:7: BIGINT UNSIGNED out of range, as at the server");
  EXPECT_EQ(verdict("id < 0 AND stock - 6 > 0"), "no");
  const auto filter = compile("id = 1");
  EXPECT_FALSE(filter->test({}, scratch_).has_value());
}

TEST_F(FilterTest, StandsInASelectAsItWasWritten) {
  EXPECT_EQ(compile("id = 1 OR note = '\\'x'")->sql(), "(id = 1 OR note = '\\'x')");
  // MySQL 5.6 would take the decimal for an integer.
  EXPECT_EQ(compile("amount")->sql(), "((amount) IS TRUE)");
  EXPECT_EQ(compile("id > 1 AND amount")->sql(), "((id > 1 AND amount) IS TRUE)");
}

TEST_F(FilterTest, PrintsACanonicalFormThatCompilesToItself) {
  const auto filter =
      compile("STATUS in ('a', \"b'\") or not ID between 1 and 0x0f and note is not null xor -stock<>.5");
  ASSERT_TRUE(filter.has_value()) << told(filter.error());
  EXPECT_EQ(filter->canonical(),
            "((`status` IN ('a', 'b''')) OR (((NOT (`id` BETWEEN 1 AND 0x0f)) AND (`note` IS NOT NULL)) XOR ((- "
            "`stock`) <> .5)))");
  EXPECT_EQ(compile(filter->canonical())->canonical(), filter->canonical());
  EXPECT_EQ(filter->columns(), (std::vector<std::uint32_t>{0, 1, 3, 5}));
}

TEST_F(FilterTest, DoesWhatItsPageSays) {
  std::ifstream page("docs/filters.md");
  std::string line, fence;
  int kept = 0, refused = 0;
  while (std::getline(page, line)) {
    if (line.starts_with("```")) {
      fence = fence.empty() ? line.substr(3) : "";
    } else if (fence == "filter") {
      EXPECT_EQ(verdict(line), "yes") << line;
      ++kept;
    } else if (fence == "filter-refused") {
      const std::size_t arrow = line.find(" -> ");
      ASSERT_NE(arrow, std::string::npos) << line;
      EXPECT_EQ(verdict(line.substr(0, arrow)), line.substr(arrow + 4)) << line;
      ++refused;
    }
  }
  EXPECT_GT(kept, 5);
  EXPECT_GT(refused, 3);
}

TEST_F(FilterTest, KnowsWhatServersDoDifferently) {
  EXPECT_EQ(verdict("1 XOR (1 XOR 1)"), "yes");
  EXPECT_EQ(verdict("INSTR(status, 'A') = 2"),
            "filter.unsupported at 1:1: INSTR over utf8mb4_general_ci: not known of this version");
  server_.version = 90700;
  EXPECT_EQ(verdict("INSTR(status, 'Å') = 2"), "yes");
  server_ = {.is_mariadb = true, .version = 101119};
  EXPECT_EQ(verdict("INSTR(status, 'Å') = 0"), "yes");
  EXPECT_EQ(verdict("JSON_UNQUOTE(note) = 'x'"),
            "filter.unsupported at 1:1: JSON_UNQUOTE of anything but JSON_EXTRACT");
  server_ = {.is_mariadb = false, .version = 50651};
  EXPECT_EQ(verdict("1 XOR (1 XOR 1)"),
            "filter.unsupported at 1:10: XOR over XOR, <=> or what is neither condition nor integer: this server errs");
  EXPECT_EQ(verdict("status REGEXP 'ä'"),
            "filter.unsupported at 1:15: REGEXP with letters beyond ASCII: this server matches by bytes");
}

}  // namespace
}  // namespace tributary::transform
