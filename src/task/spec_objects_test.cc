#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "task/spec.h"

namespace tributary::task {
namespace {

using base::ErrorCode;
using transform::Capitalization;

// The list stands on line 5, its value begins in column 10.
std::string task_with(std::string_view objects, std::string_view more = "") {
  return fmt::format(
      "name: t\nsource: {{engine: mysql, host: h, user: u, password: p}}\n"
      "destination: {{engine: kafka, brokers: \"b:9092\", topic: t}}\nmigration: [full]\n"
      "objects: {}\nstate_dir: s\n{}",
      objects, more);
}

base::Result<TaskSpec> parse(std::string_view objects, std::string_view more = "",
                             const std::filesystem::path& folder = "/nowhere") {
  return parse_task(task_with(objects, more), "t", folder);
}

nlohmann::json list_of(std::string_view objects) {
  const auto spec = parse(objects);
  EXPECT_TRUE(spec) << objects << ": " << (spec ? "" : spec.error().message());
  return spec ? nlohmann::json::parse(spec->object_list.to_db_list()) : nlohmann::json();
}

TEST(TaskObjects, TheShortFormIsAListOfItsOwn) {
  EXPECT_EQ(list_of("{shop: all, crm: [customers]}"),
            nlohmann::json::parse(
                R"({"shop": {"all": true}, "crm": {"all": false, "Table": {"customers": {"all": true}}}})"));
  const auto spec = parse("{shop: all, crm: [customers]}");
  EXPECT_TRUE(spec->has_plain_objects());
  EXPECT_NE(spec->canonical_yaml().find("\"crm\": [\"customers\"]"), std::string::npos) << spec->canonical_yaml();
  EXPECT_EQ(spec->identity().find("object_list"), std::string::npos) << "a task that has run goes on";
}

TEST(TaskObjects, TheLongFormSaysWhatADbListSays) {
  const auto expected = nlohmann::json::parse(R"j({"shop": {"name": "store", "all": false, "dml_op": "i,u", "Table": {
      "orders": {"name": "orders_v2", "all": false, "dml_op": "d", "filter": "amount > 10", "message_key": "id",
                 "column": {"id": {"name": "id", "all": true}, "note": {"all": true}}},
      "users": {"name": "people", "all": true},
      "log_(\\d+)": {"patternType": "REGEX", "name": "logs_{1}", "all": true,
                     "column": {"secret": {"filterType": "BLACK", "all": true}}},
      "tmp*": {"patternType": "FNMATCH", "filterType": "BLACK", "all": true}}}})j");
  EXPECT_EQ(list_of(R"j({shop: {name: store, dml: [insert, update], tables: {
    orders: {name: orders_v2, columns: {id: id, note: }, where: "amount > 10", dml: delete, message_key: id},
    users: people, "regex:log_(\\d+)": {name: "logs_{1}", exclude: [secret]}}, exclude: ["glob:tmp*"]}})j"),
            expected);
  EXPECT_EQ(list_of("{a: {exclude: [x]}}"),
            nlohmann::json::parse(R"({"a": {"all": true, "Table": {"x": {"filterType": "BLACK", "all": true}}}})"));
  EXPECT_EQ(list_of("{a: {all: true, tables: [x]}}"),
            nlohmann::json::parse(R"({"a": {"all": true, "Table": {"x": {"all": true}}}})"));
}

TEST(TaskObjects, ADbListStandsInTheFileOrBesideIt) {
  const std::string list = R"({"shop":{"name":"store","all":true,"state":"normal"}})";
  EXPECT_EQ(list_of("{db_list: '" + list + "'}"), nlohmann::json::parse(list));
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("tributary_objects_test_{}", getpid());
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "objects.json") << list;
  std::ofstream(folder / "wrong.json") << "{\"shop\":\n {\"all\": 1}}";
  const auto spec = parse("{db_list_file: objects.json}", "", folder);
  const auto wrong = parse("{db_list_file: wrong.json}", "", folder);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->object_list.to_db_list(), list);
  EXPECT_FALSE(spec->has_plain_objects());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().where, "t:5:25");
  EXPECT_EQ(wrong.error().what, "wrong.json:2:10: `all` of `shop` must be true or false");
  EXPECT_EQ(list_of("{db_list: all}"), nlohmann::json::parse(R"({"db_list": {"all": true}})"))
      << "a database may be called so";
}

TEST(TaskObjects, WhereToLookIsMadeOfTheList) {
  const auto spec = parse(
      R"({a: all, b: {tables: {x: y}}, c: {tables: ["regex:x.*"]}, "regex:d.*": all, e: {all: false, exclude: [x]}})");
  ASSERT_TRUE(spec) << spec.error().message();
  ASSERT_EQ(spec->objects.size(), 4u);
  EXPECT_TRUE(spec->objects[0].all);
  EXPECT_EQ(spec->objects[1].tables, std::vector<std::string>{"x"});
  EXPECT_TRUE(spec->objects[2].all) << "only the rules can tell";
  EXPECT_EQ(spec->objects[3].database, "e");
}

TEST(TaskObjects, TheWholeIsPrintedAndKnownAgain) {
  for (const std::string_view objects :
       {"{shop: all, crm: [a, b]}", R"({shop: {name: "s\"\\é", tables: {o: {columns: [id], where: "a = 'x\\n'"}}}})",
        R"({db_list: '{"regex:x":{"all":true}}'})", R"({db_list: '{"a\n\u007f":{"all":true}}'})", "{db_list: [all]}",
        R"({db_list: '[{"DBName":"a"}]'})", "{a: {all: false, exclude: [x]}}"}) {
    for (const std::string_view more : {"", "names: {capitalization: lower}\n", "names: {capitalization: source}\n"}) {
      const auto spec = parse(objects, more);
      ASSERT_TRUE(spec) << objects << ": " << spec.error().message();
      const auto again = parse_task(spec->canonical_yaml(), "t", "/nowhere");
      ASSERT_TRUE(again) << again.error().message() << "\n" << spec->canonical_yaml();
      EXPECT_EQ(again->object_list, spec->object_list) << spec->canonical_yaml();
      EXPECT_EQ(again->canonical_yaml(), spec->canonical_yaml());
      EXPECT_EQ(again->identity(), spec->identity());
    }
  }
}

TEST(TaskObjects, IdentityIsWhatIsCarriedNotTheOrderItIsSaidIn) {
  const auto identity = [](std::string_view objects, std::string_view more = "") {
    return parse(objects, more)->identity();
  };
  const std::string one = identity("{a: {name: x, tables: {t: u, v: w}}, b: all}");
  EXPECT_EQ(one, identity("{b: all, a: {tables: {v: w, t: u}, name: x}}"));
  EXPECT_NE(one, identity("{b: all, a: {tables: {v: w, t: t2}, name: x}}"));
  EXPECT_NE(one, identity("{a: {name: x, tables: {t: u, v: w}}, b: all}", "names: {capitalization: upper}\n"));
  EXPECT_EQ(identity("{a: all}"), identity("{a: all}", "names: {capitalization: source}\n"))
      << "which is Kafka's default";
}

TEST(TaskObjects, ErrorsNameTheirPlace) {
  struct Wrong {
    std::string_view objects, where, what;
    ErrorCode code = ErrorCode::task_bad_value;
  };
  using enum ErrorCode;
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {"{a: some}", "5:14", "must be `all` or a list"},
           {"{a: {table: [x]}}", "5:15", "did you mean `tables`?", task_unknown_key},
           {"{a: {tables: {x: {column: [y]}}}}", "5:28", "did you mean `columns`?", task_unknown_key},
           {"{a: {tables: {x: {dml: [insert, merge]}}}}", "5:33", "`merge` is no operation"},
           {"{a: {tables: {\"regex:(\": x}}}", "5:24", "regular expression `(`", objects_bad_value},
           {"{a: {exclude: [\"glob:[\"]}}", "5:25", "without its ]", objects_bad_value},
           {"{a: {tables: {\"regex:x\": \"{a}{b}\"}}}", "5:24", "two keywords", objects_bad_value},
           {"{a: {tables: [x], exclude: [x]}}", "5:38", "second time", objects_bad_value},
           {"{a: {tables: {\"regex:\": x}}}", "5:24", "empty name"},
           {"{db_list: '{}'}", "5:20", "names no database"},
           {"{db_list: '{\"a\": 1}'}", "5:20", "the list:1:7: the database `a`", objects_bad_value},
           {"{db_list: '{\"a\": {}}', b: all}", "5:33", "stands beside", task_unknown_key},
           {"{db_list: 'x'}", "5:20", "the list:1:1", objects_syntax},
           {"{db_list_file: none.json}", "5:25", "can't be read"}}) {
    const auto spec = parse(wrong.objects);
    ASSERT_FALSE(spec) << wrong.objects;
    EXPECT_EQ(spec.error().info().name, base::error_info(wrong.code).name) << spec.error().message();
    EXPECT_EQ(spec.error().where, fmt::format("t:{}", wrong.where)) << wrong.objects << ": " << spec.error().what;
    EXPECT_NE(spec.error().what.find(wrong.what), std::string::npos) << wrong.objects << ": " << spec.error().what;
  }
  EXPECT_EQ(parse("{a: all}", "names: {capitalization: title}\n").error().where, "t:7:25");
}

// Each list of docs/objects.md is read, and says what the DbList behind it says.
TEST(TaskObjects, TheExamplesOfTheDocumentationAreTakenAsTheySay) {
  std::ifstream file("docs/objects.md");
  ASSERT_TRUE(file) << "tests run in the source's folder";
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto block = [&](std::string_view kind, std::size_t& at) {
    const std::size_t begin = text.find(fmt::format("```{}\n", kind), at);
    if (begin == std::string::npos) return std::string();
    const std::size_t first = begin + kind.size() + 4;
    at = text.find("```", first);
    return text.substr(first, at - first);
  };
  int examples = 0;
  for (std::size_t at = 0;; ++examples) {
    const std::string yaml = block("yaml", at);
    if (yaml.empty()) break;
    std::string task = task_with("x");
    task.replace(task.find("objects: x\n"), 11, yaml);
    const auto spec = parse_task(task, "t", "/nowhere");
    ASSERT_TRUE(spec) << yaml << spec.error().message();
    EXPECT_EQ(nlohmann::json::parse(spec->object_list.to_db_list()), nlohmann::json::parse(block("json", at))) << yaml;
  }
  EXPECT_EQ(examples, 2);
}

}  // namespace
}  // namespace tributary::task
