// Sorts the records of one batch by (topic, partition) without changing the order inside a partition, and numbers them
// in that order, so that each partition gets one unbroken range of sequence numbers per batch: acknowledgements are
// then tracked per batch and partition, never per record. Threads: one at a time; keeps its memory between batches.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kafka/client.h"
#include "model/record.h"

namespace tributary::sink {

class EmissionOrder {
 public:
  // Valid until the next call.
  std::span<const kafka::Run> plan(const model::RecordBatch& batch, std::uint64_t first_sequence);

 private:
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> run_of_record_;
  std::vector<std::uint32_t> ends_;
  std::vector<kafka::Run> runs_;
};

}  // namespace tributary::sink
