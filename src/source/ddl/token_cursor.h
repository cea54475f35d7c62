// Walks through the tokens of a statement. The first thing that does not fit is kept as the failure, and from then on
// every question is answered with no, so that a parser need not ask after each step whether all is well.
// Threads: one at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/ddl/lexer.h"
#include "source/ddl/syntax.h"

namespace tributary::source::ddl {

bool same_word(std::string_view a, std::string_view b);  // without case, ASCII

class TokenCursor {
 public:
  TokenCursor(std::string_view sql, const LexRules& rules, std::vector<Token> tokens);  // a last ; is left out

  bool ok() const { return !failure_; }
  const std::optional<std::string>& failure() const { return failure_; }
  bool fail(std::string_view reason);  // at the present token; always false
  bool fail_at(std::size_t offset, std::string_view reason);

  const Token& peek(std::size_t ahead = 0) const;
  std::size_t index() const { return index_; }
  bool at_end() const { return peek().kind == Token::Kind::end || !ok(); }
  void next() { index_ += index_ + 1 < tokens_.size() ? 1 : 0; }

  // Keywords (unquoted, without case) and symbols.
  bool is(std::string_view keyword, std::size_t ahead = 0) const;
  bool is_symbol(char symbol, std::size_t ahead = 0) const;
  bool accept(std::string_view keyword);
  bool accept(std::string_view first, std::string_view second);
  bool accept_symbol(char symbol);
  bool accept_any(std::initializer_list<std::string_view> keywords);
  bool expect(std::string_view keyword);
  bool expect_symbol(char symbol);

  bool is_identifier(std::size_t ahead = 0) const;  // a word or quoted name
  bool is_string(std::size_t ahead = 0) const { return ok() && peek(ahead).kind == Token::Kind::string; }
  bool is_number(std::size_t ahead = 0) const { return ok() && peek(ahead).kind == Token::Kind::number; }
  std::string identifier(std::string_view what);  // fails if there is none
  std::string identifier_or_string(std::string_view what);
  std::optional<std::uint64_t> number(std::string_view what);  // the integer part; fails if there is none
  std::string value(const Token& token) const { return unquoted(token, rules_); }

  // From an opening parenthesis behind its partner.
  bool skip_parentheses();

  // Table names passed by, in the order of the text.
  void note_table(TableReference name) { tables_.push_back(std::move(name)); }
  const std::vector<TableReference>& noted_tables() const { return tables_; }

  const LexRules& rules() const { return rules_; }
  std::string_view sql() const { return sql_; }
  const std::vector<Token>& tokens() const { return tokens_; }

 private:
  std::string_view sql_;
  const LexRules& rules_;
  std::vector<Token> tokens_;
  std::vector<TableReference> tables_;
  std::size_t index_ = 0;
  std::optional<std::string> failure_;
};

}  // namespace tributary::source::ddl
