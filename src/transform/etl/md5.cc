#include "transform/etl/md5.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "model/text.h"

namespace tributary::transform::etl {
namespace {

static_assert(std::endian::native == std::endian::little, "words of a block are read as they lie");

// The whole part of 2^32 * |sin(i + 1)|.
const std::array<std::uint32_t, 64>& sines() {
  static const std::array<std::uint32_t, 64> table = [] {
    std::array<std::uint32_t, 64> made{};
    for (std::size_t i = 0; i < 64; ++i)
      made[i] = static_cast<std::uint32_t>(std::floor(std::abs(std::sin(static_cast<double>(i + 1))) * 4294967296.0));
    return made;
  }();
  return table;
}

constexpr int shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

void add_block(std::array<std::uint32_t, 4>& state, const char* block) {
  std::uint32_t words[16];
  std::memcpy(words, block, 64);
  auto [a, b, c, d] = state;
  const auto& sine = sines();
  for (unsigned i = 0; i < 64; ++i) {
    const unsigned round = i / 16;
    std::uint32_t mixed;
    unsigned word;
    if (round == 0) {
      mixed = (b & c) | (~b & d);
      word = i;
    } else if (round == 1) {
      mixed = (b & d) | (c & ~d);
      word = (5 * i + 1) % 16;
    } else if (round == 2) {
      mixed = b ^ c ^ d;
      word = (3 * i + 5) % 16;
    } else {
      mixed = c ^ (b | ~d);
      word = 7 * i % 16;
    }
    const std::uint32_t turned = std::rotl(a + mixed + sine[i] + words[word], shifts[round][i % 4]);
    a = d;
    d = c;
    c = b;
    b += turned;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

}  // namespace

char* write_md5(char* to, std::string_view bytes) {
  std::array<std::uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  while (bytes.size() >= 64) {
    add_block(state, bytes.data());
    bytes.remove_prefix(64);
  }
  char last[128] = {};
  if (!bytes.empty()) std::memcpy(last, bytes.data(), bytes.size());
  last[bytes.size()] = '\x80';
  const std::size_t size = bytes.size() < 56 ? 64 : 128;
  std::memcpy(last + size - 8, &bits, 8);
  add_block(state, last);
  if (size == 128) add_block(state, last + 64);
  char digest[16];
  std::memcpy(digest, state.data(), 16);
  return model::write_hex(to, {digest, 16});
}

}  // namespace tributary::transform::etl
