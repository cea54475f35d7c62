// A statement cut into tokens: enough of MySQL's lexical rules to find names, literals and parentheses without touching
// the rest of the text. Tokens are offsets into the text, which must outlive them.
//
// Comments and white space make no token, except routing hints (/*+TDDL:..*/, /*TDDL:..*/, /!TDDL:..*/).
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::lab {

enum class TokenKind : std::uint8_t {
  word,         // keyword or bare name; @user and @@system variables whole
  quoted_name,  // `name`
  string,       // 'text' or "text", also x'..', b'..', n'..'
  number,       // 1, 1.5e3, 0xAF
  symbol,       // operator or punctuation
  hint,
  end,  // one past the last token
};

struct Token {
  TokenKind kind;
  std::uint32_t begin, end;  // bytes [begin, end)
};

class Sql {
 public:
  explicit Sql(std::string_view text);

  std::string_view text() const { return text_; }
  std::size_t size() const { return tokens_.size() - 1; }  // without the end token
  const Token& operator[](std::size_t at) const { return tokens_[at < tokens_.size() ? at : tokens_.size() - 1]; }
  // False when a string, name or comment does not end.
  bool complete() const { return complete_; }

  std::string_view text(std::size_t at) const;
  // Text from the first byte of token `first` to the last byte before token `last`, without trailing space.
  std::string_view text(std::size_t first, std::size_t last) const;
  // Is the token this keyword (any case)? Quoted names and strings are never keywords.
  bool is(std::size_t at, std::string_view keyword) const;
  bool is_symbol(std::size_t at, std::string_view symbol) const;
  bool is_name(std::size_t at) const;
  // The name without quotes.
  std::string name(std::size_t at) const;
  // A string's value with quotes and escapes undone; other tokens as they are.
  std::string value(std::size_t at) const;
  // Index of the parenthesis closing the one at `open`; size() if there is none.
  std::size_t closing(std::size_t open) const;
  // First index in [from, to) outside parentheses with this keyword; `to` if absent.
  std::size_t find(std::string_view keyword, std::size_t from, std::size_t to) const;

 private:
  std::string_view text_;
  std::vector<Token> tokens_;
  bool complete_ = true;
};

// Equal but for ASCII case.
bool same_name(std::string_view a, std::string_view b);
std::string lower(std::string_view text);
std::string upper(std::string_view text);
// 'text' with quotes, backslashes and NUL escaped.
std::string quote_text(std::string_view text);

}  // namespace tributary::lab
