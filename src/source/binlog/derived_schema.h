// A table's structure as far as its table map tells it: for reading binlog files without their server.
// Names and labels are there with binlog_row_metadata = FULL; else columns are called c1, c2, ... and signedness and
// binary or text are known from MySQL 8.0 and MariaDB 10.5 on. MariaDB's 5.3 form of TIME(n), DATETIME(n), TIMESTAMP(n)
// can't be told from the form without a fraction. Threads: pure functions.
#pragma once

#include "base/error.h"
#include "model/schema.h"
#include "source/binlog/table_map.h"

namespace tributary::source {

// Columns only: no keys, no version. data_event_unsupported for a column type that has no decoder.
base::Result<model::TableSchemaPtr> derive_schema(const TableMap& map);

}  // namespace tributary::source
