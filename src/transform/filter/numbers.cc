#include "transform/filter/numbers.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace tributary::transform::filter {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
  return text;
}

// [-+]digits[.digits][e[-+]digits] at the beginning; nothing without a digit before the exponent.
std::string_view number_in(std::string_view text) {
  std::size_t i = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const std::size_t first = i;
  std::size_t digits = 0;
  for (; i < text.size() && is_digit(text[i]); ++i) ++digits;
  if (i < text.size() && text[i] == '.') {
    std::size_t behind = 0;
    for (++i; i < text.size() && is_digit(text[i]); ++i) ++behind;
    digits += behind;
  }
  if (digits == 0) return text.substr(0, 0);
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    std::size_t k = i + 1;
    if (k < text.size() && (text[k] == '-' || text[k] == '+')) ++k;
    if (k < text.size() && is_digit(text[k])) {
      while (k < text.size() && is_digit(text[k])) ++k;
      i = k;
    }
  }
  return text.substr(0, std::max(i, first));
}

}  // namespace

unsigned digits_of_real(std::string_view text) {
  text = number_in(without_spaces(text));
  text = text.substr(0, text.find_first_of("eE"));
  unsigned digits = 0;
  for (const char c : text)
    if (is_digit(c) && (digits > 0 || c != '0')) ++digits;
  return digits;
}

double leading_real(std::string_view text) {
  text = number_in(without_spaces(text));
  bool is_negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    is_negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return 0;
  double made = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), made);
  if (read.ec == std::errc::result_out_of_range) {
    // Too small or too large; the sign of the exponent tells, or, without one, the number of digits does.
    const std::size_t e = text.find_first_of("eE");
    const bool is_small = e != std::string_view::npos ? text[e + 1] == '-' : text.find('.') == 0 || text[0] == '0';
    made = is_small ? 0 : std::numeric_limits<double>::max();
  }
  return is_negative ? -made : made;
}

std::int64_t leading_integer(std::string_view text) {
  text = without_spaces(text);
  bool is_negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    is_negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::uint64_t number = 0;
  bool is_over = false;
  for (const char c : text) {
    if (!is_digit(c)) break;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) is_over = true;
    number = number * 10 + digit;
  }
  if (is_negative) {
    constexpr std::uint64_t limit = std::uint64_t{1} << 63;
    return is_over || number > limit ? std::numeric_limits<std::int64_t>::min()
                                     : static_cast<std::int64_t>(~number + 1);
  }
  return is_over ? -1 : static_cast<std::int64_t>(number);
}

Decimal limited(const Decimal& number, unsigned digits, unsigned scale) {
  Decimal out = with_scale(number, scale);
  Decimal limit = Decimal::of(1);
  for (unsigned i = 0; i < digits; ++i) limit = multiply(limit, Decimal::of(10));
  Decimal size = out;
  size.negative = false;
  if (compare(size, limit) < 0) return out;
  Decimal step = Decimal::of(1);
  step.scale = static_cast<std::uint8_t>(scale);
  limit = subtract(limit, step);
  limit.negative = out.negative && !limit.is_zero();
  return limit;
}

Decimal leading_decimal(std::string_view text, unsigned digits, unsigned scale) {
  text = number_in(without_spaces(text));
  if (text.empty()) return with_scale({}, scale);
  // The digits with the point moved by the exponent. What lies far beyond is left out: it does not count any more.
  const bool is_negative = text[0] == '-';
  if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
  long exponent = 0;
  if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    const bool is_plus = text[e + 1] == '+';
    const auto read = std::from_chars(text.data() + e + 1 + (is_plus ? 1 : 0), text.data() + text.size(), exponent);
    if (read.ec == std::errc::result_out_of_range) exponent = text[e + 1] == '-' ? -100'000 : 100'000;
    text = text.substr(0, e);
  }
  std::string all;
  long point = 0;
  bool is_behind = false;
  for (const char c : text) {
    if (c == '.') {
      is_behind = true;
    } else {
      if (all.empty() && c == '0') {
        if (is_behind) --point;
        continue;
      }
      all += c;
      if (!is_behind) ++point;
    }
  }
  point += exponent;
  if (all.empty() || point < -static_cast<long>(scale)) return with_scale({}, scale);
  std::string plain = is_negative ? "-" : "";
  if (point > static_cast<long>(digits)) {
    plain += std::string(digits, '9') + (digits == 0 ? "0" : "") + (scale > 0 ? "." + std::string(scale, '9') : "");
    return Decimal::parse(plain).value_or(Decimal{});
  }
  if (point <= 0) {
    all.insert(0, static_cast<std::size_t>(1 - point), '0');
    point = 1;
  }
  if (all.size() < static_cast<std::size_t>(point)) all.append(static_cast<std::size_t>(point) - all.size(), '0');
  const auto before = static_cast<std::size_t>(point);
  // One digit more than wanted decides how it is rounded.
  plain += all.substr(0, before) + "." + all.substr(before, scale + 1) + "0";
  const auto read = Decimal::parse(plain);
  return read ? limited(*read, digits, scale) : with_scale({}, scale);
}

}  // namespace tributary::transform::filter
