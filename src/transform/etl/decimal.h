// Exact decimals as MySQL has them: up to 65 digits, at most 30 of them behind the point; digit by digit, since scripts
// hardly calculate with them, while comparing is done on the text. Threads: values.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "transform/etl/datum.h"

namespace tributary::transform::etl {

inline constexpr int decimal_digits_max = 65;
inline constexpr int decimal_scale_max = 30;
inline constexpr std::size_t decimal_text_max = 72;

// Less than, equal to, greater than 0. Both canonical (datum.h).
int compare_decimals(std::string_view a, std::string_view b);

class Decimal {
 public:
  // [+-]digits[.digits], at least one digit; nothing around it. False: it is none, or has too many digits.
  bool read(std::string_view text);
  static Decimal of(Int128 number);

  // False: the result has too many digits, or a divisor is zero. What is past 30 digits behind the point is rounded.
  static bool add(const Decimal& a, const Decimal& b, Decimal& sum);
  static bool subtract(const Decimal& a, const Decimal& b, Decimal& difference);
  static bool multiply(const Decimal& a, const Decimal& b, Decimal& product);
  static bool divide(const Decimal& a, const Decimal& b, int scale, Decimal& quotient);
  static bool modulo(const Decimal& a, const Decimal& b, Decimal& rest);  // the sign is that of `a`

  bool is_zero() const { return count_ == 0; }
  bool is_negative() const { return negative_; }
  int scale() const { return scale_; }
  int whole_digits() const { return count_ > scale_ ? count_ - scale_ : 0; }
  // Half away from zero.
  void round(int scale);
  // Drops zeros behind the point.
  void trim();
  // Canonical, with zeros up to `scale`; needs decimal_text_max bytes. Returns the end.
  char* write(char* to) const;
  void widen(int scale);
  // False: it is no integer of 128 bits with a sign (all that are kept have at most 20 digits).
  bool integer(Int128& number) const;

 private:
  static constexpr int capacity = 200;

  void strip();
  bool fits() { return strip(), count_ <= decimal_digits_max && scale_ <= decimal_scale_max; }
  static int compare_magnitude(const Decimal& a, const Decimal& b);
  static bool add_signed(const Decimal& a, const Decimal& b, bool turn, Decimal& out);
  // Of whole numbers, scales and signs aside.
  static void divide_whole(const Decimal& a, const Decimal& b, Decimal* quotient, Decimal& rest);

  bool negative_ = false;
  int scale_ = 0;
  int count_ = 0;                               // digits, no zeros at the top
  std::array<std::uint8_t, capacity> digit_{};  // least first: digit_[i] counts 10^(i - scale_)
};

}  // namespace tributary::transform::etl
