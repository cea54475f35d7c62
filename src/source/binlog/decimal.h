// MySQL's packed DECIMAL: nine digits in four bytes, big endian, the sign in the first bit, all inverted when negative.
// Source: MySQL strings/decimal.cc (decimal2bin, bin2decimal). Threads: pure functions.
#pragma once

#include <cstddef>

namespace tributary::source {

inline constexpr unsigned decimal_precision_max = 65;
inline constexpr unsigned decimal_scale_max = 38;  // MariaDB's; MySQL stops at 30
// Sign, leading zero, point and digits, and room for whole groups.
inline constexpr std::size_t decimal_text_max = 96;

// Whether the two can stand together.
constexpr bool is_decimal_shape(unsigned precision, unsigned scale) {
  return precision >= 1 && precision <= decimal_precision_max && scale <= decimal_scale_max && scale <= precision;
}

// The same in JSON, where the server counts digits by groups of nine: DECIMAL(65,30) can be 66 wide.
constexpr bool is_json_decimal_shape(unsigned precision, unsigned scale) {
  constexpr unsigned digits_max = 81;
  return precision >= 1 && precision <= digits_max && scale <= decimal_scale_max && scale <= precision;
}

// Bytes of a packed decimal of that shape.
std::size_t decimal_size(unsigned precision, unsigned scale);

// Writes the canonical text ("-0.50") of decimal_size() bytes to `out` (decimal_text_max bytes) and returns its end;
// nullptr if a group holds no digits.
char* decimal_text(const char* packed, unsigned precision, unsigned scale, char* out);

}  // namespace tributary::source
