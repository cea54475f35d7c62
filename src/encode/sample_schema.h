// Builds table schemas in tests and benchmarks.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/schema.h"

namespace tributary::encode {

struct ColumnDetails {
  bool is_unsigned = false;
  bool is_hidden = false;
  std::uint32_t length = 0;
  std::uint8_t precision = 0;
  std::uint8_t scale = 0;
  std::string charset = {};
  std::vector<std::string> labels = {};
  std::uint8_t fraction_digits = 0;
  std::string declared = {};
  bool is_nullable = true;
};

class SchemaBuilder {
 public:
  SchemaBuilder(std::string database, std::string table) {
    schema_.database = std::move(database);
    schema_.table = std::move(table);
  }
  SchemaBuilder& add(std::string name, model::ColumnType type, ColumnDetails more = {}) {
    model::Column column;
    column.name = std::move(name);
    column.type = type;
    column.is_unsigned = more.is_unsigned;
    column.is_hidden = more.is_hidden;
    column.length = more.length;
    column.precision = more.precision;
    column.scale = more.scale;
    column.charset = more.charset.empty() ? "utf8mb4" : std::move(more.charset);
    column.labels = std::move(more.labels);
    column.fraction_digits = more.fraction_digits;
    column.declared_type = std::move(more.declared);
    column.is_nullable = more.is_nullable;
    schema_.columns.push_back(std::move(column));
    return *this;
  }
  SchemaBuilder& primary(std::vector<std::uint32_t> columns) {
    schema_.identity = columns;
    schema_.keys.push_back({"PRIMARY", true, std::move(columns)});
    return *this;
  }
  SchemaBuilder& unique(std::string name, std::vector<std::uint32_t> columns) {
    schema_.keys.push_back({std::move(name), false, std::move(columns)});
    return *this;
  }
  SchemaBuilder& hidden_identity(std::uint32_t column) {
    schema_.identity = {column};
    schema_.identity_is_hidden = true;
    return *this;
  }
  SchemaBuilder& version(std::uint32_t version) {
    schema_.version = version;
    return *this;
  }
  model::TableSchemaPtr build() const { return std::make_shared<const model::TableSchema>(schema_); }

 private:
  model::TableSchema schema_;
};

}  // namespace tributary::encode
