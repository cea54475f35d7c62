#include "task/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

#include "pipeline/job.h"
#include "registry/client.h"
#include "store/store.h"
#include "task/conflicts.h"
#include "task/kafka_config.h"
#include "task/source_config.h"

namespace tributary::task {

using base::Result;
using base::Status;

namespace {

constexpr std::int64_t registry_retry_ms = 5'000;  // then the attempt ends, and the next one asks again
constexpr std::uint32_t record_overhead = 128;     // what a record alone in its batch takes beside key and value

constexpr int topics_timeout_ms = 15'000;

// Topics must be there before anything is read; those of tables that turn up later, before their first record.
Result<std::vector<sink::Topic>> look_at(const Destination& destination, const kafka::Config& config,
                                         const std::vector<std::string>& names) {
  const std::map<std::string, std::string> wide = {
      {"max.message.bytes",
       std::to_string(std::max(destination.max_record_bytes, pipeline::dead_letter_bytes_max) + record_overhead)}};
  if (destination.create_topics)
    for (const std::string& name : names)
      TRY(kafka::create_topic(
          config, name, static_cast<std::int32_t>(destination.partitions), static_cast<int>(destination.replication),
          name == destination.dead_letter_topic ? wide : std::map<std::string, std::string>(), topics_timeout_ms));
  TRY_VALUE(const kafka::Cluster cluster, destination.create_topics
                                              ? kafka::describe_made(config, names, topics_timeout_ms)
                                              : kafka::describe(config, names, topics_timeout_ms));
  std::vector<sink::Topic> found;
  for (const kafka::Topic& topic : cluster.topics) {
    sink::Topic& one = found.emplace_back(topic.name, topic.partitions);
    if (topic.message_bytes_max)
      one.record_bytes_max =
          *topic.message_bytes_max - std::min<std::uint32_t>(*topic.message_bytes_max, record_overhead);
  }
  return found;
}

Result<pipeline::Prepared> prepare_topics(const TaskSpec& spec, const kafka::Config& config,
                                          pipeline::Doors::Transactions transactions) {
  const Destination& destination = spec.destination;
  std::vector<std::string> names = {destination.topic};
  if (destination.has_ddl_topic()) names.push_back(destination.ddl_topic);
  if (!destination.dead_letter_topic.empty()) names.push_back(destination.dead_letter_topic);
  TRY_VALUE(const std::vector<sink::Topic> found, look_at(destination, config, names));
  pipeline::Prepared prepared;
  prepared.topics = std::make_shared<sink::Topics>(
      found.front(), destination.table_topics,
      [&destination, config](const std::vector<std::string>& others) { return look_at(destination, config, others); });
  if (destination.has_ddl_topic()) prepared.topics->put(sink::Topics::ddl, found[1]);
  if (!destination.dead_letter_topic.empty()) prepared.topics->put(sink::Topics::dead_letters, found.back());
  prepared.topics->put(sink::Topics::checkpoints, {destination.checkpoint_topic});
  using enum pipeline::Doors::Transactions;
  if (transactions == none) return prepared;
  const auto partitions =
      kafka::prepare_transactions(config,
                                  {.id = transactions == unknown ? "tributary-" + spec.name : std::string(),
                                   .checkpoint_topic = destination.checkpoint_topic},
                                  topics_timeout_ms);
  if (partitions)
    prepared.checkpoint_partitions = *partitions;
  else if (partitions.error().is_retriable())
    return base::fail(partitions.error());
  else
    prepared.no_transactions = partitions.error();
  return prepared;
}

Result<std::unique_ptr<registry::Client>> registry_client(const SchemaRegistry& from, base::CancelToken& cancel) {
  registry::ClientConfig to;
  to.urls = from.urls;
  to.username = from.credentials.user;
  to.password = from.credentials.password.reveal();
  to.ca_file = from.ca;
  to.certificate_file = from.cert;
  to.key_file = from.key;
  to.retry_for_ms = registry_retry_ms;
  auto made = registry::Client::make(std::move(to), &cancel);
  if (!made) return base::fail(std::move(made.error()).in("destination.registry"));
  return made;
}

// Two processes never have the same.
std::string make_run_name() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

}  // namespace

Status run_task(const TaskSpec& spec, const RunOptions& options, base::CancelToken& cancel,
                const ProgressCallback& on_progress) {
  pipeline::Config config;
  config.task = spec.name;
  config.run = make_run_name();
  config.fingerprint = spec.fingerprint();
  TRY_VALUE(config.source, source_now(spec));
  config.server_id = spec.source.server_id;
  for (const auto& [address, position] : spec.start.positions) config.start[address] = {position.binlog, position.gtid};
  config.kafka = kafka_config(spec.destination);
  config.transformation = transformation_of(spec);
  config.partition_policy = partition_policy(spec.destination.partition_by);
  if (spec.destination.delivery != Delivery::auto_)
    config.delivery_asked_for = spec.destination.delivery == Delivery::exactly_once
                                    ? pipeline::DeliveryMode::exactly_once
                                    : pipeline::DeliveryMode::at_least_once;
  config.checkpoint_topic = spec.destination.checkpoint_topic;
  config.commit_idle_ms = spec.destination.commit.idle_ms;
  config.commit_load_ms = spec.destination.commit.load_ms;
  config.accepts_structure = options.accept_structure;
  config.transaction_records = spec.destination.transaction_records;
  config.heartbeat_records = spec.destination.heartbeat_records;
  config.forwards_ddl = spec.destination.ddl == Ddl::forward;
  config.schema = spec.migration.schema;
  config.full = spec.migration.full;
  config.incremental = spec.migration.incremental;
  config.state_dir = spec.state_dir;
  config.snapshot_parallelism = spec.tuning.snapshot_parallelism;
  config.chunk_rows = spec.tuning.chunk_rows;
  config.buffer_bytes = std::size_t{spec.tuning.buffer_mb} << 20;
  config.heartbeat = spec.heartbeat.enabled;
  config.heartbeat_ms = spec.heartbeat.interval_ms;
  config.topology_reread_ms = std::int64_t{spec.topology.reread_seconds} * 1000;
  config.accept_topology = options.accept_topology;
  config.retry_connection_ms = std::int64_t{spec.retry.connection_minutes} * 60'000;
  config.retry_other_ms = std::int64_t{spec.retry.other_minutes} * 60'000;
  config.format = spec.destination.format;
  std::unique_ptr<registry::Client> registry;
  if (config.format.use_registry) {
    TRY_VALUE(registry, registry_client(spec.destination.registry, cancel));
    config.register_schema = [&registry](const std::string& subject, std::string_view schema) {
      return registry->register_schema(subject, schema);
    };
  }
  pipeline::Doors doors;
  doors.resuming = store::exists_sqlite(spec.state_dir);
  doors.prepare_destination = [&](pipeline::Doors::Transactions transactions) {
    return prepare_topics(spec, config.kafka, transactions);
  };
  doors.check_conflicts = [&](const auto& tables) {
    return spec.destination.ignores_conflicts
               ? Status()
               : check_conflicts(config.kafka, spec.destination.topics_of(tables), tables, cancel);
  };
  doors.open_store = [&]() -> Result<std::unique_ptr<store::Store>> {
    TRY_VALUE(auto store, store::open_sqlite(spec.state_dir));
    TRY(keep_databases(spec, config.source, *store));
    return store;
  };
  return pipeline::run_job(config, doors, options.until_caught_up, cancel, on_progress);
}

}  // namespace tributary::task
