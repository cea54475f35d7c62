// How long a change takes from its commit at the source to a consumer of committed records, at a steady rate: one
// server, one writer that commits one row at a time, a running task, one consumer. Threads: the main thread, which
// starts others. Errors: of the connections, io with the end of the run's log, cancelled.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/lab.h"

namespace tributary::bench {

struct LatencyOptions {
  std::string program;  // tributary
  std::string dir;
  std::string delivery;  // as in the task file
  std::uint32_t changes_per_s = 1000;
  std::uint32_t seconds = 20;  // measured; three more before are not
};

struct LatencyFigures {
  std::string delivery;
  double changes_per_s = 0;                               // reached
  std::uint64_t changes = 0;                              // measured
  double p50_ms = 0, p90_ms = 0, p99_ms = 0, max_ms = 0;  // from the commit's return to the consumer's hands
  double cpu_s_per_s = 0;                                 // of the task's process
};

base::Result<LatencyFigures> measure_latency(const Lab& lab, const LatencyOptions& options, const StopCheck& stop);

std::string latency_table(const std::vector<LatencyFigures>& all, const std::string& broker);
std::string latency_json(const std::vector<LatencyFigures>& all, const std::string& broker);

}  // namespace tributary::bench
