// One run of the product as its users run it: a task file, `tributary run`, and what the process took.
// Threads: the main thread only. Errors: io with the end of the run's log, cancelled.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/lab.h"

namespace tributary::bench {

struct ProductTask {
  std::string name;      // of the task
  std::string database;  // see orders.h
  std::string topic;
  bool catch_up = false;                    // incremental only, from `from` until caught up; else full only
  bool stream_too = false;                  // with the snapshot: full and incremental
  std::vector<model::BinlogPosition> from;  // one per server; none with catch_up: from where it is, or left off
  bool keeps_state = false;                 // a later run of the same name goes on
  std::string compression = "lz4";
  std::string delivery;  // as in the task file; empty: not said
  std::string
      plain_database;  // not empty: a task over all of this database of the first server, in place of `database`
  std::map<std::string, std::string> client = {};  // librdkafka properties
  std::vector<std::string> extra = {};  // more top-level lines of the task file, "tuning: {chunk_rows: 50000}"
};

struct ProductRun {
  double wall_s = 0;    // from the process's start to its end
  double inside_s = 0;  // by its own clock, without what the process does before and after
  double cpu_s = 0;     // user and system
  double peak_rss_mib = 0;
  std::uint64_t records = 0;  // acknowledged, by its own count
};

// Starts it and returns; it ends with this thread at the latest. Files go to dir/NAME.*.
base::Result<pid_t> start_product(const Lab& lab, const std::string& program, const std::string& dir,
                                  const ProductTask& task, const std::vector<std::string>& wrapper = {});

// Files go to dir/NAME.*. `wrapper` is put in front of the command, e.g. {"perf", "record", "-o", ...}.
base::Result<ProductRun> run_product(const Lab& lab, const std::string& program, const std::string& dir,
                                     const ProductTask& task, const std::vector<std::string>& wrapper,
                                     const StopCheck& stop);

}  // namespace tributary::bench
