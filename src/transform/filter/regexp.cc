#include "transform/filter/regexp.h"

#include <fmt/format.h>
#include <re2/re2.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "transform/filter/weights.h"

namespace tributary::transform::filter {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr unsigned count_max = 255;
constexpr unsigned depth_max = 50;

// Letters that ICU, when case does not count, also finds in one character.
struct Ligature {
  std::u32string_view letters;
  std::u32string_view also;
};
constexpr std::array<Ligature, 7> ligatures{{{U"ffi", U"\uFB03"},
                                             {U"ffl", U"\uFB04"},
                                             {U"ff", U"\uFB00"},
                                             {U"fi", U"\uFB01"},
                                             {U"fl", U"\uFB02"},
                                             {U"st", U"\uFB05\uFB06"},
                                             {U"ss", U"\u00DF\u1E9E"}}};

bool is_letter(char32_t c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
char32_t lower(char32_t c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

class Translator {
 public:
  Translator(std::string_view pattern, const Collation& collation, RegexpEngine engine)
      : engine_(engine), is_utf8_(collation.is_utf8()), ignores_case_(!collation.is_binary_order) {
    const char* at = pattern.data();
    while (at != pattern.data() + pattern.size()) text_ += next_character(at, pattern.data() + pattern.size());
  }

  Result<std::string> run() {
    for (const char32_t c : text_) TRY(allowed(c));
    TRY(either(0));
    return std::move(out_);
  }
  bool has_end() const { return has_end_; }

 private:
  static base::Error refused(std::string what) {
    return {ErrorCode::filter_unsupported, fmt::format("REGEXP with {}", what), ""};
  }
  bool at_end() const { return i_ == text_.size(); }
  char32_t peek(std::size_t ahead = 0) const { return i_ + ahead < text_.size() ? text_[i_ + ahead] : U'\0'; }
  static bool is_quantifier(char32_t c) { return c == '*' || c == '+' || c == '?' || c == '{'; }

  Status allowed(char32_t c) const {
    if (c == 0) return fail(refused("a zero byte"));
    if (c < 0x80) return {};
    if (engine_ == RegexpEngine::spencer) return fail(refused("letters beyond ASCII: this server matches by bytes"));
    if (!is_utf8_) return fail(refused("letters beyond ASCII on text that is not UTF-8"));
    if (!ignores_case_) return {};
    const bool is_latin = c >= 0xC0 && c <= 0xFF && c != 0xD7 && c != 0xDF && c != 0xF7;
    const bool is_cyrillic = (c >= 0x410 && c <= 0x44F) || c == 0x401 || c == 0x451;
    const bool joins = (c >= 0x2BC && c <= 0x2BE) || (c >= 0x300 && c <= 0x36F) || c == 0x3B9;
    const auto code = static_cast<UChar32>(c);
    const bool is_caseless =
        u_hasBinaryProperty(code, UCHAR_CASED) == 0 && u_foldCase(code, U_FOLD_CASE_DEFAULT) == code;
    if (is_latin || is_cyrillic || (is_caseless && !joins)) return {};
    return fail(refused("a letter whose case the engines see differently"));
  }

  void put(char32_t c) {
    if (c < 0x80) {
      if (!is_letter(c) && !(c >= '0' && c <= '9')) out_ += '\\';
      if (c == '\n')
        out_ += 'n';  // a backslash and the character itself is not for control characters
      else if (c < 0x20 || c == 0x7F)
        out_ += fmt::format("x{:02x}", static_cast<unsigned>(c));
      else
        out_ += static_cast<char>(c);
      return;
    }
    out_ += fmt::format("\\x{{{:x}}}", static_cast<unsigned>(c));
  }

  // Characters one behind the other, none of which is repeated.
  Status put_run(std::u32string_view run, unsigned forks = 0) {
    if (engine_ == RegexpEngine::icu && ignores_case_) {
      for (std::size_t i = 0; i < run.size(); ++i) {
        std::u32string head;
        for (const char32_t c : run.substr(i, 3)) head += lower(c);
        const bool begins =
            std::ranges::any_of(ligatures, [&](const Ligature& one) { return head.starts_with(one.letters); });
        if (!begins) continue;
        if (forks > 6) return fail(refused("many letters that stand in one character, too (ss, ff)"));
        for (const char32_t c : run.substr(0, i)) put(c);
        out_ += "(?:";
        put(run[i]);
        TRY(put_run(run.substr(i + 1), forks + 1));
        for (const Ligature& one : ligatures) {
          if (!head.starts_with(one.letters)) continue;
          for (const char32_t c : one.also) {
            if (!is_utf8_ && c > 0xFF) continue;
            out_ += '|';
            put(c);
            TRY(put_run(run.substr(i + one.letters.size()), forks + 1));
          }
        }
        out_ += ')';
        return {};
      }
    }
    for (const char32_t c : run) put(c);
    return {};
  }

  Status either(unsigned depth) {
    if (depth > depth_max) return fail(refused("parentheses nested too deeply"));
    while (true) {
      TRY(branch(depth));
      if (peek() != '|') return {};
      ++i_;
      out_ += '|';
    }
  }

  Status branch(unsigned depth) {
    std::u32string run;
    bool is_empty = true;
    const auto flush = [&] {
      Status done = put_run(run);
      run.clear();
      return done;
    };
    for (; !at_end() && peek() != '|' && peek() != ')'; is_empty = false) {
      const char32_t c = peek();
      if (c == '^') {
        if (!is_empty || (depth > 0 && engine_ == RegexpEngine::spencer))
          return fail(refused("^ that is not at the beginning"));
        out_ += "\\A";
        ++i_;
        if (is_quantifier(peek())) return fail(refused("a repeated ^"));
        continue;
      }
      if (c == '$') {
        ++i_;
        if (depth > 0 || (!at_end() && peek() != '|')) return fail(refused("$ that is not at the end"));
        TRY(flush());
        out_ += "\\z";
        has_end_ = true;
        continue;
      }
      std::optional<char32_t> literal;
      if (c == '(' || c == '[' || c == '.') {
        TRY(flush());
        if (c == '(')
          TRY(group(depth));
        else if (c == '[')
          TRY(bracket());
        else
          dot();
      } else {
        TRY_VALUE(literal, character());
      }
      if (!is_quantifier(peek())) {
        if (literal) run += *literal;
        continue;
      }
      if (literal) {
        TRY(flush());
        put(*literal);
      }
      TRY(quantifier());
    }
    if (is_empty) return fail(refused("an empty alternative"));
    if (!at_end() && peek() == ')' && depth == 0) return fail(refused("a ) without its ("));
    return flush();
  }

  Result<std::optional<char32_t>> character() {
    const char32_t c = text_[i_++];
    if (c == '\\') {
      if (at_end()) return fail(refused("a backslash at the end"));
      const char32_t escaped = text_[i_++];
      if (std::u32string_view(U".*+?()[]{}|^$\\/-").find(escaped) == std::u32string_view::npos)
        return fail(refused(escaped < 0x80 && escaped > ' '
                                ? fmt::format("\\{}, which engines read differently", static_cast<char>(escaped))
                                : "a backslash before this character"));
      return escaped;
    }
    if (is_quantifier(c)) return fail(refused("a repetition of nothing, or of a repetition"));
    if (c == ']' || c == '}')
      return fail(refused(fmt::format("a single {}; write \\{}", static_cast<char>(c), static_cast<char>(c))));
    return c;
  }

  Status group(unsigned depth) {
    ++i_;
    if (peek() == '?' || peek() == '*') return fail(refused("(?...) or (*...)"));
    out_ += "(?:";
    TRY(either(depth + 1));
    if (peek() != ')') return fail(refused("a ( that is never closed"));
    ++i_;
    out_ += ')';
    return {};
  }

  void dot() {
    ++i_;
    switch (engine_) {
      case RegexpEngine::spencer:
        out_ += "(?s:.)";
        break;
      case RegexpEngine::pcre:
        out_ += "[^\\n]";
        break;
      case RegexpEngine::icu:
        out_ += is_utf8_ ? "[^\\n\\x0b\\x0c\\r\\x{85}\\x{2028}\\x{2029}]" : "[^\\n\\x0b\\x0c\\r]";
        break;
    }
  }

  Status bracket() {
    ++i_;
    out_ += '[';
    if (peek() == '^') {
      out_ += '^';
      ++i_;
    }
    if (peek() == ']') return fail(refused("[] or a ] right behind the ["));
    bool is_first = true;
    for (; peek() != ']'; is_first = false) {
      if (at_end()) return fail(refused("a [ that is never closed"));
      const char32_t c = text_[i_++];
      if (c == '\\') return fail(refused("a backslash between [ and ]"));
      if (c == '[') return fail(refused("a [ between [ and ], such as [[:alpha:]]; write [a-z]"));
      if (c == '&') return fail(refused("a & between [ and ]"));
      if (c == '-' && !is_first && peek() != ']')
        return fail(refused("a - between [ and ] that is neither first nor last nor of a range"));
      if (c == '-' && is_first && peek() == '-') return fail(refused("-- between [ and ]"));
      put(c);
      if (peek() != '-' || peek(1) == ']' || c == '-') continue;
      const char32_t last = peek(1);
      if (!is_range(c, last))
        return fail(refused("a range between [ and ] that is not of digits or of letters of one kind"));
      out_ += '-';
      put(last);
      i_ += 2;
    }
    ++i_;
    out_ += ']';
    return {};
  }

  bool is_range(char32_t from, char32_t to) const {
    const auto within = [&](char32_t low, char32_t high) { return from >= low && from <= to && to <= high; };
    if (within('0', '9') || within('a', 'z') || within('A', 'Z')) return true;
    if (within(0x410, 0x44F) || within(0x3040, 0x9FFF) || within(0xAC00, 0xD7A3)) return true;
    return !ignores_case_ && from >= 0x80 && from <= to;
  }

  Result<unsigned> count() {
    unsigned made = 0;
    std::size_t digits = 0;
    for (; peek() >= '0' && peek() <= '9' && digits < 4; ++i_, ++digits)
      made = made * 10 + static_cast<unsigned>(peek() - '0');
    if (digits == 0 || made > count_max)
      return fail(refused(fmt::format("{{...}} that is not a number up to {}", count_max)));
    return made;
  }

  Status quantifier() {
    const char32_t c = text_[i_++];
    if (c == '{') {
      TRY_VALUE(const unsigned least, count());
      unsigned most = least;
      bool has_most = true, has_comma = false;
      if (peek() == ',') {
        ++i_;
        has_comma = true;
        has_most = peek() != '}';
        if (has_most) {
          TRY_VALUE(most, count());
        }
      }
      if (peek() != '}' || most < least || (has_most && most == 0)) return fail(refused("{...} that is no repetition"));
      ++i_;
      out_ += fmt::format("{{{}{}{}}}", least, has_comma ? "," : "", has_comma && has_most ? std::to_string(most) : "");
    } else {
      out_ += static_cast<char>(c);
    }
    if (is_quantifier(peek())) return fail(refused("a repetition of a repetition"));
    return {};
  }

  RegexpEngine engine_;
  bool is_utf8_, ignores_case_;
  std::u32string text_;
  std::size_t i_ = 0;
  std::string out_;
  bool has_end_ = false;
};

// How many bytes at the end of the text are the end of its last line.
std::size_t line_end(std::string_view text, RegexpEngine engine, bool is_utf8) {
  if (engine == RegexpEngine::spencer) return 0;
  if (engine == RegexpEngine::pcre) return text.ends_with('\n') ? 1 : 0;
  if (text.ends_with("\r\n")) return 2;
  if (!text.empty() && text.back() >= '\n' && text.back() <= '\r') return 1;
  if (!is_utf8) return 0;
  if (text.ends_with("\u0085")) return 2;
  return text.ends_with("\u2028") || text.ends_with("\u2029") ? 3 : 0;
}

}  // namespace

Regexp::~Regexp() = default;

Result<std::shared_ptr<const Regexp>> Regexp::make(std::string_view pattern, const Collation& collation,
                                                   RegexpEngine engine) {
  Translator translator(pattern, collation, engine);
  TRY_VALUE(const std::string translated, translator.run());
  std::shared_ptr<Regexp> made(new Regexp);
  made->engine_ = engine;
  made->is_utf8_ = collation.is_utf8();
  made->has_end_ = translator.has_end();
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(collation.is_binary_order);
  options.set_encoding(collation.is_utf8() && engine != RegexpEngine::spencer ? RE2::Options::EncodingUTF8
                                                                              : RE2::Options::EncodingLatin1);
  options.set_never_capture(true);
  made->compiled_ = std::make_unique<RE2>(translated, options);
  if (!made->compiled_->ok()) return fail(ErrorCode::filter_unsupported, "REGEXP with a pattern that is too large", "");
  return made;
}

bool Regexp::matches(std::string_view text) const {
  // Spencer's ends at a zero byte.
  if (engine_ == RegexpEngine::spencer) text = text.substr(0, text.find('\0'));
  if (RE2::PartialMatch({text.data(), text.size()}, *compiled_)) return true;
  if (!has_end_) return false;
  const std::size_t end = line_end(text, engine_, is_utf8_);
  return end > 0 && RE2::PartialMatch({text.data(), text.size() - end}, *compiled_);
}

}  // namespace tributary::transform::filter
