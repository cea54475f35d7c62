// Numbers as the bytes and counts that Avro and Kafka Connect want. Threads: functions without state.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/value.h"

namespace tributary::encode {

inline constexpr std::size_t unscaled_bytes_max = 32;

// The unscaled value of a decimal text with exactly `scale` digits behind its point, as the shortest big-endian two's
// complement. Returns how many bytes stand in `to` (room for unscaled_bytes_max); 0 if the text is no such decimal or
// has more than 65 digits.
std::size_t unscaled_bytes(std::string_view text, std::uint8_t scale, char* to);

// An integer value of any kind as its two's complement, and whether it is negative. Nothing if it is no integer.
struct Integer64 {
  std::uint64_t bits = 0;
  bool is_negative = false;
  bool fits_signed() const { return is_negative == (static_cast<std::int64_t>(bits) < 0); }
};
std::optional<Integer64> integer_of(const model::Value& value);

// Days since 1970-01-01 in the proleptic Gregorian calendar.
std::int64_t days_since_epoch(std::int32_t year, std::uint32_t month, std::uint32_t day);
// Whether the calendar has this date: not a zero one, nor 2024-02-31.
bool is_in_calendar(const model::TimeParts& t);
std::int64_t micros_of_day(const model::TimeParts& t);       // also beyond a day, for TIME
std::int64_t micros_since_epoch(const model::TimeParts& t);  // of a date in the calendar

}  // namespace tributary::encode
