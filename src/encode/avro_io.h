// Writing and reading of Avro's binary primitives (Apache Avro specification, "Binary Encoding"): zig-zag variable
// length integers, little-endian doubles, length-prefixed strings. Writers take a pointer into room that is already
// there and return its new end. Threads: functions without state; a reader belongs to one thread.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/put_raw.h"

namespace tributary::encode::avro {

static_assert(std::endian::native == std::endian::little, "doubles are written as they lie in memory");

inline constexpr std::size_t long_bytes_max = 10;

inline char* put_long(char* to, std::int64_t number) {
  std::uint64_t rest = (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
  while (rest >= 0x80) {
    *to++ = static_cast<char>(rest | 0x80);
    rest >>= 7;
  }
  *to++ = static_cast<char>(rest);
  return to;
}

inline char* put_size(char* to, std::size_t size) {
  if (size < 64) [[likely]] {
    *to = static_cast<char>(size << 1);
    return to + 1;
  }
  return put_long(to, static_cast<std::int64_t>(size));
}

using base::put_raw;

inline char* put_string(char* to, std::string_view text) { return put_raw(put_size(to, text.size()), text); }

inline char* put_double(char* to, double number) {
  std::memcpy(to, &number, sizeof number);
  return to + sizeof number;
}

// The same for plans and tests, where speed does not matter.
inline void add_long(std::string& to, std::int64_t number) {
  char room[long_bytes_max];
  to.append(room, static_cast<std::size_t>(put_long(room, number) - room));
}
inline void add_string(std::string& to, std::string_view text) {
  add_long(to, static_cast<std::int64_t>(text.size()));
  to.append(text);
}

// Takes primitives from the front of bytes that may be anything. The first fault sticks: later reads give zeros and
// empty strings, and `fault` says what was wrong at which offset.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return fault_ == nullptr; }
  const char* fault() const { return fault_; }
  std::size_t offset() const { return offset_; }
  std::size_t left() const { return bytes_.size() - offset_; }

  void fail(const char* fault) { fail_at(fault, offset_); }
  void fail_at(const char* fault, std::size_t offset) {
    if (fault_ != nullptr) return;
    fault_ = fault;
    offset_ = offset;
  }

  std::int64_t take_long() {
    if (!ok()) return 0;
    std::uint64_t raw = 0;
    std::size_t at = offset_;
    for (unsigned shift = 0;; shift += 7) {
      if (at == bytes_.size()) return fail_at("the bytes end inside a number", offset_), 0;
      const auto byte = static_cast<std::uint8_t>(bytes_[at++]);
      if (shift == 63 && byte > 1) return fail_at("a number is longer than 64 bits", offset_), 0;
      raw |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) break;
    }
    offset_ = at;
    return static_cast<std::int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
  }

  std::int32_t take_int() {
    const std::size_t at = offset_;
    const std::int64_t number = take_long();
    if (number < INT32_MIN || number > INT32_MAX) return fail_at("a number does not fit an int", at), 0;
    return static_cast<std::int32_t>(number);
  }

  double take_double() {
    double number = 0;
    if (!ok()) return number;
    if (left() < sizeof number) return fail("the bytes end inside a double"), 0;
    std::memcpy(&number, bytes_.data() + offset_, sizeof number);
    offset_ += sizeof number;
    return number;
  }

  std::string_view take_bytes() {
    const std::size_t at = offset_;
    const std::int64_t size = take_long();
    if (!ok()) return {};
    if (size < 0) return fail_at("a negative length", at), std::string_view{};
    if (static_cast<std::uint64_t>(size) > left()) {
      return fail_at("a length reaches past the end", at), std::string_view{};
    }
    const std::string_view taken = bytes_.substr(offset_, static_cast<std::size_t>(size));
    offset_ += taken.size();
    return taken;
  }

  // An index below `count`, of a union or an enum.
  std::int32_t take_index(std::int32_t count) {
    const std::size_t at = offset_;
    const std::int64_t index = take_long();
    if (index < 0 || index >= count) return fail_at("no such branch or symbol", at), 0;
    return static_cast<std::int32_t>(index);
  }

  // Calls `take_item` for each item of an array or map. Every item takes at least one byte, so a count above what is
  // left is a fault before anything is stored.
  template <typename TakeItem>
  void take_blocks(TakeItem take_item) {
    while (ok()) {
      const std::size_t at = offset_;
      std::int64_t count = take_long();
      if (count == 0) return;
      if (count < 0) {
        const std::int64_t size = take_long();
        if (size < 0 || static_cast<std::uint64_t>(size) > left() || count == INT64_MIN) {
          return fail_at("a block's size reaches past the end", at);
        }
        count = -count;
      }
      if (static_cast<std::uint64_t>(count) > left()) return fail_at("a block's count reaches past the end", at);
      for (; count > 0 && ok(); --count) take_item();
    }
  }

 private:
  std::string_view bytes_;
  std::size_t offset_ = 0;
  const char* fault_ = nullptr;
};

}  // namespace tributary::encode::avro
