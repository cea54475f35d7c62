// The structures of physical tables as statements left them, on disk: one value per table and statement, under keys of
// their own, so that the checkpoint stays small. The number is the statement's (source/binlog/live_tables.h); 0 is the
// beginning. A structure holds from its number on until a later one of the same table.
//
//   schema/<subtask>/<number>/t/<database>/<table>    a KeptTable
//   schema/<subtask>/<number>/d                       default collations by database, all of them
//   ddl/<subtask>/<number>/<database>/<table>         a KeptStatement: what is to be told about the logical table
//
// Errors of parse: task_state_unusable, saying where. Threads: values, pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/position.h"
#include "model/schema.h"

namespace tributary::checkpoint {

struct KeptIndex {
  std::string name;
  bool is_primary = false, is_unique = false, is_functional = false;
  std::vector<std::string> columns;
  std::vector<std::uint32_t> prefixes;
  bool is_generated = false;
  bool operator==(const KeptIndex&) const = default;
};

struct KeptTable {
  std::string database, table;                  // physical
  bool is_gone = false;                         // the rest is empty then
  std::string logical_database, logical_table;  // under which its rows leave; empty: not captured
  model::TableSchema schema;                    // physical names; identity and version are for the reader to set
  std::string collation;
  std::vector<KeptIndex> indexes;
  bool is_partitioned = false;
  model::BinlogPosition ignores_until;
};

// A statement as the DDL record will say it.
struct KeptStatement {
  std::uint64_t number = 0;
  std::string database, table;                  // the physical table that passed it
  std::string logical_database, logical_table;  // whom it is about
  std::string text;                             // with logical names
  std::uint32_t structure = 0;                  // of the logical table behind it; 0: none
  // The record's header.
  std::uint64_t record_id = 0;
  std::int64_t timestamp_s = 0;
  std::string position, safe_position;
  std::uint32_t server_id = 0;
  std::uint64_t thread_id = 0;
  bool operator==(const KeptStatement&) const = default;
};

// What tells it from all others that are told, as long as the table's first shard is the same.
std::string told_name(const KeptStatement& statement);

std::string schema_prefix(std::string_view subtask);
std::string schema_key(std::string_view subtask, std::uint64_t number, std::string_view database,
                       std::string_view table);
std::string databases_key(std::string_view subtask, std::uint64_t number);
std::string statement_prefix(std::string_view subtask);
std::string statement_key(std::string_view subtask, const KeptStatement& statement);
// The number in a key that begins with this prefix; unset if there is none.
std::optional<std::uint64_t> number_in(std::string_view key, std::string_view prefix);

std::string serialise(const KeptTable& table);
base::Result<KeptTable> parse_table(std::string_view text);
std::string serialise(const std::map<std::string, std::string>& databases);
base::Result<std::map<std::string, std::string>> parse_databases(std::string_view text);
std::string serialise(const KeptStatement& statement);
base::Result<KeptStatement> parse_statement(std::string_view text);

}  // namespace tributary::checkpoint
