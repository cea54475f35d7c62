// JSON as it is written line by line: keys in the order given, names that stand twice kept, always valid UTF-8.
// Threads: any.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tributary::cli {

void append_json_text(std::string& out, std::string_view text);  // with its quotes; broken UTF-8 becomes U+FFFD

// Builds one object; the text is in `out` after close().
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }

  std::string& key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_text(out_, name);
    out_ += ':';
    return out_;
  }
  void text(std::string_view name, std::string_view value) { append_json_text(key(name), value); }
  void text_or_null(std::string_view name, const std::optional<std::string>& value) {
    if (value)
      text(name, *value);
    else
      key(name) += "null";
  }
  void number(std::string_view name, std::integral auto value) { key(name) += fmt::to_string(value); }
  void boolean(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }
  void null(std::string_view name) { key(name) += "null"; }
  void close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

// A list; append(out, item) writes each item.
template <typename Items, typename Append>
void append_list(std::string& out, const Items& items, Append append) {
  out += '[';
  bool is_first = true;
  for (const auto& item : items) {
    if (!std::exchange(is_first, false)) out += ',';
    append(out, item);
  }
  out += ']';
}

}  // namespace tributary::cli
