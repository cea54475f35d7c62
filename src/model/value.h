// One column value on the row path: a small tagged view that borrows its bytes from the network buffer (or from the
// decoder's scratch) and lives as long as the row does. Both readers (snapshot text rows and binlog row images) produce
// it, every encoder consumes it; the same stored value must give the same record bytes from both.
#pragma once

#include <cstdint>
#include <string_view>

namespace tributary::model {

enum class ValueKind : std::uint8_t {
  null,
  absent,            // the row image does not hold the column (never in FULL images)
  integer_text,      // text: optional '-' and digits, canonical (no leading zeros, no '+')
  integer,           // i: signed
  integer_unsigned,  // u; also BIT (as a number), ENUM (1-based index, 0 = '') and SET (bit mask)
  decimal_text,      // text: [-]digits[.digits] with the column's scale, no leading zeros but one before the point
  real,              // d: FLOAT already widened through its shortest decimal, DOUBLE as is
  bytes,             // text: CHAR/VARCHAR/TEXT in the column's character set, BINARY (padded)/VARBINARY/BLOB, JSON and
                     // UUID/INET in text form, GEOMETRY as WKB without the SRID prefix, VECTOR as stored
  date,              // t.year, month, day; zero parts are kept
  time,              // t.hour (to 838), minute, second, micros; t.negative
  datetime,          // all of t
  timestamp,         // i: seconds since the epoch (0 for the zero timestamp), t.micros
  year,              // t.year, 0 for 0000
};

struct TimeParts {
  std::uint16_t year = 0;
  std::uint8_t month = 0;
  std::uint8_t day = 0;
  std::uint16_t hour = 0;
  std::uint8_t minute = 0;
  std::uint8_t second = 0;
  std::uint32_t micros = 0;
};

struct Value {
  ValueKind kind = ValueKind::null;
  bool negative = false;  // time only
  TimeParts t;
  union {
    std::int64_t i = 0;
    std::uint64_t u;
    double d;
  };
  std::string_view text;

  bool is_null() const { return kind == ValueKind::null; }

  static Value null() { return {}; }
  static Value integer(std::int64_t number) {
    Value v;
    v.kind = ValueKind::integer;
    v.i = number;
    return v;
  }
  static Value integer_unsigned(std::uint64_t number) {
    Value v;
    v.kind = ValueKind::integer_unsigned;
    v.u = number;
    return v;
  }
  static Value real(double number) {
    Value v;
    v.kind = ValueKind::real;
    v.d = number;
    return v;
  }
  static Value of_text(ValueKind kind, std::string_view text) {
    Value v;
    v.kind = kind;
    v.text = text;
    return v;
  }
};

}  // namespace tributary::model
