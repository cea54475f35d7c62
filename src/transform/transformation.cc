#include "transform/transformation.h"

#include <fnmatch.h>

#include <algorithm>

namespace tributary::transform {

std::string_view Scripts::of(std::string_view database, std::string_view table) const {
  if (tables.empty()) return text;
  const std::string name = std::string(database) + "." + std::string(table);
  if (const auto exact = std::ranges::find(tables, name, &OfTables::tables); exact != tables.end()) return exact->text;
  const auto found =
      std::ranges::find_if(tables, [&](const OfTables& t) { return fnmatch(t.tables.c_str(), name.c_str(), 0) == 0; });
  return found == tables.end() ? std::string_view(text) : std::string_view(found->text);
}

}  // namespace tributary::transform
