#include "pipeline/sequencer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tributary::pipeline {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

// Shards that lag behind by more statements than this may have one told again after a crash.
constexpr std::ptrdiff_t told_max = 256;

}  // namespace

Sequencer::Sequencer(Setup setup)
    : delivery_(setup.delivery),
      router_(setup.router),
      cancel_(setup.cancel),
      make_mark_([this] { return make_mark(); }),
      has_stream_(setup.has_stream),
      views_from_(std::move(setup.views_from)),
      on_keep_(std::move(setup.on_keep)),
      windows_(setup.tables.size()),
      tables_(std::move(setup.tables)),
      state_(std::move(setup.state)),
      keyless_(tables_.size()) {
  if (setup.positions_known) reached_ = state_.stream.emitted;
  in_transaction_ = state_.stream.sliced_to_id > state_.stream.next_record_id;
  statement_ = state_.stream.emitted_schema;
  if (auto set = model::GtidSet::parse(state_.stream.emitted_gtid_set)) emitted_gtid_set_ = std::move(*set);
}

template <typename Condition>
Status Sequencer::wait(std::unique_lock<std::mutex>& lock, Condition condition) {
  changed_.wait(lock, [&] { return cancelled_ || condition(); });
  if (cancelled_) return fail(ErrorCode::cancelled);
  return {};
}

sink::Mark Sequencer::make_mark() {
  std::shared_ptr<const checkpoint::SubtaskCheckpoint> copy;
  {
    std::lock_guard lock(state_mutex_);
    ++state_.revision;
    copy = std::make_shared<const checkpoint::SubtaskCheckpoint>(state_);
  }
  return [copy, on_keep = on_keep_]() -> Result<std::string> {
    if (on_keep) on_keep(*copy);
    return checkpoint::serialise(*copy);
  };
}

// After a failure the state may speak of records that were never handed over: no mark may follow.
Status Sequencer::emit(model::RecordBatch& batch, sink::When when) {
  if (broken_) return fail(ErrorCode::cancelled);
  bool can_mark;
  {
    std::lock_guard lock(state_mutex_);
    can_mark = state_.stream.emitted_schema >= statement_;
  }
  Status done = delivery_.emit(batch, can_mark ? make_mark_ : sink::MakeMark(), when, cancel_);
  if (!done) broken_ = true;
  return done;
}

void Sequencer::apply(const StreamMark& mark) {
  auto& stream = state_.stream;
  stream.emitted = mark.emitted.at;
  stream.emitted_gtid_set = mark.emitted.gtid_set.text();
  stream.restart = mark.restart.at;
  stream.restart_gtid_set = mark.restart.gtid_set.text();
  stream.emitted_schema = mark.emitted.schema;
  stream.restart_schema = mark.restart.schema;
  if (mark.changed) stream.changed_gtid_set = stream.emitted_gtid_set;
  stream.next_record_id = mark.next_record_id;
  stream.sliced_to_id = mark.sliced_to_id;
  emitted_gtid_set_ = mark.emitted.gtid_set;
  in_transaction_ = mark.in_transaction;
  reached_ = mark.emitted.at;
  auto& snapshot = state_.snapshot;
  if (finished_ && !snapshot.high_watermark_reached && !(reached_ < snapshot.high_watermark))
    snapshot.high_watermark_reached = true;
}

Status Sequencer::emit_changes(model::RecordBatch& batch, const Identities& changed, const StreamMark& mark) {
  std::lock_guard emission(emit_mutex_);
  for (const Identities::Entry& entry : changed.entries) {
    ChangeWindow& window = windows_[entry.physical];
    if (window.is_open()) window.changed(changed.view(entry));
  }
  // The state moves only at boundaries, and with the records that lead there: never before they are handed over. It is
  // set first because a mark stands behind the records of its own call.
  {
    std::lock_guard lock(state_mutex_);
    if (mark.in_transaction && mark.emitted.at.empty()) {
      in_transaction_ = true;
      state_.stream.sliced_to_id = mark.sliced_to_id;
    } else {
      apply(mark);
    }
    handing_over_ = true;
  }
  changed_.notify_all();
  router_.divert(batch);
  TRY(emit(batch, mark.when));
  // Not before: whoever is told may end the attempt, and with it an emission that waits for room.
  std::lock_guard lock(state_mutex_);
  handing_over_ = false;
  note_caught_up();
  return {};
}

Status Sequencer::advance(const StreamMark& mark) {
  std::lock_guard emission(emit_mutex_);
  {
    std::lock_guard lock(state_mutex_);
    apply(mark);
    handing_over_ = false;
    note_caught_up();
  }
  changed_.notify_all();
  model::RecordBatch nothing;
  return emit(nothing, mark.when);
}

Status Sequencer::emit_statements(model::RecordBatch& batch, const std::vector<std::string>& told) {
  std::lock_guard emission(emit_mutex_);
  {
    std::lock_guard lock(state_mutex_);
    std::vector<std::string>& kept = state_.stream.told;
    kept.insert(kept.end(), told.begin(), told.end());
    if (std::ssize(kept) > told_max) kept.erase(kept.begin(), kept.end() - told_max);
  }
  return emit(batch, sink::When::more);
}

void Sequencer::tables_changed(const std::vector<TableChange>& changes, std::uint64_t number) {
  {
    std::lock_guard emission(emit_mutex_);
    std::lock_guard lock(state_mutex_);
    statement_ = std::max(statement_, number);
    std::vector<bool> reads_former;  // asked before any of them changes
    for (const TableChange& change : changes) {
      const bool is_known = change.former < tables_.size() && tables_[change.former];
      reads_former.push_back(change.lanes == Lanes::as_former && !(is_known && is_read(*tables_[change.former])));
    }
    for (std::size_t i = 0; i < changes.size(); ++i) change_table(changes[i], reads_former[i]);
  }
  changed_.notify_all();
}

void Sequencer::change_table(const TableChange& change, bool reads_former) {
  const std::uint32_t physical = change.physical;
  Lanes lanes = change.lanes;
  if (lanes == Lanes::as_former) lanes = reads_former ? Lanes::whole : Lanes::end;
  if (physical >= tables_.size()) {
    windows_.resize(physical + 1);
    tables_.resize(physical + 1);
    keyless_.resize(physical + 1);
  }
  windows_[physical].replaced();
  tables_[physical] = change.now;
  if (!change_lanes(*change.now, lanes)) return;
  // Changes to be dropped are in the rows that are read from the beginning, or of no interest any more.
  const bool drops = lanes != Lanes::end && change.now->is_keyless;
  keyless_[physical].done_to = drops ? std::numeric_limits<std::int64_t>::min() : whole_table;
}

std::vector<checkpoint::Lane*> Sequencer::lanes_of(const SubtaskTable& table) {
  std::vector<checkpoint::Lane*> lanes;
  for (checkpoint::Lane& lane : state_.snapshot.lanes)
    if (lane.physical_table == table.physical.table && lane.physical_database == table.physical.database)
      lanes.push_back(&lane);
  return lanes;
}

bool Sequencer::is_read(const SubtaskTable& table) {
  const auto lanes = lanes_of(table);
  return std::all_of(lanes.begin(), lanes.end(), [](const auto* lane) { return lane->done; });
}

// True if something was changed.
bool Sequencer::change_lanes(const SubtaskTable& table, Lanes lanes) {
  if (lanes == Lanes::go_on || !state_.snapshot.planned) return false;
  if (lanes != Lanes::whole && is_read(table)) return false;
  std::vector<checkpoint::Lane*> of_table = lanes_of(table);
  for (checkpoint::Lane* lane : of_table) lane->done = true;
  if (lanes == Lanes::end) return true;
  if (of_table.empty()) {
    checkpoint::Lane lane;
    lane.physical_database = table.physical.database;
    lane.physical_table = table.physical.table;
    of_table = {&state_.snapshot.lanes.emplace_back(std::move(lane))};
  }
  checkpoint::Lane& whole = *of_table.front();
  whole.lower.clear();
  whole.upper.clear();
  whole.cursor.clear();
  whole.rows_done = 0;
  whole.done = false;
  state_.snapshot_done = finished_ = caught_up_ = false;
  is_reading_ = true;
  return true;
}

void Sequencer::end_lanes(std::uint32_t physical, const SubtaskTablePtr& gone) {
  std::lock_guard emission(emit_mutex_);
  std::lock_guard lock(state_mutex_);
  if (tables_[physical] == gone) change_lanes(*gone, Lanes::end);
}

std::uint32_t Sequencer::physical_of(const checkpoint::Lane& lane) {
  std::lock_guard emission(emit_mutex_);
  for (std::uint32_t i = 0; i < tables_.size(); ++i) {
    if (!tables_[i]) continue;
    const source::PhysicalTable& physical = tables_[i]->physical;
    if (physical.table == lane.physical_table && physical.database == lane.physical_database) return i;
  }
  return no_table;
}

bool Sequencer::is_stale(const Chunk& chunk) {
  std::lock_guard emission(emit_mutex_);
  return windows_[chunk.physical].is_stale(chunk.ticket);
}

SubtaskTablePtr Sequencer::table(std::uint32_t physical) {
  std::lock_guard emission(emit_mutex_);
  return tables_[physical];
}

void Sequencer::set_recently_decided(std::set<std::string> xids) {
  std::lock_guard lock(state_mutex_);
  recently_decided_ = std::move(xids);
}

Result<Sequencer::Chunk> Sequencer::open_chunk(std::uint32_t physical) {
  Chunk chunk;
  chunk.physical = physical;
  while (true) {
    {
      std::unique_lock lock(state_mutex_);
      TRY(wait(lock, [&] { return !in_transaction_; }));
    }
    std::lock_guard emission(emit_mutex_);
    std::lock_guard lock(state_mutex_);
    if (in_transaction_) continue;
    chunk.ticket = windows_[physical].open();
    chunk.table = tables_[physical];
    chunk.emitted.position = std::max(reached_, views_from_);
    chunk.emitted.gtid_set = emitted_gtid_set_;
    chunk.emitted.recently_decided_xids = recently_decided_;
    chunk.emitted.still_decided = [this] { return recently_decided(); };
    return chunk;
  }
}

void Sequencer::close_chunk(const Chunk& chunk) {
  std::lock_guard emission(emit_mutex_);
  windows_[chunk.physical].close(chunk.ticket);
}

Status Sequencer::wait_reached(const model::BinlogPosition& high) {
  if (!has_stream_) return {};
  std::unique_lock lock(state_mutex_);
  return wait(lock, [&] { return !(reached_ < high); });
}

Result<bool> Sequencer::wait_reached_for(const model::BinlogPosition& high, std::int64_t patience_ms) {
  if (!has_stream_) return true;
  std::unique_lock lock(state_mutex_);
  const bool reached =
      changed_.wait_for(lock, std::chrono::milliseconds(patience_ms), [&] { return cancelled_ || !(reached_ < high); });
  if (cancelled_) return fail(ErrorCode::cancelled);
  return reached;
}

Result<bool> Sequencer::emit_rows(const Chunk& chunk, model::RecordBatch& batch, const Identities& identities,
                                  std::size_t lane, const checkpoint::KeyValues& cursor, std::uint64_t rows_read,
                                  bool lane_done) {
  std::lock_guard emission(emit_mutex_);
  const ChangeWindow& window = windows_[chunk.physical];
  if (window.is_stale(chunk.ticket)) return false;
  if (!identities.entries.empty() && window.is_void(chunk.ticket)) return false;
  if (window.has_changes() && !identities.entries.empty()) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < batch.records.size(); ++i)
      if (!window.is_outdated(chunk.ticket, identities.view(identities.entries[i])))
        batch.records[kept++] = batch.records[i];
    batch.records.resize(kept);
  }
  {
    std::lock_guard lock(state_mutex_);
    checkpoint::Lane& state = state_.snapshot.lanes[lane];
    state.cursor = cursor;
    state.rows_done += rows_read;
    state.done = lane_done;
  }
  router_.divert(batch);
  TRY(emit(batch, sink::When::more));
  return true;
}

void Sequencer::set_lanes(std::vector<checkpoint::Lane> lanes) {
  std::lock_guard lock(state_mutex_);
  state_.snapshot.lanes = std::move(lanes);
  state_.snapshot.planned = true;
}

checkpoint::Lane Sequencer::lane(std::size_t number) const {
  std::lock_guard lock(state_mutex_);
  return state_.snapshot.lanes[number];
}

std::vector<bool> Sequencer::lanes_done() const {
  std::lock_guard lock(state_mutex_);
  std::vector<bool> done;
  for (const checkpoint::Lane& lane : state_.snapshot.lanes) done.push_back(lane.done);
  return done;
}

bool Sequencer::finish_snapshot(const model::BinlogPosition& high, const std::string& high_gtid_set) {
  {
    std::lock_guard lock(state_mutex_);
    const auto& lanes = state_.snapshot.lanes;
    if (!std::all_of(lanes.begin(), lanes.end(), [](const checkpoint::Lane& lane) { return lane.done; })) return false;
    finished_ = true;
    is_reading_ = false;
    state_.snapshot_done = true;
    state_.snapshot.high_watermark = high;
    state_.snapshot.high_watermark_gtid_set = high_gtid_set;
    state_.snapshot.high_watermark_reached = !has_stream_ || !(reached_ < high);
    if (!handing_over_) note_caught_up();
  }
  changed_.notify_all();
  return true;
}

Status Sequencer::wait_unfinished() {
  std::unique_lock lock(state_mutex_);
  return wait(lock, [&] { return !finished_; });
}

void Sequencer::note_caught_up() {
  if (finished_ && state_.snapshot.high_watermark_reached) caught_up_ = true;
}

void Sequencer::set_keyless(std::uint32_t physical, std::int64_t done_to) {
  std::lock_guard lock(state_mutex_);
  keyless_[physical].done_to = done_to;
}

model::BinlogPosition Sequencer::keyless_view_begins(std::uint32_t physical) {
  std::lock_guard lock(state_mutex_);
  keyless_[physical].state = Keyless::State::taking_view;
  return keyless_[physical].dropped;
}

void Sequencer::keyless_view_taken(std::uint32_t physical, const model::BinlogPosition& exact, bool by_window) {
  {
    std::lock_guard lock(state_mutex_);
    keyless_[physical].state = Keyless::State::reading;
    keyless_[physical].by_window = by_window;
    keyless_[physical].exact = exact;
  }
  changed_.notify_all();
}

void Sequencer::keyless_chunk_done(std::uint32_t physical, std::int64_t done_to) {
  {
    std::lock_guard lock(state_mutex_);
    keyless_[physical].state = Keyless::State::between_chunks;
    keyless_[physical].done_to = done_to;
  }
  changed_.notify_all();
}

void Sequencer::keyless_chunk_done(const Chunk& chunk, std::int64_t done_to) {
  {
    std::lock_guard emission(emit_mutex_);
    std::lock_guard lock(state_mutex_);
    keyless_[chunk.physical].state = Keyless::State::between_chunks;
    if (!windows_[chunk.physical].is_stale(chunk.ticket)) keyless_[chunk.physical].done_to = done_to;
  }
  changed_.notify_all();
}

Result<bool> Sequencer::admit_keyless(std::uint32_t physical, const model::BinlogPosition& position, std::int64_t row) {
  std::unique_lock lock(state_mutex_);
  Keyless& table = keyless_[physical];
  using enum Keyless::State;
  const auto is_out = [&] { return table.done_to == whole_table || row <= table.done_to; };
  TRY(wait(lock, [&] {
    return is_out() || table.state == between_chunks || (table.state == reading && !(table.exact < position));
  }));
  if (is_out() || (table.state == reading && table.by_window)) return true;
  if (table.dropped < position) table.dropped = position;
  return false;
}

std::set<std::string> Sequencer::recently_decided() const {
  std::lock_guard lock(state_mutex_);
  return recently_decided_;
}

Status Sequencer::save_now() {
  std::lock_guard emission(emit_mutex_);
  model::RecordBatch nothing;
  return emit(nothing, sink::When::now);
}

Status Sequencer::save_if_due() {
  if (!delivery_.wants_mark()) return {};
  std::lock_guard emission(emit_mutex_);
  if (broken_) return {};  // whoever broke it tells
  model::RecordBatch nothing;
  return emit(nothing, sink::When::idle);
}

checkpoint::SubtaskCheckpoint Sequencer::state() const {
  std::lock_guard lock(state_mutex_);
  return state_;
}

bool Sequencer::caught_up() const {
  std::lock_guard lock(state_mutex_);
  return caught_up_;
}

model::BinlogPosition Sequencer::emitted() const {
  std::lock_guard lock(state_mutex_);
  return reached_;
}

void Sequencer::cancel() {
  {
    std::lock_guard lock(state_mutex_);
    cancelled_ = true;
  }
  changed_.notify_all();
}

}  // namespace tributary::pipeline
