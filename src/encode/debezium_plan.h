// What is the same for all rows of a table in Debezium JSON, worked out once.
//
//   value = OPEN image ,"after": image SOURCE numbers and texts of the change CLOSE
//   image = null | { "column":value ... }
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "encode/debezium_json.h"
#include "model/charset.h"

namespace tributary::encode {

enum class DebeziumForm : std::uint8_t {
  number,
  wrapped,     // BIGINT UNSIGNED as a signed number
  big_number,  // BIGINT UNSIGNED as the bytes of a Decimal
  decimal,     // bytes of a Decimal
  decimal_text,
  decimal_real,
  real,
  boolean,
  bits,
  year,
  date,
  micro_time,
  millis,  // DATETIME(0) to (3)
  micros,  // DATETIME(4) to (6)
  zoned,   // TIMESTAMP
  text,
  binary,
  label,
  labels,
  geometry,
  point,
  float_vector
};

struct DebeziumColumn {
  std::string name;  // "name": with its colon
  DebeziumForm form = DebeziumForm::number;
  bool is_nullable = true;
  std::uint8_t digits = 0;   // decimal: scale; zoned: digits of the fraction
  std::uint32_t source = 0;  // index into the row
  std::uint32_t bit_bytes = 0;
  const model::Charset* charset = nullptr;
  std::vector<std::string> labels;  // the inside of JSON strings; ENUM: '' first
};

DebeziumColumn plan_debezium_column(const model::TableSchema& schema, std::uint32_t index,
                                    const DebeziumJsonOptions& options);

// Schemas as JsonConverter writes them.
std::string debezium_value_schema(const model::TableSchema& schema, const DebeziumJsonOptions& options);
std::string debezium_key_schema(const model::TableSchema& schema, const DebeziumJsonOptions& options);
std::string debezium_ddl_schema();

// "source":{...,"ts_ms": and so on, which events of rows and of statements share.
struct DebeziumSource {
  DebeziumSource(std::string_view database, std::string_view table, const DebeziumJsonOptions& options);
  void add(const ChangeHeader& header, bool is_snapshot, base::Buffer& out) const;

  std::string opening;        // up to the number of ts_ms
  std::string object;         // behind the value of snapshot, up to that of server_id
  std::string base_name_dot;  // in front of a file's number
};

}  // namespace tributary::encode
