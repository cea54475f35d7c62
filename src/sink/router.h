// Gives each record of a batch its topic and partition, as DTS does. Row records go to the data topic by the policy.
// DDL records go to partition 0 of the DDL topic if there is one, else to the data topic: by table with its rows under
// the table policy, else partition 0.
// Threads: add_table() and divert_larger() before or between route() calls by one thread; route() from many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <vector>

#include "model/record.h"
#include "sink/partitioner.h"

namespace tributary::sink {

struct Route {
  std::uint16_t topic = 0;  // Producer::topic()
  std::int32_t partitions = 1;
};

class Router {
 public:
  // Without a DDL topic of its own pass the data topic's number.
  Router(PartitionPolicy policy, Route data, std::uint16_t ddl_topic);

  // The record's `table` number stands for this logical table (names as they leave).
  void add_table(std::uint32_t table, std::string_view database, std::string_view name);

  // Row records with a key and value of more bytes than that go to the dead-letter topic instead, and are told.
  using Told = std::function<void(const model::RecordBatch& batch, const model::EncodedRecord& record)>;
  void divert_larger(std::size_t bytes_max, Route dead_letters, Told told);

  void route_rows(model::RecordBatch& batch) const;
  void route_ddl(model::RecordBatch& batch) const;

 private:
  std::int32_t partition_of_table(std::uint32_t table) const;
  void divert(const model::RecordBatch& batch, model::EncodedRecord& record) const;

  const PartitionPolicy policy_;
  const Route data_;
  const std::uint16_t ddl_topic_;
  std::vector<std::int32_t> table_partitions_;  // by table number; 0 where not added
  std::size_t row_bytes_max_ = std::numeric_limits<std::size_t>::max();
  Route dead_letters_;
  Told told_;
};

}  // namespace tributary::sink
