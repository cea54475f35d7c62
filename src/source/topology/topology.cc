#include "source/topology/topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <tuple>

#include "source/topology/assembly.h"
#include "source/topology/schema_reader.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

Result<mysql::Connection> open_instance(Instance& instance) {
  auto connection = mysql::Connection::open(instance.endpoint);
  if (!connection) return fail(std::move(connection.error()).in("instance " + instance.name));
  instance.server_version = connection->server_version();
  instance.flavour = connection->flavour();
  instance.version_number = connection->version_number();
  return connection;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// With lower_case_table_names the server spells a name in its own way, and so does its binlog, whatever the middleware
// calls it.
Status spell_as_server(mysql::Connection& connection, const std::vector<PhysicalTable*>& tables) {
  TRY_VALUE(const mysql::Table setting, connection.query("SELECT @@lower_case_table_names"));
  if (setting.rows.empty() || setting.rows[0][0].value_or("0") == "0") return {};
  TRY_VALUE(const mysql::Table rows, connection.query("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES "
                                                      "WHERE TABLE_TYPE = 'BASE TABLE'"));
  std::map<std::pair<std::string, std::string>, std::pair<std::string, std::string>> spelling;
  for (const auto& row : rows.rows) {
    const std::string database = row[0].value_or(""), table = row[1].value_or("");
    spelling[{lower(database), lower(table)}] = {database, table};
  }
  for (PhysicalTable* physical : tables) {
    const auto found = spelling.find({lower(physical->database), lower(physical->table)});
    if (found == spelling.end()) continue;
    physical->database = found->second.first;
    physical->table = found->second.second;
  }
  return {};
}

Result<mysql::Connection> reach(Topology& topology, std::uint32_t instance_index) {
  TRY_VALUE(mysql::Connection connection, open_instance(topology.instances[instance_index]));
  std::vector<PhysicalTable*> tables;
  for (PhysicalTable& physical : topology.physical)
    if (physical.instance == instance_index) tables.push_back(&physical);
  TRY(spell_as_server(connection, tables));
  return connection;
}

// Reads and compares the structures of one instance's physical tables; fills the logical tables' schemas.
constexpr const char* went_away = "the table went away while it was looked at";

Status read_structures_of(Topology& topology, std::uint32_t instance_index, bool may_differ) {
  const Instance& instance = topology.instances[instance_index];
  TRY_VALUE(mysql::Connection connection, reach(topology, instance_index));
  std::map<std::string, std::vector<const PhysicalTable*>> by_database;
  for (const PhysicalTable& physical : topology.physical)
    if (physical.instance == instance_index) by_database[physical.database].push_back(&physical);

  for (const auto& [database, tables] : by_database) {
    std::vector<std::string> names;
    for (const PhysicalTable* physical : tables) names.push_back(physical->table);
    TRY_VALUE(auto schemas, read_schemas(connection, database, names));
    for (const PhysicalTable* physical : tables) {
      const std::string where = fmt::format("instance {}, {}.{}", instance.name, database, physical->table);
      auto found = schemas.find(physical->table);
      // Tables of plain servers come and go: it is looked at again.
      if ((found == schemas.end() || found->second.columns.empty()) && physical->group.empty())
        return fail(ErrorCode::source_busy, went_away, where);
      if (found == schemas.end())
        return fail(ErrorCode::source_table_missing, "the physical table does not exist or may not be read", where);
      LogicalTable& logical = topology.tables[physical->logical];
      model::TableSchema schema = std::move(found->second);
      schema.database = logical.schema->database;
      schema.table = logical.schema->table;
      finish_schema(schema);
      std::string difference;
      if (logical.schema->columns.empty()) {
        logical.schema = std::make_shared<const model::TableSchema>(std::move(schema));
        auto statement = read_create_statement(connection, database, physical->table, logical.schema->table);
        constexpr unsigned no_such_table = 1146;
        if (!statement && (may_differ || physical->group.empty()) && connection.server_errno() == no_such_table)
          return fail(ErrorCode::source_busy, went_away, where);
        if (!statement) return fail(std::move(statement.error()));
        logical.create_statement = *std::move(statement);
      } else if (!may_differ && !same_structure(*logical.schema, schema, &difference)) {
        return fail(ErrorCode::source_schema_differs, difference, where);
      }
    }
  }
  return {};
}

}  // namespace

std::uint32_t add_logical_table(Topology& topology, TableKind kind, std::string database, std::string table) {
  model::TableSchema schema;
  schema.database = std::move(database);
  schema.table = std::move(table);
  LogicalTable logical;
  logical.kind = kind;
  logical.schema = std::make_shared<const model::TableSchema>(std::move(schema));
  topology.tables.push_back(std::move(logical));
  return static_cast<std::uint32_t>(topology.tables.size() - 1);
}

void add_physical_table(Topology& topology, std::uint32_t logical, std::uint32_t instance, std::string database,
                        std::string table, std::string group) {
  topology.tables[logical].shards.push_back(static_cast<std::uint32_t>(topology.physical.size()));
  topology.physical.push_back({instance, logical, std::move(database), std::move(table), std::move(group)});
}

std::string_view to_string(TableKind kind) {
  switch (kind) {
    case TableKind::sharded:
      return "sharded";
    case TableKind::broadcast:
      return "broadcast";
    case TableKind::single:
      return "single";
  }
  return "?";
}

Result<Topology> read_layout(const SourceConfig& config) {
  Topology topology;
  switch (config.engine) {
    case Engine::polardbx10:
      TRY(discover_polardbx10(config, topology));
      break;
    case Engine::mysql:
      TRY(discover_server(config, topology));
      break;
    case Engine::mysql_shards:
      TRY(discover_shards(config, topology));
      break;
  }
  // Twice the same physical table would be read twice, and its changes would go to one of the two.
  std::set<std::tuple<std::uint32_t, std::string_view, std::string_view>> places;
  for (const PhysicalTable& physical : topology.physical)
    if (!places.emplace(physical.instance, physical.database, physical.table).second)
      return fail(ErrorCode::source_topology, "the physical table is listed twice",
                  fmt::format("instance {}, {}.{}", topology.instances[physical.instance].name, physical.database,
                              physical.table));
  return topology;
}

Status reach_instance(Topology& layout, std::uint32_t index) {
  TRY_VALUE([[maybe_unused]] const mysql::Connection connection, reach(layout, index));
  return {};
}

Status read_structures(Topology& topology, bool may_differ) {
  for (std::uint32_t i = 0; i < topology.instances.size(); ++i) TRY(read_structures_of(topology, i, may_differ));
  for (const LogicalTable& table : topology.tables)
    if (table.schema->columns.empty())
      return fail(ErrorCode::source_table_missing, "no physical table holds it",
                  table.schema->database + "." + table.schema->table);
  return {};
}

Result<Instance> instance_named(const SourceConfig& config, const std::string& name) {
  Instance instance;
  instance.name = name;
  const auto shard = std::find_if(config.shards.begin(), config.shards.end(),
                                  [&](const mysql::Endpoint& endpoint) { return endpoint.address() == name; });
  if (shard != config.shards.end()) {
    instance.endpoint = *shard;
    return instance;
  }
  TRY_VALUE(instance.endpoint, storage_endpoint(config, name));
  if (config.engine != Engine::polardbx10) {
    // A server that left the task's list left its user there, too: that of its neighbours is the best guess.
    const mysql::Endpoint& like = config.shards.empty() ? config.endpoint : config.shards.front();
    const std::string host = instance.endpoint.host;
    const std::uint16_t port = instance.endpoint.port;
    instance.endpoint = like;
    instance.endpoint.others.clear();
    instance.endpoint.host = host;
    instance.endpoint.port = port;
  }
  return instance;
}

Result<Topology> discover(const SourceConfig& config) {
  TRY_VALUE(Topology topology, read_layout(config));
  TRY(read_structures(topology, config.resumes));
  return topology;
}

}  // namespace tributary::source
