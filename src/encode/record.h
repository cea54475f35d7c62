// A DTS Avro Record as a value that owns its parts: what the decoder gives, and what encode_record() takes for records
// that are not rows (BEGIN, COMMIT, HEARTBEAT) and for tests. Field and branch order are those of Record.avsc.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/buffer.h"

namespace tributary::encode::dts {

struct Null {
  bool operator==(const Null&) const = default;
};
struct Integer {
  std::int32_t precision = 0;  // storage width in bytes
  std::string value;           // decimal text
  bool operator==(const Integer&) const = default;
};
struct Character {
  std::string charset;
  std::string value;  // bytes in that character set
  bool operator==(const Character&) const = default;
};
struct Decimal {
  std::string value;
  std::int32_t precision = 0;  // digits of this value
  std::int32_t scale = 0;
  bool operator==(const Decimal&) const = default;
};
struct Float {
  double value = 0;
  std::int32_t precision = 0;
  std::int32_t scale = 0;
  bool operator==(const Float&) const = default;
};
struct Timestamp {
  std::int64_t seconds = 0;  // since the epoch
  std::int32_t micros = 0;   // the schema calls it millis
  bool operator==(const Timestamp&) const = default;
};
struct DateTime {  // all parts negative for a negative TIME
  std::optional<std::int32_t> year, month, day, hour, minute, second, micros;
  bool operator==(const DateTime&) const = default;
};
struct TimestampWithTimeZone {
  DateTime value;
  std::string timezone;
  bool operator==(const TimestampWithTimeZone&) const = default;
};
struct BinaryGeometry {
  std::string type;
  std::string value;
  bool operator==(const BinaryGeometry&) const = default;
};
struct TextGeometry {
  std::string type;
  std::string value;
  bool operator==(const TextGeometry&) const = default;
};
struct BinaryObject {
  std::string type;
  std::string value;
  bool operator==(const BinaryObject&) const = default;
};
struct TextObject {
  std::string type;
  std::string value;
  bool operator==(const TextObject&) const = default;
};
enum class EmptyObject : std::uint8_t { null, none };

// The alternative's index is the branch index on the wire.
using Value = std::variant<Null, Integer, Character, Decimal, Float, Timestamp, DateTime, TimestampWithTimeZone,
                           BinaryGeometry, TextGeometry, BinaryObject, TextObject, EmptyObject>;

std::string_view branch_name(const Value& value);  // "null", "Integer", ... as in Record.avsc

struct Field {
  std::string name;
  std::int32_t data_type_number = 0;
  bool operator==(const Field&) const = default;
};

using Fields = std::variant<std::monostate, std::string, std::vector<Field>>;
using Images = std::variant<std::monostate, std::string, std::vector<Value>>;

struct Record {
  std::int32_t version = 0;
  std::int64_t id = 0;
  std::int64_t source_timestamp = 0;  // seconds
  std::string source_position;
  std::string safe_source_position;
  std::string source_txid;
  std::int32_t source_type = 0;  // 0 MySQL ... 12 OTHER
  std::string source_version;
  std::int32_t operation = 0;  // 0 INSERT ... 16 INIT; the first ones are model::Operation's numbers
  std::optional<std::string> object_name;
  std::optional<std::vector<std::int64_t>> process_timestamps;
  std::vector<std::pair<std::string, std::string>> tags;  // in wire order
  Fields fields;
  Images before_images;
  Images after_images;
  std::optional<std::int64_t> born_timestamp = 0;  // empty: written by an older writer, without the field

  bool operator==(const Record&) const = default;

  std::string_view operation_name() const;                           // "INSERT", ...
  std::string_view source_type_name() const;                         // "MySQL", ...
  std::optional<std::string_view> tag(std::string_view name) const;  // the first of that name
};

// Appends the datum. Every array and map is one block with a positive count, as the strictest readers want it.
void encode_record(const Record& record, base::Buffer& out);

}  // namespace tributary::encode::dts
