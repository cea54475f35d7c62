// Whether somebody has written records of a new task's tables into its topics: they and the task's own would be one
// history to a reader. Threads: blocks on the network.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "base/cancel.h"
#include "base/error.h"
#include "kafka/client.h"

namespace tributary::task {

// Looks at the newest records of each partition, a bounded number for a bounded time: what stands before them, and what
// is in other formats than DTS Avro, is not seen. tables: database and table as they leave.
// Errors: destination_conflicting_tables with their names; those of reading.
base::Status check_conflicts(const kafka::Config& config, const std::set<std::string>& topics,
                             const std::set<std::pair<std::string, std::string>>& tables, base::CancelToken& cancel);

}  // namespace tributary::task
