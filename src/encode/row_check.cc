#include "encode/row_check.h"

#include <fmt/format.h>

namespace tributary::encode {
namespace {

using base::ErrorCode;
using model::Operation;
using model::Value;
using model::ValueKind;

std::string table_name(const model::TableSchema& schema) { return schema.database + "." + schema.table; }

std::string describe(const Value& value) {
  switch (value.kind) {
    case ValueKind::absent:
      return "no value";
    case ValueKind::integer:
      return fmt::format("the integer {}", value.i);
    case ValueKind::integer_unsigned:
      return fmt::format("the integer {}", value.u);
    case ValueKind::integer_text:
      return fmt::format("the integer text of {} bytes", value.text.size());
    case ValueKind::decimal_text:
      return fmt::format("the decimal text of {} bytes", value.text.size());
    case ValueKind::real:
      return fmt::format("the number {}", value.d);
    case ValueKind::bytes:
      return fmt::format("a string of {} bytes", value.text.size());
    case ValueKind::date:
      return "a date";
    case ValueKind::time:
      return "a time";
    case ValueKind::datetime:
      return "a datetime";
    case ValueKind::timestamp:
      return "a timestamp";
    case ValueKind::year:
      return "a year";
    case ValueKind::null:
      break;
  }
  return "null";
}

[[gnu::cold]] base::Result<Images> wrong_size(const model::TableSchema& schema, std::size_t before, std::size_t after) {
  return base::fail(ErrorCode::data_schema_mismatch,
                    fmt::format("a row of {} and {} values for {} columns", before, after, schema.columns.size()),
                    table_name(schema));
}

}  // namespace

base::Result<Images> images_of(Operation operation, const model::TableSchema& schema, std::span<const Value> before,
                               std::span<const Value> after) {
  Images images;
  switch (operation) {
    case Operation::insert:
    case Operation::init:
      images.after = true;
      break;
    case Operation::update:
      images.before = images.after = true;
      break;
    case Operation::delete_:
      images.before = true;
      break;
    default:
      return base::fail(ErrorCode::internal, fmt::format("{} is no change of a row", model::to_string(operation)),
                        table_name(schema));
  }
  const std::size_t columns = schema.columns.size();
  if ((images.before && before.size() != columns) || (images.after && after.size() != columns)) [[unlikely]] {
    return wrong_size(schema, before.size(), after.size());
  }
  return images;
}

base::Status misfit(const model::TableSchema& schema, std::uint32_t column, const Value& value) {
  const model::Column& of = schema.columns[column];
  const std::string declared =
      of.declared_type.empty() ? std::string(model::to_string(of.type)) : std::string(of.declared_type);
  return base::fail(ErrorCode::data_schema_mismatch, describe(value) + " for a column of type " + declared,
                    table_name(schema) + "." + of.name);
}

}  // namespace tributary::encode
