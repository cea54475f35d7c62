// What changed between two looks at a source: tables that came or went, shards that moved, came or went, and with them
// whole instances. A shard that moved is one whose group (or, without groups, whose database and table name) is found
// at another place. Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/known_topology.h"
#include "source/topology/topology.h"

namespace tributary::source {

enum class ChangeKind : std::uint8_t {
  instance_new,   // before: -, after.instance
  instance_gone,  // before.instance
  table_new,
  table_gone,
  kind_changed,  // all its shards come and go, too
  shard_moved,   // before, after
  shard_new,     // after
  shard_gone,    // before
};
std::string_view to_string(ChangeKind kind);  // "shard moved"

struct TopologyChange {
  ChangeKind kind = ChangeKind::table_new;
  std::string database, table;  // logical; empty for instances
  model::KnownShard before, after;
  std::string note;  // counts, kinds
};

model::KnownTopology known_topology(const Topology& topology);

// In the order of the enumeration, each kind by name. Empty: nothing that matters.
std::vector<TopologyChange> compare_topologies(const model::KnownTopology& before, const model::KnownTopology& after);

// One line each, in columns that line up; shards of one table that moved in the same way share a line.
std::string change_lines(const std::vector<TopologyChange>& changes);

}  // namespace tributary::source
