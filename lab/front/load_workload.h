// A seeded stream of changes over the sample tables: inserts, updates, deletes, shard-key updates, transactions over
// several shards, rollbacks.
//
// Each worker owns the orders whose place in the list of orders is its own number modulo the workers, so a run's
// statements depend on the seed and the data found, not on timing.
// Threads: run_workload uses its own.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/error.h"
#include "mysql/connection.h"

namespace tributary::lab {

struct WorkloadCounts {
  std::uint64_t inserts = 0, updates = 0, deletes = 0, shard_key_updates = 0, transactions = 0, rollbacks = 0,
                retries = 0;

  std::uint64_t statements() const { return inserts + updates + deletes + shard_key_updates; }
  WorkloadCounts& operator+=(const WorkloadCounts& other);
};

struct WorkloadOptions {
  double rate = 100;  // statements per second over all workers
  double seconds = 10;
  std::uint64_t seed = 1;
};

// Fails with source_table_missing when the sample tables are not there. `stop` ends it early.
base::Result<WorkloadCounts> run_workload(const mysql::Endpoint& front, const WorkloadOptions& options,
                                          const std::atomic<bool>& stop);

}  // namespace tributary::lab
