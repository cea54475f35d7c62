// One storage instance of a task: its binlog stream, the snapshot of its physical tables, its producer and checkpoint.
//
//   attempt:  load checkpoint -> delivery -> [structures, start position] -> plan lanes
//             -> stream thread | snapshot readers | heartbeat -> flush
// An attempt ends with success (full load only, or caught up and asked to end there), a request to stop, or an error.
// A retriable error starts the next attempt from the checkpoint, with growing pauses, until the retry limit.
//
// Threads: run() on one thread of its own; stop() and progress() from any.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "pipeline/config.h"
#include "pipeline/counters.h"
#include "pipeline/progress.h"
#include "pipeline/start_position.h"
#include "pipeline/stream_writer.h"
#include "pipeline/table_set.h"
#include "sink/delivery.h"

namespace tributary::pipeline {

class Subtask {
 public:
  // topology and board: of the whole task, longer-lived than this.
  Subtask(const Config& config, const source::Topology& topology, TableSet tables, store::Store& store, DdlBoard& board,
          const base::Clock& clock, bool until_caught_up);
  ~Subtask();

  base::Status run();
  void stop();
  // What may be the sign of a changed topology. Before run(); called by the stream's thread.
  void tell_strangers(StreamWriter::Stranger tell) { tell_stranger_ = std::move(tell); }

  InstanceProgress progress() const;
  sink::DeliveryCounters delivered() const;  // over all attempts
  std::uint64_t dead_letters() const { return dead_letters_; }
  std::string destination_problem() const;
  const AllTableCounters& counters() const { return counters_; }  // by logical table
  bool snapshot_done() const { return snapshot_done_; }
  bool caught_up() const { return caught_up_; }

 private:
  struct Attempt;
  base::Status attempt();
  base::Result<StartPoint> open_stream(Attempt& attempt, checkpoint::SubtaskCheckpoint& state);
  base::Status end_attempt(Attempt& attempt);
  void count_saved_snapshot(const TableSet& tables, const checkpoint::SnapshotState& saved);
  void set_problem(std::string problem, std::uint64_t attempts, std::int64_t retry_in_ms, std::int64_t since_ms,
                   std::int64_t limit_ms);
  void set_phase(Phase phase) { phase_ = phase; }
  std::string name() const { return config_.task + "/" + tables_.instance.name; }
  sink::Router make_router();

  const Config& config_;
  const source::Topology& topology_;
  const sink::Router router_;
  TableSet tables_;  // as discovered, structures of those with a stream come from the history; its instance leads to
                     // the server of the present attempt
  store::Store& store_;
  DdlBoard& board_;
  AllTableCounters counters_;  // one more for tables that joined
  const base::Clock& clock_;
  const bool until_caught_up_;
  StreamWriter::Stranger tell_stranger_;
  const std::size_t subtask_count_;  // they share the task's buffers

  AcceptStructure accept_;
  base::CancelToken stop_;
  StreamStats stats_;
  std::atomic<Phase> phase_ = Phase::starting;
  const mysql::Endpoint addresses_;  // all of the instance's
  std::uint32_t replica_attempt_ = 0;
  std::atomic<std::uint64_t> dead_letters_ = 0;
  std::atomic<bool> snapshot_done_ = false, caught_up_ = false;

  mutable std::mutex mutex_;
  Attempt* current_ = nullptr;  // what stop() and progress() look at
  sink::DeliveryCounters earlier_;
  std::string problem_;
  std::uint64_t attempts_ = 0;
  std::int64_t retry_in_ms_ = 0;
  std::int64_t failing_since_ms_ = 0, retry_limit_ms_ = 0;  // of problem_, by the monotonic clock
  std::string position_, checkpoint_;

  std::string former_run_;         // whose checkpoint it goes on from, if that is another process
  std::set<std::string> decided_;  // XA ids, from attempt to attempt: a server that died may have some to finish yet
};

}  // namespace tributary::pipeline
