#include "task/spec_parts.h"

namespace tributary::task {
namespace {

// Grammar and functions can be checked without a table.
std::string read_script(const Section& section, const YamlNode& node, std::string_view path) {
  if (node.kind != YamlNode::Kind::scalar) return scalar_text(section.problems(), node, section.path_of(path));
  std::string text = node.text;   // of several lines, unlike other texts
  if (text.empty()) return text;  // none for these tables
  if (const auto read = transform::etl::check_syntax(text); !read) {
    const base::Error& error = read.error();
    section.problems().add(error.code, node.mark,
                           fmt::format("{}: {} (at {} of the script)", section.path_of(path), error.what, error.where));
  }
  return text;
}

}  // namespace

std::string_view to_string(transform::etl::ErrorPolicy policy) {
  using enum transform::etl::ErrorPolicy;
  return policy == stop ? "stop" : policy == skip ? "skip" : "null";
}

transform::Scripts read_etl(const Section& task) {
  const Section section = task.section("etl", {"script", "tables", "on_error"});
  transform::Scripts scripts;
  if (!section.present()) return scripts;
  using Policy = transform::etl::ErrorPolicy;
  scripts.policy = section.choice<Policy>(
      "on_error", {{"stop", Policy::stop}, {"skip", Policy::skip}, {"null", Policy::null}}, Policy::stop);
  if (const YamlNode* node = section.find("script")) scripts.text = read_script(section, *node, "script");
  const YamlNode* tables = section.find("tables");
  if (tables != nullptr && tables->kind != YamlNode::Kind::map) {
    section.bad("tables", "must be a map like {shop.orders: \"e_drop()\", \"shop.log_*\": ...}");
    return scripts;
  }
  if (tables != nullptr) {
    for (const YamlNode& table : tables->children) {
      const std::string path = "tables." + table.key;
      const std::size_t dot = table.key.find('.');
      if (dot == 0 || dot == std::string::npos || dot + 1 == table.key.size())
        section.bad(table.key_mark, path, "must be named as database.table, or by a pattern of such names");
      scripts.tables.push_back({table.key, read_script(section, table, path)});
    }
  }
  if (scripts.empty()) section.bad("script", "or tables is needed");
  return scripts;
}

}  // namespace tributary::task
