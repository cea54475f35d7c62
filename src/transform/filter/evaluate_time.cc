#include <fmt/format.h>

#include <iterator>

#include "transform/filter/evaluator.h"
#include "transform/filter/temporal.h"

namespace tributary::transform::filter {

using model::TimeParts;

namespace {

constexpr const char* months[] = {"January", "February", "March",     "April",   "May",      "June",
                                  "July",    "August",   "September", "October", "November", "December"};
constexpr const char* days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

bool has_zero(const TimeParts& t) { return t.month == 0 || t.day == 0; }
std::int64_t number_of(const TimeParts& t) { return day_number(t.year, t.month, t.day); }

}  // namespace

bool Evaluator::time_call(const Node& node, Datum& out) {
  using enum Operation;
  const Node& arg = *node.args[0];
  if (node.operation == Operation::date_add) return this->date_add(node, out);
  if (node.operation == Operation::date_format) return this->date_format(node, out);
  std::int64_t value;
  if (node.operation == from_unixtime) {
    if (!integer(arg, value)) return false;
    // MySQL 8.0.28 and later know times up to the year 3001.
    const std::int64_t last =
        !program_.dialect.is_mariadb && program_.dialect.version >= 80028 ? 32536771199 : 2147483647;
    if (value < 0 || value > last) return false;
    out.i = pack(parts_of_seconds(value, 0));
    return true;
  }
  if (!packed(arg, value)) return false;
  const bool is_time = arg.type.kind == Kind::time;
  const TimeParts t = is_time ? unpack_time(value) : unpack(value);
  switch (node.operation) {
    case year:
      out.i = t.year;
      return true;
    case month:
      out.i = t.month;
      return true;
    case day:
      out.i = t.day;
      return true;
    case hour:
      out.i = t.hour;
      return true;
    case minute:
      out.i = t.minute;
      return true;
    case second:
      out.i = t.second;
      return true;
    case microsecond:
      out.i = t.micros;
      return true;
    case quarter:
      out.i = (t.month + 2) / 3;
      return true;
    case Operation::date: {
      TimeParts only = t;
      only.hour = only.minute = only.second = 0;
      only.micros = 0;
      out.i = pack(only);
      return true;
    }
    case day_of_year:
      if (has_zero(t)) return false;
      out.i = number_of(t) - day_number(t.year, 1, 1) + 1;
      return true;
    case day_of_week:
    case Operation::weekday: {
      if (has_zero(t)) return false;
      const unsigned found = filter::weekday(number_of(t));
      out.i = node.operation == Operation::weekday ? found : (found + 1) % 7 + 1;
      return true;
    }
    case to_days:
      if (has_zero(t)) return false;
      out.i = number_of(t);
      return true;
    case datediff: {
      std::int64_t other;
      if (has_zero(t) || !packed(*node.args[1], other)) return false;
      const TimeParts o = unpack(other);
      if (has_zero(o)) return false;
      out.i = number_of(t) - number_of(o);
      return true;
    }
    case last_day: {
      if (t.month == 0) return false;
      TimeParts last = t;
      last.day = static_cast<std::uint8_t>(days_in_month(t.year, t.month));
      last.hour = last.minute = last.second = 0;
      last.micros = 0;
      out.i = pack(last);
      return true;
    }
    default:
      break;
  }
  // UNIX_TIMESTAMP, in UTC. What can't be told is NULL to MariaDB and 0 to MySQL.
  const bool is_mariadb = program_.dialect.is_mariadb;
  const bool is_late = !is_mariadb && program_.dialect.version >= 80028;
  std::int64_t seconds = 0;
  bool is_known = !has_zero(t);
  if (is_known) {
    seconds = (number_of(t) - epoch_day) * 86400 + (t.hour * 60 + t.minute) * 60 + t.second;
    is_known = seconds >= 0 && seconds <= (is_late ? 32536771199 : 2147483647);
  }
  if (!is_known && is_mariadb && arg.column_type != model::ColumnType::timestamp) return false;
  if (!is_known) seconds = 0;
  out.i = seconds;
  if (node.type.kind == Kind::decimal) {
    out.dec = Decimal::of(seconds);
    if (is_known) {
      Decimal micros = Decimal::of(t.micros);
      micros.scale = 6;
      out.dec = filter::add(out.dec, micros);
    }
  }
  return true;
}

bool Evaluator::date_add(const Node& node, Datum& out) {
  std::int64_t value, count;
  if (!packed(*node.args[0], value) || !integer(*node.args[1], count)) return false;
  TimeParts t = unpack(value);
  // Far more than the calendar holds, and no overflow below.
  constexpr std::int64_t most = 400'000'000'000'000'000;
  if (count > most || count < -most) return false;
  if (node.is_negated) count = -count;
  if (has_zero(t)) return false;
  if (node.unit >= Unit::month) {
    const std::int64_t each = node.unit == Unit::month ? 1 : node.unit == Unit::quarter ? 3 : 12;
    if (count > 200'000 || count < -200'000) return false;
    if (node.unit == Unit::year) {
      const std::int64_t year = t.year + count;
      if (year < 0 || year > 9999) return false;
      t.year = static_cast<std::uint16_t>(year);
    } else {
      const std::int64_t all = static_cast<std::int64_t>(t.year) * 12 + t.month - 1 + count * each;
      if (all < 0 || all >= 120'000) return false;
      t.year = static_cast<std::uint16_t>(all / 12);
      t.month = static_cast<std::uint8_t>(all % 12 + 1);
    }
    const unsigned most_days = days_in_month(t.year, t.month);
    if (t.day > most_days) t.day = static_cast<std::uint8_t>(most_days);
    out.i = pack(t);
    return true;
  }
  constexpr std::int64_t micros_of[] = {1, 1'000'000, 60'000'000, 3'600'000'000, 86'400'000'000, 604'800'000'000};
  const std::int64_t unit = micros_of[static_cast<std::size_t>(node.unit)];
  constexpr std::int64_t day_micros = 86'400'000'000;
  if (count > most / unit || count < -most / unit) return false;
  const std::int64_t clock = pack_time(t, false);
  const std::int64_t all = number_of(t) * day_micros + clock + count * unit;
  if (all < 0) return false;
  const std::int64_t number = all / day_micros;
  if (number > day_number(9999, 12, 31) || number < 1) return false;
  TimeParts made = date_of(number);
  const TimeParts time = unpack_time(all % day_micros);
  made.hour = time.hour;
  made.minute = time.minute;
  made.second = time.second;
  made.micros = time.micros;
  out.i = pack(made);
  return true;
}

bool Evaluator::date_format(const Node& node, Datum& out) {
  std::int64_t value;
  if (!packed(*node.args[0], value)) return false;
  const TimeParts t = unpack(value);
  char* const from = arena_.take(node.text.size() * 10 + 32);
  char* to = from;
  const auto number = [&](unsigned n, int width) { to = fmt::format_to(to, "{:0{}}", n, width); };
  const auto word = [&](std::string_view text) { to = std::copy(text.begin(), text.end(), to); };
  const unsigned hour12 = (t.hour + 11U) % 12 + 1;
  for (std::size_t i = 0; i < node.text.size(); ++i) {
    if (node.text[i] != '%') {
      *to++ = node.text[i];
      continue;
    }
    switch (node.text[++i]) {
      case 'Y':
        number(t.year, 4);
        break;
      case 'y':
        number(t.year % 100U, 2);
        break;
      case 'm':
        number(t.month, 2);
        break;
      case 'c':
        number(t.month, 1);
        break;
      case 'd':
        number(t.day, 2);
        break;
      case 'e':
        number(t.day, 1);
        break;
      case 'D':
        number(t.day, 1);
        word(t.day >= 10 && t.day <= 19 ? "th"
             : t.day % 10 == 1          ? "st"
             : t.day % 10 == 2          ? "nd"
             : t.day % 10 == 3          ? "rd"
                                        : "th");
        break;
      case 'H':
        number(t.hour, 2);
        break;
      case 'k':
        number(t.hour, 1);
        break;
      case 'h':
      case 'I':
        number(hour12, 2);
        break;
      case 'l':
        number(hour12, 1);
        break;
      case 'i':
        number(t.minute, 2);
        break;
      case 's':
      case 'S':
        number(t.second, 2);
        break;
      case 'f':
        number(t.micros, 6);
        break;
      case 'p':
        word(t.hour < 12 ? "AM" : "PM");
        break;
      case 'r':
      case 'T':
        number(node.text[i] == 'r' ? hour12 : t.hour, 2);
        *to++ = ':';
        number(t.minute, 2);
        *to++ = ':';
        number(t.second, 2);
        if (node.text[i] == 'r') word(t.hour < 12 ? " AM" : " PM");
        break;
      case 'j': {
        const std::int64_t day = number_of(t) - day_number(t.year, 1, 1) + 1;
        if (program_.dialect.is_mariadb && t.month == 0) return false;
        if (program_.dialect.version < 80000)
          to = fmt::format_to(to, "{:03}", static_cast<std::uint64_t>(day));
        else
          to = fmt::format_to(to, "{:03}", day);
        break;
      }
      case 'M':
      case 'b':
        if (t.month == 0) return false;
        word(std::string_view(months[t.month - 1]).substr(0, node.text[i] == 'b' ? 3 : 20));
        break;
      case 'W':
      case 'a':
        if (t.year == 0 && t.month == 0) return false;
        word(std::string_view(days[filter::weekday(number_of(t))]).substr(0, node.text[i] == 'a' ? 3 : 20));
        break;
      case 'w':
        if (t.year == 0 && t.month == 0) return false;
        number((filter::weekday(number_of(t)) + 1) % 7, 1);
        break;
      default:
        *to++ = '%';
    }
  }
  arena_.give_back(to);
  out.s = {from, static_cast<std::size_t>(to - from)};
  return true;
}

}  // namespace tributary::transform::filter
