#include "front/routing.h"

#include <array>
#include <charconv>
#include <chrono>

#include "front/token.h"

namespace tributary::lab {

namespace {

constexpr std::array<std::string_view, 6> names = {"", "hash", "week", "mm", "dd", "mmdd"};

std::optional<std::chrono::year_month_day> parse_date(std::string_view text) {
  int parts[3] = {};
  int part = 0;
  std::size_t digits = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      parts[part] = parts[part] * 10 + (c - '0');
      ++digits;
      // 20240229 has no separators: year 4 digits, then 2 and 2.
      if (part == 0 && digits == 4 && text.size() >= 8 && text[4] >= '0' && text[4] <= '9')
        ++part;
      else if (part == 1 && digits == 6 && text.size() >= 8 && text[4] >= '0' && text[4] <= '9')
        ++part;
      else if (part == 2 && digits == 8)
        break;
    } else if (digits == 0 || part == 2) {
      break;
    } else {
      ++part;
    }
  }
  const std::chrono::year_month_day date{std::chrono::year(parts[0]),
                                         std::chrono::month(static_cast<unsigned>(parts[1])),
                                         std::chrono::day(static_cast<unsigned>(parts[2]))};
  if (part != 2) return std::nullopt;
  return date;
}

}  // namespace

std::string_view to_string(ShardFunction function) { return names[static_cast<std::size_t>(function)]; }

std::optional<ShardFunction> shard_function(std::string_view name) {
  for (std::size_t i = 1; i < names.size(); ++i)
    if (same_name(name, names[i])) return static_cast<ShardFunction>(i);
  return std::nullopt;
}

std::int32_t java_hash_code(std::string_view utf8) {
  std::uint32_t hash = 0;
  const auto unit = [&](std::uint32_t c) { hash = hash * 31 + c; };
  for (std::size_t at = 0; at < utf8.size();) {
    const auto byte = [&](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(utf8[at + i]));
    };
    const std::uint32_t first = byte(0);
    const std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
    if (length == 1 || at + length > utf8.size()) {
      unit(first);
      ++at;
      continue;
    }
    std::uint32_t code = first & (0xFFu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) code = code << 6 | (byte(i) & 0x3F);
    if (code >= 0x10000) {
      unit(0xD800 + ((code - 0x10000) >> 10));
      unit(0xDC00 + ((code - 0x10000) & 0x3FF));
    } else {
      unit(code);
    }
    at += length;
  }
  return static_cast<std::int32_t>(hash);
}

std::uint64_t hash_magnitude(const KeyValue& value, bool integer_key) {
  if (value.null) return 0;
  if (integer_key) {
    std::string_view text = value.text;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) return number;
  }
  const std::int64_t hash = java_hash_code(value.text);
  return static_cast<std::uint64_t>(hash < 0 ? -hash : hash);
}

std::optional<int> date_slot(ShardFunction function, const KeyValue& value, int count) {
  using namespace std::chrono;
  if (value.null) return 0;
  const auto date = parse_date(value.text);
  if (!date) return std::nullopt;
  // Zero dates are legal values: they have no calendar day, so they go to slot 0.
  if (!date->ok()) return 0;
  switch (function) {
    case ShardFunction::week:
      return static_cast<int>(weekday(sys_days(*date)).c_encoding() + 1) % 7 % count;
    case ShardFunction::mm:
      return static_cast<int>(static_cast<unsigned>(date->month())) % count;
    case ShardFunction::dd:
      return static_cast<int>(static_cast<unsigned>(date->day())) % count;
    case ShardFunction::mmdd:
      return static_cast<int>((sys_days(*date) - sys_days(date->year() / January / 1)).count() + 1) % count;
    default:
      return std::nullopt;
  }
}

}  // namespace tributary::lab
