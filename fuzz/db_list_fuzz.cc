// Any bytes as a list of objects, against what the library makes of the JSON; and lists written here from the bytes.
// What is read and written reads as the same; what compiles decides on any name and keeps deciding so after a round
// trip.
#include <nlohmann/json.hpp>
#include <set>

#include "input.h"
#include "transform/objects/rules.h"

namespace {

using namespace tributary;
using namespace tributary::transform;
using fuzz::Input;
using fuzz::require;

// Names and patterns that meet often.
std::string name_of(Input& in) {
  static constexpr std::string_view names[] = {"a", "b", "ab", "log_1", "log_2", "é", "", "{1}"};
  return std::string(names[in.below(std::size(names))]);
}

std::string pattern_of(Input& in) {
  static constexpr std::string_view patterns[] = {"a|b", "log_(.)", "(a)?(b)?", ".*", "[ab]",
                                                  "*",   "log_?",   "{a,b}",    "("};
  return std::string(patterns[in.below(std::size(patterns))]);
}

void write_items(Input& in, std::string& out, int level) {
  out += '{';
  for (std::uint64_t n = in.below(4), i = 0; i < n; ++i) {
    if (i > 0) out += ',';
    const std::uint64_t type = in.below(3);
    append_json_string(out, type == 0 ? name_of(in) : pattern_of(in));
    out += R"(:{"patternType":)";
    append_json_string(out, to_string(static_cast<PatternType>(type)));
    if (in.flag()) out += in.flag() ? R"(,"all":true)" : R"(,"all":false)";
    static constexpr std::string_view filters[] = {"WHITE", "BLACK", "GRAY"};
    out += R"(,"filterType":)";
    append_json_string(out, filters[in.below(3)]);
    for (const std::string_view key : {"name", "grayName"}) {
      if (!in.flag()) continue;
      static constexpr std::string_view targets[] = {"t", "x_{1}", "{0}", "{grayNameMapped}", "a", "b"};
      out += ',';
      append_json_string(out, key);
      out += ':';
      append_json_string(out, targets[in.below(std::size(targets))]);
    }
    if (level < 2 && in.flag()) {
      out += level == 0 ? R"(,"Table":)" : R"(,"column":)";
      write_items(in, out, level + 1);
    }
    out += '}';
  }
  out += '}';
}

void require_same_verdicts(const ObjectRules& a, const ObjectRules& b, Input in) {
  for (int i = 0; i < 8; ++i) {
    const std::string database = name_of(in), table = name_of(in), column = name_of(in);
    const ObjectName name = {database, table, table.empty() ? std::string_view() : std::string_view(column)};
    const auto x = a.carries(name), y = b.carries(name);
    require(x.has_value() == y.has_value() && (!x || *x == *y), "the same verdict");
    const auto s = a.target(name), t = b.target(name);
    require(s.has_value() == t.has_value() && (!s || *s == *t), "the same target");
    const auto covers = a.covers(database, table);
    require(!covers || !*covers || !table.empty(), "no name is no table");
    if (x && *x && s) require(database.empty() || !s->empty(), "a carried name has a target");
  }
}

// "Table" and "table" in one object are written as one.
bool has_two_groups_of_a_type(const nlohmann::json& json) {
  std::set<ItemType> types;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_object()) continue;
    const auto type = parse_item_type(key);
    if ((type && !types.insert(*type).second) || has_two_groups_of_a_type(value)) return true;
  }
  return false;
}

void check(std::string_view text, Input in) {
  const auto list = ObjectList::from_db_list(text);
  if (!list) {
    require(list.error().info().side == base::ErrorSide::task, "an error of the list", list.error().message());
    unsigned line = 0, column = 0;
    char behind = 0;
    require(
        std::sscanf(list.error().where.c_str(), "%u:%u%c", &line, &column, &behind) == 2 && line >= 1 && column >= 1,
        "the error names line and column", list.error().message());
    return;
  }
  const auto theirs = nlohmann::json::parse(text, nullptr, false);
  require(!theirs.is_discarded(), "it is JSON", text);
  const std::string written = list->to_db_list(), indented = list->to_db_list(true);
  if (theirs.is_object() && !has_two_groups_of_a_type(theirs))
    require(nlohmann::json::parse(written, nullptr, false) == theirs, "nothing is lost", written);
  for (const std::string& form : {written, indented}) {
    const auto again = ObjectList::from_db_list(form);
    require(again.has_value(), "what is written is read", form);
    require(*again == *list, "as the same", form);
  }
  require(list->in_order() == list->in_order().in_order(), "an order is one");
  auto merged = *list;
  require(merged.merge(*list).has_value(), "a list merges with itself", written);
  require(ObjectList::from_db_list(merged.to_db_list()).has_value(), "what is merged is read", merged.to_db_list());
  const auto rules = ObjectRules::compile(*list);
  if (!rules) {
    require(rules.error().code == base::ErrorCode::objects_bad_value, "an error of the list", rules.error().message());
    return;
  }
  const auto same = ObjectRules::compile(*ObjectList::from_db_list(written));
  require(same.has_value(), "what is written compiles", written);
  require_same_verdicts(*rules, *same, in);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  if (in.flag()) {
    check(in.rest(), Input(data, size));
    return 0;
  }
  std::string text;
  write_items(in, text, 0);
  check(text, in);
  return 0;
}
