#include "pipeline/append_record.h"

namespace tributary::pipeline {
namespace {

// For the key of the last record: where that goes, a null value behind it.
void append_tombstone(model::RecordBatch& batch) {
  model::EncodedRecord record = batch.records.back();
  const std::uint64_t key_begin = record.value_begin - record.key_size;
  batch.bytes.ensure(record.key_size);  // the key must not move while it is copied
  batch.bytes.append(batch.bytes.view(key_begin, record.key_size));
  record.value_begin = batch.bytes.size();
  record.value_size = 0;
  record.has_value = false;
  batch.records.push_back(record);
}

}  // namespace

base::Status append_row(const SubtaskTable& table, const sink::Router& router, model::Operation operation,
                        const encode::ChangeHeader& header, std::span<const model::Value> before,
                        std::span<const model::Value> after, model::RecordBatch& batch) {
  base::Buffer& out = batch.bytes;
  model::EncodedRecord record;
  const std::size_t begin = out.size();
  if (table.encoder->key(operation == model::Operation::delete_ ? before : after, out))
    record.key_size = static_cast<std::uint32_t>(out.size() - begin);
  record.value_begin = out.size();
  TRY(table.encoder->encode(operation, header, before, after, out));
  record.value_size = static_cast<std::uint32_t>(out.size() - record.value_begin);
  router.route_row(table.route, batch, record);
  batch.records.push_back(record);
  if (operation == model::Operation::delete_ && table.rules.tombstone_after_delete && record.key_size != model::no_key)
    append_tombstone(batch);
  return {};
}

base::Status append_ddl(const Config& config, const DdlText& statement, const sink::Router& router,
                        const encode::ChangeHeader& header, model::RecordBatch& batch) {
  TRY_VALUE(const encode::DdlEncoder encoder,
            encode::DdlEncoder::make(config.format, {.server_version = std::string(statement.server_version)},
                                     config.topic_of_statements(), config.register_schema));
  model::EncodedRecord record;
  record.value_begin = batch.bytes.size();
  encoder.encode(header, statement.database, statement.table, statement.text, batch.bytes);
  record.value_size = static_cast<std::uint32_t>(batch.bytes.size() - record.value_begin);
  router.route_ddl(statement.database, statement.table, record);
  batch.records.push_back(record);
  return {};
}

}  // namespace tributary::pipeline
