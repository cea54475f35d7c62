// From changes and statements to records at the end of a batch: key, value, topic and partition. Threads: functions
// without state.
#pragma once

#include <span>
#include <string>

#include "base/error.h"
#include "encode/encoder.h"
#include "model/record.h"
#include "pipeline/counters.h"
#include "pipeline/table_set.h"
#include "sink/router.h"

namespace tributary::pipeline {

// A row as the table's plan has left it. Under a policy of partitions by key, and in formats that want it, an UPDATE of
// the key leaves as a DELETE and an INSERT, the latter with the next id: each of two partitions, or of two keys, has to
// tell what becomes of the row. Behind a DELETE there may be a tombstone, as the format says.
base::Status append_row(const SubtaskTable& table, const sink::Router& router, const encode::ChangeHeader& header,
                        const transform::Row& row, model::RecordBatch& batch);
// Ids that an operation on the table takes, whatever becomes of it: they must not depend on what the user may change.
inline std::uint64_t ids_of(const SubtaskTable& table, model::Operation operation) {
  return operation == model::Operation::update && table.form->splits_key_changes ? 2 : 1;
}

// What the table's plan makes of a row; false: nothing is to be sent, and that is counted.
base::Result<bool> transform_row(const SubtaskTable& table, transform::Row& row, TableCounters& counters);

struct DdlText {
  std::string database, table;  // as they leave; the first one that the statement names
  std::string text;
  std::string server_version;
};
// Errors: those of a schema registry and of a table's topic.
base::Status append_ddl(const Config& config, const DdlText& statement, const sink::Router& router,
                        const encode::ChangeHeader& header, model::RecordBatch& batch);

}  // namespace tributary::pipeline
