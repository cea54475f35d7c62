// All that a run of a task's data plane needs to know; made from the task file by task/. Threads: a value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "encode/formats.h"
#include "model/position.h"
#include "sink/delivery.h"
#include "sink/partitioner.h"
#include "sink/topics.h"
#include "source/topology/topology.h"
#include "transform/transformation.h"

namespace tributary::pipeline {

struct StartPosition {
  model::BinlogPosition binlog;
  std::string gtid_set;  // wins over binlog when not empty
};

enum class DeliveryMode : std::uint8_t { at_least_once, exactly_once };

// What the dead-letter topic is asked to take: what a broker takes in one request by default, and some room.
inline constexpr std::uint32_t dead_letter_bytes_max = 100'000'000;

struct Config {
  std::string task;
  std::string run;          // of this process: no other has the same
  std::string fingerprint;  // of what the state belongs to

  source::SourceConfig source;
  std::uint32_t server_id = 0;                 // 0: made for each instance, see replica_id.h
  std::map<std::string, StartPosition> start;  // by instance name; instances not named start at the log's end

  kafka::Config kafka;
  encode::FormatOptions format;            // of records
  encode::RegisterSchema register_schema;  // for formats that need a schema registry; any thread may call it
  std::shared_ptr<sink::Topics> topics;    // known once the destination was looked at
  sink::PartitionPolicy partition_policy = sink::PartitionPolicy::zero;
  transform::Transformation transformation;
  DeliveryMode delivery = DeliveryMode::at_least_once;
  std::optional<DeliveryMode> delivery_asked_for;  // unset: as before; a new task: exactly once if the brokers can
  std::string checkpoint_topic;                    // exactly once
  std::int32_t checkpoint_partitions = 1;
  std::int64_t commit_idle_ms = 10, commit_load_ms = 1000;  // see sink::Transactions

  bool schema = true, full = true, incremental = true;
  // See transaction_records.h.
  bool transaction_records = false, heartbeat_records = false;
  bool forwards_ddl = true;        // statements that change tables are sent as DDL records
  bool accepts_structure = false;  // of a table that a statement not understood has changed: as it is now, once
  std::filesystem::path state_dir;

  std::uint32_t snapshot_parallelism = 2;  // per instance
  std::uint32_t chunk_rows = 100'000;
  std::size_t buffer_bytes = 64u << 20;  // unacknowledged records of all subtasks together
  bool heartbeat = true;
  std::uint32_t heartbeat_ms = 1000;
  std::size_t xa_bytes_max = 64u << 20;
  std::int64_t topology_reread_ms = 60'000;  // 0: only when something surprising is seen
  bool accept_topology = false;              // go on although the topology changed
  bool drain = false;  // read the stream to where the log ends now, snapshot nothing; see topology_acceptance.h
  std::int64_t retry_connection_ms = 720 * 60'000;
  std::int64_t retry_other_ms = 10 * 60'000;
};

}  // namespace tributary::pipeline
