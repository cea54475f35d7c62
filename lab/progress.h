// Progress lines of the lab, on standard error. Threads: any; a line is written whole.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace tributary::lab {

// Never throws: standard error may be a pipe whose reader has gone.
template <typename... A>
void say(fmt::format_string<A...> format, A&&... args) {
  const auto line = "lab: " + fmt::format(format, std::forward<A>(args)...) + "\n";
  std::fputs(line.c_str(), stderr);
}

}  // namespace tributary::lab
