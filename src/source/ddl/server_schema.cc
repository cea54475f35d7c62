#include "source/ddl/server_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "source/ddl/charsets.h"
#include "source/topology/schema_reader.h"

namespace tributary::source {

using base::Result;

namespace {

constexpr unsigned no_such_table = 1146;

bool is_on(std::string_view text) { return text == "1" || text == "ON"; }

// Opens each table for reading, which waits for a DDL statement that is at its end: that holds the table exclusively
// from before it is logged until the dictionary says so too.
base::Status wait_for_ddl(mysql::Connection& connection, const std::string& database,
                          const std::vector<std::string>& tables) {
  constexpr std::size_t batch_max = 50;
  const auto select = [&](const std::string& table) {
    return fmt::format("(SELECT 1 FROM {}.{} LIMIT 0)", mysql::quote_name(database), mysql::quote_name(table));
  };
  for (std::size_t from = 0; from < tables.size(); from += batch_max) {
    const std::size_t to = std::min(tables.size(), from + batch_max);
    std::string batch;
    for (std::size_t i = from; i < to; ++i) batch += (batch.empty() ? "" : " UNION ALL ") + select(tables[i]);
    auto read = connection.query(batch);
    if (read) continue;
    if (connection.server_errno() == 0) return std::unexpected(std::move(read).error());
    for (std::size_t i = from; i < to; ++i) {  // one of them is gone, or is a view that can't be read
      auto alone = connection.query(select(tables[i]));
      if (!alone && connection.server_errno() != no_such_table) return std::unexpected(std::move(alone).error());
    }
  }
  return {};
}

}  // namespace

Result<ServerTraits> read_server_traits(mysql::Connection& connection) {
  ServerTraits traits;
  traits.flavour = connection.flavour();
  traits.version_number = connection.version_number();
  TRY_VALUE(const mysql::Table variables,
            connection.query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('lower_case_table_names', "
                             "'explicit_defaults_for_timestamp', 'collation_server')"));
  for (std::size_t row = 0; row < variables.rows.size(); ++row) {
    const std::string_view name = variables.text(row, "Variable_name");
    const std::string_view value = variables.text(row, "Value");
    if (name == "lower_case_table_names")
      std::from_chars(value.data(), value.data() + value.size(), traits.lower_case_table_names);
    else if (name == "explicit_defaults_for_timestamp")
      traits.explicit_defaults_for_timestamp = is_on(value);
    else
      traits.default_collation = ddl::long_name(value);
  }
  return traits;
}

Result<std::map<std::string, std::string>> read_databases(mysql::Connection& connection) {
  TRY_VALUE(const mysql::Table read,
            connection.query("SELECT SCHEMA_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE "
                             "SCHEMA_NAME NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')"));
  std::map<std::string, std::string> databases;
  for (std::size_t row = 0; row < read.rows.size(); ++row)
    databases.emplace(read.text(row, "SCHEMA_NAME"), ddl::long_name(read.text(row, "DEFAULT_COLLATION_NAME")));
  return databases;
}

Result<std::vector<TrackedTable>> read_tracked_tables(mysql::Connection& connection, const std::string& database,
                                                      const std::vector<std::string>& tables) {
  std::vector<std::string> names = tables;
  if (names.empty()) {
    TRY_VALUE(
        const mysql::Table all,
        connection.query(fmt::format("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND "
                                     "TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')",
                                     connection.quote(database))));
    for (std::size_t row = 0; row < all.rows.size(); ++row) names.emplace_back(all.text(row, "TABLE_NAME"));
    if (names.empty()) return std::vector<TrackedTable>{};
  }
  TRY(wait_for_ddl(connection, database, names));
  TRY_VALUE(auto read, read_tables(connection, database, names));
  std::vector<TrackedTable> found;
  for (auto& [name, table] : read) {
    table.collation = ddl::long_name(table.collation);
    found.push_back(std::move(table));
  }
  return found;
}

}  // namespace tributary::source
