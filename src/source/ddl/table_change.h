// What CREATE TABLE and ALTER TABLE make of one table. Pure: a table and a statement's syntax in, a table out, or the
// reason why it can't be. Threads: free functions.
#pragma once

#include <string>

#include "source/ddl/column_rules.h"
#include "source/ddl/syntax.h"

namespace tributary::source::ddl {

// The table of CREATE TABLE (..), without LIKE or SELECT; names are put in by the caller.
Placed<TrackedTable> create_table(const Session& session, const CreateTable& create,
                                  const std::string& database_collation, const TableName& name);

// After the clauses that change structure (all but RENAME TO). CONVERT TO CHARACTER SET DEFAULT takes the default of
// the session's database, wherever the table is.
Placed<TrackedTable> alter_table(const Session& session, const AlterTable& alter, const TrackedTable& before,
                                 const std::string& database_collation, const std::string& session_collation);

// Keys, identity and version from columns and indexes.
void finish_table(TrackedTable& table);

// Same columns, keys and character sets.
bool same_column(const model::Column& a, const model::Column& b);
bool same_layout(const TrackedTable& a, const TrackedTable& b);

}  // namespace tributary::source::ddl
