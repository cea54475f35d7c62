#include "model/schema.h"

#include <fmt/format.h>
#include <zlib.h>

namespace tributary::model {

std::uint32_t schema_version(const TableSchema& schema) {
  std::string text = schema.database + "." + schema.table;
  for (const Column& column : schema.columns)
    if (!column.is_hidden) text += fmt::format(";{} {} {}", column.name, column.declared_type, column.charset);
  const auto* const bytes = reinterpret_cast<const Bytef*>(text.data());
  return static_cast<std::uint32_t>(crc32(0, bytes, static_cast<uInt>(text.size())));
}

}  // namespace tributary::model
