#include "source/topology/topology.h"

#include <fmt/format.h>

#include <algorithm>
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

// Reads and compares the structures of one instance's physical tables; fills the logical tables' schemas.
Status read_structures(Topology& topology, std::uint32_t instance_index, bool may_differ) {
  Instance& instance = topology.instances[instance_index];
  TRY_VALUE(mysql::Connection connection, open_instance(instance));
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
        TRY_VALUE(logical.create_statement,
                  read_create_statement(connection, database, physical->table, logical.schema->table));
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
                        std::string table) {
  topology.tables[logical].shards.push_back(static_cast<std::uint32_t>(topology.physical.size()));
  topology.physical.push_back({instance, logical, std::move(database), std::move(table)});
}

Result<Topology> discover(const SourceConfig& config) {
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
  for (std::uint32_t i = 0; i < topology.instances.size(); ++i) TRY(read_structures(topology, i, config.resumes));
  for (const LogicalTable& table : topology.tables)
    if (table.schema->columns.empty())
      return fail(ErrorCode::source_table_missing, "no physical table holds it",
                  table.schema->database + "." + table.schema->table);
  return topology;
}

}  // namespace tributary::source
