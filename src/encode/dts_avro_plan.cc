#include "encode/dts_avro_plan.h"

#include <algorithm>

#include "encode/avro_io.h"
#include "encode/json_values.h"

namespace tributary::encode {
namespace {

using model::Column;
using model::ColumnType;

// Branch indexes of the value union.
constexpr std::int32_t branch_integer = 1;
constexpr std::int32_t branch_character = 2;
constexpr std::int32_t branch_decimal = 3;
constexpr std::int32_t branch_float = 4;
constexpr std::int32_t branch_timestamp = 5;
constexpr std::int32_t branch_datetime = 6;
constexpr std::int32_t branch_geometry = 8;
constexpr std::int32_t branch_binary_object = 10;
constexpr std::int32_t branch_text_object = 11;

constexpr std::int32_t object_array_index = 2;  // of fields, beforeImages and afterImages: null, string, array

// Integer.precision: bytes of storage.
std::int32_t storage_bytes(const Column& column) {
  switch (column.type) {
    case ColumnType::tinyint:
      return 1;
    case ColumnType::smallint:
      return 2;
    case ColumnType::mediumint:
      return 3;
    case ColumnType::int_:
      return 4;
    case ColumnType::bit:
      return static_cast<std::int32_t>(std::max(1U, (column.length + 7) / 8));
    default:
      return 8;
  }
}

Form form_of(ColumnType type) {
  switch (type) {
    case ColumnType::tinyint:
    case ColumnType::smallint:
    case ColumnType::mediumint:
    case ColumnType::int_:
    case ColumnType::bigint:
    case ColumnType::bit:
      return Form::integer;
    case ColumnType::decimal:
      return Form::decimal;
    case ColumnType::float_:
    case ColumnType::double_:
      return Form::real;
    case ColumnType::year:
      return Form::year;
    case ColumnType::date:
      return Form::date;
    case ColumnType::time:
      return Form::time;
    case ColumnType::datetime:
      return Form::datetime;
    case ColumnType::timestamp:
      return Form::timestamp;
    case ColumnType::enum_:
      return Form::label;
    case ColumnType::set:
      return Form::labels;
    default:
      return Form::bytes;
  }
}

std::string_view object_type(ColumnType type) {
  switch (type) {
    case ColumnType::enum_:
      return "enum";
    case ColumnType::set:
      return "set";
    case ColumnType::json:
      return "json";
    case ColumnType::geometry:
      return "geometry";
    case ColumnType::tinyblob:
    case ColumnType::blob:
    case ColumnType::mediumblob:
    case ColumnType::longblob:
      return "blob";
    default:
      return "binary";
  }
}

std::string prefix_of(const Column& column, std::int32_t branch) {
  std::string prefix;
  avro::add_long(prefix, branch);
  switch (branch) {
    case branch_integer:
      avro::add_long(prefix, storage_bytes(column));
      break;
    case branch_character:
      avro::add_string(prefix, charset_name(column));
      break;
    case branch_geometry:
    case branch_binary_object:
    case branch_text_object:
      avro::add_string(prefix, object_type(column.type));
      break;
    default:
      break;
  }
  return prefix;
}

void add_tag(DtsAvroPlan& plan, std::string_view name, std::string_view value) {
  avro::add_string(plan.tags, name);
  avro::add_string(plan.tags, value);
  ++plan.tag_count;
}

}  // namespace

BranchAndNumber branch_and_number(ColumnType type) {
  switch (type) {
    case ColumnType::tinyint:
      return {branch_integer, 1};
    case ColumnType::smallint:
      return {branch_integer, 2};
    case ColumnType::int_:
      return {branch_integer, 3};
    case ColumnType::float_:
      return {branch_float, 4};
    case ColumnType::double_:
      return {branch_float, 5};
    case ColumnType::timestamp:
      return {branch_timestamp, 7};
    case ColumnType::bigint:
      return {branch_integer, 8};
    case ColumnType::mediumint:
      return {branch_integer, 9};
    case ColumnType::date:
      return {branch_datetime, 10};
    case ColumnType::time:
      return {branch_datetime, 11};
    case ColumnType::datetime:
      return {branch_datetime, 12};
    case ColumnType::year:
      return {branch_datetime, 13};
    // Consumers cast 249..252 to BinaryObject, so text of any length goes under VARCHAR's old number.
    case ColumnType::tinytext:
    case ColumnType::text:
    case ColumnType::mediumtext:
    case ColumnType::longtext:
      return {branch_character, 15};
    case ColumnType::bit:
      return {branch_integer, 16};
    case ColumnType::json:
      return {branch_text_object, 245};
    case ColumnType::decimal:
      return {branch_decimal, 246};
    case ColumnType::enum_:
      return {branch_text_object, 247};
    case ColumnType::set:
      return {branch_text_object, 248};
    // Under 253 and 254 consumers cast to Character, which has no room for bytes without a character set.
    case ColumnType::binary:
    case ColumnType::varbinary:
    case ColumnType::vector:
    case ColumnType::tinyblob:
    case ColumnType::blob:
    case ColumnType::mediumblob:
    case ColumnType::longblob:
      return {branch_binary_object, 252};
    case ColumnType::varchar:
      return {branch_character, 253};
    // MariaDB's own types have text forms of their own and say STRING on its wire too.
    case ColumnType::uuid:
    case ColumnType::inet4:
    case ColumnType::inet6:
    case ColumnType::char_:
      return {branch_character, 254};
    case ColumnType::geometry:
      return {branch_geometry, 255};
  }
  return {branch_character, 254};
}

std::string_view charset_name(const Column& column) {
  if (column.charset.empty()) return "utf8mb4";
  if (column.charset == "utf8mb3") return "utf8";
  return column.charset;
}

std::string pk_uk_info(const model::TableSchema& schema) {
  std::string json;
  for (const model::Key& key : schema.keys) {
    const bool is_visible = !key.columns.empty() && std::ranges::none_of(key.columns, [&](std::uint32_t index) {
      return schema.columns[index].is_hidden;
    });
    if (!is_visible) continue;
    json += json.empty() ? '{' : ',';
    json += json::quoted(key.name);
    json += ':';
    char before = '[';
    for (const std::uint32_t index : key.columns) {
      json += before;
      json += json::quoted(schema.columns[index].name);
      before = ',';
    }
    json += ']';
  }
  if (!json.empty()) json += '}';
  return json;
}

std::string object_name_part(std::string_view name) {
  std::string part;
  for (const char c : name) {
    if (c == '.') {
      part += "\\u002E";
    } else {
      part += c;
    }
  }
  return part;
}

DtsAvroPlan::DtsAvroPlan(const model::TableSchema& schema, const DtsAvroOptions& options)
    : tag_server_id(options.tag_server_id),
      tag_thread_id(options.tag_thread_id),
      tag_reader_time(options.tag_reader_time) {
  avro::add_string(source, options.source_txid);
  avro::add_long(source, 0);  // sourceType MySQL, which DTS writes for PolarDB-X 1.0 too
  avro::add_string(source, options.source_version);

  const bool is_physical = !options.physical_database.empty() && !options.physical_table.empty();
  avro::add_long(object, 1);
  avro::add_string(object, object_name_part(is_physical ? options.physical_database : schema.database) + "." +
                               object_name_part(is_physical ? options.physical_table : schema.table));
  avro::add_long(object, 0);  // processTimestamps null

  if (const std::string keys = pk_uk_info(schema); options.tag_pk_uk_info && !keys.empty()) {
    add_tag(*this, "pk_uk_info", keys);
  }
  if (options.tag_meta_version) add_tag(*this, "metaVersion", std::to_string(schema.version));
  if (options.tag_logical_name) {
    add_tag(*this, "l_db_name", schema.database);
    add_tag(*this, "l_tb_name", schema.table);
  }

  std::string field_items;
  for (std::uint32_t index = 0; index < schema.columns.size(); ++index) {
    const Column& column = schema.columns[index];
    if (column.is_hidden) continue;
    const BranchAndNumber to = branch_and_number(column.type);
    avro::add_string(field_items, column.name);
    avro::add_long(field_items, to.data_type_number);

    ColumnPlan plan;
    const std::string prefix = prefix_of(column, to.branch);
    plan.prefix_size = static_cast<std::uint8_t>(prefix.copy(plan.prefix.data(), plan.prefix.size()));
    plan.form = form_of(column.type);
    plan.scale = column.scale;
    plan.source = index;
    image_bytes_max += 96;  // the longest: a prefix of 48 bytes, or a DateTime with every part at five bytes
    if (plan.form == Form::label) {
      std::vector<std::string> encoded(1, std::string(1, '\0'));
      for (const std::string& label : column.labels) avro::add_string(encoded.emplace_back(), label);
      image_bytes_max += std::ranges::max(encoded, {}, &std::string::size).size();
      plan.labels = static_cast<std::uint32_t>(labels.size());
      labels.push_back(std::move(encoded));
    } else if (plan.form == Form::labels) {
      for (const std::string& label : column.labels) image_bytes_max += label.size() + 1;
      plan.labels = static_cast<std::uint32_t>(labels.size());
      labels.push_back(column.labels);
    }
    columns.push_back(plan);
  }

  avro::add_long(fields, object_array_index);
  avro::add_long(image, object_array_index);
  if (!columns.empty()) {
    avro::add_long(fields, static_cast<std::int64_t>(columns.size()));
    avro::add_long(image, static_cast<std::int64_t>(columns.size()));
  }
  fields += field_items;
  fields.push_back('\0');

  image_bytes_max += image.size() + 1;
  record_bytes_max = 256 + source.size() + object.size() + tags.size() + fields.size();
}

}  // namespace tributary::encode
