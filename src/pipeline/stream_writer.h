// From committed row changes to records: what the binlog stream calls. Records are gathered to batches and handed to
// the sequencer when enough are there, when the log has nothing more at the moment, and in slices within large
// transactions.
//
// A statement that changes tables comes behind all records before it: the history is kept first (a checkpoint that
// passes the statement is later), the snapshot is told, and the DDL record goes out when all shards have passed it.
// Threads: the stream's.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "pipeline/counters.h"
#include "pipeline/schema_keeper.h"
#include "pipeline/sequencer.h"
#include "pipeline/table_set.h"
#include "pipeline/transaction_records.h"

namespace tributary::pipeline {

struct StreamStats {
  std::atomic<std::int64_t> delay_ms = -1;  // -1: nothing read yet
  std::atomic<std::uint64_t> changes = 0;
  std::atomic<std::uint64_t> xa_open = 0;
};

class StreamWriter final : public source::StreamHandler {
 public:
  StreamWriter(const Config& config, const TableSet& tables, Sequencer& sequencer, const source::BinlogStream& stream,
               AllTableCounters& counters, StreamStats& stats, const base::Clock& clock,
               const checkpoint::StreamState& begin, bool note_identities, SchemaKeeper& schemas,
               const sink::Router& router);

  base::Status on_rows(std::uint32_t table, const model::TableSchemaPtr& schema, source::RowReader& rows,
                       const source::RowContext& context) override;
  base::Status on_commit(const source::StreamPosition& end) override;
  base::Status on_rollback(const source::StreamPosition& end) override;
  base::Status on_schema_change(const source::SchemaChange& change, const source::LiveTables& live,
                                const source::RowContext& context) override;
  base::Result<std::vector<source::TableState>> on_structures_unknown(
      const source::StructureQuestion& question) override;
  base::Status on_heartbeat_write(const source::RowContext& context) override;
  base::Status on_advance(const source::StreamPosition& end, std::uint32_t timestamp_s) override;
  base::Status on_idle() override;
  // Behind the stream's end: what was read goes out, but for the beginning of a transaction, which is read again.
  base::Status finish();
  void on_other_table(std::string_view database, std::string_view table, std::string_view sql) override;

  // Told of each table, once, that may be one the task's topology does not know yet. Before the stream runs.
  using Stranger = std::function<void(std::string_view what)>;
  void tell_strangers(Stranger tell) { tell_stranger_ = std::move(tell); }

 private:
  base::Status send_row(const SubtaskTable& table, std::uint32_t number, const encode::ChangeHeader& header);
  base::Status flush(bool in_transaction, sink::When when = sink::When::more);
  void tell_decided();
  std::int64_t hidden_id(const SubtaskTable& table) const;  // of the row just read
  StreamMark mark(bool in_transaction) const;

  base::Status send_statements(const std::vector<checkpoint::KeptStatement>& statements);

  const Config& config_;
  const std::size_t listed_tables_;
  std::vector<SubtaskTablePtr> tables_;  // as the rows read last were
  const sink::Router& router_;
  TableMaker maker_;
  Sequencer& sequencer_;
  const source::BinlogStream& stream_;
  AllTableCounters& counters_;
  StreamStats& stats_;
  const base::Clock& clock_;
  bool note_identities_;  // of all that is in the batch
  SchemaKeeper& schemas_;

  model::RecordBatch batch_;
  Identities changed_;
  const std::string instance_;  // its name
  transform::Row row_;
  TransactionRecords transactions_;
  std::string position_text_, safe_text_;
  std::uint64_t next_record_id_;

  // The last boundary: where the stream stood, and what of the batch lies before it.
  const source::StreamPosition* boundary_ = nullptr;
  std::size_t boundary_records_ = 0, boundary_changed_ = 0;
  std::uint64_t boundary_id_;
  const std::uint64_t sliced_to_id_;  // changes with smaller ids were sent by an earlier attempt
  Stranger tell_stranger_;
  std::set<std::string, std::less<>> strangers_;  // database.table
  std::string stranger_name_;
  bool sliced_;           // a part of the present transaction has been handed over
  bool touched_ = false;  // rows or a statement of the task's tables since the last hand-over of a boundary
  bool moved_ = false;    // the boundary moved without records since the last hand-over
  std::uint32_t moves_ = 0;
  std::uint64_t decided_seen_ = 0;
  std::uint32_t last_timestamp_s_ = 0;
};

}  // namespace tributary::pipeline
