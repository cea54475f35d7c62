#include "transform/transformation.h"

#include <fnmatch.h>

#include <algorithm>
#include <map>

namespace tributary::transform {

using base::Result;

std::string_view Scripts::of(std::string_view database, std::string_view table) const {
  if (tables.empty()) return text;
  const std::string name = std::string(database) + "." + std::string(table);
  if (const auto exact = std::ranges::find(tables, name, &OfTables::tables); exact != tables.end()) return exact->text;
  const auto found =
      std::ranges::find_if(tables, [&](const OfTables& t) { return fnmatch(t.tables.c_str(), name.c_str(), 0) == 0; });
  return found == tables.end() ? std::string_view(text) : std::string_view(found->text);
}

bool Transformation::carries(std::string_view database, std::string_view table) const {
  if (!rules) return true;
  const auto carried = rules->carries({database, table, {}});
  return carried && *carried;
}

TableNames Transformation::names(std::string_view database, std::string_view table) const {
  if (rules)
    if (auto names = rules->covers(database, table); names && *names) return **std::move(names);
  return {std::string(database), std::string(table)};
}

std::string Transformation::database_name(std::string_view database) const {
  if (rules)
    if (auto name = rules->target({database, {}, {}})) return *std::move(name);
  return std::string(database);
}

Result<TablePlan> Transformation::plan(const model::TableSchemaPtr& source, const Dialect& server) const {
  std::optional<TableRule> rule;
  if (rules) {
    TRY_VALUE(rule, rule_for(*rules, *source));
  }
  return TablePlan::make(source, rule ? &*rule : nullptr, scripts.of(source->database, source->table), scripts.policy,
                         server, additional_columns);
}

Result<std::vector<std::string>> Transformation::check(const std::vector<model::TableSchemaPtr>& tables,
                                                       Missing missing) const {
  if (!rules) return std::vector<std::string>();
  Catalogue catalogue;
  std::map<std::string_view, std::size_t> places;
  for (const model::TableSchemaPtr& table : tables) {
    const auto [place, is_new] = places.try_emplace(table->database, catalogue.databases.size());
    if (is_new) catalogue.databases.push_back({table->database, {}, {}});
    catalogue.databases[place->second].tables.push_back(table);
  }
  TRY_VALUE(Selection selection, resolve(*rules, catalogue, missing));
  return std::move(selection.warnings);
}

}  // namespace tributary::transform
