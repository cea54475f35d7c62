#include "pipeline/transaction_records.h"

#include <utility>

namespace tributary::pipeline {

using base::Status;
using model::Operation;

TransactionRecords::TransactionRecords(const Config& config, std::string server_version, const base::Clock& clock,
                                       std::uint64_t sliced_to_id)
    : config_(config), server_version_(std::move(server_version)), clock_(clock), sliced_to_id_(sliced_to_id) {}

void TransactionRecords::note(const source::RowContext& context) {
  begin_ = context.safe_position.dts_text();
  gtid_ = context.gtid;
  timestamp_s_ = context.timestamp_s;
  server_id_ = context.server_id;
  thread_id_ = context.thread_id;
}

void TransactionRecords::rows(const source::RowContext& context, std::uint64_t& next_record_id) {
  if (!config_.transaction_records) return;
  timestamp_s_ = context.timestamp_s;
  if (std::exchange(is_open_, true)) return;
  note(context);
  begin_id_ = next_record_id++;
  is_begun_ = begin_id_ < sliced_to_id_;  // no slice is sent without a row
}

Status TransactionRecords::before_row(model::RecordBatch& batch) {
  if (!is_open_ || std::exchange(is_begun_, true)) return {};
  return append(Operation::begin, begin_id_, begin_, batch);
}

Status TransactionRecords::commit(const source::StreamPosition& end, std::uint64_t& next_record_id,
                                  model::RecordBatch& batch) {
  if (!std::exchange(is_open_, false)) return {};
  const std::uint64_t id = next_record_id++;
  return is_begun_ ? append(Operation::commit, id, end.at.dts_text(), batch) : Status();
}

Status TransactionRecords::heartbeat(const source::RowContext& context, std::uint64_t& next_record_id,
                                     model::RecordBatch& batch) {
  if (!config_.heartbeat_records) return {};
  note(context);
  return append(Operation::heartbeat, next_record_id++, context.position.dts_text(), batch);
}

Status TransactionRecords::append(Operation operation, std::uint64_t id, const std::string& position,
                                  model::RecordBatch& batch) {
  if (!encoder_) {
    TRY_VALUE(encoder_,
              encode::TransactionEncoder::make(config_.format, {.server_version = server_version_},
                                               config_.topics->at(sink::Topics::data).name, config_.register_schema));
  }
  encode::ChangeHeader header;
  header.id = id;
  header.timestamp_s = timestamp_s_;
  header.position = position;
  header.safe_position = begin_;
  header.read_ms = clock_.now_ms();
  header.server_id = server_id_;
  header.thread_id = thread_id_;
  header.gtid = gtid_;
  model::EncodedRecord record;  // the data topic's partition 0
  record.value_begin = batch.bytes.size();
  encoder_->encode(operation, header, batch.bytes);
  record.value_size = static_cast<std::uint32_t>(batch.bytes.size() - record.value_begin);
  batch.records.push_back(record);
  return {};
}

}  // namespace tributary::pipeline
