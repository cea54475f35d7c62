#include <fmt/format.h>

#include "model/text.h"
#include "transform/filter/syntax.h"

namespace tributary::transform::filter {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_word(char c) {
  return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}
unsigned hex_value(char c) { return static_cast<unsigned>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10); }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    if (!model::is_utf8(text_)) return fail(ErrorCode::filter_syntax, "the condition is not UTF-8", "1:1");
    if (text_.find('\0') != std::string_view::npos) return fail(at(text_.find('\0'), "a zero byte"));
    while (true) {
      const std::size_t before = i_;
      while (i_ < text_.size() && is_space(text_[i_])) ++i_;
      Token token;
      token.offset = static_cast<std::uint32_t>(i_);
      token.is_after_space = i_ != before;
      if (i_ == text_.size()) {
        tokens_.push_back(std::move(token));
        return std::move(tokens_);
      }
      TRY(read(token));
      tokens_.push_back(std::move(token));
    }
  }

 private:
  base::Error at(std::size_t offset, std::string what, ErrorCode code = ErrorCode::filter_syntax) const {
    return error_at(code, std::move(what), text_, static_cast<std::uint32_t>(offset));
  }
  char peek(std::size_t ahead = 0) const { return i_ + ahead < text_.size() ? text_[i_ + ahead] : '\0'; }

  base::Status read(Token& token) {
    const char c = peek();
    if (c == '#' || (c == '/' && peek(1) == '*') ||
        (c == '-' && peek(1) == '-' && (i_ + 2 >= text_.size() || static_cast<unsigned char>(peek(2)) <= ' ')))
      return fail(at(i_, "comments are not allowed in a condition"));
    if (c == ';') return fail(at(i_, "a condition holds no ;"));
    if (c == '@' || c == '?' || c == ':')
      return fail(
          at(i_, fmt::format("variables and parameters ({}) have no value here", c), ErrorCode::filter_unsupported));
    if (c == '\'' || c == '"') return quoted(token, c, Token::Kind::text);
    if (c == '`') return quoted(token, c, Token::Kind::name);
    if ((c == 'x' || c == 'X' || c == 'b' || c == 'B') && peek(1) == '\'') return bytes(token, (c | 0x20) == 'x', true);
    if (c == '0' && (peek(1) == 'x' || peek(1) == 'b') && bytes_end(i_ + 2, peek(1) == 'x') > i_ + 2)
      return bytes(token, peek(1) == 'x', false);
    if (is_digit(c) || (c == '.' && is_digit(peek(1)) && !follows_name())) return number(token);
    if (is_word(c)) {
      const std::size_t from = i_;
      while (i_ < text_.size() && is_word(text_[i_])) ++i_;
      token.kind = Token::Kind::word;
      token.value = text_.substr(from, i_ - from);
      for (const char letter : token.value)
        token.upper += letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
      if ((peek() == '\'' || peek() == '"') && (token.upper == "N" || token.upper.starts_with('_')))
        return fail(at(from, fmt::format("{}'...': a text with its character set", token.value),
                       ErrorCode::filter_unsupported));
      return {};
    }
    token.kind = Token::Kind::symbol;
    for (const std::string_view symbol : {"<=>", "->>", "<=", ">=", "<>", "!=", "<<", ">>", "&&", "||", "->", ":="}) {
      if (text_.substr(i_).starts_with(symbol)) {
        token.value = symbol;
        i_ += symbol.size();
        return {};
      }
    }
    if (std::string_view("+-*/%=<>!(),.&|^~").find(c) == std::string_view::npos)
      return fail(at(i_, fmt::format("'{}' is not part of a condition", c)));
    token.value = c;
    ++i_;
    return {};
  }

  // A point behind a name belongs to it: t.1 is no number.
  bool follows_name() const {
    return !tokens_.empty() && (tokens_.back().kind == Token::Kind::word || tokens_.back().kind == Token::Kind::name) &&
           i_ > 0 && !is_space(text_[i_ - 1]);
  }

  base::Status quoted(Token& token, char quote, Token::Kind kind) {
    const std::size_t from = i_++;
    token.kind = kind;
    while (i_ < text_.size()) {
      const char c = text_[i_++];
      if (c == quote) {
        if (peek() != quote) {
          if (kind == Token::Kind::name && token.value.empty()) return fail(at(from, "an empty name"));
          return {};
        }
        token.value += quote;
        ++i_;
      } else if (c == '\\' && kind == Token::Kind::text) {
        if (i_ == text_.size()) break;
        escape(token.value, text_[i_++]);
      } else {
        token.value += c;
      }
    }
    return fail(at(from, fmt::format("the quote {} is never closed", quote)));
  }

  static void escape(std::string& to, char c) {
    switch (c) {
      case '0':
        to += '\0';
        break;
      case 'b':
        to += '\b';
        break;
      case 'n':
        to += '\n';
        break;
      case 'r':
        to += '\r';
        break;
      case 't':
        to += '\t';
        break;
      case 'Z':
        to += '\x1a';
        break;
      case '%':
      case '_':  // for LIKE
        to += '\\';
        to += c;
        break;
      default:
        to += c;
    }
  }

  std::size_t bytes_end(std::size_t from, bool is_hexadecimal) const {
    std::size_t end = from;
    while (end < text_.size() && (is_hexadecimal ? is_hex(text_[end]) : text_[end] == '0' || text_[end] == '1')) ++end;
    return end < text_.size() && is_word(text_[end]) ? from : end;
  }

  base::Status bytes(Token& token, bool is_hexadecimal, bool is_quoted) {
    const std::size_t from = i_;
    token.kind = Token::Kind::bytes;
    token.upper = is_hexadecimal ? (is_quoted ? "x" : "0x") : "b";
    i_ += 2;
    const std::size_t end = is_quoted ? text_.find('\'', i_) : bytes_end(i_, is_hexadecimal);
    if (end == std::string_view::npos) return fail(at(from, "the quote ' is never closed"));
    std::string digits(text_.substr(i_, end - i_));
    for (const char c : digits)
      if (is_hexadecimal ? !is_hex(c) : c != '0' && c != '1')
        return fail(at(from, fmt::format("'{}' is no {} digit", c, is_hexadecimal ? "hexadecimal" : "binary")));
    if (is_hexadecimal && digits.size() % 2 != 0) {
      if (is_quoted) return fail(at(from, "x'...' needs an even number of digits"));
      digits.insert(0, 1, '0');
    }
    if (is_hexadecimal) {
      for (std::size_t k = 0; k < digits.size(); k += 2)
        token.value += static_cast<char>(hex_value(digits[k]) * 16 + hex_value(digits[k + 1]));
    } else {
      digits.insert(0, (8 - digits.size() % 8) % 8, '0');
      for (std::size_t k = 0; k < digits.size(); k += 8) {
        unsigned byte = 0;
        for (std::size_t bit = 0; bit < 8; ++bit) byte = byte * 2 + static_cast<unsigned>(digits[k + bit] - '0');
        token.value += static_cast<char>(byte);
      }
    }
    i_ = end + (is_quoted ? 1 : 0);
    return {};
  }

  base::Status number(Token& token) {
    const std::size_t from = i_;
    token.kind = Token::Kind::number;
    while (is_digit(peek())) ++i_;
    if (peek() == '.') {
      ++i_;
      while (is_digit(peek())) ++i_;
    }
    if (peek() == 'e' || peek() == 'E') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (is_digit(peek(1 + sign))) {
        i_ += 1 + sign;
        while (is_digit(peek())) ++i_;
      }
    }
    token.value = text_.substr(from, i_ - from);
    if (is_word(peek())) return fail(at(from, fmt::format("{} is followed by letters", token.value)));
    return {};
  }

  std::string_view text_;
  std::size_t i_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::string place_of(std::string_view condition, std::uint32_t offset) {
  std::size_t line = 1, column = 1;
  for (const char c : condition.substr(0, offset)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++column;
    }
  }
  return fmt::format("{}:{}", line, column);
}

base::Error error_at(ErrorCode code, std::string what, std::string_view condition, std::uint32_t offset) {
  return {code, std::move(what), place_of(condition, offset)};
}

Result<std::vector<Token>> tokenise(std::string_view condition) { return Lexer(condition).run(); }

}  // namespace tributary::transform::filter
