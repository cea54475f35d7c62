#include "sink/router.h"

#include <algorithm>
#include <string>
#include <utility>

namespace tributary::sink {
namespace {

std::int32_t partition_by_key(const model::RecordBatch& batch, const model::EncodedRecord& record,
                              std::int32_t partitions) {
  return record.key_size == model::no_key ? 0 : floor_mod(java_hash(batch.key(record)), partitions);
}

}  // namespace

base::Result<TableRoute> Router::table(std::string_view database, std::string_view name) const {
  TableRoute route;
  TRY_VALUE(route.topic, topics_->of_table(database, name));
  route.partitions = topics_->at(route.topic).partitions;
  switch (policy_) {
    case PartitionPolicy::zero:
      break;
    case PartitionPolicy::table:
      route.partition = floor_mod(java_hash(std::string(database).append(".").append(name)), route.partitions);
      break;
    case PartitionPolicy::key:
      route.partition = TableRoute::by_key;
      break;
  }
  return route;
}

void Router::divert_larger(std::size_t bytes_max, Told told) {
  row_bytes_max_ = bytes_max;
  told_ = std::move(told);
}

void Router::divert(model::RecordBatch& batch) const {
  if (!told_) return;
  std::int32_t topic = -1;
  std::size_t bytes_max = 0;
  for (model::EncodedRecord& record : batch.records) {
    if (record.topic != topic) {
      topic = record.topic;
      bytes_max = std::min(row_bytes_max_, topics_->at(record.topic).record_bytes_max);
    }
    const std::size_t key_bytes = record.key_size == model::no_key ? 0 : record.key_size;
    if (record.value_size + key_bytes <= bytes_max) continue;
    record.topic = Topics::dead_letters;
    record.partition = partition_by_key(batch, record, topics_->at(Topics::dead_letters).partitions);
    told_(batch, record);
  }
}

void Router::route_row(const TableRoute& table, const model::RecordBatch& batch, model::EncodedRecord& record) const {
  record.topic = table.topic;
  record.partition =
      table.partition == TableRoute::by_key ? partition_by_key(batch, record, table.partitions) : table.partition;
}

base::Status Router::route_ddl(std::string_view database, std::string_view name, model::EncodedRecord& record) const {
  record.topic = topics_->has(Topics::ddl) ? Topics::ddl : Topics::data;
  record.partition = 0;
  if (record.topic == Topics::ddl || name.empty()) return {};
  TRY_VALUE(const TableRoute route, table(database, name));
  record.topic = route.topic;
  if (policy_ == PartitionPolicy::table) record.partition = route.partition;
  return {};
}

}  // namespace tributary::sink
