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

// Topics must be there before anything is read.
Result<pipeline::Prepared> prepare_topics(const TaskSpec& spec, const kafka::Config& config,
                                          pipeline::Doors::Transactions transactions) {
  constexpr int timeout_ms = 15'000;
  const Destination& destination = spec.destination;
  std::vector<std::string> topics = {destination.topic};
  if (!destination.ddl_topic.empty() && destination.ddl_topic != destination.topic)
    topics.push_back(destination.ddl_topic);
  const bool has_dead_letters = !destination.dead_letter_topic.empty();
  if (has_dead_letters) topics.push_back(destination.dead_letter_topic);
  const std::map<std::string, std::string> wide = {
      {"max.message.bytes",
       std::to_string(std::max(destination.max_record_bytes, pipeline::dead_letter_bytes_max) + record_overhead)}};
  if (destination.create_topics)
    for (const std::string& topic : topics)
      TRY(kafka::create_topic(
          config, topic, static_cast<std::int32_t>(destination.partitions), static_cast<int>(destination.replication),
          topic == destination.dead_letter_topic ? wide : std::map<std::string, std::string>(), timeout_ms));
  TRY_VALUE(const kafka::Cluster cluster, kafka::describe(config, topics, timeout_ms));
  pipeline::Prepared prepared;
  prepared.partitions = cluster.topics.front().partitions;
  if (has_dead_letters) prepared.dead_letter_partitions = cluster.topics.back().partitions;
  if (const auto most = cluster.topics.front().message_bytes_max)
    prepared.row_bytes_max = *most - std::min<std::uint32_t>(*most, record_overhead);
  using enum pipeline::Doors::Transactions;
  if (transactions == none) return prepared;
  const auto partitions =
      kafka::prepare_transactions(config,
                                  {.id = transactions == unknown ? "tributary-" + spec.name : std::string(),
                                   .checkpoint_topic = destination.checkpoint_topic},
                                  timeout_ms);
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
  config.topic = spec.destination.topic;
  config.ddl_topic = spec.destination.ddl_topic;
  config.transformation = transformation_of(spec);
  config.partition_policy = partition_policy(spec.destination.partition_by);
  config.dead_letter_topic = spec.destination.dead_letter_topic;
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
    return spec.destination.ignores_conflicts ? Status()
                                              : check_conflicts(config.kafka, spec.destination.topic, tables, cancel);
  };
  doors.open_store = [&]() -> Result<std::unique_ptr<store::Store>> {
    TRY_VALUE(auto store, store::open_sqlite(spec.state_dir));
    TRY(keep_databases(spec, config.source, *store));
    return store;
  };
  return pipeline::run_job(config, doors, options.until_caught_up, cancel, on_progress);
}

}  // namespace tributary::task
