#include "transform/filter/json_path.h"

#include <algorithm>

#include "transform/filter/arena.h"

namespace tributary::transform::filter {
namespace {

constexpr unsigned depth_max = 100;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_word(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_'; }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  char peek() {
    while (i_ < text_.size() && is_space(text_[i_])) ++i_;
    return i_ < text_.size() ? text_[i_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c || c == '\0') return false;
    ++i_;
    return true;
  }
  std::size_t place() { return peek(), i_; }
  std::string_view since(std::size_t from) const { return text_.substr(from, i_ - from); }

  // With its quotes.
  bool string(std::string_view& out) {
    if (peek() != '"') return false;
    const std::size_t from = i_++;
    for (; i_ < text_.size(); ++i_) {
      if (text_[i_] == '"') {
        ++i_;
        out = since(from);
        return true;
      }
      if (text_[i_] == '\\') ++i_;
    }
    return false;
  }

  bool skip(unsigned depth = 0) {
    std::string_view ignored;
    switch (peek()) {
      case '"':
        return string(ignored);
      case '{':
      case '[': {
        if (depth > depth_max) return false;
        const bool is_object = text_[i_++] == '{';
        if (accept(is_object ? '}' : ']')) return true;
        do {
          if (is_object && (!string(ignored) || !accept(':'))) return false;
          if (!skip(depth + 1)) return false;
        } while (accept(','));
        return accept(is_object ? '}' : ']');
      }
      default: {
        const std::size_t from = i_;
        while (i_ < text_.size() && (is_word(text_[i_]) || text_[i_] == '-' || text_[i_] == '+' || text_[i_] == '.'))
          ++i_;
        return i_ > from;
      }
    }
  }

 private:
  std::string_view text_;
  std::size_t i_ = 0;
};

int hex_digit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

// A string without quotes; its escapes have been scanned over, not checked.
std::string_view unquoted(std::string_view text, Arena& arena) {
  text = text.substr(1, text.size() - 2);
  if (text.find('\\') == std::string_view::npos) return text;
  char* const from = arena.take(text.size());
  char* to = from;
  const auto unit = [&](std::size_t at) {
    char32_t made = 0;
    for (std::size_t k = 0; k < 4 && at + k < text.size(); ++k)
      made = made * 16 + static_cast<char32_t>(hex_digit(text[at + k]) & 15);
    return made;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      *to++ = text[i];
      continue;
    }
    static constexpr std::string_view written = "bfnrt", meant = "\b\f\n\r\t";
    const char c = text[++i];
    if (const std::size_t found = written.find(c); found != std::string_view::npos) {
      *to++ = meant[found];
    } else if (c != 'u') {
      *to++ = c;
    } else {
      char32_t made = unit(i + 1);
      i += 4;
      if (made >= 0xD800 && made < 0xDC00 && text.substr(std::min(i + 1, text.size())).starts_with("\\u")) {
        made = 0x10000 + ((made & 0x3FF) << 10) + (unit(i + 3) & 0x3FF);
        i += 6;
      }
      const int more = made < 0x80 ? 0 : made < 0x800 ? 1 : made < 0x10000 ? 2 : 3;
      *to++ = static_cast<char>(more == 0 ? made
                                          : (more == 1   ? 0xC0U
                                             : more == 2 ? 0xE0U
                                                         : 0xF0U) |
                                                made >> (6 * more));
      for (int k = more - 1; k >= 0; --k) *to++ = static_cast<char>(0x80U | (made >> (6 * k) & 0x3FU));
    }
  }
  arena.give_back(to);
  return {from, static_cast<std::size_t>(to - from)};
}

// One space behind each comma and colon, none elsewhere.
std::string_view spaced(std::string_view text, Arena& arena) {
  char* const from = arena.take(text.size() * 2);
  char* to = from;
  bool is_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_string && c == '\\' && i + 1 < text.size()) {
      *to++ = c;
      *to++ = text[++i];
      continue;
    }
    if (c == '"') is_string = !is_string;
    if (!is_string && is_space(c)) continue;
    *to++ = c;
    if (!is_string && (c == ',' || c == ':')) *to++ = ' ';
  }
  arena.give_back(to);
  return {from, static_cast<std::size_t>(to - from)};
}

bool find_name(Scanner& in, std::string_view name, Arena& arena) {
  if (!in.accept('{') || in.peek() == '}') return false;
  do {
    std::string_view key;
    if (!in.string(key) || !in.accept(':')) return false;
    if (unquoted(key, arena) == name) return true;
    if (!in.skip()) return false;
  } while (in.accept(','));
  return false;
}

bool find_place(Scanner& in, unsigned place) {
  if (in.peek() != '[') return place == 0;  // what is no array is its own first item
  in.accept('[');
  if (in.peek() == ']') return false;
  for (; place > 0; --place)
    if (!in.skip() || !in.accept(',')) return false;
  return true;
}

}  // namespace

std::optional<std::vector<JsonStep>> parse_json_path(std::string_view path) {
  std::vector<JsonStep> made;
  if (!path.starts_with('$')) return std::nullopt;
  std::size_t i = 1;
  while (i < path.size()) {
    JsonStep step;
    const char c = path[i++];
    if (c == '[') {
      unsigned place = 0;
      const std::size_t from = i;
      for (; i < path.size() && path[i] >= '0' && path[i] <= '9' && i - from < 6; ++i)
        place = place * 10 + static_cast<unsigned>(path[i] - '0');
      if (i == from || i == path.size() || path[i++] != ']') return std::nullopt;
      step.place = place;
    } else if (c == '.' && i < path.size() && path[i] == '"') {
      const std::size_t end = path.find('"', ++i);
      if (end == std::string_view::npos || end == i) return std::nullopt;
      step.name = path.substr(i, end - i);
      if (step.name.find('\\') != std::string::npos) return std::nullopt;
      i = end + 1;
    } else if (c == '.' && i < path.size() && is_word(path[i]) && (path[i] < '0' || path[i] > '9')) {
      const std::size_t from = i;
      while (i < path.size() && is_word(path[i])) ++i;
      step.name = path.substr(from, i - from);
    } else {
      return std::nullopt;
    }
    made.push_back(std::move(step));
  }
  return made;
}

bool json_text(std::string_view document, const std::vector<JsonStep>& path, Arena& arena, std::string_view& out) {
  Scanner in(document);
  for (const JsonStep& step : path)
    if (step.place ? !find_place(in, *step.place) : !find_name(in, step.name, arena)) return false;
  const char first = in.peek();
  if (first == '"') {
    std::string_view found;
    if (!in.string(found)) return false;
    out = unquoted(found, arena);
    return true;
  }
  const std::size_t from = in.place();
  if (!in.skip()) return false;
  out = in.since(from);
  if (first == '{' || first == '[') out = spaced(out, arena);
  return true;
}

}  // namespace tributary::transform::filter
