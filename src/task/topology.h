// A task's source as it lies now, what of it is left out, and how it differs from what the task's state knows: what a
// user looks at before `--accept-topology`. Reads only, and may be asked while the task runs. Threads: blocks on the
// network.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/known_topology.h"
#include "task/spec.h"

namespace tributary::task {

struct TopologyView {
  struct Change {
    std::string kind;   // "shard moved"
    std::string table;  // logical database.table; empty for instances
    std::string from, to, note;
  };
  struct Accepted {
    std::int64_t at_ms = 0;
    std::string changes;
  };

  model::KnownTopology present;
  std::vector<std::string> left_out;
  bool has_state = false;       // the task has run before
  bool counts_changes = true;   // false: a plain server, whose tables come and go in its binlog
  std::vector<Change> changes;  // since then, not accepted yet
  std::string change_lines;     // the same in columns
  std::vector<Accepted> accepted;
};

base::Result<TopologyView> view_topology(const TaskSpec& spec);

}  // namespace tributary::task
