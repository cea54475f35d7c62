// Reads the structure of physical tables from the server that holds them (information_schema and SHOW CREATE TABLE).
// Threads: as its connection.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/schema.h"
#include "mysql/connection.h"

namespace tributary::source {

struct TrackedTable;  // source/ddl/tracker.h

inline constexpr std::string_view drds_implicit_column = "_drds_implicit_id_";
// RDS's key for tables without one. Most versions show it in row images only (RowPlan drops it there).
inline constexpr std::string_view rds_row_id_column = "__#alibaba_rds_row_id#__";

// Structures of the named base tables of one physical database, by physical table name. Tables that do not exist and
// views are missing from the answer. Names in the structures are the physical ones. Turns the session's switch on that
// shows MySQL's generated invisible primary keys, which are columns like others.
base::Result<std::map<std::string, model::TableSchema>> read_schemas(mysql::Connection& connection,
                                                                     const std::string& database,
                                                                     const std::vector<std::string>& tables);

// The same with indexes, default collation and partitioning: all that a SchemaTracker wants to know. All base tables of
// the database for an empty list.
base::Result<std::map<std::string, TrackedTable>> read_tables(mysql::Connection& connection,
                                                              const std::string& database,
                                                              const std::vector<std::string>& tables);

// CREATE TABLE of a physical table, rewritten for `table`, without hidden columns, their keys, AUTO_INCREMENT counters
// and the middleware's helper indexes.
base::Result<std::string> read_create_statement(mysql::Connection& connection, const std::string& physical_database,
                                                const std::string& physical_table, const std::string& table);

// True when both describe the same user-visible and hidden columns in the same order, and the same keys.
bool same_structure(const model::TableSchema& a, const model::TableSchema& b, std::string* difference);

// The keys that indexes make: the primary key first, then unique keys by name without case; none with an expression, a
// part of a column, or a hidden column.
std::vector<model::Key> keys_of(const TrackedTable& table);

// Sets identity and version from columns and keys; call after names are final.
void finish_schema(model::TableSchema& schema);

// Labels of "enum('a','b''c')" or "set(...)"; empty if the text is not of that form.
std::vector<std::string> parse_labels(std::string_view declared_type);

}  // namespace tributary::source
