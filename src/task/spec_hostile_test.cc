#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <regex>

#include "task/spec.h"
#include "task/spec_reference.h"
#include "task/spec_yaml.h"

namespace tributary::task {
namespace {

using base::ErrorCode;

// Whatever the bytes, there is a task or an error of the task file with a place in it.
void expect_answer(std::string_view text) {
  const auto spec = parse_task(text, "t", "/tasks");
  if (spec) return;
  EXPECT_EQ(spec.error().info().side, base::ErrorSide::task) << spec.error().message();
  EXPECT_TRUE(std::regex_match(spec.error().where, std::regex("t:[0-9]+:[0-9]+"))) << spec.error().message();
}

void expect_syntax_error(const std::string& text, std::string_view where, std::string_view what) {
  const auto node = parse_yaml(text, "t");
  ASSERT_FALSE(node.has_value());
  EXPECT_EQ(node.error().code, ErrorCode::task_syntax);
  EXPECT_EQ(node.error().where, "t:" + std::string(where)) << node.error().message();
  EXPECT_NE(node.error().what.find(what), std::string::npos) << node.error().what;
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

TEST(TaskYaml, SyntaxErrorsNameLineAndColumn) {
  expect_syntax_error("", "1:1", "empty");
  expect_syntax_error("# nothing\n", "1:1", "empty");
  expect_syntax_error("a: [1, 2\nb: 3\n", "2:2", "");
  expect_syntax_error("a: 1\n b: 2\n", "2:3", "");
  expect_syntax_error("a: 1\nb: \"x\n", "2:6", "quote is not closed");
  expect_syntax_error("a: 'x", "1:6", "quote is not closed");
  expect_syntax_error("- a\n", "1:1", "must be a list of `key: value` lines");
  expect_syntax_error("a: 1\n---\nb: 2\n", "3:1", "second document");
  expect_syntax_error("[a]: 1\n", "1:1", "");
}

TEST(TaskYaml, WhatATaskFileHasNoUseForIsRefused) {
  expect_syntax_error("a: &x 1\nb: *x\n", "1:4", "anchors");
  expect_syntax_error("a: !!str 1\n", "1:4", "tags");
  expect_syntax_error("a: 1\nb: \x04\n", "2:4", "control character 0x04");
  expect_syntax_error("a: 1\nb: \xff\n", "2:4", "byte 0xff is not UTF-8");
  expect_syntax_error(std::string("a\0b: 1", 6), "1:2", "control character 0x00");
}

TEST(TaskYaml, NestingIsLimitedBeforeItCostsStack) {
  expect_syntax_error("a: " + repeated("[", 30) + repeated("]", 30), "1:27", "nested deeper");
  expect_syntax_error("a: " + repeated("{a: ", 100'000), "1:96", "nested deeper");
  expect_answer("a: " + repeated("[", 100'000));
  expect_answer("a:" + repeated(" ?", 100'000));
  expect_syntax_error(repeated("- ", 100'000), "1:49", "nested deeper");
}

TEST(TaskYaml, SizeIsLimited) {
  expect_syntax_error("a: " + std::string(yaml_bytes_max, 'x'), "1:1", "larger than 4 MiB");
  const auto many = parse_yaml("a: [" + repeated("1,", yaml_nodes_max + 1) + "]", "t");
  ASSERT_FALSE(many);
  EXPECT_NE(many.error().what.find("more than 200000 values"), std::string::npos) << many.error().message();
}

TEST(TaskYaml, AnAliasBombCostsNothing) {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'n'; ++c)
    bomb += fmt::format("{0}: &{0} [{1}]\n", c, repeated(fmt::format("*{},", char(c - 1)), 9));
  expect_answer(bomb);
}

TEST(TaskSpecHostile, RandomBytesGiveAnError) {
  const auto seed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    std::string bytes(random() % 2000, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    expect_answer(bytes);
  }
}

TEST(TaskSpecHostile, RandomYamlLikeTextGivesAnAnswer) {
  const auto seed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr std::string_view pieces[] = {"a",     ": ",    "- ",          "\n", "  ",  "[",  "]",    "{",  "}",
                                         "\"",    "'",     "|",           ">",  "&a ", "*a", "!!b ", "? ", "#",
                                         "---\n", "...\n", "%YAML 1.2\n", ",",  "\\x", "\t", "~",    "é"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t i = random() % 60; i > 0; --i) text += pieces[random() % std::size(pieces)];
    expect_answer(text);
  }
}

TEST(TaskSpecHostile, ADamagedTaskFileGivesATaskOrAnError) {
  const auto seed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string whole(task_file_reference());
  for (std::size_t length = 0; length < whole.size(); length += 7) expect_answer(whole.substr(0, length));
  for (int round = 0; round < 1500; ++round) {
    std::string damaged = whole;
    for (std::size_t i = 1 + random() % 4; i > 0; --i) {
      const std::size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0:
          damaged[at] = static_cast<char>(random());
          break;
        case 1:
          damaged.erase(at, random() % 8);
          break;
        case 2:
          damaged.insert(at, whole.substr(random() % whole.size(), random() % 12));
          break;
      }
    }
    expect_answer(damaged);
  }
}

}  // namespace
}  // namespace tributary::task
