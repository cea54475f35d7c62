// Dates and times as one number each, so that they compare by it, and the calendar the servers reckon with (days since
// year 0, proleptic Gregorian, years from 0 to 9999). Threads: free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/value.h"

namespace tributary::transform::filter {

// Of a date and time of day: year, month, day, hour, minute, second and microseconds, each in its bits. Zero parts are
// kept. Of a TIME: microseconds, negative ones too.
std::int64_t pack(const model::TimeParts& parts);
model::TimeParts unpack(std::int64_t packed);
std::int64_t pack_time(const model::TimeParts& parts, bool is_negative);
model::TimeParts unpack_time(std::int64_t packed);  // without the sign

bool is_date(const model::TimeParts& parts);  // month and day exist in that year

// Full forms only: 2020-01-31, 2020-01-31 12:30:00[.123456]. Only days that exist; nothing else.
std::optional<std::int64_t> parse_datetime(std::string_view text, bool* has_clock, unsigned* fraction_digits);
// [-][H]HH:MM:SS[.123456]
std::optional<std::int64_t> parse_time(std::string_view text, unsigned* fraction_digits);

unsigned days_in_month(unsigned year, unsigned month);
// As TO_DAYS counts: 0000-01-01 is day 1 to the servers. Zero parts are reckoned with as the servers do.
std::int64_t day_number(unsigned year, unsigned month, unsigned day);
model::TimeParts date_of(std::int64_t day_number);
// 0: Monday.
unsigned weekday(std::int64_t day_number);

inline constexpr std::int64_t epoch_day = 719528;  // 1970-01-01

model::TimeParts parts_of_seconds(std::int64_t seconds, std::uint32_t micros);  // of the epoch, in UTC

// As the servers show them: with exactly so many digits of the fraction. Return the end; 40 bytes are enough.
char* write_datetime(char* to, const model::TimeParts& parts, unsigned fraction_digits);
char* write_time(char* to, std::int64_t packed, unsigned fraction_digits);
char* write_fraction(char* to, std::uint32_t micros, unsigned fraction_digits);

}  // namespace tributary::transform::filter
