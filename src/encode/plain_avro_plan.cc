#include "encode/plain_avro_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "encode/json_values.h"

namespace tributary::encode {
namespace {

using model::Column;
using model::ColumnType;

constexpr std::string_view added_fields[] = {"__op", "__id", "__ts_ms", "__read_ts_ms", "__position", "__gtid"};

AvroForm form_of(const Column& column, const PlainAvroOptions& options) {
  switch (column.type) {
    case ColumnType::tinyint:
    case ColumnType::smallint:
    case ColumnType::mediumint:
      return AvroForm::int_;
    case ColumnType::int_:
      return column.is_unsigned ? AvroForm::long_ : AvroForm::int_;
    case ColumnType::bigint:
      return column.is_unsigned ? AvroForm::big_number : AvroForm::long_;
    case ColumnType::decimal:
      return AvroForm::decimal;
    case ColumnType::float_:
      return AvroForm::float_;
    case ColumnType::double_:
      return AvroForm::double_;
    case ColumnType::bit:
      return column.length <= 1 ? AvroForm::boolean : AvroForm::bits;
    case ColumnType::year:
      return AvroForm::year;
    case ColumnType::date:
      return AvroForm::date;
    case ColumnType::time:
      return options.time_of_day ? AvroForm::time_of_day : AvroForm::time;
    case ColumnType::datetime:
      return AvroForm::datetime;
    case ColumnType::timestamp:
      return AvroForm::timestamp;
    case ColumnType::enum_:
      return AvroForm::label;
    case ColumnType::set:
      return AvroForm::labels;
    default:
      return text_charset(column) != nullptr ? AvroForm::text : AvroForm::binary;
  }
}

// These have zero values, which are no date: they become null.
bool may_be_zero(AvroForm form) {
  return form == AvroForm::date || form == AvroForm::datetime || form == AvroForm::timestamp;
}

std::string logical(std::string_view type, std::string_view logical_type) {
  return fmt::format(R"({{"type":"{}","logicalType":"{}"}})", type, logical_type);
}

std::string type_of(const AvroColumn& column, const Column& of) {
  switch (column.form) {
    case AvroForm::int_:
    case AvroForm::year:
      return R"("int")";
    case AvroForm::long_:
    case AvroForm::time:
      return R"("long")";
    case AvroForm::big_number:
      return R"({"type":"bytes","logicalType":"decimal","precision":20,"scale":0})";
    case AvroForm::decimal:
      return fmt::format(R"({{"type":"bytes","logicalType":"decimal","precision":{},"scale":{}}})", of.precision,
                         of.scale);
    case AvroForm::float_:
      return R"("float")";
    case AvroForm::double_:
      return R"("double")";
    case AvroForm::boolean:
      return R"("boolean")";
    case AvroForm::bits:
    case AvroForm::binary:
      return R"("bytes")";
    case AvroForm::date:
      return logical("int", "date");
    case AvroForm::time_of_day:
      return logical("long", "time-micros");
    case AvroForm::datetime:
      return logical("long", "local-timestamp-micros");
    case AvroForm::timestamp:
      return logical("long", "timestamp-micros");
    case AvroForm::text:
    case AvroForm::label:
    case AvroForm::labels:
      return R"("string")";
  }
  return {};
}

// A name that no other field has.
std::string unused_name(const std::string& wanted, std::set<std::string>& used) {
  std::string name = wanted;
  for (int number = 2; !used.insert(name).second; ++number) name = fmt::format("{}_{}", wanted, number);
  return name;
}

AvroColumn plan_column(const model::TableSchema& schema, std::uint32_t index, const PlainAvroOptions& options,
                       std::set<std::string>& used) {
  const Column& column = schema.columns[index];
  AvroColumn plan;
  plan.name = unused_name(avro_name(column.name), used);
  plan.form = form_of(column, options);
  plan.is_nullable = column.is_nullable || options.every_column_nullable || may_be_zero(plan.form);
  plan.scale = column.scale;
  plan.source = index;
  plan.bit_bytes = std::clamp((column.length + 7) / 8, 1U, 8U);
  plan.charset = text_charset(column);
  plan.labels = column.labels;
  if (plan.form == AvroForm::label) plan.labels.insert(plan.labels.begin(), std::string());
  return plan;
}

std::string fields_of(const model::TableSchema& schema, const std::vector<AvroColumn>& columns) {
  std::string fields;
  for (const AvroColumn& column : columns) {
    const Column& of = schema.columns[column.source];
    const std::string type = type_of(column, of);
    fields += fmt::format(R"({}{{"name":"{}","type":)", fields.empty() ? "" : ",", column.name);
    fields += column.is_nullable ? fmt::format(R"(["null",{}],"default":null)", type) : type;
    if (column.name != of.name) fields += R"(,"mysqlName":)" + json::quoted(of.name);
    fields += '}';
  }
  return fields;
}

std::string name_space(const model::TableSchema& schema, const PlainAvroOptions& options) {
  std::string name = options.namespace_prefix;
  if (!name.empty()) name += '.';
  return name + avro_name(schema.database) + "." + avro_name(schema.table);
}

// One character of UTF-8 at the front, taken off; a byte that is none is taken as its number.
std::uint32_t take_character(std::string_view& text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  std::size_t size = lead >= 0xF8 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  const auto is_inside = [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0U) == 0x80; };
  if (text.size() < size || !std::ranges::all_of(text.substr(1, size - 1), is_inside)) size = 1;
  std::uint32_t character = size == 1 ? lead : lead & (0x7FU >> size);
  for (const char c : text.substr(1, size - 1)) character = character << 6 | (static_cast<std::uint8_t>(c) & 0x3FU);
  text.remove_prefix(size);
  return character;
}

}  // namespace

std::string avro_name(std::string_view name) {
  std::string legal;
  while (!name.empty()) {
    const std::uint32_t c = take_character(name);
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (is_letter || (c >= '0' && c <= '9' && !legal.empty())) {
      legal += static_cast<char>(c);
    } else {
      legal += fmt::format("_u{:04x}", c);
    }
  }
  return legal.empty() ? "_" : legal;
}

std::vector<AvroColumn> plan_avro_columns(const model::TableSchema& schema, const PlainAvroOptions& options) {
  std::set<std::string> used(std::begin(added_fields), std::end(added_fields));
  std::vector<AvroColumn> columns;
  for (std::uint32_t index = 0; index < schema.columns.size(); ++index) {
    if (!schema.columns[index].is_hidden) columns.push_back(plan_column(schema, index, options, used));
  }
  return columns;
}

std::vector<AvroColumn> plan_avro_key(const model::TableSchema& schema, const PlainAvroOptions& options) {
  std::vector<AvroColumn> columns;
  // A column has the name it has in the value.
  const std::vector<AvroColumn> all = plan_avro_columns(schema, options);
  for (const std::uint32_t index : schema.key_columns()) {
    const auto found = std::ranges::find(all, index, &AvroColumn::source);
    if (found != all.end()) columns.push_back(*found);
  }
  return columns;
}

PlainAvroSchemas plain_avro_schemas(const model::TableSchema& schema, const PlainAvroOptions& options) {
  const std::string space = name_space(schema, options);
  PlainAvroSchemas schemas;
  schemas.value_name = space + ".Value";
  const std::string fields = fields_of(schema, plan_avro_columns(schema, options));
  schemas.value = fmt::format(
      R"({{"type":"record","name":"Value","namespace":"{}","fields":[{}{}{{"name":"__op","type":"string"}},)"
      R"({{"name":"__id","type":"long"}},{{"name":"__ts_ms","type":"long"}},{{"name":"__read_ts_ms","type":"long"}},)"
      R"({{"name":"__position","type":"string"}},{{"name":"__gtid","type":["null","string"],"default":null}}]}})",
      space, fields, fields.empty() ? "" : ",");
  const std::vector<AvroColumn> key = plan_avro_key(schema, options);
  if (!key.empty()) {
    schemas.key_name = space + ".Key";
    schemas.key = fmt::format(R"({{"type":"record","name":"Key","namespace":"{}","fields":[{}]}})", space,
                              fields_of(schema, key));
  }
  return schemas;
}

}  // namespace tributary::encode
