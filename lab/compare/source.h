// The source as a user of the front sees it: its logical tables, their columns, their rows as text.
// Errors: those of mysql::Connection. Threads: one at a time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "compare/canonical.h"
#include "mysql/connection.h"

namespace tributary::lab {

struct SourceColumn {
  std::string name;
  ValueClass value_class = ValueClass::other;
  bool is_key = false;  // of the primary key
};

struct SourceTable {
  std::string name;
  std::vector<SourceColumn> columns;
};

// Sessions in UTC.
base::Result<mysql::Connection> open_source(const mysql::Endpoint& front);
base::Result<std::vector<std::string>> source_tables(mysql::Connection& front);
base::Result<SourceTable> source_table(mysql::Connection& front, const std::string& name);

// Calls `take` with the cells of each row in canonical form, in the order of the table's columns.
base::Status read_source_rows(mysql::Connection& front, const SourceTable& table,
                              const std::function<void(const std::vector<std::string>&)>& take);

}  // namespace tributary::lab
