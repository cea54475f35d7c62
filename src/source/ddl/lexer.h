// A statement as tokens, by the rules of its server and SQL mode: quoting, comments, and the comments a server of this
// version executes. Tokens borrow from the text. Linear time; any bytes give tokens, the last of which is `end`, or
// `broken` (an open quote or comment).
// Source: lexers of MySQL 8.0 and MariaDB 10.11, tried on servers. Threads: free functions, no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/ddl/tracker.h"

namespace tributary::source::ddl {

// Bits of sql_mode that are the same everywhere.
inline constexpr std::uint64_t mode_real_as_float = 1;
inline constexpr std::uint64_t mode_pipes_as_concat = 2;
inline constexpr std::uint64_t mode_ansi_quotes = 4;
inline constexpr std::uint64_t mode_oracle = 512;  // MariaDB; in MySQL it says only how to show things
inline constexpr std::uint64_t mode_ansi = 1U << 18;
inline constexpr std::uint64_t mode_no_backslash_escapes = 1U << 20;
inline constexpr std::uint64_t mode_strict_trans_tables = 1U << 21;
inline constexpr std::uint64_t mode_strict_all_tables = 1U << 22;

struct Token {
  enum class Kind : std::uint8_t {
    word,    // a name or keyword without quotes; may begin with a digit
    name,    // in back quotes, or in double quotes with ANSI_QUOTES
    string,  // '...', "..."
    number,  // 1, 1.5, 1e3
    bytes,   // x'..', 0x.., b'..', 0b..
    symbol,  // one character
    end,
    broken,
  };
  Kind kind = Kind::end;
  std::string_view text;     // with its quotes
  std::uint32_t offset = 0;  // in the statement
  bool is_after_space = true;
};

// What a token of kind `bytes` stands for; nothing for x'..' with an odd number of digits.
std::optional<std::string> bytes_of(std::string_view text);

struct LexRules {
  mysql::Flavour flavour = mysql::Flavour::mysql;
  std::uint32_t version_number = 0;
  bool ansi_quotes = false;
  bool no_backslash_escapes = false;
};
LexRules lex_rules(const ServerTraits& traits, std::uint64_t sql_mode);

// At most `count_max` tokens; if there are more the last is `end` anyway.
std::vector<Token> tokenise(std::string_view sql, const LexRules& rules, std::size_t count_max = SIZE_MAX);

// The value of a name, string or word without quotes and escapes.
std::string unquoted(const Token& token, const LexRules& rules);

// "line 3, column 14", counted from 1, in bytes.
std::string place_in(std::string_view sql, std::size_t offset);

}  // namespace tributary::source::ddl
