#include "transform/filter/weights.h"

#include <array>

namespace tributary::transform::filter {
namespace {

#include "transform/filter/collation_tables.inc"

// The texts of collation_tables.inc: numbers of five bits a character, the sixth says that more follow.
class Reader {
 public:
  explicit Reader(std::span<const std::string_view> lines) : lines_(lines) {}
  bool at_end() const { return line_ == lines_.size(); }
  std::uint32_t number() {
    std::uint32_t made = 0;
    for (unsigned shift = 0; !at_end(); shift += 5) {
      const auto digit = static_cast<std::uint32_t>(lines_[line_][at_] - '0');
      if (++at_ == lines_[line_].size()) {
        ++line_;
        at_ = 0;
      }
      made |= (digit & 31) << shift;
      if ((digit & 32) == 0) break;
    }
    return made;
  }
  std::int32_t difference() {
    const std::uint32_t read = number();
    return static_cast<std::int32_t>((read & 1) != 0 ? ~(read >> 1) : read >> 1);
  }

 private:
  std::span<const std::string_view> lines_;
  std::size_t line_ = 0, at_ = 0;
};

WeightTable decode(std::span<const std::string_view> lines, WeightTable::Rule rule, bool is_bmp_only) {
  WeightTable table;
  table.rule = rule;
  table.is_bmp_only = is_bmp_only;
  Reader in(lines);
  std::size_t character = 0;
  std::uint32_t last = 0;
  while (!in.at_end()) {
    character += in.number();
    const std::uint32_t both = in.number();
    const std::uint32_t length = both / 10, count = both % 10;
    std::array<std::uint32_t, 9> weights{};
    for (std::uint32_t i = 0; i < count; ++i) last = weights[i] = last + static_cast<std::uint32_t>(in.difference());
    const std::int32_t step = length > 1 && count > 0 ? in.difference() : 0;
    if (table.index.size() < character + length) table.index.resize(character + length, WeightTable::by_rule);
    if (table.pages.size() <= (character + length - 1) >> 8) table.pages.resize(((character + length - 1) >> 8) + 1);
    for (std::uint32_t i = 0; i < length; ++i) {
      table.pages[character >> 8] = true;
      table.index[character++] = static_cast<std::uint32_t>(table.pool.size() << 4) | count;
      if (count == 0) continue;
      table.pool.insert(table.pool.end(), weights.begin(), weights.begin() + count);
      last = weights[count - 1];
      weights[count - 1] += static_cast<std::uint32_t>(step);
    }
  }
  return table;
}

using Bytes = std::array<std::uint8_t, 512>;

void add_bytes(Bytes& to, std::size_t from, std::span<const std::string_view> lines) {
  const WeightTable table = decode(lines, WeightTable::Rule::itself, true);
  std::uint32_t room[2];
  for (std::uint32_t i = 0; i < 256; ++i) to[from + i] = static_cast<std::uint8_t>(table.of(i, room)[0]);
}

}  // namespace

std::span<const std::uint32_t> WeightTable::of(char32_t c, std::uint32_t (&room)[2]) const {
  if (is_bmp_only && c > 0xFFFF) {
    room[0] = 0xFFFD;
    return {room, 1};
  }
  if (c < index.size() && index[c] != by_rule) return {pool.data() + (index[c] >> 4), index[c] & 15};
  if (rule == Rule::itself) {
    room[0] = c;
    return {room, 1};
  }
  const bool is_han = (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xFA0E && c <= 0xFA29);
  const bool is_more_han = (c >= 0x3400 && c <= 0x4DBF) || c >= 0x20000;
  room[0] = (is_han ? 0xFB40U : is_more_han ? 0xFB80U : 0xFBC0U) + (c >> 15);
  room[1] = (c & 0x7FFF) | 0x8000;
  return {room, 2};
}

namespace tables {

using Rule = WeightTable::Rule;

const WeightTable& general_ci() {
  static const WeightTable table = decode(filter::general_ci, Rule::itself, true);
  return table;
}
const WeightTable& unicode_ci() {
  static const WeightTable table = decode(filter::unicode_ci, Rule::implicit, true);
  return table;
}
const WeightTable& uca_0900_ai_ci() {
  static const WeightTable table = decode(filter::uca_0900_ai_ci, Rule::implicit, false);
  return table;
}
const WeightTable& lower(Casing casing) {
  static const WeightTable standard = decode(lower_default, Rule::itself, false);
  static const WeightTable mysql_0900 = decode(lower_0900, Rule::itself, false);
  return casing == Casing::standard ? standard : mysql_0900;
}
const WeightTable& upper(Casing casing) {
  static const WeightTable standard = decode(upper_default, Rule::itself, false);
  static const WeightTable mysql_0900 = decode(upper_0900, Rule::itself, false);
  return casing == Casing::standard ? standard : mysql_0900;
}

namespace {
Bytes bytes_of(std::span<const std::string_view> first, std::span<const std::string_view> second) {
  Bytes made{};
  add_bytes(made, 0, first);
  add_bytes(made, 256, second);
  return made;
}
}  // namespace

const std::uint8_t* latin1_swedish_ci() {
  static const Bytes made = bytes_of(filter::latin1_swedish_ci, {});
  return made.data();
}
const std::uint8_t* latin1_general_ci() {
  static const Bytes made = bytes_of(filter::latin1_general_ci, {});
  return made.data();
}
const std::uint8_t* latin1_cases() {
  static const Bytes made = bytes_of(latin1_lower, latin1_upper);
  return made.data();
}
const std::uint8_t* ascii_general_ci() {
  static const Bytes made = [] {
    Bytes bytes{};
    for (std::size_t i = 0; i < 256; ++i) bytes[i] = static_cast<std::uint8_t>(i >= 'a' && i <= 'z' ? i - 32 : i);
    return bytes;
  }();
  return made.data();
}

}  // namespace tables
}  // namespace tributary::transform::filter
