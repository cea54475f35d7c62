// What files of statements make of tables, without a server: the door behind `tributary schema`. Errors:
// task_file_unreadable, usage. Threads: one call, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/schema.h"

namespace tributary::task {

struct SchemaScriptOptions {
  std::vector<std::string> files;  // "-": standard input
  bool is_mariadb = false;
  std::string server_version;     // 8.0.36; empty: one that is in wide use
  std::string database = "test";  // where the first statement runs
};

struct SchemaTableChange {
  std::string what;  // created, altered, renamed, dropped, emptied, unchanged
  std::string database, table;
  std::string new_database, new_table;  // renamed
  model::TableSchemaPtr after;          // null if it is gone
};

struct SchemaStatement {
  enum class Outcome : std::uint8_t { applied, no_layout_change, not_understood };
  Outcome outcome = Outcome::no_layout_change;
  bool is_ddl = false;
  std::string reason;  // not understood
  std::string file;
  std::size_t line = 1, column = 1;  // of the statement; of the place in it if it was not understood
  std::string text;
  std::vector<SchemaTableChange> tables;
};

struct SchemaScriptSummary {
  std::size_t applied = 0, no_layout_change = 0, not_understood = 0;
  std::vector<model::TableSchemaPtr> tables;  // at the end, by name
};

// The handler's false ends it.
base::Result<SchemaScriptSummary> run_schema_scripts(const SchemaScriptOptions& options,
                                                     const std::function<bool(const SchemaStatement&)>& handler);

}  // namespace tributary::task
