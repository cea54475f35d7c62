#include "source/binlog/derived_schema.h"

namespace tributary::source {
namespace {

using model::Column;
using model::ColumnType;

constexpr std::uint64_t binary_collation = 63;

ColumnType blob_type(unsigned length_bytes, bool is_binary) {
  switch (length_bytes) {
    case 1:
      return is_binary ? ColumnType::tinyblob : ColumnType::tinytext;
    case 2:
      return is_binary ? ColumnType::blob : ColumnType::text;
    case 3:
      return is_binary ? ColumnType::mediumblob : ColumnType::mediumtext;
    default:
      return is_binary ? ColumnType::longblob : ColumnType::longtext;
  }
}

// Hands out what the optional metadata lists per column of a kind.
template <typename List, typename Otherwise>
Otherwise taken(const List& list, std::size_t& next, Otherwise otherwise) {
  const std::size_t i = next++;
  return i < list.size() ? static_cast<Otherwise>(list[i]) : otherwise;
}

}  // namespace

base::Result<model::TableSchemaPtr> derive_schema(const TableMap& map) {
  TRY_VALUE(const TableMetadata metadata, map.metadata());
  auto schema = std::make_shared<model::TableSchema>();
  schema->database = map.database();
  schema->table = map.table();
  schema->columns.resize(map.columns().size());
  std::size_t numeric = 0, character = 0, enums = 0, sets = 0;
  for (std::size_t i = 0; i < schema->columns.size(); ++i) {
    const WireColumn& wire = map.columns()[i];
    Column& column = schema->columns[i];
    column.name = metadata.column_names.size() == schema->columns.size() ? std::string(metadata.column_names[i])
                                                                         : "c" + std::to_string(i + 1);
    column.is_nullable = wire.is_nullable;
    const auto number = [&](ColumnType type) {
      column.type = type;
      column.is_unsigned = taken(metadata.is_unsigned, numeric, false);
    };
    const auto is_binary = [&] { return taken(metadata.collations, character, std::uint64_t{0}) == binary_collation; };
    const auto temporal = [&](ColumnType type) {
      column.type = type;
      column.fraction_digits = static_cast<std::uint8_t>(wire.metadata);
    };
    const auto labels = [&](const auto& lists, std::size_t& next) {
      if (next < lists.size()) column.labels.assign(lists[next].begin(), lists[next].end());
      ++next;
    };
    switch (wire.type) {
      case WireType::tiny:
        number(ColumnType::tinyint);
        break;
      case WireType::short_:
        number(ColumnType::smallint);
        break;
      case WireType::int24:
        number(ColumnType::mediumint);
        break;
      case WireType::long_:
        number(ColumnType::int_);
        break;
      case WireType::longlong:
        number(ColumnType::bigint);
        break;
      case WireType::float_:
        number(ColumnType::float_);
        break;
      case WireType::double_:
        number(ColumnType::double_);
        break;
      case WireType::newdecimal:
        number(ColumnType::decimal);
        column.precision = static_cast<std::uint8_t>(wire.metadata);
        column.scale = static_cast<std::uint8_t>(wire.metadata >> 8);
        break;
      case WireType::bit:
        column.type = ColumnType::bit;
        column.length = (wire.metadata >> 8) * 8u + (wire.metadata & 0xffu);
        break;
      case WireType::year:
        column.type = ColumnType::year;
        ++numeric;
        break;
      case WireType::date:
      case WireType::newdate:
        column.type = ColumnType::date;
        break;
      case WireType::time:
      case WireType::time2:
        temporal(ColumnType::time);
        break;
      case WireType::datetime:
      case WireType::datetime2:
        temporal(ColumnType::datetime);
        break;
      case WireType::timestamp:
      case WireType::timestamp2:
        temporal(ColumnType::timestamp);
        break;
      case WireType::varchar:
      case WireType::var_string:
      case WireType::varchar_compressed:
        column.type = is_binary() ? ColumnType::varbinary : ColumnType::varchar;
        break;
      case WireType::string:
        column.type = is_binary() ? ColumnType::binary : ColumnType::char_;
        if (column.type == ColumnType::binary) column.length = wire.metadata;
        break;
      case WireType::blob:
      case WireType::blob_compressed:
        column.type = blob_type(wire.metadata, is_binary());
        break;
      case WireType::enum_:
        column.type = ColumnType::enum_;
        labels(metadata.enum_labels, enums);
        break;
      case WireType::set:
        column.type = ColumnType::set;
        labels(metadata.set_labels, sets);
        break;
      case WireType::json:
        column.type = ColumnType::json;
        break;
      case WireType::geometry:
        column.type = ColumnType::geometry;
        break;
      case WireType::vector:
        column.type = ColumnType::vector;
        break;
      default:
        return base::fail(base::ErrorCode::data_event_unsupported,
                          "column " + std::to_string(i + 1) + " of type " + std::string(to_string(wire.type)),
                          schema->database + "." + schema->table);
    }
  }
  return model::TableSchemaPtr(std::move(schema));
}

}  // namespace tributary::source
