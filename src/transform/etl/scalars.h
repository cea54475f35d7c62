// Scalars from text and as text. Threads: functions without state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "transform/etl/datum.h"

namespace tributary::transform::etl {

// [+-]digits, integer_min to integer_max.
bool read_integer(std::string_view text, Int128& number);
// A finite decimal number, with or without exponent.
bool read_real(std::string_view text, double& number);

// What write_text needs at most.
std::size_t text_room(const Datum& value);
// As str_format shows it: digits, true, 2024-01-01 10:10:01. Not for null and lists. Returns the end.
char* write_text(char* to, const Datum& value);

char* write_integer(char* to, Int128 number);  // needs 21 bytes

// Of a value, for an error: quoted, cut short.
std::string show(const Datum& value);
std::string show_text(std::string_view text);

// How many characters UTF-8 text has.
std::size_t count_characters(std::string_view text);
// The byte at which character `index` begins; the size if there are fewer.
std::size_t byte_of_character(std::string_view text, std::size_t index);

}  // namespace tributary::transform::etl
