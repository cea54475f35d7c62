#include "task/source_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "mysql/connection.h"

namespace tributary::task {

using base::Result;
using base::Status;

namespace {

mysql::Endpoint endpoint_of(const Address& address, const Credentials& credentials, const Tls& tls,
                            const std::vector<Address>& others = {}) {
  mysql::Endpoint endpoint;
  endpoint.host = address.host;
  endpoint.port = address.port;
  endpoint.user = credentials.user;
  endpoint.password = credentials.password.reveal();
  for (const Address& other : others) endpoint.others.push_back({other.host, other.port});
  endpoint.tls = tls.enabled;
  endpoint.tls_verify = tls.verify == TlsVerify::full ? mysql::TlsVerify::full
                        : tls.verify == TlsVerify::ca ? mysql::TlsVerify::ca
                                                      : mysql::TlsVerify::none;
  endpoint.tls_ca = tls.ca;
  endpoint.tls_cert = tls.cert;
  endpoint.tls_key = tls.key;
  return endpoint;
}

}  // namespace

source::SourceConfig source_config(const TaskSpec& spec) {
  const Source& from = spec.source;
  source::SourceConfig to;
  switch (from.engine) {
    case SourceEngine::polardbx10:
      to.engine = source::Engine::polardbx10;
      break;
    case SourceEngine::mysql:
      to.engine = source::Engine::mysql;
      break;
    case SourceEngine::mysql_shards:
      to.engine = source::Engine::mysql_shards;
      break;
  }
  to.endpoint = endpoint_of(from.address, from.credentials, from.tls, from.others);
  to.storage_login = endpoint_of({}, from.storage.credentials, from.tls);
  for (const auto& [named, reached] : from.storage.addresses)
    for (const Address& address : reached) to.storage_addresses[named].push_back({address.host, address.port});
  for (const ShardServer& shard : from.shards)
    to.shards.push_back(endpoint_of(shard.address, shard.credentials, from.tls, shard.others));
  for (const ShardedDatabase& database : from.databases) {
    for (const std::string& table : database.broadcast)
      to.shard_rules.push_back({source::TableKind::broadcast, database.name, table, database.physical, {}});
    for (const auto& [table, physical] : database.tables)
      to.shard_rules.push_back({source::TableKind::sharded, database.name, table, database.physical, physical});
    if (database.tables.empty())
      to.shard_rules.push_back({source::TableKind::sharded, database.name, "", database.physical, {}});
  }
  for (const ObjectSelection& selected : spec.objects) {
    auto& tables = to.objects.databases[selected.database];
    if (!selected.all) tables = selected.tables;
  }
  if (!spec.has_plain_objects())
    to.objects.carries = [transformation = transformation_of(spec)](std::string_view database, std::string_view table) {
      return transformation.carries(database, table);
    };
  return to;
}

namespace {

bool has_patterns(const TaskSpec& spec) {
  return std::ranges::any_of(spec.object_list.databases, [](const transform::ObjectItem& database) {
    return database.pattern != transform::PatternType::bare_name;
  });
}

std::string databases_key(const TaskSpec& spec) { return "databases/" + spec.name; }

Result<std::vector<std::string>> databases_of(const source::SourceConfig& config) {
  static const std::set<std::string_view> own = {"mysql", "information_schema", "performance_schema", "sys",
                                                 "dts_health_check"};
  std::vector<std::string> names;
  if (config.engine == source::Engine::mysql_shards) {
    for (const source::ShardRule& rule : config.shard_rules) names.push_back(rule.database);
    return names;
  }
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(config.endpoint));
  TRY_VALUE(const mysql::Table rows, connection.query("SHOW DATABASES"));
  for (const auto& row : rows.rows)
    if (row[0] && !own.contains(*row[0])) names.push_back(*row[0]);
  return names;
}

}  // namespace

transform::Transformation transformation_of(const TaskSpec& spec) {
  transform::Transformation out;
  if (!spec.has_plain_objects())
    out.rules = transform::ObjectRules::compile(spec.object_list, spec.capitalization).value();  // parse_task tried it
  out.scripts = spec.scripts;
  out.additional_columns = spec.additional_columns;
  return out;
}

Result<source::SourceConfig> source_now(const TaskSpec& spec) {
  source::SourceConfig config = source_config(spec);
  if (!has_patterns(spec)) return config;
  const auto rules = transform::ObjectRules::compile(spec.object_list, spec.capitalization).value();
  std::vector<std::string> databases;
  if (store::exists_sqlite(spec.state_dir)) {
    TRY_VALUE(const auto state, store::read_sqlite(spec.state_dir));
    TRY_VALUE(const auto kept, state->get(databases_key(spec)));
    const auto list = nlohmann::json::parse(kept ? kept->value : "[]", nullptr, false);
    for (const auto& name : list)
      if (name.is_string()) databases.push_back(name);
  }
  if (databases.empty()) {
    TRY_VALUE(databases, databases_of(config));
    std::erase_if(databases, [&](const std::string& name) {
      const auto carried = rules.carries({name, {}, {}});
      return !rules.items({name, {}, {}}).database || !carried || !*carried;
    });
  }
  for (const std::string& name : databases) config.objects.databases.try_emplace(name, std::nullopt);
  return config;
}

Status keep_databases(const TaskSpec& spec, const source::SourceConfig& config, store::Store& store) {
  if (!has_patterns(spec)) return {};
  TRY_VALUE(const auto kept, store.get(databases_key(spec)));
  if (kept) return {};
  std::vector<std::string> names;
  for (const auto& [name, tables] : config.objects.databases)
    if (!tables) names.push_back(name);
  return store.put(databases_key(spec), nlohmann::json(names).dump());
}

}  // namespace tributary::task
