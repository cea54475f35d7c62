#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <optional>

#include "task/tail.h"

namespace tributary::task {
namespace {

// Takes text apart from the left; `ok` turns false at the first thing that does not fit.
struct Scanner {
  std::string_view rest;
  bool ok = true;

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest.size() <= i || rest[i] < '0' || rest[i] > '9') return ok = false, 0;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return value;
  }
  bool take(std::string_view any_of) {
    if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(std::string_view any_of) { ok = take(any_of) && ok; }
};

// "Z", "+08:00" or nothing, in minutes east of UTC.
int zone_minutes(Scanner& scan) {
  if (scan.rest.empty() || scan.take("Zz")) return 0;
  const int sign = scan.rest.front() == '-' ? -1 : 1;
  scan.expect("+-");
  const int hours = scan.digits(2);
  scan.expect(":");
  const int minutes = scan.digits(2);
  scan.ok = scan.ok && hours < 24 && minutes < 60;
  return sign * (hours * 60 + minutes);
}

std::int64_t fraction_ms(Scanner& scan) {
  if (!scan.take(".")) return 0;
  std::int64_t ms = 0, scale = 100;
  ms += scan.digits(1) * scale;  // at least one
  while (scan.ok && !scan.rest.empty() && scan.rest.front() >= '0' && scan.rest.front() <= '9') {
    scale /= 10;
    ms += scan.digits(1) * scale;
  }
  return ms;
}

// RFC 3339, section 5.6; a space for the 'T' and a date alone are taken too.
std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  Scanner scan{text};
  const int year = scan.digits(4);
  scan.expect("-");
  const int month = scan.digits(2);
  scan.expect("-");
  const int day = scan.digits(2);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!scan.ok || !date.ok()) return std::nullopt;
  std::int64_t ms = std::chrono::sys_days(date).time_since_epoch().count() * 86'400'000LL;
  if (scan.rest.empty()) return ms;
  scan.expect("Tt ");
  const int hour = scan.digits(2);
  scan.expect(":");
  const int minute = scan.digits(2);
  scan.expect(":");
  const int second = scan.digits(2);
  ms += (hour * 3600LL + minute * 60LL + second) * 1000 + fraction_ms(scan);
  ms -= zone_minutes(scan) * 60'000LL;
  if (!scan.ok || !scan.rest.empty() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return ms;
}

}  // namespace

base::Result<TailFrom> parse_tail_from(std::string_view text) {
  if (text == "beginning") return TailFrom{};
  if (text == "end") return TailFrom{TailFrom::Kind::end, 0};
  std::int64_t ms = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() && ms >= 0) {
    return TailFrom{TailFrom::Kind::timestamp, ms};
  }
  if (const auto time = parse_rfc3339(text)) return TailFrom{TailFrom::Kind::timestamp, *time};
  return base::fail(base::ErrorCode::usage,
                    fmt::format("--from {}: beginning, end, milliseconds since 1970, or a time like "
                                "2026-11-22T14:00:00Z",
                                text));
}

}  // namespace tributary::task
