// A compiled condition: a tree whose types are fixed. Made by the compiler, walked by the evaluator.
// Threads: immutable once made.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transform/filter/collation.h"
#include "transform/filter/decimal.h"
#include "transform/filter/filter.h"
#include "transform/filter/json_path.h"
#include "transform/filter/regexp.h"

namespace tributary::transform::filter {

enum class Kind : std::uint8_t { null, integer, decimal, real, text, date, datetime, time };

inline constexpr std::uint8_t not_fixed = 31;
// Who decides the collation when two texts meet: the smaller number (MySQL manual, "Collation Coercibility").
inline constexpr std::uint8_t explicit_collation = 0, implicit_collation = 2, coercible_collation = 4,
                              numeric_collation = 5;

struct Type {
  Kind kind = Kind::null;
  bool is_unsigned = false;
  bool is_wide = false;          // integer: may lie beyond what a double holds exactly
  bool is_loose = false;         // decimal: a quotient with digits that are not part of its scale
  bool has_no_text = false;      // its text is not foretold here (FLOAT, mixed numbers)
  bool is_labels = false;        // ENUM and SET: text that is a number where numbers are wanted
  bool is_year = false;          // a YEAR column
  bool is_number_bytes = false;  // 0x41, b'1': text that is a number where integers are wanted
  bool is_json = false;          // text of a JSON document
  bool is_ascii = false;         // text of ASCII only
  bool has_no_number = false;    // text whose number is not that of its characters: labels or bytes chosen by IF, casts
  std::uint8_t fixed = not_fixed;  // real: digits behind the point of FLOAT(m,d), DOUBLE(m,d)
  std::uint8_t digits = 0;         // decimal and integer: before the point, at most
  std::uint8_t scale = 0;          // decimal: behind it; date and time: of the fraction
  std::uint8_t true_scale = 0;     // decimal: digits that there can be if is_loose
  std::uint8_t coercibility = coercible_collation;
  const Collation* collation = nullptr;  // text

  bool is_temporal() const { return kind == Kind::date || kind == Kind::datetime || kind == Kind::time; }
  bool is_number() const { return kind == Kind::integer || kind == Kind::decimal || kind == Kind::real; }
};

// A value while a row is tested. Which member counts is what the node's kind says.
struct Datum {
  bool is_null = false;
  union {
    std::int64_t i = 0;  // integer (is_unsigned: the same bits), packed date and time, the number of labels
    double d;
  };
  std::string_view s;
  Decimal dec;
};

enum class Operation : std::uint8_t {
  constant,
  column,
  negate,
  add,
  subtract,
  multiply,
  divide,
  divide_whole,
  modulo,
  and_,
  or_,
  xor_,
  not_,
  equal,
  same,
  different,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  between,
  like,
  regexp,
  is_null,
  is_true,
  is_false,
  collate,
  case_when,
  case_of,
  if_,
  coalesce,
  null_if,
  // texts
  length,
  char_length,
  lower,
  upper,
  left,
  right,
  substring,
  concat,
  concat_ws,
  trim,
  replace,
  locate,
  pad_left,
  pad_right,
  reverse,
  hex,
  md5,
  json_text,
  crc32,
  ascii,
  strcmp,
  find_in_set,
  // numbers
  abs,
  ceil,
  floor,
  round,
  truncate,
  sign,
  greatest,
  least,
  // dates
  year,
  month,
  day,
  hour,
  minute,
  second,
  microsecond,
  quarter,
  day_of_year,
  date,
  day_of_week,
  weekday,
  to_days,
  datediff,
  last_day,
  date_add,
  date_format,
  unix_timestamp,
  from_unixtime,
  // conversions
  to_integer,
  to_decimal,
  to_text,
  to_bytes,
  to_date,
  to_datetime
};

// How two values are compared.
enum class Comparison : std::uint8_t { nothing, integer, decimal, real, text, packed };

enum class Unit : std::uint8_t { microsecond, second, minute, hour, day, week, month, quarter, year };

struct Node {
  Operation operation = Operation::constant;
  Type type;
  bool is_negated = false;  // NOT IN, NOT BETWEEN, NOT LIKE, IS NOT
  Comparison comparison = Comparison::nothing;
  const Collation* collation = nullptr;  // of the comparison or search
  std::vector<Comparison> comparisons;   // IN, CASE x: with each of the others
  std::vector<std::unique_ptr<Node>> args;
  // column
  std::uint32_t column = 0;
  model::ColumnType column_type{};
  std::vector<std::string> labels;
  // by operation: of a constant, its text; of LIKE, the escape; of DATE_FORMAT, the format
  Datum value;
  std::string text;
  int number = 0;  // digits to round to, which ends to trim, the length of CHAR(n); comparison: digits of `fixed`, or
                   // 0; LOCATE: 1: by weights
  std::shared_ptr<const Regexp> pattern;
  std::vector<JsonStep> path;
  Unit unit = Unit::day;
  std::uint32_t offset = 0;
};
using NodePtr = std::unique_ptr<Node>;

struct Program {
  std::string condition, sql, canonical;
  std::vector<std::uint32_t> columns;
  std::size_t column_count = 0;
  Dialect dialect;
  NodePtr root;
};

}  // namespace tributary::transform::filter
