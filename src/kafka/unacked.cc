#include "kafka/unacked.h"

#include <utility>

namespace tributary::kafka {

void Unacked::add(std::span<const Run> runs, base::Buffer bytes, std::size_t charge) {
  Batch& batch = batches_.emplace_back(std::move(bytes), charge, runs.size());
  charged_ += charge;
  for (const Run& run : runs)
    due_[id(run.topic, run.partition)].push_back({run.first_sequence, run.last_sequence(), &batch});
}

bool Unacked::acked(std::uint16_t topic, std::int32_t partition, std::uint64_t last, std::uint64_t records) {
  auto& due = due_[id(topic, partition)];
  while (records > 0) {
    if (due.empty()) return false;
    Due& front = due.front();
    const std::uint64_t wanted = front.last - front.first + 1;
    if (records < wanted) {
      front.first += records;
      return front.first == last + 1;
    }
    records -= wanted;
    if (records == 0 && front.last != last) return false;
    Batch& batch = *front.batch;
    due.pop_front();
    if (--batch.runs_left == 0) {
      // Its memory goes at once; the entry waits until it is the oldest.
      charged_ -= std::exchange(batch.charge, 0);
      if (batch.bytes.capacity() > 0 && recycled_bytes_ + batch.bytes.capacity() <= recycled_bytes_max_) {
        recycled_bytes_ += batch.bytes.capacity();
        recycled_.push_back(std::move(batch.bytes));
      }
      batch.bytes = base::Buffer();
      while (!batches_.empty() && batches_.front().runs_left == 0) batches_.pop_front();
    }
  }
  return true;
}

base::Buffer Unacked::recycled() {
  if (recycled_.empty()) return {};
  base::Buffer buffer = std::move(recycled_.back());
  recycled_.pop_back();
  recycled_bytes_ -= buffer.capacity();
  buffer.clear();
  return buffer;
}

}  // namespace tributary::kafka
