// The captured tables of one server as they are at the place of the binlog that is being read. Statements move them on;
// each statement that concerns a table gets the next number, and all it changed is told, so that it can be kept and put
// back when the binlog is read again from an earlier place.
//
// A captured table is known by its physical name. Whatever lies under that name at a place is the table there: after a
// swap by RENAME (gh-ost, pt-online-schema-change) it goes on with the new structure.
//
// Threads: the stream's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/position.h"
#include "model/schema.h"
#include "source/binlog/statement.h"
#include "source/ddl/tracker.h"

namespace tributary::source {

struct CapturedTable {
  std::string database, table;                  // physical
  std::string logical_database, logical_table;  // under which its rows leave
};

// Structures under the names with which rows leave; equal ones, as shards have, are one object.
// Threads: one at a time.
class LogicalSchemas {
 public:
  // Null if the tracker knows no such table.
  model::TableSchemaPtr of(const SchemaTracker& tracker, const CapturedTable& names);

 private:
  std::map<std::pair<std::string, std::string>, std::vector<std::weak_ptr<const model::TableSchema>>> known_;
};

// One table of the tracker as a statement left it.
struct TableState {
  TableName name;
  TrackedTablePtr table;                // null: it is gone
  model::BinlogPosition ignores_until;  // the structure was taken as it was there: statements before it are in it
};

struct CapturedChange {
  enum class Kind : std::uint8_t {
    created,    // was not there before
    altered,    // columns, keys or character sets differ
    replaced,   // another table lies under the name now
    emptied,    // rows are gone without row events
    dropped,    // is not there any more
    unchanged,  // an index, an option
  };
  Kind kind = Kind::unchanged;
  std::uint32_t table = 0;              // index into the captured tables
  model::TableSchemaPtr before, after;  // logical names; null where there is none
  bool has_joined = false;              // it is new among the captured tables
  // What lies under the name now was called so before the statement; empty if it is no other table, or the copy that a
  // tool for online changes made of the one before.
  std::optional<TableName> former;
};

// What one statement did.
struct SchemaChange {
  std::uint64_t number = 0;
  bool is_repeat = false;  // it lies before the place up to which everything was handed on
  std::string_view sql;
  const StatementContext* session = nullptr;
  std::vector<TableState> states;                               // of all tables it changed, captured or not
  std::optional<std::map<std::string, std::string>> databases;  // all of them, if it changed one
  std::vector<CapturedChange> captured;                         // in the statement's order
};

// A structure that has to be asked of the server.
struct StructureQuestion {
  std::vector<TableName> tables;  // all of them captured
  std::string_view sql;           // the statement that is not understood; empty: rows don't fit what is known
  std::string reason;
  model::BinlogPosition behind;  // the structure is wanted that holds from there on
};
using AskStructures = std::function<base::Result<std::vector<TableState>>(const StructureQuestion&)>;

class LiveTables {
 public:
  // What a table outside the list is called in the topic if it belongs to the task as soon as it is created.
  using Join = std::function<std::optional<CapturedTable>(const TableName&)>;
  struct Setup {
    SchemaTracker tracker;  // at the place where reading begins
    std::vector<CapturedTable> tables;
    Join join;
    std::uint64_t number = 0;                                // of statements before that place
    model::BinlogPosition ignores_until;                     // statements up to there are in the tracker already
    std::map<std::uint64_t, std::vector<TableState>> known;  // by number: what statements behind it led to last time
    std::map<TableName, model::BinlogPosition> accepted;     // TableState::ignores_until by table
  };
  explicit LiveTables(Setup setup);

  // Index of a captured table, -1 if it is none.
  std::int64_t find(std::string_view database, std::string_view table) const { return names_.find(database, table); }
  // True if a captured table lies in the database.
  bool has_database(std::string_view database) const { return names_.has_database(database); }
  const CapturedTable& captured(std::uint32_t table) const { return tables_[table].names; }
  // Null while there is none.
  const model::TableSchemaPtr& schema(std::uint32_t table) const { return tables_[table].versions.back().schema; }
  // As it was when so many statements had been read; versions from forget_before() on are known.
  const model::TableSchemaPtr& schema_at(std::uint32_t table, std::uint64_t number) const;
  void forget_before(std::uint64_t number);
  std::size_t size() const { return tables_.size(); }
  std::uint64_t number() const { return number_; }
  const ServerTraits& traits() const { return tracker_.traits(); }

  // Takes a statement that ends at `end`; empty if it concerns no table. Errors: data_statement_event if it changes
  // rows of a captured table; those of `ask`.
  base::Result<std::optional<SchemaChange>> apply(const StatementContext& session, std::string_view sql,
                                                  const model::BinlogPosition& end, bool is_repeat,
                                                  const AskStructures& ask);
  // Whether rows of this table, which is not captured, ought to be carried: it belongs to the task as soon as it is
  // there, and came to be by a statement that was not understood.
  bool is_missed(std::string_view database, std::string_view table);
  // It becomes a captured one. The change has the number of the last one.
  base::Result<SchemaChange> join_missed(std::string_view database, std::string_view table,
                                         const model::BinlogPosition& at, const AskStructures& ask);
  // Rows of a captured table don't fit its structure: asks for it. The change has the number of the last one.
  base::Result<SchemaChange> mend(std::uint32_t table, std::string reason, const model::BinlogPosition& at,
                                  const AskStructures& ask);

 private:
  struct Version {
    std::uint64_t since = 0;
    model::TableSchemaPtr schema;
  };
  struct Slot {
    CapturedTable names;
    std::vector<Version> versions;  // never empty
  };
  void put(const TableState& state);
  // Puts what is answered, and notes it in the change.
  base::Status find_out(const StructureQuestion& question, const AskStructures& ask, SchemaChange& change);
  std::optional<CapturedTable> joining(const TableName& name) const;
  void note(std::vector<TableState>& states, const TableName& name) const;
  void add(CapturedTable names);
  void update_captured(const Effect& effect, SchemaChange& change);

  SchemaTracker tracker_;
  LogicalSchemas schemas_;
  const Join join_;
  const model::BinlogPosition ignores_until_;
  std::map<std::uint64_t, std::vector<TableState>> known_;
  std::map<TableName, model::BinlogPosition> accepted_;
  std::uint64_t number_ = 0;
  std::vector<Slot> tables_;
  StatementNames names_;
  std::set<std::string, std::less<>> not_missed_;  // database.table, asked about before
  std::string name_;                               // scratch
};

// Names that tools for online changes give to the tables they work with beside `table`: _table_gho, _table_ghc,
// _table_del, _table_new, _table_old, with more underscores in front where one was taken.
bool is_ghost_name(std::string_view name, std::string_view table);

}  // namespace tributary::source
