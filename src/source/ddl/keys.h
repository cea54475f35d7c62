// Indexes of a table while a statement works on them: names the server makes up, indexes made for foreign keys, parts
// that are cut off, and what of them becomes a key of the schema. Threads: free functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/ddl/column_rules.h"
#include "source/ddl/syntax.h"

namespace tributary::source::ddl {

bool same_name(std::string_view a, std::string_view b);  // of columns and indexes: without case

// Adds the index to the table. The columns it names have to be there.
Placed<void> add_key(TrackedTable& table, const KeyClause& key);

std::vector<TrackedIndex>::iterator find_index(TrackedTable& table, std::string_view name);

// A column's type has changed: parts of indexes on it may have become whole columns.
void refit_parts(TrackedTable& table, const model::Column& before, const model::Column& after);

}  // namespace tributary::source::ddl
