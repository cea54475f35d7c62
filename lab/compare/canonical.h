// One form for a value, whichever way it came: from the source as the server prints it (text protocol, utf8mb4, UTC),
// or from a DTS Avro record. Equal values give equal bytes, different ones different bytes.
//
// The form is a letter for the kind and then text: i42, d12.50, "cstraight on", x00ff. NULL is the empty string.
// FLOAT and DOUBLE go by value, trailing zeros of fractional seconds and leading zeros of numbers don't count, BIT is a
// number, binary values are hex, geometry is WKB without the SRID. A value in a branch that does not fit its type
// number keeps its own letter and so differs. Facts: spec of DTS Avro values, section 2.5. Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "encode/record.h"

namespace tributary::lab {

enum class ValueClass : char {
  integer = 'i',
  decimal = 'd',
  float_ = 'f',
  double_ = 'g',
  bit = 'b',
  year = 'y',
  date = 'D',
  time = 'T',
  datetime = 'M',
  timestamp = 'S',
  text = 'c',
  binary = 'x',
  label = 'e',
  geometry = 'p',
  other = '?',
};

// By the type as SHOW COLUMNS names it: "decimal(10,2) unsigned", "enum('a','b')". MariaDB's JSON is longtext there.
ValueClass class_of_type(std::string_view declared_type);

// `text` as the text protocol gives it. FLOAT has to be selected as a double (see source_expression): the server prints
// only six digits of it.
std::string canonical(ValueClass value_class, std::optional<std::string_view> text);
std::string canonical(std::int32_t data_type_number, const encode::dts::Value& value);

// What to select for a column so that nothing of its value is lost: `name`, or `name` + 0e0 for FLOAT.
std::string source_expression(ValueClass value_class, std::string_view quoted_name);

// For people: NULL, 12.50, 'straight on', x'00ff'; at most about `width` bytes, cut at a character.
std::string display(std::string_view canonical, std::size_t width = 60);

}  // namespace tributary::lab
