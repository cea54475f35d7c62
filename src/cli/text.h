// Text for a terminal: how wide it is, how to make it fit, numbers and times for people. Pure functions. Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::cli {

// Columns a terminal uses for it: 2 for East Asian wide characters and emoji, 0 for combining marks.
int display_width(std::string_view text);
// Cut to at most `width` columns, the last one an ellipsis if something is cut.
std::string shorten(std::string_view text, int width);
// Shortened and filled up with spaces to exactly `width`.
std::string left(std::string_view text, int width);
std::string right(std::string_view text, int width);
// Control characters as \n, \t, \xNN, broken UTF-8 as U+FFFD: safe to print on one line.
std::string printable(std::string_view text);

std::string with_commas(std::uint64_t number);                 // 1,234,567
std::string human_bytes(double bytes);                         // 512 B, 36.2 MB
std::string human_duration(std::int64_t ms);                   // 0:04, 12:31, 1:02:03, 3d 04:05:06
std::string human_delay(std::int64_t ms);                      // 35 ms, 1.4 s, 12:31
std::string percent(std::uint64_t part, std::uint64_t whole);  // "61 %"; 100 only when nothing is left
// Lines with columns as wide as their widest cell; the last one is not filled up.
std::string in_columns(const std::vector<std::vector<std::string>>& rows);
// 2026-11-22 14:00:00, UTC.
std::string utc_text(std::int64_t seconds);
// 2026-11-22T14:00:00Z.
std::string rfc3339(std::int64_t seconds);

}  // namespace tributary::cli
