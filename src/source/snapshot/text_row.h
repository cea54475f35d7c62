// Rows of the text protocol to values: which expressions to select for a table, and how their text is read.
// The same stored value gives the same Value as the binlog's row image does (model/value.h).
//
// The session must have time_zone '+00:00', sql_mode '' and character_set_results NULL (see SnapshotConnection).
// Errors: data_value_malformed naming the column. Threads: a plan is immutable; a reader is for one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "model/schema.h"
#include "model/value.h"
#include "mysql/connection.h"

namespace tributary::source {

class TextRowPlan {
 public:
  explicit TextRowPlan(const model::TableSchema& schema);

  // One expression per column, in schema order.
  const std::string& select_list() const { return select_list_; }

  // Fills one value per column, borrowing from the row.
  base::Status read(const mysql::RowView& row, std::vector<model::Value>& values) const;

 private:
  enum class Step : std::uint8_t {
    integer,
    integer_zero_filled,
    decimal,
    decimal_zero_filled,
    float_,
    double_,
    bit,
    year,
    date,
    time,
    datetime,
    timestamp,
    bytes,
    geometry,
    number_unsigned,
  };
  struct ColumnStep {
    Step step;
    std::string name;
  };
  static bool read_value(Step step, std::string_view text, model::Value& value);

  std::vector<ColumnStep> steps_;
  std::string select_list_;
};

// A value of a key column as an SQL literal that compares with the column as the stored value does. `raw` is the
// column's text in the text protocol, in the column's own character set.
std::string key_literal(const model::Column& column, std::string_view raw);

// True if ORDER BY and < on the column agree and are exact, so that a snapshot can go through it in chunks.
bool is_chunk_key(const model::Column& column);

}  // namespace tributary::source
