// The snapshot of one subtask: lanes are planned, then several readers work through them chunk by chunk while the
// stream runs (see sequencer.h). What is done is in the checkpoint's lanes; a restart goes on behind their cursors.
// Threads: run() starts its own readers and returns when all lanes are done or one has failed.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "pipeline/config.h"
#include "pipeline/counters.h"
#include "pipeline/sequencer.h"
#include "pipeline/table_set.h"
#include "source/heartbeat.h"
#include "source/snapshot/lane.h"

namespace tributary::pipeline {

// The lanes of one physical table.
base::Result<source::LanePlan> plan_table(mysql::Connection& connection, const source::PhysicalTable& physical,
                                          const model::TableSchema& schema);

// Without reading anything: tells the sequencer how far the tables without a key are read, so that a stream that runs
// alone drops the changes of rows that are not out yet. True if there is a table left to be read.
bool announce_keyless(const TableSet& tables, Sequencer& sequencer);

class SnapshotReader {
 public:
  SnapshotReader(const Config& config, const TableSet& tables, Sequencer& sequencer, AllTableCounters& counters,
                 source::Heartbeat* heartbeat, base::CancelToken& cancel, const base::Clock& clock);

  // Must be called before the stream starts: tables without identity are announced to the sequencer.
  base::Status plan();
  base::Status run();
  // Makes blocked readers return. Any thread.
  void abort();

 private:
  struct Reader;
  base::Status work();
  base::Status read_lane(mysql::Connection& connection, std::size_t lane);
  base::Status read_chunk(mysql::Connection& connection, std::size_t lane, std::uint32_t physical, bool& lane_done);
  base::Status read_keyless_chunk(mysql::Connection& connection, std::size_t lane, std::uint32_t physical,
                                  bool& lane_done);
  base::Status read_rows(mysql::Connection& connection, const Sequencer::Chunk& chunk, std::size_t lane,
                         const std::string& sql, const model::BinlogPosition& high, std::uint64_t limit,
                         bool& lane_done);
  base::Result<bool> beat();
  std::uint32_t physical_of(const checkpoint::Lane& lane) const;
  void finish_lane(std::size_t lane);

  const Config& config_;
  const TableSet& tables_;
  Sequencer& sequencer_;
  AllTableCounters& counters_;
  source::Heartbeat* const heartbeat_;
  base::CancelToken& cancel_;
  const base::Clock& clock_;

  std::vector<std::size_t> queue_;  // lanes, the largest tables first
  std::atomic<std::size_t> next_ = 0;
  std::vector<std::atomic<std::uint32_t>> lanes_left_;  // per physical table
  std::atomic<std::uint64_t> next_record_id_ = 1;

  std::mutex connections_mutex_;
  std::vector<mysql::Connection*> connections_;
  bool aborted_ = false;
};

}  // namespace tributary::pipeline
