#include "sink/partitioner.h"

namespace tributary::sink {
namespace {

constexpr std::uint32_t replacement = 0xFFFD;

// The code point at the start of `text` and its length in bytes; U+FFFD of length 1 for what is not UTF-8.
struct CodePoint {
  std::uint32_t value;
  std::size_t size;
};
CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t size = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (size == 1) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {replacement, 1};
  std::uint32_t value = lead & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {replacement, 1};
    value = value << 6 | (byte(i) & 0x3F);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {replacement, 1};
  return {value, size};
}

}  // namespace

std::int32_t java_hash(std::string_view utf8) {
  std::uint32_t hash = 0;
  while (!utf8.empty()) {
    const CodePoint point = decode(utf8);
    utf8.remove_prefix(point.size);
    if (point.value >= 0x10000) {
      hash = hash * 31 + (0xD800 + ((point.value - 0x10000) >> 10));
      hash = hash * 31 + (0xDC00 + ((point.value - 0x10000) & 0x3FF));
    } else {
      hash = hash * 31 + point.value;
    }
  }
  return static_cast<std::int32_t>(hash);
}

std::int32_t floor_mod(std::int32_t hash, std::int32_t partitions) {
  const std::int32_t rest = hash % partitions;
  return rest < 0 ? rest + partitions : rest;
}

}  // namespace tributary::sink
