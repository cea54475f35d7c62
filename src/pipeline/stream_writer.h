// From committed row changes to records: what the binlog stream calls. Records are gathered to batches and handed to
// the sequencer when enough are there, when the log has nothing more at the moment, and in slices within large
// transactions. Threads: the stream's.
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
#include "pipeline/sequencer.h"
#include "pipeline/table_set.h"

namespace tributary::pipeline {

struct StreamStats {
  std::atomic<std::int64_t> delay_ms = -1;  // -1: nothing read yet
  std::atomic<std::uint64_t> changes = 0;
  std::atomic<std::uint64_t> xa_open = 0;
};

class StreamWriter final : public source::StreamHandler {
 public:
  // check_statement: a DDL statement names these tables; an error stops the subtask.
  using StatementCheck = std::function<base::Status(const std::vector<std::uint32_t>& tables, std::string_view sql)>;

  StreamWriter(const TableSet& tables, Sequencer& sequencer, const source::BinlogStream& stream,
               AllTableCounters& counters, StreamStats& stats, const base::Clock& clock, std::uint64_t next_record_id,
               bool note_identities, StatementCheck check_statement);

  base::Status on_rows(std::uint32_t table, source::RowReader& rows, const source::RowContext& context) override;
  base::Status on_commit(const source::StreamPosition& end) override;
  base::Status on_rollback(const source::StreamPosition& end) override;
  base::Status on_statement(const std::vector<std::uint32_t>& tables, std::string_view sql,
                            const source::RowContext& context) override;
  base::Status on_advance(const source::StreamPosition& end, std::uint32_t timestamp_s) override;
  base::Status on_idle() override;
  void on_other_table(std::string_view database, std::string_view table, std::string_view sql) override;

  // Told of each table, once, that may be one the task's topology does not know yet. Before the stream runs.
  using Stranger = std::function<void(std::string_view what)>;
  void tell_strangers(Stranger tell) { tell_stranger_ = std::move(tell); }

  // Chunks are no longer read: identities of changes need not be noted any more. Any thread.
  void stop_noting_identities() { note_identities_.store(false, std::memory_order_relaxed); }

 private:
  base::Status encode_row(const SubtaskTable& table, std::uint32_t number, model::Operation operation,
                          const encode::ChangeHeader& header);
  base::Status flush(bool in_transaction);
  void tell_decided();
  std::int64_t hidden_id(const SubtaskTable& table) const;  // of the row just read
  StreamMark mark(bool in_transaction) const;

  const TableSet& tables_;
  Sequencer& sequencer_;
  const source::BinlogStream& stream_;
  AllTableCounters& counters_;
  StreamStats& stats_;
  const base::Clock& clock_;
  std::atomic<bool> note_identities_;
  const StatementCheck check_statement_;

  model::RecordBatch batch_;
  Identities changed_;
  std::vector<model::Value> before_, after_;
  std::string position_text_, safe_text_;
  std::uint64_t next_record_id_;

  // The last boundary: where the stream stood, and what of the batch lies before it.
  const source::StreamPosition* boundary_ = nullptr;
  std::size_t boundary_records_ = 0, boundary_changed_ = 0;
  std::uint64_t boundary_id_;
  Stranger tell_stranger_;
  std::set<std::string, std::less<>> strangers_;  // database.table
  std::string stranger_name_;
  bool sliced_ = false;  // a part of the present transaction has been handed over
  bool moved_ = false;   // the boundary moved without records since the last hand-over
  std::uint32_t moves_ = 0;
  std::uint64_t decided_seen_ = 0;
  std::uint32_t last_timestamp_s_ = 0;
};

}  // namespace tributary::pipeline
