// The structure of a table as read from the server that holds it. Column order is the order of the binlog's row images;
// hidden columns (implicit keys, RDS row ids) are in the list, marked. Threads: immutable once built.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::model {

enum class ColumnType : std::uint8_t {
  tinyint,
  smallint,
  mediumint,
  int_,
  bigint,
  decimal,
  float_,
  double_,
  bit,
  year,
  date,
  time,
  datetime,
  timestamp,
  char_,
  varchar,
  tinytext,
  text,
  mediumtext,
  longtext,
  binary,
  varbinary,
  tinyblob,
  blob,
  mediumblob,
  longblob,
  enum_,
  set,
  json,
  geometry,
  vector,
  uuid,
  inet4,
  inet6,
};

std::string_view to_string(ColumnType type);  // "int", "varchar", ...

struct Column {
  std::string name;
  ColumnType type = ColumnType::int_;
  bool is_unsigned = false;
  bool is_nullable = true;
  bool is_hidden = false;      // `_drds_implicit_id_`, `__#alibaba_rds_row_id#__`: a key at most, never a user column
  bool is_generated = false;   // VIRTUAL or STORED
  std::uint32_t length = 0;    // BINARY(n)/CHAR(n): bytes resp. characters; BIT(n): bits
  std::uint8_t precision = 0;  // DECIMAL
  std::uint8_t scale = 0;      // DECIMAL
  std::uint8_t fraction_digits = 0;  // TIME, DATETIME, TIMESTAMP
  std::string charset;               // as the server names it, empty where there is none
  std::string collation;
  std::string declared_type;        // the server's COLUMN_TYPE, e.g. "decimal(10,2) unsigned"
  std::vector<std::string> labels;  // ENUM and SET, UTF-8, in order
};

struct Key {
  std::string name;  // "PRIMARY" or the index name
  bool is_primary = false;
  std::vector<std::uint32_t> columns;  // indexes into TableSchema::columns, in key order
};

// What row images hold behind the columns without SELECT * or information_schema showing it. Never part of a record.
enum class TailColumn : std::uint8_t {
  row_hash,  // MariaDB: of a unique key over long columns (DB_ROW_HASH_1, ...)
  row_start,
  row_end,  // MariaDB: of a system-versioned table that does not name its period's columns
};

struct TableSchema {
  std::string database;  // the name under which the rows leave (logical)
  std::string table;
  std::vector<Column> columns;
  std::vector<TailColumn> tail;
  // Of a system-versioned table: the place in its row images, columns and then tail, that says when a row ceased to be.
  std::optional<std::uint32_t> row_end;
  std::vector<Key> keys;  // primary key first if there is one, then unique keys by name; none with hidden columns only

  // The columns that tell rows apart: the primary key, else the first unique key without nullable columns, else the
  // hidden implicit id, else empty. `identity_is_hidden` says the last of these but one.
  std::vector<std::uint32_t> identity;
  bool identity_is_hidden = false;
  // Columns that the user wants for the record's key in place of those of `identity`; empty: no such wish.
  std::vector<std::uint32_t> message_key;

  // Of the record's key, in its order; empty: records have none.
  std::span<const std::uint32_t> key_columns() const {
    if (!message_key.empty()) return message_key;
    return identity_is_hidden ? std::span<const std::uint32_t>() : identity;
  }

  // A number that changes with the user-visible field list (names, types) or the object's name: CRC-32, for
  // metaVersion.
  std::uint32_t version = 0;
};

// TableSchema::version of these names and columns.
std::uint32_t schema_version(const TableSchema& schema);

using TableSchemaPtr = std::shared_ptr<const TableSchema>;

}  // namespace tributary::model
