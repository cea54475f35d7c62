#include "encode/number_bytes.h"

#include <array>
#include <charconv>

namespace tributary::encode {

std::size_t unscaled_bytes(std::string_view text, std::uint8_t scale, char* to) {
  const bool is_negative = !text.empty() && text.front() == '-';
  if (is_negative) text.remove_prefix(1);
  if (scale != 0) {
    if (text.size() < std::size_t{scale} + 2 || text[text.size() - scale - 1] != '.') return 0;
  }
  const std::size_t digits = text.size() - (scale != 0 ? 1 : 0);
  if (digits == 0 || digits > 66) return 0;

  // Nine digits at a time into words of 32 bits, the lowest first. 66 digits need 220 bits.
  std::array<std::uint32_t, 8> words{};
  std::size_t used = 1;
  std::uint32_t group = 0, base = 1;
  const auto take_group = [&] {
    std::uint64_t carry = group;
    for (std::size_t i = 0; i < used; ++i) {
      carry += std::uint64_t{words[i]} * base;
      words[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) words[used++] = static_cast<std::uint32_t>(carry);
    group = 0;
    base = 1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (scale != 0 && i == text.size() - scale - 1) continue;
    const char c = text[i];
    if (c < '0' || c > '9') return 0;
    group = group * 10 + static_cast<std::uint32_t>(c - '0');
    base *= 10;
    if (base == 1'000'000'000) take_group();
  }
  take_group();

  if (is_negative) {
    std::uint64_t carry = 1;
    for (std::uint32_t& word : words) {
      carry += static_cast<std::uint32_t>(~word);
      word = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
  }
  std::array<std::uint8_t, 32> bytes;
  for (std::size_t i = 0; i < 32; ++i) bytes[31 - i] = static_cast<std::uint8_t>(words[i / 4] >> (8 * (i % 4)));
  // Leading bytes that only repeat the sign are left out.
  const std::uint8_t filler = (bytes[0] & 0x80) != 0 ? 0xFF : 0;
  std::size_t from = 0;
  while (from < 31 && bytes[from] == filler && (bytes[from + 1] & 0x80) == (filler & 0x80)) ++from;
  for (std::size_t i = from; i < 32; ++i) to[i - from] = static_cast<char>(bytes[i]);
  return 32 - from;
}

std::optional<Integer64> integer_of(const model::Value& value) {
  switch (value.kind) {
    case model::ValueKind::integer:
      return Integer64{static_cast<std::uint64_t>(value.i), value.i < 0};
    case model::ValueKind::integer_unsigned:
      return Integer64{value.u, false};
    case model::ValueKind::integer_text: {
      const char* end = value.text.data() + value.text.size();
      if (!value.text.empty() && value.text.front() == '-') {
        std::int64_t number = 0;
        const auto read = std::from_chars(value.text.data(), end, number);
        if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
        return Integer64{static_cast<std::uint64_t>(number), number < 0};
      }
      std::uint64_t number = 0;
      const auto read = std::from_chars(value.text.data(), end, number);
      if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
      return Integer64{number, false};
    }
    default:
      return std::nullopt;
  }
}

std::int64_t days_since_epoch(std::int32_t year, std::uint32_t month, std::uint32_t day) {
  // Years begin in March, so that a leap day ends one.
  const std::int64_t y = std::int64_t{year} - (month <= 2 ? 1 : 0);
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

bool is_in_calendar(const model::TimeParts& t) {
  if (t.month < 1 || t.month > 12 || t.day < 1) return false;
  constexpr std::uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = t.year % 4 == 0 && (t.year % 100 != 0 || t.year % 400 == 0);
  return t.day <= days[t.month - 1] + (t.month == 2 && is_leap ? 1 : 0);
}

std::int64_t micros_of_day(const model::TimeParts& t) {
  return ((std::int64_t{t.hour} * 60 + t.minute) * 60 + t.second) * 1'000'000 + t.micros;
}

std::int64_t micros_since_epoch(const model::TimeParts& t) {
  return days_since_epoch(t.year, t.month, t.day) * 86'400'000'000 + micros_of_day(t);
}

}  // namespace tributary::encode
