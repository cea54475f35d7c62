#include "transform/objects/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace tributary::transform {

using base::ErrorCode;
using base::Result;
using base::Status;
using model::TableSchema;
using model::TableSchemaPtr;

namespace {

std::string dotted(std::string_view database, std::string_view table) { return fmt::format("{}.{}", database, table); }

Status refuse_key_left_out(const TableRule& rule, const TableSchema& source) {
  for (const std::uint32_t key : source.identity)
    if (!rule.columns[key])
      return base::fail(ErrorCode::objects_key_left_out,
                        fmt::format("`{}` is part of the key of `{}`", source.columns[key].name, rule.table),
                        dotted(rule.database, rule.table));
  return {};
}

Status refuse_one_name_twice(const TableRule& rule, const TableSchema& source) {
  std::unordered_map<std::string_view, std::uint32_t> seen;
  for (std::uint32_t i = 0; i < rule.columns.size(); ++i) {
    if (!rule.columns[i]) continue;
    const auto [first, is_new] = seen.emplace(*rule.columns[i], i);
    if (!is_new)
      return base::fail(ErrorCode::objects_conflict,
                        fmt::format("the columns `{}` and `{}` would both be `{}`", source.columns[first->second].name,
                                    source.columns[i].name, *rule.columns[i]),
                        dotted(rule.database, rule.table));
  }
  return {};
}

Result<std::vector<std::optional<std::string>>> column_names(const ObjectRules& rules, const TableSchema& source) {
  std::vector<std::optional<std::string>> names(source.columns.size());
  const bool takes_all = rules.takes_all_columns(source.database, source.table);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const model::Column& column = source.columns[i];
    if (column.is_hidden) {
      names[i] = column.name;
    } else if (takes_all) {
      names[i] = capitalized(column.name, rules.capitalization());
    } else {
      const ObjectName name = {source.database, source.table, column.name};
      TRY_VALUE(const bool is_carried, rules.carries(name));
      if (!is_carried) continue;
      TRY_VALUE(names[i], rules.target(name));
    }
  }
  return names;
}

bool same_but_for_case(std::string_view a, std::string_view b) {
  return capitalized(a, Capitalization::lower) == capitalized(b, Capitalization::lower);
}

// What the list names without a pattern has to be there.
class MissingNames {
 public:
  MissingNames(const ObjectRules& rules, Missing missing, Selection& selection)
      : rules_(rules), missing_(missing), selection_(selection) {}

  Status check(const Catalogue& catalogue) {
    std::unordered_map<std::string_view, const Catalogue::Database*> databases;
    for (const Catalogue::Database& database : catalogue.databases) databases.emplace(database.name, &database);
    for (const ObjectItem& item : rules_.list().databases) {
      if (!is_wanted(item)) continue;
      const auto found = databases.find(item.source);
      if (found == databases.end())
        TRY(note(ErrorCode::source_database_missing, "the source does not list it", item.source, item.place));
      else
        TRY(check_tables(item, *found->second));
    }
    return {};
  }

 private:
  static bool is_wanted(const ObjectItem& item) {
    return item.pattern == PatternType::bare_name && item.filter_type == FilterType::white;
  }

  Status check_tables(const ObjectItem& item, const Catalogue::Database& database) {
    std::unordered_map<std::string_view, const TableSchema*> tables;
    for (const TableSchemaPtr& table : database.tables) tables.emplace(table->table, table.get());
    for (const ObjectGroup& group : item.groups) {
      if (group.type != ItemType::table) continue;
      for (const ObjectItem& table : group.items) {
        if (!is_wanted(table)) continue;
        const std::string name = dotted(database.name, table.source);
        const auto found = tables.find(table.source);
        if (found == tables.end() && is_listed_by_pattern({database.name, table.source})) continue;
        if (found == tables.end())
          TRY(note(ErrorCode::source_table_missing, why_missing(database, table.source), name, table.place));
        else if (!found->second->columns.empty())
          TRY(check_columns(table, *found->second, name));
      }
    }
    return {};
  }

  static std::string why_missing(const Catalogue::Database& database, std::string_view name) {
    for (const Catalogue::Other& other : database.others)
      if (other.name == name && other.kind == "view") return "it is a view, and only tables are carried";
    const auto alike = [](std::string_view other) { return fmt::format("the source has `{}`; case counts", other); };
    for (const TableSchemaPtr& table : database.tables)
      if (same_but_for_case(table->table, name)) return alike(table->table);
    for (const Catalogue::Other& other : database.others)
      if (other.kind == "table" && same_but_for_case(other.name, name)) return alike(other.name);
    return "the source does not list it";
  }

  Status check_columns(const ObjectItem& item, const TableSchema& table, const std::string& where) {
    for (const ObjectGroup& group : item.groups) {
      if (group.type != ItemType::column) continue;
      for (const ObjectItem& column : group.items) {
        if (!is_wanted(column) ||
            std::ranges::find(table.columns, column.source, &model::Column::name) != table.columns.end())
          continue;
        if (is_listed_by_pattern({table.database, table.table, column.source})) continue;
        const auto alike = std::ranges::find_if(
            table.columns, [&](const model::Column& other) { return same_but_for_case(other.name, column.source); });
        TRY(note(ErrorCode::source_column_missing,
                 alike == table.columns.end()
                     ? fmt::format("the table has no `{}`", column.source)
                     : fmt::format("the table has `{}`, not `{}`; case counts", alike->name, column.source),
                 where, column.place));
      }
    }
    return {};
  }

  // A name that a pattern's entry lists need not be in everything the pattern matches; nor in the entry of an exact
  // name that was made from it.
  bool is_listed_by_pattern(const std::vector<std::string_view>& names) {
    return is_listed(names, rules_.list().databases, 0, false);
  }
  bool is_listed(const std::vector<std::string_view>& names, const std::vector<ObjectItem>& items, std::size_t level,
                 bool by_pattern) {
    const Lookup& known = lookup(items);
    const auto bare = known.bare.find(names[level]);
    if (level + 1 == names.size()) return by_pattern && bare != known.bare.end();
    const auto is_listed_in = [&](const ObjectItem& item, bool is_pattern) {
      const std::vector<ObjectItem>* inner = item.items(level == 0 ? ItemType::table : ItemType::column);
      return inner && is_listed(names, *inner, level + 1, by_pattern || is_pattern);
    };
    if (bare != known.bare.end() && is_listed_in(*bare->second, false)) return true;
    return std::ranges::any_of(known.patterns, [&](const auto& entry) {
      return entry.second.matches(names[level]) && is_listed_in(*entry.first, true);
    });
  }

  struct Lookup {
    std::unordered_map<std::string_view, const ObjectItem*> bare;
    std::vector<std::pair<const ObjectItem*, NamePattern>> patterns;
  };
  const Lookup& lookup(const std::vector<ObjectItem>& items) {
    const auto [found, is_new] = lookups_.try_emplace(&items);
    if (!is_new) return found->second;
    for (const ObjectItem& item : items)
      if (item.pattern == PatternType::bare_name)
        found->second.bare.emplace(item.source, &item);
      else if (auto pattern = NamePattern::compile(item.source, item.pattern))
        found->second.patterns.emplace_back(&item, std::move(*pattern));
    return found->second;
  }

  Status note(ErrorCode code, std::string what, const std::string& name, Place place) {
    if (missing_ == Missing::is_error) {
      if (place.line != 0)
        what += fmt::format(" (line {}, column {} of the list of objects)", place.line, place.column);
      return base::fail(code, std::move(what), name);
    }
    selection_.warnings.push_back(fmt::format("{}: {}", name, what));
    return {};
  }

  const ObjectRules& rules_;
  Missing missing_;
  Selection& selection_;
  std::unordered_map<const std::vector<ObjectItem>*, Lookup> lookups_;  // made when first asked for
};

std::string_view reason_for(std::string_view kind) {
  if (kind == "view") return "views have no rows of their own in the binlog";
  if (kind == "trigger") return "its effects are in the rows it changes";
  if (kind == "event") return "its effects are in the rows it changes";
  if (kind == "procedure" || kind == "function") return "a topic has no place for routines";
  return "only tables are carried";
}

// Objects of a list that MySQL has not or a topic has no place for.
void note_other_groups(const ObjectItem& database, Selection& selection) {
  for (const ObjectGroup& group : database.groups) {
    if (group.type == ItemType::table) continue;
    const std::string kind = capitalized(to_string(group.type), Capitalization::lower);
    for (const ObjectItem& item : group.items)
      selection.left_out.push_back({database.source, item.source, kind, std::string(reason_for(kind))});
  }
}

Status refuse_one_table_twice(const std::vector<TableRule>& tables) {
  std::unordered_map<std::string, const TableRule*> seen;
  seen.reserve(tables.size());
  for (const TableRule& rule : tables) {
    // A length in front, as names may hold any character.
    const auto [first, is_new] = seen.emplace(
        fmt::format("{} {}{}", rule.target.database.size(), rule.target.database, rule.target.table), &rule);
    if (!is_new)
      return base::fail(ErrorCode::objects_conflict,
                        fmt::format("the tables `{}` and `{}` would both be `{}`",
                                    dotted(first->second->database, first->second->table),
                                    dotted(rule.database, rule.table), dotted(rule.target.database, rule.target.table)),
                        dotted(rule.database, rule.table));
  }
  return {};
}

void warn_of_missing_key(const TableSchema& table, Selection& selection) {
  if (table.columns.empty()) return;
  if (table.identity_is_hidden)
    selection.warnings.push_back(
        fmt::format("{} has no key of its own: rows are told apart by its hidden one, which consumers do not see",
                    dotted(table.database, table.table)));
  else if (table.identity.empty())
    selection.warnings.push_back(
        fmt::format("{} has no key: its rows can't be told apart, and a row may come twice after a restart",
                    dotted(table.database, table.table)));
}

}  // namespace

Result<std::optional<TableRule>> rule_for(const ObjectRules& rules, const TableSchema& source) {
  TRY_VALUE(const std::optional<TableNames> names, rules.covers(source.database, source.table));
  if (!names) return std::nullopt;
  TableRule rule;
  rule.database = source.database;
  rule.table = source.table;
  rule.target = *names;
  rule.options = rules.options(source.database, source.table);
  TRY_VALUE(rule.columns, column_names(rules, source));
  TRY(refuse_key_left_out(rule, source));
  TRY(refuse_one_name_twice(rule, source));
  if (!source.columns.empty() && std::ranges::none_of(rule.columns, [](const auto& name) { return name.has_value(); }))
    return base::fail(ErrorCode::objects_bad_value, "no column of the table is selected",
                      dotted(source.database, source.table));
  return rule;
}

Result<Selection> resolve(const ObjectRules& rules, const Catalogue& catalogue, Missing missing) {
  Selection selection;
  TRY(MissingNames(rules, missing, selection).check(catalogue));
  for (const Catalogue::Database& database : catalogue.databases) {
    const std::size_t before = selection.tables.size();
    for (const TableSchemaPtr& table : database.tables) {
      TRY_VALUE(std::optional<TableRule> rule, rule_for(rules, *table));
      if (!rule) continue;
      warn_of_missing_key(*table, selection);
      selection.tables.push_back(std::move(*rule));
    }
    const ObjectItem* item = rules.items({database.name, {}, {}}).database;
    if (!item) continue;
    note_other_groups(*item, selection);
    TRY_VALUE(const bool is_carried, rules.carries({database.name, {}, {}}));
    for (const Catalogue::Other& other : database.others)
      if (is_carried && item->all && other.kind != "table")
        selection.left_out.push_back({database.name, other.name, other.kind, std::string(reason_for(other.kind))});
    if (is_carried && selection.tables.size() == before)
      selection.warnings.push_back(fmt::format("{}: no table is selected", database.name));
  }
  TRY(refuse_one_table_twice(selection.tables));
  return selection;
}

Result<MappedSchema> map_schema(const TableRule& rule, const TableSchemaPtr& source) {
  if (rule.columns.size() != source->columns.size())
    return base::fail(ErrorCode::internal, "a rule made for another structure",
                      dotted(source->database, source->table));
  TRY(refuse_key_left_out(rule, *source));
  MappedSchema mapped;
  std::vector<std::optional<std::uint32_t>> to(source->columns.size());
  bool is_same = rule.target.database == source->database && rule.target.table == source->table;
  for (std::uint32_t i = 0; i < to.size(); ++i) {
    is_same &= rule.columns[i] && *rule.columns[i] == source->columns[i].name;
    if (!rule.columns[i]) continue;
    to[i] = static_cast<std::uint32_t>(mapped.from.size());
    mapped.from.push_back(i);
  }
  mapped.is_same = is_same;
  if (is_same) {
    mapped.target = source;
    return mapped;
  }
  auto target = std::make_shared<TableSchema>();
  target->database = rule.target.database;
  target->table = rule.target.table;
  target->columns.reserve(mapped.from.size());
  for (const std::uint32_t i : mapped.from) {
    model::Column& column = target->columns.emplace_back(source->columns[i]);
    column.name = *rule.columns[i];
  }
  for (const model::Key& key : source->keys) {
    if (std::ranges::any_of(key.columns, [&](std::uint32_t i) { return !to[i]; })) continue;
    model::Key& copy = target->keys.emplace_back(key);
    for (std::uint32_t& i : copy.columns) i = *to[i];
  }
  for (const std::uint32_t i : source->identity) target->identity.push_back(*to[i]);
  target->identity_is_hidden = source->identity_is_hidden;
  target->version = model::schema_version(*target);
  mapped.target = std::move(target);
  return mapped;
}

}  // namespace tributary::transform
