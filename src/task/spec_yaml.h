// Task files as a tree with places: every node knows its line and column. A small subset of YAML on purpose: maps with
// text keys, lists, scalars; no anchors, aliases, tags or second documents, and limits on size and depth. So hostile
// files end in an error before they cost anything. Hides yaml-cpp. Threads: free functions, no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tributary::task {

struct Mark {
  int line = 1, column = 1;  // from 1; column counts characters

  auto operator<=>(const Mark&) const = default;
};

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  bool quoted = false;  // scalar
  Mark mark;
  std::string text;  // scalar
  std::string key;   // of a map's child
  Mark key_mark;
  std::vector<YamlNode> children;  // of a list or map, in the file's order; keys of a map are unique

  const YamlNode* child(std::string_view name) const;
};

inline constexpr std::size_t yaml_bytes_max = 4 << 20;
inline constexpr std::size_t yaml_depth_max = 24;
inline constexpr std::size_t yaml_nodes_max = 200'000;

// The root is a map. Errors: task.syntax, and task.bad_value for a duplicate key; where is file:line:column.
base::Result<YamlNode> parse_yaml(std::string_view text, std::string_view file_name);

// "file:line:column".
std::string place(std::string_view file_name, Mark mark);
// Text of the file for a message: `text`, shortened, control characters shown as \xNN.
std::string quote(std::string_view text);

}  // namespace tributary::task
