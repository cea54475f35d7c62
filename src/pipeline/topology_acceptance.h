// How a task goes on over a topology that changed, once the user has confirmed it. Nothing is lost, and for one row
// nothing is out of order, because places are changed only after all that lay at the former ones is in Kafka:
//
//   1. drain      every instance, former ones too, is read with the former tables up to where its log ends now. The
//                 source has switched before that, so the end of a former place's changes lies before it. New instances
//                 get their start position here.
//   2. compare    rows of a former place that are no longer among the table's rows were deleted between the switch and
//                 now, on a server that nobody read: they are sent as deletes. The former copy tells them, as the last
//                 thing the topic knows of a row is what that copy holds.
//   3. new state  physical tables that are new to an instance get a snapshot beside the stream that goes on (INIT
//                 records, for consumers an upsert); the checkpoints of instances that left are kept as retired; what
//                 was accepted is recorded. One write to the store.
//
// Until the last step is done nothing of it counts: an interrupted acceptance begins anew, and repeats at most deletes.
// Not carried: what happened to a table between the last checkpoint and its being dropped. A table without a key whose
// rows moved is refused: whoever reads the topic could not tell which rows are the same.
// Threads: the job's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "checkpoint/topology.h"
#include "pipeline/config.h"
#include "pipeline/table_set.h"
#include "source/topology/difference.h"
#include "source/topology/topology.h"

namespace tributary::pipeline {

class TopologyAcceptance {
 public:
  // `topology`: as it is now, with structures; `present` the same by names; `changes`: what makes it differ from
  // `known`.
  TopologyAcceptance(const Config& config, const source::Topology& topology, const model::KnownTopology& present,
                     const checkpoint::TopologyState& known, const std::vector<source::TopologyChange>& changes,
                     store::Store& store, const base::Clock& clock);

  // Refuses what can't be gone over, before anything is done.
  base::Status check() const;
  // What step 1 has to read: the former topology with today's structures and every instance, and a configuration in
  // which subtasks drain. An error if a former instance can't be reached.
  base::Result<source::Topology> former() const;
  // That former copies are thrown away ends no drain.
  void mark_leaving(const source::Topology& former, TableSet& tables) const;
  Config drain_config() const;
  // Steps 2 and 3, after the drain.
  base::Status finish(const source::Topology& former, base::CancelToken& cancel);
  // Logical tables that are new: their schema records are to be sent.
  std::vector<std::uint32_t> new_tables() const;

 private:
  struct Former;
  std::vector<Former> former_places(const source::Topology& former) const;
  base::Status compare_rows(const source::Topology& former, base::CancelToken& cancel);
  base::Status compare_table(const source::Topology& former, const Former& place, base::CancelToken& cancel);
  base::Status renew_checkpoints();

  const Config& config_;
  const source::Topology& topology_;
  const model::KnownTopology& present_;
  const checkpoint::TopologyState& known_;
  const std::vector<source::TopologyChange>& changes_;
  store::Store& store_;
  const base::Clock& clock_;
  std::map<std::string, std::uint64_t> next_record_ids_;  // by instance, of the records sent here
};

}  // namespace tributary::pipeline
