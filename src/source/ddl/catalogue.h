// The tables and databases a tracker knows, and a draft of changes to them that is kept or thrown away as a whole.
// Threads: one at a time.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "source/ddl/tracker.h"

namespace tributary::source::ddl {

struct Catalogue {
  struct Database {
    std::string name, collation;  // long name of the collation
  };
  explicit Catalogue(std::uint8_t lower_case_table_names) : folds(lower_case_table_names != 0) {}

  bool folds;                                               // names are compared without case
  std::map<TableName, TrackedTablePtr> tables;              // by folded name
  std::map<std::string, Database> databases;                // by folded name
  std::set<std::pair<std::uint64_t, TableName>> temporary;  // by session

  std::string fold(std::string_view name) const;
  TableName fold(const TableName& name) const { return {fold(name.database), fold(name.table)}; }
};

class Draft {
 public:
  explicit Draft(const Catalogue& base) : base_(base) {}

  TrackedTablePtr find(const TableName& name) const;
  void put(const TableName& name, TrackedTablePtr table) { tables_[base_.fold(name)] = std::move(table); }
  void remove(const TableName& name) { tables_[base_.fold(name)] = nullptr; }

  const Catalogue::Database* find_database(std::string_view name) const;
  void put_database(Catalogue::Database database);
  void remove_database(std::string_view name) { databases_[base_.fold(name)] = std::nullopt; }
  std::vector<TrackedTablePtr> tables_of(std::string_view database) const;

  bool is_temporary(std::uint64_t session, const TableName& name) const;
  void set_temporary(std::uint64_t session, const TableName& name, bool is) {
    temporary_[{session, base_.fold(name)}] = is;
  }

  bool changes_tables() const { return !tables_.empty() || !databases_.empty(); }
  void commit(Catalogue& to) &&;

 private:
  const Catalogue& base_;
  std::map<TableName, TrackedTablePtr> tables_;  // null: removed
  std::map<std::string, std::optional<Catalogue::Database>> databases_;
  std::map<std::pair<std::uint64_t, TableName>, bool> temporary_;
};

}  // namespace tributary::source::ddl
