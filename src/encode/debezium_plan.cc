#include "encode/debezium_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/put_raw.h"
#include "encode/json_values.h"
#include "model/text.h"

namespace tributary::encode {
namespace {

using model::Column;
using model::ColumnType;
using Decimals = DebeziumJsonOptions::Decimals;

DebeziumForm integer_form(const Column& column, const DebeziumJsonOptions& options) {
  if (column.type != ColumnType::bigint || !column.is_unsigned) return DebeziumForm::number;
  return options.unsigned_bigint_precise ? DebeziumForm::big_number : DebeziumForm::wrapped;
}

bool is_point(const Column& column) { return column.declared_type == "point"; }

DebeziumForm form_of(const Column& column, const DebeziumJsonOptions& options) {
  switch (column.type) {
    case ColumnType::tinyint:
    case ColumnType::smallint:
    case ColumnType::mediumint:
    case ColumnType::int_:
    case ColumnType::bigint:
      return integer_form(column, options);
    case ColumnType::decimal:
      return options.decimals == Decimals::precise ? DebeziumForm::decimal
             : options.decimals == Decimals::text  ? DebeziumForm::decimal_text
                                                   : DebeziumForm::decimal_real;
    case ColumnType::float_:
    case ColumnType::double_:
      return DebeziumForm::real;
    case ColumnType::bit:
      return column.length <= 1 ? DebeziumForm::boolean : DebeziumForm::bits;
    case ColumnType::year:
      return DebeziumForm::year;
    case ColumnType::date:
      return DebeziumForm::date;
    case ColumnType::time:
      return DebeziumForm::micro_time;
    case ColumnType::datetime:
      return column.fraction_digits <= 3 ? DebeziumForm::millis : DebeziumForm::micros;
    case ColumnType::timestamp:
      return DebeziumForm::zoned;
    case ColumnType::enum_:
      return DebeziumForm::label;
    case ColumnType::set:
      return DebeziumForm::labels;
    case ColumnType::geometry:
      return is_point(column) ? DebeziumForm::point : DebeziumForm::geometry;
    case ColumnType::vector:
      return DebeziumForm::float_vector;
    default:
      return text_charset(column) != nullptr ? DebeziumForm::text : DebeziumForm::binary;
  }
}

// A schema's members behind "type" and, for a struct, "fields".
std::string named(std::string_view name, std::string_view parameters = {}) {
  std::string text = fmt::format(R"(,"name":"{}","version":1)", name);
  if (!parameters.empty()) text += fmt::format(R"(,"parameters":{{{}}})", parameters);
  return text;
}

struct Literal {
  std::string type;
  std::string semantic;
  std::string parts = {};  // the fields of a struct, the items of an array
};

std::string decimal_parameters(unsigned scale, unsigned precision) {
  return fmt::format(R"("scale":"{}","connect.decimal.precision":"{}")", scale, precision);
}

std::string allowed_labels(const Column& column) {
  std::string joined;
  for (const std::string& label : column.labels) joined += (joined.empty() ? "" : ",") + label;
  return R"("allowed":)" + json::quoted(joined);
}

// INT has room for every MEDIUMINT; what is unsigned takes the next larger type.
std::string_view integer_type(const Column& column) {
  switch (column.type) {
    case ColumnType::tinyint:
      return "int16";
    case ColumnType::smallint:
      return column.is_unsigned ? "int32" : "int16";
    case ColumnType::mediumint:
      return "int32";
    case ColumnType::int_:
      return column.is_unsigned ? "int64" : "int32";
    default:
      return "int64";
  }
}

constexpr std::string_view decimal_name = "org.apache.kafka.connect.data.Decimal";

Literal literal_of(const Column& column, DebeziumForm form) {
  switch (form) {
    case DebeziumForm::number:
    case DebeziumForm::wrapped:
      return {std::string(integer_type(column)), {}};
    case DebeziumForm::big_number:
      return {"bytes", named(decimal_name, decimal_parameters(0, 20))};
    case DebeziumForm::decimal:
      return {"bytes", named(decimal_name, decimal_parameters(column.scale, column.precision))};
    case DebeziumForm::decimal_text:
      return {"string", {}};
    case DebeziumForm::decimal_real:
      return {"double", {}};
    case DebeziumForm::real:
      // FLOAT(M,D) is a double with Debezium.
      return {column.type == ColumnType::float_ && !column.declared_type.contains(',') ? "float" : "double", {}};
    case DebeziumForm::boolean:
      return {"boolean", {}};
    case DebeziumForm::bits:
      return {"bytes", named("io.debezium.data.Bits", fmt::format(R"("length":"{}")", column.length))};
    case DebeziumForm::year:
      return {"int32", named("io.debezium.time.Year")};
    case DebeziumForm::date:
      return {"int32", named("io.debezium.time.Date")};
    case DebeziumForm::micro_time:
      return {"int64", named("io.debezium.time.MicroTime")};
    case DebeziumForm::millis:
      return {"int64", named("io.debezium.time.Timestamp")};
    case DebeziumForm::micros:
      return {"int64", named("io.debezium.time.MicroTimestamp")};
    case DebeziumForm::zoned:
      return {"string", named("io.debezium.time.ZonedTimestamp")};
    case DebeziumForm::text:
      return {"string", column.type == ColumnType::json ? named("io.debezium.data.Json") : std::string()};
    case DebeziumForm::binary:
      return {"bytes", {}};
    case DebeziumForm::label:
      return {"string", named("io.debezium.data.Enum", allowed_labels(column))};
    case DebeziumForm::labels:
      return {"string", named("io.debezium.data.EnumSet", allowed_labels(column))};
    case DebeziumForm::geometry:
      return {"struct", named("io.debezium.data.geometry.Geometry"),
              R"(,"fields":[{"type":"bytes","optional":false,"field":"wkb"},)"
              R"({"type":"int32","optional":true,"field":"srid"}])"};
    case DebeziumForm::point:
      return {"struct", named("io.debezium.data.geometry.Point"),
              R"(,"fields":[{"type":"double","optional":false,"field":"x"},)"
              R"({"type":"double","optional":false,"field":"y"},{"type":"bytes","optional":true,"field":"wkb"},)"
              R"({"type":"int32","optional":true,"field":"srid"}])"};
    case DebeziumForm::float_vector:
      return {"array", named("io.debezium.data.FloatVector"), R"(,"items":{"type":"float","optional":false})"};
  }
  return {};
}

std::string column_schema(const Column& column, const DebeziumJsonOptions& options) {
  const Literal literal = literal_of(column, form_of(column, options));
  return fmt::format(R"({{"type":"{}"{},"optional":{}{},"field":{}}})", literal.type, literal.parts, column.is_nullable,
                     literal.semantic, json::quoted(column.name));
}

std::string schema_name(std::string_view prefix, const model::TableSchema& schema, std::string_view part) {
  return json::quoted(fmt::format("{}.{}.{}.{}", prefix, schema.database, schema.table, part));
}

constexpr std::string_view source_schema =
    R"({"type":"struct","fields":[{"type":"string","optional":false,"field":"version"},)"
    R"({"type":"string","optional":false,"field":"connector"},{"type":"string","optional":false,"field":"name"},)"
    R"({"type":"int64","optional":false,"field":"ts_ms"},{"type":"string","optional":true,)"
    R"("name":"io.debezium.data.Enum","version":1,"parameters":{"allowed":"true,last,false,incremental"},)"
    R"("default":"false","field":"snapshot"},{"type":"string","optional":false,"field":"db"},)"
    R"({"type":"string","optional":true,"field":"sequence"},{"type":"string","optional":true,"field":"table"},)"
    R"({"type":"int64","optional":false,"field":"server_id"},{"type":"string","optional":true,"field":"gtid"},)"
    R"({"type":"string","optional":false,"field":"file"},{"type":"int64","optional":false,"field":"pos"},)"
    R"({"type":"int32","optional":false,"field":"row"},{"type":"int64","optional":true,"field":"thread"},)"
    R"({"type":"string","optional":true,"field":"query"}],"optional":false,)"
    R"("name":"io.debezium.connector.mysql.Source","field":"source"})";

constexpr std::string_view transaction_schema =
    R"({"type":"struct","fields":[{"type":"string","optional":false,"field":"id"},)"
    R"({"type":"int64","optional":false,"field":"total_order"},)"
    R"({"type":"int64","optional":false,"field":"data_collection_order"}],"optional":true,)"
    R"("name":"event.block","version":1,"field":"transaction"})";

// Without a file name: {file number, offset} of "offset@file number".
std::pair<std::string_view, std::string_view> file_and_offset(std::string_view position) {
  const std::size_t at = position.find('@');
  if (at == std::string_view::npos) return {"", "0"};
  const std::string_view offset = position.substr(0, at);
  return {position.substr(at + 1), is_integer_text(offset) ? offset : "0"};
}

void add_number(base::Buffer& out, std::int64_t number) {
  out.commit(model::write_signed(out.ensure(model::text_bytes_max), number));
}

}  // namespace

DebeziumColumn plan_debezium_column(const model::TableSchema& schema, std::uint32_t index,
                                    const DebeziumJsonOptions& options) {
  const Column& column = schema.columns[index];
  DebeziumColumn plan;
  plan.name = json::quoted(column.name) + ":";
  plan.form = form_of(column, options);
  plan.is_nullable = column.is_nullable;
  plan.digits = column.type == ColumnType::decimal ? column.scale : column.fraction_digits;
  plan.source = index;
  plan.bit_bytes = std::clamp((column.length + 7) / 8, 1U, 8U);
  plan.charset = text_charset(column);
  if (plan.form == DebeziumForm::label || plan.form == DebeziumForm::labels) {
    plan.labels = json::inner_labels(column.labels);
    if (plan.form == DebeziumForm::label) plan.labels.insert(plan.labels.begin(), std::string());
  }
  return plan;
}

std::string debezium_value_schema(const model::TableSchema& schema, const DebeziumJsonOptions& options) {
  std::string fields;
  for (const Column& column : schema.columns) {
    if (column.is_hidden) continue;
    fields += (fields.empty() ? "" : ",") + column_schema(column, options);
  }
  const std::string row = fmt::format(R"({{"type":"struct","fields":[{}],"optional":true,"name":{},"field":)", fields,
                                      schema_name(options.topic_prefix, schema, "Value"));
  return fmt::format(R"({{"type":"struct","fields":[{}"before"}},{}"after"}},{},{{"type":"string","optional":false,)"
                     R"("field":"op"}},{{"type":"int64","optional":true,"field":"ts_ms"}},{}],"optional":false,)"
                     R"("name":{},"version":1}})",
                     row, row, source_schema, transaction_schema,
                     schema_name(options.topic_prefix, schema, "Envelope"));
}

std::string debezium_key_schema(const model::TableSchema& schema, const DebeziumJsonOptions& options) {
  std::string fields;
  for (const std::uint32_t index : schema.key_columns()) {
    fields += (fields.empty() ? "" : ",") + column_schema(schema.columns[index], options);
  }
  return fmt::format(R"({{"type":"struct","fields":[{}],"optional":false,"name":{}}})", fields,
                     schema_name(options.topic_prefix, schema, "Key"));
}

std::string debezium_ddl_schema() {
  return fmt::format(
      R"({{"type":"struct","fields":[{},{{"type":"int64","optional":false,"field":"ts_ms"}},)"
      R"({{"type":"string","optional":true,"field":"databaseName"}},{{"type":"string","optional":true,"field":"schemaName"}},)"
      R"({{"type":"string","optional":true,"field":"ddl"}},{{"type":"array","items":{{"type":"string","optional":true}},)"
      R"("optional":true,"field":"tableChanges"}}],"optional":false,)"
      R"("name":"io.debezium.connector.mysql.SchemaChangeValue","version":1}})",
      source_schema);
}

DebeziumSource::DebeziumSource(std::string_view database, std::string_view table, const DebeziumJsonOptions& options)
    : opening(fmt::format(R"("source":{{"version":{},"connector":"mysql","name":{},"ts_ms":)",
                          json::quoted(options.version), json::quoted(options.topic_prefix))),
      object(fmt::format(R"(","db":{},"sequence":null,"table":{},"server_id":)", json::quoted(database),
                         table.empty() ? std::string("null") : json::quoted(table))),
      base_name_dot(options.binlog_base_name.empty() ? std::string() : options.binlog_base_name + ".") {}

void DebeziumSource::add(const ChangeHeader& header, bool is_snapshot, base::Buffer& out) const {
  out.append(opening);
  add_number(out, header.timestamp_s * 1000);
  out.append(is_snapshot ? std::string_view(R"(,"snapshot":"true)") : R"(,"snapshot":"false)");
  out.append(object);
  add_number(out, header.server_id);
  if (header.gtid.empty()) {
    out.append(R"(,"gtid":null,"file":)");
  } else {
    out.append(R"(,"gtid":)");
    json::add_quoted(out, header.gtid);
    out.append(R"(,"file":)");
  }
  if (header.binlog_file.empty()) {
    const auto [number, offset] = file_and_offset(header.position);
    out.push_back('"');
    if (!base_name_dot.empty()) {
      out.append(base_name_dot);
      for (std::size_t digits = number.size(); digits < 6; ++digits) out.push_back('0');
    }
    out.append(number);
    out.append(R"(","pos":)");
    out.append(offset);
  } else {
    json::add_quoted(out, header.binlog_file);
    out.append(R"(,"pos":)");
    add_number(out, static_cast<std::int64_t>(header.binlog_offset));
  }
  out.append(R"(,"row":)");
  add_number(out, header.row_index);
  out.append(R"(,"thread":)");
  if (header.thread_id == 0) {
    out.append("null");
  } else {
    add_number(out, static_cast<std::int64_t>(header.thread_id));
  }
  out.append(R"(,"query":null})");
}

}  // namespace tributary::encode
