#include "transform/objects/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>

namespace tributary::transform {
namespace {

using base::ErrorCode;
using base::Result;
using base::Status;

constexpr std::string_view regex_specials = ".^$+{[]|()*?\\";
constexpr std::int64_t regex_memory_bytes = 1 << 20;
constexpr std::size_t pattern_bytes_max = 4096;

std::unexpected<base::Error> refuse(std::string what) {
  return base::fail(ErrorCode::objects_bad_value, std::move(what));
}

std::unexpected<base::Error> refuse_construct(std::string_view pattern, std::string_view construct) {
  return refuse(
      fmt::format("the regular expression `{}` holds {}, which Java and RE2 read differently: write it otherwise",
                  pattern, construct));
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// What both engines take but not for the same.
Status refuse_what_differs(std::string_view pattern) {
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::string_view rest = pattern.substr(i);
    if (rest.starts_with("\\Q")) {
      const std::size_t end = pattern.find("\\E", i + 2);
      if (end == std::string_view::npos) return {};
      i = end + 1;
    } else if (rest.starts_with('\\')) {
      if (rest.size() > 1 && std::string_view("CvbB123456789").find(rest[1]) != std::string_view::npos)
        return refuse_construct(pattern, rest.substr(0, 2));
      ++i;
    } else if (in_class) {
      if (rest.starts_with('[')) return refuse_construct(pattern, "a class within a class");
      if (rest.starts_with("&&")) return refuse_construct(pattern, "&& in a class");
      if (rest.starts_with(']')) in_class = false;
    } else if (rest.starts_with('[')) {
      in_class = true;
      if (rest.starts_with("[^")) ++i;
      if (pattern.substr(i + 1).starts_with(']')) return refuse_construct(pattern, "a class that begins with ]");
    } else if (rest.starts_with("(?P")) {
      return refuse_construct(pattern, "(?P");
    } else if (rest.starts_with("(?")) {
      const std::string_view flags = rest.substr(2, rest.find_first_of(":)<=!>", 2) - 2);
      if (flags.find('U') != std::string_view::npos) return refuse_construct(pattern, "(?U)");
      if (flags.find('i') != std::string_view::npos && !is_ascii(pattern))
        return refuse_construct(pattern, "(?i) and letters beyond ASCII");
    }
  }
  return {};
}

void append_literal(std::string& regex, char c) {
  if (regex_specials.find(c) != std::string_view::npos) regex += '\\';
  regex += c;
}

// A character of a glob, which may have several bytes.
std::string_view character_at(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return text.substr(at, end - at);
}

class GlobReader {
 public:
  explicit GlobReader(std::string_view glob) : glob_(glob) {}

  Result<std::string> regex() {
    bool in_group = false;
    while (at_ < glob_.size()) {
      const char c = glob_[at_++];
      switch (c) {
        case '*':
          out_ += peek() == '*' ? ".*" : "[^/]*";
          if (peek() == '*') ++at_;
          break;
        case '?':
          out_ += "[^/]";
          break;
        case '[':
          TRY(read_class());
          break;
        case '{':
          if (in_group) return bad("has a group within a group");
          in_group = true;
          out_ += "(?:(?:";
          break;
        case '}':
          if (in_group)
            out_ += "))";
          else
            out_ += '}';
          in_group = false;
          break;
        case ',':
          out_ += in_group ? ")|(?:" : ",";
          break;
        case '\\':
          if (at_ == glob_.size()) return bad("ends with a backslash");
          append_literal(out_, glob_[at_++]);
          break;
        default:
          append_literal(out_, c);
      }
    }
    if (in_group) return bad("has a { without its }");
    return std::move(out_);
  }

 private:
  char peek() const { return at_ < glob_.size() ? glob_[at_] : '\0'; }
  std::unexpected<base::Error> bad(std::string_view what) const {
    return refuse(fmt::format("the pattern `{}` {}", glob_, what));
  }
  static std::string escaped(std::string_view character) {
    const bool is_special =
        character.size() == 1 && std::string_view("\\[]^-").find(character[0]) != std::string_view::npos;
    return (is_special ? "\\" : "") + std::string(character);
  }

  // Never matches '/': a class that is negated excludes it, a range over it is cut in two.
  Status read_class() {
    const bool is_negated = peek() == '!';
    if (is_negated) ++at_;
    std::string members = is_negated ? "/" : "";
    bool is_empty = true;
    while (true) {
      if (at_ >= glob_.size()) return bad("has a [ without its ]");
      const std::string_view first = character_at(glob_, at_);
      at_ += first.size();
      if (first == "]") break;
      if (first == "/") return bad("has a / in a class");
      is_empty = false;
      const bool is_range = peek() == '-' && at_ + 1 < glob_.size() && glob_[at_ + 1] != ']';
      if (!is_range) {
        members += escaped(first);
        continue;
      }
      ++at_;
      const std::string_view last = character_at(glob_, at_);
      at_ += last.size();
      if (last < first) return bad("has a range that ends before it begins");
      if (first < "/" && last >= "/" && !is_negated) {
        members += escaped(first) + "-.";
        if (last > "/") members += "0-" + escaped(last);
      } else {
        members += escaped(first) + "-" + escaped(last);
      }
    }
    if (is_empty) return bad("has an empty class");
    out_ += (is_negated ? "[^" : "[") + members + "]";
    return {};
  }

  std::string_view glob_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string_view to_string(PatternType type) {
  return type == PatternType::regex ? "REGEX" : type == PatternType::fnmatch ? "FNMATCH" : "BARE_NAME";
}

Result<std::string> glob_to_regex(std::string_view glob) { return GlobReader(glob).regex(); }

Result<NamePattern> NamePattern::compile(std::string_view pattern, PatternType type) {
  if (pattern.size() > pattern_bytes_max)
    return refuse(fmt::format("a pattern is longer than {} bytes", pattern_bytes_max));
  std::string regex(pattern);
  if (type == PatternType::bare_name) regex = re2::RE2::QuoteMeta({pattern.data(), pattern.size()});
  if (type == PatternType::regex) TRY(refuse_what_differs(pattern));
  if (type == PatternType::fnmatch) {
    TRY_VALUE(regex, glob_to_regex(pattern));
  }
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(regex_memory_bytes);
  NamePattern out;
  const auto compiled = std::make_shared<const re2::RE2>(regex, options);
  if (!compiled->ok())
    return refuse(fmt::format("the {} `{}` can't be taken: {}",
                              type == PatternType::regex ? "regular expression" : "pattern", pattern,
                              compiled->error()));
  out.regex_ = compiled;
  return out;
}

bool NamePattern::matches(std::string_view name) const {
  return re2::RE2::FullMatch({name.data(), name.size()}, *regex_);
}

std::vector<std::string_view> NamePattern::groups(std::string_view name) const {
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(regex_->NumberOfCapturingGroups()) + 1);
  const re2::StringPiece whole(name.data(), name.size());
  if (!regex_->Match(whole, 0, name.size(), re2::RE2::ANCHOR_BOTH, found.data(), static_cast<int>(found.size())))
    return {};
  std::vector<std::string_view> out;
  out.reserve(found.size());
  for (const re2::StringPiece& group : found) out.emplace_back(group.data(), group.size());
  return out;
}

Result<NameTemplate> NameTemplate::parse(std::string_view text) {
  NameTemplate out;
  const auto bad = [&](std::string_view what) { return refuse(fmt::format("the target name `{}` {}", text, what)); };
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t brace = std::min(text.find_first_of("{}", at), text.size());
    if (brace > at) out.parts_.push_back({Part::Kind::text, std::string(text.substr(at, brace - at))});
    if (brace == text.size()) break;
    if (text[brace] == '}') return bad("has a } without its {");
    const std::size_t end = text.find_first_of("{}", brace + 1);
    if (end == std::string_view::npos || text[end] == '{') return bad("has a { without its }");
    const std::string_view word = text.substr(brace + 1, end - brace - 1);
    at = end + 1;
    if (word.empty()) return bad("has {} with nothing in it");
    std::size_t group = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), group);
    if (parsed.ptr == word.data() + word.size()) {
      if (parsed.ec != std::errc{}) return bad("has a group that is too high");
      out.parts_.push_back({Part::Kind::group, {}, group});
      continue;
    }
    if (word[0] == '-' || word[0] == '+') return bad("has a group with a sign");
    if (out.has_keyword_) return bad("has two keywords, one is allowed");
    out.has_keyword_ = true;
    out.parts_.push_back({Part::Kind::keyword, std::string(word)});
  }
  return out;
}

}  // namespace tributary::transform
