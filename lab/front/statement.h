// Reading statements for routing: the tables they name, the keys their WHERE fixes, and their text with physical names.
// Threads: pure functions.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "front/answer.h"
#include "front/layout.h"
#include "front/token.h"

namespace tributary::lab {

struct TableRef {
  std::size_t first = 0, last = 0;  // tokens [first, last), the database's name included
  std::string database, name, alias;
};

// Tables in FROM, JOIN, UPDATE and INTO position, at any depth.
std::vector<TableRef> table_references(const Sql& sql, std::size_t from = 0);
// Reads `[db .] name` at `at`; alias included when `with_alias`. Nothing if no name stands there.
std::optional<TableRef> read_table(const Sql& sql, std::size_t at, bool with_alias);
// One past the table and its alias.
std::size_t after_table(const Sql& sql, const TableRef& table);

// Logical name (lower case) to physical name.
using NameMap = std::map<std::string, std::string>;

// Text of tokens [from, to) with the references' names and the qualifiers `t.` replaced.
std::string rewrite(const Sql& sql, std::size_t from, std::size_t to, const std::vector<TableRef>& references,
                    const NameMap& names);

// The value of a literal at tokens [from, to): a number with its sign, a string, NULL.
std::optional<KeyValue> literal(const Sql& sql, std::size_t from, std::size_t to);

// Splits [from, to) at commas outside parentheses.
std::vector<std::pair<std::size_t, std::size_t>> split_list(const Sql& sql, std::size_t from, std::size_t to);

// The physical tables that can hold rows the predicate [from, to) accepts: follows `key = literal` and `key IN (..)`
// between top-level ANDs, the key bare or qualified by `qualifier`.
std::vector<PhysicalTable> targets(const TableDef& table, int shard_count, const Sql& sql, std::size_t from,
                                   std::size_t to, std::string_view qualifier);

// End of the WHERE predicate that begins at `from`: GROUP, HAVING, ORDER, LIMIT, FOR, LOCK, UNION, or the end.
std::size_t predicate_end(const Sql& sql, std::size_t from);

// `value` as an SQL literal for the column; bytes as x'..'.
std::string sql_literal(const ColumnInfo& column, const std::optional<std::string>& value);
// The column in a SELECT list so that its text form loses nothing.
std::string exact_column(const ColumnInfo& column);

}  // namespace tributary::lab
