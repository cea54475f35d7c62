// Waiting times between attempts: doubling from the least to the most. Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tributary::base {

class Backoff {
 public:
  Backoff(std::int64_t least_ms, std::int64_t most_ms) : least_ms_(least_ms), most_ms_(most_ms), next_ms_(least_ms) {}
  std::int64_t next_ms() {
    const std::int64_t wait = next_ms_;
    next_ms_ = std::min(most_ms_, next_ms_ * 2);
    ++attempts_;
    return wait;
  }
  std::uint64_t attempts() const { return attempts_; }
  void reset() {
    next_ms_ = least_ms_;
    attempts_ = 0;
  }

 private:
  std::int64_t least_ms_, most_ms_, next_ms_;
  std::uint64_t attempts_ = 0;
};

}  // namespace tributary::base
