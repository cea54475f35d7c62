// What a script does to changes: images, new columns, key columns, errors and their places, conversions into columns.
#include <gtest/gtest.h>

#include "transform/etl/test_row.h"

namespace tributary::transform::etl {
namespace {

using model::ColumnType;
using model::Operation;
using Verdict = Outcome::Verdict;

constexpr std::string_view small = "id bigint = 7\nname varchar(10) = 'new' was 'old'\nqty int = 2 was 1\n";

// "code at line:column: what"
std::string compile_error(std::string_view script, std::string_view table = small) {
  const auto program = TestRow(table).compile(script);
  if (program) return "compiles";
  return std::string(program.error().info().name) + " at " + program.error().where + ": " + program.error().what;
}

TEST(EtlProgram, EachImageIsChangedWithItsOwnValues) {
  TestRow row(small);
  EXPECT_EQ(row.effect_of("e_set(`name`, op_add(`name`, '!'))", Operation::insert), "`name` = 'new!'");
  EXPECT_EQ(row.effect_of("e_set(`name`, op_add(`name`, '!'))", Operation::init), "`name` = 'new!'");
  EXPECT_EQ(row.effect_of("e_set(`name`, op_add(`name`, '!'))", Operation::update), "`name` = 'new!' was 'old!'");
  EXPECT_EQ(row.effect_of("e_set(`name`, op_add(`name`, '!'))", Operation::delete_), "`name` was 'old!'");
}

TEST(EtlProgram, TheImageThatHoldsDecidesWhetherTheChangeIsSent) {
  TestRow row(small);
  const std::string_view keep_new = "e_keep(op_eq(`name`, 'new'))";
  EXPECT_EQ(row.effect_of(keep_new, Operation::insert), "unchanged");
  EXPECT_EQ(row.effect_of(keep_new, Operation::update), "unchanged");
  EXPECT_EQ(row.effect_of(keep_new, Operation::delete_), "dropped");
  const std::string_view drop_new = "e_if(op_eq(`name`, 'new'), e_drop())";
  EXPECT_EQ(row.effect_of(drop_new, Operation::update), "dropped");
  EXPECT_EQ(row.effect_of(drop_new, Operation::delete_), "unchanged");
}

TEST(EtlProgram, ADropThatDoesNotDecideUncoversNothing) {
  TestRow row(small);
  EXPECT_EQ(row.effect_of("e_compose(e_if(op_eq(`name`, 'old'), e_drop()), e_set(`name`, '***'))", Operation::update),
            "`name` = '***' was '***'");
  EXPECT_EQ(row.effect_of("e_compose(e_keep(op_eq(`name`, 'new')), e_set(`name`, '***'))", Operation::update),
            "`name` = '***' was '***'");
}

TEST(EtlProgram, ADroppedChangeHasNoImages) {
  TestRow row(small);
  const auto program = row.compile("e_drop()");
  ASSERT_TRUE(program.has_value());
  const auto outcome = row.run(*program, Operation::update);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->verdict, Verdict::dropped);
  EXPECT_TRUE(row.before_out.empty());
  EXPECT_TRUE(row.after_out.empty());
}

TEST(EtlProgram, NewColumnsStandBehindTheOthersInTheOrderOfTheScript) {
  TestRow row(std::string(small) + "_drds_implicit_id_ bigint = 1\n");
  row.schema().columns.back().is_hidden = true;
  row.schema().tail = {model::TailColumn::row_hash};
  row.schema().version = 5;
  const auto program = row.compile(
      "e_compose(e_set(`a`, 1), e_set(`b`, 'äö'), e_set(`c`, 1.5), e_set(`d`, op_mul(`qty`, 0.25)), e_set(`e`, true), "
      "e_set(`f`, dt_now()), e_set(`g`, str_replace(`name`, 'n', 'm')), e_set(`h`, op_gt(`qty`, 1)), e_set(`i`, 1e3), "
      "e_set(`j`, `qty`))");
  ASSERT_TRUE(program.has_value()) << program.error().message();
  std::string types;
  const auto& columns = program->output()->columns;
  for (std::size_t i = 4; i < columns.size(); ++i) types += columns[i].name + " " + columns[i].declared_type + ", ";
  EXPECT_EQ(
      types,
      "a bigint, b varchar(2), c double, d decimal(65,2), e tinyint(1), f datetime(6), g longtext, h tinyint(1), i "
      "double, j bigint, ");
  EXPECT_EQ(columns[3].name, "_drds_implicit_id_");
  EXPECT_TRUE(program->output()->tail.empty());
  EXPECT_NE(program->output()->version, 5U);
  EXPECT_EQ(row.compile("e_set(`qty`, 1)")->output()->version, 5U);
  EXPECT_EQ(row.compile("e_set(`qty`, 1)")->changed_columns(), (std::vector<std::uint32_t>{2}));
}

TEST(EtlProgram, ANewColumnIsNullWhereNoBranchSetsIt) {
  TestRow row(small);
  const auto program = row.compile("e_if(op_gt(`qty`, 1), e_set(`mark`, 'many'))");
  ASSERT_TRUE(program.has_value());
  ASSERT_TRUE(row.run(*program, Operation::update).has_value());
  EXPECT_EQ(TestRow::print(row.after_out.back(), program->output()->columns.back()), "'many'");
  EXPECT_TRUE(row.before_out.back().is_null());
}

TEST(EtlProgram, SettersOfANewColumnAgreeOnItsType) {
  EXPECT_EQ(compile_error("e_if_else(op_gt(`qty`, 1), e_set(`a`, 'x'), e_set(`a`, 1))"),
            "etl.type at 1:51: the new column `a` is set to integer here and to string at 1:34");
  EXPECT_EQ(compile_error("e_set(`a`, null)"),
            "etl.type at 1:7: the new column `a` is set to null only and has no type");
  TestRow row(small);
  EXPECT_EQ(row.effect_of("e_if_else(op_gt(`qty`, 1), e_set(`a`, null), e_set(`a`, 5))", Operation::update),
            "`a` = null was 5");
  const auto program = row.compile("e_compose(e_set(`a`, 'x'), e_set(`a`, 'longer'))");
  EXPECT_EQ(program->output()->columns.back().declared_type, "varchar(6)");
}

TEST(EtlProgram, ANewColumnCanBeReadBehindItsSetterOnly) {
  TestRow row(small);
  EXPECT_EQ(row.effect_of("e_compose(e_set(`a`, 1), e_set(`qty`, op_sum(`a`, 4)), e_set(`a`, 6))"),
            "`qty` = 5, `a` = 6");
  EXPECT_EQ(compile_error("e_compose(e_set(`qty`, `a`), e_set(`a`, 1))"),
            "etl.unknown_column at 1:24: shop.orders has no column `a`");
}

TEST(EtlProgram, KeyColumnsCanBeSet) {
  TestRow row(small);
  EXPECT_EQ(row.effect_of("e_set(`id`, op_sum(`id`, 1000))", Operation::update), "`id` = 1007 was 1007");
}

TEST(EtlProgram, HiddenColumnsAreOutOfReach) {
  TestRow row(std::string(small) + "_drds_implicit_id_ bigint = 1\n");
  row.schema().columns.back().is_hidden = true;
  for (const char* script : {"e_set(`_drds_implicit_id_`, 1)", "e_set(`a`, `_drds_implicit_id_`)",
                             "e_keep(op_gt(v(`_drds_implicit_id_`, __AFTER__), 0))"}) {
    const auto program = row.compile(script);
    ASSERT_FALSE(program.has_value()) << script;
    EXPECT_EQ(program.error().code, base::ErrorCode::etl_unknown_column);
  }
}

TEST(EtlProgram, TheOtherImageIsThatOfTheSource) {
  TestRow row(small);
  EXPECT_EQ(row.effect_of(
                "e_compose(e_set(`name`, 'x'), e_set(`a`, v(`name`, __BEFORE__)), e_set(`b`, v(`name`, __AFTER__)))",
                Operation::update),
            "`name` = 'x' was 'x', `a` = 'old' was 'x', `b` = 'x' was 'new'");
  EXPECT_EQ(row.effect_of("e_set(`a`, v(`name`, __AFTER__))", Operation::delete_), "`a` was null");
}

TEST(EtlProgram, PoliciesDecideWhatBecomesOfARowThatFails) {
  TestRow row(small);
  const std::string_view script = "e_compose(e_set(`qty`, 9),\n  e_set(`a`, op_sum(cast_string_to_long(`name`), 1)))";
  auto program = row.compile(script);
  const auto stopped = row.run(*program, Operation::update);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().message(),
            "[etl.value] the ETL script can't be run on a row: cast_string_to_long: 'new' is no integer (at "
            "shop.orders, script 2:21, key id = 7)");
  row.use(ErrorPolicy::skip);
  program = row.compile(script);
  const auto skipped = row.run(*program, Operation::update);
  ASSERT_TRUE(skipped.has_value());
  EXPECT_EQ(skipped->verdict, Verdict::skipped);
  EXPECT_TRUE(row.after_out.empty());
  row.use(ErrorPolicy::null);
  EXPECT_EQ(row.effect_of(script, Operation::update), "`qty` = 9 was 9, `a` = null was null");
  program = row.compile(script);
  const auto nulled = row.run(*program, Operation::update);
  ASSERT_TRUE(nulled.has_value());
  EXPECT_EQ(nulled->nulls, 2U);
}

TEST(EtlProgram, AValueThatDoesNotFitItsColumnFollowsThePolicyToo) {
  TestRow row(small);
  const std::string_view script = "e_set(`name`, op_add(`name`, ' and much more'))";
  EXPECT_EQ(row.effect_of(script), "error etl.value");
  row.use(ErrorPolicy::null);
  EXPECT_EQ(row.effect_of(script), "`name` = null");
}

TEST(EtlProgram, ARowOfAnotherWidthIsRefused) {
  TestRow row(small);
  const auto program = row.compile("e_set(`qty`, 1)");
  row.after().pop_back();
  const auto outcome = row.run(*program, Operation::insert);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, base::ErrorCode::data_schema_mismatch);
}

TEST(EtlProgram, ErrorsNameLineAndColumn) {
  EXPECT_EQ(compile_error(""), "etl.syntax at 1:1: there is no expression");
  EXPECT_EQ(compile_error("script:"), "etl.syntax at 1:8: there is no expression");
  EXPECT_EQ(compile_error("e_if(op_gt(`qty`, 3),\n     e_dorp())"),
            "etl.unknown_function at 2:6: e_dorp (did you mean e_drop?)");
  EXPECT_EQ(compile_error("e_set(`name`, 'äöü)"), "etl.syntax at 1:15: a string is not closed");
  EXPECT_EQ(compile_error("e_set(`äöü`, `qyt`)"), "etl.unknown_column at 1:14: shop.orders has no column `qyt`");
  EXPECT_EQ(compile_error("e_set(`qty`, `QTY`)"),
            "etl.unknown_column at 1:14: shop.orders has no column `QTY` (it is spelt `qty`)");
  EXPECT_EQ(compile_error("e_drop() e_drop()"),
            "etl.syntax at 1:10: 'e_drop' behind the expression; a script is one expression, several actions are "
            "joined by e_compose");
  EXPECT_EQ(compile_error("e_drop(1)"), "etl.syntax at 1:1: e_drop takes 0 arguments, not 1: e_drop()");
  EXPECT_EQ(
      compile_error("e_if(true, e_drop(), true)"),
      "etl.syntax at 1:1: e_if takes pairs of condition and action: e_if(condition, action[, condition, action ...])");
  EXPECT_EQ(compile_error("op_gt(`qty`, 3)"),
            "etl.type at 1:1: a script wants an action (e_set, e_drop, ...), not a boolean");
  EXPECT_EQ(compile_error("e_keep(`qty`)"), "etl.type at 1:8: e_keep wants a condition, not an integer");
  EXPECT_EQ(compile_error("e_keep(op_gt(`qty`, 'a'))"), "etl.type at 1:8: op_gt compares an integer with a string");
  EXPECT_EQ(compile_error("e_keep(op_eq(qty, 1))"), "etl.syntax at 1:14: columns are written in back-quotes: `qty`");
  EXPECT_EQ(compile_error("e_keep(op_eq(__OPERATON__, 'x'))"),
            "etl.syntax at 1:14: '__OPERATON__' is no variable (did you mean __OPERATION__?)");
  EXPECT_EQ(compile_error("e_set(`a`, dt_add(dt_now(), day = 1))").substr(0, 49),
            "etl.syntax at 1:35: dt_add has no argument 'day':");
  EXPECT_EQ(compile_error("e_set(`a`, dt_add(dt_now(), days = 1, days = 2))"),
            "etl.syntax at 1:46: dt_add: 'days' is given twice");
  EXPECT_EQ(compile_error("e_append(`a`)"), "etl.unsupported at 1:1: e_append is a function for MongoDB sources");
  EXPECT_EQ(compile_error("e_set(`a`, 18446744073709551616)"),
            "etl.type at 1:12: 18446744073709551616 is outside -9223372036854775808 to 18446744073709551615");
  EXPECT_EQ(compile_error("e_set(`a`, '\\ud800')").substr(0, 18), "etl.syntax at 1:13");
  EXPECT_EQ(compile_error("e_set(`a`, '\xff')"), "etl.syntax at 1:1: the script is not UTF-8");
  EXPECT_EQ(compile_error("e_set(`a`, __BEFORE__)"),
            "etl.type at 1:12: __BEFORE__ stands in v(`column`, __BEFORE__) only");
  EXPECT_EQ(compile_error("e_set(`name`, 'a name that is too long')"),
            "etl.type at 1:15: `name`: 'a name that is too long' does not fit into varchar(10)");
  EXPECT_EQ(compile_error("e_compose(e_drop(), null)"),
            "etl.type at 1:21: e_compose wants an action (e_set, e_drop, ...), not a null");
}

TEST(EtlProgram, NestingHasAnEnd) {
  std::string script = "true";
  for (int i = 0; i < 90; ++i) script = "op_not(" + script + ")";
  EXPECT_EQ(compile_error("e_keep(" + script + ")"), "compiles");
  for (int i = 0; i < 100; ++i) script = "op_not(" + script + ")";
  EXPECT_EQ(compile_error("e_keep(" + script + ")").substr(0, 13), "etl.syntax at");
  EXPECT_EQ(compile_error(std::string(200000, '(')).substr(0, 13), "etl.syntax at");
}

TEST(EtlProgram, MemoryOfARowHasAnEnd) {
  TestRow row(small);
  std::string script = "'aaaaaaaaaa'";
  for (int i = 0; i < 8; ++i) script = "str_replace(" + script + ", 'a', 'aaaaaaaaaa')";
  EXPECT_EQ(row.value_of(script), "error etl.value");
  row.use(ErrorPolicy::null);
  EXPECT_EQ(row.value_of(script), "null");
}

TEST(EtlProgram, ReadsScriptsInBothFormsAndWithEitherQuote) {
  TestRow row(small);
  for (const char* script :
       {"e_set(`name`, 'x\\'y')", "script: e_set(`name`,\"x'y\")", " script:\n\te_set( name , 'x\\u0027y' ) "}) {
    EXPECT_EQ(row.effect_of(script), "`name` = 'x\\'y'") << script;
    EXPECT_EQ(row.compile(script)->text().substr(0, 6), "e_set(");
  }
  TestRow quoted("id bigint = 1\na`b int = 2\n");
  EXPECT_EQ(quoted.effect_of("e_set(`a``b`, 3)"), "`a`b` = 3");
}

TEST(EtlSyntax, ChecksAScriptWithoutATable) {
  const auto columns = check_syntax("e_if(op_gt(`a`, 1), e_set(`b`, str_lower(`c`)))");
  ASSERT_TRUE(columns.has_value());
  std::string text;
  for (const NamedColumn& c : *columns) text += (c.is_set ? "sets " : "reads ") + c.name + " at " + c.place + "; ";
  EXPECT_EQ(text, "reads a at 1:12; sets b at 1:27; reads c at 1:42; ");
  EXPECT_FALSE(check_syntax("e_if(op_gt(`a`, 1))").has_value());
}

struct Conversion {
  const char* column;  // type and value before
  const char* expression;
  const char* result;  // empty: unchanged
};

class EtlColumns : public testing::TestWithParam<Conversion> {};

TEST_P(EtlColumns, TakesOrRefuses) {
  const auto& [column, expression, result] = GetParam();
  TestRow row("id bigint = 1\nc " + std::string(column) + "\n");
  const std::string effect = row.effect_of("e_set(`c`, " + std::string(expression) + ")");
  EXPECT_EQ(effect.starts_with("`c` = ") ? effect.substr(6) : effect, result) << column << " <- " << expression;
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, EtlColumns,
    testing::Values(
        Conversion{"tinyint = 0", "127", "127"}, Conversion{"tinyint = 0", "128", "error etl.type"},
        Conversion{"tinyint = 0", "-128", "-128"}, Conversion{"tinyint unsigned = 0", "-1", "error etl.type"},
        Conversion{"mediumint = 0", "8388607.4", "8388607"}, Conversion{"mediumint = 0", "8388607.5", "error etl.type"},
        Conversion{"bigint unsigned = 0", "18446744073709551615", "18446744073709551615"},
        Conversion{"bigint = 0", "9223372036854775808", "error etl.type"}, Conversion{"int = 0", "'12'", "12"},
        Conversion{"int = 0", "'1e3'", "1000"}, Conversion{"int = 0", "-2.5", "-3"},
        Conversion{"int = 0", "2.5e0", "3"}, Conversion{"int = 0", "1e300", "error etl.type"},
        Conversion{"int = 0", "true", "1"}, Conversion{"int = 0", "dt_now()", "error etl.type"},
        Conversion{"decimal(5,2) = 0.00", "999.994", "999.99"},
        Conversion{"decimal(5,2) = 0.00", "999.995", "error etl.type"}, Conversion{"decimal(5,2) = 0.00", "7", "7.00"},
        Conversion{"decimal(5,2) = 0.00", "'-0.001'", "unchanged"},
        Conversion{"decimal(5,2) unsigned = 0.00", "-1", "error etl.type"},
        Conversion{"decimal(20,0) = 0", "1.5e3", "1500"},
        Conversion{"decimal(30,20) = 0.5", "1e-18", "0.00000000000000000100"}, Conversion{"double = 0", "0.1", "0.1"},
        Conversion{"double = 0", "'x'", "error etl.type"}, Conversion{"float = 0", "0.1", "0.1"},
        Conversion{"float = 0", "1e39", "error etl.type"}, Conversion{"bit(4) = 0", "15", "15"},
        Conversion{"bit(4) = 0", "16", "error etl.type"}, Conversion{"year = 2000", "2155", "2155"},
        Conversion{"year = 2000", "1900", "error etl.type"}));

INSTANTIATE_TEST_SUITE_P(
    Texts, EtlColumns,
    testing::Values(
        Conversion{"varchar(3) = 'x'", "'äöü'", "'äöü'"}, Conversion{"varchar(3) = 'x'", "'abcd'", "error etl.type"},
        Conversion{"char(5) = 'x'", "'ab   '", "'ab'"}, Conversion{"varchar(9) = 'x'", "12.50", "'12.50'"},
        Conversion{"tinytext = 'x'", "true", "'true'"},
        Conversion{"varchar(30) = 'x'", "DATETIME('2024-01-01')", "'2024-01-01 00:00:00'"},
        Conversion{"varchar(5) latin1 = 'x'", "'Zü€'", "'Z\xFC\x80'"},
        Conversion{"varchar(5) latin1 = 'x'", "'日'", "error etl.type"},
        Conversion{"varchar(5) gbk = 'x'", "'日'", "'\xC8\xD5'"},
        Conversion{"varchar(5) utf8mb3 = 'x'", "'😀'", "error etl.type"},
        Conversion{"varchar(5) ascii = 'x'", "'é'", "error etl.type"}, Conversion{"varchar(5) = 'x'", "'😀'", "'😀'"},
        Conversion{"varchar(5) utf16 = ''", "'ä'", "'\\0\xE4'"}, Conversion{"enum('a','b') = 'a'", "'b'", "'b'"},
        Conversion{"enum('a','b') = 'a'", "'c'", "error etl.type"}, Conversion{"set('a','b','c') = 'a'", "'c,b'", "6"},
        Conversion{"set('a','b','c') = 'a'", "'d'", "error etl.type"}, Conversion{"set('a','b','c') = 'a'", "''", "0"},
        Conversion{"json = '1'", "'{\"a\": [1, \"\\\\u00e9\"]}'", "'{\"a\": [1, \"\\\\u00e9\"]}'"},
        Conversion{"json = '1'", "'{a: 1}'", "error etl.type"}, Conversion{"json = '1'", "2.5", "'2.5'"},
        Conversion{"blob = X'00'", "'é'", "X'c3a9'"}, Conversion{"binary(4) = X'00000000'", "'ab'", "X'61620000'"},
        Conversion{"binary(2) = X'0000'", "'abc'", "error etl.type"}, Conversion{"blob = X'00'", "1", "error etl.type"},
        Conversion{"uuid = 'x'", "'123e4567-e89b-12d3-a456-426614174000'",
                   "X'31323365343536372d653839622d313264332d613435362d343236363134313734303030'"},
        Conversion{"uuid = 'x'", "'123'", "error etl.type"}, Conversion{"inet4 = 'x'", "'1.2.3'", "error etl.type"}));

INSTANTIATE_TEST_SUITE_P(
    Moments, EtlColumns,
    testing::Values(Conversion{"date = 2000-01-01", "'2024-02-29'", "2024-02-29"},
                    Conversion{"date = 2000-01-01", "'2023-02-29'", "error etl.type"},
                    Conversion{"date = 2000-01-01", "DATETIME('2024-02-29 23:59:59')", "2024-02-29"},
                    Conversion{"date = 2000-01-01", "'0000-00-00'", "0000-00-00"},
                    Conversion{"datetime = 2000-01-01", "'2024-12-31 23:59:59.5'", "2025-01-01 00:00:00"},
                    Conversion{"datetime(3) = 2000-01-01", "'2024-12-31T23:59:59.1234'", "2024-12-31 23:59:59.123000"},
                    Conversion{"datetime = 2000-01-01", "'9999-12-31 23:59:59.9'", "error etl.type"},
                    Conversion{"timestamp = 2000-01-01 00:00:00", "'2024-01-01 00:00:01'", "2024-01-01 00:00:01"},
                    Conversion{"timestamp = 2000-01-01 00:00:00", "'1969-12-31 23:59:59'", "error etl.type"},
                    Conversion{"timestamp = 2000-01-01 00:00:00", "'0000-00-00 00:00:00'", "0000-00-00 00:00:00"},
                    Conversion{"time = 00:00:00", "'-838:59:59'", "-838:59:59"},
                    Conversion{"time = 00:00:00", "'839:00:00'", "error etl.type"},
                    Conversion{"time(1) = 00:00:00", "'01:59:59.96'", "02:00:00"},
                    Conversion{"time = 00:00:00", "DATETIME('2024-01-01 10:11:12')", "10:11:12"},
                    Conversion{"datetime = 2000-01-01", "1", "error etl.type"},
                    Conversion{"time = 00:00:00", "'noon'", "error etl.type"}));

TEST(EtlColumns, WhatIsNoDateComparesButDoesNotCalculate) {
  TestRow row("id bigint = 1\nt datetime = 0000-00-00 00:00:00\nu datetime = 2024-00-15 00:00:00\n");
  EXPECT_EQ(row.value_of("op_lt(`t`, '1970-01-01')"), "1");
  EXPECT_EQ(row.value_of("op_lt(`u`, '2024-01-01')"), "1");
  EXPECT_EQ(row.value_of("dt_add(`t`, days = 1)"), "error etl.value");
  EXPECT_EQ(row.value_of("dt_parsetimestamp(`u`)"), "error etl.value");
  EXPECT_EQ(row.value_of("`u`"), "2024-00-15 00:00:00");
}

TEST(EtlColumns, BytesThatAreNoTextAreAnErrorOfTheRow) {
  TestRow row("id bigint = 1\nc varchar(9) = X'ff'\n");
  EXPECT_EQ(row.value_of("str_lower(`c`)"), "error etl.value");
  EXPECT_EQ(row.effect_of("e_set(`id`, 2)"), "`id` = 2");
}

}  // namespace
}  // namespace tributary::transform::etl
