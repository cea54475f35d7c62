// The structures with which a subtask's stream begins: of a new one those at its start position, which are read from
// the server at a moment in which nothing changes them; else those that the history has for the checkpoint's place,
// never the server's present ones. Threads: any; blocks on the network.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "pipeline/config.h"
#include "pipeline/schema_history.h"
#include "pipeline/start_position.h"
#include "pipeline/table_set.h"
#include "source/binlog/stream.h"

namespace tributary::pipeline {

// The structures of the captured tables and of all others in their databases and in `databases`, and a place at which
// they were so: nothing was changed while they were read.
struct PresentSchemas {
  source::SchemaTracker tracker;
  model::BinlogPosition at;
  model::GtidSet gtid_set;  // executed there
};
base::Result<PresentSchemas> read_present_schemas(const source::Instance& instance,
                                                  const std::vector<source::CapturedTable>& captured,
                                                  const std::set<std::string>& databases, base::CancelToken& cancel);

// Error data_structure_unknown if a statement between `from` and the place of `present` changed a captured table.
base::Status require_unchanged(const source::Instance& instance, const source::StreamPosition& from,
                               const PresentSchemas& present, const std::vector<source::CapturedTable>& captured,
                               base::CancelToken& cancel);

struct StreamSchemas {
  StartPoint start;
  source::LiveTables::Setup live;           // at start.restart
  TableSet tables;                          // at start.emitted
  std::vector<source::CapturedTable> late;  // of a new subtask: they are not in the topology, which was read before
};
// Chooses the start position of a new subtask, or finds that of a known one, with its structures.
// attempt: see choose_replica_id().
base::Result<StreamSchemas> begin_stream(const Config& config, const source::Topology& topology,
                                         const TableSet& discovered, SchemaHistory& history,
                                         checkpoint::StreamState& state, std::uint32_t& attempt,
                                         const sink::Router& router, base::CancelToken& cancel);

}  // namespace tributary::pipeline
