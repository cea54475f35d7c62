#include "source/ddl/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace tributary::source::ddl {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  const auto u = static_cast<unsigned char>(c);
  return std::isalnum(u) != 0 || c == '_' || c == '$' || u >= 0x80;
}
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

class Lexer {
 public:
  Lexer(std::string_view sql, const LexRules& rules, std::size_t count_max)
      : sql_(sql), rules_(rules), count_max_(count_max) {}

  std::vector<Token> run() {
    while (tokens_.size() < count_max_ && !is_broken_) {
      skip_space();
      if (is_broken_ || at_ >= sql_.size()) break;
      lex();
      is_after_space_ = false;
    }
    if (is_broken_)
      push(Token::Kind::broken, broken_at_, sql_.size());
    else
      push(Token::Kind::end, std::min(at_, sql_.size()), std::min(at_, sql_.size()));
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }
  bool is_at(std::string_view text) const { return sql_.substr(std::min(at_, sql_.size())).starts_with(text); }
  void push(Token::Kind kind, std::size_t begin, std::size_t end) {
    tokens_.push_back({kind, sql_.substr(begin, end - begin), static_cast<std::uint32_t>(begin), is_after_space_});
  }
  void break_off(std::size_t begin) {
    is_broken_ = true;
    broken_at_ = begin;
    at_ = sql_.size();
  }

  void skip_space() {
    for (;;) {
      const std::size_t before = at_;
      while (at_ < sql_.size() && is_space(sql_[at_])) ++at_;
      if (peek() == '#' ||
          (is_at("--") && (at_ + 2 >= sql_.size() || is_space(sql_[at_ + 2]) || sql_[at_ + 2] < ' '))) {
        while (at_ < sql_.size() && sql_[at_] != '\n') ++at_;
      } else if (is_at("/*")) {
        comment();
        if (is_broken_) return;
      } else if (executed_depth_ != 0 && is_at("*/")) {
        --executed_depth_;
        at_ += 2;
      }
      if (at_ == before) return;
      is_after_space_ = true;
    }
  }

  void comment() {
    const std::size_t begin = at_;
    std::size_t from = at_ + 2;
    const bool is_mariadb = rules_.flavour == mysql::Flavour::mariadb;
    const bool is_own = is_mariadb && sql_.substr(begin).starts_with("/*M!");
    if (sql_.substr(begin).starts_with("/*!") || is_own) {
      from += is_own ? 2 : 1;
      std::size_t digits = 0;
      std::uint32_t version = 0;
      while (digits < 6 && from + digits < sql_.size() && is_digit(sql_[from + digits]))
        version = version * 10 + static_cast<std::uint32_t>(sql_[from + digits++] - '0');
      bool executed = true;
      if (digits >= 5) {
        // MySQL takes a sixth digit since 8.0 only if it is followed by a space; MariaDB always.
        const bool takes_six =
            is_mariadb || (rules_.version_number >= 80000 && from + 6 < sql_.size() && is_space(sql_[from + 6]));
        if (digits == 6 && !takes_six) {
          digits = 5;
          version /= 10;
        }
        executed = version <= rules_.version_number;
        // MariaDB leaves out what is meant for MySQL 5.7 and later.
        if (is_mariadb && !is_own && version >= 50700 && version <= 99999) executed = false;
        from += digits;
      }
      if (executed) {
        ++executed_depth_;
        at_ = from;
        return;
      }
      skip_comment(begin, from);
      return;
    }
    const std::size_t end = sql_.find("*/", from);
    if (end == std::string_view::npos) return break_off(begin);
    at_ = end + 2;
  }

  // A comment that is not executed may hold one more level of comments.
  void skip_comment(std::size_t begin, std::size_t from) {
    int depth = 1;
    for (std::size_t i = from; i + 1 < sql_.size(); ++i) {
      if (sql_[i] == '*' && sql_[i + 1] == '/') {
        ++i;
        if (--depth == 0) {
          at_ = i + 1;
          return;
        }
      } else if (depth == 1 && sql_[i] == '/' && sql_[i + 1] == '*') {
        ++depth;
        ++i;
      }
    }
    break_off(begin);
  }

  void quoted(Token::Kind kind, std::size_t begin, bool escapes) {
    const char quote = sql_[at_++];
    while (at_ < sql_.size()) {
      const char c = sql_[at_];
      if (c == '\\' && escapes) {
        at_ += 2;
      } else if (c == quote) {
        if (peek(1) != quote) {
          ++at_;
          return push(kind, begin, at_);
        }
        at_ += 2;
      } else {
        ++at_;
      }
    }
    break_off(begin);
  }

  void lex() {
    const char c = peek();
    const std::size_t begin = at_;
    const bool escapes = !rules_.no_backslash_escapes;
    if (c == '`') return quoted(Token::Kind::name, begin, false);
    if (c == '\'') return quoted(Token::Kind::string, begin, escapes);
    if (c == '"')
      return rules_.ansi_quotes ? quoted(Token::Kind::name, begin, false) : quoted(Token::Kind::string, begin, escapes);
    if ((c == 'x' || c == 'X' || c == 'b' || c == 'B') && peek(1) == '\'') {
      ++at_;
      return quoted(Token::Kind::bytes, begin, false);
    }
    if ((c == 'n' || c == 'N') && peek(1) == '\'') {
      ++at_;
      return quoted(Token::Kind::string, begin, escapes);
    }
    const bool after_dot = !tokens_.empty() && tokens_.back().text == "." && !is_after_space_;
    if (!after_dot && (is_digit(c) || (c == '.' && is_digit(peek(1)) && !follows_name()))) return number(begin);
    if (is_word(c)) {
      while (at_ < sql_.size() && is_word(sql_[at_])) ++at_;
      return push(Token::Kind::word, begin, at_);
    }
    ++at_;
    push(Token::Kind::symbol, begin, at_);
  }

  bool follows_name() const {
    return !is_after_space_ && !tokens_.empty() &&
           (tokens_.back().kind == Token::Kind::word || tokens_.back().kind == Token::Kind::name);
  }

  void number(std::size_t begin) {
    const auto digits = [&](auto is_one) {
      std::size_t count = 0;
      while (at_ < sql_.size() && is_one(sql_[at_])) ++at_, ++count;
      return count;
    };
    const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'b')) {
      const bool hex = peek(1) == 'x';
      at_ += 2;
      if (digits([&](char c) { return hex ? is_hex(c) : c == '0' || c == '1'; }) != 0 && !is_word(peek()))
        return push(Token::Kind::bytes, begin, at_);
      at_ = begin;
    }
    digits(is_digit);
    if (is_word(peek()) && !is_exponent()) {  // a name that begins with a digit
      while (at_ < sql_.size() && is_word(sql_[at_])) ++at_;
      return push(Token::Kind::word, begin, at_);
    }
    if (peek() == '.') {
      ++at_;
      digits(is_digit);
    }
    if (is_exponent()) {
      at_ += peek(1) == '+' || peek(1) == '-' ? 2 : 1;
      digits(is_digit);
    }
    push(Token::Kind::number, begin, at_);
  }

  bool is_exponent() const {
    if (peek() != 'e' && peek() != 'E') return false;
    std::size_t i = peek(1) == '+' || peek(1) == '-' ? 2 : 1;
    if (!is_digit(peek(i))) return false;
    while (is_digit(peek(i))) ++i;
    return !is_word(peek(i));
  }

  std::string_view sql_;
  const LexRules& rules_;
  std::size_t count_max_, at_ = 0, broken_at_ = 0;
  int executed_depth_ = 0;
  bool is_broken_ = false, is_after_space_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

LexRules lex_rules(const ServerTraits& traits, std::uint64_t sql_mode) {
  return {traits.flavour, traits.version_number, (sql_mode & mode_ansi_quotes) != 0,
          (sql_mode & mode_no_backslash_escapes) != 0};
}

std::vector<Token> tokenise(std::string_view sql, const LexRules& rules, std::size_t count_max) {
  return Lexer(sql, rules, count_max).run();
}

std::string unquoted(const Token& token, const LexRules& rules) {
  std::string_view text = token.text;
  if (token.kind != Token::Kind::name && token.kind != Token::Kind::string) return std::string(text);
  if (!text.empty() && (text[0] == 'n' || text[0] == 'N')) text.remove_prefix(1);
  if (text.size() < 2) return {};
  const char quote = text.front();
  const bool escapes = token.kind == Token::Kind::string && !rules.no_backslash_escapes;
  text = text.substr(1, text.size() - 2);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == quote && i + 1 < text.size() && text[i + 1] == quote) {
      ++i;
    } else if (c == '\\' && escapes && i + 1 < text.size()) {
      c = text[++i];
      constexpr std::string_view from = "0btnrZ";
      if (const auto at = from.find(c); at != std::string_view::npos)
        c = std::string_view("\0\b\t\n\r\032", 6)[at];
      else if (c == '%' || c == '_')
        out += '\\';
    }
    out += c;
  }
  return out;
}

std::string place_in(std::string_view sql, std::size_t offset) {
  const std::string_view before = sql.substr(0, std::min(offset, sql.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t last = before.rfind('\n');
  return fmt::format("line {}, column {}", line,
                     last == std::string_view::npos ? before.size() + 1 : before.size() - last);
}

std::optional<std::string> bytes_of(std::string_view text) {
  const bool is_hex = text[0] == 'x' || text[0] == 'X' || (text[0] == '0' && text[1] == 'x');
  const bool is_quoted = text[1] == '\'';
  std::string digits(text.substr(2, text.size() - (is_quoted ? 3 : 2)));
  const std::size_t per_byte = is_hex ? 2 : 8;
  if (const std::size_t over = digits.size() % per_byte; over != 0) {
    if (is_hex && is_quoted) return std::nullopt;
    digits.insert(0, per_byte - over, '0');
  }
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += per_byte) {
    unsigned value = 0;
    std::from_chars(digits.data() + i, digits.data() + i + per_byte, value, is_hex ? 16 : 2);
    bytes += static_cast<char>(value);
  }
  return bytes;
}

}  // namespace tributary::source::ddl
