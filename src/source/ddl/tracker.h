// What the tables of one server look like at one place in its binlog, moved on by the DDL statements read there.
//
// It starts from what the server tells (put_database, put_table) and takes each statement with the session it ran in.
// A statement either changes structures exactly as the server did, or leaves all layouts as they were, or is not
// understood: then nothing is changed, and the tables it may concern are named, so that whoever asks can stop, read the
// structure anew, or let the table map decide. It never guesses.
//
// Names are physical. With lower_case_table_names other than 0 names are compared without case.
// Threads: one at a time; the schemas handed out are immutable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/schema.h"
#include "mysql/connection.h"

namespace tributary::source {

// What holds for the whole server.
struct ServerTraits {
  mysql::Flavour flavour = mysql::Flavour::mysql;
  std::uint32_t version_number = 0;  // 50624, 80036, 90704, 101119
  std::uint8_t lower_case_table_names = 0;
  bool explicit_defaults_for_timestamp = false;
  std::string default_collation;  // @@global.collation_server
};

// What held for the session that ran a statement: from the Query event's status variables (query_status.h).
struct StatementContext {
  std::string database;  // the session's default database
  std::uint64_t sql_mode = 0;
  std::string client_charset;        // of the statement's text; empty: utf8mb4
  std::string server_collation;      // empty: the server's own; for CREATE DATABASE without a character set
  std::string connection_collation;  // empty: unknown; CREATE TABLE ... SELECT 'literal' needs it
  std::string utf8mb4_collation;     // default_collation_for_utf8mb4; empty: the version's own
  std::map<std::string, std::string> default_collations;  // MariaDB's character_set_collations; by character set
  std::uint64_t session = 0;                              // the thread's id: temporary tables are its own
  bool explicit_defaults_for_timestamp = false;
  std::uint16_t error_code = 0;  // with which the statement failed on its server, half done
};

struct TrackedIndex {
  std::string name;
  bool is_primary = false, is_unique = false;
  bool is_functional = false;  // a part of it is an expression: its columns are not complete
  std::vector<std::string> columns;
  std::vector<std::uint32_t> prefixes;  // beside columns: 0 for a whole column, else the part's length in characters
  bool is_generated = false;            // made for a foreign key: goes away by itself when another index serves as well
};

struct TrackedTable {
  model::TableSchema schema;  // physical names; keys, identity and version are kept up
  std::string collation;      // the table's default; utf8mb3 spelled out on every version
  std::vector<TrackedIndex> indexes;
  bool is_partitioned = false;
};
using TrackedTablePtr = std::shared_ptr<const TrackedTable>;

struct TableName {
  std::string database, table;
  auto operator<=>(const TableName&) const = default;
};

// What one statement did to one table, in the order in which it did it.
struct TableEffect {
  enum class Kind : std::uint8_t {
    created,    // after
    altered,    // before, after: columns, keys or character sets differ
    renamed,    // before, after: with a new name (and perhaps a new structure)
    dropped,    // before
    emptied,    // before == after: TRUNCATE, DROP/TRUNCATE/EXCHANGE PARTITION: rows are gone without row events
    unchanged,  // before == after: an index that is no key, an option, a comment
  };
  Kind kind = Kind::unchanged;
  TableName name;                 // before, if it was there
  TableName new_name;             // renamed: the new one; else as name
  TrackedTablePtr before, after;  // null where there is none, or where it is not tracked; both: a table never told of
};

struct Effect {
  enum class Outcome : std::uint8_t { applied, no_layout_change, not_understood };
  Outcome outcome = Outcome::no_layout_change;
  std::vector<TableEffect> tables;
  std::vector<TableName> concerned;  // not_understood: every tracked table it may have changed
  std::string reason;                // not_understood: what, and where in the text ("line 1, column 23: ...")
  bool is_ddl = false;               // false: a statement of another kind (INSERT, GRANT, SET, ...)
};

class SchemaTracker {
 public:
  explicit SchemaTracker(ServerTraits traits);
  ~SchemaTracker();
  SchemaTracker(const SchemaTracker&);  // cheap: tables are shared until they change
  SchemaTracker& operator=(const SchemaTracker&);
  SchemaTracker(SchemaTracker&&) noexcept;
  SchemaTracker& operator=(SchemaTracker&&) noexcept;

  void put_database(std::string_view name, std::string_view collation);
  void put_table(TrackedTable table);  // replaces one of that name
  void remove_table(const TableName& name);

  // Never fails: what can't be placed is an outcome.
  Effect apply(const StatementContext& context, std::string_view sql);
  // The same without changing anything.
  Effect look(const StatementContext& context, std::string_view sql) const;

  TrackedTablePtr find(std::string_view database, std::string_view table) const;
  std::map<TableName, TrackedTablePtr> tables() const;
  std::map<std::string, std::string> databases() const;  // name -> default collation
  const ServerTraits& traits() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The statement with other table names put in place of those it has, each quoted and without a database, so that it
// can be told about the logical table; comments for the server (/*! */) stay, others go. Names not in the map stay.
// data_statement_event if it can't be parsed.
base::Result<std::string> rename_tables(const ServerTraits& traits, const StatementContext& context,
                                        std::string_view sql, const std::map<TableName, std::string>& new_names);

}  // namespace tributary::source
