// Logging for people and machines: levels, a line of text, key=value pairs the caller formats. Secrets are never
// passed. Threads: any.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace tributary::base::log {

enum class Level { debug, info, warn, error };

// Logs go to standard error; json makes each line an object. Until called: level warn, text.
void configure(Level level, bool json);
bool enabled(Level level);
void write(Level level, std::string_view message);

template <typename... A>
void debug(fmt::format_string<A...> format, A&&... args) {
  if (enabled(Level::debug)) write(Level::debug, fmt::format(format, std::forward<A>(args)...));
}
template <typename... A>
void info(fmt::format_string<A...> format, A&&... args) {
  if (enabled(Level::info)) write(Level::info, fmt::format(format, std::forward<A>(args)...));
}
template <typename... A>
void warn(fmt::format_string<A...> format, A&&... args) {
  if (enabled(Level::warn)) write(Level::warn, fmt::format(format, std::forward<A>(args)...));
}
template <typename... A>
void error(fmt::format_string<A...> format, A&&... args) {
  if (enabled(Level::error)) write(Level::error, fmt::format(format, std::forward<A>(args)...));
}

}  // namespace tributary::base::log
