#include "source/ddl/catalogue.h"

#include <algorithm>
#include <cctype>

namespace tributary::source::ddl {

std::string Catalogue::fold(std::string_view name) const {
  std::string out(name);
  if (folds) std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

TrackedTablePtr Draft::find(const TableName& name) const {
  const TableName key = base_.fold(name);
  if (const auto changed = tables_.find(key); changed != tables_.end()) return changed->second;
  const auto found = base_.tables.find(key);
  return found == base_.tables.end() ? nullptr : found->second;
}

const Catalogue::Database* Draft::find_database(std::string_view name) const {
  const std::string key = base_.fold(name);
  if (const auto changed = databases_.find(key); changed != databases_.end())
    return changed->second ? &*changed->second : nullptr;
  const auto found = base_.databases.find(key);
  return found == base_.databases.end() ? nullptr : &found->second;
}

void Draft::put_database(Catalogue::Database database) {
  std::string key = base_.fold(database.name);
  databases_[std::move(key)] = std::move(database);
}

std::vector<TrackedTablePtr> Draft::tables_of(std::string_view database) const {
  const std::string key = base_.fold(database);
  std::map<TableName, TrackedTablePtr> found;
  for (auto at = base_.tables.lower_bound({key, {}}); at != base_.tables.end() && at->first.database == key; ++at)
    found.insert(*at);
  for (const auto& [name, table] : tables_) {
    if (name.database != key) continue;
    if (table)
      found[name] = table;
    else
      found.erase(name);
  }
  std::vector<TrackedTablePtr> tables;
  for (auto& [name, table] : found) tables.push_back(std::move(table));
  return tables;
}

bool Draft::is_temporary(std::uint64_t session, const TableName& name) const {
  const std::pair key(session, base_.fold(name));
  if (const auto changed = temporary_.find(key); changed != temporary_.end()) return changed->second;
  return base_.temporary.contains(key);
}

void Draft::commit(Catalogue& to) && {
  for (auto& [name, table] : tables_) {
    if (table)
      to.tables[name] = std::move(table);
    else
      to.tables.erase(name);
  }
  for (auto& [name, database] : databases_) {
    if (database)
      to.databases.insert_or_assign(name, std::move(*database));
    else
      to.databases.erase(name);
  }
  for (const auto& [key, is] : temporary_) {
    if (is)
      to.temporary.insert(key);
    else
      to.temporary.erase(key);
  }
}

}  // namespace tributary::source::ddl
