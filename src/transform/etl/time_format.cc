#include "transform/etl/time_format.h"

#include <algorithm>

#include "base/put_raw.h"
#include "transform/etl/civil_time.h"

namespace tributary::transform::etl {
namespace {

char* write_padded(char* to, unsigned number, unsigned width) {
  char digits[10];
  unsigned count = 0;
  for (; number != 0 || count < width; number /= 10) digits[count++] = static_cast<char>('0' + number % 10);
  while (count != 0) *to++ = digits[--count];
  return to;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

void TimeFormat::add_literal(std::string_view text) {
  if (parts_.empty() || parts_.back().field != Field::literal) parts_.push_back({Field::literal, 0, {}});
  parts_.back().text += text;
  bytes_max_ += text.size();
}

void TimeFormat::add(Field field, std::size_t width) {
  parts_.push_back({field, static_cast<std::uint8_t>(width), {}});
  bytes_max_ += std::max<std::size_t>(width, 6);
  has_am_pm_ |= field == Field::am_pm;
}

bool TimeFormat::read(std::string_view pattern, std::string& problem) {
  const bool has_directives = pattern.find('%') != std::string_view::npos;
  if (pattern.empty() || pattern.size() > 200) {
    problem = "a pattern has 1 to 200 bytes";
    return false;
  }
  for (std::size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    if (has_directives) {
      if (c != '%') {
        add_literal(pattern.substr(i++, 1));
        continue;
      }
      const char directive = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
      i += 2;
      switch (directive) {
        case 'Y':
          add(Field::year, 4);
          break;
        case 'y':
          add(Field::short_year, 2);
          break;
        case 'm':
          add(Field::month, 2);
          break;
        case 'd':
          add(Field::day, 2);
          break;
        case 'H':
          add(Field::hour, 2);
          break;
        case 'I':
          add(Field::half_day_hour, 2);
          break;
        case 'p':
          add(Field::am_pm, 2);
          break;
        case 'M':
          add(Field::minute, 2);
          break;
        case 'S':
          add(Field::second, 2);
          break;
        case 'f':
          add(Field::fraction, 6);
          break;
        case '%':
          add_literal("%");
          break;
        default:
          problem = "there are %Y %y %m %d %H %I %p %M %S %f and %%";
          return false;
      }
      continue;
    }
    if (c == '\'') {
      if (pattern.substr(i, 2) == "''") {
        add_literal("'");
        i += 2;
        continue;
      }
      std::string text;
      for (++i;; ++i) {
        if (i >= pattern.size()) {
          problem = "a quote is not closed";
          return false;
        }
        if (pattern[i] == '\'') {
          if (pattern.substr(i, 2) != "''") break;
          ++i;
        }
        text += pattern[i];
      }
      ++i;
      add_literal(text);
      continue;
    }
    if (!is_letter(c)) {
      add_literal(pattern.substr(i++, 1));
      continue;
    }
    std::size_t width = 1;
    while (i + width < pattern.size() && pattern[i + width] == c) ++width;
    i += width;
    const auto is_short = width <= 2;
    if ((c == 'y' || c == 'u') && (width == 4 || width == 2)) {
      add(width == 4 ? Field::year : Field::short_year, width);
    } else if (c == 'M' && is_short) {
      add(Field::month, width);
    } else if (c == 'd' && is_short) {
      add(Field::day, width);
    } else if (c == 'H' && is_short) {
      add(Field::hour, width);
    } else if (c == 'h' && is_short) {
      add(Field::half_day_hour, width);
    } else if (c == 'm' && is_short) {
      add(Field::minute, width);
    } else if (c == 's' && is_short) {
      add(Field::second, width);
    } else if (c == 'a' && width == 1) {
      add(Field::am_pm, 2);
    } else if (c == 'S' && width <= 6) {
      add(Field::fraction, width);
    } else {
      problem =
          "there are yyyy yy MM M dd d HH H hh h a mm m ss s and S to SSSSSS; other letters stand in single quotes";
      return false;
    }
  }
  return true;
}

char* TimeFormat::write(char* to, const model::TimeParts& t) const {
  for (const Part& part : parts_) {
    switch (part.field) {
      case Field::literal:
        to = base::put_raw(to, part.text);
        break;
      case Field::year:
        to = write_padded(to, t.year, part.width);
        break;
      case Field::short_year:
        to = write_padded(to, t.year % 100U, 2);
        break;
      case Field::month:
        to = write_padded(to, t.month, part.width);
        break;
      case Field::day:
        to = write_padded(to, t.day, part.width);
        break;
      case Field::hour:
        to = write_padded(to, t.hour, part.width);
        break;
      case Field::half_day_hour:
        to = write_padded(to, (t.hour + 11U) % 12 + 1, part.width);
        break;
      case Field::am_pm:
        to = base::put_raw(to, t.hour < 12 ? "AM" : "PM");
        break;
      case Field::minute:
        to = write_padded(to, t.minute, part.width);
        break;
      case Field::second:
        to = write_padded(to, t.second, part.width);
        break;
      case Field::fraction: {
        unsigned fraction = t.micros;
        for (unsigned i = part.width; i < 6; ++i) fraction /= 10;
        to = write_padded(to, fraction, part.width);
        break;
      }
    }
  }
  return to;
}

bool TimeFormat::parse(std::string_view text, model::TimeParts& t) const {
  unsigned year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, micros = 0;
  bool is_pm = false, is_half_day = false;
  // As many digits as there are, up to `most`.
  const auto number = [&](std::size_t least, std::size_t most, unsigned& out) {
    out = 0;
    std::size_t taken = 0;
    for (; taken < most && taken < text.size() && text[taken] >= '0' && text[taken] <= '9'; ++taken)
      out = out * 10 + static_cast<unsigned>(text[taken] - '0');
    text.remove_prefix(taken);
    return taken >= least;
  };
  for (const Part& part : parts_) {
    const std::size_t width = part.width;
    bool fits = true;
    switch (part.field) {
      case Field::literal:
        fits = text.starts_with(part.text);
        if (fits) text.remove_prefix(part.text.size());
        break;
      case Field::year:
        fits = number(width, 4, year);
        break;
      case Field::short_year:
        fits = number(2, 2, year);
        year += 2000;
        break;
      case Field::month:
        fits = number(width, 2, month);
        break;
      case Field::day:
        fits = number(width, 2, day);
        break;
      case Field::hour:
        fits = number(width, 2, hour);
        break;
      case Field::half_day_hour:
        fits = number(width, 2, hour);
        is_half_day = true;
        break;
      case Field::am_pm:
        is_pm = text.starts_with("PM") || text.starts_with("pm");
        fits = is_pm || text.starts_with("AM") || text.starts_with("am");
        if (fits) text.remove_prefix(2);
        break;
      case Field::minute:
        fits = number(width, 2, minute);
        break;
      case Field::second:
        fits = number(width, 2, second);
        break;
      case Field::fraction:
        fits = number(width, width, micros);
        for (std::size_t i = width; i < 6; ++i) micros *= 10;
        break;
    }
    if (!fits) return false;
  }
  if (!text.empty()) return false;
  if (is_half_day && has_am_pm_) {
    if (hour < 1 || hour > 12) return false;
    hour = hour % 12 + (is_pm ? 12 : 0);
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  t = {.year = static_cast<std::uint16_t>(year),
       .month = static_cast<std::uint8_t>(month),
       .day = static_cast<std::uint8_t>(day),
       .hour = static_cast<std::uint16_t>(hour),
       .minute = static_cast<std::uint8_t>(minute),
       .second = static_cast<std::uint8_t>(second),
       .micros = micros};
  std::int64_t checked;
  return civil_to_micros(t, checked);
}

}  // namespace tributary::transform::etl
