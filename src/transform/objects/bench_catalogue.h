// Catalogues for tests and benchmarks. Not for other folders.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "transform/objects/selection.h"

namespace tributary::transform {

// All columns int; the first one is the primary key unless there is to be none.
inline model::TableSchemaPtr table_of(std::string database, std::string table, std::vector<std::string> columns,
                                      bool has_key = true) {
  auto schema = std::make_shared<model::TableSchema>();
  schema->database = std::move(database);
  schema->table = std::move(table);
  for (std::string& name : columns) {
    model::Column& column = schema->columns.emplace_back();
    column.name = std::move(name);
    column.declared_type = "int";
  }
  if (has_key && !columns.empty()) {
    schema->keys.push_back({"PRIMARY", true, {0}});
    schema->identity = {0};
  }
  schema->version = model::schema_version(*schema);
  return schema;
}

}  // namespace tributary::transform
