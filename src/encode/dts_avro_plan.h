// What is the same for all rows of a table in DTS Avro, worked out and encoded once.
//
// A record is laid out so (upper case: ready-made bytes; Record.avsc has the schema):
//   VERSION id sourceTimestamp sourcePosition safeSourcePosition SOURCE operation OBJECT tags FIELDS
//   before after bornTimestamp
//   tags  = count TAGS [SERVER_ID text] [THREAD_ID text] [READER_TIME text] 0
//   image = 0 | IMAGE value... 0,  value = PREFIX and what its column's form needs
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "encode/encoder.h"

namespace tributary::encode {

// How a column's values are written behind the prefix.
enum class Form : std::uint8_t { integer, decimal, real, bytes, label, labels, date, time, datetime, timestamp, year };

struct ColumnPlan {
  // Branch index and leading constants. The first 16 bytes are moved whatever the size is: hardly any is longer.
  std::array<char, 48> prefix{};
  std::uint8_t prefix_size = 0;
  Form form = Form::integer;
  std::uint8_t scale = 0;    // decimal
  std::uint32_t source = 0;  // index into the row
  std::uint32_t labels = 0;  // index into DtsAvroPlan::labels
};

struct DtsAvroPlan {
  DtsAvroPlan(const model::TableSchema& schema, const DtsAvroOptions& options);

  std::vector<ColumnPlan> columns;               // the visible ones
  std::vector<std::vector<std::string>> labels;  // ENUM: '' and each label as an Avro string; SET: the bare labels

  std::string source;  // sourceTxid, source
  std::string object;  // objectName, processTimestamps
  std::string tags;    // those that are constant
  std::string fields;
  std::string image;  // union index and count
  std::uint8_t tag_count = 0;
  bool tag_server_id = false;
  bool tag_thread_id = false;
  bool tag_reader_time = false;

  std::size_t record_bytes_max = 0;  // all but the header's positions and the images
  std::size_t image_bytes_max = 0;   // one image but the text of Form::bytes and Form::decimal
};

// The branch of the value union and the type number a column's values travel under.
struct BranchAndNumber {
  std::int32_t branch;
  std::int32_t data_type_number;
};
BranchAndNumber branch_and_number(model::ColumnType type);

// The name sent for a column's character set: utf8mb3 goes as utf8, which every known consumer accepts.
std::string_view charset_name(const model::Column& column);

// {"PRIMARY":["id"],"uk":["a","b"]}; empty when no key is visible.
std::string pk_uk_info(const model::TableSchema& schema);

}  // namespace tributary::encode
