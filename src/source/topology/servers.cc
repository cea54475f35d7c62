// Discovery of plain servers: one server is a topology of one; a fleet is put together by the task file's rules.
#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "source/topology/assembly.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

struct ServerTables {
  std::vector<std::pair<std::string, std::string>> tables;  // database, table; base tables of user databases
  std::vector<std::string> databases;
  std::vector<std::string> views;
};

Result<ServerTables> list_tables(const mysql::Endpoint& endpoint) {
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(endpoint));
  ServerTables out;
  TRY_VALUE(const mysql::Table databases, connection.query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"));
  for (const auto& row : databases.rows) out.databases.push_back(row[0].value_or(""));
  TRY_VALUE(const mysql::Table rows,
            connection.query(
                "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN "
                "('mysql', 'information_schema', 'performance_schema', 'sys', 'dts_health_check') ORDER BY 1, 2"));
  for (const auto& row : rows.rows) {
    if (row[2] == "BASE TABLE" || row[2] == "SYSTEM VERSIONED")
      out.tables.emplace_back(*row[0], *row[1]);
    else
      out.views.push_back(*row[0] + "." + *row[1]);
  }
  return out;
}

void add_instance(Topology& topology, const mysql::Endpoint& endpoint) {
  Instance instance;
  instance.name = endpoint.address();
  instance.endpoint = endpoint;
  topology.instances.push_back(std::move(instance));
}

// Every database and table the user named must have been found.
Status require_all(const SourceConfig& config, const Topology& topology) {
  for (const auto& [database, tables] : config.objects.databases) {
    if (!tables) continue;
    for (const std::string& table : *tables) {
      const bool found = std::any_of(topology.tables.begin(), topology.tables.end(), [&](const LogicalTable& t) {
        return t.schema->database == database && t.schema->table == table;
      });
      if (!found && !config.may_be_missing.contains({database, table}))
        return fail(ErrorCode::source_table_missing, "no server holds it", database + "." + table);
    }
  }
  return {};
}

}  // namespace

bool ObjectSelection::takes(const std::string& database, const std::string& table) const {
  const auto found = databases.find(database);
  if (found == databases.end()) return false;
  if (!found->second) return !carries || carries(database, table);
  return std::find(found->second->begin(), found->second->end(), table) != found->second->end();
}

Status discover_server(const SourceConfig& config, Topology& topology) {
  add_instance(topology, config.endpoint);
  TRY_VALUE(const ServerTables server, list_tables(config.endpoint));
  for (const auto& [database, tables] : config.objects.databases)
    if (std::find(server.databases.begin(), server.databases.end(), database) == server.databases.end())
      return fail(ErrorCode::source_database_missing, "the server does not list it", database);
  for (const std::string& view : server.views)
    if (config.objects.databases.contains(view.substr(0, view.find('.'))))
      topology.remarks.push_back(view + " is a view and is not carried");
  for (const auto& [database, table] : server.tables)
    if (config.objects.takes(database, table))
      add_physical_table(topology, add_logical_table(topology, TableKind::single, database, table), 0, database, table);
  return config.resumes ? Status() : require_all(config, topology);
}

Status discover_shards(const SourceConfig& config, Topology& topology) {
  std::map<std::pair<std::string, std::string>, std::uint32_t> logical;
  for (std::uint32_t instance = 0; instance < config.shards.size(); ++instance) {
    add_instance(topology, config.shards[instance]);
    auto server = list_tables(config.shards[instance]);
    if (!server) return fail(std::move(server.error()).in("instance " + topology.instances[instance].name));
    for (const auto& [database, table] : server->tables) {
      for (const ShardRule& rule : config.shard_rules) {
        const auto any = [](const std::vector<std::string>& patterns, const std::string& name) {
          return std::any_of(patterns.begin(), patterns.end(),
                             [&](const auto& p) { return fnmatch(p.c_str(), name.c_str(), 0) == 0; });
        };
        if (!any(rule.physical_databases, database)) continue;
        const std::string& name = rule.table.empty() ? table : rule.table;
        if (rule.physical_tables.empty() ? table != name : !any(rule.physical_tables, table)) continue;
        if (!config.objects.takes(rule.database, name)) continue;
        const auto key = std::make_pair(rule.database, name);
        const bool is_new = !logical.contains(key);
        if (is_new) logical[key] = add_logical_table(topology, rule.kind, rule.database, name);
        if (is_new || rule.kind != TableKind::broadcast)
          add_physical_table(topology, logical[key], instance, database, table);
        break;  // the first rule that matches decides
      }
    }
  }
  return config.resumes ? Status() : require_all(config, topology);
}

}  // namespace tributary::source
