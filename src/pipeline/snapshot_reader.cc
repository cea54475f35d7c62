#include "pipeline/snapshot_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>
#include <thread>

#include "source/snapshot/lane.h"
#include "source/snapshot/text_row.h"

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

// A whole-table view of exactly one binlog position, for tables whose rows can't be told apart. MariaDB's views are
// exact; elsewhere the table is locked for the moment in which the view is taken.
Result<model::BinlogPosition> open_exact_view(mysql::Connection& connection, const source::Instance& instance,
                                              const source::PhysicalTable& table, const source::EmittedState& emitted,
                                              base::CancelToken& cancel) {
  const auto no_beat = []() -> Result<bool> { return true; };
  const bool has_stream = !emitted.position.empty() || !emitted.gtid_set.empty();
  if (instance.flavour == mysql::Flavour::mariadb || !has_stream)
    return source::open_view(connection, instance, emitted, no_beat, cancel);
  TRY_VALUE(mysql::Connection locker, source::open_snapshot_connection(instance));
  const std::string name = mysql::quote_name(table.database) + "." + mysql::quote_name(table.table);
  if (auto locked = locker.execute("LOCK TABLES " + name + " READ"); !locked)
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
                               AllTableCounters& counters, source::Heartbeat* heartbeat, base::CancelToken& cancel,
                               const base::Clock& clock)
    : config_(config),
      tables_(tables),
      sequencer_(sequencer),
      counters_(counters),
      heartbeat_(heartbeat),
      cancel_(cancel),
      clock_(clock),
      lanes_left_(tables.tables.size()) {}

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
      const SubtaskTable& table = tables.tables[i];
      if (!table.is_keyless || table.physical.table != lane.physical_table ||
          table.physical.database != lane.physical_database)
        continue;
      sequencer.set_keyless(i, hidden_id(lane.cursor));
      any = true;
    }
  }
  return any;
}

std::uint32_t SnapshotReader::physical_of(const checkpoint::Lane& lane) const {
  for (std::uint32_t i = 0; i < tables_.tables.size(); ++i) {
    const auto& physical = tables_.tables[i].physical;
    if (physical.table == lane.physical_table && physical.database == lane.physical_database) return i;
  }
  return std::numeric_limits<std::uint32_t>::max();
}

Status SnapshotReader::plan() {
  checkpoint::SubtaskCheckpoint state = sequencer_.state();
  std::vector<std::uint64_t> estimates(tables_.tables.size(), 0), estimated(counters_.size(), 0);
  TRY_VALUE(mysql::Connection connection, source::open_snapshot_connection(tables_.instance));
  std::vector<checkpoint::Lane> lanes = state.snapshot.lanes;
  for (std::uint32_t i = 0; i < tables_.tables.size(); ++i) {
    const SubtaskTable& table = tables_.tables[i];
    TRY_VALUE(const source::LanePlan plan, plan_table(connection, table.physical, *table.schema));
    estimates[i] = plan.rows_estimated;
    estimated[table.physical.logical] += plan.rows_estimated;
    if (state.snapshot.planned) continue;
    for (std::uint32_t l = 0; l < plan.lanes.size(); ++l)
      lanes.push_back(
          {table.physical.database, table.physical.table, l, plan.lanes[l].lower, plan.lanes[l].upper, {}, 0, false});
  }
  for (std::size_t l = 0; l < lanes.size(); ++l) {
    const std::uint32_t physical = physical_of(lanes[l]);
    if (physical >= tables_.tables.size())
      return fail(ErrorCode::task_state_mismatch, "the saved snapshot knows a table that the task does not",
                  lanes[l].physical_database + "." + lanes[l].physical_table);
    if (lanes[l].done) continue;
    lanes_left_[physical].fetch_add(1);
    queue_.push_back(l);
    if (tables_.tables[physical].is_keyless) sequencer_.set_keyless(physical, hidden_id(lanes[l].cursor));
  }
  for (std::size_t i = 0; i < estimated.size(); ++i) counters_[i].rows_estimated = estimated[i];
  std::stable_sort(queue_.begin(), queue_.end(), [&](std::size_t a, std::size_t b) {
    return estimates[physical_of(lanes[a])] > estimates[physical_of(lanes[b])];
  });
  sequencer_.set_lanes(std::move(lanes));
  return {};
}

Status SnapshotReader::run() {
  const std::size_t readers = std::min<std::size_t>(config_.snapshot_parallelism, queue_.size());
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::optional<Error> first;
  for (std::size_t i = 0; i < readers; ++i) {
    threads.emplace_back([&] {
      if (Status done = work(); !done) {
        std::lock_guard lock(mutex);
        if (!first || first->is_cancelled()) first = done.error();
        // The others would only go on for nothing.
        abort();
        sequencer_.cancel();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (first) return fail(std::move(*first));
  return {};
}

void SnapshotReader::abort() {
  std::lock_guard lock(connections_mutex_);
  aborted_ = true;
  for (mysql::Connection* connection : connections_) connection->abort();
}

Status SnapshotReader::work() {
  TRY_VALUE(mysql::Connection connection, source::open_snapshot_connection(tables_.instance));
  {
    std::lock_guard lock(connections_mutex_);
    if (aborted_) return fail(ErrorCode::cancelled);
    connections_.push_back(&connection);
  }
  Status done;
  while (done && !cancel_.requested()) {
    const std::size_t at = next_.fetch_add(1);
    if (at >= queue_.size()) break;
    done = read_lane(connection, queue_[at]);
  }
  {
    std::lock_guard lock(connections_mutex_);
    std::erase(connections_, &connection);
    if (!done && aborted_) done = fail(ErrorCode::cancelled);
  }
  if (done && cancel_.requested()) return fail(ErrorCode::cancelled);
  return done;
}

void SnapshotReader::finish_lane(std::size_t lane) {
  const checkpoint::SubtaskCheckpoint state = sequencer_.state();
  const std::uint32_t physical = physical_of(state.snapshot.lanes[lane]);
  if (lanes_left_[physical].fetch_sub(1) == 1)
    counters_[tables_.tables[physical].physical.logical].shards_done.fetch_add(1);
}

Result<bool> SnapshotReader::beat() {
  if (heartbeat_ == nullptr) return false;
  return heartbeat_->beat();
}

Status SnapshotReader::read_lane(mysql::Connection& connection, std::size_t lane) {
  const checkpoint::Lane begin = sequencer_.state().snapshot.lanes[lane];
  const std::uint32_t physical = physical_of(begin);
  const auto& names = tables_.tables[physical].physical;
  const bool keyless = tables_.tables[physical].is_keyless;
  Status done;
  for (bool lane_done = false; done && !lane_done;)
    done = keyless ? read_keyless_chunk(connection, lane, physical, lane_done)
                   : read_chunk(connection, lane, physical, lane_done);
  if (!done)
    return fail(
        std::move(done.error()).in(fmt::format("{}, {}.{}", tables_.instance.name, names.database, names.table)));
  finish_lane(lane);
  return {};
}

Status SnapshotReader::read_chunk(mysql::Connection& connection, std::size_t lane, std::uint32_t physical,
                                  bool& lane_done) {
  const SubtaskTable& table = tables_.tables[physical];
  const checkpoint::Lane state = sequencer_.state().snapshot.lanes[lane];
  TRY_VALUE(const Sequencer::Chunk chunk, sequencer_.open_chunk(physical));
  const auto read = [&]() -> Status {
    TRY_VALUE(const model::BinlogPosition high,
              source::open_view(
                  connection, tables_.instance, chunk.emitted, [this] { return beat(); }, cancel_));
    // Waiting now costs an open view; waiting while rows come costs that and the server's patience.
    TRY(sequencer_.wait_reached(high));
    const bool chunked = !source::chunk_key(*table.schema).empty();
    const std::uint64_t limit = chunked ? config_.chunk_rows : 0;
    const source::TextRowPlan plan(*table.schema);
    const std::string sql = source::chunk_select(table.physical, *table.schema, plan.select_list(),
                                                 state.cursor.empty() ? state.lower : state.cursor, state.upper, limit);
    Status rows = read_rows(connection, chunk, lane, sql, high, limit, lane_done);
    // A void chunk is read again behind the rows that did leave.
    if (!rows && (rows.error().code != ErrorCode::source_busy || limit == 0)) return rows;
    return source::end_view(connection);
  };
  Status done = read();
  sequencer_.close_chunk(chunk);
  return done;
}

Status SnapshotReader::read_keyless_chunk(mysql::Connection& connection, std::size_t lane, std::uint32_t physical,
                                          bool& lane_done) {
  const SubtaskTable& table = tables_.tables[physical];
  const checkpoint::Lane state = sequencer_.state().snapshot.lanes[lane];
  // Without exact views, a hidden id and a heartbeat do as well: the window tells what the view may miss.
  bool by_window = false;
  if (config_.incremental && tables_.instance.flavour == mysql::Flavour::mysql && !table.schema->identity.empty()) {
    TRY_VALUE(by_window, beat());
  }
  TRY_VALUE(const Sequencer::Chunk chunk, sequencer_.open_chunk(physical));
  const auto read = [&]() -> Status {
    model::BinlogPosition exact;
    while (true) {
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
        TRY_VALUE(exact, open_exact_view(connection, tables_.instance, table.physical, emitted, cancel_));
      }
      sequencer_.keyless_view_taken(physical, exact, by_window);
      // Changes up to the position must have been dropped before the rows are out, or a restart would send them.
      TRY(sequencer_.wait_reached(exact));
      // XA COMMIT reaches the log before the engine: one that was prepared before the view and is decided before its
      // position may be missing from it.
      const std::set<std::string> decided = sequencer_.recently_decided();
      if (by_window ||
          std::none_of(prepared.begin(), prepared.end(), [&](const auto& xid) { return decided.contains(xid); }))
        break;
      TRY(source::end_view(connection));
    }
    const bool chunked = !source::chunk_key(*table.schema).empty();
    const std::uint64_t limit = chunked && !by_window ? config_.chunk_rows : 0;
    const source::TextRowPlan plan(*table.schema);
    const std::string sql =
        source::chunk_select(table.physical, *table.schema, plan.select_list(), state.cursor, {}, limit);
    TRY(read_rows(connection, chunk, lane, sql, exact, limit, lane_done));
    return source::end_view(connection);
  };
  Status done = read();
  sequencer_.close_chunk(chunk);
  if (done)
    sequencer_.keyless_chunk_done(
        physical, lane_done ? Sequencer::whole_table : hidden_id(sequencer_.state().snapshot.lanes[lane].cursor));
  return done;
}

Status SnapshotReader::read_rows(mysql::Connection& connection, const Sequencer::Chunk& chunk, std::size_t lane,
                                 const std::string& sql, const model::BinlogPosition& high, std::uint64_t limit,
                                 bool& lane_done) {
  const SubtaskTable& table = tables_.tables[chunk.physical];
  const source::TextRowPlan plan(*table.schema);
  const std::vector<std::uint32_t> key = source::chunk_key(*table.schema);
  const std::string position = high.dts_text();
  encode::ChangeHeader header;
  header.position = position;
  header.safe_position = position;
  header.read_ms = clock_.now_ms();
  header.timestamp_s = header.read_ms / 1000;
  const bool note_identities = config_.incremental && !table.schema->identity.empty();
  const bool can_resume = !key.empty();

  TRY_VALUE(mysql::RowStream rows, connection.stream(sql));
  // A result that is given up would be read to its end, a whole table perhaps, before the error is heard of.
  struct GiveUp {
    mysql::Connection& connection;
    bool wanted = true;
    ~GiveUp() {
      if (wanted) connection.abort();
    }
  } give_up{connection};
  model::RecordBatch batch;
  batch.bytes.reserve(slice_bytes_max + (64u << 10));
  Identities identities;
  std::vector<model::Value> values;
  checkpoint::KeyValues cursor;
  mysql::RowView row;
  std::uint64_t count = 0, in_slice = 0;
  std::uint64_t id = 0, id_end = 0;
  const auto hand_over = [&](bool at_end) -> Status {
    const bool done = at_end && (limit == 0 || count < limit);
    TRY_VALUE(const bool emitted, sequencer_.emit_rows(chunk, batch, identities, lane,
                                                       can_resume ? cursor : checkpoint::KeyValues{}, in_slice, done));
    if (!emitted) return fail(ErrorCode::source_busy, "too many rows change while a chunk is read");
    counters_[table.physical.logical].rows_done.fetch_add(in_slice, std::memory_order_relaxed);
    lane_done = done;
    in_slice = 0;
    batch.clear();
    identities.clear();
    return {};
  };
  while (true) {
    TRY_VALUE(const bool more, rows.next(row));
    if (!more) {
      give_up.wanted = false;
      break;
    }
    TRY(plan.read(row, values));
    if (id == id_end) {
      constexpr std::uint64_t block = 1024;
      id = next_record_id_.fetch_add(block);
      id_end = id + block;
    }
    header.id = id++;
    base::Buffer& out = batch.bytes;
    model::EncodedRecord record;
    const std::size_t begin = out.size();
    if (table.encoder->key(values, out)) record.key_size = static_cast<std::uint32_t>(out.size() - begin);
    record.value_begin = out.size();
    TRY(table.encoder->encode(model::Operation::init, header, {}, values, out));
    record.value_size = static_cast<std::uint32_t>(out.size() - record.value_begin);
    record.table = table.physical.logical;
    batch.records.push_back(record);
    if (note_identities) {
      const std::size_t at = identities.bytes.size();
      table.encoder->identity(values, identities.bytes);
      identities.add(chunk.physical, at);
    }
    ++count;
    ++in_slice;
    if (out.size() >= slice_bytes_max) {
      if (can_resume) {
        cursor.clear();
        for (const std::uint32_t column : key)
          cursor.emplace_back(std::string(row.values[column], row.lengths[column]));
      }
      if (Status handed = hand_over(false); !handed) {
        give_up.wanted = limit == 0;  // the rest of a chunk is read away soon
        return handed;
      }
    } else if (can_resume && limit > 0 && count == limit) {
      cursor.clear();
      for (const std::uint32_t column : key) cursor.emplace_back(std::string(row.values[column], row.lengths[column]));
    }
  }
  return hand_over(true);
}

}  // namespace tributary::pipeline
