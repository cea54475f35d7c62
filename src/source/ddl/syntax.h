// What a statement says, before it is known what it means on a given table: the parser's result. Names are as written
// (UTF-8, without quotes). Values without behaviour.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "source/ddl/tracker.h"

namespace tributary::source::ddl {

struct TableReference {
  std::string database;  // empty: the session's
  std::string table;
  std::uint32_t begin = 0, end = 0;  // in the statement
};

struct CharsetClause {
  std::string charset;      // long name; empty: not said
  std::string collation;    // long name; empty: not said
  bool is_default = false;  // CHARACTER SET DEFAULT
  bool is_binary = false;   // the BINARY attribute: the set's _bin collation
  bool is_said() const { return !charset.empty() || !collation.empty() || is_default; }
};

struct TypeClause {
  model::ColumnType type = model::ColumnType::int_;
  std::string spatial;                         // point, ...: the declared name where one ColumnType stands for several
  std::optional<std::uint64_t> length, scale;  // in parentheses
  bool is_unsigned = false, is_zerofill = false;
  CharsetClause charset;
  std::vector<std::string> labels;
  std::vector<std::size_t> raw_labels;  // those that are bytes in the column's character set
  bool is_compressed = false;           // MariaDB
  bool is_serial = false;
  bool is_bool = false;          // BOOL: tinyint(1)
  bool is_mariadb_json = false;  // longtext with a check
};

struct ColumnClause {
  std::string name;
  std::uint32_t offset = 0;
  TypeClause type;
  std::optional<bool> is_null;  // NULL, NOT NULL
  bool is_auto_increment = false, is_primary = false, is_unique = false;
  bool is_generated = false;
  bool if_not_exists = false;
  bool has_default = false;
  bool has_references = false;
  bool is_row_end = false;  // MariaDB: GENERATED ALWAYS AS ROW END
};

struct KeyPart {
  std::string column;  // empty: an expression
  std::uint32_t length = 0;
  bool is_without_overlaps = false;
};

struct KeyClause {
  enum class Kind : std::uint8_t { primary, unique, plain, fulltext, spatial, vector, foreign };
  Kind kind = Kind::plain;
  std::string name;  // empty: the server makes one
  std::vector<KeyPart> parts;
  bool if_not_exists = false;
  std::uint32_t offset = 0;
};

struct TableOptions {
  CharsetClause charset;
  bool is_partitioned = false;
  bool is_versioned = false;  // MariaDB: WITH SYSTEM VERSIONING
  std::string engine;
};

struct CreateTable {
  TableReference table;
  bool or_replace = false, if_not_exists = false, is_temporary = false;
  std::optional<TableReference> like;
  struct Element {
    std::variant<ColumnClause, KeyClause> what;
  };
  std::vector<Element> elements;  // in the order written: names of indexes depend on it
  TableOptions options;
  bool has_select = false;
  std::uint32_t select_offset = 0;
};

struct AddColumn {
  ColumnClause column;
  bool is_first = false;
  std::string after;
};
struct ChangeColumn {  // CHANGE, MODIFY
  std::string name;
  ColumnClause column;
  bool is_first = false, if_exists = false;
  std::string after;
  std::uint32_t offset = 0;
};
struct RenameColumn {
  std::string name, new_name;
  bool if_exists = false;
  std::uint32_t offset = 0;
};
struct DropColumn {
  std::string name;
  bool if_exists = false;
  std::uint32_t offset = 0;
};
struct AlterDefault {  // ALTER COLUMN: says nothing about the layout, but the column has to be there
  std::string name;
  bool if_exists = false;
  std::uint32_t offset = 0;
};
struct AddKey {
  KeyClause key;
};
struct DropKey {
  enum class Kind : std::uint8_t { index, primary, constraint } kind = Kind::index;
  std::string name;
  bool if_exists = false;
  std::uint32_t offset = 0;
};
struct RenameKey {
  std::string name, new_name;
  bool if_exists = false;
  std::uint32_t offset = 0;
};
struct ConvertCharset {
  CharsetClause charset;
};
struct DefaultCharset {
  CharsetClause charset;
};
struct RenameTo {
  TableReference to;
};
struct Partitioning {
  bool is_partitioned = true, empties = false;
  std::optional<TableReference> exchanged;
  std::optional<TableReference> converted;  // MariaDB: CONVERT PARTITION p TO TABLE t, CONVERT TABLE t TO PARTITION
  bool converts_to_table = false;
  bool changes_partitioning = false;
};
struct Versioning {  // MariaDB: ADD, DROP SYSTEM VERSIONING
  bool is_on = false;
};
struct OtherClause {  // an option, a check, a foreign key's drop: nothing for us
  bool empties = false;
  bool is_manner = false;  // ALGORITHM other than COPY, LOCK
};
using AlterClause =
    std::variant<AddColumn, ChangeColumn, RenameColumn, DropColumn, AlterDefault, AddKey, DropKey, RenameKey,
                 ConvertCharset, DefaultCharset, RenameTo, Partitioning, Versioning, OtherClause>;

struct AlterTable {
  TableReference table;
  bool if_exists = false;
  std::vector<AlterClause> clauses;
  bool is_index_statement = false;  // CREATE INDEX, DROP INDEX
};

struct RenameTables {
  struct Pair {
    TableReference from, to;
    bool if_exists = false;
  };
  std::vector<Pair> pairs;
};
struct DropTables {
  std::vector<TableReference> tables;
  bool if_exists = false, is_temporary = false;
};
struct TruncateTable {
  TableReference table;
};
struct CreateDatabase {
  std::string name;
  bool or_replace = false, if_not_exists = false;
  CharsetClause charset;
};
struct AlterDatabase {
  std::string name;  // empty: the session's
  CharsetClause charset;
};
struct DropDatabase {
  std::string name;
  bool if_exists = false;
};
struct OtherDdl {};  // views, routines, users: no layout
struct NotDdl {};

using Statement = std::variant<NotDdl, OtherDdl, CreateTable, AlterTable, RenameTables, DropTables, TruncateTable,
                               CreateDatabase, AlterDatabase, DropDatabase>;

}  // namespace tributary::source::ddl
