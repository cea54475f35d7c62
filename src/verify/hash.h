// A 64-bit hash of bytes for keys and row contents kept on disk: its values must not change between releases without
// a new format number (topic_fold.cc). Not meant against somebody who looks for collisions. Threads: pure.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace tributary::verify {

namespace internal {

__extension__ typedef unsigned __int128 Wide;

inline std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t load(const char* from, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, size);
  return word;
}

}  // namespace internal

inline std::uint64_t hash(std::string_view bytes, std::uint64_t seed = 0) {
  constexpr std::uint64_t a = 0xa0761d6478bd642f, b = 0xe7037ed1a0b428db, c = 0x8ebc6af09c88c6e3;
  std::uint64_t state = seed ^ a;
  const char* from = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 16; from += 16, left -= 16)
    state = internal::fold_product(internal::load(from, 8) ^ b, internal::load(from + 8, 8) ^ state);
  const std::uint64_t low = internal::load(from, left < 8 ? left : 8);
  const std::uint64_t high = left > 8 ? internal::load(from + 8, left - 8) : 0;
  state = internal::fold_product(low ^ b, high ^ state);
  return internal::fold_product(state ^ c, static_cast<std::uint64_t>(bytes.size()) ^ b);
}

}  // namespace tributary::verify
