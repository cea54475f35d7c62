// Gives records their topic and partition, as DTS does. Row records go to their table's topic by the policy. DDL
// records go to partition 0 of the DDL topic if there is one, else to the table's: with its rows under the table
// policy, else partition 0. Threads: divert_larger() before the rest, which any number may use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "model/record.h"
#include "sink/partitioner.h"
#include "sink/topics.h"

namespace tributary::sink {

// Where the rows of one table go.
struct TableRoute {
  static constexpr std::int32_t by_key = -1;
  std::uint16_t topic = Topics::data;
  std::int32_t partitions = 1;
  std::int32_t partition = 0;  // of all of them, or by_key
};

class Router {
 public:
  Router(PartitionPolicy policy, std::shared_ptr<Topics> topics) : policy_(policy), topics_(std::move(topics)) {}

  // Of a logical table, by the names under which it leaves. Errors: those of Topics.
  base::Result<TableRoute> table(std::string_view database, std::string_view name) const;

  // Row records with a key and value of more bytes than their topic takes, or than `bytes_max`, go to the dead-letter
  // topic instead, told by divert().
  using Told = std::function<void(const model::RecordBatch& batch, const model::EncodedRecord& record)>;
  void divert_larger(std::size_t bytes_max, Told told);

  void route_row(const TableRoute& table, const model::RecordBatch& batch, model::EncodedRecord& record) const;
  // `name` may be empty. Errors: those of Topics.
  base::Status route_ddl(std::string_view database, std::string_view name, model::EncodedRecord& record) const;
  // Of a batch of rows that is about to be sent.
  void divert(model::RecordBatch& batch) const;

 private:
  PartitionPolicy policy_;
  std::shared_ptr<Topics> topics_;
  std::size_t row_bytes_max_ = 0;
  Told told_;
};

}  // namespace tributary::sink
