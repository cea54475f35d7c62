#include "task/spec_parts.h"

namespace tributary::task {
namespace {

constexpr Range port_range{1, 65'535};

void check_host(const Section& section, const std::string& host) {
  if (!host.empty() && !is_host(host)) section.bad("host", fmt::format("is {}, no host name or address", quote(host)));
}

// hosts, or host and port.
void read_hosts(const Section& section, bool may_be_several, Address& first, std::vector<Address>& others) {
  if (!section.has("hosts") || !may_be_several) {
    first.host = section.required_text("host");
    check_host(section, first.host);
    first.port = static_cast<std::uint16_t>(section.number("port", port_range, 3306));
    return;
  }
  for (const std::string_view key : {"host", "port"})
    if (section.has(key)) section.bad(key, "stands beside hosts: give one of the two");
  std::vector<Address> all;
  for (const std::string& text : section.texts("hosts")) {
    const auto address = parse_address(text);
    if (!address) section.bad("hosts", fmt::format("holds {}: {}", quote(text), address.error().what));
    if (address) all.push_back(*address);
  }
  if (all.empty()) return;
  first = all.front();
  others.assign(all.begin() + 1, all.end());
}

Storage read_storage(const Section& source, const Credentials& front, const std::filesystem::path& base_dir) {
  const Section section = source.section("storage", {"user", "password", "password_env", "password_file", "addresses"});
  Storage storage{.credentials = read_credentials(section, "user", base_dir, false, front)};
  const YamlNode* addresses = section.find("addresses");
  if (!addresses) return storage;
  if (addresses->kind != YamlNode::Kind::map) {
    section.bad("addresses", R"(must be a map like {"rds-a.internal:3306": "127.0.0.1:13306"})");
    return storage;
  }
  for (const YamlNode& entry : addresses->children) {
    const std::string path = "addresses." + entry.key;
    const auto from = parse_address(entry.key);
    if (!from) section.bad(entry.key_mark, path, fmt::format("is no address: {}", from.error().what));
    for (const std::string& text : scalar_texts(section.problems(), entry, section.path_of(path))) {
      const auto to = parse_address(text);
      if (!to && !text.empty()) section.bad(entry.mark, path, fmt::format("is {}: {}", quote(text), to.error().what));
      if (from && to) storage.addresses[from->text()].push_back(*to);
    }
  }
  return storage;
}

std::vector<ShardServer> read_shards(const Section& source, const Credentials& shared,
                                     const std::filesystem::path& base_dir) {
  std::vector<ShardServer> shards;
  source.require("shards");
  const YamlNode* list = source.find("shards");
  if (!list) return shards;
  if (list->kind != YamlNode::Kind::list || list->children.empty()) {
    source.bad("shards", "must be a list like [{host: 10.0.0.1, port: 3306}]");
    return shards;
  }
  for (const YamlNode& item : list->children) {
    const Section section(source.problems(), &item, fmt::format("source.shards[{}]", shards.size()),
                          {"host", "port", "hosts", "user", "password", "password_env", "password_file"});
    ShardServer shard;
    read_hosts(section, true, shard.address, shard.others);
    const bool own_user = section.has("user");
    shard.credentials = read_credentials(section, "user", base_dir, own_user, shared);
    if (section.present() && shard.credentials.user.empty()) section.require("user");
    for (const ShardServer& other : shards) {
      if (other.address != shard.address || shard.address.host.empty()) continue;
      section.bad(item.mark, "host", fmt::format("and port name {} a second time", shard.address.text()));
    }
    shards.push_back(std::move(shard));
  }
  return shards;
}

ShardedDatabase read_database(const Section& source, const YamlNode& node) {
  ShardedDatabase database{.name = node.key};
  const Section section(source.problems(), &node, source.path_of("databases." + node.key),
                        {"physical", "tables", "broadcast"});
  database.physical = section.texts("physical");
  if (database.physical.empty()) database.physical = {node.key};
  database.broadcast = section.texts("broadcast");
  const YamlNode* tables = section.find("tables");
  if (!tables) return database;
  if (tables->kind != YamlNode::Kind::map || tables->children.empty()) {
    section.bad("tables", "must be a map like {orders: [\"orders_??\"], users: [users]}");
    return database;
  }
  for (const YamlNode& table : tables->children) {
    database.tables[table.key] = scalar_texts(source.problems(), table, section.path_of("tables." + table.key));
  }
  for (const std::string& table : database.broadcast) {
    if (!database.tables.contains(table))
      section.bad("broadcast", fmt::format("names {}, which is not in tables", quote(table)));
  }
  return database;
}

std::vector<ShardedDatabase> read_databases(const Section& source) {
  std::vector<ShardedDatabase> databases;
  const YamlNode* map = source.find("databases");
  if (!map) return databases;
  if (map->kind != YamlNode::Kind::map) {
    source.bad("databases", "must be a map like {shop: {physical: [\"shop_*\"]}}");
    return databases;
  }
  for (const YamlNode& node : map->children) databases.push_back(read_database(source, node));
  return databases;
}

void refuse(const Section& source, SourceEngine engine, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (source.has(key)) source.bad(key, fmt::format("is not for engine {}", to_string(engine)));
  }
}

}  // namespace

Source read_source(const Section& task, const std::filesystem::path& base_dir) {
  task.require("source");
  const Section section =
      task.section("source", {"engine", "host", "port", "hosts", "user", "password", "password_env", "password_file",
                              "tls", "server_id", "storage", "shards", "databases"});
  Source source;
  if (!section.present()) return source;
  source.engine = section.choice<SourceEngine>("engine",
                                               {{"polardbx10", SourceEngine::polardbx10},
                                                {"mysql", SourceEngine::mysql},
                                                {"mysql-shards", SourceEngine::mysql_shards}},
                                               std::nullopt);
  source.tls = read_tls(section, base_dir, true);
  source.server_id = static_cast<std::uint32_t>(section.number("server_id", {1, UINT32_MAX}, 0));
  if (source.engine == SourceEngine::mysql_shards) {
    refuse(section, source.engine, {"host", "port", "hosts", "storage"});
    source.credentials = read_credentials(section, "user", base_dir, section.has("user"));
    source.shards = read_shards(section, source.credentials, base_dir);
    source.databases = read_databases(section);
    return source;
  }
  refuse(section, source.engine, {"shards", "databases"});
  if (source.engine != SourceEngine::mysql) refuse(section, source.engine, {"hosts"});
  read_hosts(section, source.engine == SourceEngine::mysql, source.address, source.others);
  source.credentials = read_credentials(section, "user", base_dir, true);
  if (source.engine == SourceEngine::mysql)
    refuse(section, source.engine, {"storage"});
  else
    source.storage = read_storage(section, source.credentials, base_dir);
  return source;
}

}  // namespace tributary::task
