#include "sink/router.h"

#include <string>
#include <utility>

namespace tributary::sink {

Router::Router(PartitionPolicy policy, Route data, std::uint16_t ddl_topic)
    : policy_(policy), data_(data), ddl_topic_(ddl_topic) {}

void Router::add_table(std::uint32_t table, std::string_view database, std::string_view name) {
  if (table_partitions_.size() <= table) table_partitions_.resize(table + 1, 0);
  std::string full(database);
  full += '.';
  full += name;
  table_partitions_[table] = floor_mod(java_hash(full), data_.partitions);
}

std::int32_t Router::partition_of_table(std::uint32_t table) const {
  return table < table_partitions_.size() ? table_partitions_[table] : 0;
}

void Router::divert_larger(std::size_t bytes_max, Route dead_letters, Told told) {
  row_bytes_max_ = bytes_max;
  dead_letters_ = dead_letters;
  told_ = std::move(told);
}

void Router::divert(const model::RecordBatch& batch, model::EncodedRecord& record) const {
  record.topic = dead_letters_.topic;
  record.partition =
      record.key_size == model::no_key ? 0 : floor_mod(java_hash(batch.key(record)), dead_letters_.partitions);
  told_(batch, record);
}

void Router::route_rows(model::RecordBatch& batch) const {
  for (model::EncodedRecord& record : batch.records) {
    record.topic = data_.topic;
    switch (policy_) {
      case PartitionPolicy::zero:
        record.partition = 0;
        break;
      case PartitionPolicy::table:
        record.partition = partition_of_table(record.table);
        break;
      case PartitionPolicy::key:
        record.partition =
            record.key_size == model::no_key ? 0 : floor_mod(java_hash(batch.key(record)), data_.partitions);
        break;
    }
    const std::size_t key_bytes = record.key_size == model::no_key ? 0 : record.key_size;
    if (record.value_size + key_bytes > row_bytes_max_) [[unlikely]]
      divert(batch, record);
  }
}

void Router::route_ddl(model::RecordBatch& batch) const {
  const bool with_rows = ddl_topic_ == data_.topic && policy_ == PartitionPolicy::table;
  for (model::EncodedRecord& record : batch.records) {
    record.topic = ddl_topic_;
    record.partition = with_rows ? partition_of_table(record.table) : 0;
  }
}

}  // namespace tributary::sink
