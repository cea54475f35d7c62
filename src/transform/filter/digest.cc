#include "transform/filter/digest.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "model/text.h"

namespace tributary::transform::filter {
namespace {

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t rest = i;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ ((rest & 1) != 0 ? 0xEDB88320U : 0U);
    table[i] = rest;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> crc_table = make_crc_table();

std::array<std::uint32_t, 64> make_sines() {
  std::array<std::uint32_t, 64> sines{};
  for (std::size_t i = 0; i < 64; ++i)
    sines[i] = static_cast<std::uint32_t>(std::floor(std::fabs(std::sin(static_cast<double>(i + 1))) * 4294967296.0));
  return sines;
}

using Md5State = std::array<std::uint32_t, 4>;

void md5_block(Md5State& state, const char* block) {
  static const std::array<std::uint32_t, 64> sines = make_sines();
  static constexpr std::uint8_t turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  std::uint32_t words[16];
  std::memcpy(words, block, sizeof words);  // little-endian, as all machines we build for
  auto [a, b, c, d] = state;
  for (std::uint32_t i = 0; i < 64; ++i) {
    std::uint32_t f, g;
    switch (i / 16) {
      case 0:
        f = (b & c) | (~b & d);
        g = i;
        break;
      case 1:
        f = (d & b) | (~d & c);
        g = (5 * i + 1) % 16;
        break;
      case 2:
        f = b ^ c ^ d;
        g = (3 * i + 5) % 16;
        break;
      default:
        f = c ^ (b | ~d);
        g = 7 * i % 16;
    }
    f += a + sines[i] + words[g];
    a = d;
    d = c;
    c = b;
    b += std::rotl(f, turns[i / 16][i % 4]);
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t rest = 0xFFFFFFFF;
  for (const char c : bytes) rest = rest >> 8 ^ crc_table[(rest ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~rest;
}

void md5_hex(std::string_view bytes, char* to) {
  Md5State state{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
  const std::uint64_t bits = static_cast<std::uint64_t>(bytes.size()) * 8;
  while (bytes.size() >= 64) {
    md5_block(state, bytes.data());
    bytes.remove_prefix(64);
  }
  char tail[128] = {};
  std::memcpy(tail, bytes.data(), bytes.size());
  tail[bytes.size()] = static_cast<char>(0x80);
  const std::size_t size = bytes.size() < 56 ? 64 : 128;
  std::memcpy(tail + size - 8, &bits, 8);
  for (std::size_t at = 0; at < size; at += 64) md5_block(state, tail + at);
  char digest[16];
  std::memcpy(digest, state.data(), sizeof digest);
  model::write_hex(to, {digest, sizeof digest});
}

}  // namespace tributary::transform::filter
