#include "transform/etl/decimal.h"

#include <algorithm>
#include <cstring>

namespace tributary::transform::etl {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_zero_text(std::string_view text) { return text.find_first_not_of("-0.") == std::string_view::npos; }

}  // namespace

int compare_decimals(std::string_view a, std::string_view b) {
  const bool a_negative = a.starts_with('-') && !is_zero_text(a), b_negative = b.starts_with('-') && !is_zero_text(b);
  if (a_negative != b_negative) return a_negative ? -1 : 1;
  if (a.starts_with('-')) a.remove_prefix(1);
  if (b.starts_with('-')) b.remove_prefix(1);
  const int sign = a_negative ? -1 : 1;
  const std::size_t a_point = std::min(a.find('.'), a.size()), b_point = std::min(b.find('.'), b.size());
  if (a_point != b_point) return a_point < b_point ? -sign : sign;
  if (const int order = std::memcmp(a.data(), b.data(), a_point); order != 0) return order < 0 ? -sign : sign;
  const std::size_t longest = std::max(a.size(), b.size());
  for (std::size_t i = a_point + 1; i < longest; ++i) {
    const char left = i < a.size() ? a[i] : '0', right = i < b.size() ? b[i] : '0';
    if (left != right) return left < right ? -sign : sign;
  }
  return 0;
}

bool Decimal::read(std::string_view text) {
  negative_ = text.starts_with('-');
  if (negative_ || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::size_t digits = text.size() - (point == std::string_view::npos ? 0 : 1);
  if (digits == 0) return false;
  while (text.size() > 1 && text[0] == '0' && text[1] != '.') text.remove_prefix(1);
  if (text.size() > 150) return false;
  count_ = 0;
  scale_ = 0;
  for (std::size_t i = text.size(); i-- > 0;) {
    if (text[i] == '.' && scale_ == 0 && text.find('.') == i) {
      scale_ = static_cast<int>(text.size() - 1 - i);
      continue;
    }
    if (!is_digit(text[i])) return false;
    digit_[static_cast<std::size_t>(count_++)] = static_cast<std::uint8_t>(text[i] - '0');
  }
  if (scale_ > decimal_scale_max) round(decimal_scale_max);
  return fits();
}

Decimal Decimal::of(Int128 number) {
  Decimal d;
  d.negative_ = number < 0;
  if (number < 0) number = -number;
  for (; number != 0; number /= 10)
    d.digit_[static_cast<std::size_t>(d.count_++)] = static_cast<std::uint8_t>(number % 10);
  return d;
}

void Decimal::strip() {
  while (count_ > 0 && digit_[static_cast<std::size_t>(count_ - 1)] == 0) --count_;
  if (count_ == 0) negative_ = false;
}

void Decimal::widen(int scale) {
  const int more = scale - scale_;
  if (more <= 0) return;
  std::memmove(digit_.data() + more, digit_.data(), static_cast<std::size_t>(count_));
  std::memset(digit_.data(), 0, static_cast<std::size_t>(more));
  count_ = count_ == 0 ? 0 : count_ + more;
  scale_ = scale;
}

void Decimal::round(int scale) {
  const int cut = scale_ - scale;
  if (cut <= 0) return;
  scale_ = scale;
  if (cut > count_) {
    count_ = 0;
    negative_ = false;
    return;
  }
  bool carry = digit_[static_cast<std::size_t>(cut - 1)] >= 5;
  count_ -= cut;
  std::memmove(digit_.data(), digit_.data() + cut, static_cast<std::size_t>(count_));
  for (int i = 0; carry; ++i) {
    if (i == count_) digit_[static_cast<std::size_t>(count_++)] = 0;
    std::uint8_t& d = digit_[static_cast<std::size_t>(i)];
    d = static_cast<std::uint8_t>(d == 9 ? 0 : d + 1);
    carry = d == 0;
  }
  strip();
}

void Decimal::trim() {
  int zeros = 0;
  while (zeros < scale_ && (zeros >= count_ || digit_[static_cast<std::size_t>(zeros)] == 0)) ++zeros;
  round(scale_ - zeros);
}

char* Decimal::write(char* to) const {
  if (negative_) *to++ = '-';
  for (int i = std::max(count_, scale_ + 1) - 1; i >= 0; --i) {
    *to++ = static_cast<char>('0' + (i < count_ ? digit_[static_cast<std::size_t>(i)] : 0));
    if (i == scale_ && i != 0) *to++ = '.';
  }
  return to;
}

bool Decimal::integer(Int128& number) const {
  if (scale_ != 0 || count_ > 36) return false;
  number = 0;
  for (int i = count_ - 1; i >= 0; --i) number = number * 10 + digit_[static_cast<std::size_t>(i)];
  if (negative_) number = -number;
  return true;
}

int Decimal::compare_magnitude(const Decimal& a, const Decimal& b) {
  if (a.count_ != b.count_) return a.count_ < b.count_ ? -1 : 1;
  for (int i = a.count_ - 1; i >= 0; --i) {
    const auto at = static_cast<std::size_t>(i);
    if (a.digit_[at] != b.digit_[at]) return a.digit_[at] < b.digit_[at] ? -1 : 1;
  }
  return 0;
}

bool Decimal::add_signed(const Decimal& first, const Decimal& second, bool turn, Decimal& out) {
  Decimal a = first, b = second;
  const int scale = std::max(a.scale_, b.scale_);
  a.widen(scale);
  b.widen(scale);
  if (turn) b.negative_ = !b.negative_;
  out = Decimal();
  out.scale_ = scale;
  if (a.negative_ == b.negative_) {
    out.negative_ = a.negative_;
    unsigned carry = 0;
    for (int i = 0; i < a.count_ || i < b.count_ || carry != 0; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const unsigned sum = (i < a.count_ ? a.digit_[at] : 0U) + (i < b.count_ ? b.digit_[at] : 0U) + carry;
      out.digit_[at] = static_cast<std::uint8_t>(sum % 10);
      carry = sum / 10;
      out.count_ = i + 1;
    }
    return out.fits();
  }
  if (compare_magnitude(a, b) < 0) std::swap(a, b);
  out.negative_ = a.negative_;
  int borrow = 0;
  for (int i = 0; i < a.count_; ++i) {
    const auto at = static_cast<std::size_t>(i);
    int d = a.digit_[at] - (i < b.count_ ? b.digit_[at] : 0) - borrow;
    borrow = d < 0 ? 1 : 0;
    if (d < 0) d += 10;
    out.digit_[at] = static_cast<std::uint8_t>(d);
  }
  out.count_ = a.count_;
  return out.fits();
}

bool Decimal::add(const Decimal& a, const Decimal& b, Decimal& sum) { return add_signed(a, b, false, sum); }
bool Decimal::subtract(const Decimal& a, const Decimal& b, Decimal& difference) {
  return add_signed(a, b, true, difference);
}

bool Decimal::multiply(const Decimal& a, const Decimal& b, Decimal& product) {
  std::array<unsigned, capacity> sums{};
  for (int i = 0; i < a.count_; ++i)
    for (int j = 0; j < b.count_; ++j)
      sums[static_cast<std::size_t>(i + j)] +=
          static_cast<unsigned>(a.digit_[static_cast<std::size_t>(i)]) * b.digit_[static_cast<std::size_t>(j)];
  Decimal out;
  out.negative_ = a.negative_ != b.negative_;
  out.scale_ = a.scale_ + b.scale_;
  unsigned carry = 0;
  out.count_ = a.count_ + b.count_;
  for (int i = 0; i < out.count_; ++i) {
    const unsigned sum = sums[static_cast<std::size_t>(i)] + carry;
    out.digit_[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(sum % 10);
    carry = sum / 10;
  }
  if (out.scale_ > decimal_scale_max) out.round(decimal_scale_max);
  product = out;
  return product.fits();
}

void Decimal::divide_whole(const Decimal& a, const Decimal& b, Decimal* quotient, Decimal& rest) {
  rest = Decimal();
  for (int i = a.count_ - 1; i >= 0; --i) {
    std::memmove(rest.digit_.data() + 1, rest.digit_.data(), static_cast<std::size_t>(rest.count_));
    rest.digit_[0] = a.digit_[static_cast<std::size_t>(i)];
    ++rest.count_;
    rest.strip();
    std::uint8_t times = 0;
    while (compare_magnitude(rest, b) >= 0) {
      int borrow = 0;
      for (int j = 0; j < rest.count_; ++j) {
        const auto at = static_cast<std::size_t>(j);
        int d = rest.digit_[at] - (j < b.count_ ? b.digit_[at] : 0) - borrow;
        borrow = d < 0 ? 1 : 0;
        if (d < 0) d += 10;
        rest.digit_[at] = static_cast<std::uint8_t>(d);
      }
      rest.strip();
      ++times;
    }
    if (quotient != nullptr) quotient->digit_[static_cast<std::size_t>(i)] = times;
  }
  if (quotient != nullptr) quotient->count_ = a.count_;
}

bool Decimal::divide(const Decimal& a, const Decimal& b, int scale, Decimal& quotient) {
  if (b.is_zero()) return false;
  // One digit more than wanted, to round by: the whole number a * 10^(scale + 1 + b.scale - a.scale) over b.
  Decimal scaled = a;
  scaled.widen(scale + 1 + b.scale_);
  Decimal out, rest;
  divide_whole(scaled, b, &out, rest);
  out.negative_ = a.negative_ != b.negative_;
  out.scale_ = scaled.scale_ - b.scale_;
  out.strip();
  out.round(scale);
  quotient = out;
  return quotient.fits();
}

bool Decimal::modulo(const Decimal& a, const Decimal& b, Decimal& rest) {
  if (b.is_zero()) return false;
  Decimal left = a, right = b, out;
  const int scale = std::max(a.scale_, b.scale_);
  left.widen(scale);
  right.widen(scale);
  divide_whole(left, right, nullptr, out);
  out.scale_ = scale;
  out.negative_ = a.negative_;
  rest = out;
  return rest.fits();
}

}  // namespace tributary::transform::etl
