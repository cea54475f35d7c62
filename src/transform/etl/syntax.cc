#include "transform/etl/syntax.h"

#include <fmt/format.h>

#include "model/text.h"
#include "transform/etl/functions.h"

namespace tributary::transform::etl {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::size_t script_bytes_max = 64 * 1024;
constexpr int depth_max = 100;

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) { return is_name_start(c) || is_digit(c); }

void add_utf8(std::string& to, std::uint32_t c) {
  if (c < 0x80) {
    to += static_cast<char>(c);
  } else if (c < 0x800) {
    to += static_cast<char>(0xC0 | (c >> 6));
    to += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    to += static_cast<char>(0xE0 | (c >> 12));
    to += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    to += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    to += static_cast<char>(0xF0 | (c >> 18));
    to += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    to += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    to += static_cast<char>(0x80 | (c & 0x3F));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view script) : script_(script) {}

  base::Result<Syntax> script() {
    if (script_.size() > script_bytes_max)
      return fail(ErrorCode::etl_syntax,
                  fmt::format("{} bytes; a script has {} at most", script_.size(), script_bytes_max), "1:1");
    if (!model::is_utf8(script_)) return fail(ErrorCode::etl_syntax, "the script is not UTF-8", "1:1");
    skip_space();
    if (script_.substr(at_).starts_with("script:")) {
      advance(7);
      skip_space();
    }
    if (at_end()) return wrong("there is no expression");
    TRY_VALUE(Syntax root, expression());
    skip_space();
    if (!at_end())
      return wrong(fmt::format(
          "{} behind the expression; a script is one expression, several actions are joined by e_compose", shown()));
    return root;
  }

 private:
  bool at_end() const { return at_ == script_.size(); }
  char now() const { return at_end() ? '\0' : script_[at_]; }

  void advance(std::size_t bytes = 1) {
    for (; bytes != 0; --bytes, ++at_) {
      const auto c = static_cast<unsigned char>(script_[at_]);
      if (c == '\n') {
        ++place_.line;
        place_.column = 1;
      } else if ((c & 0xC0) != 0x80) {
        ++place_.column;
      }
    }
    // Behind the last byte of a character of several: its column was counted with the first.
  }

  void skip_space() {
    while (!at_end() && (now() == ' ' || now() == '\t' || now() == '\n' || now() == '\r')) advance();
  }

  std::string shown() const {
    if (at_end()) return "the end of the script";
    std::size_t size = 1;
    while (at_ + size < script_.size() && (static_cast<unsigned char>(script_[at_ + size]) & 0xC0) == 0x80) ++size;
    if (is_name(now())) {
      while (at_ + size < script_.size() && size < 40 && is_name(script_[at_ + size])) ++size;
    }
    return "'" + std::string(script_.substr(at_, size)) + "'";
  }

  std::unexpected<base::Error> wrong(std::string what) const { return wrong_at(std::move(what), place_); }
  static std::unexpected<base::Error> wrong_at(std::string what, const Place& place) {
    return fail(ErrorCode::etl_syntax, std::move(what), place.text());
  }

  bool take(char c) {
    skip_space();
    if (now() != c || at_end()) return false;
    advance();
    return true;
  }
  base::Status want(char c, std::string_view why) {
    if (take(c)) return {};
    return wrong(fmt::format("{} where '{}' is expected {}", shown(), c, why));
  }

  base::Result<Syntax> expression() {
    if (++depth_ > depth_max) return wrong(fmt::format("more than {} levels of nesting", depth_max));
    auto result = choice();
    --depth_;
    return result;
  }

  base::Result<Syntax> choice() {
    TRY_VALUE(Syntax condition, operand());
    skip_space();
    if (now() != '?') return condition;
    Syntax choose;
    choose.kind = Syntax::Kind::choose;
    choose.place = condition.place;
    advance();
    TRY_VALUE(Syntax first, expression());
    TRY(want(':', "in (condition ? a : b)"));
    TRY_VALUE(Syntax second, expression());
    choose.children.push_back(std::move(condition));
    choose.children.push_back(std::move(first));
    choose.children.push_back(std::move(second));
    return choose;
  }

  base::Result<Syntax> operand() {
    skip_space();
    Syntax s;
    s.place = place_;
    const char c = now();
    if (at_end()) return wrong("the script ends where a value or a call is expected");
    if (c == '(') {
      advance();
      TRY_VALUE(s, expression());
      TRY(want(')', "behind the expression"));
      return s;
    }
    if (c == '`') return column();
    if (c == '\'' || c == '"') return string();
    if (is_digit(c) || c == '-' || c == '+') return number();
    if (!is_name_start(c)) return wrong(fmt::format("{} where a value or a call is expected", shown()));
    s.text = word();
    skip_space();
    if (now() == '(' && !at_end()) return call(std::move(s));
    if (s.text == "true" || s.text == "false") {
      s.kind = Syntax::Kind::boolean;
    } else if (s.text == "null") {
      s.kind = Syntax::Kind::null;
    } else {
      s.kind = Syntax::Kind::name;
    }
    return s;
  }

  std::string word() {
    const std::size_t begin = at_;
    while (!at_end() && is_name(now())) advance();
    return std::string(script_.substr(begin, at_ - begin));
  }

  base::Result<Syntax> call(Syntax s) {
    s.kind = Syntax::Kind::call;
    advance();
    if (take(')')) return s;
    do {
      skip_space();
      std::string name;
      if (is_name_start(now())) {  // name = value
        const std::size_t begin = at_;
        const Place place = place_;
        name = word();
        skip_space();
        if (now() == '=' && !script_.substr(at_).starts_with("==")) {
          advance();
        } else {
          at_ = begin;
          place_ = place;
          name.clear();
        }
      }
      TRY_VALUE(Syntax argument, expression());
      argument.argument = std::move(name);
      s.children.push_back(std::move(argument));
    } while (take(','));
    TRY(want(')', fmt::format("or ',' in {}(...)", s.text)));
    return s;
  }

  base::Result<Syntax> column() {
    Syntax s;
    s.kind = Syntax::Kind::column;
    s.place = place_;
    advance();
    for (;; advance()) {
      if (at_end()) return wrong_at("the back-quote of a column name is not closed", s.place);
      if (now() == '`') {
        if (!script_.substr(at_).starts_with("``")) break;
        advance();
      }
      s.text += now();
    }
    advance();
    if (s.text.empty()) return wrong_at("a column name is empty", s.place);
    return s;
  }

  base::Result<Syntax> string() {
    Syntax s;
    s.kind = Syntax::Kind::string;
    s.place = place_;
    const char quote = now();
    advance();
    for (;;) {
      if (at_end()) return wrong_at("a string is not closed", s.place);
      const char c = now();
      if (c == quote) break;
      if (c != '\\') {
        s.text += c;
        advance();
        continue;
      }
      const Place place = place_;
      advance();
      if (at_end()) return wrong_at("a string is not closed", s.place);
      const char escaped = now();
      switch (escaped) {
        case 'n':
          s.text += '\n';
          break;
        case 't':
          s.text += '\t';
          break;
        case 'r':
          s.text += '\r';
          break;
        case '0':
          s.text += '\0';
          break;
        case '\\':
        case '\'':
        case '"':
          s.text += escaped;
          break;
        case 'u': {
          std::uint32_t point;
          if (!unicode_escape(point))
            return wrong_at("\\u wants four hexadecimal digits (two escapes for a character above U+FFFF)", place);
          add_utf8(s.text, point);
          continue;
        }
        default:
          s.text += '\\';
          continue;
      }
      advance();
    }
    advance();
    return s;
  }

  bool four_digits(std::uint32_t& out) {
    if (now() != 'u' || script_.size() - at_ < 5) return false;
    out = 0;
    for (std::size_t i = 1; i <= 4; ++i) {
      const char c = script_[at_ + i];
      const char lower = static_cast<char>(c | 0x20);
      if (!is_digit(c) && (lower < 'a' || lower > 'f')) return false;
      out = out * 16 + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    advance(5);
    return true;
  }

  bool unicode_escape(std::uint32_t& point) {
    if (!four_digits(point)) return false;
    if (point < 0xD800 || point > 0xDFFF) return true;
    std::uint32_t low;
    if (point > 0xDBFF || now() != '\\') return false;
    advance();
    if (!four_digits(low) || low < 0xDC00 || low > 0xDFFF) return false;
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    return true;
  }

  base::Result<Syntax> number() {
    Syntax s;
    s.kind = Syntax::Kind::integer;
    s.place = place_;
    if (now() == '-') s.text = "-";
    if (now() == '-' || now() == '+') advance();
    const auto digits = [&] {
      const std::size_t begin = at_;
      while (!at_end() && is_digit(now())) advance();
      s.text += script_.substr(begin, at_ - begin);
      return at_ != begin;
    };
    if (!digits()) return wrong(fmt::format("{} where a digit is expected", shown()));
    if (now() == '.' && !at_end()) {
      s.kind = Syntax::Kind::decimal;
      s.text += '.';
      advance();
      if (!digits()) return wrong(fmt::format("{} where a digit is expected", shown()));
    }
    if (now() == 'e' || now() == 'E') {
      s.kind = Syntax::Kind::real;
      s.text += 'e';
      advance();
      if (now() == '-' || now() == '+') {
        if (now() == '-') s.text += '-';
        advance();
      }
      if (!digits()) return wrong(fmt::format("{} where a digit is expected", shown()));
    }
    if (!at_end() && (is_name(now()) || now() == '.'))
      return wrong(fmt::format("{} directly behind a number", shown()));
    return s;
  }

  std::string_view script_;
  std::size_t at_ = 0;
  Place place_;
  int depth_ = 0;
};

std::string count_text(const ArgumentCount& count) {
  if (count.most == SIZE_MAX) return fmt::format("at least {}", count.least);
  if (count.most == count.least) return fmt::format("{}", count.least);
  return fmt::format("{} to {}", count.least, count.most);
}

base::Status check_call(const Syntax& call) {
  const FunctionInfo* function = find_function(call.text);
  if (function == nullptr) {
    if (call.text == "DATETIME") {
      if (call.children.size() == 1 && call.children[0].kind == Syntax::Kind::string &&
          call.children[0].argument.empty())
        return {};
      return fail(ErrorCode::etl_type, "DATETIME is written as DATETIME('2021-01-01 10:10:01')", call.place.text());
    }
    if (!mongodb_only(call.text).empty())
      return fail(ErrorCode::etl_unsupported, fmt::format("{} is a function for MongoDB sources", call.text),
                  call.place.text());
    const std::string_view near = nearest_name(call.text);
    return fail(ErrorCode::etl_unknown_function,
                near.empty() ? call.text : fmt::format("{} (did you mean {}?)", call.text, near), call.place.text());
  }
  std::size_t unnamed = 0;
  for (std::size_t i = 0; i < call.children.size(); ++i) {
    const Syntax& child = call.children[i];
    if (child.argument.empty()) {
      if (unnamed != i)
        return fail(ErrorCode::etl_syntax, fmt::format("{}: arguments with a name stand last", call.text),
                    child.place.text());
      ++unnamed;
      continue;
    }
    bool is_known = false;
    for (const std::string_view name : named_arguments(function->op)) is_known |= name == child.argument;
    if (!is_known)
      return fail(ErrorCode::etl_syntax,
                  fmt::format("{} has no argument '{}': {}", call.text, child.argument, function->signature),
                  child.place.text());
    for (std::size_t j = unnamed; j < i; ++j) {
      if (call.children[j].argument == child.argument)
        return fail(ErrorCode::etl_syntax, fmt::format("{}: '{}' is given twice", call.text, child.argument),
                    child.place.text());
    }
  }
  const ArgumentCount count = argument_count(*function);
  if (unnamed < count.least || unnamed > count.most)
    return fail(ErrorCode::etl_syntax,
                fmt::format("{} takes {} argument{}, not {}: {}", call.text, count_text(count),
                            count.least == 1 && count.most == 1 ? "" : "s", unnamed, function->signature),
                call.place.text());
  if ((function->op == Op::e_if || function->op == Op::e_switch) && unnamed % 2 != 0)
    return fail(ErrorCode::etl_syntax,
                fmt::format("{} takes pairs of condition and action: {}", call.text, function->signature),
                call.place.text());
  if (function->op == Op::dt_add && call.children.size() == unnamed)
    return fail(ErrorCode::etl_syntax, fmt::format("dt_add adds nothing: {}", function->signature), call.place.text());
  return {};
}

void print_to(const Syntax& s, std::string& out) {
  using enum Syntax::Kind;
  switch (s.kind) {
    case call: {
      out += s.text;
      out += '(';
      bool is_first = true;
      for (const Syntax& child : s.children) {
        if (!is_first) out += ", ";
        is_first = false;
        if (!child.argument.empty()) out += child.argument + " = ";
        print_to(child, out);
      }
      out += ')';
      break;
    }
    case column:
      out += '`';
      for (const char c : s.text) out.append(c == '`' ? 2 : 1, c);
      out += '`';
      break;
    case string:
      out += print_string(s.text);
      break;
    case null:
      out += "null";
      break;
    case choose:
      out += '(';
      print_to(s.children[0], out);
      out += " ? ";
      print_to(s.children[1], out);
      out += " : ";
      print_to(s.children[2], out);
      out += ')';
      break;
    default:
      out += s.text;
  }
}

}  // namespace

base::Result<Syntax> parse_script(std::string_view script) { return Parser(script).script(); }

base::Status check_calls(const Syntax& s) {
  if (s.kind == Syntax::Kind::call) TRY(check_call(s));
  for (const Syntax& child : s.children) TRY(check_calls(child));
  return {};
}

std::string print(const Syntax& syntax) {
  std::string out;
  print_to(syntax, out);
  return out;
}

std::string print_string(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\0':
        out += "\\0";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\'':
        out += "\\'";
        break;
      default:
        out += c;
    }
  }
  return out += "'";
}

}  // namespace tributary::transform::etl
