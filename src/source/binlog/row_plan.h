// How the columns of one table are decoded: made once per layout, one opcode per column.
//
// Errors: data_schema_mismatch naming the column and both types, data_event_unsupported for column types nobody can
// decode. Threads: may be shared once made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/schema.h"
#include "source/binlog/table_map.h"

namespace tributary::source {

enum class Opcode : std::uint8_t {
  i8,
  i16,
  i24,
  i32,
  i64,
  u8,
  u16,
  u24,
  u32,
  u64,
  real4,
  real8,
  decimal,  // a: precision, b: scale, length: bytes
  bits,     // length: bytes, big endian
  year,     // a: 1 for YEAR(2), which holds 1970 to 2069
  date,
  time3,
  datetime8,
  timestamp4,  // as before MySQL 5.6, no fraction
  time2,
  datetime2,
  timestamp2,  // a: fraction digits
  time_hires,
  datetime_hires,
  timestamp_hires,  // MariaDB 5.3 form; a: fraction digits, length: bytes
  text1,
  text2,
  text3,
  text4,  // that many length bytes
  binary1,
  binary2,  // length: bytes to pad to
  set,      // length: bytes; ENUM too
  json,
  geometry,  // a: bytes of the length; json: b: number among the JSON columns
  uuid,
  inet4,
  inet6,
  compressed1,
  compressed2,
  compressed3,
  compressed4,  // MariaDB COMPRESSED columns; that many length bytes
  // json and compressed: length: number among the columns with unbounded texts
};

class RowPlan {
 public:
  struct Step {
    Opcode opcode = Opcode::i8;
    std::uint8_t a = 0;
    std::uint16_t b = 0;
    std::uint32_t length = 0;
  };

  // Fails with data_schema_mismatch if rows described by `map` can't be rows of `schema`. Where the map carries names
  // and signedness (binlog_row_metadata) they are compared too. Behind the schema's columns its tail is expected, and
  // in a table without a primary key one BIGINT more may come: RDS's own key, which its information_schema does not
  // show.
  static base::Result<RowPlan> make(const TableMap& map, model::TableSchemaPtr schema);

  // True if a later table map describes the same layout, so that this plan still holds.
  bool fits(const TableMap& map) const { return wire_ == map.columns() && metadata_ == map.metadata_bytes(); }
  const model::TableSchemaPtr& schema() const { return schema_; }
  // One per column of the row image; those behind the schema's columns are read and dropped.
  const std::vector<Step>& steps() const { return steps_; }
  const std::vector<WireColumn>& wire() const { return wire_; }
  std::size_t scratch_bytes() const { return scratch_bytes_; }  // for the bounded texts of one image
  std::size_t text_count() const { return text_count_; }        // columns with unbounded ones
  std::size_t json_count() const { return json_count_; }

 private:
  model::TableSchemaPtr schema_;
  std::vector<WireColumn> wire_;
  std::string metadata_;
  std::vector<Step> steps_;
  std::size_t scratch_bytes_ = 0;
  std::uint32_t text_count_ = 0;
  std::size_t json_count_ = 0;
};

}  // namespace tributary::source
