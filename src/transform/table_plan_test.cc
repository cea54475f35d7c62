#include "transform/table_plan.h"

#include <gtest/gtest.h>

#include <string>

namespace tributary::transform {
namespace {

using model::Operation;
using model::Value;
using Verdict = TablePlan::Verdict;

model::TableSchemaPtr orders() {
  auto schema = std::make_shared<model::TableSchema>();
  schema->database = "shop";
  schema->table = "orders";
  for (const char* name : {"id", "amount", "more"}) {
    model::Column column;
    column.name = name;
    column.declared_type = "int";
    schema->columns.push_back(column);
  }
  schema->keys.push_back({"PRIMARY", true, {0}});
  schema->identity = {0};
  return schema;
}

base::Result<TablePlan> plan_of(const std::string& table, std::string_view script = {},
                                const std::vector<AdditionalColumn>& additional = {}) {
  const auto list =
      ObjectList::from_db_list(R"({"shop":{"name":"store","all":true,"Table":{"orders":)" + table + "}}}");
  EXPECT_TRUE(list) << list.error().message();
  const auto rules = ObjectRules::compile(*list);
  EXPECT_TRUE(rules) << rules.error().message();
  const model::TableSchemaPtr schema = orders();
  const auto rule = rule_for(*rules, *schema);
  EXPECT_TRUE(rule && *rule);
  return TablePlan::make(schema, &**rule, script, etl::ErrorPolicy::stop, {}, additional);
}

std::vector<Value> image(std::int64_t id, std::int64_t amount) {
  return {Value::integer(id), Value::integer(amount), Value::integer(7)};
}

class TablePlanTest : public testing::Test {
 protected:
  Verdict apply(const TablePlan& plan, Operation operation, std::vector<Value> before, std::vector<Value> after) {
    row_.operation = operation;
    row_.before = std::move(before);
    row_.after = std::move(after);
    const auto verdict = plan.apply(row_);
    EXPECT_TRUE(verdict) << verdict.error().message();
    return verdict.value_or(Verdict::skipped);
  }
  Row row_;
};

TEST_F(TablePlanTest, AMessageKeyNamesColumnsOfTheSourceAndIsOfTheTarget) {
  const auto plan =
      plan_of(R"({"all": false, "message_key": "more, id", "column": {"id": {"name": "number"}, "more": {}}})");
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->target()->message_key, (std::vector<std::uint32_t>{1, 0}));
  EXPECT_EQ(plan->target()->identity, (std::vector<std::uint32_t>{0}));
  EXPECT_TRUE(plan_of(R"({"message_key": ""})")->target()->message_key.empty());
  for (const auto& [table, told] : {std::pair(R"({"message_key": "id,no"})", "`no`, which the table does not have"),
                                    std::pair(R"({"all": false, "message_key": "amount", "column": {"id": {}}})",
                                              "`amount`, which is not selected")}) {
    const auto refused = plan_of(table);
    ASSERT_FALSE(refused) << table;
    EXPECT_EQ(refused.error().code, base::ErrorCode::objects_bad_value);
    EXPECT_NE(refused.error().what.find(told), std::string::npos) << refused.error().what;
    EXPECT_EQ(refused.error().where, "shop.orders");
  }
}

TEST_F(TablePlanTest, AMessageKeyOfADatabaseIsOfItsTablesThatHaveTheColumns) {
  for (const auto& [key, expected] :
       {std::pair("amount", std::vector<std::uint32_t>{1}), std::pair("amount,other", std::vector<std::uint32_t>{})}) {
    const auto list =
        ObjectList::from_db_list(std::string(R"({"shop": {"all": true, "message_key": ")") + key + R"("}})");
    const auto rules = ObjectRules::compile(list.value());
    const model::TableSchemaPtr schema = orders();
    const auto rule = rule_for(rules.value(), *schema);
    const auto plan = TablePlan::make(schema, &*rule.value(), {}, etl::ErrorPolicy::stop, {});
    ASSERT_TRUE(plan) << plan.error().message();
    EXPECT_EQ(plan->target()->message_key, expected);
  }
}

TEST_F(TablePlanTest, AnUpdateAcrossTheFiltersEdgeEntersOrLeaves) {
  const auto plan = plan_of(R"({"filter": "amount > 10"})");
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->condition(), "(amount > 10)");
  EXPECT_EQ(apply(*plan, Operation::update, image(1, 11), image(1, 12)), Verdict::sent);
  EXPECT_EQ(row_.operation, Operation::update);
  EXPECT_EQ(apply(*plan, Operation::update, image(1, 10), image(1, 12)), Verdict::sent);
  EXPECT_EQ(row_.operation, Operation::insert);
  EXPECT_TRUE(row_.before.empty());
  EXPECT_EQ(apply(*plan, Operation::update, image(1, 11), image(1, 10)), Verdict::sent);
  EXPECT_EQ(row_.operation, Operation::delete_);
  EXPECT_TRUE(row_.after.empty());
  EXPECT_EQ(apply(*plan, Operation::update, image(1, 1), image(1, 2)), Verdict::left_out);
  EXPECT_EQ(apply(*plan, Operation::insert, {}, image(1, 10)), Verdict::left_out);
  EXPECT_EQ(apply(*plan, Operation::delete_, image(1, 10), {}), Verdict::left_out);
  EXPECT_EQ(apply(*plan, Operation::delete_, image(1, 11), {}), Verdict::sent);
}

TEST_F(TablePlanTest, TheServersVerdictIsTaken) {
  const auto plan = plan_of(R"({"filter": "amount > 10"})");
  ASSERT_TRUE(plan);
  row_.has_passed_filter = true;
  EXPECT_EQ(apply(*plan, Operation::init, {}, image(1, 1)), Verdict::sent);
}

TEST_F(TablePlanTest, OperationsThatAreNotChosenAreLeftOutButRowsOfTheFullLoad) {
  const auto plan = plan_of(R"({"dml_op": "u"})");
  ASSERT_TRUE(plan);
  EXPECT_EQ(apply(*plan, Operation::insert, {}, image(1, 1)), Verdict::left_out);
  EXPECT_EQ(apply(*plan, Operation::init, {}, image(1, 1)), Verdict::sent);
  EXPECT_EQ(apply(*plan, Operation::update, image(1, 1), image(1, 2)), Verdict::sent);
}

TEST_F(TablePlanTest, FilterAndScriptSeeTheSourceAndNamesComeLast) {
  const auto plan = plan_of(R"({"name": "o", "all": false, "filter": "more = 7",
    "column": {"id": {"name": "number"}, "amount": {"name": "sum"}}})",
                            "e_compose(e_set(`amount`, op_sum(`amount`, `more`)), e_set(`extra`, 5))");
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(apply(*plan, Operation::insert, {}, image(3, 4)), Verdict::sent);
  const model::TableSchema& target = *plan->target();
  EXPECT_EQ(target.database + "." + target.table, "store.o");
  ASSERT_EQ(target.columns.size(), 3u);
  EXPECT_EQ(target.columns[0].name + " " + target.columns[1].name + " " + target.columns[2].name, "number sum extra");
  ASSERT_EQ(row_.after.size(), 3u);
  EXPECT_EQ(row_.after[0].i, 3);
  EXPECT_EQ(row_.after[1].text.empty() ? std::to_string(row_.after[1].i) : std::string(row_.after[1].text), "11");
  EXPECT_TRUE(plan->keeps_identity());

  row_.after = image(3, 4);
  plan->project(row_);
  ASSERT_EQ(row_.after.size(), 3u);
  EXPECT_EQ(row_.after[1].i, 4);
  EXPECT_TRUE(row_.after[2].is_null());
}

TEST_F(TablePlanTest, OnlyNamesLeaveRowsAsTheyAre) {
  const auto plan = plan_of(R"({"name": "o"})");
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->is_plain());
  EXPECT_EQ(plan->target()->table, "o");
  EXPECT_FALSE(plan_of("{}", "e_set(`id`, op_sum(`id`, 1))")->keeps_identity());
}

TEST_F(TablePlanTest, AColumnOfTheScriptUnderTheNewNameOfAnotherIsRefused) {
  const auto plan = plan_of(R"({"all": false, "column": {"id": {}, "amount": {"name": "sum"}}})", "e_set(`sum`, 1)");
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, base::ErrorCode::objects_conflict);
  const auto bad = plan_of(R"({"filter": "amount > nothing"})");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().where, "shop.orders, filter 1:10");
}

TEST_F(TablePlanTest, AdditionalColumnsStandBehindAllOthersAndSayOfEachImageWhatItIs) {
  const auto plan = plan_of(
      R"({"name": "o", "all": false, "column": {"id": {"name": "number"}, "amount": {}}, "filter": "amount > 10"})",
      "e_set(`extra`, 5)", dts_additional_columns());
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_FALSE(plan->is_plain());
  EXPECT_TRUE(plan->keeps_identity());
  std::string columns;
  for (const model::Column& column : plan->target()->columns)
    columns += column.name + " " + column.declared_type + ", ";
  EXPECT_EQ(columns,
            "number int, amount int, extra bigint, dts_record_id bigint, dts_instance_id varchar(320), dts_db_name "
            "varchar(64), dts_table_name varchar(64), dts_operation_flag char(1), dts_utc_timestamp timestamp, "
            "dts_before_flag char(1), dts_after_flag char(1), ");
  const auto told = [](const std::vector<Value>& image) {
    std::string out;
    for (std::size_t i = 3; i < image.size(); ++i)
      out += (image[i].text.empty() ? std::to_string(image[i].i) : std::string(image[i].text)) + " ";
    return out;
  };
  row_.commit_s = 1700000000;
  row_.record_id = 77;
  row_.instance = "a:3306";
  row_.position = "4@1";
  EXPECT_EQ(apply(*plan, Operation::update, image(1, 11), image(1, 12)), Verdict::sent);
  EXPECT_EQ(told(row_.before), "77 a:3306 shop orders U 1700000000 Y N ");
  EXPECT_EQ(told(row_.after), "77 a:3306 shop orders U 1700000000 N Y ");
  EXPECT_EQ(row_.after[8].kind, model::ValueKind::timestamp);
  // Across the filter's edge they say what the record says.
  EXPECT_EQ(apply(*plan, Operation::update, image(1, 11), image(1, 2)), Verdict::sent);
  EXPECT_EQ(told(row_.before), "77 a:3306 shop orders D 1700000000 Y N ");
  EXPECT_TRUE(row_.after.empty());
  EXPECT_EQ(apply(*plan, Operation::init, {}, image(1, 12)), Verdict::sent);
  EXPECT_EQ(told(row_.after), "77 a:3306 shop orders I 1700000000 N Y ");

  row_.after = image(3, 4);
  plan->project(row_);
  EXPECT_EQ(row_.after.size(), plan->target()->columns.size());
}

TEST_F(TablePlanTest, AnAdditionalColumnUnderTheNameOfAnotherIsRefused) {
  for (const char* name : {"number", "Extra", "AMOUNT"}) {
    const auto plan = plan_of(R"({"all": false, "column": {"id": {"name": "number"}, "amount": {}}})",
                              "e_set(`extra`, 5)", {{"op", Fact::operation}, {name, Fact::time}});
    ASSERT_FALSE(plan) << name;
    EXPECT_EQ(plan.error().code, base::ErrorCode::objects_conflict);
    EXPECT_NE(plan.error().what.find(name), std::string::npos);
    EXPECT_EQ(plan.error().where, "shop.orders");
  }
  EXPECT_TRUE(plan_of(R"({"all": false, "column": {"id": {"name": "number"}}})", {}, {{"id", Fact::record_id}}));
}

TEST_F(TablePlanTest, APlanMakesNoNewRoomForAdditionalColumnsOfEachRow) {
  const auto plan = plan_of("{}", {}, dts_additional_columns());
  ASSERT_TRUE(plan);
  const std::vector<Value> source = image(1, 2);
  row_.operation = Operation::insert;
  const auto send = [&] {
    row_.after.assign(source.begin(), source.end());
    EXPECT_TRUE(plan->apply(row_));
  };
  send();
  const Value* const room = row_.after.data();
  for (int i = 0; i < 100; ++i) send();
  EXPECT_EQ(row_.after.data(), room);
  EXPECT_EQ(row_.after.size(), 11u);
}

}  // namespace
}  // namespace tributary::transform
