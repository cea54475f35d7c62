// An event of a binlog file and its rows as people and scripts read them. Borrowed for the time of the call they are
// handed out in. Threads: values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/schema.h"
#include "model/value.h"
#include "source/binlog/event_fields.h"

namespace tributary::task {

using BinlogField = source::EventField;

struct BinlogColumn {
  std::string_view name;
  std::string type;  // "decimal(10,2) unsigned", as far as it is known
  bool is_nullable = true;
};

struct BinlogEvent {
  std::uint64_t begin = 0, end = 0;  // in the file
  bool is_inner = false;             // in a transaction payload; begin and end are the payload's
  std::uint64_t inner_offset = 0;    // in the uncompressed payload
  std::uint32_t timestamp = 0;       // seconds since the epoch
  std::uint8_t type_number = 0;
  std::string_view type;
  std::uint32_t length = 0;
  std::uint32_t server_id = 0;
  std::vector<std::string> flags;
  std::span<const BinlogField> fields;
  std::string_view database, table;   // of table maps and rows
  std::vector<BinlogColumn> columns;  // of table maps
  bool has_rows = false;
  std::string_view undecoded;  // why there are no rows, or no more of them
};

struct BinlogValue {
  enum class Kind : std::uint8_t {
    absent,  // not in the row image
    null,
    number,
    time,    // dates and times
    text,    // UTF-8
    binary,  // 0x and hex
    change,  // what is done to a JSON value that the log does not hold
    raw,     // an ENUM's or SET's number, whose labels are not known
  };
  Kind kind = Kind::absent;
  std::string text;
};

// Kept from row to row, so that its texts are made in place.
struct BinlogRow {
  std::string_view change;  // "insert", "update", "delete"
  std::span<const model::Column> columns;
  std::vector<BinlogValue> before, after;  // empty, or one per column
};

// The value's text: numbers and times as the server prints them (timestamps in UTC), ENUM and SET as labels, BIT as a
// number, character data as UTF-8 as far as its character set is known, all else as 0x and hex.
void make_binlog_value(const model::Column& column, const model::Value& value, BinlogValue& out);

std::string column_type_text(const model::Column& column);

}  // namespace tributary::task
