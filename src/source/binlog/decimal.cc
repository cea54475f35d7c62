#include "source/binlog/decimal.h"

#include <cstdint>
#include <cstring>

#include "source/binlog/cursor.h"

namespace tributary::source {
namespace {

constexpr unsigned group_digits = 9;
constexpr std::uint8_t bytes_of_digits[10] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
constexpr std::uint32_t powers[10] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

struct DigitPairs {
  char text[200];
  constexpr DigitPairs() : text() {
    for (int i = 0; i < 100; ++i) {
      text[2 * i] = static_cast<char>('0' + i / 10);
      text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
  }
};
constexpr DigitPairs pairs;

// Exactly `digits` digits.
char* put_digits(std::uint32_t number, unsigned digits, char* out) {
  char* at = out + digits;
  for (; digits >= 2; digits -= 2) {
    at -= 2;
    std::memcpy(at, pairs.text + number % 100 * 2, 2);
    number /= 100;
  }
  if (digits == 1) *--at = static_cast<char>('0' + number);
  return out + (at - out) + 0;
}

// Without leading zeros; nothing for 0.
char* put_number(std::uint32_t number, char* out) {
  unsigned digits = 0;
  while (digits < 10 && number >= powers[digits]) ++digits;
  put_digits(number, digits, out);
  return out + digits;
}

// A group of up to nine digits; the first byte's inverted sign bit has been taken care of by `flip`.
inline std::uint32_t group(const char* at, unsigned bytes, std::uint32_t mask) {
  switch (bytes) {
    case 1:
      return (static_cast<std::uint8_t>(*at) ^ mask) & 0xff;
    case 2:
      return (static_cast<std::uint32_t>(big<2>(at)) ^ mask) & 0xffff;
    case 3:
      return (static_cast<std::uint32_t>(big<3>(at)) ^ mask) & 0xffffff;
    default:
      return static_cast<std::uint32_t>(big<4>(at)) ^ mask;
  }
}

}  // namespace

std::size_t decimal_size(unsigned precision, unsigned scale) {
  const unsigned whole = precision - scale;
  return whole / group_digits * 4 + bytes_of_digits[whole % group_digits] + scale / group_digits * 4 +
         bytes_of_digits[scale % group_digits];
}

char* decimal_text(const char* packed, unsigned precision, unsigned scale, char* out) {
  const unsigned whole = precision - scale;
  const bool is_negative = (static_cast<std::uint8_t>(*packed) & 0x80) == 0;
  const std::uint32_t mask = is_negative ? 0xffffffff : 0;
  std::uint32_t sign_bit = 0x80;  // moved to the top of the first group, whatever its size
  char* const begin = out;
  *out = '-';
  char* at = out + 1;
  char* const digits_begin = at;
  std::uint32_t seen = 0;

  const char* from = packed;
  const auto take = [&](unsigned digits, std::uint32_t& number) {
    const unsigned bytes = bytes_of_digits[digits];
    number = group(from, bytes, mask) ^ sign_bit << (8 * (bytes - 1));
    sign_bit = 0;
    from += bytes;
    seen |= number;
    return number < powers[digits];
  };
  std::uint32_t number = 0;
  if (const unsigned odd = whole % group_digits; odd != 0) {
    if (!take(odd, number)) return nullptr;
    at = put_number(number, at);
  }
  for (unsigned left = whole / group_digits; left != 0; --left) {
    if (!take(group_digits, number)) return nullptr;
    if (at == digits_begin) {
      at = put_number(number, at);
    } else {
      put_digits(number, group_digits, at);
      at += group_digits;
    }
  }
  if (at == digits_begin) *at++ = '0';
  if (scale != 0) {
    *at++ = '.';
    for (unsigned left = scale / group_digits; left != 0; --left) {
      if (!take(group_digits, number)) return nullptr;
      put_digits(number, group_digits, at);
      at += group_digits;
    }
    if (const unsigned odd = scale % group_digits; odd != 0) {
      if (!take(odd, number)) return nullptr;
      put_digits(number, odd, at);
      at += odd;
    }
  }
  if (is_negative && seen != 0) return at;
  std::memmove(begin, begin + 1, static_cast<std::size_t>(at - begin - 1));
  return at - 1;
}

}  // namespace tributary::source
