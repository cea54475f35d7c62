// The weights of characters, and their other case, as tables that are made at first use. Threads: immutable once made.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tributary::transform::filter {

struct WeightTable {
  // By character: where its weights begin in the pool, and in the lowest four bits how many there are; `by_rule` if
  // they follow from its number.
  static constexpr std::uint32_t by_rule = 0xFFFFFFFF;
  enum class Rule : std::uint8_t {
    itself,
    implicit
  };  // the number, or the two weights UCA gives what it does not list
  std::vector<std::uint32_t> index;
  std::vector<std::uint32_t> pool;
  Rule rule = Rule::itself;
  bool is_bmp_only = false;  // what lies beyond has the weight of U+FFFD, all alike

  std::vector<bool> pages;  // of 256 characters: whether one of them is listed
  bool has_page(char32_t c) const { return (c >> 8) < pages.size() && pages[c >> 8]; }

  // `room` holds what is made by rule.
  std::span<const std::uint32_t> of(char32_t c, std::uint32_t (&room)[2]) const;
};

namespace tables {
const WeightTable& general_ci();
const WeightTable& unicode_ci();
const WeightTable& uca_0900_ai_ci();
enum class Casing : std::uint8_t { standard, mysql_0900 };
const WeightTable& lower(Casing casing);
const WeightTable& upper(Casing casing);
const std::uint8_t* latin1_swedish_ci();  // 256 bytes
const std::uint8_t* latin1_general_ci();
const std::uint8_t* latin1_cases();  // 256 lower, 256 upper
const std::uint8_t* ascii_general_ci();
}  // namespace tables

// A character of valid UTF-8; moves behind it.
inline char32_t next_character(const char*& at, const char* end) {
  const auto lead = static_cast<unsigned char>(*at);
  if (lead < 0x80) {
    ++at;
    return lead;
  }
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (end - at <= more) {
    at = end;
    return 0xFFFD;
  }
  char32_t c = lead & (more == 3 ? 0x07U : more == 2 ? 0x0FU : 0x1FU);
  for (int i = 1; i <= more; ++i) c = c << 6 | (static_cast<unsigned char>(at[i]) & 0x3FU);
  at += more + 1;
  return c;
}

}  // namespace tributary::transform::filter
