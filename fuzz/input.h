// What the fuzz targets share: decisions taken from the fuzzer's bytes, a check that ends the program with its own
// text, and events as servers frame them. Threads: values.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace tributary::fuzz {

// A stream of decisions; when the bytes are used up, every further one is zero.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  Input(const std::uint8_t* data, std::size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return first;
  }
  bool flag() { return (byte() & 1) != 0; }
  std::uint64_t number(int bytes) {
    std::uint64_t n = 0;
    for (int i = 0; i < bytes; ++i) n = n << 8 | byte();
    return n;
  }
  // One byte decides while `count` is small.
  std::uint64_t below(std::uint64_t count) { return count == 0 ? 0 : number(count > 256 ? 4 : 1) % count; }
  std::string_view bytes(std::size_t n) {
    const std::string_view taken = bytes_.substr(0, n);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  // Up to `most` bytes behind a length.
  std::string_view text(std::size_t most = 255) { return bytes(below(most + 1)); }
  std::string_view rest() { return bytes(bytes_.size()); }

 private:
  std::string_view bytes_;
};

inline void require(bool holds, const char* claim, std::string_view more = {}) {
  if (holds) [[likely]]
    return;
  std::fprintf(stderr, "does not hold: %s %.*s\n", claim, static_cast<int>(more.size()), more.data());
  std::abort();
}

// Reads every byte, so that the address sanitizer sees a view that points nowhere.
inline void touch(std::string_view bytes) {
  volatile unsigned sum = 0;
  for (const char c : bytes) sum = sum + static_cast<unsigned char>(c);
}

inline bool lies_in(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

inline void put_little(std::string& out, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i));
}
inline void put_big(std::string& out, std::uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i));
}
// MySQL's length-encoded integer.
inline void put_packed(std::string& out, std::uint64_t number) {
  if (number < 251) return put_little(out, number, 1);
  if (number < 0x10000) return out += '\xfc', put_little(out, number, 2);
  if (number < 0x1000000) return out += '\xfd', put_little(out, number, 3);
  out += '\xfe';
  put_little(out, number, 8);
}

// A whole event. Without a checksum it is one of a transaction payload, or of a server with binlog_checksum = NONE.
inline std::string framed(std::uint8_t type, std::string_view body, bool with_checksum, std::uint32_t timestamp = 0,
                          std::uint32_t server_id = 1, std::uint32_t next_position = 0, std::uint16_t flags = 0) {
  std::string event;
  put_little(event, timestamp, 4);
  put_little(event, type, 1);
  put_little(event, server_id, 4);
  put_little(event, 19 + body.size() + (with_checksum ? 4 : 0), 4);
  put_little(event, next_position, 4);
  put_little(event, flags, 2);
  event += body;
  if (with_checksum)
    put_little(event, crc32(0, reinterpret_cast<const Bytef*>(event.data()), static_cast<uInt>(event.size())), 4);
  return event;
}

}  // namespace tributary::fuzz
