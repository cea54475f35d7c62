// The producer's batches that Kafka has not yet acknowledged: keeps their bytes alive, counts them against the limit,
// and checks that acknowledgements come without a gap. Pure bookkeeping: no library, no lock; one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/buffer.h"
#include "kafka/client.h"

namespace tributary::kafka {

class Unacked {
 public:
  explicit Unacked(std::size_t recycled_bytes_max) : recycled_bytes_max_(recycled_bytes_max) {}

  // A batch about to be sent. The runs' records may be acknowledged from now on. `bytes` is empty if they were copied.
  // Sequence numbers must grow in each partition; a run must not be empty.
  void add(std::span<const Run> runs, base::Buffer bytes, std::size_t charge);
  // `records` acknowledgements up to `last` arrived for a partition. False: not exactly those that were due, so one is
  // missing or came twice.
  [[nodiscard]] bool acked(std::uint16_t topic, std::int32_t partition, std::uint64_t last, std::uint64_t records);

  // An empty buffer, with memory of an acknowledged batch if there is one.
  base::Buffer recycled();
  std::size_t charged() const { return charged_; }
  bool empty() const { return batches_.empty(); }
  std::size_t partitions() const { return due_.size(); }  // ever sent to

 private:
  struct Batch {
    base::Buffer bytes;
    std::size_t charge = 0;
    std::size_t runs_left = 0;
  };
  struct Due {
    std::uint64_t first, last;  // numbers still due
    Batch* batch;
  };
  static std::uint64_t id(std::uint16_t topic, std::int32_t partition) {
    return std::uint64_t{topic} << 32 | static_cast<std::uint32_t>(partition);
  }

  std::deque<Batch> batches_;  // a deque: its elements stay in place while others come and go at the ends
  std::unordered_map<std::uint64_t, std::deque<Due>> due_;  // by topic and partition, in order
  std::vector<base::Buffer> recycled_;
  std::size_t recycled_bytes_ = 0;
  std::size_t charged_ = 0;
  const std::size_t recycled_bytes_max_;
};

}  // namespace tributary::kafka
