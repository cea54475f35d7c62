#include "transform/objects/selection.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <unordered_set>

#include "transform/objects/batch_edit.h"
#include "transform/objects/bench_catalogue.h"

namespace tributary::transform {
namespace {

using base::ErrorCode;

ObjectRules rules_of(std::string_view json, Capitalization capitalization = Capitalization::default_) {
  auto list = ObjectList::from_db_list(json);
  EXPECT_TRUE(list) << (list ? "" : list.error().message());
  auto rules = ObjectRules::compile(std::move(*list), capitalization);
  EXPECT_TRUE(rules) << (rules ? "" : rules.error().message());
  return std::move(*rules);
}

Catalogue shop() {
  Catalogue catalogue;
  catalogue.databases.push_back(
      {"shop",
       {table_of("shop", "orders", {"id", "note", "Amount"}), table_of("shop", "users", {"id", "name"})},
       {{"totals", "view"}, {"audit", "trigger"}, {"refresh", "procedure"}}});
  catalogue.databases.push_back(
      {"crm", {table_of("crm", "users", {"id", "name"}), table_of("crm", "events", {"at"}, false)}, {}});
  return catalogue;
}

std::vector<std::string> lines(const Selection& selection) {
  std::vector<std::string> out;
  for (const TableRule& rule : selection.tables) {
    std::string columns;
    for (const auto& name : rule.columns) columns += " " + name.value_or("-");
    out.push_back(
        fmt::format("{}.{} {}.{}:{}", rule.database, rule.table, rule.target.database, rule.target.table, columns));
  }
  return out;
}

using Lines = std::vector<std::string>;

TEST(Selection, HoldsTablesWithTheirNamesAndColumns) {
  const auto selection =
      resolve(rules_of(R"({"shop": {"name": "store", "Table": {"orders": {"name": "orders_v2", "all": false,
      "column": {"id": {}, "note": {"name": "remark"}}}}}, "crm": {"all": false, "Table": {"users": {}}}})"),
              shop());
  ASSERT_TRUE(selection) << selection.error().message();
  EXPECT_EQ(lines(*selection), (Lines{"shop.orders store.orders_v2: id remark -", "shop.users store.users: id name",
                                      "crm.users crm.users: id name"}));
  const auto upper = resolve(rules_of(R"({"shop": {"name": "store"}})", Capitalization::upper), shop());
  EXPECT_EQ(lines(*upper), (Lines{"shop.orders store.ORDERS: ID NOTE AMOUNT", "shop.users store.USERS: ID NAME"}));
}

TEST(Selection, SaysWhatIsNotCarriedAndWhy) {
  const auto selection = resolve(rules_of(R"({"shop": {"View": {"v": {}}}, "crm": {}})"), shop());
  ASSERT_TRUE(selection) << selection.error().message();
  ASSERT_EQ(selection->left_out.size(), 4u);
  EXPECT_EQ(selection->left_out[0].name, "v");
  EXPECT_EQ(selection->left_out[1].kind, "view");
  for (const LeftOut& left : selection->left_out) EXPECT_FALSE(left.reason.empty()) << left.name;
  ASSERT_EQ(selection->warnings.size(), 1u);
  EXPECT_NE(selection->warnings[0].find("crm.events has no key"), std::string::npos) << selection->warnings[0];
}

void expect_refused(std::string_view json, ErrorCode code, std::string_view what, std::string_view where) {
  const auto selection = resolve(rules_of(json), shop());
  ASSERT_FALSE(selection) << json;
  EXPECT_EQ(selection.error().info().name, base::error_info(code).name) << selection.error().message();
  EXPECT_NE(selection.error().what.find(what), std::string::npos) << selection.error().message();
  EXPECT_EQ(selection.error().where, where) << selection.error().message();
}

TEST(Selection, NamesThatAreNotThereAreRefused) {
  expect_refused(R"({"hr": {}})", ErrorCode::source_database_missing, "line 1, column 2", "hr");
  expect_refused(R"({"shop": {"Table": {"Orders": {}}}})", ErrorCode::source_table_missing, "has `orders`; case counts",
                 "shop.Orders");
  expect_refused(R"({"shop": {"Table": {"totals": {}}}})", ErrorCode::source_table_missing, "view", "shop.totals");
  expect_refused(R"({"shop": {"Table": {"orders": {"column": {"amount": {}}}}}})", ErrorCode::source_column_missing,
                 "`Amount`, not `amount`", "shop.orders");
  expect_refused(R"({"shop": {"Table": {"orders": {"column": {"x": {}}}}}})", ErrorCode::source_column_missing,
                 "no `x`", "shop.orders");
  Catalogue catalogue = shop();
  catalogue.databases[0].others.push_back({"elsewhere", "table"});
  const auto alike = resolve(rules_of(R"({"shop": {"all": false, "Table": {"Elsewhere": {}}}})"), catalogue);
  ASSERT_FALSE(alike);
  EXPECT_EQ(alike.error().what.find("the source has `elsewhere`; case counts"), 0u) << alike.error().what;
  const auto later = resolve(rules_of(R"({"hr": {}, "shop": {"Table": {"gone": {}}}})"), shop(), Missing::is_warning);
  ASSERT_TRUE(later) << later.error().message();
  EXPECT_EQ(later->warnings.size(), 2u);
  EXPECT_EQ(later->tables.size(), 2u);
}

TEST(Selection, TwoObjectsWithOneNameAreBothNamed) {
  expect_refused(R"({"shop": {"name": "all"}, "crm": {"name": "all"}})", ErrorCode::objects_conflict,
                 "`shop.users` and `crm.users` would both be `all.users`", "crm.users");
  expect_refused(R"({"shop": {"Table": {"users": {"name": "orders"}}}})", ErrorCode::objects_conflict,
                 "`shop.orders` and `shop.users`", "shop.users");
  expect_refused(R"({"shop": {"Table": {"orders": {"column": {"note": {"name": "id"}}}}}})",
                 ErrorCode::objects_conflict, "the columns `id` and `note` would both be `id`", "shop.orders");
}

TEST(Selection, AKeyColumnHasToBeSelected) {
  expect_refused(R"({"shop": {"Table": {"orders": {"all": false, "column": {"note": {}}}}}})",
                 ErrorCode::objects_key_left_out, "`id` is part of the key of `orders`", "shop.orders");
  expect_refused(R"({"shop": {"Table": {"orders": {"column": {"id": {"filterType": "BLACK"}}}}}})",
                 ErrorCode::objects_key_left_out, "`id`", "shop.orders");
}

TEST(Selection, AHiddenKeyIsKeptWhateverIsSelected) {
  auto table =
      std::make_shared<model::TableSchema>(*table_of("shop", "plain", {"a", "b", "_drds_implicit_id_"}, false));
  table->columns[2].is_hidden = true;
  table->identity = {2};
  table->identity_is_hidden = true;
  const ObjectRules rules =
      rules_of(R"({"shop": {"Table": {"plain": {"all": false, "column": {"b": {}}}}}})", Capitalization::upper);
  const auto rule = rule_for(rules, *table);
  ASSERT_TRUE(rule && *rule) << rule.error().message();
  const auto mapped = map_schema(**rule, table);
  ASSERT_TRUE(mapped) << mapped.error().message();
  EXPECT_EQ(mapped->from, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(mapped->target->columns[1].name, "_drds_implicit_id_");
  EXPECT_EQ(mapped->target->identity, (std::vector<std::uint32_t>{1}));
  EXPECT_TRUE(mapped->target->identity_is_hidden);
}

TEST(Apply, MapsColumnsKeysAndTheVersion) {
  auto table = std::make_shared<model::TableSchema>(*table_of("shop", "orders", {"a", "id", "b", "c"}, false));
  table->keys = {{"PRIMARY", true, {1}}, {"by_ab", false, {0, 2}}, {"by_c", false, {3, 1}}};
  table->identity = {1};
  table->tail = {model::TailColumn::row_hash};
  const ObjectRules rules = rules_of(
      R"({"shop": {"name": "s", "Table": {"orders": {"name": "o", "all": false, "column": {"id": {"name": "key"}, "b": {}, "c": {}}}}}})");
  const auto rule = rule_for(rules, *table);
  ASSERT_TRUE(rule && *rule);
  const auto mapped = map_schema(**rule, table);
  ASSERT_TRUE(mapped) << mapped.error().message();
  const model::TableSchema& target = *mapped->target;
  EXPECT_FALSE(mapped->is_same);
  EXPECT_EQ(mapped->from, (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(target.database + "." + target.table, "s.o");
  EXPECT_EQ(target.columns[0].name, "key");
  ASSERT_EQ(target.keys.size(), 2u) << "by_ab has lost a column";
  EXPECT_EQ(target.keys[1].name, "by_c");
  EXPECT_EQ(target.keys[1].columns, (std::vector<std::uint32_t>{2, 0}));
  EXPECT_EQ(target.identity, (std::vector<std::uint32_t>{0}));
  EXPECT_TRUE(target.tail.empty());
  EXPECT_EQ(target.version, model::schema_version(target));
  EXPECT_NE(target.version, table->version);
  EXPECT_FALSE(map_schema(**rule, table_of("shop", "orders", {"id"}))) << "the rule is for another structure";
}

TEST(Apply, LeavesATableAsItIsIfNothingIsMapped) {
  const auto table = table_of("shop", "orders", {"id", "note"});
  const auto rule = rule_for(rules_of(R"({"shop": {}})"), *table);
  ASSERT_TRUE(rule && *rule);
  const auto mapped = map_schema(**rule, table);
  ASSERT_TRUE(mapped);
  EXPECT_TRUE(mapped->is_same);
  EXPECT_EQ(mapped->target, table);
}

Catalogue many(int tables) {
  Catalogue catalogue;
  catalogue.databases.push_back({"big", {}, {}});
  for (int i = 0; i < tables; ++i)
    catalogue.databases[0].tables.push_back(table_of("big", fmt::format("t_{:05}", i), {"id", "a", "b", "c"}));
  return catalogue;
}

TEST(Selection, TwentyThousandRenamedTablesAreSelected) {
  const Catalogue catalogue = many(20'000);
  std::string json = R"({"big": {"all": false, "Table": {)";
  for (int i = 0; i < 20'000; ++i)
    json += fmt::format(
        R"({}"t_{:05}": {{"name": "target_{}", "all": false, "column": {{"id": {{}}, "b": {{"name": "bb"}}}}}})",
        i == 0 ? "" : ",", i, i);
  const ObjectRules rules = rules_of(json + "}}}");
  const auto selection = resolve(rules, catalogue);
  ASSERT_TRUE(selection) << selection.error().message();
  ASSERT_EQ(selection->tables.size(), 20'000u);
  std::unordered_set<std::string> targets;
  for (const TableRule& rule : selection->tables) targets.insert(rule.target.table);
  EXPECT_EQ(targets.size(), 20'000u);
  EXPECT_EQ(selection->tables[19'999].target.table, "target_19999");
  EXPECT_EQ(selection->tables[7].columns[2], "bb");
  EXPECT_EQ(*ObjectList::from_db_list(rules.list().to_db_list()), rules.list());
}

struct Edited {
  std::vector<std::string> preview;
  Lines after;  // empty if it could not be applied
};

Edited edited(std::string_view json, const BatchEdit& edit, const EditScope& scope = {}) {
  const ObjectRules rules = rules_of(json);
  const Catalogue catalogue = shop();
  const auto selection = resolve(rules, catalogue);
  EXPECT_TRUE(selection) << (selection ? "" : selection.error().message());
  const auto renamings = preview(rules, catalogue, *selection, edit, scope);
  EXPECT_TRUE(renamings) << (renamings ? "" : renamings.error().message());
  Edited out;
  for (const Renaming& r : *renamings)
    out.preview.push_back(fmt::format("{}{}{}{}{} {}>{}{}", r.database, r.table.empty() ? "" : ".", r.table,
                                      r.column.empty() ? "" : ".", r.column, r.before, r.after,
                                      r.conflict.empty() ? "" : " !" + r.conflict));
  auto list = apply_renamings(rules, *renamings);
  if (!list) {
    EXPECT_EQ(list.error().code, ErrorCode::objects_conflict) << list.error().message();
    return out;
  }
  const auto again = ObjectRules::compile(std::move(*list));
  EXPECT_TRUE(again);
  const auto after = resolve(*again, catalogue);
  EXPECT_TRUE(after) << (after ? "" : after.error().message());
  out.after = lines(*after);
  return out;
}

using How = BatchEdit::How;
using Of = BatchEdit::Of;

TEST(BatchEdit, RenamesTablesOfAWholeDatabase) {
  const Edited prefix = edited(R"({"shop": {}})", {Of::tables, How::prefix, "", "p_"});
  EXPECT_EQ(prefix.preview, (Lines{"shop.orders orders>p_orders", "shop.users users>p_users"}));
  EXPECT_EQ(prefix.after, (Lines{"shop.orders shop.p_orders: id note Amount", "shop.users shop.p_users: id name"}));
  const Edited suffix =
      edited(R"({"shop": {}})", {Of::tables, How::suffix, "", "_v2"}, {.tables = {{"shop", "users"}}});
  EXPECT_EQ(suffix.after, (Lines{"shop.orders shop.orders: id note Amount", "shop.users shop.users_v2: id name"}));
}

TEST(BatchEdit, ReplacesAndMatchesWithGroups) {
  EXPECT_EQ(edited(R"({"shop": {}})", {Of::tables, How::replace, "er", "_"}).preview,
            (Lines{"shop.orders orders>ord_s", "shop.users users>us_s"}));
  const Edited pattern =
      edited(R"({"shop": {}, "crm": {}})", {Of::tables, How::pattern, "(.)(.*)s", "{2}-{1}"}, {.databases = {"crm"}});
  EXPECT_EQ(pattern.preview, (Lines{"crm.users users>ser-u", "crm.events events>vent-e"}));
  EXPECT_EQ(pattern.after[2], "crm.users crm.ser-u: id name");
}

TEST(BatchEdit, RenamesDatabasesAndColumns) {
  EXPECT_EQ(edited(R"({"shop": {}, "crm": {"name": "c"}})", {Of::databases, How::suffix, "", "_1"}).after,
            (Lines{"shop.orders shop_1.orders: id note Amount", "shop.users shop_1.users: id name",
                   "crm.users c_1.users: id name", "crm.events c_1.events: at"}));
  EXPECT_EQ(
      edited(
          R"({"shop": {"all": false, "Table": {"orders": {"all": false, "column": {"id": {}, "note": {"name": "n"}}}}}})",
          {Of::columns, How::prefix, "", "c_"})
          .after,
      (Lines{"shop.orders shop.orders: c_id c_n -"}));
  EXPECT_EQ(edited(R"({"shop": {}})", {Of::columns, How::replace, "id", "key"}, {.tables = {{"shop", "users"}}}).after,
            (Lines{"shop.orders shop.orders: id note Amount", "shop.users shop.users: key name"}));
}

TEST(BatchEdit, KeepsWhatPatternsSayOfTheOthers) {
  const Edited edit = edited(R"j({"s(.*)": {"patternType": "REGEX", "name": "d{1}", "all": false, "Table": {
      "(.*)rs": {"patternType": "REGEX", "name": "{1}", "all": false, "column": {"id": {}}}, "x": {}}}})j",
                             {Of::tables, How::suffix, "", "!"}, {.tables = {{"shop", "users"}}});
  EXPECT_EQ(edit.preview, (Lines{"shop.users use>use!"}));
  EXPECT_EQ(edit.after, (Lines{"shop.orders dhop.orde: id - -", "shop.users dhop.use!: id -"}));
}

TEST(BatchEdit, ConflictsAreSaidAndNotApplied) {
  const Edited twins = edited(R"({"shop": {}})", {Of::tables, How::pattern, ".*", "one"});
  EXPECT_EQ(twins.preview, (Lines{"shop.orders orders>one !`shop.users` would have this name, too",
                                  "shop.users users>one !`shop.orders` would have this name, too"}));
  EXPECT_TRUE(twins.after.empty());
  EXPECT_EQ(edited(R"({"shop": {}})", {Of::tables, How::replace, "users", "orders"}).preview,
            (Lines{"shop.users users>orders !`shop.orders` would have this name, too"}));
  EXPECT_EQ(edited(R"({"shop": {}, "crm": {}})", {Of::databases, How::pattern, "crm", "shop"}).preview,
            (Lines{"crm crm>shop !`shop.users` would have this name, too"}));
  EXPECT_EQ(edited(R"({"shop": {}})", {Of::columns, How::pattern, "note", "id"}).preview,
            (Lines{"shop.orders.note note>id !`id` would have this name, too"}));
  EXPECT_EQ(edited(R"({"shop": {}})", {Of::tables, How::replace, "users", ""}).preview,
            (Lines{"shop.users users> !nothing would be left of the name"}));
  const std::string gray = R"({"shop": {"Table": {"users": {"filterType": "GRAY", "grayName": "orders"}}}})";
  EXPECT_EQ(edited(gray, {Of::tables, How::prefix, "", "p"}).preview[1],
            "shop.users users>pusers !a GRAY rule selects it: change the rule");
}

TEST(BatchEdit, ASwapOfNamesIsNoConflict) {
  EXPECT_EQ(edited(R"({"shop": {"Table": {"orders": {"name": "a1"}, "users": {"name": "a"}}}})",
                   {Of::tables, How::pattern, "a(1?)", "a1{1}"})
                .preview,
            (Lines{"shop.orders a1>a11", "shop.users a>a1"}));
}

TEST(BatchEdit, WhatCannotBeDoneIsRefused) {
  const ObjectRules rules = rules_of(R"({"shop": {}})");
  for (const BatchEdit& edit :
       {BatchEdit{Of::tables, How::prefix, "", ""}, BatchEdit{Of::tables, How::replace, "", "x"},
        BatchEdit{Of::tables, How::pattern, "(", "x"}, BatchEdit{Of::tables, How::pattern, "a", "{x"},
        BatchEdit{Of::tables, How::pattern, "a", "{x}"}})
    EXPECT_FALSE(preview(rules, {}, {}, edit));
}

TEST(BatchEdit, TwentyThousandTablesAreRenamed) {
  const Catalogue catalogue = many(20'000);
  const ObjectRules rules = rules_of(R"({"big": {}})");
  const auto selection = resolve(rules, catalogue);
  ASSERT_TRUE(selection);
  const auto renamings = preview(rules, catalogue, *selection, {Of::tables, How::prefix, "", "x_"});
  ASSERT_TRUE(renamings);
  EXPECT_EQ(renamings->size(), 20'000u);
  auto list = apply_renamings(rules, *renamings);
  ASSERT_TRUE(list) << list.error().message();
  const auto after = resolve(*ObjectRules::compile(std::move(*list)), catalogue);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->tables.at(19'999).target.table, "x_t_19999");
}

}  // namespace
}  // namespace tributary::transform
