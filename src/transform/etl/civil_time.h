// Dates and clocks without a zone, points in time, and the zones between them.
// Source of zone rules: ICU (the IANA database). Threads: values; zones are immutable.
#pragma once

#include <unicode/timezone.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "model/value.h"

namespace tributary::transform::etl {

// Microseconds from 1970-01-01 00:00:00 of the same clock. False: no date of the calendar (0000-00-00, 2023-02-30).
bool civil_to_micros(const model::TimeParts& t, std::int64_t& micros);
// False: outside the years 0 to 9999.
bool micros_to_civil(std::int64_t micros, model::TimeParts& t);

// "2024-02-29", "2024-02-29 12:30:00[.ffffff]" (a T between them will do); real dates and 0000-00-00 only.
bool read_datetime(std::string_view text, model::TimeParts& t);
// "[-]HH:MM:SS[.ffffff]", hours to 838; `negative` and the clock's parts.
bool read_clock(std::string_view text, model::TimeParts& t, bool& negative);
// Half up to this many digits of the second. False: it would leave the calendar.
bool round_micros(model::TimeParts& t, int digits);

class Zone {
 public:
  // "GMT+08", "UTC+8", "+08:00", "-05:30", "GMT", "UTC", "Z" or an IANA name ("Asia/Shanghai"). Nothing: unknown.
  static std::optional<Zone> find(std::string_view name);

  // Local to UTC: in the gap of a change the offset before it counts, in an overlap too.
  std::int64_t to_utc(std::int64_t local_micros) const;
  std::int64_t to_local(std::int64_t utc_micros) const;

 private:
  std::int64_t offset_micros_ = 0;
  std::shared_ptr<const icu::TimeZone> rules_;  // null: the offset is fixed
};

}  // namespace tributary::transform::etl
