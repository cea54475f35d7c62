// Patterns of REGEXP whose meaning is the same at the server: what its engine (MySQL up to 5.7: Henry Spencer's, by
// bytes; MySQL 8: ICU; MariaDB: PCRE2) makes of literal characters, . [] () | * + ? {n,m} ^ and a $ at the end, told to
// RE2. What engines read differently is refused by name. Threads: immutable; RE2 may be asked by any number at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "transform/filter/collation.h"

namespace re2 {
class RE2;
}

namespace tributary::transform::filter {

enum class RegexpEngine : std::uint8_t { spencer, icu, pcre };

class Regexp {
 public:
  // Both texts are of the collation's character set; the pattern is UTF-8 or ASCII. The error says what of the pattern
  // is refused; it is of code filter_unsupported and without a place.
  static base::Result<std::shared_ptr<const Regexp>> make(std::string_view pattern, const Collation& collation,
                                                          RegexpEngine engine);
  ~Regexp();

  bool matches(std::string_view text) const;

 private:
  Regexp() = default;
  RegexpEngine engine_{};
  bool is_utf8_ = false;
  bool has_end_ = false;  // a $, before which the last line may end
  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace tributary::transform::filter
