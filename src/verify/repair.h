// Makes the topic say what the source holds: for each row that differs (Comparison keeps them) an INIT record with the
// row as it is now, or a DELETE record with the topic's own image of a row that the source has not.
//
// The records go the way of the task's own, from an idempotent producer without transactions: whoever reads committed
// records sees them at once, and no checkpoint speaks of them. The task must not run meanwhile, or a change could be
// overtaken by the row it made. Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "kafka/client.h"
#include "sink/partitioner.h"
#include "sink/topics.h"
#include "verify/comparison.h"

namespace tributary::verify {

class Repair {
 public:
  Repair(Fold& fold, SourceRows& rows, const source::Topology& topology, const kafka::Config& config,
         std::shared_ptr<sink::Topics> topics, sink::PartitionPolicy policy, base::CancelToken& cancel);
  // Records sent, all of them acknowledged.
  base::Result<std::uint64_t> run(const std::vector<Target>& targets);

 private:
  Fold& fold_;
  SourceRows& rows_;
  const source::Topology& topology_;
  const kafka::Config config_;
  const std::shared_ptr<sink::Topics> topics_;
  const sink::PartitionPolicy policy_;
  base::CancelToken& cancel_;
};

// A DELETE record of the row that the image is of, and its Kafka key.
struct DeleteRecord {
  std::string value, key;
};
DeleteRecord make_delete(const TableFold& table, const Structure& structure, std::string_view image,
                         const model::TableSchema* schema, std::int64_t id, std::int64_t now_ms,
                         std::string_view position);

}  // namespace tributary::verify
