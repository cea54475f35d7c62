// Dates and times of row images and of binary JSON. False: no such date or time can be stored.
// Source: MySQL my_time.cc (TIME_from_longlong_*_packed, my_*_from_binary), MariaDB sql/compat56.cc and field.cc
// (hires). Threads: pure functions; the caller has checked that the bytes are there.
#pragma once

#include <cstdint>

#include "model/value.h"
#include "source/binlog/cursor.h"

namespace tributary::source {

inline constexpr std::uint32_t micros_per_second = 1'000'000;
inline constexpr int fraction_bytes(unsigned digits) { return static_cast<int>((digits + 1) / 2); }

inline bool set_date(std::uint64_t year, std::uint64_t month, std::uint64_t day, model::TimeParts& t) {
  t.year = static_cast<std::uint16_t>(year);
  t.month = static_cast<std::uint8_t>(month);
  t.day = static_cast<std::uint8_t>(day);
  return year <= 9999 && month <= 12 && day <= 31;
}
inline bool set_clock(std::uint64_t hour, std::uint64_t minute, std::uint64_t second, std::uint64_t micros,
                      model::TimeParts& t) {
  t.hour = static_cast<std::uint16_t>(hour);
  t.minute = static_cast<std::uint8_t>(minute);
  t.second = static_cast<std::uint8_t>(second);
  t.micros = static_cast<std::uint32_t>(micros);
  return minute < 60 && second < 60 && micros < micros_per_second;
}

// year 15 bits, month 4, day 5
inline bool date_of(std::uint32_t packed, model::TimeParts& t) {
  set_clock(0, 0, 0, 0, t);
  return set_date(packed >> 9, packed >> 5 & 15, packed & 31, t);
}

// year * 13 + month 17 bits, day 5, hour 5, minute 6, second 6
inline bool datetime_of(std::uint64_t packed, std::uint64_t micros, model::TimeParts& t) {
  const std::uint64_t months = packed >> 22;
  const bool is_date = set_date(months / 13, months % 13, packed >> 17 & 31, t);
  const bool is_clock = set_clock(packed >> 12 & 31, packed >> 6 & 63, packed & 63, micros, t);
  return is_date && is_clock && t.hour < 24;
}

// Signed; hour 10 bits, minute 6, second 6, micros 24.
inline bool time_of(std::int64_t packed, bool& negative, model::TimeParts& t) {
  negative = packed < 0;
  const auto bits = static_cast<std::uint64_t>(packed);
  const std::uint64_t magnitude = negative ? 0 - bits : bits;
  const std::uint64_t clock = magnitude >> 24;
  set_date(0, 0, 0, t);
  const bool is_clock = set_clock(clock >> 12 & 1023, clock >> 6 & 63, clock & 63, magnitude & 0xffffff, t);
  return is_clock && clock >> 22 == 0 && t.hour <= 838;
}

// The fraction after the whole part: 0 to 3 bytes, big endian.
inline std::uint32_t fraction_of(const char* at, unsigned digits) {
  switch (digits) {
    case 0:
      return 0;
    case 1:
    case 2:
      return static_cast<std::uint8_t>(*at) * 10000u;
    case 3:
    case 4:
      return static_cast<std::uint32_t>(big<2>(at)) * 100u;
    default:
      return static_cast<std::uint32_t>(big<3>(at));
  }
}

// TIME(digits) since MySQL 5.6: 3 bytes and the fraction, one number with an offset, so that bytes sort as times do.
inline bool time2_of(const char* at, unsigned digits, bool& negative, model::TimeParts& t) {
  std::int64_t whole = static_cast<std::int64_t>(big<3>(at)) - 0x800000;
  std::int64_t packed = 0;
  switch (digits) {
    case 0:
      packed = whole * (1 << 24);
      break;
    case 1:
    case 2: {
      std::int64_t fraction = static_cast<std::uint8_t>(at[3]);
      if (whole < 0 && fraction != 0) {
        ++whole;
        fraction -= 0x100;
      }
      packed = whole * (1 << 24) + fraction * 10000;
      break;
    }
    case 3:
    case 4: {
      auto fraction = static_cast<std::int64_t>(big<2>(at + 3));
      if (whole < 0 && fraction != 0) {
        ++whole;
        fraction -= 0x10000;
      }
      packed = whole * (1 << 24) + fraction * 100;
      break;
    }
    default:
      packed = static_cast<std::int64_t>(big<6>(at)) - 0x800000000000;
      break;
  }
  return time_of(packed, negative, t);
}

// TIME before 5.6: hhmmss as a signed number of 3 bytes.
inline bool time3_of(const char* at, bool& negative, model::TimeParts& t) {
  const auto stored = static_cast<std::int32_t>(little<3>(at) << 8) >> 8;
  negative = stored < 0;
  const auto number = static_cast<std::uint32_t>(negative ? -stored : stored);
  set_date(0, 0, 0, t);
  return set_clock(number / 10000, number / 100 % 100, number % 100, 0, t) && t.hour <= 838;
}

// DATETIME before 5.6: yyyymmddhhmmss as a number of 8 bytes.
inline bool datetime8_of(std::uint64_t number, model::TimeParts& t) {
  if (number > 99991231235959) return false;
  const std::uint64_t date = number / 1000000;
  const std::uint64_t clock = number % 1000000;
  const bool is_date = set_date(date / 10000, date / 100 % 100, date % 100, t);
  const bool is_clock = set_clock(clock / 10000, clock / 100 % 100, clock % 100, 0, t);
  return is_date && is_clock && t.hour < 24;
}

// MariaDB 5.3 to 10.0, and later with mysql56_temporal_format = OFF: one big-endian number in units of the last digit.
inline constexpr std::uint8_t time_hires_bytes[7] = {3, 4, 4, 5, 5, 5, 6};
inline constexpr std::uint8_t datetime_hires_bytes[7] = {5, 6, 6, 7, 7, 7, 8};
inline constexpr std::uint8_t timestamp_hires_bytes[7] = {4, 5, 5, 6, 6, 7, 7};
inline constexpr std::uint32_t micros_per_unit[7] = {1000000, 100000, 10000, 1000, 100, 10, 1};

inline std::uint64_t big_of(const char* at, unsigned bytes) {
  std::uint64_t number = 0;
  for (unsigned i = 0; i < bytes; ++i) number = number << 8 | static_cast<std::uint8_t>(at[i]);
  return number;
}

inline bool time_hires_of(const char* at, unsigned digits, bool& negative, model::TimeParts& t) {
  constexpr std::int64_t zero_seconds = 838 * 3600 + 59 * 60 + 59 + 1;
  const std::int64_t per_second = micros_per_second / micros_per_unit[digits];
  std::int64_t units = static_cast<std::int64_t>(big_of(at, time_hires_bytes[digits])) - zero_seconds * per_second;
  negative = units < 0;
  if (negative) units = -units;
  const auto seconds = static_cast<std::uint64_t>(units / per_second);
  const auto micros = static_cast<std::uint64_t>(units % per_second) * micros_per_unit[digits];
  set_date(0, 0, 0, t);
  return set_clock(seconds / 3600, seconds / 60 % 60, seconds % 60, micros, t) && seconds < zero_seconds;
}

inline bool datetime_hires_of(const char* at, unsigned digits, model::TimeParts& t) {
  std::uint64_t number = big_of(at, datetime_hires_bytes[digits]);
  const std::uint64_t per_second = micros_per_second / micros_per_unit[digits];
  const std::uint64_t micros = number % per_second * micros_per_unit[digits];
  number /= per_second;
  const std::uint64_t second = number % 60;
  number /= 60;
  const std::uint64_t minute = number % 60;
  number /= 60;
  const std::uint64_t hour = number % 24;
  number /= 24;
  const std::uint64_t day = number % 32;
  number /= 32;
  const bool is_date = set_date(number / 13, number % 13, day, t);
  return set_clock(hour, minute, second, micros, t) && is_date;
}

}  // namespace tributary::source
