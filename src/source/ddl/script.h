// A file of statements cut into statements, as the command line clients do it: by `;` or what DELIMITER says, minding
// quotes and comments. Threads: free function.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace tributary::source {

struct ScriptStatement {
  std::string_view text;             // borrowed; from its first word to before the delimiter
  std::size_t line = 1, column = 1;  // of its first byte, counted from 1
};

// What follows the last delimiter is a statement too.
std::vector<ScriptStatement> split_script(std::string_view script);

}  // namespace tributary::source
