#include "pipeline/snapshot_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>
#include <thread>

#include "pipeline/append_record.h"
#include "source/snapshot/lane.h"
#include "source/snapshot/text_row.h"
#include "source/topology/schema_reader.h"

namespace tributary::pipeline {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t slice_bytes_max = 256u << 10;  // rows per hand-over to the sequencer
constexpr std::uint32_t lanes_per_table_max = 16;
constexpr std::uint64_t rows_per_lane_min = 100'000;
constexpr int lock_wait_s = 5;
constexpr int lock_wait_guarded_s = 1;  // while a lock of ours holds up whoever waits in front
constexpr std::int64_t patience_ms = 3'000, pause_ms = 100;
constexpr int polite_tries = 3, tries_max = 100;

// The server's numbers of errors.
constexpr unsigned no_such_database = 1049, no_such_table = 1146, lock_wait_timeout = 1205, table_changed = 1412;

// A whole-table view of exactly one binlog position, for tables whose rows can't be told apart. MariaDB's views are
// exact; elsewhere the table is locked for the moment in which the view is taken. source_busy: a statement waits for
// the table, and we are in its way.
Result<model::BinlogPosition> open_exact_view(mysql::Connection& connection, const source::Instance& instance,
                                              const source::PhysicalTable& table, const source::EmittedState& emitted,
                                              base::CancelToken& cancel) {
  const auto no_beat = []() -> Result<bool> { return true; };
  const bool has_stream = !emitted.position.empty() || !emitted.gtid_set.empty();
  if (instance.flavour == mysql::Flavour::mariadb || !has_stream)
    return source::open_view(connection, instance, emitted, no_beat, cancel);
  TRY_VALUE(mysql::Connection locker, source::open_snapshot_connection(instance));
  const std::string name = mysql::quote_name(table.database) + "." + mysql::quote_name(table.table);
  // Before 5.7.5 LOCK TABLES does not wait for whoever writes to the table already, and a transaction is in the log
  // before its rows can be seen. Only without autocommit InnoDB's own lock, which is held until they can, is asked for.
  TRY(locker.execute(fmt::format("SET SESSION autocommit = 0, lock_wait_timeout = {0}, innodb_lock_wait_timeout = {0}",
                                 lock_wait_guarded_s)));
  if (auto locked = locker.execute("LOCK TABLES " + name + " READ");
      !locked && locker.server_errno() == lock_wait_timeout)
    return fail(ErrorCode::source_busy, locked.error().what, name);
  else if (!locked)
    return fail(ErrorCode::source_barrier,
                "a table without any key needs LOCK TABLES for a moment: " + locked.error().what, name);
  return source::open_view(connection, instance, emitted, no_beat, cancel);
}

// How far a table with a hidden id has been read.
std::int64_t hidden_id(const checkpoint::KeyValues& cursor) {
  std::int64_t id = std::numeric_limits<std::int64_t>::min();
  if (!cursor.empty() && cursor.front())
    std::from_chars(cursor.front()->data(), cursor.front()->data() + cursor.front()->size(), id);
  return id;
}

}  // namespace

SnapshotReader::SnapshotReader(const Config& config, const TableSet& tables, Sequencer& sequencer,
                               AllTableCounters& counters, const sink::Router& router, source::Heartbeat* heartbeat,
                               base::CancelToken& cancel, const base::Clock& clock)
    : config_(config),
      tables_(tables),
      sequencer_(sequencer),
      router_(router),
      counters_(counters),
      heartbeat_(heartbeat),
      cancel_(cancel),
      clock_(clock) {}

Result<source::LanePlan> plan_table(mysql::Connection& connection, const source::PhysicalTable& physical,
                                    const model::TableSchema& schema) {
  const bool is_keyless = schema.identity.empty() || schema.identity_is_hidden;
  return source::plan_lanes(connection, physical, schema, is_keyless ? 1 : lanes_per_table_max, rows_per_lane_min);
}

bool announce_keyless(const TableSet& tables, Sequencer& sequencer) {
  bool any = false;
  const checkpoint::SubtaskCheckpoint state = sequencer.state();
  for (const checkpoint::Lane& lane : state.snapshot.lanes) {
    if (lane.done) continue;
    for (std::uint32_t i = 0; i < tables.tables.size(); ++i) {
      const SubtaskTable& table = *tables.tables[i];
      if (!table.is_keyless || table.physical.table != lane.physical_table ||
          table.physical.database != lane.physical_database)
        continue;
      sequencer.set_keyless(i, hidden_id(lane.cursor));
      any = true;
    }
  }
  return any;
}

std::uint32_t SnapshotReader::physical_of(std::size_t lane) const {
  return lane < physical_.size() ? physical_[lane] : sequencer_.physical_of(sequencer_.lane(lane));
}

Status SnapshotReader::plan() {
  checkpoint::SubtaskCheckpoint state = sequencer_.state();
  std::vector<std::uint64_t> estimates(tables_.tables.size() + 1, 0), estimated(counters_.size(), 0);
  TRY_VALUE(mysql::Connection connection, source::open_snapshot_connection(tables_.instance));
  std::vector<checkpoint::Lane> lanes = state.snapshot.lanes;
  for (std::uint32_t i = 0; i < tables_.tables.size(); ++i) {
    const SubtaskTable& table = *tables_.tables[i];
    if (!table.schema) continue;
    auto plan = plan_table(connection, table.physical, *table.schema);
    if (!plan && plan.error().code == ErrorCode::source_query)  // it may be another table already: the stream will tell
      plan = source::LanePlan{.lanes = {{}}, .rows_estimated = 0};
    if (!plan) return fail(std::move(plan.error()));
    estimates[i] = plan->rows_estimated;
    estimated[table.physical.logical] += plan->rows_estimated;
    if (state.snapshot.planned) continue;
    for (std::uint32_t l = 0; l < plan->lanes.size(); ++l)
      lanes.push_back(
          {table.physical.database, table.physical.table, l, plan->lanes[l].lower, plan->lanes[l].upper, {}, 0, false});
  }
  for (std::size_t l = 0; l < lanes.size(); ++l) {
    const std::uint32_t physical = sequencer_.physical_of(lanes[l]);
    physical_.push_back(physical);
    order_.push_back(l);
    if (lanes[l].done) continue;
    if (physical >= tables_.tables.size() || !tables_.tables[physical]->schema) {
      lanes[l].done = true;  // the table is gone
      continue;
    }
    if (tables_.tables[physical]->is_keyless) sequencer_.set_keyless(physical, hidden_id(lanes[l].cursor));
  }
  for (std::size_t i = 0; i < estimated.size(); ++i) counters_[i].rows_estimated = estimated[i];
  std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
    const auto estimate = [&](std::size_t l) {
      return estimates[std::min<std::size_t>(physical_[l], tables_.tables.size())];
    };
    return estimate(a) > estimate(b);
  });
  sequencer_.set_lanes(std::move(lanes));
  return {};
}

// A lane that is not done and that nobody works on. A lane may come to be read again, but only while a reader works on
// its table: that one takes it.
std::optional<std::size_t> SnapshotReader::take_lane() {
  std::lock_guard lock(lanes_mutex_);
  const std::vector<bool> done = sequencer_.lanes_done();
  for (const std::size_t lane : order_)
    if (!done[lane] && busy_.insert(lane).second) return lane;
  for (std::size_t lane = order_.size(); lane < done.size(); ++lane)
    if (!done[lane] && busy_.insert(lane).second) return lane;
  return {};
}

Status SnapshotReader::run() {
  const std::vector<bool> done = sequencer_.lanes_done();
  const auto left = static_cast<std::size_t>(std::count(done.begin(), done.end(), false));
  const std::size_t readers = std::min<std::size_t>(config_.snapshot_parallelism, left);
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::optional<Error> first;
  for (std::size_t i = 0; i < readers; ++i) {
    threads.emplace_back([&] {
      if (Status ended = work(); !ended) {
        std::lock_guard lock(mutex);
        if (!first || first->is_cancelled()) first = ended.error();
        // The others would only go on for nothing.
        abort();
        sequencer_.cancel();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (first) return fail(std::move(*first));
  count_done();
  return {};
}

void SnapshotReader::abort() {
  std::lock_guard lock(connections_mutex_);
  aborted_ = true;
  for (mysql::Connection* connection : connections_) connection->abort();
}

Status SnapshotReader::work() {
  TRY_VALUE(mysql::Connection connection, source::open_snapshot_connection(tables_.instance));
  TRY(connection.execute(fmt::format("SET SESSION lock_wait_timeout = {}", lock_wait_s)));
  TRY(connection.execute(std::string(transform::filter_session)));
  Reader reader{std::move(connection), nullptr};
  {
    std::lock_guard lock(connections_mutex_);
    if (aborted_) return fail(ErrorCode::cancelled);
    connections_.push_back(&reader.connection);
  }
  Status done;
  while (done && !cancel_.requested()) {
    const std::optional<std::size_t> lane = take_lane();
    if (!lane) break;
    done = read_lane(reader, *lane);
    std::lock_guard lock(lanes_mutex_);
    busy_.erase(*lane);
  }
  {
    std::lock_guard lock(connections_mutex_);
    std::erase(connections_, &reader.connection);
    if (!done && aborted_) done = fail(ErrorCode::cancelled);
  }
  if (done && cancel_.requested()) return fail(ErrorCode::cancelled);
  return done;
}

void SnapshotReader::count_done() {
  const std::vector<bool> done = sequencer_.lanes_done();
  std::vector<bool> is_done(tables_.tables.size(), true);
  for (std::size_t l = 0; l < done.size(); ++l) {
    if (done[l]) continue;
    const std::uint32_t physical = physical_of(l);
    if (physical < is_done.size()) is_done[physical] = false;
  }
  std::vector<std::uint32_t> shards(counters_.size(), 0);
  for (std::size_t i = 0; i < is_done.size(); ++i)
    if (is_done[i]) ++shards[tables_.tables[i]->physical.logical];
  for (std::size_t i = 0; i < shards.size(); ++i) counters_[i].shards_done = shards[i];
}

Result<bool> SnapshotReader::beat() {
  if (heartbeat_ == nullptr) return false;
  return heartbeat_->beat();
}

Status SnapshotReader::read_lane(Reader& reader, std::size_t lane) {
  const std::uint32_t physical = physical_of(lane);
  const source::PhysicalTable names = sequencer_.table(physical)->physical;
  reader.tries = 0;
  reader.is_busy = false;
  Status done;
  while (done && !cancel_.requested() && !sequencer_.lane(lane).done) {
    const SubtaskTablePtr table = sequencer_.table(physical);
    if (!table->schema)
      sequencer_.end_lanes(physical, table);
    else
      done = table->is_keyless ? read_keyless_chunk(reader, lane, physical) : read_chunk(reader, lane, physical);
  }
  if (!done)
    return fail(
        std::move(done.error()).in(fmt::format("{}, {}.{}", tables_.instance.name, names.database, names.table)));
  count_done();
  return {};
}

// No statement can change the table until the transaction ends. False if that can't be had at the moment: a statement
// is under way, or the table is gone.
Result<bool> SnapshotReader::lock_table(mysql::Connection& connection, const source::PhysicalTable& table) {
  const auto locked = connection.query(
      fmt::format("SELECT 1 FROM {}.{} LIMIT 0", mysql::quote_name(table.database), mysql::quote_name(table.table)));
  if (locked) return true;
  const unsigned number = connection.server_errno();
  if (number == lock_wait_timeout || number == no_such_table || number == no_such_database || number == table_changed)
    return false;
  return fail(locked.error());
}

// True once the stream has passed all that changed the table before it was locked, and the chunk is not void.
Result<bool> SnapshotReader::catch_up_locked(Reader& reader, const Sequencer::Chunk& chunk,
                                             model::BinlogPosition reached) {
  if (config_.incremental) {
    TRY_VALUE(const source::LogEnd end, source::read_log_end(reader.connection));
    if (reached < end.position) reached = end.position;
    // Statements that wait for the lock hold up everybody else: a stream that lags is rather waited for without it, but
    // not for ever.
    if (reader.tries < polite_tries) {
      TRY_VALUE(const bool is_there, sequencer_.wait_reached_for(reached, patience_ms));
      if (!is_there) return false;
    } else {
      TRY(sequencer_.wait_reached(reached));
    }
    if (sequencer_.is_stale(chunk)) return false;
  }
  TRY(verify(reader, chunk.table));
  return true;
}

// What is known of the table is what the server says of it: wrong values never leave, whatever went wrong before.
Status SnapshotReader::verify(Reader& reader, const SubtaskTablePtr& table) {
  if (reader.verified == table && config_.incremental) return {};
  const auto& names = table->physical;
  TRY_VALUE(const auto found, source::read_schemas(reader.connection, names.database, {names.table}));
  const auto at_server = found.find(names.table);
  std::string difference = "the table is gone";
  if (at_server == found.end() || !source::same_structure(*table->schema, at_server->second, &difference))
    return fail(ErrorCode::data_schema_mismatch, "the server's structure is not the known one: " + difference);
  reader.verified = table;
  return {};
}

// Waits, holding nothing, until the stream is where the log ends now.
Status SnapshotReader::try_again(Reader& reader, const SubtaskTable& table) {
  if (++reader.tries > tries_max && reader.is_busy)
    return fail(ErrorCode::source_busy, "transactions that are open have written to a table without any key",
                table.physical.database + "." + table.physical.table);
  if (reader.tries > tries_max)
    return fail(ErrorCode::source_table_missing, "it can't be read, and the log says nothing of it",
                table.physical.database + "." + table.physical.table);
  if (config_.incremental) {
    TRY_VALUE(const source::LogEnd end, source::read_log_end(reader.connection));
    TRY(sequencer_.wait_reached(end.position));
  }
  if (reader.tries > 1 && cancel_.wait_for_ms(pause_ms)) return fail(ErrorCode::cancelled);
  return {};
}

Status SnapshotReader::read_chunk(Reader& reader, std::size_t lane, std::uint32_t physical) {
  mysql::Connection& connection = reader.connection;
  TRY_VALUE(const Sequencer::Chunk chunk, sequencer_.open_chunk(physical));
  const SubtaskTable& table = *chunk.table;
  const checkpoint::Lane state = sequencer_.lane(lane);
  const auto read = [&]() -> Result<bool> {
    if (!table.schema || table.is_keyless) return true;  // it has just become so
    TRY_VALUE(const model::BinlogPosition high,
              source::open_view(
                  connection, tables_.instance, chunk.emitted, [this] { return beat(); }, cancel_));
    TRY_VALUE(bool can_read, lock_table(connection, table.physical));
    if (can_read) {
      TRY_VALUE(can_read, catch_up_locked(reader, chunk, high));
    }
    if (can_read) {
      const bool chunked = !source::chunk_key(*table.schema).empty();
      const std::uint64_t limit = chunked ? config_.chunk_rows : 0;
      TRY_VALUE(const Part part, next_part(connection, table, state, limit));
      Status rows = read_rows(connection, chunk, lane, part, high);
      // A void chunk is read again behind the rows that did leave.
      if (!rows && (rows.error().code != ErrorCode::source_busy || limit == 0)) return fail(std::move(rows.error()));
    }
    TRY(source::end_view(connection));
    return can_read;
  };
  const Result<bool> done = read();
  sequencer_.close_chunk(chunk);
  if (!done) return fail(done.error());
  if (!*done) return try_again(reader, table);
  reader.tries = 0;
  return {};
}

Status SnapshotReader::read_keyless_chunk(Reader& reader, std::size_t lane, std::uint32_t physical) {
  mysql::Connection& connection = reader.connection;
  TRY_VALUE(const Sequencer::Chunk chunk, sequencer_.open_chunk(physical));
  const SubtaskTable& table = *chunk.table;
  const checkpoint::Lane state = sequencer_.lane(lane);
  const auto read = [&]() -> Result<bool> {
    if (!table.schema || !table.is_keyless) return true;
    // Without exact views, a hidden id and a heartbeat do as well: the window tells what the view may miss.
    bool by_window = false;
    if (config_.incremental && tables_.instance.flavour == mysql::Flavour::mysql && !table.schema->identity.empty()) {
      TRY_VALUE(by_window, beat());
    }
    model::BinlogPosition exact;
    while (true) {
      // The stream may wait for this chunk: so a second connection keeps the table as it is from before the view until
      // the first one has locked it, and there is nothing to be caught up with behind the view's position.
      TRY_VALUE(mysql::Connection guard, source::open_snapshot_connection(tables_.instance));
      TRY(guard.execute(fmt::format("SET SESSION lock_wait_timeout = {}", lock_wait_s)));
      TRY(guard.execute("START TRANSACTION"));
      TRY_VALUE(const bool is_guarded, lock_table(guard, table.physical));
      if (!is_guarded) return false;
      source::EmittedState emitted = chunk.emitted;
      if (const model::BinlogPosition dropped = sequencer_.keyless_view_begins(physical); emitted.position < dropped)
        emitted.position = dropped;
      std::set<std::string> prepared;
      if (config_.incremental) {
        TRY_VALUE(prepared, source::read_prepared_xids(connection));
      }
      emitted.recently_decided_xids = sequencer_.recently_decided();
      if (by_window) {
        TRY_VALUE(exact, source::open_view(
                             connection, tables_.instance, emitted, [this] { return beat(); }, cancel_));
      } else {
        const auto view = open_exact_view(connection, tables_.instance, table.physical, emitted, cancel_);
        reader.is_busy = !view && view.error().code == ErrorCode::source_busy;
        if (reader.is_busy) return false;
        if (!view) return fail(view.error());
        exact = *view;
      }
      // A statement that waits for the guard may be in front of us; both give way then.
      TRY_VALUE(const bool is_locked, lock_table(connection, table.physical));
      if (!is_locked) {
        TRY(source::end_view(connection));
        return false;
      }
      sequencer_.keyless_view_taken(physical, exact, by_window);
      // Changes up to the position must have been dropped before the rows are out, or a restart would send them.
      TRY(sequencer_.wait_reached(exact));
      if (sequencer_.is_stale(chunk)) {
        TRY(source::end_view(connection));
        return false;
      }
      // XA COMMIT reaches the log before the engine: one that was prepared before the view and is decided before its
      // position may be missing from it.
      const std::set<std::string> decided = sequencer_.recently_decided();
      if (by_window ||
          std::none_of(prepared.begin(), prepared.end(), [&](const auto& xid) { return decided.contains(xid); }))
        break;
      TRY(source::end_view(connection));
    }
    TRY(verify(reader, chunk.table));
    const bool chunked = !source::chunk_key(*table.schema).empty();
    const std::uint64_t limit = chunked && !by_window ? config_.chunk_rows : 0;
    checkpoint::Lane rest = state;
    rest.lower.clear();
    rest.upper.clear();
    TRY_VALUE(const Part part, next_part(connection, table, rest, limit));
    TRY(read_rows(connection, chunk, lane, part, exact));
    TRY(source::end_view(connection));
    return true;
  };
  const Result<bool> done = read();
  sequencer_.close_chunk(chunk);
  if (!done) return fail(done.error());
  const checkpoint::Lane now = sequencer_.lane(lane);
  if (table.is_keyless) sequencer_.keyless_chunk_done(chunk, now.done ? Sequencer::whole_table : hidden_id(now.cursor));
  if (!*done) return try_again(reader, table);
  reader.tries = 0;
  return {};
}

Result<SnapshotReader::Part> SnapshotReader::next_part(mysql::Connection& connection, const SubtaskTable& table,
                                                       const checkpoint::Lane& lane, std::uint64_t limit) {
  const source::TextRowPlan plan(*table.schema);
  const checkpoint::KeyValues& after = lane.cursor.empty() ? lane.lower : lane.cursor;
  const std::string_view condition = table.form->plan.condition();
  Part part;
  part.is_chunk = limit > 0;
  if (condition.empty() || limit == 0) {
    part.limit = limit;
    part.sql =
        source::chunk_select(table.physical, *table.schema, plan.select_list(), after, lane.upper, limit, condition);
    return part;
  }
  // A limit of rows that pass could go through the whole table.
  TRY_VALUE(mysql::RowStream ends, connection.stream(source::chunk_end_select(
                                       table.physical, *table.schema, plan.select_list(), after, lane.upper, limit)));
  mysql::RowView row;
  while (true) {
    TRY_VALUE(const bool more, ends.next(row));
    if (!more) break;
    for (const std::uint32_t column : source::chunk_key(*table.schema))
      part.last.emplace_back(std::string(row.values[column], row.lengths[column]));
  }
  part.sql = source::chunk_select(table.physical, *table.schema, plan.select_list(), after,
                                  part.last.empty() ? lane.upper : part.last, 0, condition);
  return part;
}

Status SnapshotReader::read_rows(mysql::Connection& connection, const Sequencer::Chunk& chunk, std::size_t lane,
                                 const Part& part, const model::BinlogPosition& high) {
  const SubtaskTable& table = *chunk.table;
  const source::TextRowPlan plan(*table.schema);
  const std::vector<std::uint32_t> key = source::chunk_key(*table.schema);
  const std::string position = high.dts_text();
  encode::ChangeHeader header;
  header.position = position;
  header.is_snapshot = true;
  header.safe_position = position;
  header.binlog_file = high.file;
  header.binlog_offset = high.offset;
  header.read_ms = clock_.now_ms();
  header.timestamp_s = header.read_ms / 1000;
  const bool note_identities = config_.incremental && !table.schema->identity.empty();
  const bool can_resume = !key.empty();

  TRY_VALUE(mysql::RowStream rows, connection.stream(part.sql));
  model::RecordBatch batch;
  batch.bytes.reserve(slice_bytes_max + (64u << 10));
  Identities identities;
  transform::Row values;
  values.operation = model::Operation::init;
  values.commit_s = header.timestamp_s;
  values.position = position;
  values.instance = tables_.instance.name;
  values.has_passed_filter = true;
  checkpoint::KeyValues cursor;
  mysql::RowView row;
  std::uint64_t count = 0, in_slice = 0;
  std::uint64_t id = 0, id_end = 0;
  const auto hand_over = [&](bool at_end) -> Status {
    const bool done = at_end && part.last.empty() && (part.limit == 0 || count < part.limit);
    TRY_VALUE(const bool emitted, sequencer_.emit_rows(chunk, batch, identities, lane,
                                                       can_resume ? cursor : checkpoint::KeyValues{}, in_slice, done));
    if (!emitted) return fail(ErrorCode::source_busy, "too many rows change while a chunk is read");
    counters_[table.physical.logical].rows_done.fetch_add(in_slice, std::memory_order_relaxed);
    in_slice = 0;
    batch.clear();
    identities.clear();
    return {};
  };
  while (true) {
    TRY_VALUE(const bool more, rows.next(row));
    if (!more) break;
    TRY(plan.read(row, values.after));
    if (id == id_end) {
      constexpr std::uint64_t block = 1024;
      id = next_record_id_.fetch_add(block);
      id_end = id + block;
    }
    header.id = values.record_id = id++;
    const std::size_t at = identities.bytes.size();
    if (note_identities) table.form->source->identity(values.after, identities.bytes);
    TRY_VALUE(const bool is_sent, transform_row(table, values, counters_[table.physical.logical]));
    if (is_sent) {
      TRY(append_row(table, router_, header, values, batch));
      if (note_identities) identities.add(chunk.physical, at);
    } else {
      identities.bytes.resize_down(at);
    }
    ++count;
    ++in_slice;
    if (batch.bytes.size() >= slice_bytes_max) {
      if (can_resume) {
        cursor.clear();
        for (const std::uint32_t column : key)
          cursor.emplace_back(std::string(row.values[column], row.lengths[column]));
      }
      if (Status handed = hand_over(false); !handed) {
        if (part.is_chunk) rows.skip_rest();  // soon done
        return handed;
      }
    } else if (can_resume && part.limit > 0 && count == part.limit) {
      cursor.clear();
      for (const std::uint32_t column : key) cursor.emplace_back(std::string(row.values[column], row.lengths[column]));
    }
  }
  if (!part.last.empty()) cursor = part.last;
  return hand_over(true);
}

}  // namespace tributary::pipeline
