// What a server makes of a column's clause: the type it really gets, its character set, and how information_schema
// shows it. The judge is the server's own information_schema (tests/e2e/test_ddl_corpus.py). Threads: free functions.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "model/schema.h"
#include "source/ddl/syntax.h"

namespace tributary::source::ddl {

// Why a statement can't be placed, and where in it.
struct Refusal {
  std::uint32_t offset = 0;
  std::string reason;
};
template <typename T>
using Placed = std::expected<T, Refusal>;

struct Session {
  const ServerTraits& traits;
  const StatementContext& context;
  bool is_mariadb() const { return traits.flavour == mysql::Flavour::mariadb; }
  bool is_mysql_56() const { return !is_mariadb() && traits.version_number < 50700; }
  bool is_mysql_8() const { return !is_mariadb() && traits.version_number >= 80000; }  // or later
};

// The collation a clause means where `inherited` is what holds without it.
Placed<std::string> resolve_collation(const Session& session, const CharsetClause& clause,
                                      const std::string& inherited);

Placed<model::Column> make_column(const Session& session, const ColumnClause& clause,
                                  const std::string& table_collation);

// After CONVERT TO CHARACTER SET.
Placed<model::Column> convert_column(const Session& session, model::Column column, const std::string& collation);

// Bytes or characters a column of this type can hold, for parts of keys; 0 if it can't have parts.
bool can_have_parts(model::ColumnType type);
bool is_blob_or_text(model::ColumnType type);

}  // namespace tributary::source::ddl
