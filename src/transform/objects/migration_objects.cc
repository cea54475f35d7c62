#include "transform/objects/migration_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace tributary::transform {
namespace {

using base::ErrorCode;
using base::Result;
using base::Status;

// Names may hold this much of a regular expression; all else stands for itself.
constexpr std::string_view pattern_characters = ".*?[]";
constexpr std::string_view other_specials = "^$+{}|()\\";

std::unexpected<base::Error> refuse(Place place, std::string what) {
  return base::fail(ErrorCode::objects_bad_value, std::move(what), place.text());
}

// One entry of an array, with the keys that an entry of its kind may have.
class Entry {
 public:
  static Result<Entry> open(const Json& value, std::string_view what, std::initializer_list<std::string_view> keys) {
    if (value.kind != Json::Kind::object)
      return refuse(value.place, fmt::format("{} must be an object in braces", what));
    for (const JsonMember& member : value.members)
      if (std::ranges::find(keys, std::string_view(member.name)) == keys.end())
        return refuse(member.place, fmt::format("`{}` is not a key of {}; its keys are {}", member.name, what,
                                                fmt::join(keys, ", ")));
    return Entry(value, what);
  }

  const Json* find(std::string_view key) const {
    const auto found = std::ranges::find(value_->members, key, &JsonMember::name);
    return found == value_->members.end() || found->value.kind == Json::Kind::null ? nullptr : &found->value;
  }
  Result<std::string> text(std::string_view key) const {
    const Json* value = find(key);
    if (!value) return std::string();
    if (!value->is_text()) return refuse(value->place, fmt::format("`{}` must be a text", key));
    return value->text;
  }
  Result<std::string> name(std::string_view key) const {
    TRY_VALUE(std::string name, text(key));
    if (name.empty()) return refuse(value_->place, fmt::format("{} has no `{}`", what_, key));
    return name;
  }
  Result<const std::vector<Json>*> list(std::string_view key) const {
    static const std::vector<Json> none;
    const Json* value = find(key);
    if (!value) return &none;
    if (value->kind != Json::Kind::array)
      return refuse(value->place, fmt::format("`{}` must be a list in brackets", key));
    return &value->items;
  }
  bool has(std::string_view key) const { return find(key) != nullptr; }
  Place place() const { return value_->place; }

 private:
  Entry(const Json& value, std::string_view what) : value_(&value), what_(what) {}

  const Json* value_;
  std::string_view what_;
};

Status set_text(ObjectItem& item, std::string_view key, const std::string& value) {
  return value.empty() ? Status() : item.set(key, Json::of(value));
}

// As a bare name, or as the regular expression it stands for.
Result<ObjectItem> item_named(const std::string& name, Place place, FilterType filter) {
  ObjectItem item;
  item.place = place;
  if (name.find_first_of(pattern_characters) == std::string::npos) {
    item.source = name;
  } else {
    bool in_class = false;
    for (std::size_t i = 0; i < name.size(); ++i) {
      const char c = name[i];
      const bool negates = c == '^' && in_class && name[i - 1] == '[';
      if (other_specials.find(c) != std::string_view::npos && !negates) item.source += '\\';
      if (c == '[') in_class = true;
      if (c == ']') in_class = false;
      item.source += c;
    }
    TRY(item.set("patternType", Json::of("REGEX")));
  }
  if (filter == FilterType::black) TRY(item.set("filterType", Json::of("BLACK")));
  TRY(item.set("all", Json::flag(true)));
  return item;
}

Status read_columns(const Entry& table, ObjectItem& to) {
  TRY_VALUE(const std::vector<Json>* included, table.list("ColumnIncludes"));
  for (const Json& value : *included) {
    TRY_VALUE(const Entry column, Entry::open(value, "a column", {"ColumnName", "NewColumnName"}));
    TRY_VALUE(const std::string name, column.name("ColumnName"));
    TRY_VALUE(const std::string target, column.text("NewColumnName"));
    TRY_VALUE(ObjectItem item, item_named(name, column.place(), FilterType::white));
    TRY(set_text(item, "name", target));
    to.make_items(ItemType::column).push_back(std::move(item));
  }
  if (!included->empty()) TRY(to.set("all", Json::flag(false)));
  TRY_VALUE(const std::vector<Json>* excluded, table.list("ColumnExcludes"));
  for (const Json& value : *excluded) {
    TRY_VALUE(const Entry column, Entry::open(value, "an excluded column", {"ColumnName"}));
    TRY_VALUE(const std::string name, column.name("ColumnName"));
    TRY_VALUE(ObjectItem item, item_named(name, column.place(), FilterType::black));
    to.make_items(ItemType::column).push_back(std::move(item));
  }
  return {};
}

Status read_table(const Json& value, ObjectItem& database) {
  TRY_VALUE(const Entry table, Entry::open(value, "a table",
                                           {"TableName", "NewTableName", "FilterCondition", "PrimaryKey", "PartKey",
                                            "ColumnIncludes", "ColumnExcludes"}));
  TRY_VALUE(const std::string name, table.name("TableName"));
  TRY_VALUE(ObjectItem item, item_named(name, table.place(), FilterType::white));
  for (const auto& [from, to] : {std::pair{"NewTableName", "name"},
                                 {"FilterCondition", "filter"},
                                 {"PrimaryKey", "primary_key"},
                                 {"PartKey", "part_key"}}) {
    TRY_VALUE(const std::string text, table.text(from));
    TRY(set_text(item, to, text));
  }
  TRY(read_columns(table, item));
  database.make_items(ItemType::table).push_back(std::move(item));
  return {};
}

Status refuse_twins(const std::vector<ObjectItem>& items) {
  std::vector<const ObjectItem*> sorted;
  for (const ObjectItem& item : items) sorted.push_back(&item);
  std::ranges::stable_sort(sorted, {}, [](const ObjectItem* item) -> const std::string& { return item->source; });
  for (std::size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i - 1]->source == sorted[i]->source)
      return refuse(sorted[i]->place, fmt::format("`{}` stands here a second time", sorted[i]->source));
  for (const ObjectItem& item : items)
    for (const ObjectGroup& group : item.groups) TRY(refuse_twins(group.items));
  return {};
}

}  // namespace

Result<ObjectList> read_migration_objects(const Json& root) {
  ObjectList list;
  for (const Json& value : root.items) {
    TRY_VALUE(const Entry database, Entry::open(value, "a database",
                                                {"DBName", "NewDBName", "SchemaName", "NewSchemaName", "AllTable",
                                                 "TableIncludes", "TableExcludes"}));
    TRY_VALUE(const std::string name, database.name("DBName"));
    TRY_VALUE(ObjectItem item, item_named(name, database.place(), FilterType::white));
    for (const auto& [from, to] :
         {std::pair{"NewDBName", "name"}, {"SchemaName", "srcSchema"}, {"NewSchemaName", "destSchema"}}) {
      TRY_VALUE(const std::string text, database.text(from));
      TRY(set_text(item, to, text));
    }
    const Json* all = database.find("AllTable");
    if (all && all->kind != Json::Kind::boolean) return refuse(all->place, "`AllTable` must be true or false");
    TRY(item.set("all", Json::flag(all && all->text == "true")));
    TRY_VALUE(const std::vector<Json>* included, database.list("TableIncludes"));
    for (const Json& table : *included) TRY(read_table(table, item));
    TRY_VALUE(const std::vector<Json>* excluded, database.list("TableExcludes"));
    for (const Json& entry : *excluded) {
      TRY_VALUE(const Entry table, Entry::open(entry, "an excluded table", {"TableName"}));
      TRY_VALUE(const std::string table_name, table.name("TableName"));
      TRY_VALUE(ObjectItem out, item_named(table_name, table.place(), FilterType::black));
      item.make_items(ItemType::table).push_back(std::move(out));
    }
    list.databases.push_back(std::move(item));
  }
  TRY(refuse_twins(list.databases));
  return list;
}

}  // namespace tributary::transform
