// Patterns for names (DTS's REGEX and FNMATCH) and target names made from what they matched.
//
// A pattern has to match the whole name, as Java's matches(). Regular expressions are RE2's where RE2 and Java mean the
// same; what RE2 has not (backreferences, lookaround, possessive repetition) and what the two read differently (classes
// within classes, &&, [:alpha:], (?U), \b, \B, \C, \v, (?i) with letters beyond ASCII) is refused by name. FNMATCH is
// the JDK's glob: * and ? stop at '/', ** does not, [a-z] [!a], {one,two}, \ before a special character.
//
// Target names of patterns hold {0} (the name), {n} (group n; nothing if the group did not take part or there is none)
// and at most one keyword, {word}. Errors: task.objects_bad_value without a place. Threads: immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace re2 {
class RE2;
}

namespace tributary::transform {

enum class PatternType : std::uint8_t { bare_name, regex, fnmatch };
std::string_view to_string(PatternType type);  // BARE_NAME

class NamePattern {
 public:
  static base::Result<NamePattern> compile(std::string_view pattern, PatternType type);

  bool matches(std::string_view name) const;
  // The whole name and the groups, empty where one took no part; empty if the name does not match.
  std::vector<std::string_view> groups(std::string_view name) const;

 private:
  std::shared_ptr<const re2::RE2> regex_;
};

// The regular expression a glob stands for.
base::Result<std::string> glob_to_regex(std::string_view glob);

class NameTemplate {
 public:
  NameTemplate() = default;
  static base::Result<NameTemplate> parse(std::string_view text);

  bool has_keyword() const { return has_keyword_; }
  // `keyword` gives the text for a keyword.
  template <typename F>
  std::string fill(const std::vector<std::string_view>& groups, F&& keyword) const {
    std::string out;
    for (const Part& part : parts_) {
      if (part.kind == Part::Kind::text)
        out += part.text;
      else if (part.kind == Part::Kind::keyword)
        out += keyword(part.text);
      else if (part.group < groups.size())
        out += groups[part.group];
    }
    return out;
  }

 private:
  struct Part {
    enum class Kind : std::uint8_t { text, group, keyword } kind;
    std::string text;
    std::size_t group = 0;
  };
  std::vector<Part> parts_;
  bool has_keyword_ = false;
};

}  // namespace tributary::transform
