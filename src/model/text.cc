#include "model/text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/put_raw.h"

namespace tributary::model {
namespace {

constexpr std::array<char, 200> make_digit_pairs() {
  std::array<char, 200> pairs{};
  for (unsigned i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}
constexpr std::array<char, 200> digit_pairs = make_digit_pairs();

// `width` digits, more if the number needs them.
char* write_padded(char* to, std::uint32_t number, std::size_t width) {
  char digits[10];
  std::size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  for (std::size_t i = count; i < width; ++i) *to++ = '0';
  while (count != 0) *to++ = digits[--count];
  return to;
}

char* write_clock(char* to, const TimeParts& t) {
  to = write_padded(to, t.hour, 2);
  *to++ = ':';
  to = write_padded(to, t.minute, 2);
  *to++ = ':';
  to = write_padded(to, t.second, 2);
  if (t.micros == 0) return to;
  *to++ = '.';
  return write_padded(to, t.micros, 6);
}

// What JSON wants behind a backslash; 'u' for \u00xx, 0 for bytes that stand for themselves.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> escapes{};
  for (unsigned i = 0; i < 0x20; ++i) escapes[i] = 'u';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}
constexpr std::array<char, 256> escapes = make_escapes();

}  // namespace

char* write_unsigned(char* to, std::uint64_t number) {
  char room[20];
  char* from = room + sizeof room;
  while (number >= 100) {
    from -= 2;
    std::memcpy(from, &digit_pairs[2 * (number % 100)], 2);
    number /= 100;
  }
  if (number >= 10) {
    from -= 2;
    std::memcpy(from, &digit_pairs[2 * number], 2);
  } else {
    *--from = static_cast<char>('0' + number);
  }
  return base::put_raw(to, from, static_cast<std::size_t>(room + sizeof room - from));
}

char* write_real(char* to, double number) {
  if (!std::isfinite(number)) {  // no server stores these
    const std::string_view name = std::isnan(number) ? "NaN" : number < 0 ? "-Infinity" : "Infinity";
    return base::put_raw(to, name);
  }
  if (number == 0) {
    if (std::signbit(number)) *to++ = '-';
    *to++ = '0';
    return to;
  }
  // "-d.ddde-XX": digits and exponent are taken from it and set anew.
  char room[40];
  const std::to_chars_result written = std::to_chars(room, room + sizeof room, number, std::chars_format::scientific);
  std::string_view text(room, static_cast<std::size_t>(written.ptr - room));
  if (text.front() == '-') {
    *to++ = '-';
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  int exponent = 0;
  const char* sign = text.data() + e + 1;
  std::from_chars(sign + (*sign == '+' ? 1 : 0), written.ptr, exponent);
  char digits[40] = {};
  int count = 0;
  for (const char c : text.substr(0, e)) {
    if (c != '.') digits[count++] = c;
  }
  if (exponent < -15 || (exponent > 14 && exponent + 1 >= count)) {
    *to++ = digits[0];
    if (count > 1) *to++ = '.';
    to = base::put_raw(to, digits + 1, static_cast<std::size_t>(count - 1));
    *to++ = 'e';
    return write_signed(to, exponent);
  }
  if (exponent < 0) {
    *to++ = '0';
    *to++ = '.';
    for (int i = -1; i > exponent; --i) *to++ = '0';
    return base::put_raw(to, digits, static_cast<std::size_t>(count));
  }
  for (int i = 0; i < count || i <= exponent; ++i) {
    if (i == exponent + 1) *to++ = '.';
    *to++ = i < count ? digits[i] : '0';
  }
  return to;
}

char* write_date(char* to, const TimeParts& t) {
  to = write_padded(to, t.year, 4);
  *to++ = '-';
  to = write_padded(to, t.month, 2);
  *to++ = '-';
  return write_padded(to, t.day, 2);
}

char* write_time(char* to, const TimeParts& t, bool is_negative) {
  if (is_negative) *to++ = '-';
  return write_clock(to, t);
}

char* write_datetime(char* to, const TimeParts& t) {
  to = write_date(to, t);
  *to++ = ' ';
  return write_clock(to, t);
}

char* write_timestamp(char* to, std::int64_t seconds, std::uint32_t micros) {
  TimeParts t;
  t.micros = micros;
  if (seconds == 0 && micros == 0) return write_datetime(to, t);
  constexpr std::int64_t first = -62135596800;  // 0001-01-01 00:00:00
  constexpr std::int64_t last = 253402300799;   // 9999-12-31 23:59:59
  seconds = seconds < first ? first : seconds > last ? last : seconds;
  std::int64_t days = seconds / 86400;
  std::int64_t rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  // Days to a date of the proleptic Gregorian calendar, in years that begin in March.
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
  t.day = static_cast<std::uint8_t>(day_of_year - (153 * month + 2) / 5 + 1);
  t.month = static_cast<std::uint8_t>(month < 10 ? month + 3 : month - 9);
  t.year = static_cast<std::uint16_t>(year_of_era + era * 400 + (t.month <= 2 ? 1 : 0));
  t.hour = static_cast<std::uint16_t>(rest / 3600);
  t.minute = static_cast<std::uint8_t>(rest / 60 % 60);
  t.second = static_cast<std::uint8_t>(rest % 60);
  return write_datetime(to, t);
}

char* write_hex(char* to, std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    *to++ = digits[byte >> 4];
    *to++ = digits[byte & 15];
  }
  return to;
}

std::string hex(std::string_view bytes) {
  std::string text(2 * bytes.size(), '\0');
  write_hex(text.data(), bytes);
  return text;
}

char* write_json_string(char* to, std::string_view text) {
  *to++ = '"';
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    const char escape = escapes[byte];
    if (escape == 0) [[likely]] {
      *to++ = c;
      continue;
    }
    *to++ = '\\';
    *to++ = escape;
    if (escape != 'u') continue;
    *to++ = '0';
    *to++ = '0';
    to = write_hex(to, std::string_view(&c, 1));
  }
  *to++ = '"';
  return to;
}

bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto* end = at + text.size();
  while (at != end) {
    if (end - at >= 8) {
      std::uint64_t eight;
      std::memcpy(&eight, at, 8);
      if ((eight & 0x8080808080808080) == 0) {
        at += 8;
        continue;
      }
    }
    const std::uint8_t lead = *at++;
    if (lead < 0x80) continue;
    // How many bytes follow, and the limits of the first of them (no overlong forms, no surrogates, at most U+10FFFF).
    int more = 0;
    std::uint8_t low = 0x80, high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      more = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      more = 2;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      more = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    if (end - at < more) return false;
    if (*at < low || *at > high) return false;
    for (int i = 1; i < more; ++i) {
      if ((at[i] & 0xC0) != 0x80) return false;
    }
    at += more;
  }
  return true;
}

}  // namespace tributary::model
