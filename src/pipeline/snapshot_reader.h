// The snapshot of one subtask: lanes are planned, then several readers work through them chunk by chunk while the
// stream runs (see sequencer.h). What is done is in the checkpoint's lanes; a restart goes on behind their cursors.
//
// A chunk is read under the table's metadata lock, once the stream has come to the end that the log had when the lock
// was taken: then all changes of the table that the server has made have been passed by the stream, and no other can be
// made before the chunk is read. A chunk during which the table was changed is void and read again. Statements may make
// tables be read that were not, or not any more: run() is called again then. Threads: run() starts its own readers and
// returns when all lanes that it knows of are done or one has failed.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
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
                 const sink::Router& router, source::Heartbeat* heartbeat, base::CancelToken& cancel,
                 const base::Clock& clock);

  // Must be called before the stream starts: tables without identity are announced to the sequencer.
  base::Status plan();
  base::Status run();
  // Makes blocked readers return. Any thread.
  void abort();

 private:
  // What a reader thread has to itself.
  struct Reader {
    mysql::Connection connection;
    SubtaskTablePtr verified;  // the table that was found to be so at the server last
    int tries = 0;             // of the present chunk, without success
    bool is_busy = false;      // transactions that write to the table kept it from being locked
  };
  base::Status work();
  std::optional<std::size_t> take_lane();
  base::Status read_lane(Reader& reader, std::size_t lane);
  base::Status read_chunk(Reader& reader, std::size_t lane, std::uint32_t physical);
  base::Status read_keyless_chunk(Reader& reader, std::size_t lane, std::uint32_t physical);
  base::Result<bool> lock_table(mysql::Connection& connection, const source::PhysicalTable& table);
  base::Result<bool> catch_up_locked(Reader& reader, const Sequencer::Chunk& chunk, model::BinlogPosition reached);
  base::Status verify(Reader& reader, const SubtaskTablePtr& table);
  base::Status try_again(Reader& reader, const SubtaskTable& table);
  base::Status read_rows(mysql::Connection& connection, const Sequencer::Chunk& chunk, std::size_t lane,
                         const std::string& sql, const model::BinlogPosition& high, std::uint64_t limit);
  base::Result<bool> beat();
  std::uint32_t physical_of(std::size_t lane) const;
  void count_done();

  const Config& config_;
  const TableSet& tables_;  // names: structures are the sequencer's
  Sequencer& sequencer_;
  const sink::Router& router_;
  AllTableCounters& counters_;
  source::Heartbeat* const heartbeat_;
  base::CancelToken& cancel_;
  const base::Clock& clock_;

  std::vector<std::size_t> order_;       // lanes as they were planned, the largest tables first; more may come behind
  std::vector<std::uint32_t> physical_;  // by planned lane
  std::mutex lanes_mutex_;
  std::set<std::size_t> busy_;
  std::atomic<std::uint64_t> next_record_id_ = 1;

  std::mutex connections_mutex_;
  std::vector<mysql::Connection*> connections_;
  bool aborted_ = false;
};

}  // namespace tributary::pipeline
