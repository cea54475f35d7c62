#include "transform/filter/decimal.h"

#include <charconv>
#include <cstring>
#include <limits>

namespace tributary::transform::filter {
namespace {

__extension__ using Double = unsigned __int128;

Wide plus(const Wide& a, const Wide& b) {
  Wide out;
  Double carry = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    carry += static_cast<Double>(a.word[i]) + b.word[i];
    out.word[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  return out;
}

Wide minus(const Wide& a, const Wide& b) {  // a >= b
  Wide out;
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const Double taken = static_cast<Double>(b.word[i]) + borrow;
    borrow = a.word[i] < taken ? 1 : 0;
    out.word[i] = static_cast<std::uint64_t>(a.word[i] - static_cast<std::uint64_t>(taken));
  }
  return out;
}

int order(const Wide& a, const Wide& b) {
  for (std::size_t i = 4; i-- > 0;)
    if (a.word[i] != b.word[i]) return a.word[i] < b.word[i] ? -1 : 1;
  return 0;
}

Wide times(const Wide& a, const Wide& b) {
  Wide out;
  for (std::size_t i = 0; i < 4; ++i) {
    if (a.word[i] == 0) continue;
    Double carry = 0;
    for (std::size_t k = 0; i + k < 4; ++k) {
      carry += static_cast<Double>(a.word[i]) * b.word[k] + out.word[i + k];
      out.word[i + k] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
  }
  return out;
}

// Divides in place; the remainder.
std::uint64_t divide_by(Wide& a, std::uint64_t by) {
  Double rest = 0;
  for (std::size_t i = 4; i-- > 0;) {
    rest = rest << 64 | a.word[i];
    a.word[i] = static_cast<std::uint64_t>(rest / by);
    rest %= by;
  }
  return static_cast<std::uint64_t>(rest);
}

constexpr std::array<std::uint64_t, 20> make_powers() {
  std::array<std::uint64_t, 20> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}
constexpr std::array<std::uint64_t, 20> powers = make_powers();

Wide small(std::uint64_t number) {
  Wide out;
  out.word[0] = number;
  return out;
}

Wide power(unsigned exponent) {
  Wide out = small(powers[exponent < 19 ? exponent : 19]);
  for (exponent -= exponent < 19 ? exponent : 19; exponent > 0;) {
    const unsigned step = exponent < 19 ? exponent : 19;
    out = times(out, small(powers[step]));
    exponent -= step;
  }
  return out;
}

Wide scaled_up(const Wide& a, unsigned by) { return by == 0 ? a : times(a, power(by)); }

Wide quotient(const Wide& a, const Wide& b, Wide& rest) {
  if (b.is_small()) {
    Wide out = a;
    rest = small(divide_by(out, b.word[0]));
    return out;
  }
  Wide out;
  rest = {};
  for (int bit = 255; bit >= 0; --bit) {
    rest = plus(rest, rest);
    const auto at = static_cast<std::size_t>(bit / 64);
    rest.word[0] |= a.word[at] >> (bit % 64) & 1;
    if (order(rest, b) < 0) continue;
    rest = minus(rest, b);
    out.word[at] |= std::uint64_t{1} << (bit % 64);
  }
  return out;
}

void align(Decimal& a, Decimal& b) {
  if (a.scale < b.scale) {
    a.digits = scaled_up(a.digits, static_cast<unsigned>(b.scale - a.scale));
    a.scale = b.scale;
  } else if (b.scale < a.scale) {
    b.digits = scaled_up(b.digits, static_cast<unsigned>(a.scale - b.scale));
    b.scale = a.scale;
  }
}

Decimal sum(Decimal a, Decimal b) {
  align(a, b);
  if (a.negative == b.negative) {
    a.digits = plus(a.digits, b.digits);
  } else if (order(a.digits, b.digits) >= 0) {
    a.digits = minus(a.digits, b.digits);
  } else {
    a.digits = minus(b.digits, a.digits);
    a.negative = b.negative;
  }
  if (a.is_zero()) a.negative = false;
  return a;
}

Decimal shorten(const Decimal& number, int scale, bool rounds) {
  if (scale >= number.scale) return number;
  const auto drop = static_cast<unsigned>(number.scale - scale);
  Decimal out = number;
  out.scale = static_cast<std::uint8_t>(scale < 0 ? 0 : scale);
  if (drop > decimal_digits_max) {
    out.digits = {};
    out.negative = false;
    return out;
  }
  const Wide unit = power(drop);
  Wide rest;
  out.digits = quotient(number.digits, unit, rest);
  if (rounds && order(plus(rest, rest), unit) >= 0) out.digits = plus(out.digits, small(1));
  if (scale < 0) out.digits = scaled_up(out.digits, static_cast<unsigned>(-scale));
  if (out.is_zero()) out.negative = false;
  return out;
}

}  // namespace

Decimal Decimal::of(std::int64_t number) {
  Decimal out = of_unsigned(number < 0 ? ~static_cast<std::uint64_t>(number) + 1 : static_cast<std::uint64_t>(number));
  out.negative = number < 0;
  return out;
}

Decimal Decimal::of_unsigned(std::uint64_t number) {
  Decimal out;
  out.digits = small(number);
  return out;
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal out;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    out.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  bool is_behind = false, has_digit = false;
  unsigned count = 0, pending = 0;
  std::uint64_t chunk = 0;
  const auto flush = [&] {
    if (out.digits.is_zero())
      out.digits = small(chunk);
    else
      out.digits = plus(times(out.digits, small(powers[pending])), small(chunk));
    chunk = pending = 0;
  };
  for (const char c : text) {
    if (c == '.') {
      if (is_behind) return std::nullopt;
      is_behind = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    has_digit = true;
    if (count > 0 || c != '0') ++count;
    if (count > decimal_digits_max) return std::nullopt;
    if (is_behind && ++out.scale > decimal_digits_max) return std::nullopt;
    chunk = chunk * 10 + static_cast<std::uint64_t>(c - '0');
    if (++pending == 18) flush();
  }
  if (!has_digit) return std::nullopt;
  if (pending > 0) flush();
  if (out.is_zero()) out.negative = false;
  return out;
}

char* Decimal::write(char* to) const {
  char room[80];
  char* at = room + sizeof room;
  Wide rest = digits;
  unsigned count = 0;
  while (!rest.is_zero() || count <= scale) {
    std::uint64_t chunk = divide_by(rest, powers[18]);
    for (int i = 0; i < 18 && (chunk != 0 || !rest.is_zero() || count <= scale); ++i) {
      if (count == scale && scale != 0) *--at = '.';
      *--at = static_cast<char>('0' + chunk % 10);
      chunk /= 10;
      ++count;
    }
  }
  if (negative) *to++ = '-';
  const auto size = static_cast<std::size_t>(room + sizeof room - at);
  std::memcpy(to, at, size);
  return to + size;
}

double Decimal::real() const {
  constexpr double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                             1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (digits.is_small() && digits.word[0] < (std::uint64_t{1} << 53) && scale <= 22) {  // both are exact
    const double made = static_cast<double>(digits.word[0]) / tens[scale];
    return negative ? -made : made;
  }
  char room[96];
  double made = 0;
  std::from_chars(room, write(room), made);
  return made;
}

std::optional<std::int64_t> Decimal::truncated() const {
  const Decimal whole = cut(*this, 0);
  if (!whole.digits.is_small()) return std::nullopt;
  const std::uint64_t number = whole.digits.word[0];
  constexpr std::uint64_t limit = std::uint64_t{1} << 63;
  if (number > limit || (number == limit && !whole.negative)) return std::nullopt;
  return static_cast<std::int64_t>(whole.negative ? ~number + 1 : number);
}

int compare(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  int found;
  if (a.scale == b.scale) {
    found = order(a.digits, b.digits);
  } else {
    Decimal x = a, y = b;
    align(x, y);
    found = order(x.digits, y.digits);
  }
  return a.negative ? -found : found;
}

Decimal add(const Decimal& a, const Decimal& b) { return sum(a, b); }

Decimal subtract(const Decimal& a, const Decimal& b) {
  Decimal negated = b;
  negated.negative = !b.negative && !b.is_zero();
  return sum(a, negated);
}

Decimal multiply(const Decimal& a, const Decimal& b) {
  Decimal out;
  out.digits = times(a.digits, b.digits);
  out.scale = static_cast<std::uint8_t>(a.scale + b.scale);
  out.negative = a.negative != b.negative && !out.is_zero();
  return out;
}

Decimal divide(const Decimal& a, const Decimal& b, unsigned scale) {
  Decimal out;
  const int up = static_cast<int>(scale) + b.scale - a.scale;
  Wide numerator = a.digits, denominator = b.digits, rest;
  if (up >= 0)
    numerator = scaled_up(numerator, static_cast<unsigned>(up));
  else
    denominator = scaled_up(denominator, static_cast<unsigned>(-up));
  out.digits = quotient(numerator, denominator, rest);
  out.scale = static_cast<std::uint8_t>(scale);
  out.negative = a.negative != b.negative && !out.is_zero();
  return out;
}

Decimal remainder(const Decimal& a, const Decimal& b) {
  Decimal x = a, y = b;
  align(x, y);
  Wide rest;
  quotient(x.digits, y.digits, rest);
  x.digits = rest;
  if (x.is_zero()) x.negative = false;
  return x;
}

Decimal round(const Decimal& number, int scale) { return shorten(number, scale, true); }
Decimal cut(const Decimal& number, int scale) { return shorten(number, scale, false); }

Decimal with_scale(const Decimal& number, unsigned scale) {
  Decimal out = round(number, static_cast<int>(scale));
  if (out.scale < scale) {
    out.digits = scaled_up(out.digits, scale - out.scale);
    out.scale = static_cast<std::uint8_t>(scale);
  }
  return out;
}

}  // namespace tributary::transform::filter
