#include <algorithm>
#include <cstdlib>

#include "task/spec.h"
#include "task/spec_parts.h"

namespace tributary::task {
namespace {

// A YAML scalar that reads back as the same text.
std::string scalar(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n' || c == '\t' || c == '\r') {
      out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string flow_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + scalar(text);
  return "[" + out + "]";
}

class Printer {
 public:
  std::string take() { return std::move(out_); }

  void key(int depth, std::string_view name, std::string_view rendered) {
    out_ += fmt::format("{:{}}{}:{}{}\n", "", depth * 2, name, rendered.empty() ? "" : " ", rendered);
  }
  void open(int depth, std::string_view name) { key(depth, name, ""); }
  void text(int depth, std::string_view name, std::string_view value) {
    if (!value.empty()) key(depth, name, scalar(value));
  }
  template <typename N>
  void number(int depth, std::string_view name, N value) {
    key(depth, name, fmt::format("{}", value));
  }
  void credentials(int depth, std::string_view user_key, const Credentials& credentials) {
    if (credentials.user.empty()) return;
    text(depth, user_key, credentials.user);
    key(depth, "password", "\"***\"");
  }
  void tls(int depth, const Tls& tls, bool verifies) {
    if (!tls.enabled) return;
    std::string members = "enabled: true";
    for (const auto& [name, file] : {std::pair{"ca", tls.ca}, {"cert", tls.cert}, {"key", tls.key}})
      if (!file.empty()) members += fmt::format(", {}: {}", name, scalar(file));
    if (verifies) members += fmt::format(", verify: {}", to_string(tls.verify));
    key(depth, "tls", "{" + members + "}");
  }

 private:
  std::string out_;
};

std::string hosts(const Address& first, const std::vector<Address>& others) {
  std::vector<std::string> all = {first.text()};
  for (const Address& other : others) all.push_back(other.text());
  return flow_list(all);
}

bool is_secret_property(std::string_view name) {
  return name.find("password") != std::string_view::npos || name.find("secret") != std::string_view::npos ||
         name.find("jaas") != std::string_view::npos || name.ends_with(".pem");
}

void print_source(Printer& out, const Source& source) {
  out.open(0, "source");
  out.key(1, "engine", to_string(source.engine));
  if (!source.others.empty()) {
    out.key(1, "hosts", hosts(source.address, source.others));
  } else if (source.engine != SourceEngine::mysql_shards) {
    out.text(1, "host", source.address.host);
    out.number(1, "port", source.address.port);
  }
  out.credentials(1, "user", source.credentials);
  out.tls(1, source.tls, true);
  if (source.server_id != 0) out.number(1, "server_id", source.server_id);
  if (source.engine == SourceEngine::polardbx10) {
    out.open(1, "storage");
    out.credentials(2, "user", source.storage.credentials);
    if (!source.storage.addresses.empty()) out.open(2, "addresses");
    for (const auto& [from, to] : source.storage.addresses)
      out.key(3, scalar(from),
              to.size() == 1 ? scalar(to.front().text()) : hosts(to.front(), {to.begin() + 1, to.end()}));
  }
  if (source.engine != SourceEngine::mysql_shards) return;
  out.open(1, "shards");
  for (const ShardServer& shard : source.shards) {
    if (shard.others.empty()) {
      out.text(2, "- host", shard.address.host);
      out.number(3, "port", shard.address.port);
    } else {
      out.key(2, "- hosts", hosts(shard.address, shard.others));
    }
    out.credentials(3, "user", shard.credentials);
  }
  out.open(1, "databases");
  for (const ShardedDatabase& database : source.databases) {
    out.open(2, scalar(database.name));
    out.key(3, "physical", flow_list(database.physical));
    if (!database.tables.empty()) out.open(3, "tables");
    for (const auto& [table, physical] : database.tables) out.key(4, scalar(table), flow_list(physical));
    if (!database.broadcast.empty()) out.key(3, "broadcast", flow_list(database.broadcast));
  }
}

std::string_view word(bool flag) { return flag ? "true" : "false"; }

void print_format(Printer& out, const Destination& destination) {
  using enum encode::Format;
  const encode::FormatOptions& format = destination.format;
  out.key(1, "format", encode::to_string(format.format));
  switch (format.format) {
    case dts_avro:
      break;
    case canal_json: {
      out.open(1, "canal_json");
      out.key(2, "labels_as_text", word(format.canal_json.labels_as_text));
      const std::int32_t minutes = format.canal_json.time_zone_offset_s / 60;
      out.key(2, "time_zone",
              scalar(fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                                 std::abs(minutes) % 60)));
      break;
    }
    case debezium_json: {
      using enum encode::DebeziumJsonOptions::Decimals;
      const encode::DebeziumJsonOptions& options = format.debezium_json;
      out.open(1, "debezium_json");
      out.key(2, "schema", word(options.with_schema));
      out.text(2, "topic_prefix", options.topic_prefix);
      out.key(2, "decimals", options.decimals == precise ? "precise" : options.decimals == text ? "string" : "double");
      out.key(2, "unsigned_bigint", options.unsigned_bigint_precise ? "precise" : "long");
      out.key(2, "tombstones", word(options.tombstones));
      out.text(2, "binlog_base_name", options.binlog_base_name);
      break;
    }
    case plain_avro:
      out.open(1, "avro");
      out.text(2, "namespace", format.plain_avro.namespace_prefix);
      out.key(2, "every_column_nullable", word(format.plain_avro.every_column_nullable));
      out.key(2, "time_of_day", word(format.plain_avro.time_of_day));
      out.key(2, "tombstones", word(format.plain_avro.tombstones));
      break;
  }
  const SchemaRegistry& registry = destination.registry;
  if (registry.urls.empty()) return;
  using enum encode::SubjectNaming;
  out.open(1, "registry");
  out.key(2, "urls", flow_list(registry.urls));
  out.key(2, "subjects",
          format.subject_naming == topic    ? "topic"
          : format.subject_naming == record ? "record"
                                            : "topic_record");
  out.credentials(2, "username", registry.credentials);
  if (registry.ca.empty() && registry.cert.empty()) return;
  out.open(2, "tls");
  out.text(3, "ca", registry.ca);
  out.text(3, "cert", registry.cert);
  out.text(3, "key", registry.key);
}

void print_destination(Printer& out, const Destination& destination) {
  out.open(0, "destination");
  out.key(1, "engine", "kafka");
  out.text(1, "brokers", destination.kafka.brokers);
  out.text(1, "topic", destination.topic);
  out.text(1, "ddl_topic", destination.ddl_topic);
  if (!destination.table_topics.empty()) out.open(1, "table_topics");
  for (const auto& [tables, topic] : destination.table_topics.rules()) out.key(2, scalar(tables), scalar(topic));
  print_format(out, destination);
  out.key(1, "partition_by", to_string(destination.partition_by));
  out.key(1, "conflicting_tables", destination.ignores_conflicts ? "ignore" : "report");
  out.key(1, "security", to_string(destination.kafka.security));
  out.credentials(1, "username", destination.kafka.credentials);
  out.tls(1, destination.kafka.tls, false);
  out.number(1, "max_record_bytes", destination.max_record_bytes);
  if (!destination.dead_letter_topic.empty()) out.text(1, "dead_letter_topic", destination.dead_letter_topic);
  out.key(1, "ddl", to_string(destination.ddl));
  if (destination.transaction_records) out.key(1, "transaction_records", "true");
  if (destination.heartbeat_records) out.key(1, "heartbeat_records", "true");
  out.key(1, "compression", to_string(destination.compression));
  out.key(1, "delivery", to_string(destination.delivery));
  if (destination.delivery != Delivery::at_least_once) {
    out.text(1, "checkpoint_topic", destination.checkpoint_topic);
    out.open(1, "commit");
    out.number(2, "idle_ms", destination.commit.idle_ms);
    out.number(2, "load_ms", destination.commit.load_ms);
  }
  out.key(1, "create_topics", destination.create_topics ? "true" : "false");
  if (destination.create_topics) {
    out.number(1, "partitions", destination.partitions);
    out.number(1, "replication", destination.replication);
  }
  if (!destination.kafka.client.empty()) out.open(1, "client");
  for (const auto& [name, value] : destination.kafka.client) {
    out.key(2, scalar(name), scalar(is_secret_property(name) ? "***" : value));
  }
}

std::string migration_list(const Migration& migration) {
  std::string out;
  for (const auto& [chosen, name] :
       {std::pair{migration.schema, "schema"}, {migration.full, "full"}, {migration.incremental, "incremental"}}) {
    if (chosen) out += (out.empty() ? "" : ", ") + std::string(name);
  }
  return "[" + out + "]";
}

void print_start(Printer& out, const Start& start) {
  if (start.now) return;
  out.open(0, "start");
  out.open(1, "position");
  for (const auto& [address, position] : start.positions) {
    const std::string where = position.gtid.empty() ? fmt::format("{{file: {}, offset: {}}}",
                                                                  scalar(position.binlog.file), position.binlog.offset)
                                                    : fmt::format("{{gtid: {}}}", scalar(position.gtid));
    out.key(2, scalar(address), where);
  }
}

// Whether the short form reads a name as it is.
bool is_short_name(const std::string& name) {
  return !name.starts_with("regex:") && !name.starts_with("glob:") &&
         std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

// In the short form if it says all, else as a DbList on one line.
void print_objects(Printer& out, const TaskSpec& spec) {
  out.open(0, "objects");
  const bool is_short = plain_list(spec.objects) == spec.object_list &&
                        std::ranges::all_of(spec.objects, [](const ObjectSelection& selection) {
                          return (selection.all || !selection.tables.empty()) && is_short_name(selection.database) &&
                                 std::ranges::all_of(selection.tables, is_short_name);
                        });
  if (is_short) {
    for (const ObjectSelection& selection : spec.objects)
      out.key(1, scalar(selection.database), selection.all ? "all" : flow_list(selection.tables));
  } else {
    std::string list = spec.object_list.to_db_list();
    for (std::size_t at = 0; (at = list.find('\x7f', at)) != std::string::npos;) list.replace(at, 1, "\\u007f");
    out.text(1, "db_list", list);
  }
  using transform::Capitalization;
  if (spec.capitalization == Capitalization::default_) return;
  out.open(0, "names");
  out.key(1, "capitalization",
          spec.capitalization == Capitalization::upper   ? "upper"
          : spec.capitalization == Capitalization::lower ? "lower"
                                                         : "source");
}

}  // namespace

std::string TaskSpec::canonical_yaml() const {
  Printer out;
  out.text(0, "name", name);
  print_source(out, source);
  print_destination(out, destination);
  out.key(0, "migration", migration_list(migration));
  print_objects(out, *this);
  if (!scripts.empty()) {
    out.open(0, "etl");
    out.text(1, "script", scripts.text);
    if (!scripts.tables.empty()) out.open(1, "tables");
    for (const auto& [tables, text] : scripts.tables) out.key(2, scalar(tables), scalar(text));
    out.key(1, "on_error", scalar(to_string(scripts.policy)));
  }
  if (!additional_columns.empty()) out.open(0, "additional_columns");
  for (const auto& [column, holds] : additional_columns) out.key(1, scalar(column), to_string(holds));
  out.text(0, "state_dir", state_dir.string());
  out.open(0, "tuning");
  out.number(1, "snapshot_parallelism", tuning.snapshot_parallelism);
  out.number(1, "chunk_rows", tuning.chunk_rows);
  out.number(1, "buffer_mb", tuning.buffer_mb);
  out.open(0, "heartbeat");
  out.key(1, "enabled", heartbeat.enabled ? "true" : "false");
  out.number(1, "interval_ms", heartbeat.interval_ms);
  out.open(0, "topology");
  out.number(1, "reread_seconds", topology.reread_seconds);
  out.open(0, "retry");
  out.number(1, "connection_minutes", retry.connection_minutes);
  out.number(1, "other_minutes", retry.other_minutes);
  print_start(out, start);
  return out.take();
}

std::string TaskSpec::identity() const {
  std::string out = fmt::format("name: {}\nengine: {}\n", name, to_string(source.engine));
  const auto line = [&](std::string_view key, std::string_view value) { out += fmt::format("{}: {}\n", key, value); };
  if (source.engine != SourceEngine::mysql_shards) line("source", source.address.text());
  // Where shards lie is no part of it: they may move, and the topology in the state tells when.
  std::vector<std::string> databases;
  for (const ShardedDatabase& database : source.databases) {
    std::string text = scalar(database.name) + " " + flow_list(database.physical);
    for (const auto& [table, physical] : database.tables) text += " " + scalar(table) + " " + flow_list(physical);
    if (!database.broadcast.empty()) text += " broadcast " + flow_list(database.broadcast);
    databases.push_back(std::move(text));
  }
  std::ranges::sort(databases);
  for (const std::string& database : databases) line("database", database);
  line("topic", destination.topic);
  line("ddl_topic", destination.ddl_topic.empty() ? destination.topic : destination.ddl_topic);
  for (const auto& [tables, topic] : destination.table_topics.rules())
    line("table topic", fmt::format("{} {}", scalar(tables), scalar(topic)));
  // Records must not change while a topic is written. Not a registry's place, nor who logs in there.
  if (destination.format.format != encode::Format::dts_avro || destination.format.use_registry) {
    Printer format;
    Destination part = destination;
    part.registry = {};
    print_format(format, part);
    out += format.take() + (destination.format.use_registry ? "registry: true\n" : "");
  }
  if (destination.partition_by != PartitionBy::zero) line("partition_by", to_string(destination.partition_by));
  // They take ids, which tell records apart when a half sent transaction is sent again.
  if (destination.transaction_records) line("transaction_records", "true");
  if (destination.heartbeat_records) line("heartbeat_records", "true");
  line("migration", migration_list(migration));
  if (!has_plain_objects()) {
    line("object_list", object_list.in_order().to_db_list());
    line("capitalization", to_string(capitalization));
  }
  std::vector<std::string> selections;
  for (const ObjectSelection& selection : objects) {
    std::vector<std::string> tables = selection.tables;
    std::ranges::sort(tables);
    selections.push_back(scalar(selection.database) + " " + (selection.all ? "all" : flow_list(tables)));
  }
  std::ranges::sort(selections);
  for (const std::string& selection : selections) line("objects", selection);
  return out;
}

std::string TaskSpec::fingerprint() const { return fmt::format("{:016x}", fnv1a(identity())); }

}  // namespace tributary::task
