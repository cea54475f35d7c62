#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "task/utf8.h"

namespace tributary::cli {
namespace {

struct Decoded {
  char32_t code = 0xFFFD;
  std::size_t length = 1;
  bool valid = false;
};

Decoded decode(std::string_view text) {
  const std::size_t length = task::utf8_length(text, 0);
  if (length == 0) return {};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (length == 1) return {byte(0), 1, true};
  char32_t code = byte(0) & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) code = code << 6 | (byte(i) & 0x3F);
  return {code, length, true};
}

struct CodeRange {
  char32_t first, last;
};
// Unicode 15, EastAsianWidth W and F, and the emoji blocks terminals draw wide.
constexpr CodeRange wide[] = {CodeRange{0x1100, 0x115F}, {0x231A, 0x231B},  {0x2E80, 0x303E},   {0x3041, 0xA4CF},
                              {0xA960, 0xA97C},          {0xAC00, 0xD7A3},  {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
                              {0xFF00, 0xFF60},          {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
                              {0x1F900, 0x1FAFF},        {0x20000, 0x3FFFD}};
constexpr CodeRange zero[] = {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};

template <std::size_t N>
bool is_in(const CodeRange (&ranges)[N], char32_t code) {
  return std::ranges::any_of(ranges, [&](const CodeRange& r) { return code >= r.first && code <= r.last; });
}

int columns_of(char32_t code) { return is_in(zero, code) ? 0 : is_in(wide, code) ? 2 : 1; }

std::chrono::year_month_day date_of(std::int64_t days) {
  return std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(days)));
}

std::string time_text(std::int64_t seconds, std::string_view between, std::string_view behind) {
  constexpr std::int64_t furthest = 253'402'300'799;  // 9999-12-31 23:59:59
  seconds = std::clamp<std::int64_t>(seconds, -62'135'596'800, furthest);
  const std::int64_t days = seconds >= 0 ? seconds / 86'400 : -((-seconds + 86'399) / 86'400);
  const std::int64_t rest = seconds - days * 86'400;
  const auto date = date_of(days);
  return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}{}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), between, rest / 3600,
                     rest / 60 % 60, rest % 60, behind);
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Decoded next = decode(text);
    width += columns_of(next.code);
    text.remove_prefix(next.length);
  }
  return width;
}

std::string shorten(std::string_view text, int width) {
  if (width <= 0) return {};
  if (display_width(text) <= width) return std::string(text);
  std::size_t kept = 0;
  int used = 0;
  while (kept < text.size()) {
    const Decoded next = decode(text.substr(kept));
    if (used + columns_of(next.code) > width - 1) break;
    used += columns_of(next.code);
    kept += next.length;
  }
  return std::string(text.substr(0, kept)) + "…";
}

std::string left(std::string_view text, int width) {
  std::string out = shorten(text, width);
  out.append(static_cast<std::size_t>(std::max(0, width - display_width(out))), ' ');
  return out;
}

std::string right(std::string_view text, int width) {
  const std::string out = shorten(text, width);
  return std::string(static_cast<std::size_t>(std::max(0, width - display_width(out))), ' ') + out;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Decoded next = decode(text);
    const bool is_control = next.code < 0x20 || (next.code >= 0x7F && next.code < 0xA0) ||
                            (next.code >= 0x202A && next.code <= 0x202E) ||  // overrides of the reading direction
                            (next.code >= 0x2066 && next.code <= 0x2069);
    if (!next.valid)
      out += "\xEF\xBF\xBD";
    else if (next.code == '\n')
      out += "\\n";
    else if (next.code == '\r')
      out += "\\r";
    else if (next.code == '\t')
      out += "\\t";
    else if (is_control)
      out += next.code < 0x100 ? fmt::format("\\x{:02x}", static_cast<unsigned>(next.code))
                               : fmt::format("\\u{:04x}", static_cast<unsigned>(next.code));
    else
      out += text.substr(0, next.length);
    text.remove_prefix(next.length);
  }
  return out;
}

std::string with_commas(std::uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string human_bytes(double bytes) {
  static constexpr std::string_view units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < std::size(units)) {
    bytes /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 99.95 ? 0 : 1, units[unit]);
}

std::string human_duration(std::int64_t ms) {
  const std::int64_t seconds = std::max<std::int64_t>(ms, 0) / 1000;
  const std::int64_t days = seconds / 86'400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
  if (days > 0) return fmt::format("{}d {:02}:{:02}:{:02}", days, hours, minutes, seconds % 60);
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, seconds % 60);
  return fmt::format("{}:{:02}", minutes, seconds % 60);
}

std::string human_delay(std::int64_t ms) {
  if (ms < 1000) return fmt::format("{} ms", std::max<std::int64_t>(ms, 0));
  if (ms < 60'000) return fmt::format("{}.{} s", ms / 1000, ms / 100 % 10);
  return human_duration(ms);
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "";
  const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return fmt::format("{} %", part >= whole ? 100 : std::min(99, static_cast<int>(share)));
}

std::string utc_text(std::int64_t seconds) { return time_text(seconds, " ", ""); }
std::string rfc3339(std::int64_t seconds) { return time_text(seconds, "T", "Z"); }

std::string in_columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<int> width;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == width.size()) width.push_back(0);
      width[i] = std::max(width[i], display_width(row[i]));
    }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      out += i + 1 < row.size() ? left(row[i], width[i]) + "  " : printable(row[i]);
    out += '\n';
  }
  return out;
}

}  // namespace tributary::cli
