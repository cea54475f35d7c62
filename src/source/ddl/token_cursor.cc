#include "source/ddl/token_cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace tributary::source::ddl {

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           return std::tolower(x) == std::tolower(y);
         });
}

TokenCursor::TokenCursor(std::string_view sql, const LexRules& rules, std::vector<Token> tokens)
    : sql_(sql), rules_(rules), tokens_(std::move(tokens)) {
  if (tokens_.back().kind != Token::Kind::end) return;
  while (tokens_.size() >= 2 && tokens_[tokens_.size() - 2].text == ";") tokens_.erase(tokens_.end() - 2);
}

bool TokenCursor::fail_at(std::size_t offset, std::string_view reason) {
  if (!failure_) failure_ = fmt::format("{}: {}", place_in(sql_, offset), reason);
  return false;
}

bool TokenCursor::fail(std::string_view reason) {
  if (failure_) return false;
  const Token& token = peek();
  if (token.kind == Token::Kind::broken)
    return fail_at(token.offset, fmt::format("a quote or comment that does not end ({:.20}...)", token.text));
  if (token.kind == Token::Kind::end) return fail_at(token.offset, fmt::format("{}, but the statement ends", reason));
  return fail_at(token.offset, fmt::format("{}, at \"{:.40}\"", reason, token.text));
}

const Token& TokenCursor::peek(std::size_t ahead) const {
  return tokens_[std::min(index_ + ahead, tokens_.size() - 1)];
}

bool TokenCursor::is(std::string_view keyword, std::size_t ahead) const {
  return ok() && peek(ahead).kind == Token::Kind::word && same_word(peek(ahead).text, keyword);
}

bool TokenCursor::is_symbol(char symbol, std::size_t ahead) const {
  return ok() && peek(ahead).kind == Token::Kind::symbol && peek(ahead).text[0] == symbol;
}

bool TokenCursor::accept(std::string_view keyword) {
  if (!is(keyword)) return false;
  next();
  return true;
}

bool TokenCursor::accept(std::string_view first, std::string_view second) {
  if (!is(first) || !is(second, 1)) return false;
  next();
  next();
  return true;
}

bool TokenCursor::accept_symbol(char symbol) {
  if (!is_symbol(symbol)) return false;
  next();
  return true;
}

bool TokenCursor::accept_any(std::initializer_list<std::string_view> keywords) {
  return std::any_of(keywords.begin(), keywords.end(), [&](std::string_view keyword) { return accept(keyword); });
}

bool TokenCursor::expect(std::string_view keyword) {
  return accept(keyword) || fail(fmt::format("{} is expected", keyword));
}

bool TokenCursor::expect_symbol(char symbol) {
  return accept_symbol(symbol) || fail(fmt::format("'{}' is expected", symbol));
}

bool TokenCursor::is_identifier(std::size_t ahead) const {
  return ok() && (peek(ahead).kind == Token::Kind::word || peek(ahead).kind == Token::Kind::name);
}

std::string TokenCursor::identifier(std::string_view what) {
  if (!is_identifier()) {
    fail(fmt::format("{} is expected", what));
    return {};
  }
  std::string name = value(peek());
  next();
  return name;
}

std::string TokenCursor::identifier_or_string(std::string_view what) {
  if (is_string()) {
    std::string text = value(peek());
    next();
    return text;
  }
  return identifier(what);
}

std::optional<std::uint64_t> TokenCursor::number(std::string_view what) {
  if (!is_number()) {
    fail(fmt::format("{} is expected", what));
    return std::nullopt;
  }
  const std::string_view text = peek().text;
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc::result_out_of_range) {
    fail(fmt::format("{} is too large", what));
    return std::nullopt;
  }
  next();
  return value;
}

bool TokenCursor::skip_parentheses() {
  if (!is_symbol('(')) return fail("'(' is expected");
  std::size_t depth = 0;
  while (!at_end() && peek().kind != Token::Kind::broken) {
    if (is_symbol('(')) {
      ++depth;
    } else if (is_symbol(')') && --depth == 0) {
      next();
      return true;
    }
    next();
  }
  return fail("')' is missing");
}

}  // namespace tributary::source::ddl
