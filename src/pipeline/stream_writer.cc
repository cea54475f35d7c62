#include "pipeline/stream_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "pipeline/append_record.h"
#include "source/binlog/statement.h"
#include "source/snapshot/lane.h"
#include "source/topology/strangers.h"

namespace tributary::pipeline {

using base::Status;
using model::Operation;

namespace {

constexpr std::size_t batch_bytes_max = 512u << 10;  // more per hand-over saves little and costs latency and memory
constexpr std::size_t slice_bytes_max = 8u << 20;    // of one transaction before its end is known
constexpr std::uint32_t moves_max = 1024;            // boundaries without records before the state is told

// What a change of its table makes of its lanes. former: the number of the captured table it was before, if any.
Sequencer::Lanes lanes_behind(const source::CapturedChange& change, std::string_view sql,
                              std::optional<std::uint32_t> former) {
  using Kind = source::CapturedChange::Kind;
  using Lanes = Sequencer::Lanes;
  if (!change.after) return Lanes::end;
  if (change.former) return former ? Lanes::as_former : Lanes::whole;
  if (!change.before) return Lanes::go_on;
  // All that is in an emptied table later comes through the stream, but for what other tables or files brought.
  if (change.kind == Kind::emptied)
    return source::names_word(sql, "exchange") || source::names_word(sql, "import") ? Lanes::whole : Lanes::go_on;
  const model::TableSchema &before = *change.before, &after = *change.after;
  const auto is_keyless = [](const model::TableSchema& s) { return s.identity.empty() || s.identity_is_hidden; };
  const std::vector<std::uint32_t> old_key = source::chunk_key(before), new_key = source::chunk_key(after);
  const bool same =
      std::equal(old_key.begin(), old_key.end(), new_key.begin(), new_key.end(), [&](std::uint32_t x, std::uint32_t y) {
        const model::Column &a = before.columns[x], &b = after.columns[y];
        return a.type == b.type && a.is_unsigned == b.is_unsigned && a.collation == b.collation &&
               a.fraction_digits == b.fraction_digits && a.scale == b.scale;
      });
  return same && is_keyless(before) == is_keyless(after) ? Lanes::go_on : Lanes::anew;
}

Operation operation_of(source::RowChange change) {
  switch (change) {
    case source::RowChange::insert:
      return Operation::insert;
    case source::RowChange::update:
      return Operation::update;
    case source::RowChange::delete_:
      break;
  }
  return Operation::delete_;
}

}  // namespace

StreamWriter::StreamWriter(const Config& config, const TableSet& tables, Sequencer& sequencer,
                           const source::BinlogStream& stream, AllTableCounters& counters, StreamStats& stats,
                           const base::Clock& clock, const checkpoint::StreamState& begin, bool note_identities,
                           SchemaKeeper& schemas, const sink::Router& router)
    : config_(config),
      listed_tables_(tables.tables.size()),
      tables_(tables.tables),
      router_(router),
      maker_(config, tables.instance),
      sequencer_(sequencer),
      stream_(stream),
      counters_(counters),
      stats_(stats),
      clock_(clock),
      note_identities_(note_identities),
      schemas_(schemas),
      instance_(tables.instance.name),
      transactions_(config, tables.instance.server_version, clock, begin.sliced_to_id),
      next_record_id_(begin.next_record_id),
      boundary_id_(begin.next_record_id),
      sliced_to_id_(begin.sliced_to_id),
      sliced_(begin.sliced_to_id > begin.next_record_id) {
  row_.instance = instance_;
}

Status StreamWriter::send_row(const SubtaskTable& table, std::uint32_t number, const encode::ChangeHeader& header) {
  const std::size_t noted = changed_.entries.size(), noted_bytes = changed_.bytes.size();
  if (note_identities_ && !table.schema->identity.empty()) {
    for (const auto* image : {&row_.before, &row_.after}) {
      if (image->empty()) continue;
      const std::size_t at = changed_.bytes.size();
      table.form->source->identity(*image, changed_.bytes);
      changed_.add(number, at);
    }
  }
  TRY_VALUE(const bool is_sent, transform_row(table, row_, counters_[table.physical.logical]));
  if (!is_sent) {
    // A chunk's row that it would outdate may be all that the topic ever hears of the row.
    changed_.entries.resize(noted);
    changed_.bytes.resize_down(noted_bytes);
    return {};
  }
  TRY(transactions_.before_row(batch_));
  return append_row(table, router_, header, row_, batch_);
}

std::int64_t StreamWriter::hidden_id(const SubtaskTable& table) const {
  if (!table.schema->identity_is_hidden) return Sequencer::whole_table;
  return (row_.after.empty() ? row_.before : row_.after)[table.schema->identity.front()].i;
}

Status StreamWriter::on_rows(std::uint32_t number, const model::TableSchemaPtr& schema, source::RowReader& rows,
                             const source::RowContext& context) {
  if (tables_[number]->schema != schema) {
    TRY_VALUE(tables_[number], maker_.make(tables_[number]->physical, schema));
  }
  const SubtaskTable& table = *tables_[number];
  const bool ask = table.is_keyless && note_identities_;
  if (ask) tell_decided();  // a view has to see what is dropped here
  if (ask && (moved_ || !batch_.records.empty())) {
    // The stream may have to wait here until a chunk of the table is out, and the chunk until the stream is known to be
    // here: neither what is gathered nor a boundary passed without records must wait with it.
    TRY(flush(batch_.records.size() > boundary_records_));
  }
  touched_ = true;
  transactions_.rows(context, next_record_id_);
  position_text_.clear();
  safe_text_.clear();
  fmt::format_to(std::back_inserter(position_text_), "{}@{}", context.position.offset, context.position.file_number());
  fmt::format_to(std::back_inserter(safe_text_), "{}@{}", context.safe_position.offset,
                 context.safe_position.file_number());
  encode::ChangeHeader header;
  header.timestamp_s = context.timestamp_s;
  header.position = position_text_;
  header.safe_position = safe_text_;
  header.read_ms = clock_.now_ms();
  header.server_id = context.server_id;
  header.thread_id = context.thread_id;
  header.gtid = context.gtid;
  header.binlog_file = context.position.file;
  header.binlog_offset = context.position.offset;
  row_.commit_s = context.timestamp_s;
  row_.position = position_text_;
  last_timestamp_s_ = context.timestamp_s;

  std::uint64_t count = 0;
  std::uint32_t row_index = 0;
  while (true) {
    TRY_VALUE(const bool more, rows.next(row_.before, row_.after));
    if (!more) break;
    row_.operation = operation_of(rows.change());
    header.row_index = row_index++;
    // A change that is dropped has a number, too: whether it is dropped when it is read again depends on the snapshot.
    header.id = row_.record_id = next_record_id_;
    next_record_id_ += ids_of(table, row_.operation);
    if (header.id < sliced_to_id_) continue;
    if (ask) {
      TRY_VALUE(const bool admitted, sequencer_.admit_keyless(number, context.position, hidden_id(table)));
      if (!admitted) continue;
    }
    if (Status sent = send_row(table, number, header); !sent)
      return base::fail(std::move(sent.error()).in(table.physical.database + "." + table.physical.table));
    ++count;
    if (batch_.bytes.size() >= slice_bytes_max) TRY(flush(true));
  }
  counters_[table.physical.logical].changes.fetch_add(count, std::memory_order_relaxed);
  stats_.changes.fetch_add(count, std::memory_order_relaxed);
  return {};
}

Status StreamWriter::on_commit(const source::StreamPosition& end) {
  TRY(transactions_.commit(end, next_record_id_, batch_));
  boundary_ = &end;
  boundary_records_ = batch_.records.size();
  boundary_changed_ = changed_.entries.size();
  boundary_id_ = next_record_id_;
  moved_ = true;
  if (sliced_ || batch_.bytes.size() >= batch_bytes_max) return flush(false);
  return {};
}

Status StreamWriter::on_rollback(const source::StreamPosition& end) {
  transactions_.rollback();
  if (sliced_)
    return base::fail(base::ErrorCode::data_event_unsupported,
                      "a transaction larger than the buffer was rolled back in the log after a part of it was sent",
                      end.at.text());
  batch_.records.resize(boundary_records_);
  // Rows that did not change must not look outdated to the snapshot.
  changed_.entries.resize(boundary_changed_);
  // Also if none was to be sent: ids must not depend on that.
  next_record_id_ = boundary_id_;
  return on_commit(end);
}

Status StreamWriter::on_schema_change(const source::SchemaChange& change, const source::LiveTables& live,
                                      const source::RowContext& context) {
  TRY(flush(batch_.records.size() > boundary_records_));
  touched_ = true;
  const bool tells = schemas_.tells(change);
  TRY_VALUE(const std::vector<checkpoint::KeptStatement> statements,
            schemas_.keep(change, live, context, tells ? next_record_id_ : 0));
  if (tells) ++next_record_id_;
  std::vector<Sequencer::TableChange> changes;
  for (const source::CapturedChange& one : change.captured) {
    if (one.table >= tables_.size()) {
      const source::CapturedTable& names = live.captured(one.table);
      source::PhysicalTable physical;
      physical.logical = schemas_.logical_number(names);
      physical.database = names.database;
      physical.table = names.table;
      TRY_VALUE(SubtaskTablePtr joined, maker_.make(physical, one.after));
      tables_.push_back(std::move(joined));
    } else if (tables_[one.table]->schema != one.after) {
      TRY_VALUE(tables_[one.table], maker_.make(tables_[one.table]->physical, one.after));
    }
    if (one.kind == source::CapturedChange::Kind::dropped && tell_stranger_ && !change.is_repeat)
      tell_stranger_(fmt::format("in {}: {:.200}", live.captured(one.table).database, change.sql));
    // The snapshot knows the listed tables as they are behind what was handed on.
    if (change.is_repeat && one.table < listed_tables_) continue;
    std::optional<std::uint32_t> former;
    if (one.former)
      if (const std::int64_t found = live.find(one.former->database, one.former->table); found >= 0)
        former = static_cast<std::uint32_t>(found);
    changes.push_back({one.table, tables_[one.table], lanes_behind(one, change.sql, former), former.value_or(0)});
  }
  sequencer_.tables_changed(changes, change.number);
  note_identities_ = note_identities_ || sequencer_.is_reading();
  return send_statements(statements);
}

Status StreamWriter::send_statements(const std::vector<checkpoint::KeptStatement>& statements) {
  if (statements.empty()) return {};
  model::RecordBatch batch;
  std::vector<std::string> told;
  for (const checkpoint::KeptStatement& statement : statements) {
    told.push_back(checkpoint::told_name(statement));
    encode::ChangeHeader header;
    header.id = statement.record_id;
    header.timestamp_s = statement.timestamp_s;
    header.position = statement.position;
    header.safe_position = statement.safe_position;
    header.read_ms = clock_.now_ms();
    header.server_id = statement.server_id;
    header.thread_id = statement.thread_id;
    const transform::TableNames target =
        config_.transformation.names(statement.logical_database, statement.logical_table);
    TRY(append_ddl(config_, {target.database, target.table, statement.text, schemas_.server_version()}, router_, header,
                   batch));
  }
  return sequencer_.emit_statements(batch, told);
}

base::Result<std::vector<source::TableState>> StreamWriter::on_structures_unknown(
    const source::StructureQuestion& question) {
  // The answer may be long in coming: what was read goes out before.
  TRY(flush(batch_.records.size() > boundary_records_));
  return schemas_.ask(question);
}

Status StreamWriter::on_heartbeat_write(const source::RowContext& context) {
  return transactions_.heartbeat(context, next_record_id_, batch_);
}

Status StreamWriter::on_advance(const source::StreamPosition& end, std::uint32_t timestamp_s) {
  boundary_ = &end;
  boundary_records_ = batch_.records.size();
  boundary_changed_ = changed_.entries.size();
  boundary_id_ = next_record_id_;
  moved_ = true;
  if (timestamp_s != 0)
    last_timestamp_s_ = timestamp_s;
  else
    stats_.delay_ms.store(0, std::memory_order_relaxed);  // a heartbeat of the dump: there is nothing unread
  if (++moves_ >= moves_max) return flush(false);
  return {};
}

Status StreamWriter::on_idle() {
  TRY(flush(false, sink::When::idle));
  if (last_timestamp_s_ != 0) {
    // Whole seconds at the source: a change of this second is not late.
    const std::int64_t age = clock_.now_ms() - std::int64_t{last_timestamp_s_} * 1000;
    stats_.delay_ms.store(age < 1000 ? 0 : age, std::memory_order_relaxed);
  }
  return {};
}

Status StreamWriter::finish() {
  if (sliced_) return batch_.records.empty() ? Status() : flush(true);
  if (boundary_ == nullptr) return {};
  batch_.records.resize(boundary_records_);
  changed_.entries.resize(boundary_changed_);
  next_record_id_ = boundary_id_;
  return flush(false);
}

void StreamWriter::on_other_table(std::string_view database, std::string_view table, std::string_view sql) {
  if (!tell_stranger_) return;
  if (!sql.empty()) {
    if (source::may_make_table(sql)) tell_stranger_(fmt::format("in {}: {:.200}", database, sql));
    return;
  }
  if (source::is_system_table(table)) return;
  stranger_name_.assign(database).append(".").append(table);
  if (strangers_.contains(stranger_name_)) return;
  strangers_.insert(stranger_name_);
  tell_stranger_("rows of " + stranger_name_);
}

StreamMark StreamWriter::mark(bool in_transaction) const {
  StreamMark mark;
  mark.sliced_to_id = in_transaction ? next_record_id_ : boundary_id_;
  mark.emitted = *boundary_;
  mark.restart = stream_.restart_position(*boundary_);
  mark.next_record_id = boundary_id_;
  mark.changed = touched_;
  mark.in_transaction = in_transaction;
  return mark;
}

void StreamWriter::tell_decided() {
  if (stream_.decided_count() == decided_seen_) return;
  decided_seen_ = stream_.decided_count();
  sequencer_.set_recently_decided(stream_.recently_decided());
}

Status StreamWriter::flush(bool in_transaction, sink::When when) {
  tell_decided();
  stats_.xa_open.store(stream_.held_count(), std::memory_order_relaxed);
  moves_ = 0;
  if (in_transaction) {
    StreamMark slice;
    if (boundary_ != nullptr) slice = mark(true);
    slice.in_transaction = true;
    slice.sliced_to_id = next_record_id_;
    TRY(sequencer_.emit_changes(batch_, changed_, slice));
    sliced_ = true;
  } else if (batch_.records.empty()) {
    if (!moved_ && !sliced_) return {};
    moved_ = false;
    sliced_ = false;
    StreamMark moved = mark(false);
    moved.when = when;
    TRY(sequencer_.advance(moved));
    touched_ = false;
    return {};
  } else {
    StreamMark all = mark(false);
    all.when = when;
    TRY(sequencer_.emit_changes(batch_, changed_, all));
    sliced_ = touched_ = false;
    if (last_timestamp_s_ != 0) {
      const std::int64_t age = clock_.now_ms() - std::int64_t{last_timestamp_s_} * 1000;
      stats_.delay_ms.store(age < 1000 ? 0 : age, std::memory_order_relaxed);
    }
  }
  note_identities_ = note_identities_ && sequencer_.is_reading();
  moved_ = false;
  batch_.clear();
  changed_.clear();
  boundary_records_ = 0;
  boundary_changed_ = 0;
  return {};
}

}  // namespace tributary::pipeline
