// Values as text, written into room that is already there; each function returns the new end.
// Threads: functions without state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/value.h"

namespace tributary::model {

// Enough for any one of the functions below but hex.
inline constexpr std::size_t text_bytes_max = 48;

char* write_unsigned(char* to, std::uint64_t number);
inline char* write_signed(char* to, std::int64_t number) {
  if (number >= 0) return write_unsigned(to, static_cast<std::uint64_t>(number));
  *to = '-';
  return write_unsigned(to + 1, ~static_cast<std::uint64_t>(number) + 1);
}

// The shortest digits that give the number again, in the server's form: plain between 1e-15 and 1e15 and where there
// are digits behind the point (1234567890123456.8), else 1.5e20.
char* write_real(char* to, double number);

// 2024-04-12, -101:02:03, 2024-04-12 15:12:45.000006; a fraction has six digits and is left out when it is zero.
char* write_date(char* to, const TimeParts& t);
char* write_time(char* to, const TimeParts& t, bool is_negative);
char* write_datetime(char* to, const TimeParts& t);
// In UTC. 0 seconds with no fraction is MySQL's zero timestamp: 0000-00-00 00:00:00. Years beyond 1..9999 are clamped.
char* write_timestamp(char* to, std::int64_t seconds, std::uint32_t micros);

// Two lower-case digits for each byte.
char* write_hex(char* to, std::string_view bytes);
std::string hex(std::string_view bytes);

// The JSON string with its quotes; needs 6 times the bytes and 2. `text` has to be UTF-8.
char* write_json_string(char* to, std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace tributary::model
