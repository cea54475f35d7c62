// What a task's state knows of its source's topology: where the rows lay when the checkpoints beside it were written,
// and which changes the user has accepted since. Kept under "topology/<task>", JSON, versioned.
//
// Errors: as checkpoint.h. Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/known_topology.h"
#include "store/store.h"

namespace tributary::checkpoint {

struct AcceptedChange {
  std::int64_t accepted_ms = 0;
  std::string changes;  // the lines the user was shown
  bool operator==(const AcceptedChange&) const = default;
};

struct TopologyState {
  std::string task_fingerprint;
  model::KnownTopology topology;
  std::set<model::KnownTopology::Name> gone;  // tables whose end was accepted, though the task file may still list them
  std::vector<AcceptedChange> accepted;       // oldest first
  bool operator==(const TopologyState&) const = default;
};

std::string serialise(const TopologyState& state);
base::Result<TopologyState> parse_topology(std::string_view text);

std::string topology_key(std::string_view task);
// Where the checkpoint of an instance that left the topology is kept.
std::string retired_key(std::string_view subtask);
// Empty when there is none; task_state_mismatch if it is another task's.
base::Result<std::optional<TopologyState>> load_topology(store::Store& store, std::string_view task,
                                                         std::string_view task_fingerprint);

}  // namespace tributary::checkpoint
