// Bounds-checked little-endian reading of an event. A read past the end gives zeros and is remembered; ask ok() before
// anything read is used for more than further reading. Threads: values.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tributary::source {

// N bytes little endian; the caller has checked that they are there.
template <int N>
inline std::uint64_t little(const char* at) {
  std::uint64_t number = 0;
  std::memcpy(&number, at, N);
  return number;
}
template <int N>
inline std::uint64_t big(const char* at) {
  std::uint64_t number = 0;
  std::memcpy(reinterpret_cast<char*>(&number) + (8 - N), at, N);
  return __builtin_bswap64(number);
}

inline std::unexpected<base::Error> malformed(std::string what, std::size_t offset_in_event) {
  return base::fail(base::ErrorCode::data_event_malformed, std::move(what),
                    "byte " + std::to_string(offset_in_event) + " of the event");
}

class Cursor {
 public:
  // `offset` is where `bytes` begin in the event.
  explicit Cursor(std::string_view bytes, std::size_t offset = 0)
      : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()), offset_(offset) {}

  bool ok() const { return ok_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  std::size_t offset() const { return offset_ + static_cast<std::size_t>(at_ - begin_); }
  const char* at() const { return at_; }

  template <int N>
  std::uint64_t uint() {
    if (left() < N) return fail_zero();
    at_ += N;
    return little<N>(at_ - N);
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(uint<1>()); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(uint<2>()); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(uint<4>()); }
  std::uint64_t u64() { return uint<8>(); }

  std::string_view bytes(std::uint64_t n) {
    if (left() < n) {
      fail_zero();
      return {};
    }
    at_ += n;
    return {at_ - n, static_cast<std::size_t>(n)};
  }
  std::string_view rest() { return bytes(left()); }
  void skip(std::uint64_t n) { bytes(n); }

  // MySQL's length-encoded integer. 251 (NULL) and 255 are errors here.
  std::uint64_t packed() {
    const std::uint8_t first = u8();
    if (first < 251) return first;
    switch (first) {
      case 252:
        return uint<2>();
      case 253:
        return uint<3>();
      case 254:
        return uint<8>();
      default:
        return fail_zero();
    }
  }
  std::string_view packed_bytes() { return bytes(packed()); }

  std::unexpected<base::Error> malformed(std::string_view what) const {
    return source::malformed(std::string(what) + (ok_ ? "" : ": ends too early"), offset());
  }

 private:
  std::uint64_t fail_zero() {
    ok_ = false;
    at_ = end_;
    return 0;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  std::size_t offset_;
  bool ok_ = true;
};

}  // namespace tributary::source
