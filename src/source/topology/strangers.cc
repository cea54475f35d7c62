#include "source/topology/strangers.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "source/topology/assembly.h"

namespace tributary::source {

bool is_system_table(std::string_view table) {
  return table.starts_with("__drds_") || table.starts_with("__polar") || table.starts_with("__DRDS_") ||
         is_recycled(table);
}

bool may_make_table(std::string_view sql) {
  constexpr std::size_t looked_at = 4096;  // names stand at a statement's beginning
  std::string text(sql.substr(0, looked_at));
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string_view rest = text;
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
    if (!rest.starts_with("/*") || rest.starts_with("/*!")) break;
    rest.remove_prefix(std::min(rest.find("*/"), rest.size() - 2) + 2);
  }
  if (rest.find("__drds_") != std::string_view::npos) return false;
  if (rest.starts_with("create")) return rest.find("table") != std::string_view::npos;
  if (rest.starts_with("rename")) return true;
  return rest.starts_with("alter") && rest.find("rename") != std::string_view::npos;
}

}  // namespace tributary::source
