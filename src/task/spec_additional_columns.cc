#include <strings.h>

#include <algorithm>

#include "task/spec_parts.h"

namespace tributary::task {

using transform::AdditionalColumn;

std::vector<AdditionalColumn> read_additional_columns(const Section& task) {
  constexpr std::string_view key = "additional_columns";
  constexpr std::size_t name_characters_max = 64;
  std::vector<AdditionalColumn> columns;
  const YamlNode* node = task.find(key);
  if (node == nullptr) return columns;
  if (node->kind == YamlNode::Kind::scalar && node->text == "dts") return transform::dts_additional_columns();
  if (node->kind != YamlNode::Kind::map || node->children.empty()) {
    task.bad(key, "must be `dts` or a map like {op: operation, changed_at: time}");
    return columns;
  }
  const std::vector<std::string_view> facts = transform::fact_names();
  for (const YamlNode& column : node->children) {
    const std::string path = fmt::format("{}.{}", key, column.key);
    // Of UTF-8, each character has one byte that does not continue another.
    const auto characters = std::ranges::count_if(column.key, [](char c) { return (c & 0xc0) != 0x80; });
    if (column.key.empty() || static_cast<std::size_t>(characters) > name_characters_max || column.key.ends_with(' '))
      task.bad(column.key_mark, path, "must be a column's name of 1 to 64 characters");
    if (std::ranges::any_of(columns, [&](const AdditionalColumn& other) {
          return strcasecmp(other.name.c_str(), column.key.c_str()) == 0;
        }))
      task.bad(column.key_mark, path, "differs in case only from another one: servers take them for one column");
    const std::string word = scalar_text(task.problems(), column, path);
    const std::optional<transform::Fact> holds = transform::fact_of(word);
    if (holds)
      columns.push_back({column.key, *holds});
    else if (!word.empty())
      task.bad(column.mark, path,
               fmt::format("is {}, allowed are {}{}", quote(word), fmt::join(facts, ", "), did_you_mean(word, facts)));
  }
  return columns;
}

}  // namespace tributary::task
