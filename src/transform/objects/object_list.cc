#include "transform/objects/object_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "transform/objects/migration_objects.h"
#include "transform/objects/names.h"

namespace tributary::transform {
namespace {

using base::ErrorCode;
using base::Result;
using base::Status;

constexpr std::array<std::string_view, 20> item_types = {
    "Schema", "Database", "Table",    "Column", "View",      "Synonym",  "Procedure", "Function", "Type", "Rule",
    "Plan",   "Package",  "Sequence", "Domain", "Aggregate", "Operator", "Extension", "Default",  "Job",  "Scripts"};

std::unexpected<base::Error> refuse(Place place, std::string what) {
  return base::fail(ErrorCode::objects_bad_value, std::move(what), place.text());
}

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

// The text of an attribute; null counts as absent.
Result<std::string> text_of(const ObjectItem& item, std::string_view key) {
  const Json* value = item.attribute(key);
  if (!value || value->kind == Json::Kind::null) return std::string();
  if (!value->is_text()) return refuse(value->place, fmt::format("`{}` of `{}` must be a text", key, item.source));
  return value->text;
}

template <typename E, std::size_t N>
Result<E> word_of(const ObjectItem& item, std::string_view key,
                  const std::array<std::pair<std::string_view, E>, N>& words) {
  TRY_VALUE(const std::string text, text_of(item, key));
  if (text.empty()) return words.front().second;
  std::string allowed;
  for (const auto& [word, meant] : words) {
    if (same_word(word, text)) return meant;
    allowed += (allowed.empty() ? "" : ", ") + std::string(word);
  }
  return refuse(item.attribute(key)->place,
                fmt::format("`{}` of `{}` is `{}`, allowed are {}", key, item.source, text, allowed));
}

Result<bool> flag_of(const ObjectItem& item, std::string_view key, bool otherwise) {
  const Json* value = item.attribute(key);
  if (!value || value->kind == Json::Kind::null) return otherwise;
  if (value->kind != Json::Kind::boolean)
    return refuse(value->place, fmt::format("`{}` of `{}` must be true or false", key, item.source));
  return value->text == "true";
}

Result<std::optional<std::uint8_t>> dml_of(const ObjectItem& item) {
  const Json* value = item.attribute("dml_op");
  if (!value || value->kind == Json::Kind::null) return std::nullopt;
  std::string words;
  if (value->kind == Json::Kind::array) {
    if (value->items.empty()) return std::uint8_t{0};
    for (const Json& word : value->items) words += (word.is_text() ? word.text : "?") + ",";
  } else {
    TRY_VALUE(words, text_of(item, "dml_op"));
  }
  auto dml = parse_dml(words);
  if (!dml) return refuse(value->place, fmt::format("`dml_op` of `{}`: {}", item.source, dml.error().what));
  return *dml;
}

Status read_items(const Json& from, std::string_view what, std::vector<ObjectItem>& to);

Status refuse_twins(const ObjectItem& item, const std::vector<ObjectItem>& items) {
  std::unordered_set<std::string_view> names;
  for (const ObjectItem& inner : items)
    if (!names.insert(inner.source).second)
      return refuse(inner.place, fmt::format("`{}` stands in `{}` a second time", inner.source, item.source));
  return {};
}

Result<ObjectItem> read_item(const JsonMember& member, std::string_view what) {
  ObjectItem item;
  item.source = member.name;
  item.place = member.place;
  if (member.name.empty()) return refuse(member.place, fmt::format("the name of a {} is empty", what));
  if (member.value.kind != Json::Kind::object)
    return refuse(member.value.place, fmt::format("the {} `{}` must be an object in braces", what, member.name));
  for (const JsonMember& inner : member.value.members) {
    const auto type = parse_item_type(inner.name);
    if (!type || inner.value.kind != Json::Kind::object) {
      item.attributes.push_back(inner);
      continue;
    }
    // Two groups of a type, "Table" and "table", are one to DTS.
    const bool is_new = item.items(*type) == nullptr;
    if (is_new) item.groups.push_back({inner.name, *type, {}});
    std::vector<ObjectItem>& items = *item.items(*type);
    TRY(read_items(inner.value, capitalized(to_string(*type), Capitalization::lower), items));
    if (!is_new) TRY(refuse_twins(item, items));
  }
  TRY(item.interpret());
  return item;
}

Status read_items(const Json& from, std::string_view what, std::vector<ObjectItem>& to) {
  to.reserve(to.size() + from.members.size());
  for (const JsonMember& member : from.members) {
    TRY_VALUE(ObjectItem item, read_item(member, what));
    to.push_back(std::move(item));
  }
  return {};
}

Json to_json(const std::vector<ObjectItem>& items) {
  Json out;
  out.kind = Json::Kind::object;
  out.members.reserve(items.size());
  for (const ObjectItem& item : items) {
    JsonMember& member = out.members.emplace_back(JsonMember{item.source, {}, {}});
    member.value.kind = Json::Kind::object;
    member.value.members = item.attributes;
    for (const ObjectGroup& group : item.groups) member.value.members.push_back({group.key, to_json(group.items), {}});
  }
  return out;
}

Status merge_items(std::vector<ObjectItem>& into, const std::vector<ObjectItem>& from);

Status merge_item(ObjectItem& into, const ObjectItem& from) {
  if (!into.target.empty() && !from.target.empty() && into.target != from.target)
    return base::fail(
        ErrorCode::objects_conflict,
        fmt::format("`{}` is named `{}` in one list and `{}` in the other", into.source, into.target, from.target),
        from.place.text());
  if (from.all && !into.all) TRY(into.set("all", Json::flag(true)));
  for (const JsonMember& attribute : from.attributes) {
    const bool is_there =
        into.attribute(attribute.name) || std::ranges::count(into.groups, attribute.name, &ObjectGroup::key) > 0;
    if (!is_there) TRY(into.set(attribute.name, attribute.value));
  }
  for (const ObjectGroup& group : from.groups) TRY(merge_items(into.make_items(group.type), group.items));
  return {};
}

Status merge_items(std::vector<ObjectItem>& into, const std::vector<ObjectItem>& from) {
  const auto key = [](const ObjectItem& item) {
    return fmt::format("{} {}", item.pattern == PatternType::bare_name ? 'n' : 'p', item.source);
  };
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < into.size(); ++i) places.emplace(key(into[i]), i);
  for (const ObjectItem& item : from) {
    const auto found = places.find(key(item));
    if (found != places.end())
      TRY(merge_item(into[found->second], item));
    else
      into.push_back(item);
  }
  return {};
}

}  // namespace

std::string_view to_string(ItemType type) { return item_types[static_cast<std::size_t>(type)]; }

std::optional<ItemType> parse_item_type(std::string_view key) {
  for (std::size_t i = 0; i < item_types.size(); ++i)
    if (same_word(key, item_types[i])) return static_cast<ItemType>(i);
  return std::nullopt;
}

Result<std::optional<std::uint8_t>> parse_dml(std::string_view text) {
  static constexpr std::pair<std::string_view, std::uint8_t> words[] = {
      {"i", dml_insert}, {"insert", dml_insert}, {"u", dml_update}, {"update", dml_update},
      {"d", dml_delete}, {"delete", dml_delete}, {"none", 0},       {"all", dml_all}};
  constexpr std::string_view separators = ",;| \t";
  std::optional<std::uint8_t> dml;
  while (true) {
    const std::size_t begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return dml;
    const std::string_view word = text.substr(begin, text.find_first_of(separators, begin) - begin);
    text.remove_prefix(begin + word.size());
    const auto known = std::ranges::find_if(words, [&](const auto& entry) { return same_word(entry.first, word); });
    if (known == std::end(words))
      return base::fail(ErrorCode::objects_bad_value,
                        fmt::format("`{}` is no operation: i, u, d, insert, update, delete, none", word));
    dml = static_cast<std::uint8_t>(dml.value_or(0) | known->second);
  }
}

std::string dml_text(std::uint8_t dml) {
  if (dml == 0) return "none";
  std::string out;
  for (const auto& [bit, letter] : {std::pair{dml_insert, 'i'}, {dml_update, 'u'}, {dml_delete, 'd'}}) {
    if ((dml & bit) == 0) continue;
    if (!out.empty()) out += ',';
    out += letter;
  }
  return out;
}

const Json* ObjectItem::attribute(std::string_view key) const {
  const auto found = std::ranges::find(attributes, key, &JsonMember::name);
  return found == attributes.end() ? nullptr : &found->value;
}

Status ObjectItem::set(std::string_view key, Json value) {
  const auto found = std::ranges::find(attributes, key, &JsonMember::name);
  if (found == attributes.end())
    attributes.push_back({std::string(key), std::move(value), {}});
  else
    found->value = std::move(value);
  return interpret();
}

Status ObjectItem::interpret() {
  static constexpr std::array<std::pair<std::string_view, PatternType>, 3> patterns = {
      {{"BARE_NAME", PatternType::bare_name}, {"REGEX", PatternType::regex}, {"FNMATCH", PatternType::fnmatch}}};
  static constexpr std::array<std::pair<std::string_view, FilterType>, 3> filters = {
      {{"WHITE", FilterType::white}, {"BLACK", FilterType::black}, {"GRAY", FilterType::gray}}};
  static constexpr std::array<std::pair<std::string_view, bool>, 2> ways = {{{"EXACT", false}, {"PREFIX", true}}};
  TRY_VALUE(target, text_of(*this, "name"));
  TRY_VALUE(all, flag_of(*this, "all", true));
  TRY_VALUE(pattern, word_of(*this, "patternType", patterns));
  TRY_VALUE(filter_type, word_of(*this, "filterType", filters));
  TRY_VALUE(dml, dml_of(*this));
  TRY_VALUE(ddl, text_of(*this, "ddl_op"));
  TRY_VALUE(row_filter, text_of(*this, "filter"));
  TRY_VALUE(message_key, text_of(*this, "message_key"));
  TRY_VALUE(gray_name, text_of(*this, "grayName"));
  TRY_VALUE(gray_matches_prefix, word_of(*this, "grayNameMatchWay", ways));
  return {};
}

std::vector<ObjectItem>* ObjectItem::items(ItemType type) {
  const auto found = std::ranges::find(groups, type, &ObjectGroup::type);
  return found == groups.end() ? nullptr : &found->items;
}

const std::vector<ObjectItem>* ObjectItem::items(ItemType type) const {
  const auto found = std::ranges::find(groups, type, &ObjectGroup::type);
  return found == groups.end() ? nullptr : &found->items;
}

std::vector<ObjectItem>& ObjectItem::make_items(ItemType type) {
  if (std::vector<ObjectItem>* there = items(type)) return *there;
  const std::string key = type == ItemType::column ? "column" : std::string(to_string(type));
  std::erase_if(attributes, [&](const JsonMember& member) { return member.name == key; });  // null or the like
  return groups.emplace_back(ObjectGroup{key, type, {}}).items;
}

bool ObjectItem::operator==(const ObjectItem& other) const {
  return source == other.source && attributes == other.attributes && groups == other.groups;
}

Result<ObjectList> ObjectList::from_db_list(std::string_view json) {
  TRY_VALUE(const Json root, parse_json(json));
  if (root.kind == Json::Kind::array) return read_migration_objects(root);
  if (root.kind != Json::Kind::object) return refuse(root.place, "a list of objects is an object in braces");
  ObjectList list;
  TRY(read_items(root, "database", list.databases));
  return list;
}

Result<ObjectList> ObjectList::from_migration_objects(std::string_view json) {
  TRY_VALUE(const Json root, parse_json(json));
  if (root.kind != Json::Kind::array) return refuse(root.place, "migration objects are a list in brackets");
  return read_migration_objects(root);
}

std::string ObjectList::to_db_list(bool is_indented) const {
  std::string out;
  append_json(out, to_json(databases), is_indented ? 0 : -1);
  return out;
}

namespace {

void put_in_order(std::vector<ObjectItem>& items) {
  std::ranges::stable_sort(items, [](const ObjectItem& a, const ObjectItem& b) {
    const bool a_is_bare = a.pattern == PatternType::bare_name, b_is_bare = b.pattern == PatternType::bare_name;
    if (a_is_bare != b_is_bare) return a_is_bare;
    return a_is_bare && a.source < b.source;
  });
  for (ObjectItem& item : items) {
    std::ranges::sort(item.attributes, {}, &JsonMember::name);
    std::ranges::stable_sort(item.groups, {}, &ObjectGroup::type);
    for (ObjectGroup& group : item.groups) put_in_order(group.items);
  }
}

}  // namespace

ObjectList ObjectList::in_order() const {
  ObjectList list = *this;
  put_in_order(list.databases);
  return list;
}

Status ObjectList::merge(const ObjectList& other) { return merge_items(databases, other.databases); }

}  // namespace tributary::transform
