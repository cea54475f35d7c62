// docs/etl.md against the code: each of its examples is run, each function stands there with its words.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "transform/etl/test_row.h"

namespace tributary::transform::etl {
namespace {

struct Example {
  std::string left, right;
  int line;
};

struct Page {
  std::string text, table;
  std::vector<Example> examples;
};

Page read_page() {
  std::ifstream file("docs/etl.md");
  Page page;
  std::string line, fence;
  for (int number = 1; std::getline(file, line); ++number) {
    page.text += line + "\n";
    if (line.starts_with("```")) {
      fence = fence.empty() ? line.substr(3) : "";
      continue;
    }
    if (fence == "etl-table") page.table += line + "\n";
    if (fence != "etl" || line.empty()) continue;
    const std::size_t arrow = line.rfind(" -> ");
    if (arrow == std::string::npos) {
      ADD_FAILURE() << "docs/etl.md:" << number << ": an example without ->";
      continue;
    }
    std::string left = line.substr(0, arrow);
    while (left.ends_with(' ')) left.pop_back();
    page.examples.push_back({left, line.substr(arrow + 4), number});
  }
  return page;
}

TEST(EtlDocs, ExamplesGiveWhatThePageSays) {
  const Page page = read_page();
  ASSERT_GT(page.examples.size(), 100U);
  for (const Example& example : page.examples) {
    TestRow row(page.table);
    std::string script = example.left;
    auto operation = model::Operation::insert;
    if (script.starts_with("UPDATE ")) operation = model::Operation::update;
    if (script.starts_with("DELETE ")) operation = model::Operation::delete_;
    if (operation != model::Operation::insert) script.erase(0, 7);
    const bool is_action = script.starts_with("e_") || script.starts_with("tail_") || script.starts_with("script:");
    EXPECT_EQ(is_action ? row.effect_of(script, operation) : row.value_of(script), example.right)
        << "docs/etl.md:" << example.line << ": " << example.left;
  }
}

TEST(EtlDocs, EveryFunctionIsDescribedAndShown) {
  const Page page = read_page();
  for (const FunctionText& f : describe_functions()) {
    EXPECT_NE(page.text.find("`" + std::string(f.signature) + "`: " + std::string(f.text) + "."), std::string::npos)
        << f.signature;
    const auto shows = [&](const Example& e) { return e.left.find(std::string(f.name) + "(") != std::string::npos; };
    EXPECT_TRUE(std::ranges::any_of(page.examples, shows)) << f.name;
  }
}

TEST(EtlDocs, ExamplesPrintedAndCompiledAgainAreTheSame) {
  const Page page = read_page();
  TestRow row(page.table);
  std::size_t compiled = 0;
  for (const Example& example : page.examples) {
    const auto program = row.compile("e_compose(e_keep(true), e_set(`result`, " + example.left + "))");
    if (!program) continue;
    ++compiled;
    const auto again = row.compile(program->text());
    ASSERT_TRUE(again.has_value()) << program->text();
    EXPECT_EQ(again->text(), program->text());
  }
  EXPECT_GT(compiled, 50U);
}

}  // namespace
}  // namespace tributary::transform::etl
