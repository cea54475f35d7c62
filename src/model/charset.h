// From a MySQL character set to UTF-8 and back, by its MySQL name. Single-byte sets are the servers' own tables, the
// others go through ICU, which agrees with the servers on what the standards define, not on every vendor's extension of
// them (big5, sjis, gb2312, gbk, ujis, eucjpms: characters that the server shows as '?', or as another of two alike).
// Threads: immutable, shared by any number.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tributary::model {

struct SingleByteSet;

class Charset {
 public:
  // Never null; a set that can't be converted, "binary" and unknown names give one whose utf8() is always empty.
  // Made at first use and kept.
  static const Charset& find(std::string_view mysql_name);

  // The bytes are UTF-8 as they are, if they are valid at all.
  bool is_utf8() const { return kind_ == Kind::utf8; }

  // Nothing if the bytes are not text of this set.
  std::optional<std::string> utf8(std::string_view bytes) const;
  // The way back. Nothing if the text is not UTF-8, or the set lacks a character of it.
  std::optional<std::string> from_utf8(std::string_view text) const;

 private:
  enum class Kind : std::uint8_t { none, utf8, table, icu };
  Charset(Kind kind, std::string icu_name, std::uint32_t last = 0x10FFFF)
      : kind_(kind), last_(last), icu_name_(std::move(icu_name)) {}
  static Charset make(const SingleByteSet& set);
  static Charset make(std::string icu_name);

  Kind kind_ = Kind::none;
  std::uint32_t last_ = 0x10FFFF;  // the last code point that it holds, where that is no matter of tables
  std::string icu_name_;
  bool turns_controls_ = false;        // some of ICU's tables turn 0x1a, 0x1c and 0x7f round; the server does not
  std::array<char16_t, 256> table_{};  // 0xFFFF: no character
};

}  // namespace tributary::model
