// BEGIN, COMMIT and HEARTBEAT records of one subtask, where they are switched on: DTS Avro only, to partition 0 of the
// data topic. A transaction of the source has its two records if a row of it is sent. Their ids are taken whether they
// are sent or not: that may depend on the snapshot, and ids must not.
// Errors: those of a schema registry. Threads: the stream's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "encode/formats.h"
#include "model/record.h"
#include "pipeline/config.h"
#include "source/binlog/stream.h"

namespace tributary::pipeline {

class TransactionRecords {
 public:
  // sliced_to_id: StreamState's. What has a smaller id was sent by an earlier attempt.
  TransactionRecords(const Config& config, std::string server_version, const base::Clock& clock,
                     std::uint64_t sliced_to_id);

  // Rows follow; the first ones of a transaction begin it.
  void rows(const source::RowContext& context, std::uint64_t& next_record_id);
  // A row of it is about to be appended.
  base::Status before_row(model::RecordBatch& batch);
  base::Status commit(const source::StreamPosition& end, std::uint64_t& next_record_id, model::RecordBatch& batch);
  void rollback() { is_open_ = false; }
  // A transaction of the heartbeat alone, which ends at context.position.
  base::Status heartbeat(const source::RowContext& context, std::uint64_t& next_record_id, model::RecordBatch& batch);

 private:
  base::Status append(model::Operation operation, std::uint64_t id, const std::string& position,
                      model::RecordBatch& batch);
  void note(const source::RowContext& context);

  const Config& config_;
  const std::string server_version_;
  const base::Clock& clock_;
  const std::uint64_t sliced_to_id_;
  std::optional<encode::TransactionEncoder> encoder_;

  bool is_open_ = false;
  bool is_begun_ = false;  // its BEGIN was sent
  std::uint64_t begin_id_ = 0;
  // Of the transaction.
  std::string begin_, gtid_;
  std::uint32_t timestamp_s_ = 0, server_id_ = 0, thread_id_ = 0;
};

}  // namespace tributary::pipeline
