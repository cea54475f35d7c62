// A task's ETL scripts looked at before it runs: do they fit its tables, and what do they make of rows as they are now.
// Reads only, and may be asked while the task runs. Threads: blocks on the network.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "task/spec.h"
#include "task/tail_record.h"

namespace tributary::task {

struct EtlOptions {
  std::optional<std::string> script;  // in place of the task's, for all tables
  std::vector<std::string> tables;    // database.table at the source; empty: all with a script
  std::uint64_t rows = 5;             // of each table
  // The sample rows as if they were inserted, deleted, or updated without a change.
  model::Operation operation = model::Operation::insert;
};

struct EtlTable {
  std::string database, table;
  bool has_script = false;
  std::optional<base::Error> error;                        // the script does not fit the table
  std::vector<std::string> changed;                        // columns it may change
  std::vector<std::pair<std::string, std::string>> added;  // columns it adds, and their types
};

struct EtlRow {
  enum class Verdict : std::uint8_t { sent, left_out, failed };

  std::string database, table;
  Verdict verdict = Verdict::sent;
  TailImage before, after;  // the row as it is read, and as it leaves (empty unless it is sent)
  std::string problem;      // of one that failed
};

// Errors: those of the source; source.table_missing for a table that is not the task's.
base::Result<std::vector<EtlTable>> check_etl(const TaskSpec& spec, const EtlOptions& options);
// Errors: also those of a script that does not fit its table.
base::Status try_etl(const TaskSpec& spec, const EtlOptions& options, base::CancelToken& cancel,
                     const std::function<void(const EtlRow&)>& on_row);

struct EtlFunction {
  std::string name, group, signature, text;
};
// What scripts may call.
std::vector<EtlFunction> etl_functions();

}  // namespace tributary::task
