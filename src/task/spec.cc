#include "task/spec.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "task/spec_parts.h"

namespace tributary::task {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view name_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

std::string read_name(const Section& task) {
  std::string name = task.required_text("name");
  if (name.size() > 64 || name.find_first_not_of(name_characters) != std::string::npos) {
    task.bad("name", "must be 1 to 64 letters, digits, '_', '-' or '.'");
  }
  return name;
}

Migration read_migration(const Section& task) {
  Migration migration;
  task.require("migration");
  const YamlNode* node = task.find("migration");
  if (!node) return migration;
  for (const std::string& step : task.texts("migration")) {
    static constexpr std::string_view steps[] = {"schema", "full", "incremental"};
    if (step == steps[0])
      migration.schema = true;
    else if (step == steps[1])
      migration.full = true;
    else if (step == steps[2])
      migration.incremental = true;
    else
      task.bad("migration", fmt::format("holds {}, allowed are schema, full, incremental{}", quote(step),
                                        did_you_mean(step, steps)));
  }
  return migration;
}

StartPosition read_start_position(Problems& problems, const YamlNode& node) {
  const std::string path = "start.position." + node.key;
  const Section section(problems, &node, path, {"file", "offset", "gtid"});
  StartPosition position;
  if (!section.present()) return position;
  if (section.has("gtid")) {
    position.gtid = section.text("gtid");
    if (section.has("file") || section.has("offset"))
      section.bad("gtid", "stands beside a file: give one of the two");
    else if (!position.gtid.empty() && !model::GtidSet::parse(position.gtid))
      section.bad("gtid", fmt::format("is {}, no GTID set of MySQL or MariaDB", quote(position.gtid)));
    return position;
  }
  position.binlog.file = section.required_text("file");
  section.require("offset");
  position.binlog.offset = section.number("offset", {4, UINT64_MAX}, 4);  // 4: behind the file's magic number
  return position;
}

Start read_start(const Section& task, const Migration& migration) {
  Start start;
  const Section section = task.section("start", {"position"});
  if (!section.present()) return start;
  section.require("position");
  const YamlNode* node = section.find("position");
  if (!node) return start;
  if (node->kind == YamlNode::Kind::scalar && node->text == "now") return start;
  if (node->kind != YamlNode::Kind::map || node->children.empty()) {
    section.bad("position", R"(must be `now` or a map like {"host:port": {file: mysql-bin.000012, offset: 4711}})");
    return start;
  }
  start.now = false;
  for (const YamlNode& instance : node->children) {
    const auto address = parse_address(instance.key);
    if (!address)
      section.bad(instance.key_mark, "position",
                  fmt::format("holds {}: {}", quote(instance.key), address.error().what));
    start.positions[address ? address->text() : instance.key] = read_start_position(task.problems(), instance);
  }
  if (migration.full || !migration.incremental) {
    section.bad("position",
                "is for incremental-only tasks; with a full load the stream starts where the snapshot does");
  }
  return start;
}

Tuning read_tuning(const Section& task) {
  Tuning tuning;
  const Section section = task.section("tuning", {"snapshot_parallelism", "chunk_rows", "buffer_mb"});
  tuning.snapshot_parallelism = section.number("snapshot_parallelism", {1, 64}, tuning.snapshot_parallelism);
  tuning.chunk_rows = section.number("chunk_rows", {100, 10'000'000}, tuning.chunk_rows);
  tuning.buffer_mb = section.number("buffer_mb", {4, 65'536}, tuning.buffer_mb);
  return tuning;
}

Heartbeat read_heartbeat(const Section& task) {
  Heartbeat heartbeat;
  const Section section = task.section("heartbeat", {"enabled", "interval_ms"});
  heartbeat.enabled = section.boolean("enabled", heartbeat.enabled);
  heartbeat.interval_ms = section.number("interval_ms", {100, 60'000}, heartbeat.interval_ms);
  return heartbeat;
}

TopologyWatch read_topology(const Section& task) {
  TopologyWatch topology;
  const Section section = task.section("topology", {"reread_seconds"});
  topology.reread_seconds = section.number("reread_seconds", {0, 86'400}, topology.reread_seconds);
  return topology;
}

Retry read_retry(const Section& task) {
  Retry retry;
  const Section section = task.section("retry", {"connection_minutes", "other_minutes"});
  retry.connection_minutes = section.number("connection_minutes", {10, 1440}, retry.connection_minutes);
  const std::uint32_t other_default = std::min(retry.other_minutes, retry.connection_minutes - 1);
  retry.other_minutes = section.number("other_minutes", {1, 1440}, other_default);
  if (retry.other_minutes >= retry.connection_minutes) {
    section.bad("other_minutes", fmt::format("must be less than connection_minutes ({})", retry.connection_minutes));
  }
  return retry;
}

// Every database of the task has a place to look for it, and every table named is one the mapping knows.
void complete_databases(Problems& problems, const YamlNode& root, TaskSpec& spec) {
  for (const ObjectSelection& selection : spec.objects) {
    const auto mapped = std::ranges::find(spec.source.databases, selection.database, &ShardedDatabase::name);
    if (mapped == spec.source.databases.end()) {
      spec.source.databases.push_back({.name = selection.database, .physical = {selection.database}});
      continue;
    }
    if (mapped->tables.empty()) continue;
    for (const std::string& table : selection.tables) {
      if (mapped->tables.contains(table)) continue;
      const YamlNode* const objects = root.child("objects");
      const YamlNode* const database = objects->child(selection.database);
      problems.add(ErrorCode::task_bad_value, (database ? database : objects)->mark,
                   fmt::format("{} is not among source.databases.{}.tables", quote(table), selection.database));
    }
  }
}

}  // namespace

std::string Address::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

base::Result<Address> parse_address(std::string_view text) {
  const auto refuse = [](std::string what) { return fail(ErrorCode::task_bad_value, std::move(what)); };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse("an address is host:port");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return refuse("an IPv6 address is written [address]:port");
  if (!is_host(host)) return refuse("an address is host:port");
  Address address{.host = std::string(host)};
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (digits.empty() || parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || address.port == 0) {
    return refuse("the port must be a number from 1 to 65535");
  }
  return address;
}

std::string_view to_string(SourceEngine engine) {
  switch (engine) {
    case SourceEngine::polardbx10:
      return "polardbx10";
    case SourceEngine::mysql:
      return "mysql";
    case SourceEngine::mysql_shards:
      return "mysql-shards";
  }
  return "?";
}

std::string_view to_string(TlsVerify verify) {
  switch (verify) {
    case TlsVerify::none:
      return "none";
    case TlsVerify::ca:
      return "ca";
    case TlsVerify::full:
      return "full";
  }
  return "?";
}

std::string_view to_string(KafkaSecurity security) {
  switch (security) {
    case KafkaSecurity::plaintext:
      return "plaintext";
    case KafkaSecurity::plain:
      return "plain";
    case KafkaSecurity::scram_sha_256:
      return "scram-sha-256";
  }
  return "?";
}

std::string_view to_string(Delivery delivery) {
  switch (delivery) {
    case Delivery::auto_:
      return "auto";
    case Delivery::exactly_once:
      return "exactly_once";
    case Delivery::at_least_once:
      return "at_least_once";
  }
  return "";
}

std::string_view to_string(PartitionBy by) {
  switch (by) {
    case PartitionBy::zero:
      return "zero";
    case PartitionBy::table:
      return "table";
    case PartitionBy::key:
      break;
  }
  return "key";
}

std::string_view to_string(Ddl ddl) { return ddl == Ddl::forward ? "forward" : "ignore"; }

std::string_view to_string(Compression compression) {
  switch (compression) {
    case Compression::none:
      return "none";
    case Compression::lz4:
      return "lz4";
    case Compression::zstd:
      return "zstd";
    case Compression::snappy:
      return "snappy";
    case Compression::gzip:
      return "gzip";
  }
  return "?";
}

base::Result<TaskSpec> parse_task(std::string_view text, std::string_view file_name,
                                  const std::filesystem::path& base_dir) {
  TRY_VALUE(const YamlNode root, parse_yaml(text, file_name));
  Problems problems(file_name);
  const Section task(problems, &root, "",
                     {"name", "source", "destination", "migration", "objects", "names", "etl", "additional_columns",
                      "state_dir", "tuning", "heartbeat", "topology", "retry", "start"});
  TaskSpec spec;
  spec.name = read_name(task);
  spec.source = read_source(task, base_dir);
  spec.destination = read_destination(task, base_dir, spec.name);
  spec.migration = read_migration(task);
  spec.object_list = read_objects(task, base_dir);
  spec.objects = selections_of(spec.object_list);
  spec.capitalization = read_capitalization(task);
  spec.scripts = read_etl(task);
  spec.additional_columns = read_additional_columns(task);
  spec.state_dir = base_dir / task.required_text("state_dir");
  spec.tuning = read_tuning(task);
  spec.heartbeat = read_heartbeat(task);
  spec.topology = read_topology(task);
  spec.retry = read_retry(task);
  spec.start = read_start(task, spec.migration);
  if (spec.source.engine == SourceEngine::mysql_shards) complete_databases(problems, root, spec);
  TRY(problems.status());
  return spec;
}

base::Result<TaskSpec> load_task(const std::filesystem::path& path) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::task_file_unreadable, std::string(why), path.string());
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return refuse("it is a folder");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return refuse(errno ? std::strerror(errno) : "it can't be opened");
  std::string text(yaml_bytes_max + 1, '\0');  // one more than allowed: endless files such as devices end here too
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return refuse("it can't be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_task(text, path.string(), path.parent_path());
}

}  // namespace tributary::task
