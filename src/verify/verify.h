// Proves that a task's topics say what its source holds: the topics are folded into the last state of each row on disk,
// the source's rows are read and compared with it, and what differs is looked at again until it is sure.
//
//   fold to the end -> for each table: scan, topic on, join -> candidates: fetch, topic on, judge, again
//   "topic on": while the task runs, until it has delivered what the source's logs hold now
//
// Threads: verify() works in the calling thread and calls back from it; `cancel` from any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "kafka/client.h"
#include "sink/partitioner.h"
#include "sink/topics.h"
#include "source/topology/topology.h"
#include "transform/transformation.h"
#include "verify/report.h"

namespace tributary::verify {

struct Config {
  std::string task;
  std::string fingerprint;  // of the task's state
  source::SourceConfig source;
  kafka::Config kafka;
  std::string topic;
  std::string ddl_topic;  // empty: statements go with the rows
  sink::TopicRules table_topics;
  transform::Transformation transformation;
  sink::PartitionPolicy partition_policy = sink::PartitionPolicy::zero;
  bool carries_changes = true;      // incremental
  std::filesystem::path state_dir;  // of the task; what is folded lies in verify/<task> of it

  bool anew = false;                  // forget what was folded before
  std::uint32_t sample = 100;         // percent of the rows, by the hash of the key
  std::uint64_t rate = 0;             // rows of the source a second; 0: no limit
  std::vector<std::string> tables;    // "db.table"; empty: all
  std::int64_t patience_ms = 60'000;  // for rows that change while the task runs
  bool repair = false;
};

// Differences are no error. Errors: those of the source, the brokers, the state folder; task_state_in_use with `repair`
// while the task runs, or if another verification of the task does.
base::Result<Summary> verify(const Config& config, base::CancelToken& cancel, const Handlers& handlers);

}  // namespace tributary::verify
