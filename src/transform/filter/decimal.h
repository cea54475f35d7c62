// Exact decimals as the servers calculate with them: at most 76 digits, which the compiler of conditions makes sure of,
// so that nothing here overflows. Threads: values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tributary::transform::filter {

// 256 bits, least significant word first.
struct Wide {
  std::array<std::uint64_t, 4> word{};
  bool is_zero() const { return (word[0] | word[1] | word[2] | word[3]) == 0; }
  bool is_small() const { return (word[1] | word[2] | word[3]) == 0; }
};

inline constexpr unsigned decimal_digits_max = 76;

struct Decimal {
  Wide digits;             // without the point
  std::uint8_t scale = 0;  // digits behind the point
  bool negative = false;

  bool is_zero() const { return digits.is_zero(); }

  static Decimal of(std::int64_t number);
  static Decimal of_unsigned(std::uint64_t number);
  // [-+]digits[.digits]; nothing if it is not of that form or has too many digits.
  static std::optional<Decimal> parse(std::string_view text);

  // Correctly rounded, as the servers do it by way of the text.
  double real() const;
  // The integer part without its fraction; nothing outside 64 bits.
  std::optional<std::int64_t> truncated() const;
  // With `scale` digits behind the point. Writes at most 80 bytes and returns the end.
  char* write(char* to) const;
};

int compare(const Decimal& a, const Decimal& b);
Decimal add(const Decimal& a, const Decimal& b);
Decimal subtract(const Decimal& a, const Decimal& b);
Decimal multiply(const Decimal& a, const Decimal& b);
// a / b, cut off behind `scale` digits. b is not zero.
Decimal divide(const Decimal& a, const Decimal& b, unsigned scale);
Decimal remainder(const Decimal& a, const Decimal& b);
// To fewer digits behind the point, half away from zero or cut off; negative: zeros before the point. To no more digits
// than there are: unchanged.
Decimal round(const Decimal& number, int scale);
Decimal cut(const Decimal& number, int scale);
// To exactly that many.
Decimal with_scale(const Decimal& number, unsigned scale);

}  // namespace tributary::transform::filter
