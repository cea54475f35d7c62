// Discovery through the middleware. Columns are read by name: kernels differ in their order and number.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "source/topology/assembly.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

// One physical database of the logical one. Without an address none of its datasources takes writes at the moment.
struct Group {
  std::string address, database;
  std::string other;  // a second place that is said to take its writes
};

class Discovery {
 public:
  Discovery(const SourceConfig& config, mysql::Connection& front, Topology& topology)
      : config_(config), front_(front), topology_(topology) {}

  Status database(const std::string& name, const std::optional<std::vector<std::string>>& wanted) {
    database_ = name;
    if (auto used = front_.execute("USE " + mysql::quote_name(name)); !used)
      return fail(ErrorCode::source_database_missing, used.error().what, name);
    TRY(read_groups());
    TRY_VALUE(const std::vector<std::string> tables, select_tables(wanted));
    for (const std::string& table : tables) TRY(read_table(table, wanted.has_value()));
    return {};
  }

 private:
  Status read_groups() {
    groups_.clear();
    TRY_VALUE(const mysql::Table rows, front_.query("SHOW DATASOURCES"));
    if (rows.column("GROUP") < 0 || rows.column("URL") < 0)
      return fail(ErrorCode::source_not_drds, "SHOW DATASOURCES has no GROUP and URL", database_);
    for (std::size_t i = 0; i < rows.rows.size(); ++i) {
      const std::string name(rows.text(i, "GROUP"));
      // A read-only replica of a group is listed with write weight 0: its binlog is not the group's. So is a suspended
      // datasource.
      const std::string weight(rows.column("WRITE_WEIGHT") < 0 ? "" : rows.text(i, "WRITE_WEIGHT"));
      if (!weight.empty() && std::atoi(weight.c_str()) <= 0) {
        groups_.try_emplace(name);
        continue;
      }
      Group group;
      const std::string_view url = rows.text(i, "URL");
      if (!parse_datasource_url(url, group.address, group.database))
        return fail(ErrorCode::source_topology, fmt::format("SHOW DATASOURCES gives the URL '{}'", url), database_);
      const auto [known, is_new] = groups_.try_emplace(name, group);
      if (is_new || known->second.address.empty()) {
        known->second = std::move(group);
      } else if (known->second.address != group.address || known->second.database != group.database) {
        // While a group is switched to another server both can be there for a moment.
        known->second.other = fmt::format("{}/{}", group.address, group.database);
      }
    }
    return {};
  }

  Result<std::uint32_t> instance_at(const std::string& address) {
    for (std::uint32_t i = 0; i < topology_.instances.size(); ++i)
      if (topology_.instances[i].name == address) return i;
    Instance instance;
    instance.name = address;
    TRY_VALUE(instance.endpoint, storage_endpoint(config_, address));
    topology_.instances.push_back(std::move(instance));
    return static_cast<std::uint32_t>(topology_.instances.size() - 1);
  }

  // Names of global index tables, which repeat other tables' rows.
  Result<std::set<std::string>> global_indexes() {
    std::set<std::string> names;
    auto rows = front_.query("SHOW GLOBAL INDEX");
    if (!rows) {
      if (rows.error().code == ErrorCode::source_query) return names;  // kernels before 5.4.1 have none
      return fail(std::move(rows.error()));
    }
    for (std::size_t i = 0; i < rows->rows.size(); ++i) names.emplace(rows->text(i, "KEY_NAME"));
    return names;
  }

  Result<std::vector<std::string>> select_tables(const std::optional<std::vector<std::string>>& wanted) {
    auto full = front_.query("SHOW FULL TABLES");
    if (!full && full.error().code == ErrorCode::source_query) full = front_.query("SHOW TABLES");  // old kernels
    TRY_VALUE(const mysql::Table rows, std::move(full));
    TRY_VALUE(const std::set<std::string> indexes, global_indexes());
    std::set<std::string> present;
    for (std::size_t i = 0; i < rows.rows.size(); ++i) {
      const std::string name = rows.rows[i][0].value_or("");
      if (rows.column("Table_type") >= 0 && rows.text(i, "Table_type") == "VIEW") {
        topology_.remarks.push_back(fmt::format("{}.{} is a view and is not carried", database_, name));
      } else if (indexes.contains(name)) {
        topology_.remarks.push_back(fmt::format("{}.{} is a global index and is not carried", database_, name));
      } else if (is_recycled(name)) {
        topology_.remarks.push_back(fmt::format("{}.{} lies in the recycle bin and is not carried", database_, name));
      } else if (wanted || config_.objects.takes(database_, name)) {
        present.insert(name);
      }
    }
    if (!wanted) return std::vector<std::string>(present.begin(), present.end());
    std::vector<std::string> chosen;
    for (const std::string& table : *wanted) {
      if (present.contains(table)) {
        chosen.push_back(table);
      } else if (config_.may_be_missing.contains({database_, table})) {
        topology_.remarks.push_back(fmt::format("{}.{} is no longer there", database_, table));
      } else {
        return fail(ErrorCode::source_table_missing, "SHOW TABLES does not list it as a table",
                    database_ + "." + table);
      }
    }
    return chosen;
  }

  bool is_listed(const std::string& table) {
    const auto rows = front_.query("SHOW TABLES");
    return !rows || std::any_of(rows->rows.begin(), rows->rows.end(), [&](const auto& row) { return row[0] == table; });
  }

  Status read_table(const std::string& table, bool is_wanted) {
    const std::string where = database_ + "." + table;
    auto rules = front_.query("SHOW RULE FROM " + mysql::quote_name(table));
    auto places = front_.query("SHOW TOPOLOGY FROM " + mysql::quote_name(table));
    for (const auto* answer : {&rules, &places}) {
      if (*answer) continue;
      // Dropped since SHOW TABLES listed it.
      if (answer->error().code == ErrorCode::source_query && !is_wanted && !is_listed(table)) return {};
      return fail(base::Error(answer->error()).in(where));
    }
    const mysql::Table &rule = *rules, &shards = *places;
    if (shards.rows.empty()) {
      // What is half made or half dropped is listed without a place. Nobody can have rows there.
      if (is_wanted) return fail(ErrorCode::source_topology, "SHOW TOPOLOGY lists no physical table", where);
      topology_.remarks.push_back(where + " has no physical table and is not carried");
      return {};
    }
    TableKind kind = TableKind::single;
    if (!rule.rows.empty()) {
      if (rule.text(0, "BROADCAST") == "1")
        kind = TableKind::broadcast;
      else if (!rule.text(0, "DB_PARTITION_KEY").empty() || !rule.text(0, "TB_PARTITION_KEY").empty())
        kind = TableKind::sharded;
    }
    const std::uint32_t logical = add_logical_table(topology_, kind, database_, table);
    for (std::size_t i = 0; i < shards.rows.size(); ++i) {
      // Every shard holds a full copy of a broadcast table and logs each change: one shard speaks for all.
      // A single table lies in the first; what else carries its name is an empty twin.
      if (kind != TableKind::sharded && i > 0) break;
      const std::string group_name(shards.text(i, "GROUP_NAME"));
      const auto group = groups_.find(group_name);
      if (group == groups_.end())
        return fail(ErrorCode::source_topology, fmt::format("SHOW DATASOURCES does not list group {}", group_name),
                    where);
      // Passing states of a switch or of a suspended server: nothing to stop for, and nothing to go on with.
      if (group->second.address.empty())
        return fail(ErrorCode::source_busy, fmt::format("no datasource of group {} takes writes", group_name), where);
      if (!group->second.other.empty())
        return fail(ErrorCode::source_busy,
                    fmt::format("group {} is listed with two places that take writes, {}/{} and {}", group_name,
                                group->second.address, group->second.database, group->second.other),
                    where);
      TRY_VALUE(const std::uint32_t instance, instance_at(group->second.address));
      add_physical_table(topology_, logical, instance, group->second.database,
                         std::string(shards.text(i, "TABLE_NAME")), group_name);
    }
    return {};
  }

  const SourceConfig& config_;
  mysql::Connection& front_;
  Topology& topology_;
  std::string database_;
  std::map<std::string, Group, std::less<>> groups_;
};

}  // namespace

Result<mysql::Endpoint> storage_endpoint(const SourceConfig& config, const std::string& address) {
  mysql::Endpoint endpoint = config.storage_login;
  const auto mapped = config.storage_addresses.find(address);
  if (mapped != config.storage_addresses.end() && !mapped->second.empty()) {
    endpoint = endpoint.at(mapped->second.front());
    endpoint.others.assign(mapped->second.begin() + 1, mapped->second.end());
    return endpoint;
  }
  const std::size_t colon = address.rfind(':');
  const int port = colon == std::string::npos ? 3306 : std::atoi(address.c_str() + colon + 1);
  if (port <= 0 || port > 65535)
    return fail(ErrorCode::source_storage_address, fmt::format("'{}' is not host:port", address), address);
  endpoint.host = address.substr(0, colon);
  endpoint.port = static_cast<std::uint16_t>(port);
  return endpoint;
}

bool parse_datasource_url(std::string_view url, std::string& address, std::string& database) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::size_t slash = url.find('/');
  if (slash == std::string_view::npos) return false;
  address = url.substr(0, slash);
  database = url.substr(slash + 1, url.find_first_of("?&", slash + 1) - slash - 1);
  if (address.find(':') == std::string::npos) address += ":3306";
  return !database.empty();
}

bool is_recycled(std::string_view table) {
  return table.size() == 24 && table.starts_with("BIN_") && std::all_of(table.begin() + 4, table.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

Status discover_polardbx10(const SourceConfig& config, Topology& topology) {
  TRY_VALUE(mysql::Connection front, mysql::Connection::open(config.endpoint));
  if (front.server_version().find("-TDDL-") == std::string::npos)
    return fail(ErrorCode::source_not_drds, fmt::format("its version is '{}'", front.server_version()),
                config.endpoint.address());
  Discovery discovery(config, front, topology);
  for (const auto& [database, wanted] : config.objects.databases) TRY(discovery.database(database, wanted));
  return {};
}

}  // namespace tributary::source
