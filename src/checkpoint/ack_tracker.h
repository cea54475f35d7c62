// Which marks are behind all unacknowledged records? Pure: no I/O, no clock, no threads (one at a time).
//
// Records are emitted under sequence numbers that only grow, in runs: unbroken ranges that go to one partition. A mark
// at sequence_end comes true when every record with a smaller number is acknowledged. Kafka acknowledges a partition in
// order, so an ack says: everything in this partition up to that number.
//
// Memory: one entry per unacknowledged run (neighbouring runs of a partition are one), and at most `marks_max` marks:
// when there are more, older ones are dropped so that those kept stay evenly spread over what is under way.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tributary::checkpoint {

template <typename Payload>
class AckTracker {
 public:
  explicit AckTracker(std::size_t marks_max = 64) : marks_max_(marks_max < 4 ? 4 : marks_max) {}

  // first must be larger than any number emitted before.
  void emitted(std::uint32_t partition_id, std::uint64_t first, std::uint64_t last);
  // sequence_end must not be smaller than that of the mark before, nor than what was emitted so far.
  void mark(std::uint64_t sequence_end, Payload payload);
  // The number of records that became acknowledged by it.
  std::uint64_t acked(std::uint32_t partition_id, std::uint64_t last);
  // The newest mark that is true by now, once; older ones are forgotten.
  std::optional<Payload> take_ready();

  std::uint64_t outstanding() const { return outstanding_; }  // records
  // Every record with a smaller number is acknowledged.
  std::uint64_t acked_end() const;
  std::size_t mark_count() const { return marks_.size(); }
  std::size_t run_count() const;

 private:
  struct Run {
    std::uint64_t first, last;
  };
  struct Mark {
    std::uint64_t end;
    Payload payload;
  };
  void thin();

  std::unordered_map<std::uint32_t, std::deque<Run>> partitions_;  // unacknowledged, oldest first
  std::deque<Mark> marks_;                                         // ends grow
  std::uint64_t emitted_end_ = 0;
  std::uint64_t outstanding_ = 0;
  const std::size_t marks_max_;
};

}  // namespace tributary::checkpoint

#include "checkpoint/ack_tracker_impl.h"
