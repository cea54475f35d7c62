#include "pipeline/append_record.h"

namespace tributary::pipeline {

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
  return {};
}

void append_ddl(const DdlText& statement, const sink::Router& router, const encode::ChangeHeader& header,
                model::RecordBatch& batch) {
  model::EncodedRecord record;
  record.value_begin = batch.bytes.size();
  encode::encode_ddl(header, statement.database, statement.text, statement.server_version, batch.bytes);
  record.value_size = static_cast<std::uint32_t>(batch.bytes.size() - record.value_begin);
  router.route_ddl(statement.database, statement.table, record);
  batch.records.push_back(record);
}

}  // namespace tributary::pipeline
