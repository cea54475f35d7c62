#include "transform/objects/rules.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <regex>

namespace tributary::transform {
namespace {

ObjectRules rules_of(std::string_view json, Capitalization capitalization = Capitalization::default_) {
  auto list = ObjectList::from_db_list(json);
  EXPECT_TRUE(list) << (list ? "" : list.error().message());
  auto rules = ObjectRules::compile(std::move(*list), capitalization);
  EXPECT_TRUE(rules) << (rules ? "" : rules.error().message());
  return std::move(*rules);
}

// "db.table.column", parts from the end left out.
ObjectName name_of(std::string_view text) {
  ObjectName name;
  for (std::string_view* part : {&name.database, &name.table, &name.column}) {
    *part = text.substr(0, text.find('.'));
    text.remove_prefix(std::min(part->size() + 1, text.size()));
  }
  return name;
}

bool carries(const ObjectRules& rules, std::string_view name) {
  const auto carried = rules.carries(name_of(name));
  EXPECT_TRUE(carried) << (carried ? "" : carried.error().message());
  return carried.value_or(false);
}

std::string target(const ObjectRules& rules, std::string_view name) {
  const auto mapped = rules.target(name_of(name));
  return mapped ? *mapped : mapped.error().message();
}

TEST(ObjectRules, WhatIsMissingIsCarriedIfWhatIsAroundItHasAll) {
  const ObjectRules rules = rules_of(R"({"shop": {"Table": {"orders": {"all": false, "column": {"id": {}}}}},
                                         "crm": {"all": false, "Table": {"users": {}}}})");
  for (const std::string_view name :
       {"shop", "shop.orders", "shop.orders.id", "shop.new", "shop.new.any", "crm.users", "crm.users.any"})
    EXPECT_TRUE(carries(rules, name)) << name;
  for (const std::string_view name :
       {"shop.orders.note", "crm.other", "crm.other.id", "hr", "hr.a", "hr.a.b", "Shop.orders"})
    EXPECT_FALSE(carries(rules, name)) << name;
}

TEST(ObjectRules, ExactNamesComeBeforePatternsAndBlackPatternsBeforeOthers) {
  const ObjectRules rules = rules_of(R"({"shop": {"all": false, "Table": {
      "log_.*": {"patternType": "REGEX"},
      "log_tmp.*": {"patternType": "REGEX", "filterType": "BLACK"},
      "log_tmp_kept": {"name": "kept"},
      "log_gone": {"filterType": "BLACK"}}}})");
  EXPECT_TRUE(carries(rules, "shop.log_1"));
  EXPECT_FALSE(carries(rules, "shop.log_tmp1")) << "the BLACK pattern wins though it stands behind";
  EXPECT_TRUE(carries(rules, "shop.log_tmp_kept")) << "an exact name comes first";
  EXPECT_FALSE(carries(rules, "shop.log_gone"));
  EXPECT_FALSE(carries(rules, "shop.log_tmp1.id")) << "nothing in it either";
  EXPECT_EQ(target(rules, "shop.log_tmp_kept"), "kept");
}

TEST(ObjectRules, BlackWithAllTakesWhatIsInItWithoutAllTheNextWayIsTried) {
  const ObjectRules black = rules_of(R"({"a": {"filterType": "BLACK", "Table": {"t": {}}}})");
  EXPECT_FALSE(carries(black, "a"));
  EXPECT_FALSE(carries(black, "a.t"));
  const ObjectRules partly =
      rules_of(R"({"a": {"filterType": "BLACK", "all": false, "Table": {"t": {}}}, "b*": {"patternType": "FNMATCH"},
                                          "b.*": {"patternType": "REGEX", "filterType": "BLACK", "all": false}})");
  EXPECT_FALSE(carries(partly, "a"));
  EXPECT_TRUE(carries(partly, "a.t"));
  EXPECT_FALSE(carries(partly, "a.u"));
  EXPECT_TRUE(carries(partly, "b1")) << "another way carries it";
  const ObjectRules column = rules_of(R"({"a": {"Table": {"t": {"column": {"secret": {"filterType": "BLACK"}}}}}})");
  EXPECT_FALSE(carries(column, "a.t.secret"));
  EXPECT_TRUE(carries(column, "a.t.id"));
}

TEST(ObjectRules, EveryWayIsTriedUntilOneDecides) {
  const ObjectRules rules = rules_of(R"({"shop": {"all": false, "Table": {"a": {"all": false, "column": {"id": {}}}}},
    "s.*": {"patternType": "REGEX", "all": false, "Table": {"b": {"name": "bb"}, "a": {"all": false, "column": {"note": {}}}}}})");
  EXPECT_TRUE(carries(rules, "shop.b"));
  EXPECT_TRUE(carries(rules, "shop.a.id"));
  EXPECT_TRUE(carries(rules, "shop.a.note"));
  EXPECT_FALSE(carries(rules, "shop.a.x"));
  EXPECT_EQ(target(rules, "shop.b"), "b") << "names come from the first way only";
  EXPECT_EQ(target(rules, "shops.b"), "bb");
}

TEST(ObjectRules, TargetNamesArePlaceholdersFilledElseTheSourcesOwn) {
  constexpr std::string_view json = R"j({"shop": {"name": "Store", "Table": {
      "log_(\\d+)": {"patternType": "REGEX", "name": "logs_{1}"}, "x(y)?": {"patternType": "REGEX", "name": "{1}"},
      "{1}": {"name": "{1}"}, "tmp_*": {"patternType": "FNMATCH", "name": "{0}_t"}, "Kept": {"name": ""},
      "w.": {"patternType": "REGEX", "name": "{what}"}}}})j";
  const ObjectRules rules = rules_of(json);
  EXPECT_EQ(target(rules, "shop"), "Store");
  EXPECT_EQ(target(rules, "shop.log_12"), "logs_12");
  EXPECT_EQ(target(rules, "shop.{1}"), "{1}") << "a bare name's target is taken as it is";
  EXPECT_EQ(target(rules, "shop.tmp_1"), "tmp_1_t");
  EXPECT_EQ(target(rules, "shop.x"), "x") << "nothing is left: the source's own";
  EXPECT_EQ(target(rules, "shop.w1"), "what") << "an unknown keyword stands for itself";
  EXPECT_EQ(target(rules, "shop.Other.Col"), "Col");
  const ObjectRules upper = rules_of(json, Capitalization::upper);
  EXPECT_EQ(target(upper, "shop"), "Store") << "an explicit name is taken as it is";
  EXPECT_EQ(target(upper, "shop.Kept"), "KEPT") << "an empty one is none";
  EXPECT_EQ(target(upper, "shop.Other.Straße"), "STRASSE");
  EXPECT_EQ(target(rules_of(json, Capitalization::lower), "shop.Other"), "other");
}

TEST(ObjectRules, AGrayNameDecidesInPlaceOfTheName) {
  const ObjectRules rules =
      rules_of(R"({"shop": {"all": false, "Table": {"orders": {"name": "orders_v2", "all": false, "column": {"id": {}}},
    "_(.*)_gho": {"patternType": "REGEX", "filterType": "GRAY", "grayName": "{1}", "name": "x_{grayNameMapped}"}}}})");
  EXPECT_TRUE(carries(rules, "shop._orders_gho"));
  EXPECT_FALSE(carries(rules, "shop._users_gho"));
  EXPECT_TRUE(carries(rules, "shop._orders_gho.id"));
  EXPECT_FALSE(carries(rules, "shop._orders_gho.note"));
  EXPECT_EQ(target(rules, "shop._orders_gho"), "x_orders_v2");
  const ObjectRules database = rules_of(
      R"({"shop": {"all": false, "Table": {"orders": {}}}, "shop_copy": {"filterType": "GRAY", "grayName": "shop"}})");
  EXPECT_TRUE(carries(database, "shop_copy.orders"));
  EXPECT_FALSE(carries(database, "shop_copy.users"));
  const ObjectRules prefix = rules_of(R"({"shop": {"all": false, "Table": {"orders_2024": {},
    "(.*)_all": {"patternType": "REGEX", "filterType": "GRAY", "grayName": "{1}", "grayNameMatchWay": "PREFIX"}}}})");
  EXPECT_TRUE(carries(prefix, "shop.orders_all"));
  EXPECT_FALSE(carries(prefix, "shop.users_all"));
}

TEST(ObjectRules, GrayNamesThatLeadRoundAreAnError) {
  const ObjectRules rules = rules_of(
      R"({"shop": {"Table": {"a": {"filterType": "GRAY", "grayName": "b"}, "b": {"filterType": "GRAY", "grayName": "a"},
    "c": {"filterType": "GRAY", "grayName": "c", "name": "c"}, "d.*": {"patternType": "REGEX", "filterType": "GRAY", "grayName": "{0}", "name": "{grayNameMapped}"}}}})");
  for (const std::string_view name : {"shop.a", "shop.b", "shop.c", "shop.d1"}) {
    const auto carried = rules.carries(name_of(name));
    ASSERT_FALSE(carried) << name;
    EXPECT_NE(carried.error().what.find("gray names"), std::string::npos) << carried.error().message();
    EXPECT_FALSE(carried.error().where.empty());
  }
  EXPECT_FALSE(rules.target(name_of("shop.d1")));
}

TEST(ObjectRules, WhatCannotBeTakenIsRefusedWithItsPlace) {
  for (const auto& [json, where] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {R"({"(": {"patternType": "REGEX"}})", "1:2"},
           {R"({"a": {"Table": {"(a)\\1": {"patternType": "REGEX"}}}})", "1:18"},
           {R"({"a.": {"patternType": "REGEX", "name": "{a}{b}"}})", "1:2"},
           {R"({"a": {"filterType": "GRAY"}})", "1:2"},
           {R"({"a.": {"patternType": "REGEX", "filterType": "GRAY", "grayName": "{x}"}})", "1:2"}}) {
    auto list = ObjectList::from_db_list(json);
    ASSERT_TRUE(list) << json;
    const auto rules = ObjectRules::compile(std::move(*list));
    ASSERT_FALSE(rules) << json;
    EXPECT_EQ(rules.error().where, where) << rules.error().message();
  }
}

TEST(ObjectRules, OptionsOfATableWinOverThoseOfItsDatabase) {
  const ObjectRules rules =
      rules_of(R"({"shop": {"dml_op": "i,u", "ddl_op": "al_tb", "message_key": "id", "filter": "never", "Table": {
    "orders": {"dml_op": "d", "filter": "id > 1"}, "users": {"message_key": "name"}}}})");
  EXPECT_EQ(rules.options("shop", "orders").dml, dml_delete);
  EXPECT_EQ(rules.options("shop", "orders").row_filter, "id > 1");
  EXPECT_EQ(rules.options("shop", "orders").message_key, "id");
  EXPECT_EQ(rules.options("shop", "users").dml, dml_insert | dml_update);
  EXPECT_EQ(rules.options("shop", "users").message_key, "name");
  EXPECT_EQ(rules.options("shop", "users").row_filter, "");
  EXPECT_EQ(rules.options("shop", "unlisted").dml, dml_insert | dml_update);
  EXPECT_EQ(rules.options("shop", "unlisted").ddl, "al_tb");
  EXPECT_EQ(rules.options("other", "x").dml, dml_all);
}

TEST(ObjectRules, TablesThatComeLaterAreCoveredByTheSameRules) {
  const ObjectRules rules = rules_of(
      R"({"shop": {"name": "store", "Table": {"tmp.*": {"patternType": "REGEX", "filterType": "BLACK"}}}, "crm": {"all": false}})");
  EXPECT_EQ(*rules.covers("shop", "new"), (TableNames{"store", "new"}));
  EXPECT_EQ(*rules.covers("shop", "tmp1"), std::nullopt);
  EXPECT_EQ(*rules.covers("crm", "new"), std::nullopt);
  EXPECT_EQ(*rules.covers("shop", ""), std::nullopt);
}

// The documented table, written once more without hashes and in one piece, with std::regex.
struct Oracle {
  const ObjectList& list;
  std::vector<std::string> names;

  static const std::vector<ObjectItem>* inner(const ObjectItem* item, const ObjectList& list, std::size_t level) {
    if (level == 0) return &list.databases;
    return item->items(level == 1 ? ItemType::table : ItemType::column);
  }
  std::optional<bool> decide(const ObjectItem* around, std::size_t level) const {
    if (level == names.size()) {
      if (around->filter_type == FilterType::white) return true;
      return around->all ? std::optional(false) : std::nullopt;
    }
    std::vector<const ObjectItem*> ways, black, others;
    if (const auto* items = inner(around, list, level))
      for (const ObjectItem& item : *items) {
        if (item.pattern == PatternType::bare_name ? item.source != names[level]
                                                   : !std::regex_match(names[level], std::regex(item.source)))
          continue;
        if (item.pattern == PatternType::bare_name)
          ways.push_back(&item);
        else if (item.filter_type == FilterType::black)
          black.insert(black.begin(), &item);
        else
          others.push_back(&item);
      }
    ways.insert(ways.end(), black.begin(), black.end());
    ways.insert(ways.end(), others.begin(), others.end());
    if (ways.empty()) {
      if (!around) return false;
      if (around->filter_type == FilterType::black) return around->all ? std::optional(false) : std::nullopt;
      return around->all ? std::optional(true) : std::nullopt;
    }
    for (const ObjectItem* way : ways) {
      if (way->filter_type == FilterType::black && way->all) return false;
      if (const auto decided = decide(way, level + 1)) return decided;
    }
    return std::nullopt;
  }
};

TEST(ObjectRules, RandomListsDecideAsTheTableOfWaysDoes) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  static constexpr std::string_view letters[] = {"a", "b", "c"};
  static constexpr std::string_view patterns[] = {"[ab]", "a|c", ".", "b?c"};
  const auto items = [&](const auto& self, int level) -> std::string {
    std::string out;
    std::vector<std::string_view> names(std::begin(letters), std::end(letters));
    names.insert(names.end(), std::begin(patterns), std::end(patterns));
    std::shuffle(names.begin(), names.end(), random);
    names.resize(random() % 4);
    for (const std::string_view name : names) {
      const bool is_pattern = std::find(std::begin(patterns), std::end(patterns), name) != std::end(patterns);
      out += fmt::format(R"({}"{}":{{"all":{},"filterType":"{}","patternType":"{}")", out.empty() ? "" : ",", name,
                         random() % 2 == 0, random() % 3 == 0 ? "BLACK" : "WHITE", is_pattern ? "REGEX" : "BARE_NAME");
      if (level < 2 && random() % 3 != 0)
        out += fmt::format(R"(,"{}":{})", level == 0 ? "Table" : "column", self(self, level + 1));
      out += "}";
    }
    return "{" + out + "}";
  };
  int carried = 0, all = 0;
  for (int round = 0; round < 300; ++round) {
    const std::string json = items(items, 0);
    const ObjectRules rules = rules_of(json);
    for (const std::string_view database : letters)
      for (const std::string_view table : {"a", "b", "c", ""})
        for (const std::string_view column : {"a", "b", "c", ""}) {
          if (table.empty() && !column.empty()) continue;
          Oracle oracle{rules.list(), {std::string(database)}};
          if (!table.empty()) oracle.names.emplace_back(table);
          if (!column.empty()) oracle.names.emplace_back(column);
          const bool expected = oracle.decide(nullptr, 0).value_or(false);
          ASSERT_EQ(*rules.carries({database, table, column}), expected)
              << json << " " << fmt::format("{}", fmt::join(oracle.names, "."));
          const bool takes_all =
              !column.empty() && *rules.carries({database, table, {}}) && rules.takes_all_columns(database, table);
          ASSERT_TRUE(expected || !takes_all) << json << " " << database << table << column;
          carried += expected;
          ++all;
        }
  }
  EXPECT_GT(carried, all / 50);
  EXPECT_LT(carried, all * 49 / 50);
}

}  // namespace
}  // namespace tributary::transform
