// An ETL script as a tree, before it meets a table.
//
//   script   = ["script:"] expr
//   expr     = operand ["?" expr ":" expr]
//   operand  = "(" expr ")" | call | `column` | name | string | number | "true" | "false" | "null"
//   call     = name "(" [argument {"," argument}] ")"
//   argument = [name "="] expr
//   string   = '...' or "..."; \n \t \r \0 \\ \' \" \uXXXX; before any other sign a backslash stands for itself
//
// Places are line and column, both from 1, columns counted in characters. Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tributary::transform::etl {

struct Place {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::string text() const { return std::to_string(line) + ":" + std::to_string(column); }
};

struct Syntax {
  enum class Kind : std::uint8_t { call, column, name, string, integer, decimal, real, boolean, null, choose };
  Kind kind = Kind::null;
  Place place;
  std::string text;      // name, unescaped string, digits, "true"
  std::string argument;  // the name under which it is given to the call around it
  std::vector<Syntax> children;
};

// At most 64 KiB and 100 levels.
base::Result<Syntax> parse_script(std::string_view script);
// Names of functions and variables, numbers and names of arguments.
base::Status check_calls(const Syntax& syntax);

// The same script in one form: one line, single quotes. Parses to the same tree.
std::string print(const Syntax& syntax);
std::string print_string(std::string_view text);  // with its quotes

}  // namespace tributary::transform::etl
