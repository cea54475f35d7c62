// What every encoder says of rows that don't fit their table. Threads: functions without state.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"
#include "model/record.h"
#include "model/schema.h"
#include "model/value.h"

namespace tributary::encode {

// Which images a record of an operation carries.
struct Images {
  bool before = false;
  bool after = false;
};

// Fails when the operation is no change of a row, or when an image it needs has not one value for each column.
base::Result<Images> images_of(model::Operation operation, const model::TableSchema& schema,
                               std::span<const model::Value> before, std::span<const model::Value> after);

// data_schema_mismatch: the value, the column's type, and db.table.column in `where`.
[[gnu::cold]] base::Status misfit(const model::TableSchema& schema, std::uint32_t column, const model::Value& value);

}  // namespace tributary::encode
