// How the rows of a physical table are gone through: in lanes, each a range of the key, each read in chunks in key
// order, so that "everything up to this key is done" is all there is to remember.
//
// A table without a key that can be chunked is one lane read by one statement. A table whose key begins with an integer
// is split into several lanes when it is large. Threads: pure functions; plan_lanes() uses the connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/schema.h"
#include "mysql/connection.h"
#include "source/topology/topology.h"

namespace tributary::source {

// Values of the key's columns as the text protocol gives them; empty: no bound.
using KeyBound = std::vector<std::optional<std::string>>;

struct LaneRange {
  KeyBound lower;  // excluded
  KeyBound upper;  // included
};

// The key's columns in order if chunks can be made by it, else empty.
std::vector<std::uint32_t> chunk_key(const model::TableSchema& schema);

struct LanePlan {
  std::vector<LaneRange> lanes;
  std::uint64_t rows_estimated = 0;  // the server's guess
};

// lanes_max: into how many lanes a large table may be split; rows_per_lane_min: no lane below this estimate.
base::Result<LanePlan> plan_lanes(mysql::Connection& connection, const PhysicalTable& table,
                                  const model::TableSchema& schema, std::uint32_t lanes_max,
                                  std::uint64_t rows_per_lane_min);

// SELECT of the next chunk behind `after`, up to and with `upper`. limit 0: all the rest. condition, in parentheses: of
// these only the rows for which it holds.
std::string chunk_select(const PhysicalTable& table, const model::TableSchema& schema, const std::string& select_list,
                         const KeyBound& after, const KeyBound& upper, std::uint64_t limit,
                         std::string_view condition = {});
// SELECT of the one row with which the next chunk of so many rows ends; none: the rest is shorter.
std::string chunk_end_select(const PhysicalTable& table, const model::TableSchema& schema,
                             const std::string& select_list, const KeyBound& after, const KeyBound& upper,
                             std::uint64_t rows);

}  // namespace tributary::source
