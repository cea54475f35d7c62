#include "task/objects.h"

#include <set>
#include <string_view>
#include <unordered_map>

#include "mysql/connection.h"
#include "source/topology/topology.h"
#include "task/source_config.h"

namespace tributary::task {
namespace {

using base::Result;
using base::Status;
using transform::Catalogue;

// What a plain server has beside the tables of the task. What the user may not see is not in it.
Status read_others(const source::SourceConfig& config, Catalogue& catalogue) {
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(config.endpoint));
  TRY_VALUE(
      const mysql::Table rows,
      connection.query("SELECT TABLE_SCHEMA, TABLE_NAME, 'view' FROM information_schema.VIEWS "
                       "UNION ALL SELECT ROUTINE_SCHEMA, ROUTINE_NAME, LOWER(ROUTINE_TYPE) FROM "
                       "information_schema.ROUTINES "
                       "UNION ALL SELECT TRIGGER_SCHEMA, TRIGGER_NAME, 'trigger' FROM information_schema.TRIGGERS "
                       "UNION ALL SELECT EVENT_SCHEMA, EVENT_NAME, 'event' FROM information_schema.EVENTS "
                       "UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, 'table' FROM information_schema.TABLES "
                       "WHERE TABLE_TYPE = 'BASE TABLE' "
                       "ORDER BY 1, 3, 2"));
  std::unordered_map<std::string_view, Catalogue::Database*> databases;
  for (Catalogue::Database& database : catalogue.databases) databases.emplace(database.name, &database);
  for (const auto& row : rows.rows) {
    const auto found = databases.find(row[0].value_or(""));
    if (found == databases.end()) continue;
    // Of a database read whole they are known already.
    if (row[2] == "table" && !config.objects.databases.at(found->second->name)) continue;
    found->second->others.push_back({row[1].value_or(""), row[2].value_or("")});
  }
  return {};
}

}  // namespace

Result<ObjectsView> view_objects(const TaskSpec& spec) {
  TRY_VALUE(const auto rules, transform::ObjectRules::compile(spec.object_list, spec.capitalization));
  TRY_VALUE(source::SourceConfig config, source_now(spec));
  config.resumes = true;  // tables that are missing are told below, with what is alike
  TRY_VALUE(const source::Topology topology, source::discover(config));

  Catalogue catalogue;
  std::unordered_map<std::string, std::size_t> places;
  for (const auto& [name, tables] : config.objects.databases) {
    places.emplace(name, catalogue.databases.size());
    catalogue.databases.push_back({name, {}, {}});
  }
  for (const source::LogicalTable& table : topology.tables)
    catalogue.databases[places.at(table.schema->database)].tables.push_back(table.schema);
  ObjectsView view;
  if (config.engine == source::Engine::mysql)
    TRY(read_others(config, catalogue));
  else
    view.notes = topology.remarks;
  TRY_VALUE(view.selection, transform::resolve(rules, catalogue));
  return view;
}

}  // namespace tributary::task
