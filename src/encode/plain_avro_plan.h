// How a table's columns travel in plain Avro, worked out once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "encode/plain_avro.h"
#include "model/charset.h"

namespace tributary::encode {

enum class AvroForm : std::uint8_t {
  int_,
  long_,
  big_number,  // BIGINT UNSIGNED: decimal of 20 digits
  decimal,
  float_,
  double_,
  boolean,
  bits,  // big-endian
  year,
  date,
  time,
  time_of_day,
  datetime,
  timestamp,
  text,
  binary,
  label,
  labels
};

struct AvroColumn {
  std::string name;  // as in the schema
  AvroForm form = AvroForm::int_;
  bool is_nullable = true;
  std::uint8_t scale = 0;
  std::uint32_t source = 0;  // index into the row
  std::uint32_t bit_bytes = 0;
  const model::Charset* charset = nullptr;
  std::vector<std::string> labels;  // ENUM: '' first
};

// The visible columns, or those of the key, under names that differ.
std::vector<AvroColumn> plan_avro_columns(const model::TableSchema& schema, const PlainAvroOptions& options);
std::vector<AvroColumn> plan_avro_key(const model::TableSchema& schema, const PlainAvroOptions& options);

}  // namespace tributary::encode
