// Keeps the rows of global secondary indexes in step with their table. An index is a table of its own with the indexed
// columns, the covering ones, the primary key and the table's shard keys.
//
// For statements that change rows: before() notes the rows they match and takes their index rows away, after() reads
// the same primary keys again and writes the index rows anew, inside the same transaction. Threads: the client's own.
#pragma once

#include <map>
#include <set>

#include "front/session.h"

namespace tributary::lab {

// The columns an index table has, in the table's order.
std::vector<std::string> index_table_columns(const TableDef& table, const std::vector<std::string>& index_columns,
                                             const std::vector<std::string>& covering);

class IndexKeeper {
 public:
  IndexKeeper(Work& work, const TableDef& table);
  bool active() const { return !indexes_.empty(); }

  // Fresh rows, "(..), (..)" by physical table, just inserted.
  Answer<void> inserted(const std::vector<std::string>& columns, const std::map<PhysicalTable, std::string>& rows);
  // Rows that may take the place of present ones with the same primary key.
  Answer<void> before_replace(const std::vector<std::string>& columns,
                              const std::map<PhysicalTable, std::string>& rows);
  // Rows of `place` that `predicate` ("WHERE ..", or empty) matches are about to change.
  Answer<void> before(const PhysicalTable& place, const std::string& predicate);
  // A row, all columns by table order, that moves to another place: its index rows go, then come by added().
  Answer<void> removed(const std::vector<std::optional<std::string>>& row);
  Answer<void> added(const std::vector<std::optional<std::string>>& row);
  Answer<void> after();

 private:
  Answer<void> change(const TableDef& index, const std::vector<std::optional<std::string>>& row, bool add);
  Answer<std::vector<std::vector<std::optional<std::string>>>> rows_of(const PhysicalTable& place,
                                                                       const std::string& predicate);
  std::string key_predicate(const std::vector<std::optional<std::string>>& row) const;

  Work& work_;
  const TableDef& table_;
  std::vector<TablePtr> indexes_;
  std::map<PhysicalTable, std::set<std::string>> changing_;  // primary-key predicates
};

}  // namespace tributary::lab
