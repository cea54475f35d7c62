// The table map event: which table a table id stands for until the next one, and how its row images are laid out.
//
// A TableMap owns its bytes (rows follow in later events) and is refilled without allocation when reused.
// Errors: data_event_malformed. Threads: one at a time.
// Source: MySQL libbinlogevents rows_event.h (Table_map_event, Optional_metadata_fields).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "source/binlog/event.h"

namespace tributary::source {

// Column types on the wire.
enum class WireType : std::uint8_t {
  decimal_old = 0,
  tiny = 1,
  short_ = 2,
  long_ = 3,
  float_ = 4,
  double_ = 5,
  null = 6,
  timestamp = 7,
  longlong = 8,
  int24 = 9,
  date = 10,
  time = 11,
  datetime = 12,
  year = 13,
  newdate = 14,
  varchar = 15,
  bit = 16,
  timestamp2 = 17,
  datetime2 = 18,
  time2 = 19,
  typed_array = 20,
  blob_compressed = 140,     // MariaDB
  varchar_compressed = 141,  // MariaDB
  vector = 242,
  json = 245,
  newdecimal = 246,
  enum_ = 247,
  set = 248,
  tiny_blob = 249,
  medium_blob = 250,
  long_blob = 251,
  blob = 252,
  var_string = 253,
  string = 254,
  geometry = 255,
};

std::string_view to_string(WireType type);

// Whether the optional metadata tells the signedness of columns of this type: numbers, and YEAR (in which all servers
// see one).
bool has_sign(WireType type);

struct WireColumn {
  WireType type = WireType::null;  // ENUM and SET are told from CHAR here already
  // As the type wants it: bytes of length (string types: the longest value in bytes), length bytes (blobs),
  // precision | scale << 8 (decimal), fraction digits (temporal), bits % 8 | bytes << 8 (bit), bytes (enum, set).
  std::uint16_t metadata = 0;
  bool is_nullable = true;
  bool operator==(const WireColumn&) const = default;
};

// What a table map says before its columns: enough to decide whether the table is wanted at all.
struct MappedTable {
  std::uint64_t table_id = 0;
  std::string_view database;
  std::string_view table;
};
base::Result<MappedTable> parse_mapped_table(const EventView& event, const FormatDescription& format);

// Optional metadata (binlog_row_metadata; MINIMAL sends signedness, charsets and geometry types only). Views borrow
// from the TableMap. A vector is empty where the server sent nothing of the kind.
struct TableMetadata {
  std::vector<bool> is_unsigned;                           // one per column whose type has_sign()
  std::vector<std::string_view> column_names;              // one per column
  std::vector<std::uint64_t> collations;                   // one per character column; 63 is binary
  std::vector<std::uint64_t> enum_set_collations;          // one per ENUM/SET column
  std::vector<std::vector<std::string_view>> enum_labels;  // one per ENUM column
  std::vector<std::vector<std::string_view>> set_labels;   // one per SET column
  std::vector<std::uint64_t> geometry_types;               // one per GEOMETRY column
  std::vector<std::uint64_t> primary_key;                  // column indexes
  std::vector<std::uint64_t> vector_dimensions;            // one per VECTOR column
  std::vector<bool> is_visible;                            // one per column
};

class TableMap {
 public:
  TableMap() = default;
  // Its metadata views point into itself.
  TableMap(const TableMap&) = delete;
  TableMap& operator=(const TableMap&) = delete;
  TableMap(TableMap&&) = default;
  TableMap& operator=(TableMap&&) = default;

  // Refills this map. Cheap when the event says the same as the last one. Optional metadata is kept as bytes until
  // metadata() asks for it.
  base::Status parse(const EventView& event, const FormatDescription& format);

  std::uint64_t table_id() const { return table_id_; }
  std::uint16_t flags() const { return flags_; }
  std::string_view database() const { return {bytes_.data() + database_at_, database_size_}; }
  std::string_view table() const { return {bytes_.data() + table_at_, table_size_}; }
  const std::vector<WireColumn>& columns() const { return columns_; }
  std::string_view metadata_bytes() const { return {bytes_.data() + metadata_at_, bytes_.size() - metadata_at_}; }
  base::Result<TableMetadata> metadata() const;

 private:
  std::uint64_t table_id_ = 0;
  std::uint16_t flags_ = 0;
  std::vector<char> bytes_;  // the event's body; a vector, not a string, so that moving keeps views alive
  std::uint32_t body_offset_ = 0;
  std::uint32_t post_header_ = 0;
  std::uint32_t database_at_ = 0, database_size_ = 0;
  std::uint32_t table_at_ = 0, table_size_ = 0;
  std::uint32_t metadata_at_ = 0;
  bool is_mariadb_ = false;
  std::vector<WireColumn> columns_;
};

}  // namespace tributary::source
