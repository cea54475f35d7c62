// A condition as it was written: tokens and the tree of its parts. Pure syntax, nothing of columns or types.
// Errors: filter_syntax and filter_unsupported (what is MySQL, and never evaluated here) with line:column.
// Threads: free functions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tributary::transform::filter {

struct Token {
  enum class Kind : std::uint8_t { word, name, text, number, bytes, symbol, end };
  Kind kind = Kind::end;
  std::string value;         // of a name or text without quotes and escapes, else as written
  std::string upper;         // of a word
  std::uint32_t offset = 0;  // in the condition
  bool is_after_space = false;
};

// The last token is of kind `end`.
base::Result<std::vector<Token>> tokenise(std::string_view condition);

// "3:14", counted from 1; columns are characters.
std::string place_of(std::string_view condition, std::uint32_t offset);
base::Error error_at(base::ErrorCode code, std::string what, std::string_view condition, std::uint32_t offset);

enum class Part : std::uint8_t {
  null,
  integer,  // digits
  decimal,  // digits with a point
  real,     // with an exponent
  text,     // value: the bytes
  bytes,    // value: the bytes; name: "x", "0x" or "b", as it was written
  typed,    // name DATE, TIME or TIMESTAMP; value: the text
  boolean,  // value TRUE or FALSE
  column,   // name
  unary,    // name: - NOT BINARY
  binary,   // name: an operator in capitals: + - * / DIV % = <=> <> < <= > >= AND OR XOR LIKE REGEXP
  is,       // name: NULL TRUE FALSE UNKNOWN
  in,       // first the left side, then the list
  between,  // three
  case_,    // name "": conditions; "X": the first is the operand. Pairs follow, then ELSE if their number is odd
  call,     // name in capitals; TRIM, CAST and intervals have extra words in `value`
  collate,  // value: the collation
};

struct Syntax {
  Part part = Part::null;
  bool is_negated = false;  // NOT IN, NOT LIKE, IS NOT, ...
  std::string name;
  std::string value;
  std::vector<std::unique_ptr<Syntax>> args;
  std::uint32_t offset = 0;
};
using SyntaxPtr = std::unique_ptr<Syntax>;

base::Result<SyntaxPtr> parse(std::string_view condition);

// With all parentheses; parses to the same tree.
std::string print(const Syntax& syntax);

}  // namespace tributary::transform::filter
