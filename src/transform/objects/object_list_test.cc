#include "transform/objects/object_list.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace tributary::transform {
namespace {

using base::ErrorCode;

// The shapes that DTS's own examples have: a whole database; listed tables; listed columns; operations; patterns.
constexpr std::string_view examples[] = {
    R"({"dtstestdata":{"name":"dtstestdata","all":true,"state":"normal"}})",
    R"({"dtstest":{"name":"dtstest","all":false,"state":"normal","dml_op":"i,u,d","ddl_op":"al_tb",
        "Table":{"customer":{"name":"customer","all":true,"dml_op":"i","state":"normal"},
                 "order":{"name":"dtstestorder","all":true}}}})",
    R"j({"dtstest":{"name":"dtstarget","all":false,
         "Table":{"customer":{"name":"client","all":false,"filter":"id > 10","shard":12,
           "column":{"id":{"key":"PRI","name":"id","type":"int(11)","sharedKey":false,"state":"checked"},
                     "name":{"name":"title","state":"checked"}}}},
         "View":{"v1":{"name":"v1","all":true}}}})j",
    R"j({"shop_\\d+":{"name":"shop","patternType":"REGEX","all":true},
         "tmp*":{"patternType":"FNMATCH","filterType":"BLACK"},
         "_(.*)_gho":{"patternType":"REGEX","filterType":"GRAY","grayName":"{1}","grayNameMatchWay":"PREFIX",
                      "name":"{grayNameMapped}"}})j",
    R"({"a":{"num":1e3,"big":12345678901234567890,"list":[1,[],{"x":null}],"unknown":{"deep":{"all":false}},
             "":"empty","all":null,"é\n\u0001":"\ud83d\ude00"}})",
    "{}",
};

TEST(ObjectList, WhatIsReadIsWrittenBack) {
  for (const std::string_view text : examples) {
    const auto list = ObjectList::from_db_list(text);
    ASSERT_TRUE(list) << text << ": " << list.error().message();
    EXPECT_EQ(nlohmann::json::parse(list->to_db_list()), nlohmann::json::parse(text));
    for (const bool is_indented : {false, true}) {
      const auto again = ObjectList::from_db_list(list->to_db_list(is_indented));
      ASSERT_TRUE(again) << again.error().message();
      EXPECT_EQ(*again, *list);
    }
  }
  EXPECT_NE(ObjectList::from_db_list(examples[4])->to_db_list().find("12345678901234567890"), std::string::npos)
      << "numbers keep their spelling";
}

TEST(ObjectList, AttributesMeanWhatTheySay) {
  const auto list = ObjectList::from_db_list(examples[2]);
  ASSERT_TRUE(list) << list.error().message();
  const ObjectItem& database = list->databases.at(0);
  EXPECT_EQ(database.source, "dtstest");
  EXPECT_EQ(database.target, "dtstarget");
  EXPECT_FALSE(database.all);
  const ObjectItem& table = database.items(ItemType::table)->at(0);
  EXPECT_EQ(table.row_filter, "id > 10");
  EXPECT_FALSE(table.all);
  EXPECT_EQ(table.items(ItemType::column)->at(1).target, "title");
  EXPECT_TRUE(table.items(ItemType::column)->at(0).all) << "true where it is not said";
  const auto patterns = ObjectList::from_db_list(examples[3]);
  ASSERT_TRUE(patterns) << patterns.error().message();
  EXPECT_EQ(patterns->databases[0].pattern, PatternType::regex);
  EXPECT_EQ(patterns->databases[1].pattern, PatternType::fnmatch);
  EXPECT_EQ(patterns->databases[1].filter_type, FilterType::black);
  EXPECT_EQ(patterns->databases[2].gray_name, "{1}");
  EXPECT_TRUE(patterns->databases[2].gray_matches_prefix);
}

TEST(ObjectList, KeysOfObjectsAreReadInAnyCase) {
  const auto list =
      ObjectList::from_db_list(R"({"a":{"all":false,"tAbLe":{"t":{"COLUMN":{"c":{}}}},"TABLE":{"u":{}}}})");
  ASSERT_TRUE(list) << list.error().message();
  ASSERT_EQ(list->databases[0].items(ItemType::table)->size(), 2u);
  EXPECT_EQ(list->databases[0].items(ItemType::table)->at(0).items(ItemType::column)->at(0).source, "c");
  EXPECT_EQ(list->databases[0].items(ItemType::table)->at(1).source, "u");
}

TEST(ObjectList, OperationsAreLettersOrWords) {
  EXPECT_EQ(*parse_dml("i,u,d"), dml_all);
  EXPECT_EQ(*parse_dml("INSERT, update"), dml_insert | dml_update);
  EXPECT_EQ(*parse_dml("d|i"), dml_insert | dml_delete);
  EXPECT_EQ(*parse_dml("none"), 0);
  EXPECT_EQ(*parse_dml(""), std::nullopt);
  EXPECT_FALSE(parse_dml("i,x"));
  const auto list =
      ObjectList::from_db_list(R"({"a":{"dml_op":["insert","delete"]},"b":{"dml_op":[]},"c":{"dml_op":""}})");
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_EQ(list->databases[0].dml, dml_insert | dml_delete);
  EXPECT_EQ(list->databases[1].dml, 0);
  EXPECT_EQ(list->databases[2].dml, std::nullopt);
  for (int bits = 0; bits <= dml_all; ++bits) EXPECT_EQ(*parse_dml(dml_text(static_cast<std::uint8_t>(bits))), bits);
}

struct Wrong {
  std::string_view text, where, what;
  ErrorCode code = ErrorCode::objects_bad_value;
};

TEST(ObjectList, ErrorsNameLineAndColumn) {
  using enum ErrorCode;
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {"", "1:1", "end of input", objects_syntax},
           {"{\"a\":\n  {\"all\": tru}}", "2:14", "invalid literal", objects_syntax},
           {"{\"é\": {}, \"é\": {}}", "1:11", "second time", objects_syntax},
           {"{\"a\": {}} x", "1:11", "expected end of input", objects_syntax},
           {"{\"a\": \"\\ud800\"}", "1:14", "surrogate", objects_syntax},
           {"{\"a\": 01}", "1:8", "number literal", objects_syntax},
           {"{\"a\": 1e400}", "1:11", "number overflow", objects_syntax},
           {"{\"a\": {},}", "1:10", "expected string literal", objects_syntax},
           {"{\"a\": \"\xff\"}", "1:8", "UTF-8", objects_syntax},
           {"{\"a\": \"b", "1:9", "missing closing quote", objects_syntax},
           {"7", "1:1", "object in braces"},
           {"{\"a\": true}", "1:7", "`a` must be an object"},
           {"{\"a\": {\"Table\": {\n\"t\": []}}}", "2:6", "table `t`"},
           {"{\"\": {}}", "1:2", "empty"},
           {"{\"a\": {\"all\": \"yes\"}}", "1:15", "true or false"},
           {"{\"a\": {\"name\": 5}}", "1:16", "must be a text"},
           {"{\"a\": {\"patternType\": \"LIKE\"}}", "1:23", "BARE_NAME, REGEX, FNMATCH"},
           {"{\"a\": {\"filterType\": \"RED\"}}", "1:22", "WHITE, BLACK, GRAY"},
           {"{\"a\": {\"dml_op\": \"i,k\"}}", "1:18", "`k` is no operation"},
           {"{\"a\": {\"Table\": {\"t\": {}}, \"table\": {\"t\": {}}}}", "1:38", "second time"}}) {
    const auto list = ObjectList::from_db_list(wrong.text);
    ASSERT_FALSE(list) << wrong.text;
    EXPECT_EQ(list.error().info().name, base::error_info(wrong.code).name) << wrong.text;
    EXPECT_EQ(list.error().where, wrong.where) << wrong.text << ": " << list.error().what;
    EXPECT_NE(list.error().what.find(wrong.what), std::string::npos) << wrong.text << ": " << list.error().what;
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += R"({"a":)";
  EXPECT_NE(ObjectList::from_db_list(deep).error().what.find("deeper"), std::string::npos);
}

TEST(ObjectList, TheOlderFormatIsReadAsTheSameThing) {
  const auto old = ObjectList::from_migration_objects(R"([
    {"DBName": "shop", "NewDBName": "store", "TableIncludes": [
       {"TableName": "orders", "NewTableName": "orders_v2", "FilterCondition": "id > 1", "PrimaryKey": "id",
        "ColumnIncludes": [{"ColumnName": "id"}, {"ColumnName": "note", "NewColumnName": "remark"}]},
       {"TableName": "log.*", "ColumnExcludes": [{"ColumnName": "secret"}]}]},
    {"DBName": "crm", "AllTable": true, "TableExcludes": [{"TableName": "tmp[0-9]"}, {"TableName": "a$b"}]}])");
  ASSERT_TRUE(old) << old.error().message();
  const auto expected = ObjectList::from_db_list(R"({
    "shop": {"name": "store", "all": false, "Table": {
      "orders": {"name": "orders_v2", "filter": "id > 1", "primary_key": "id", "all": false,
                 "column": {"id": {"all": true}, "note": {"name": "remark", "all": true}}},
      "log.*": {"patternType": "REGEX", "all": true, "column": {"secret": {"filterType": "BLACK", "all": true}}}}},
    "crm": {"all": true, "Table": {"tmp[0-9]": {"patternType": "REGEX", "filterType": "BLACK", "all": true},
                                   "a$b": {"filterType": "BLACK", "all": true}}}})");
  ASSERT_TRUE(expected) << expected.error().message();
  EXPECT_EQ(nlohmann::json::parse(old->to_db_list()), nlohmann::json::parse(expected->to_db_list()));
  EXPECT_EQ(*ObjectList::from_db_list(R"([{"DBName":"a"}])"),
            *ObjectList::from_migration_objects(R"([{"DBName":"a"}])"));
}

TEST(ObjectList, NamesOfTheOlderFormatHoldPartOfRegularExpressions) {
  const auto source_of = [](const std::string& name) {
    const auto list = ObjectList::from_migration_objects(R"([{"DBName": ")" + name + "\"}]");
    return list ? list->databases[0].source : list.error().message();
  };
  EXPECT_EQ(source_of("a+b"), "a+b") << "a bare name";
  EXPECT_EQ(source_of("a+b.*"), "a\\+b.*");
  EXPECT_EQ(source_of("[^a-z]x?"), "[^a-z]x?");
  EXPECT_EQ(source_of("a^b."), "a\\^b.");
}

TEST(ObjectList, ErrorsOfTheOlderFormatNameTheirPlace) {
  for (const Wrong& wrong :
       std::initializer_list<Wrong>{{"{}", "1:1", "list in brackets"},
                                    {"[1]", "1:2", "object in braces"},
                                    {"[{\"DbName\": \"a\"}]", "1:3", "its keys are DBName"},
                                    {"[{}]", "1:2", "has no `DBName`"},
                                    {"[{\"DBName\": \"a\", \"AllTable\": \"true\"}]", "1:30", "true or false"},
                                    {"[{\"DBName\": \"a\", \"TableIncludes\": {}}]", "1:35", "list in brackets"},
                                    {"[{\"DBName\": \"a\"}, {\"DBName\": \"a\"}]", "1:19", "second time"}}) {
    const auto list = ObjectList::from_migration_objects(wrong.text);
    ASSERT_FALSE(list) << wrong.text;
    EXPECT_EQ(list.error().where, wrong.where) << wrong.text << ": " << list.error().what;
    EXPECT_NE(list.error().what.find(wrong.what), std::string::npos) << list.error().what;
  }
}

TEST(ObjectList, MergingKeepsAllAndRefusesTwoTargetNames) {
  auto list = ObjectList::from_db_list(R"({"a": {"all": false, "Table": {"t": {"all": false, "column": {"x": {}}}}}})");
  const auto other =
      ObjectList::from_db_list(R"({"a": {"name": "b", "all": true, "Table": {"t": {"all": false, "column": {"y": {}}},
    "t.*": {"patternType": "REGEX"}}}, "c": {}})");
  ASSERT_TRUE(list && other);
  ASSERT_TRUE(list->merge(*other));
  EXPECT_EQ(nlohmann::json::parse(list->to_db_list()),
            nlohmann::json::parse(R"({"a": {"all": true, "name": "b", "Table": {
    "t": {"all": false, "column": {"x": {}, "y": {}}}, "t.*": {"patternType": "REGEX"}}}, "c": {}})"));
  EXPECT_TRUE(list->databases[0].all);
  auto bare = ObjectList::from_db_list(R"({"a": {"Table": null, "column": 1}})");
  ASSERT_TRUE(bare->merge(*ObjectList::from_db_list(R"({"a": {"Table": {"t": {}}, "View": 2}})")));
  ASSERT_TRUE(bare->merge(*ObjectList::from_db_list(R"({"a": {"Table": [], "View": {}}})")));
  EXPECT_EQ(bare->to_db_list(), R"({"a":{"column":1,"Table":{"t":{}},"View":{}}})") << "no key twice";
  const auto clash = list->merge(*ObjectList::from_db_list(R"({"a": {"name": "other"}})"));
  ASSERT_FALSE(clash);
  EXPECT_EQ(clash.error().code, ErrorCode::objects_conflict);
}

// Any text of the format's own words: what is read, written and read again is the same.
TEST(ObjectList, RandomTextsAreWrittenAsTheyWereRead) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  static constexpr std::string_view words[] = {"{",
                                               "}",
                                               "[",
                                               "]",
                                               ",",
                                               ":",
                                               "\"a\"",
                                               "\"name\"",
                                               "\"all\"",
                                               "true",
                                               "null",
                                               "\"Table\"",
                                               "\"column\"",
                                               "-1.50e3",
                                               "\"\\u00e9\"",
                                               " ",
                                               "{\"b\":{}}",
                                               "\"REGEX\"",
                                               "\"patternType\""};
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = "{\"d\":{";
    for (unsigned n = random() % 12; n > 0; --n) text += words[random() % std::size(words)];
    text += "}}";
    const auto list = ObjectList::from_db_list(text);
    if (!list) continue;
    ++read;
    EXPECT_EQ(nlohmann::json::parse(list->to_db_list()), nlohmann::json::parse(text));
    EXPECT_EQ(*ObjectList::from_db_list(list->to_db_list()), *list) << text;
  }
  EXPECT_GT(read, 100);
}

TEST(ObjectList, NumbersAndOrderStayAndEveryTokenHasItsPlace) {
  const std::string text =
      "\xEF\xBB\xBF{\"b\": {\"x\": -0.50E+1,\n \"all\" : true, \"y\": [1, 20,\t-3]}, \"a\": {\"z\": 7}}";
  const auto list = ObjectList::from_db_list(text);
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_EQ(list->to_db_list(), R"({"b":{"x":-0.50E+1,"all":true,"y":[1,20,-3]},"a":{"z":7}})");
  const ObjectItem& item = list->databases[0];
  EXPECT_EQ(item.place.text(), "1:2");
  EXPECT_EQ(item.attribute("x")->place.text(), "1:13");
  EXPECT_EQ(item.attribute("all")->place.text(), "2:10");
  EXPECT_EQ(item.attribute("y")->items[2].place.text(), "2:29");
  EXPECT_EQ(list->databases[1].attribute("z")->place.text(), "2:46");
}

}  // namespace
}  // namespace tributary::transform
