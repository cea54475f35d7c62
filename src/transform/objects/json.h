// JSON as somebody wrote it: members in their order, numbers in their spelling, and the place of everything, so that it
// can be written back and errors can name line and column. Read by nlohmann-json; a name that stands twice in an
// object, nesting deeper than json_depth_max and more than json_bytes_max are refused. Not for other folders. Errors:
// task.objects_syntax, where is line:column. Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tributary::transform {

inline constexpr std::size_t json_bytes_max = 64 << 20;
inline constexpr std::size_t json_depth_max = 64;

// From 1, columns in characters; 0:0 for what was in no text. Where a thing stood is no part of what it is.
struct Place {
  std::uint32_t line = 0, column = 0;

  std::string text() const;  // "3:14", empty for what was in no text
  friend bool operator==(Place, Place) { return true; }
};

struct JsonMember;

struct Json {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  std::string text;  // a string's UTF-8, a number as written, true or false
  std::vector<Json> items;
  std::vector<JsonMember> members;
  Place place;

  static Json of(std::string_view text);
  static Json flag(bool value);
  bool is_text() const { return kind == Kind::string; }
  bool operator==(const Json& other) const;
};

struct JsonMember {
  std::string name;
  Json value;
  Place place;  // of the name

  bool operator==(const JsonMember& other) const;
};

inline bool Json::operator==(const Json& other) const {
  return kind == other.kind && text == other.text && items == other.items && members == other.members;
}
inline bool JsonMember::operator==(const JsonMember& other) const { return name == other.name && value == other.value; }

base::Result<Json> parse_json(std::string_view text);

// depth < 0: on one line; else indented, two blanks a level, beginning at this depth.
void append_json(std::string& out, const Json& value, int depth = -1);
void append_json_string(std::string& out, std::string_view text);

}  // namespace tributary::transform
