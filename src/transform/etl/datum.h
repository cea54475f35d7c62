// What expressions of an ETL script are at compile time (Type) and at run time (Datum). Threads: values.
//
// Datum borrows: strings, decimals and lists live in the row, in the program or in the arena of the run.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "model/value.h"

namespace tributary::transform::etl {

__extension__ typedef __int128 Int128;

inline constexpr Int128 integer_min = std::numeric_limits<std::int64_t>::min();
inline constexpr Int128 integer_max = std::numeric_limits<std::uint64_t>::max();

enum class Kind : std::uint8_t {
  null,      // as a type: the literal null, which fits everywhere
  boolean,   // i: 0 or 1
  integer,   // i: integer_min to integer_max
  decimal,   // s: [-]digits[.digits], no leading zeros but one before the point
  real,      // d
  string,    // s: UTF-8
  bytes,     // s: of a binary column
  datetime,  // t: a date and clock without a zone; all zero for 0000-00-00
  list,      // list: of json_array
  action,    // a type only
  failed,    // a datum only: what failed is noted in the evaluation
};

struct Type {
  Kind kind = Kind::null;
  bool is_unsigned = false;  // integer: may pass 2^63-1
  std::uint8_t scale = 0;    // decimal: digits behind the point at most
  std::uint32_t length = 0;  // string: characters at most; 0: not known

  bool is_number() const { return kind == Kind::integer || kind == Kind::decimal || kind == Kind::real; }
};

struct Datum;
struct DatumList {
  const Datum* items;
  std::size_t count;
};

struct Datum {
  Kind kind = Kind::null;
  union {
    Int128 i;
    double d;
    std::string_view s;
    model::TimeParts t;
    DatumList list;
  };

  Datum() : i(0) {}
  bool is_null() const { return kind == Kind::null; }
  bool is_failed() const { return kind == Kind::failed; }
  bool is_true() const { return kind == Kind::boolean && i != 0; }

  static Datum boolean(bool b) {
    Datum v;
    v.kind = Kind::boolean;
    v.i = b ? 1 : 0;
    return v;
  }
  static Datum integer(Int128 number) {
    Datum v;
    v.kind = Kind::integer;
    v.i = number;
    return v;
  }
  static Datum real(double number) {
    Datum v;
    v.kind = Kind::real;
    v.d = number;
    return v;
  }
  static Datum of_text(Kind kind, std::string_view text) {
    Datum v;
    v.kind = kind;
    v.s = text;
    return v;
  }
  static Datum string(std::string_view text) { return of_text(Kind::string, text); }
  static Datum datetime(const model::TimeParts& t) {
    Datum v;
    v.kind = Kind::datetime;
    v.t = t;
    return v;
  }
  static Datum failed() {
    Datum v;
    v.kind = Kind::failed;
    return v;
  }
};

}  // namespace tributary::transform::etl
