// A DTS Avro record cut into the parts that a comparison needs, without copying: many records a second are folded.
//
// Values are also put into a *canonical* form, which is the same for the same value whatever the column's width, number
// of decimals or character set are, so that rows written before and behind an ALTER can be compared:
//
//   canonical = class bytes;  class = one byte of ValueClass,  bytes = what follows it, sized where it can vary
//
// Any bytes give a record or data_avro_malformed with "byte N" in `where`. Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "encode/record.h"
#include "transform/additional_columns.h"

namespace tributary::verify {

// RecordReader::fields without additional columns at their end.
struct OwnFields {
  std::string bytes;
  std::size_t count = 0;
  bool is_whole = true;  // there were none
};
OwnFields own_fields(std::string_view fields, const std::vector<std::string>& additional);
std::vector<std::string> names_of(const std::vector<transform::AdditionalColumn>& columns);

// What a record says, borrowed from its bytes and, where columns are left out, from the reader.
class RecordReader {
 public:
  // left_out: columns that a task adds to its tables. Where they stand last, fields and images end before them.
  explicit RecordReader(std::vector<std::string> left_out = {}) : left_out_(std::move(left_out)) {}
  base::Status read(std::string_view bytes);

  std::int32_t operation = 0;  // DTS's number: model::Operation
  std::int64_t id = 0;
  std::int64_t timestamp_s = 0;
  std::uint32_t server_id = 0;                                // of the tag; 0: none
  std::string_view position;                                  // sourcePosition
  std::string_view object;                                    // objectName as it stands: dots within names are \u002E
  std::string_view keys;                                      // the tag pk_uk_info; empty: none
  std::string_view fields;                                    // the array's bytes; empty: none
  std::string_view before, after;                             // the same of the images
  std::string_view statement;                                 // of a DDL record
  std::vector<std::string_view> before_values, after_values;  // each with its union index

 private:
  void leave_out();

  std::vector<std::string> left_out_;
  std::string whole_fields_;  // those that own_ was made of
  OwnFields own_;
  std::string own_before_, own_after_;
};

// The columns of an image.
struct Structure {
  struct Column {
    std::string name;
    std::int32_t type_number = 0;  // dataTypeNumber
    bool operator==(const Column&) const = default;
  };
  std::vector<Column> columns;

  static Structure parse(std::string_view fields);  // RecordReader::fields
  std::optional<std::size_t> find(std::string_view name) const;
  bool operator==(const Structure&) const = default;
};

// The values of an image that was read before.
std::vector<std::string_view> split_image(std::string_view image);

enum class ValueClass : char {
  null = 'z',
  number = 'n',      // decimal text without needless zeros
  text = 's',        // UTF-8
  other_text = 'x',  // of a character set that can't be converted
  binary = 'b',
  real = 'f',       // eight bytes
  timestamp = 't',  // seconds, micros
  datetime = 'd',   // which parts there are (a bit each, the year's the lowest), then each
};

// `value`: one of RecordReader's values.
void append_canonical(std::string_view value, base::Buffer& out);

// The first canonical value of `bytes`, which is cut off it. Only for what append_canonical() wrote.
struct CanonicalValue {
  ValueClass kind = ValueClass::null;
  std::string_view bytes;  // number, text, other_text, binary
  double real = 0;
  std::int64_t seconds = 0;
  std::int32_t micros = 0;
  std::optional<std::int32_t> parts[7];  // year, month, day, hour, minute, second, micros
};
CanonicalValue take_canonical(std::string_view& bytes);

}  // namespace tributary::verify
