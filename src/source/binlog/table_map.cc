#include "source/binlog/table_map.h"

#include <algorithm>
#include <cstring>

#include "source/binlog/cursor.h"

namespace tributary::source {
namespace {

// How many bytes of metadata a column type has in the map; -1 for types nobody has published.
int metadata_size(std::uint8_t type) {
  switch (static_cast<WireType>(type)) {
    case WireType::decimal_old:
    case WireType::tiny:
    case WireType::short_:
    case WireType::long_:
    case WireType::null:
    case WireType::timestamp:
    case WireType::longlong:
    case WireType::int24:
    case WireType::date:
    case WireType::time:
    case WireType::datetime:
    case WireType::year:
    case WireType::newdate:
      return 0;
    case WireType::float_:
    case WireType::double_:
    case WireType::timestamp2:
    case WireType::datetime2:
    case WireType::time2:
    case WireType::blob_compressed:
    case WireType::vector:
    case WireType::json:
    case WireType::tiny_blob:
    case WireType::medium_blob:
    case WireType::long_blob:
    case WireType::blob:
    case WireType::geometry:
      return 1;
    case WireType::varchar:
    case WireType::bit:
    case WireType::varchar_compressed:
    case WireType::newdecimal:
    case WireType::enum_:
    case WireType::set:
    case WireType::var_string:
    case WireType::string:
      return 2;
    case WireType::typed_array:
      break;
  }
  return -1;
}

// CHAR, ENUM and SET share a type: the real one and the length's upper bits are folded into the first metadata byte.
void unfold_string(WireColumn& column) {
  const auto first = static_cast<std::uint8_t>(column.metadata);
  const auto second = static_cast<std::uint8_t>(column.metadata >> 8);
  if ((first & 0x30) != 0x30) {
    column.type = static_cast<WireType>(first | 0x30);
    column.metadata = static_cast<std::uint16_t>(second | ((first & 0x30) ^ 0x30) << 4);
  } else {
    column.type = static_cast<WireType>(first);
    column.metadata = second;
  }
}

// VARCHAR of tables made before MySQL 5.0: a CHAR's metadata, its length (up to 255) in the second byte, behind a type.
void unfold_old_varchar(WireColumn& column) {
  const auto first = static_cast<WireType>(column.metadata & 0xff);
  const auto second = static_cast<std::uint16_t>(column.metadata >> 8);
  if ((first == WireType::var_string || first == WireType::string) && second != 0) column.metadata = second;
}

// Table id, flags and the names, after the event header.
base::Result<MappedTable> read_name(Cursor& cursor, const FormatDescription& format, std::uint16_t& flags) {
  MappedTable name;
  const std::size_t post_header = format.post_header_length(EventType::table_map);
  const std::size_t begin = cursor.offset();
  name.table_id = post_header == 6 ? cursor.u32() : cursor.uint<6>();
  flags = cursor.u16();
  const std::size_t read = cursor.offset() - begin;
  if (post_header > read) cursor.skip(post_header - read);
  name.database = cursor.bytes(cursor.u8());
  cursor.skip(1);
  name.table = cursor.bytes(cursor.u8());
  cursor.skip(1);
  if (!cursor.ok()) return cursor.malformed("Table_map");
  return name;
}

bool is_character(WireType type) {
  switch (type) {
    case WireType::string:
    case WireType::var_string:
    case WireType::varchar:
    case WireType::blob:
    case WireType::tiny_blob:
    case WireType::medium_blob:
    case WireType::long_blob:
    case WireType::blob_compressed:
    case WireType::varchar_compressed:
      return true;
    default:
      return false;
  }
}

bool is_enum_or_set(WireType type) { return type == WireType::enum_ || type == WireType::set; }

void read_bits(Cursor& field, std::size_t count, std::vector<bool>& out) {
  const std::string_view bits = field.bytes((count + 7) / 8);
  if (!field.ok()) return;
  out.resize(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = (bits[i / 8] << (i % 8) & 0x80) != 0;
}

// A default and the columns that differ from it, by their index among the columns concerned.
void read_default_collations(Cursor& field, std::size_t count, std::vector<std::uint64_t>& out) {
  out.assign(count, field.packed());
  while (field.ok() && field.left() != 0) {
    const std::uint64_t index = field.packed();
    const std::uint64_t collation = field.packed();
    if (index < count) out[index] = collation;
  }
}

void read_numbers(Cursor& field, std::vector<std::uint64_t>& out) {
  out.clear();
  while (field.ok() && field.left() != 0) out.push_back(field.packed());
}

void read_labels(Cursor& field, std::vector<std::vector<std::string_view>>& out) {
  out.clear();
  while (field.ok() && field.left() != 0) {
    auto& labels = out.emplace_back();
    for (std::uint64_t count = field.packed(); count != 0 && field.ok(); --count)
      labels.push_back(field.packed_bytes());
  }
}

}  // namespace

bool has_sign(WireType type) {
  switch (type) {
    case WireType::tiny:
    case WireType::short_:
    case WireType::int24:
    case WireType::long_:
    case WireType::longlong:
    case WireType::newdecimal:
    case WireType::float_:
    case WireType::double_:
    case WireType::year:
      return true;
    default:
      return false;
  }
}

std::string_view to_string(WireType type) {
  switch (type) {
    case WireType::decimal_old:
      return "old decimal";
    case WireType::tiny:
      return "tinyint";
    case WireType::short_:
      return "smallint";
    case WireType::long_:
      return "int";
    case WireType::float_:
      return "float";
    case WireType::double_:
      return "double";
    case WireType::null:
      return "null";
    case WireType::timestamp:
      return "timestamp (before 5.6)";
    case WireType::longlong:
      return "bigint";
    case WireType::int24:
      return "mediumint";
    case WireType::date:
      return "date";
    case WireType::time:
      return "time (before 5.6)";
    case WireType::datetime:
      return "datetime (before 5.6)";
    case WireType::year:
      return "year";
    case WireType::newdate:
      return "date";
    case WireType::varchar:
      return "varchar";
    case WireType::bit:
      return "bit";
    case WireType::timestamp2:
      return "timestamp";
    case WireType::datetime2:
      return "datetime";
    case WireType::time2:
      return "time";
    case WireType::typed_array:
      return "typed array";
    case WireType::blob_compressed:
      return "compressed blob";
    case WireType::varchar_compressed:
      return "compressed varchar";
    case WireType::vector:
      return "vector";
    case WireType::json:
      return "json";
    case WireType::newdecimal:
      return "decimal";
    case WireType::enum_:
      return "enum";
    case WireType::set:
      return "set";
    case WireType::tiny_blob:
    case WireType::medium_blob:
    case WireType::long_blob:
    case WireType::blob:
      return "blob/text";
    case WireType::var_string:
      return "varchar";
    case WireType::string:
      return "char/binary";
    case WireType::geometry:
      return "geometry";
  }
  return "unknown type";
}

base::Result<MappedTable> parse_mapped_table(const EventView& event, const FormatDescription& format) {
  Cursor cursor(event.body, event.body_offset);
  std::uint16_t flags = 0;
  return read_name(cursor, format, flags);
}

base::Status TableMap::parse(const EventView& event, const FormatDescription& format) {
  const auto post_header = static_cast<std::uint32_t>(format.post_header_length(EventType::table_map));
  if (post_header == post_header_ && event.body.size() == bytes_.size() && !bytes_.empty() &&
      std::memcmp(event.body.data(), bytes_.data(), bytes_.size()) == 0) {
    return {};
  }
  bytes_.clear();  // no half-parsed map may pass for a whole one
  columns_.clear();
  database_size_ = table_size_ = metadata_at_ = 0;

  Cursor cursor(event.body, event.body_offset);
  TRY_VALUE(const MappedTable name, read_name(cursor, format, flags_));
  const std::uint64_t count = cursor.packed();
  const std::string_view types = cursor.bytes(count);
  const std::size_t metadata_offset = cursor.offset() + 1;
  Cursor metadata(cursor.packed_bytes(), metadata_offset);
  const std::string_view null_bits = cursor.bytes((count + 7) / 8);
  if (!cursor.ok()) return cursor.malformed("Table_map");
  columns_.resize(types.size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    WireColumn& column = columns_[i];
    const auto type = static_cast<std::uint8_t>(types[i]);
    column.type = static_cast<WireType>(type);
    column.metadata = 0;
    column.is_nullable = (null_bits[i / 8] >> (i % 8) & 1) != 0;
    switch (metadata_size(type)) {
      case 0:
        break;
      case 1:
        column.metadata = metadata.u8();
        break;
      case 2:
        column.metadata = metadata.u16();
        break;
      default:
        columns_.clear();
        return base::fail(base::ErrorCode::data_event_unsupported,
                          "column " + std::to_string(i + 1) + " of " + std::string(name.database) + "." +
                              std::string(name.table) + " has a type no decoder is known for: " + std::to_string(type));
    }
    if (column.type == WireType::string) unfold_string(column);
    if (column.type == WireType::var_string) unfold_old_varchar(column);
  }
  if (!metadata.ok()) {
    columns_.clear();
    return metadata.malformed("Table_map: column metadata");
  }
  const auto at = [&](std::string_view part) { return static_cast<std::uint32_t>(part.data() - event.body.data()); };
  table_id_ = name.table_id;
  database_at_ = at(name.database);
  database_size_ = static_cast<std::uint32_t>(name.database.size());
  table_at_ = at(name.table);
  table_size_ = static_cast<std::uint32_t>(name.table.size());
  metadata_at_ = static_cast<std::uint32_t>(event.body.size() - cursor.left());
  body_offset_ = event.body_offset;
  is_mariadb_ = format.is_mariadb;
  post_header_ = post_header;
  bytes_.assign(event.body.begin(), event.body.end());
  return {};
}

base::Result<TableMetadata> TableMap::metadata() const {
  const auto count_of = [this](auto is_kind) {
    return static_cast<std::size_t>(
        std::count_if(columns_.begin(), columns_.end(), [&](const WireColumn& c) { return is_kind(c.type); }));
  };
  // MariaDB counts GEOMETRY among the columns with a collation (seen on 10.11).
  const auto has_collation = [this](WireType type) {
    return is_character(type) || (is_mariadb_ && type == WireType::geometry);
  };
  const auto keep_characters = [&](std::vector<std::uint64_t>& collations) {
    std::size_t from = 0, to = 0;
    for (const WireColumn& column : columns_) {
      if (!has_collation(column.type) || from == collations.size()) continue;
      if (is_character(column.type)) collations[to++] = collations[from];
      ++from;
    }
    collations.resize(to);
  };
  Cursor cursor(metadata_bytes(), body_offset_ + metadata_at_);
  TableMetadata metadata;
  while (cursor.left() != 0 && cursor.ok()) {
    const std::uint8_t type = cursor.u8();
    const std::uint64_t size = cursor.packed();
    const std::size_t offset = cursor.offset();
    Cursor field(cursor.bytes(size), offset);
    switch (type) {
      case 1:
        read_bits(field, count_of(has_sign), metadata.is_unsigned);
        break;
      case 2:
        read_default_collations(field, count_of(has_collation), metadata.collations);
        keep_characters(metadata.collations);
        break;
      case 3:
        read_numbers(field, metadata.collations);
        keep_characters(metadata.collations);
        break;
      case 4:
        metadata.column_names.clear();
        while (field.ok() && field.left() != 0) metadata.column_names.push_back(field.packed_bytes());
        break;
      case 5:
        read_labels(field, metadata.set_labels);
        break;
      case 6:
        read_labels(field, metadata.enum_labels);
        break;
      case 7:
        read_numbers(field, metadata.geometry_types);
        break;
      case 8:
        read_numbers(field, metadata.primary_key);
        break;
      case 9:  // with prefix lengths
        metadata.primary_key.clear();
        while (field.ok() && field.left() != 0) {
          metadata.primary_key.push_back(field.packed());
          field.packed();
        }
        break;
      case 10:
        read_default_collations(field, count_of(is_enum_or_set), metadata.enum_set_collations);
        break;
      case 11:
        read_numbers(field, metadata.enum_set_collations);
        break;
      case 12:
        read_bits(field, columns_.size(), metadata.is_visible);
        break;
      case 13:
        read_numbers(field, metadata.vector_dimensions);
        break;
      default:
        break;  // a later server's
    }
    if (!field.ok()) return field.malformed("Table_map: optional metadata");
  }
  if (!cursor.ok()) return cursor.malformed("Table_map: optional metadata");
  return metadata;
}

}  // namespace tributary::source
