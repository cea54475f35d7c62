#include "sink/router.h"

#include <string>
#include <utility>

namespace tributary::sink {
namespace {

std::int32_t partition_by_key(const model::RecordBatch& batch, const model::EncodedRecord& record,
                              std::int32_t partitions) {
  return record.key_size == model::no_key ? 0 : floor_mod(java_hash(batch.key(record)), partitions);
}

}  // namespace

TableRoute Router::table(std::string_view database, std::string_view name) const {
  TableRoute route{data_.topic, data_.partitions, 0};
  switch (policy_) {
    case PartitionPolicy::zero:
      break;
    case PartitionPolicy::table:
      route.partition = floor_mod(java_hash(std::string(database).append(".").append(name)), data_.partitions);
      break;
    case PartitionPolicy::key:
      route.partition = TableRoute::by_key;
      break;
  }
  return route;
}

void Router::divert_larger(std::size_t bytes_max, Route dead_letters, Told told) {
  row_bytes_max_ = bytes_max;
  dead_letters_ = dead_letters;
  told_ = std::move(told);
}

void Router::divert(model::RecordBatch& batch) const {
  if (!told_) return;
  for (model::EncodedRecord& record : batch.records) {
    const std::size_t key_bytes = record.key_size == model::no_key ? 0 : record.key_size;
    if (record.value_size + key_bytes <= row_bytes_max_) continue;
    record.topic = dead_letters_.topic;
    record.partition = partition_by_key(batch, record, dead_letters_.partitions);
    told_(batch, record);
  }
}

void Router::route_row(const TableRoute& table, const model::RecordBatch& batch, model::EncodedRecord& record) const {
  record.topic = table.topic;
  record.partition =
      table.partition == TableRoute::by_key ? partition_by_key(batch, record, table.partitions) : table.partition;
}

void Router::route_ddl(std::string_view database, std::string_view name, model::EncodedRecord& record) const {
  const bool with_rows = ddl_topic_ == data_.topic && policy_ == PartitionPolicy::table;
  record.topic = ddl_topic_;
  record.partition = with_rows ? table(database, name).partition : 0;
}

}  // namespace tributary::sink
