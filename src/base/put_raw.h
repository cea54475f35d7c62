// Copies bytes into room that is already there and returns the new end. Threads: functions without state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tributary::base {

// Most values are short: two overlapping moves beat a call to memcpy.
inline char* put_raw(char* to, const char* from, std::size_t size) {
  if (size > 32) {
    std::memcpy(to, from, size);
  } else if (size >= 16) {
    char low[16], high[16];
    std::memcpy(low, from, 16);
    std::memcpy(high, from + size - 16, 16);
    std::memcpy(to, low, 16);
    std::memcpy(to + size - 16, high, 16);
  } else if (size >= 8) {
    std::uint64_t low, high;
    std::memcpy(&low, from, 8);
    std::memcpy(&high, from + size - 8, 8);
    std::memcpy(to, &low, 8);
    std::memcpy(to + size - 8, &high, 8);
  } else if (size >= 4) {
    std::uint32_t low, high;
    std::memcpy(&low, from, 4);
    std::memcpy(&high, from + size - 4, 4);
    std::memcpy(to, &low, 4);
    std::memcpy(to + size - 4, &high, 4);
  } else if (size != 0) {
    to[0] = from[0];
    to[size / 2] = from[size / 2];
    to[size - 1] = from[size - 1];
  }
  return to + size;
}
inline char* put_raw(char* to, std::string_view bytes) { return put_raw(to, bytes.data(), bytes.size()); }

}  // namespace tributary::base
