// The place where one subtask's changes and snapshot rows become one order (invariants 1, 2, 3).
//
//   stream:    emit_changes(batch)            in commit order; each change is noted in the open chunk windows
//   snapshot:  open_chunk -> view taken -> wait_reached(high) -> emit_rows ... -> close_chunk
//
// A chunk's row leaves only when the stream has emitted everything up to the view's high position, and only if no
// change of its identity was emitted since the chunk was opened. A table without a key that the user sees can't be
// merged that way: whoever reads the topic could not tell that a change and a snapshot row are the same row. Its chunks
// have exact positions instead. Changes of rows that are not out yet are dropped up to the position of the chunk that
// will hold them; behind the position of the chunk being read they wait until it is out.
//
// When the stream passes a statement that changes a table (tables_changed), the chunks of it that are open are void:
// what they read may be of the table before or behind the statement.
//
// Every emission may carry a checkpoint mark: the state as of that moment, kept once Kafka has everything before it.
// Only between a statement and the first boundary behind it a restart can't begin. Threads: any; emissions exclude each
// other. After cancel() everything that waits returns `cancelled`.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/cancel.h"
#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "model/record.h"
#include "pipeline/change_window.h"
#include "pipeline/table_set.h"
#include "sink/delivery.h"
#include "sink/router.h"
#include "source/binlog/stream_position.h"
#include "source/snapshot/view.h"

namespace tributary::pipeline {

// Identities of rows in one buffer: of a chunk's rows, parallel to its records, or of changed rows, in any number.
struct Identities {
  struct Entry {
    std::uint32_t physical;
    std::uint32_t size;
    std::uint64_t begin;
  };
  base::Buffer bytes;
  std::vector<Entry> entries;

  void add(std::uint32_t physical, std::uint64_t begin) {
    entries.push_back({physical, static_cast<std::uint32_t>(bytes.size() - begin), begin});
  }
  std::string_view view(const Entry& e) const { return bytes.view(e.begin, e.size); }
  void clear() {
    bytes.clear();
    entries.clear();
  }
};

// The stream's place after an emission; within a transaction, the last boundary before it (empty: none yet).
struct StreamMark {
  sink::When when = sink::When::more;
  source::StreamPosition emitted;
  source::StreamPosition restart;
  std::uint64_t next_record_id = 0;
  bool changed = true;             // there may have been something for the task since the last mark
  bool in_transaction = false;     // records behind `emitted` were emitted too (a slice of a large transaction),
  std::uint64_t sliced_to_id = 0;  // all with smaller ids
};

class Sequencer {
 public:
  struct Setup {
    sink::Delivery& delivery;
    const sink::Router& router;
    base::CancelToken& cancel;
    std::vector<SubtaskTablePtr> tables;  // as they are at state.stream.emitted
    bool has_stream = true;               // without one, chunks wait for nothing
    checkpoint::SubtaskCheckpoint state;
    // False: state.stream.emitted is no place in the files of the server that is read now; the stream will tell one.
    bool positions_known = true;
    model::BinlogPosition views_from = {};  // views must be at or behind it (StartPoint::views_from)
    // Told of each state that is about to be kept, on the thread that keeps it.
    std::function<void(const checkpoint::SubtaskCheckpoint&)> on_keep = {};
  };
  explicit Sequencer(Setup setup);

  // ---- the stream's thread
  base::Status emit_changes(model::RecordBatch& batch, const Identities& changed, const StreamMark& mark);
  base::Status advance(const StreamMark& mark);
  void set_recently_decided(std::set<std::string> xids);
  // DDL records, and the names (checkpoint::told_name) under which the checkpoint knows that they were sent.
  base::Status emit_statements(model::RecordBatch& batch, const std::vector<std::string>& told);
  // What becomes of the lanes of a table that changed.
  enum class Lanes : std::uint8_t {
    go_on,
    anew,       // the table is read from its beginning if it was not read to its end
    whole,      // it is read, read before or not: rows have come to it that no row event tells of
    as_former,  // it is TableChange::former under another name: read if that was not read to its end
    end,        // nothing of it is read
  };
  struct TableChange {
    std::uint32_t physical = 0;  // a number behind the last one is a table more
    SubtaskTablePtr now;
    Lanes lanes = Lanes::go_on;
    std::uint32_t former = 0;
  };
  // From the emission made last on, the tables are others. The statement has this number.
  void tables_changed(const std::vector<TableChange>& changes, std::uint64_t number);
  // Whether chunks are read, or will be: changes have to be emitted with their identities.
  bool is_reading() const { return is_reading_.load(std::memory_order_relaxed); }

  // ---- snapshot threads
  struct Chunk {
    std::uint32_t physical = 0;
    SubtaskTablePtr table;  // its rows must be read as this one
    ChangeWindow::Ticket ticket = 0;
    source::EmittedState emitted;
  };
  base::Result<Chunk> open_chunk(std::uint32_t physical);
  base::Status wait_reached(const model::BinlogPosition& high);
  // False if that is not so within the time.
  base::Result<bool> wait_reached_for(const model::BinlogPosition& high, std::int64_t patience_ms);
  // The table was changed since the chunk was opened.
  bool is_stale(const Chunk& chunk);
  SubtaskTablePtr table(std::uint32_t physical);
  // Drops outdated rows, emits the rest and moves the lane's cursor. identities may be empty when there is no stream.
  // False, with nothing emitted: the chunk has become void and must be read again behind the cursor.
  base::Result<bool> emit_rows(const Chunk& chunk, model::RecordBatch& batch, const Identities& identities,
                               std::size_t lane, const checkpoint::KeyValues& cursor, std::uint64_t rows_read,
                               bool lane_done);
  void close_chunk(const Chunk& chunk);
  void set_lanes(std::vector<checkpoint::Lane> lanes);
  checkpoint::Lane lane(std::size_t number) const;
  std::vector<bool> lanes_done() const;
  std::uint32_t physical_of(const checkpoint::Lane& lane);  // or no_table
  // A table that is not there has nothing to be read, unless it has come back by now.
  void end_lanes(std::uint32_t physical, const SubtaskTablePtr& gone);
  // False if there is something to be read.
  bool finish_snapshot(const model::BinlogPosition& high, const std::string& high_gtid_set);
  // Until a statement makes a table be read after the snapshot was finished.
  base::Status wait_unfinished();

  // ---- tables without a key of the user's, see the top. They are read in chunks by their hidden id, or whole.
  // done_to: the rows up to this hidden id are out.
  void set_keyless(std::uint32_t physical, std::int64_t done_to);
  // Up to where changes were dropped: the chunk's view must not be older.
  model::BinlogPosition keyless_view_begins(std::uint32_t physical);
  // by_window: the view may miss changes up to the position. They are emitted, and their rows of the chunk outdated by
  // them; only for a chunk that holds all the rest of the table.
  void keyless_view_taken(std::uint32_t physical, const model::BinlogPosition& exact, bool by_window);
  void keyless_chunk_done(std::uint32_t physical, std::int64_t done_to);
  // The same, unless the chunk has become void.
  void keyless_chunk_done(const Chunk& chunk, std::int64_t done_to);
  // True if a change of this row (its hidden id, or whole_table) is to be emitted. Waits as long as that is undecided.
  base::Result<bool> admit_keyless(std::uint32_t physical, const model::BinlogPosition& position, std::int64_t row);
  std::set<std::string> recently_decided() const;
  static constexpr std::int64_t whole_table = std::numeric_limits<std::int64_t>::max();
  static constexpr std::uint32_t no_table = std::numeric_limits<std::uint32_t>::max();

  // ---- anybody
  base::Status save_now();     // a mark of the present state
  base::Status save_if_due();  // if the delivery asks for one
  checkpoint::SubtaskCheckpoint state() const;
  bool caught_up() const;  // the snapshot is finished and what the stream had to its high watermark is handed over
  model::BinlogPosition emitted() const;
  void cancel();

 private:
  struct Keyless {
    enum class State : std::uint8_t { between_chunks, taking_view, reading } state = State::between_chunks;
    bool by_window = false;
    model::BinlogPosition exact, dropped;
    std::int64_t done_to = whole_table;
  };
  base::Status emit(model::RecordBatch& batch, sink::When when);  // with emit_mutex_ held
  sink::Mark make_mark();
  void apply(const StreamMark& mark);  // with state_mutex_ held
  // With state_mutex_ held.
  std::vector<checkpoint::Lane*> lanes_of(const SubtaskTable& table);
  bool is_read(const SubtaskTable& table);
  bool change_lanes(const SubtaskTable& table, Lanes lanes);
  void change_table(const TableChange& change, bool reads_former);  // both mutexes
  void note_caught_up();                                            // with state_mutex_ held
  template <typename Condition>
  base::Status wait(std::unique_lock<std::mutex>& lock, Condition condition);

  sink::Delivery& delivery_;
  const sink::Router& router_;
  base::CancelToken& cancel_;
  const sink::MakeMark make_mark_;
  const bool has_stream_;
  const model::BinlogPosition views_from_;
  const std::function<void(const checkpoint::SubtaskCheckpoint&)> on_keep_;

  std::mutex emit_mutex_;              // taken before state_mutex_
  std::vector<ChangeWindow> windows_;  // by physical table
  std::vector<SubtaskTablePtr> tables_;
  bool broken_ = false;

  mutable std::mutex state_mutex_;
  std::condition_variable changed_;
  checkpoint::SubtaskCheckpoint state_;
  // As state_.stream.emitted, but of the server read now: what is compared with other positions. Empty: not known yet.
  model::BinlogPosition reached_;
  model::GtidSet emitted_gtid_set_;
  bool finished_ = false;  // finish_snapshot() was called
  std::atomic<bool> is_reading_ = true;
  bool in_transaction_ = false;
  std::uint64_t statement_ = 0;  // the number of the last one passed
  bool handing_over_ = false;    // state_ speaks of changes that are not yet with the delivery
  bool caught_up_ = false;
  bool cancelled_ = false;
  std::set<std::string> recently_decided_;
  std::vector<Keyless> keyless_;
};

}  // namespace tributary::pipeline
