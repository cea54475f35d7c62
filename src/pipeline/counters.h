// What a subtask counts while it runs; read by the display from another thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace tributary::pipeline {

struct TableCounters {
  std::atomic<std::uint64_t> rows_done = 0;
  std::atomic<std::uint64_t> rows_estimated = 0;
  std::atomic<std::uint64_t> changes = 0;
  std::atomic<std::uint64_t> left_out = 0;  // by choice: filters, scripts
  std::atomic<std::uint64_t> skipped = 0;   // for errors of scripts
  std::atomic<std::uint64_t> nulls = 0;     // expressions of scripts that became NULL for an error
  std::atomic<std::uint32_t> shards_done = 0;
};

// One per logical table of the task, shared by all its subtasks.
using AllTableCounters = std::vector<TableCounters>;

}  // namespace tributary::pipeline
