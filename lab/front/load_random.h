// The loader's random source: small and seeded, its numbers the same everywhere (the standard's distributions differ).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tributary::lab {

class Random {
 public:
  // Streams with different names are independent of each other.
  Random(std::uint64_t seed, std::string_view stream, std::uint64_t part = 0) : state_(seed) {
    for (const unsigned char c : stream) state_ = (state_ ^ c) * 0x100000001b3;
    state_ += part * 0x9e3779b97f4a7c15;
    next();
  }

  // splitmix64
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }

 private:
  std::uint64_t state_;
};

}  // namespace tributary::lab
