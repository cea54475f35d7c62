#include "front/token.h"

#include <algorithm>
#include <cctype>

namespace tributary::lab {

namespace {

bool is_word_start(unsigned char c) { return std::isalpha(c) || c == '_' || c == '$' || c >= 0x80; }
bool is_word_part(unsigned char c) { return is_word_start(c) || std::isdigit(c); }

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with(std::string_view text, std::size_t at, std::string_view prefix) {
  return text.size() - at >= prefix.size() && same_name(text.substr(at, prefix.size()), prefix);
}

// One past the closing quote, or npos.
std::size_t quoted_end(std::string_view text, std::size_t at, bool escapes) {
  const char quote = text[at++];
  while (at < text.size()) {
    if (escapes && text[at] == '\\') {
      at += 2;
    } else if (text[at] != quote) {
      ++at;
    } else if (at + 1 < text.size() && text[at + 1] == quote) {
      at += 2;
    } else {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

std::size_t number_end(std::string_view text, std::size_t at) {
  if (text[at] == '0' && at + 1 < text.size() && (text[at + 1] == 'x' || text[at + 1] == 'b')) {
    at += 2;
    while (at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at]))) ++at;
    return at;
  }
  while (at < text.size()) {
    const char c = text[at];
    if (std::isdigit(static_cast<unsigned char>(c)) || c == '.') {
      ++at;
    } else if ((c == 'e' || c == 'E') && at + 1 < text.size() &&
               (std::isdigit(static_cast<unsigned char>(text[at + 1])) || text[at + 1] == '-' || text[at + 1] == '+')) {
      at += 2;
    } else {
      break;
    }
  }
  return at;
}

std::size_t symbol_length(std::string_view text, std::size_t at) {
  static constexpr std::string_view longer[] = {
      "<=>", "->>", "<=", ">=", "<>", "!=", ":=", "&&", "||", "->", "<<", ">>"};
  for (const auto symbol : longer)
    if (text.substr(at, symbol.size()) == symbol) return symbol.size();
  return 1;
}

}  // namespace

Sql::Sql(std::string_view text) : text_(text) {
  const std::size_t size = text.size();
  tokens_.reserve(size / 4 + 2);
  const auto add = [&](TokenKind kind, std::size_t begin, std::size_t end) {
    if (end == std::string_view::npos || end > size) {
      complete_ = false;
      end = size;
    }
    tokens_.push_back({kind, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
    return end;
  };
  const auto comment_end = [&](std::size_t at) {
    const std::size_t end = text.find("*/", at);
    if (end == std::string_view::npos) complete_ = false;
    return end == std::string_view::npos ? size : end + 2;
  };
  for (std::size_t at = 0; at < size;) {
    const unsigned char c = static_cast<unsigned char>(text[at]);
    if (std::isspace(c)) {
      ++at;
    } else if (starts_with(text, at, "/*+TDDL") || starts_with(text, at, "/*TDDL") || starts_with(text, at, "/!TDDL") ||
               starts_with(text, at, "/!+TDDL")) {
      at = add(TokenKind::hint, at, comment_end(at + 2));
    } else if (starts_with(text, at, "/*")) {
      at = comment_end(at + 2);
    } else if (c == '#' || (starts_with(text, at, "--") &&
                            (at + 2 == size || std::isspace(static_cast<unsigned char>(text[at + 2]))))) {
      at = std::min(text.find('\n', at), size);
    } else if (c == '\'' || c == '"') {
      at = add(TokenKind::string, at, quoted_end(text, at, true));
    } else if (c == '`') {
      at = add(TokenKind::quoted_name, at, quoted_end(text, at, false));
    } else if (at + 1 < size && text[at + 1] == '\'' &&
               (c == 'x' || c == 'X' || c == 'b' || c == 'B' || c == 'n' || c == 'N')) {
      at = add(TokenKind::string, at, quoted_end(text, at + 1, true));
    } else if (std::isdigit(c) ||
               (c == '.' && at + 1 < size && std::isdigit(static_cast<unsigned char>(text[at + 1])) &&
                (tokens_.empty() || tokens_.back().end != at))) {
      std::size_t end = number_end(text, at);
      // Names may begin with digits: 2fa_codes.
      if (end < size && is_word_start(static_cast<unsigned char>(text[end])) && c != '.') {
        while (end < size && is_word_part(static_cast<unsigned char>(text[end]))) ++end;
        at = add(TokenKind::word, at, end);
      } else {
        at = add(TokenKind::number, at, end);
      }
    } else if (is_word_start(c)) {
      std::size_t end = at;
      while (end < size && is_word_part(static_cast<unsigned char>(text[end]))) ++end;
      at = add(TokenKind::word, at, end);
    } else if (c == '@') {
      std::size_t end = at;
      while (end < size && text[end] == '@') ++end;
      while (end < size && (is_word_part(static_cast<unsigned char>(text[end])) || text[end] == '.')) ++end;
      at = add(TokenKind::word, at, end);
    } else {
      at = add(TokenKind::symbol, at, at + symbol_length(text, at));
    }
  }
  // A closing semicolon says nothing.
  while (!tokens_.empty() && tokens_.back().kind == TokenKind::symbol && text[tokens_.back().begin] == ';') {
    text_ = text.substr(0, tokens_.back().begin);
    tokens_.pop_back();
  }
  const auto end = static_cast<std::uint32_t>(text_.size());
  tokens_.push_back({TokenKind::end, end, end});
}

std::string_view Sql::text(std::size_t at) const {
  const Token& token = (*this)[at];
  return text_.substr(token.begin, token.end - token.begin);
}

std::string_view Sql::text(std::size_t first, std::size_t last) const {
  if (first >= last || first >= size()) return {};
  const std::size_t begin = (*this)[first].begin;
  return text_.substr(begin, (*this)[last - 1].end - begin);
}

bool Sql::is(std::size_t at, std::string_view keyword) const {
  return (*this)[at].kind == TokenKind::word && same_name(text(at), keyword);
}

bool Sql::is_symbol(std::size_t at, std::string_view symbol) const {
  return (*this)[at].kind == TokenKind::symbol && text(at) == symbol;
}

bool Sql::is_name(std::size_t at) const {
  const TokenKind kind = (*this)[at].kind;
  return kind == TokenKind::quoted_name || (kind == TokenKind::word && text(at)[0] != '@');
}

std::string Sql::name(std::size_t at) const {
  const std::string_view raw = text(at);
  if ((*this)[at].kind != TokenKind::quoted_name) return std::string(raw);
  std::string out;
  for (std::size_t i = 1; i + 1 < raw.size(); ++i) {
    out += raw[i];
    if (raw[i] == '`') ++i;
  }
  return out;
}

std::string Sql::value(std::size_t at) const {
  const std::string_view raw = text(at);
  if ((*this)[at].kind != TokenKind::string || raw.size() < 2) return std::string(raw);
  std::size_t begin = 0;
  if (raw[0] != '\'' && raw[0] != '"') {
    if (lower_char(raw[0]) != 'n') return std::string(raw);
    begin = 1;
  }
  const char quote = raw[begin];
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = begin + 1; i + 1 < raw.size(); ++i) {
    if (raw[i] == quote) {
      ++i;
      out += quote;
    } else if (raw[i] != '\\') {
      out += raw[i];
    } else {
      switch (raw[++i]) {
        case 'n':
          out += '\n';
          break;
        case 't':
          out += '\t';
          break;
        case 'r':
          out += '\r';
          break;
        case 'b':
          out += '\b';
          break;
        case '0':
          out += '\0';
          break;
        case 'Z':
          out += '\x1a';
          break;
        default:
          out += raw[i];
      }
    }
  }
  return out;
}

std::size_t Sql::closing(std::size_t open) const {
  std::size_t depth = 0;
  for (std::size_t at = open; at < size(); ++at) {
    if (tokens_[at].kind != TokenKind::symbol) continue;
    const char c = text_[tokens_[at].begin];
    if (c == '(') ++depth;
    if (c == ')' && --depth == 0) return at;
  }
  return size();
}

std::size_t Sql::find(std::string_view keyword, std::size_t from, std::size_t to) const {
  for (std::size_t at = from; at < to; ++at) {
    if (is_symbol(at, "("))
      at = closing(at);
    else if (is(at, keyword))
      return at;
  }
  return to;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower_char(x) == lower_char(y); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower_char(c);
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return out;
}

std::string quote_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    if (c == '\0')
      out += "\\0";
    else
      out += c;
  }
  return out + "'";
}

}  // namespace tributary::lab
