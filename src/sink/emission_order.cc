#include "sink/emission_order.h"

#include <algorithm>

namespace tributary::sink {

std::span<const kafka::Run> EmissionOrder::plan(const model::RecordBatch& batch, std::uint64_t first_sequence) {
  const auto& records = batch.records;
  runs_.clear();
  order_.resize(records.size());
  run_of_record_.resize(records.size());

  // A batch goes to few partitions, so a list is searched faster than a map; the last one found is tried first.
  std::uint32_t current = 0;
  ends_.clear();
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto same = [&](const kafka::Run& run) {
      return run.partition == records[i].partition && run.topic == records[i].topic;
    };
    if (runs_.empty() || !same(runs_[current])) {
      const auto found = std::find_if(runs_.begin(), runs_.end(), same);
      current = static_cast<std::uint32_t>(found - runs_.begin());
      if (found == runs_.end()) {
        runs_.push_back({records[i].topic, records[i].partition, 0, {}});
        ends_.push_back(0);
      }
    }
    run_of_record_[i] = current;
    ++ends_[current];
  }

  // A counting sort: counts become the places where each run begins, then move on to its end.
  std::uint32_t begin = 0;
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    const std::uint32_t count = ends_[r];
    runs_[r].first_sequence = first_sequence + begin;
    runs_[r].records = {order_.data() + begin, count};
    ends_[r] = begin;
    begin += count;
  }
  for (std::uint32_t i = 0; i < records.size(); ++i) order_[ends_[run_of_record_[i]]++] = i;
  return runs_;
}

}  // namespace tributary::sink
