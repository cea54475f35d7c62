#include "pipeline/append_record.h"

namespace tributary::pipeline {

using model::Operation;

namespace {

base::Status append(const SubtaskTable& table, const sink::Router& router, Operation operation,
                    const encode::ChangeHeader& header, const transform::Row& row, model::RecordBatch& batch) {
  base::Buffer& out = batch.bytes;
  const encode::RowEncoder& encoder = *table.form->target;
  model::EncodedRecord record;
  const std::size_t begin = out.size();
  if (encoder.key(operation == Operation::delete_ ? row.before : row.after, out))
    record.key_size = static_cast<std::uint32_t>(out.size() - begin);
  record.value_begin = out.size();
  TRY(encoder.encode(operation, header, row.before, row.after, out));
  record.value_size = static_cast<std::uint32_t>(out.size() - record.value_begin);
  router.route_row(table.form->route, batch, record);
  batch.records.push_back(record);
  if (operation != Operation::delete_ || record.key_size == model::no_key || !encoder.rules().tombstone_after_delete)
    return {};
  model::EncodedRecord tombstone = record;
  encoder.key(row.before, out);
  tombstone.value_begin = out.size();
  tombstone.value_size = 0;
  tombstone.has_value = false;
  batch.records.push_back(tombstone);
  return {};
}

bool changes_key(const SubtaskTable& table, const transform::Row& row, base::Buffer& room) {
  const std::size_t begin = room.size();
  bool differs = false;
  if (table.form->target->key(row.before, room)) {
    const std::size_t size = room.size() - begin;
    table.form->target->key(row.after, room);
    differs = room.view(begin, size) != room.view(begin + size, room.size() - begin - size);
  }
  room.resize_down(begin);
  return differs;
}

}  // namespace

base::Status append_row(const SubtaskTable& table, const sink::Router& router, const encode::ChangeHeader& header,
                        const transform::Row& row, model::RecordBatch& batch) {
  if (row.operation != Operation::update || !table.form->splits_key_changes || !changes_key(table, row, batch.bytes))
    return append(table, router, row.operation, header, row, batch);
  TRY(append(table, router, Operation::delete_, header, row, batch));
  encode::ChangeHeader second = header;
  ++second.id;
  return append(table, router, Operation::insert, second, row, batch);
}

base::Result<bool> transform_row(const SubtaskTable& table, transform::Row& row, TableCounters& counters) {
  if (table.form->plan.is_plain()) return true;
  TRY_VALUE(const transform::TablePlan::Verdict verdict, table.form->plan.apply(row));
  using enum transform::TablePlan::Verdict;
  if (verdict == left_out) counters.left_out.fetch_add(1, std::memory_order_relaxed);
  if (verdict == skipped) counters.skipped.fetch_add(1, std::memory_order_relaxed);
  if (row.nulls > 0) counters.nulls.fetch_add(row.nulls, std::memory_order_relaxed);
  return verdict == sent;
}

base::Status append_ddl(const Config& config, const DdlText& statement, const sink::Router& router,
                        const encode::ChangeHeader& header, model::RecordBatch& batch) {
  model::EncodedRecord record;
  TRY(router.route_ddl(statement.database, statement.table, record));
  TRY_VALUE(const encode::DdlEncoder encoder,
            encode::DdlEncoder::make(config.format, {.server_version = statement.server_version},
                                     config.topics->at(record.topic).name, config.register_schema));
  record.value_begin = batch.bytes.size();
  encoder.encode(header, statement.database, statement.table, statement.text, batch.bytes);
  record.value_size = static_cast<std::uint32_t>(batch.bytes.size() - record.value_begin);
  batch.records.push_back(record);
  return {};
}

}  // namespace tributary::pipeline
