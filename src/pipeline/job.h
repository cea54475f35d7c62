// A task's data plane: checks, topology, the schema records, then one subtask per storage instance.
// A run that goes on with saved state waits for a source or broker that is away; a first run says so and ends.
// Threads: run() on one; progress is reported from that thread, about twice a second and at the end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/cancel.h"
#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "pipeline/config.h"
#include "pipeline/progress.h"

namespace tributary::pipeline {

// What the job needs from outside, asked for in this order.
struct Prepared {
  std::shared_ptr<sink::Topics> topics;        // those with fixed numbers are in it
  std::int32_t checkpoint_partitions = 1;      // of the checkpoint topic, if transactions were asked for
  std::optional<base::Error> no_transactions;  // why records can't be delivered in transactions
};

struct Doors {
  bool resuming = false;  // there is state of an earlier run
  // Checks the topics; with transactions also the checkpoint topic, which is made if it is missing, and, unless that is
  // known, that they can be had.
  enum class Transactions : std::uint8_t { none, known, unknown };
  std::function<base::Result<Prepared>(Transactions transactions)> prepare_destination;
  // Of a new task: whether the destination holds records of these tables, by the names under which they leave.
  std::function<base::Status(const std::set<std::pair<std::string, std::string>>& tables)> check_conflicts;
  std::function<base::Result<std::unique_ptr<store::Store>>()> open_store;  // after all checks, before anything is sent
};

// Returns when a full load is done, when the stream has caught up (until_caught_up), on a request to stop (ok), or with
// the error that ended a subtask; the others are stopped then, too.
base::Status run_job(const Config& config, const Doors& doors, bool until_caught_up, base::CancelToken& cancel,
                     const std::function<void(const Progress&)>& on_progress);

}  // namespace tributary::pipeline
