#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "task/spec_parts.h"

namespace tributary::task {
namespace {

// What the task decides itself: another value here would break delivery or contradict a key of the task file.
constexpr std::array decided_by_task = {std::string_view("bootstrap.servers"),
                                        std::string_view("metadata.broker.list"),
                                        std::string_view("security.protocol"),
                                        std::string_view("sasl.mechanism"),
                                        std::string_view("sasl.mechanisms"),
                                        std::string_view("sasl.username"),
                                        std::string_view("sasl.password"),
                                        std::string_view("ssl.ca.location"),
                                        std::string_view("acks"),
                                        std::string_view("request.required.acks"),
                                        std::string_view("enable.idempotence"),
                                        std::string_view("transactional.id"),
                                        std::string_view("compression.codec"),
                                        std::string_view("compression.type"),
                                        std::string_view("message.max.bytes"),
                                        std::string_view("group.id"),
                                        std::string_view("enable.auto.commit")};

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string{}
                                         : std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

// "a:9092, b:9092" or [a:9092, b:9092].
std::string read_brokers(const Section& section) {
  section.require("brokers");
  std::string brokers;
  for (const std::string& part : section.texts("brokers")) {
    for (std::size_t at = 0; at <= part.size();) {
      const std::size_t comma = std::min(part.find(',', at), part.size());
      const std::string one = trimmed(std::string_view(part).substr(at, comma - at));
      const auto address = parse_address(one);
      if (!address) section.bad("brokers", fmt::format("holds {}: {}", quote(one), address.error().what));
      brokers += (brokers.empty() ? "" : ",") + one;
      at = comma + 1;
    }
  }
  return brokers;
}

std::string read_topic(const Section& section, std::string_view key) {
  std::string topic = section.text(key);
  if (!topic.empty() && !sink::is_topic_name(topic))
    section.bad(key, fmt::format("is {}; a topic is 1 to 249 letters, digits, '.', '_' or '-'", quote(topic)));
  return topic;
}

std::string read_topic_template(const Section& section, const YamlNode& node, std::string_view path) {
  std::string text = scalar_text(section.problems(), node, section.path_of(path));
  const sink::TopicRules one(std::vector<sink::TopicRules::Rule>{{"*", text}});
  if (!sink::is_topic_name(one.topic_of("d", "t")))
    section.bad(node.mark, path,
                fmt::format("is {}; a topic is 1 to 249 letters, digits, '.', '_', '-', {{database}} or {{table}}",
                            quote(text)));
  return text;
}

sink::TopicRules read_table_topics(const Section& section) {
  const YamlNode* node = section.find("table_topics");
  if (node == nullptr) return {};
  if (node->kind == YamlNode::Kind::scalar)
    return sink::TopicRules(
        std::vector<sink::TopicRules::Rule>{{"*", read_topic_template(section, *node, "table_topics")}});
  if (node->kind != YamlNode::Kind::map) {
    section.bad("table_topics", "must be a topic like \"{database}.{table}\", or a map like {\"shop.*\": \"{table}\"}");
    return {};
  }
  std::vector<sink::TopicRules::Rule> rules;
  for (const YamlNode& rule : node->children)
    rules.push_back({rule.key, read_topic_template(section, rule, "table_topics." + rule.key)});
  return sink::TopicRules(std::move(rules));
}

std::map<std::string, std::string> read_client(const Section& section) {
  std::map<std::string, std::string> properties;
  const YamlNode* node = section.find("client");
  if (!node) return properties;
  if (node->kind != YamlNode::Kind::map) {
    section.bad("client", "must be a map of librdkafka properties like {linger.ms: 20}");
    return properties;
  }
  for (const YamlNode& property : node->children) {
    const std::string path = "client." + property.key;
    if (std::ranges::find(decided_by_task, std::string_view(property.key)) != decided_by_task.end()) {
      section.bad(property.key_mark, path, "is set by the task itself; see the other keys of destination");
    }
    properties[property.key] = scalar_text(section.problems(), property, section.path_of(path));
  }
  return properties;
}

Commit read_commit(const Section& destination) {
  Commit commit;
  const Section section = destination.section("commit", {"idle_ms", "load_ms"});
  commit.idle_ms = static_cast<std::uint32_t>(section.number("idle_ms", {0, 60'000}, commit.idle_ms));
  commit.load_ms = static_cast<std::uint32_t>(section.number("load_ms", {10, 60'000}, commit.load_ms));
  if (commit.load_ms < commit.idle_ms) section.bad("load_ms", "must not be less than idle_ms");
  return commit;
}

KafkaAccess read_access(const Section& section, const std::filesystem::path& base_dir) {
  KafkaAccess access;
  access.brokers = read_brokers(section);
  access.security = section.choice<KafkaSecurity>("security",
                                                  {{"plaintext", KafkaSecurity::plaintext},
                                                   {"plain", KafkaSecurity::plain},
                                                   {"scram-sha-256", KafkaSecurity::scram_sha_256}},
                                                  KafkaSecurity::plaintext);
  access.credentials = read_credentials(section, "username", base_dir, access.security != KafkaSecurity::plaintext);
  if (section.has("username") && access.security == KafkaSecurity::plaintext) {
    section.bad("username", "needs `security: scram-sha-256` or `security: plain`");
  }
  access.tls = read_tls(section, base_dir, false);
  access.client = read_client(section);
  return access;
}

}  // namespace

std::set<std::string> Destination::topics_of(const sink::Topics::Tables& tables) const {
  std::set<std::string> topics;
  for (const auto& [database, table] : tables) {
    std::string own = table_topics.topic_of(database, table);
    topics.insert(own.empty() ? topic : std::move(own));
  }
  return topics;
}

Destination read_destination(const Section& task, const std::filesystem::path& base_dir, std::string_view task_name) {
  task.require("destination");
  const Section section = task.section("destination", {"engine",
                                                       "brokers",
                                                       "topic",
                                                       "ddl_topic",
                                                       "table_topics",
                                                       "security",
                                                       "username",
                                                       "password",
                                                       "password_env",
                                                       "password_file",
                                                       "tls",
                                                       "max_record_bytes",
                                                       "compression",
                                                       "ddl",
                                                       "transaction_records",
                                                       "heartbeat_records",
                                                       "create_topics",
                                                       "partitions",
                                                       "replication",
                                                       "client",
                                                       "delivery",
                                                       "checkpoint_topic",
                                                       "commit",
                                                       "dead_letter_topic",
                                                       "partition_by",
                                                       "conflicting_tables",
                                                       "format",
                                                       "canal_json",
                                                       "debezium_json",
                                                       "avro",
                                                       "registry"});
  Destination destination;
  if (!section.present()) return destination;
  section.choice<int>("engine", {{"kafka", 0}}, std::nullopt);
  destination.kafka = read_access(section, base_dir);
  section.require("topic");
  destination.topic = read_topic(section, "topic");
  destination.ddl_topic = read_topic(section, "ddl_topic");
  destination.table_topics = read_table_topics(section);
  read_format(section, base_dir, task_name, destination);
  destination.partition_by = section.choice<PartitionBy>(
      "partition_by", {{"zero", PartitionBy::zero}, {"table", PartitionBy::table}, {"key", PartitionBy::key}},
      destination.partition_by);
  destination.max_record_bytes = static_cast<std::uint32_t>(
      section.number("max_record_bytes", {1'024, 1'000'000'000}, destination.max_record_bytes));
  destination.ddl = section.choice<Ddl>("ddl", {{"forward", Ddl::forward}, {"ignore", Ddl::ignore}}, destination.ddl);
  destination.transaction_records = section.boolean("transaction_records", false);
  destination.heartbeat_records = section.boolean("heartbeat_records", false);
  if (destination.format.format != encode::Format::dts_avro) {
    for (const auto& [key, is_on] : {std::pair{"transaction_records", destination.transaction_records},
                                     {"heartbeat_records", destination.heartbeat_records}})
      if (is_on) section.bad(key, "is of use with `format: dts_avro`");
  }
  destination.compression = section.choice<Compression>("compression",
                                                        {{"none", Compression::none},
                                                         {"lz4", Compression::lz4},
                                                         {"zstd", Compression::zstd},
                                                         {"snappy", Compression::snappy},
                                                         {"gzip", Compression::gzip}},
                                                        destination.compression);
  destination.delivery = section.choice<Delivery>(
      "delivery",
      {{"auto", Delivery::auto_}, {"exactly_once", Delivery::exactly_once}, {"at_least_once", Delivery::at_least_once}},
      destination.delivery);
  if (section.has("dead_letter_topic")) destination.dead_letter_topic = read_topic(section, "dead_letter_topic");
  if (section.has("checkpoint_topic")) destination.checkpoint_topic = read_topic(section, "checkpoint_topic");
  destination.commit = read_commit(section);
  if (destination.delivery == Delivery::at_least_once) {
    for (const std::string_view key : {"checkpoint_topic", "commit"}) {
      if (section.has(key)) section.bad(key, "is of no use with `delivery: at_least_once`");
    }
  }
  if (destination.checkpoint_topic == destination.topic || destination.checkpoint_topic == destination.ddl_topic)
    section.bad("checkpoint_topic", "must be a topic of its own");
  for (const std::string& other : {destination.topic, destination.ddl_topic, destination.checkpoint_topic})
    if (!other.empty() && destination.dead_letter_topic == other)
      section.bad("dead_letter_topic", "must be a topic of its own");
  destination.ignores_conflicts =
      section.choice<bool>("conflicting_tables", {{"report", false}, {"ignore", true}}, false);
  destination.create_topics = section.boolean("create_topics", false);
  destination.partitions = static_cast<std::uint32_t>(section.number("partitions", {1, 10'000}, 1));
  destination.replication = static_cast<std::uint32_t>(section.number("replication", {1, 32}, 1));
  for (const std::string_view key : {"partitions", "replication"}) {
    if (section.has(key) && !destination.create_topics) section.bad(key, "needs `create_topics: true`");
  }
  return destination;
}

}  // namespace tributary::task
