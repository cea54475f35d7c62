#include "transform/filter/collation.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "transform/filter/arena.h"
#include "transform/filter/weights.h"

namespace tributary::transform::filter {
namespace {

constexpr unsigned of_any = 0, of_mysql8 = 1, of_mariadb = 2;

struct Known {
  Collation collation;
  unsigned servers = of_any;
};

using Registry = std::map<std::string, Known, std::less<>>;

void add_utf8(Registry& to, const std::string& set, std::string_view suffix, bool pads, const WeightTable* weights,
              tables::Casing casing, unsigned servers = of_any) {
  Collation made;
  made.name = set + std::string(suffix);
  made.set = TextSet::utf8;
  made.order = weights == nullptr ? Collation::Order::bytes : Collation::Order::characters;
  made.pads = pads;
  made.is_binary_order = weights == nullptr;
  made.weights = weights;
  made.lower = &tables::lower(casing);
  made.upper = &tables::upper(casing);
  to[made.name] = {made, servers};
}

void add_bytes(Registry& to, std::string name, TextSet set, const std::uint8_t* weights) {
  Collation made;
  made.name = std::move(name);
  made.set = set;
  made.order = weights == nullptr ? Collation::Order::bytes : Collation::Order::single_byte;
  made.pads = true;
  made.is_binary_order = weights == nullptr;
  made.bytes = weights;
  made.cases = tables::latin1_cases();
  to[made.name] = {made, of_any};
}

Registry make_registry() {
  using tables::Casing;
  Registry known;
  for (const std::string set : {"utf8", "utf8mb3", "utf8mb4"}) {
    add_utf8(known, set, "_general_ci", true, &tables::general_ci(), Casing::standard);
    add_utf8(known, set, "_bin", true, nullptr, Casing::standard);
    add_utf8(known, set, "_unicode_ci", true, &tables::unicode_ci(), Casing::standard);
    add_utf8(known, set, "_general_nopad_ci", false, &tables::general_ci(), Casing::standard, of_mariadb);
    add_utf8(known, set, "_nopad_bin", false, nullptr, Casing::standard, of_mariadb);
    add_utf8(known, set, "_unicode_nopad_ci", false, &tables::unicode_ci(), Casing::standard, of_mariadb);
  }
  add_utf8(known, "utf8mb4", "_0900_ai_ci", false, &tables::uca_0900_ai_ci(), Casing::mysql_0900, of_mysql8);
  add_utf8(known, "utf8mb4", "_0900_bin", false, nullptr, Casing::mysql_0900, of_mysql8);
  add_bytes(known, "latin1_swedish_ci", TextSet::latin1, tables::latin1_swedish_ci());
  add_bytes(known, "latin1_general_ci", TextSet::latin1, tables::latin1_general_ci());
  add_bytes(known, "latin1_bin", TextSet::latin1, nullptr);
  add_bytes(known, "ascii_general_ci", TextSet::ascii, tables::ascii_general_ci());
  add_bytes(known, "ascii_bin", TextSet::ascii, nullptr);
  known["binary"].collation.name = "binary";
  return known;
}

const Registry& registry() {
  static const Registry known = make_registry();
  return known;
}

int compare_bytes(std::string_view a, std::string_view b, bool pads) {
  const std::size_t both = std::min(a.size(), b.size());
  if (const int order = both == 0 ? 0 : std::memcmp(a.data(), b.data(), both); order != 0) return order;
  if (a.size() == b.size()) return 0;
  if (!pads) return a.size() < b.size() ? -1 : 1;
  const std::string_view rest = a.size() > both ? a.substr(both) : b.substr(both);
  for (const char c : rest)
    if (c != ' ') return (static_cast<unsigned char>(c) > ' ') == (a.size() > both) ? 1 : -1;
  return 0;
}

int compare_single(const std::uint8_t* weights, std::string_view a, std::string_view b, bool pads) {
  const std::size_t both = std::min(a.size(), b.size());
  const auto weight = [&](char c) { return static_cast<int>(weights[static_cast<unsigned char>(c)]); };
  for (std::size_t i = 0; i < both; ++i)
    if (const int order = weight(a[i]) - weight(b[i]); order != 0) return order;
  if (a.size() == b.size()) return 0;
  if (!pads) return a.size() < b.size() ? -1 : 1;
  const std::string_view rest = a.size() > both ? a.substr(both) : b.substr(both);
  for (const char c : rest)
    if (const int order = weight(c) - weight(' '); order != 0) return (order > 0) == (a.size() > both) ? 1 : -1;
  return 0;
}

// The weights of a text one by one.
class Scanner {
 public:
  Scanner(const WeightTable& table, std::string_view text) : table_(table), at_(text.data()), end_(at_ + text.size()) {}
  // -1 at the end.
  std::int64_t next() {
    while (i_ == found_.size()) {
      if (at_ == end_) return -1;
      found_ = table_.of(next_character(at_, end_), room_);
      i_ = 0;
    }
    return found_[i_++];
  }

 private:
  const WeightTable& table_;
  const char* at_;
  const char* end_;
  std::uint32_t room_[2];
  std::span<const std::uint32_t> found_;
  std::size_t i_ = 0;
};

int compare_characters(const WeightTable& table, std::string_view a, std::string_view b, bool pads) {
  // Equal ASCII in front weighs the same.
  std::size_t same = 0;
  const std::size_t both = std::min(a.size(), b.size());
  while (same < both && a[same] == b[same] && static_cast<unsigned char>(a[same]) < 0x80) ++same;
  Scanner x(table, a.substr(same)), y(table, b.substr(same));
  std::uint32_t room[2];
  while (true) {
    std::int64_t v = x.next(), w = y.next();
    if (v == w) {
      if (v < 0) return 0;
      continue;
    }
    if (v >= 0 && w >= 0) return v < w ? -1 : 1;
    if (!pads) return v < 0 ? -1 : 1;
    const std::int64_t space = table.of(' ', room)[0];
    for (; v >= 0; v = x.next())
      if (v != space) return v < space ? -1 : 1;
    for (; w >= 0; w = y.next())
      if (w != space) return w < space ? 1 : -1;
    return 0;
  }
}

bool begins_with(const WeightTable& table, std::string_view text, std::string_view part) {
  Scanner x(table, text), y(table, part);
  while (true) {
    const std::int64_t wanted = y.next();
    if (wanted < 0) return true;
    if (x.next() != wanted) return false;
  }
}

int compare_by(const Collation& collation, std::string_view a, std::string_view b, bool pads) {
  switch (collation.order) {
    case Collation::Order::bytes:
      return compare_bytes(a, b, pads);
    case Collation::Order::single_byte:
      return compare_single(collation.bytes, a, b, pads);
    case Collation::Order::characters:
      return compare_characters(*collation.weights, a, b, pads);
  }
  return 0;
}

std::size_t character_size(const Collation& collation, std::string_view text) {
  if (!collation.is_utf8()) return 1;
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(size, text.size());
}

bool same_character(const Collation& collation, std::string_view a, std::string_view b) {
  if (a == b) return true;
  switch (collation.order) {
    case Collation::Order::bytes:
      return false;
    case Collation::Order::single_byte:
      return collation.bytes[static_cast<unsigned char>(a[0])] == collation.bytes[static_cast<unsigned char>(b[0])];
    case Collation::Order::characters:
      break;
  }
  std::uint32_t room[2], other_room[2];
  const char* at = a.data();
  const char* other_at = b.data();
  const char32_t c = next_character(at, at + a.size()), d = next_character(other_at, other_at + b.size());
  // What _unicode_ci has no page for is alike only where whole texts are compared.
  const WeightTable& weights = *collation.weights;
  if (weights.is_bmp_only && weights.rule == WeightTable::Rule::implicit &&
      (!weights.has_page(c) || !weights.has_page(d)))
    return c == d;
  return std::ranges::equal(weights.of(c, room), weights.of(d, other_room));
}

}  // namespace

const Collation* find_collation(std::string_view name, bool is_mariadb, std::uint32_t version) {
  const auto found = registry().find(name);
  if (found == registry().end()) return nullptr;
  if (found->second.servers == of_mysql8 && (is_mariadb || version < 80000)) return nullptr;
  if (found->second.servers == of_mariadb && !is_mariadb) return nullptr;
  return &found->second.collation;
}

const Collation& binary_collation() {
  static const Collation& binary = registry().find("binary")->second.collation;
  return binary;
}

const Collation& connection_collation() {
  static const Collation& general = registry().find("utf8mb4_general_ci")->second.collation;
  return general;
}

int compare(const Collation& collation, std::string_view a, std::string_view b) {
  return compare_by(collation, a, b, collation.pads);
}

int compare_unpadded(const Collation& collation, std::string_view a, std::string_view b) {
  return compare_by(collation, a, b, false);
}

bool like(const Collation& collation, std::string_view text, std::string_view pattern, std::string_view escape) {
  // The last % met and how far the text was matched from there: going back to it is all the going back there is.
  std::string_view retry_text, retry_pattern;
  bool has_retry = false;
  while (true) {
    if (pattern.empty()) {
      if (text.empty()) return true;
    } else if (pattern[0] == '%' && pattern.substr(0, 1) != escape) {
      pattern.remove_prefix(1);
      if (pattern.empty()) return true;
      retry_text = text;
      retry_pattern = pattern;
      has_retry = true;
      continue;
    } else if (!text.empty()) {
      const std::size_t size = character_size(collation, text);
      std::string_view rest = pattern;
      bool matches;
      if (rest[0] == '_' && rest.substr(0, 1) != escape) {
        matches = true;
        rest.remove_prefix(1);
      } else {
        if (rest.size() > 1 && rest.substr(0, 1) == escape) rest.remove_prefix(1);
        const std::size_t other = character_size(collation, rest);
        matches = same_character(collation, text.substr(0, size), rest.substr(0, other));
        rest.remove_prefix(other);
      }
      if (matches) {
        text.remove_prefix(size);
        pattern = rest;
        continue;
      }
    }
    if (!has_retry || retry_text.empty()) return false;
    retry_text.remove_prefix(character_size(collation, retry_text));
    text = retry_text;
    pattern = retry_pattern;
  }
}

std::size_t find(const Collation& collation, std::string_view text, std::string_view part, std::size_t from,
                 bool by_weights) {
  if (part.empty() || collation.order == Collation::Order::bytes) return text.find(part, from);
  by_weights = by_weights && collation.order == Collation::Order::characters;
  while (by_weights ? from < text.size() : from + part.size() <= text.size()) {
    if (by_weights ? begins_with(*collation.weights, text.substr(from), part)
                   : compare_by(collation, text.substr(from, part.size()), part, false) == 0)
      return from;
    from += character_size(collation, text.substr(from));
  }
  return std::string_view::npos;
}

std::string_view change_case(const Collation& collation, std::string_view text, bool to_upper, Arena& arena) {
  if (collation.set == TextSet::binary || text.empty()) return text;
  char* const from = arena.take(text.size());
  char* to = from;
  if (!collation.is_utf8()) {
    const std::uint8_t* cases = collation.cases + (to_upper ? 256 : 0);
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      *to++ = byte >= 0x80 && collation.set == TextSet::ascii ? c : static_cast<char>(cases[byte]);
    }
    return {from, text.size()};
  }
  const WeightTable& table = to_upper ? *collation.upper : *collation.lower;
  std::uint32_t room[2];
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    const char32_t c = table.of(next_character(at, end), room)[0];
    const int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    // As at the server, there is room for as many bytes as there were.
    if (to + more >= from + text.size()) break;
    if (more == 0) {
      *to++ = static_cast<char>(c);
      continue;
    }
    *to++ = static_cast<char>((more == 1 ? 0xC0U : more == 2 ? 0xE0U : 0xF0U) | c >> (6 * more));
    for (int i = more - 1; i >= 0; --i) *to++ = static_cast<char>(0x80U | (c >> (6 * i) & 0x3FU));
  }
  arena.give_back(to);
  return {from, static_cast<std::size_t>(to - from)};
}

std::size_t character_count(const Collation& collation, std::string_view text) {
  if (!collation.is_utf8()) return text.size();
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::size_t skip_characters(const Collation& collation, std::string_view text, std::size_t count) {
  if (!collation.is_utf8()) return std::min(text.size(), count);
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count) at += character_size(collation, text.substr(at));
  return at;
}

}  // namespace tributary::transform::filter
