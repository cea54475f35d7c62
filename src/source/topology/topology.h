// What a source consists of: the server instances, the logical tables a user sees, and the physical tables that hold
// their rows. Physical tables are known by exact (instance, database, table), never by guessing from a name.
//
// Three kinds of source: PolarDB-X 1.0 (SHOW TOPOLOGY joined with SHOW DATASOURCES through the middleware), one
// MySQL/MariaDB server, and any fleet of servers whose shards a task file describes.
// Threads: values; discover() blocks on the network. Errors: the catalogue's source section.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/schema.h"
#include "mysql/connection.h"

namespace tributary::source {

enum class Engine : std::uint8_t { polardbx10, mysql, mysql_shards };

// Logical databases to carry: every table, or the tables listed.
struct ObjectSelection {
  std::map<std::string, std::optional<std::vector<std::string>>> databases;
  // Of databases with every table: those that are carried all the same, also of tables that come to be later. Unset:
  // all.
  std::function<bool(std::string_view database, std::string_view table)> carries;

  bool takes(const std::string& database, const std::string& table) const;
};

enum class TableKind : std::uint8_t { sharded, broadcast, single };
std::string_view to_string(TableKind kind);

// One rule of a fleet of shards: where the rows of a logical table lie. Patterns are those of fnmatch(3) without flags.
struct ShardRule {
  TableKind kind = TableKind::sharded;          // of a broadcast table the first copy found is read
  std::string database, table;                  // logical; table may be empty: every physical table by its own name
  std::vector<std::string> physical_databases;  // patterns
  std::vector<std::string> physical_tables;     // patterns; empty: the logical table's name
};

struct SourceConfig {
  Engine engine = Engine::polardbx10;
  mysql::Endpoint endpoint;       // the middleware, or the one server
  mysql::Endpoint storage_login;  // user, password and TLS for the instances behind a middleware
  // "host:port" as the source names it -> where we reach it, one address or several (Endpoint::others).
  std::map<std::string, std::vector<mysql::HostPort>> storage_addresses;
  std::vector<mysql::Endpoint> shards;  // mysql_shards
  std::vector<ShardRule> shard_rules;   // mysql_shards
  ObjectSelection objects;
  // Tables (database, table) that are listed in `objects` and may be missing all the same: they were there once.
  std::set<std::pair<std::string, std::string>> may_be_missing;
  // The task goes on: tables may be gone, and shards may differ for the moment, as its history knows what they were.
  bool resumes = false;
};

struct Instance {
  std::string name;          // host:port as the source names it; the subtask's lasting name
  mysql::Endpoint endpoint;  // where and as whom we connect
  std::string server_version;
  mysql::Flavour flavour = mysql::Flavour::mysql;
  std::uint32_t version_number = 0;
};

struct PhysicalTable {
  std::uint32_t instance = 0;  // index into Topology::instances
  std::uint32_t logical = 0;   // index into Topology::tables
  std::string database, table;
  std::string group;  // the middleware's name for the physical database
};

struct LogicalTable {
  TableKind kind = TableKind::single;
  model::TableSchemaPtr schema;       // database and table are the logical names
  std::string create_statement;       // CREATE TABLE with the logical name, hidden columns left out
  std::vector<std::uint32_t> shards;  // indexes into Topology::physical
};

struct Topology {
  std::vector<Instance> instances;
  std::vector<LogicalTable> tables;
  std::vector<PhysicalTable> physical;
  std::vector<std::string> remarks;  // things left out on purpose, for the log (views, global index tables)
};

// Where everything lies, by names alone: instances are not connected to, except where they alone can tell (mysql,
// mysql_shards). Schemas have names only. Names are as the source gives them.
base::Result<Topology> read_layout(const SourceConfig& config);
// The rest of a layout: versions of the servers, structures, and physical names in the server's own spelling.
base::Status read_structures(Topology& layout, bool may_differ);
// Of one instance, only version and spelling.
base::Status reach_instance(Topology& layout, std::uint32_t index);
// An instance by its name, be it no longer part of the source.
base::Result<Instance> instance_named(const SourceConfig& config, const std::string& name);
// Layout and structures.
base::Result<Topology> discover(const SourceConfig& config);

}  // namespace tributary::source
