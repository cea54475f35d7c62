#include "transform/etl/civil_time.h"

#include <unicode/basictz.h>
#include <unicode/unistr.h>

#include <chrono>

namespace tributary::transform::etl {
namespace {

constexpr std::int64_t second_micros = 1'000'000;
constexpr std::int64_t day_micros = 86400 * second_micros;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// From `least` to `most` digits.
bool take_number(std::string_view& text, std::size_t least, std::size_t most, unsigned& number) {
  number = 0;
  std::size_t taken = 0;
  while (taken < most && taken < text.size() && is_digit(text[taken])) {
    number = number * 10 + static_cast<unsigned>(text[taken++] - '0');
  }
  if (taken < least) return false;
  text.remove_prefix(taken);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// :MM:SS[.ffffff] to the end.
bool take_rest_of_clock(std::string_view text, model::TimeParts& t) {
  unsigned minute, second;
  if (!take(text, ':') || !take_number(text, 2, 2, minute) || !take(text, ':') || !take_number(text, 2, 2, second))
    return false;
  if (minute > 59 || second > 59) return false;
  t.minute = static_cast<std::uint8_t>(minute);
  t.second = static_cast<std::uint8_t>(second);
  t.micros = 0;
  if (text.empty()) return true;
  const std::size_t size = text.size();
  unsigned fraction;
  if (!take(text, '.') || !take_number(text, 1, 6, fraction) || !text.empty()) return false;
  for (std::size_t digits = size - 1; digits < 6; ++digits) fraction *= 10;
  t.micros = fraction;
  return true;
}

}  // namespace

bool civil_to_micros(const model::TimeParts& t, std::int64_t& micros) {
  using namespace std::chrono;
  const year_month_day date{year{t.year}, month{t.month}, day{t.day}};
  if (!date.ok() || t.year > 9999) return false;
  micros = sys_days(date).time_since_epoch().count() * day_micros +
           ((t.hour * 60 + t.minute) * 60 + t.second) * second_micros + t.micros;
  return true;
}

bool micros_to_civil(std::int64_t micros, model::TimeParts& t) {
  using namespace std::chrono;
  constexpr std::int64_t first = -62167219200 * second_micros;      // 0000-01-01
  constexpr std::int64_t past_last = 253402300800 * second_micros;  // 10000-01-01
  if (micros < first || micros >= past_last) return false;
  const std::int64_t days_past = micros / day_micros - (micros % day_micros < 0 ? 1 : 0);
  const year_month_day date{sys_days{days{days_past}}};
  std::int64_t rest = micros - days_past * day_micros;
  t.year = static_cast<std::uint16_t>(static_cast<int>(date.year()));
  t.month = static_cast<std::uint8_t>(static_cast<unsigned>(date.month()));
  t.day = static_cast<std::uint8_t>(static_cast<unsigned>(date.day()));
  t.micros = static_cast<std::uint32_t>(rest % second_micros);
  rest /= second_micros;
  t.second = static_cast<std::uint8_t>(rest % 60);
  t.minute = static_cast<std::uint8_t>(rest / 60 % 60);
  t.hour = static_cast<std::uint16_t>(rest / 3600);
  return true;
}

bool read_datetime(std::string_view text, model::TimeParts& t) {
  unsigned year, month, day;
  t = {};
  if (!take_number(text, 4, 4, year) || !take(text, '-') || !take_number(text, 1, 2, month) || !take(text, '-') ||
      !take_number(text, 1, 2, day))
    return false;
  t.year = static_cast<std::uint16_t>(year);
  t.month = static_cast<std::uint8_t>(month);
  t.day = static_cast<std::uint8_t>(day);
  if (!text.empty()) {
    unsigned hour;
    if (!take(text, ' ') && !take(text, 'T')) return false;
    if (!take_number(text, 2, 2, hour) || hour > 23 || !take_rest_of_clock(text, t)) return false;
    t.hour = static_cast<std::uint16_t>(hour);
  }
  std::int64_t micros;
  if (year == 0 && month == 0 && day == 0) return t.hour == 0 && t.minute == 0 && t.second == 0 && t.micros == 0;
  return civil_to_micros(t, micros);
}

bool read_clock(std::string_view text, model::TimeParts& t, bool& negative) {
  t = {};
  negative = take(text, '-');
  unsigned hour;
  if (!take_number(text, 1, 3, hour) || hour > 838 || !take_rest_of_clock(text, t)) return false;
  t.hour = static_cast<std::uint16_t>(hour);
  if (hour == 838 && t.minute == 59 && t.second == 59 && t.micros != 0) return false;
  if (t.hour == 0 && t.minute == 0 && t.second == 0 && t.micros == 0) negative = false;
  return true;
}

bool round_micros(model::TimeParts& t, int digits) {
  std::int64_t step = 1;
  for (int i = digits; i < 6; ++i) step *= 10;
  if (t.micros % step == 0) return true;
  std::int64_t micros;
  if (!civil_to_micros(t, micros)) return false;
  const std::int64_t past = t.micros % step;
  return micros_to_civil(micros - past + (2 * past >= step ? step : 0), t);
}

std::optional<Zone> Zone::find(std::string_view name) {
  Zone zone;
  std::string_view rest = name;
  for (const std::string_view start : {std::string_view("GMT"), std::string_view("UTC"), std::string_view("Z")}) {
    if (!rest.starts_with(start)) continue;
    rest.remove_prefix(start.size());
    if (rest.empty()) return zone;
    break;
  }
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-') && !name.starts_with('Z')) {
    const bool is_west = rest[0] == '-';
    rest.remove_prefix(1);
    unsigned hours, minutes = 0;
    if (!take_number(rest, 1, 2, hours) || hours > 18) return std::nullopt;
    if (!rest.empty()) {
      take(rest, ':');
      if (!take_number(rest, 2, 2, minutes) || minutes > 59 || !rest.empty()) return std::nullopt;
    }
    zone.offset_micros_ = static_cast<std::int64_t>(hours * 3600 + minutes * 60) * second_micros * (is_west ? -1 : 1);
    return zone;
  }
  const auto id = icu::UnicodeString::fromUTF8(icu::StringPiece(name.data(), static_cast<std::int32_t>(name.size())));
  std::shared_ptr<icu::TimeZone> found(icu::TimeZone::createTimeZone(id));
  if (found == nullptr || *found == icu::TimeZone::getUnknown()) return std::nullopt;
  zone.rules_ = std::move(found);
  return zone;
}

std::int64_t Zone::to_utc(std::int64_t local_micros) const {
  if (rules_ == nullptr) return local_micros - offset_micros_;
  std::int32_t raw = 0, saving = 0;
  UErrorCode status = U_ZERO_ERROR;
  const auto ms = static_cast<double>(local_micros / 1000 - (local_micros % 1000 < 0 ? 1 : 0));
  if (const auto* basic = dynamic_cast<const icu::BasicTimeZone*>(rules_.get())) {
    basic->getOffsetFromLocal(ms, UCAL_TZ_LOCAL_FORMER, UCAL_TZ_LOCAL_FORMER, raw, saving, status);
  } else {
    rules_->getOffset(ms, true, raw, saving, status);
  }
  return local_micros - (std::int64_t{raw} + saving) * 1000;
}

std::int64_t Zone::to_local(std::int64_t utc_micros) const {
  if (rules_ == nullptr) return utc_micros + offset_micros_;
  std::int32_t raw = 0, saving = 0;
  UErrorCode status = U_ZERO_ERROR;
  const auto ms = static_cast<double>(utc_micros / 1000 - (utc_micros % 1000 < 0 ? 1 : 0));
  rules_->getOffset(ms, false, raw, saving, status);
  return utc_micros + (std::int64_t{raw} + saving) * 1000;
}

}  // namespace tributary::transform::etl
