// Patterns of dt_str and dt_strptime, read once: letters (yyyy-MM-dd HH:mm:ss.SSS, as Java writes them) or, when there
// is a % in it, directives (%Y-%m-%d %H:%M:%S).
//   yyyy uuuu %Y  year        yy %y  2000 to 2099      MM M %m  month     dd d %d  day
//   HH H %H    hour 0-23   hh h %I  hour 1-12       a %p     AM, PM    mm m %M  minute   ss s %S  second
//   S to SSSSSS   the first digits of the fraction     %f  six of them    'text', '' a quote; other signs stand for
//   themselves
// When text is read, hh without a takes any hour of the day, since scripts write it for HH. Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/value.h"

namespace tributary::transform::etl {

class TimeFormat {
 public:
  // False: `problem` says what is wrong.
  bool read(std::string_view pattern, std::string& problem);

  std::size_t bytes_max() const { return bytes_max_; }
  // Returns the end.
  char* write(char* to, const model::TimeParts& t) const;
  // The whole text. False: it does not fit, or is no date. Parts that the pattern lacks are those of 1970-01-01
  // 00:00:00.
  bool parse(std::string_view text, model::TimeParts& t) const;

 private:
  enum class Field : std::uint8_t {
    literal,
    year,
    short_year,
    month,
    day,
    hour,
    half_day_hour,
    am_pm,
    minute,
    second,
    fraction
  };
  struct Part {
    Field field;
    std::uint8_t width;  // digits at least; of a fraction: exactly
    std::string text;
  };
  void add_literal(std::string_view text);
  void add(Field field, std::size_t width);

  std::vector<Part> parts_;
  std::size_t bytes_max_ = 0;
  bool has_am_pm_ = false;
};

}  // namespace tributary::transform::etl
