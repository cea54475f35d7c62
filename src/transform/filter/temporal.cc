#include "transform/filter/temporal.h"

#include "model/text.h"

namespace tributary::transform::filter {

using model::TimeParts;

namespace {

bool number(std::string_view& text, std::size_t digits, unsigned& out) {
  if (text.size() < digits) return false;
  out = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + static_cast<unsigned>(text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool skip(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

// HH:MM:SS[.ffffff] and the end.
bool clock(std::string_view text, std::size_t hour_digits, TimeParts& parts, unsigned* fraction_digits) {
  unsigned hour, minute, second, micros = 0;
  if (!number(text, hour_digits, hour) || !skip(text, ':') || !number(text, 2, minute) || !skip(text, ':') ||
      !number(text, 2, second) || minute > 59 || second > 59)
    return false;
  *fraction_digits = 0;
  if (skip(text, '.')) {
    if (text.empty() || text.size() > 6) return false;
    *fraction_digits = static_cast<unsigned>(text.size());
    if (!number(text, text.size(), micros)) return false;
    for (unsigned i = *fraction_digits; i < 6; ++i) micros *= 10;
  }
  parts.hour = static_cast<std::uint16_t>(hour);
  parts.minute = static_cast<std::uint8_t>(minute);
  parts.second = static_cast<std::uint8_t>(second);
  parts.micros = micros;
  return text.empty();
}

}  // namespace

std::int64_t pack(const TimeParts& t) {
  const std::int64_t date = (static_cast<std::int64_t>(t.year) * 13 + t.month) << 5 | t.day;
  const std::int64_t clock =
      static_cast<std::int64_t>(t.hour) << 12 | static_cast<std::int64_t>(t.minute) << 6 | t.second;
  return (date << 17 | clock) << 20 | t.micros;
}

TimeParts unpack(std::int64_t packed) {
  TimeParts t;
  t.micros = static_cast<std::uint32_t>(packed & 0xFFFFF);
  packed >>= 20;
  t.second = static_cast<std::uint8_t>(packed & 63);
  t.minute = static_cast<std::uint8_t>(packed >> 6 & 63);
  t.hour = static_cast<std::uint16_t>(packed >> 12 & 31);
  packed >>= 17;
  t.day = static_cast<std::uint8_t>(packed & 31);
  packed >>= 5;
  t.month = static_cast<std::uint8_t>(packed % 13);
  t.year = static_cast<std::uint16_t>(packed / 13);
  return t;
}

std::int64_t pack_time(const TimeParts& t, bool is_negative) {
  const std::int64_t seconds = (static_cast<std::int64_t>(t.hour) * 60 + t.minute) * 60 + t.second;
  const std::int64_t micros = seconds * 1'000'000 + t.micros;
  return is_negative ? -micros : micros;
}

TimeParts unpack_time(std::int64_t packed) {
  const auto micros = static_cast<std::uint64_t>(packed < 0 ? -packed : packed);
  const std::uint64_t seconds = micros / 1'000'000;
  TimeParts t;
  t.micros = static_cast<std::uint32_t>(micros % 1'000'000);
  t.second = static_cast<std::uint8_t>(seconds % 60);
  t.minute = static_cast<std::uint8_t>(seconds / 60 % 60);
  t.hour = static_cast<std::uint16_t>(seconds / 3600);
  return t;
}

bool is_date(const TimeParts& t) {
  return t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= days_in_month(t.year, t.month);
}

std::optional<std::int64_t> parse_datetime(std::string_view text, bool* has_clock, unsigned* fraction_digits) {
  TimeParts t;
  unsigned year, month, day;
  *has_clock = false;
  *fraction_digits = 0;
  if (!number(text, 4, year) || !skip(text, '-') || !number(text, 2, month) || !skip(text, '-') ||
      !number(text, 2, day))
    return std::nullopt;
  t.year = static_cast<std::uint16_t>(year);
  t.month = static_cast<std::uint8_t>(month);
  t.day = static_cast<std::uint8_t>(day);
  if (!text.empty()) {
    *has_clock = true;
    if (!skip(text, ' ') || !clock(text, 2, t, fraction_digits) || t.hour > 23) return std::nullopt;
  }
  if (year == 0 || !is_date(t)) return std::nullopt;
  return pack(t);
}

std::optional<std::int64_t> parse_time(std::string_view text, unsigned* fraction_digits) {
  const bool is_negative = skip(text, '-');
  TimeParts t;
  const std::size_t digits = text.find(':');
  if ((digits != 2 && digits != 3) || !clock(text, digits, t, fraction_digits) || t.hour > 838) return std::nullopt;
  return pack_time(t, is_negative);
}

unsigned days_in_month(unsigned year, unsigned month) {
  constexpr std::uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12) return 0;
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || (year % 400 == 0 && year != 0));
  return days[month - 1] + (month == 2 && is_leap ? 1U : 0U);
}

std::int64_t day_number(unsigned year, unsigned month, unsigned day) {
  if (year == 0 && month == 0) return 0;
  auto y = static_cast<std::int64_t>(year);
  std::int64_t number = 365 * y + 31 * (static_cast<std::int64_t>(month) - 1) + day;
  if (month <= 2)
    --y;
  else
    number -= (static_cast<std::int64_t>(month) * 4 + 23) / 10;
  return number + y / 4 - (y / 100 + 1) * 3 / 4;
}

TimeParts date_of(std::int64_t number) {
  // A year is never wrong by more than one.
  auto year = static_cast<unsigned>(number * 100 / 36525);
  while (number - day_number(year, 1, 1) >= (days_in_month(year, 2) == 29 ? 366 : 365)) ++year;
  while (number < day_number(year, 1, 1)) --year;
  auto rest = static_cast<unsigned>(number - day_number(year, 1, 1));
  unsigned month = 1;
  while (rest >= days_in_month(year, month)) rest -= days_in_month(year, month++);
  TimeParts t;
  t.year = static_cast<std::uint16_t>(year);
  t.month = static_cast<std::uint8_t>(month);
  t.day = static_cast<std::uint8_t>(rest + 1);
  return t;
}

unsigned weekday(std::int64_t number) { return static_cast<unsigned>((number + 5) % 7); }

TimeParts parts_of_seconds(std::int64_t seconds, std::uint32_t micros) {
  const std::int64_t days = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
  const auto rest = static_cast<unsigned>(seconds - days * 86400);
  TimeParts t = date_of(days + epoch_day);
  t.hour = static_cast<std::uint16_t>(rest / 3600);
  t.minute = static_cast<std::uint8_t>(rest / 60 % 60);
  t.second = static_cast<std::uint8_t>(rest % 60);
  t.micros = micros;
  return t;
}

char* write_fraction(char* to, std::uint32_t micros, unsigned fraction_digits) {
  if (fraction_digits == 0) return to;
  *to++ = '.';
  std::uint32_t unit = 100'000;
  for (unsigned i = 0; i < fraction_digits && i < 6; ++i, unit /= 10)
    *to++ = static_cast<char>('0' + micros / unit % 10);
  return to;
}

char* write_datetime(char* to, const TimeParts& parts, unsigned fraction_digits) {
  TimeParts whole = parts;
  whole.micros = 0;
  return write_fraction(model::write_datetime(to, whole), parts.micros, fraction_digits);
}

char* write_time(char* to, std::int64_t packed, unsigned fraction_digits) {
  TimeParts whole = unpack_time(packed);
  const std::uint32_t micros = whole.micros;
  whole.micros = 0;
  return write_fraction(model::write_time(to, whole, packed < 0), micros, fraction_digits);
}

}  // namespace tributary::transform::filter
