// Gives records their topic and partition, as DTS does. Row records go to the data topic by the policy. DDL records go
// to partition 0 of the DDL topic if there is one, else to the data topic: by table with its rows under the table
// policy, else partition 0. Threads: divert_larger() before the rest, which is immutable and shared by any number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>

#include "model/record.h"
#include "sink/partitioner.h"

namespace tributary::sink {

struct Route {
  std::uint16_t topic = 0;  // Producer::topic()
  std::int32_t partitions = 1;
};

// Where the rows of one table go.
struct TableRoute {
  static constexpr std::int32_t by_key = -1;
  std::uint16_t topic = 0;
  std::int32_t partitions = 1;
  std::int32_t partition = 0;  // of all of them, or by_key
};

class Router {
 public:
  // Without a DDL topic of its own pass the data topic's number.
  Router(PartitionPolicy policy, Route data, std::uint16_t ddl_topic)
      : policy_(policy), data_(data), ddl_topic_(ddl_topic) {}

  // Of a logical table, by the names under which it leaves.
  TableRoute table(std::string_view database, std::string_view name) const;

  // Row records with a key and value of more bytes than that go to the dead-letter topic instead, told by divert().
  using Told = std::function<void(const model::RecordBatch& batch, const model::EncodedRecord& record)>;
  void divert_larger(std::size_t bytes_max, Route dead_letters, Told told);

  void route_row(const TableRoute& table, const model::RecordBatch& batch, model::EncodedRecord& record) const;
  void route_ddl(std::string_view database, std::string_view name, model::EncodedRecord& record) const;
  // Of a batch of rows that is about to be sent.
  void divert(model::RecordBatch& batch) const;

 private:
  PartitionPolicy policy_;
  Route data_;
  std::uint16_t ddl_topic_;
  std::size_t row_bytes_max_ = std::numeric_limits<std::size_t>::max();
  Route dead_letters_;
  Told told_;
};

}  // namespace tributary::sink
