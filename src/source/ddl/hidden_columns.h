// The columns of MariaDB that only row images have (model::TableSchema::tail), and where a row of a system-versioned
// table says that it ceased to be, as a statement leaves them. What can't be foreseen here (a unique key that is hashed
// for its length only) shows as one column more or less in the next table map. Threads: free functions.
#pragma once

#include "source/ddl/syntax.h"

namespace tributary::source::ddl {

// Of a new table whose columns and indexes are there.
void set_hidden_columns(const CreateTable& create, TrackedTable& table);
// Of a table that was `before`.
void set_hidden_columns(const AlterTable& alter, const TrackedTable& before, TrackedTable& table);

}  // namespace tributary::source::ddl
