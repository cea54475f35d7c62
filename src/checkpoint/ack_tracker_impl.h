// The bodies of AckTracker; included by ack_tracker.h only.
#pragma once

#include <algorithm>

namespace tributary::checkpoint {

template <typename Payload>
void AckTracker<Payload>::emitted(std::uint32_t partition_id, std::uint64_t first, std::uint64_t last) {
  auto& runs = partitions_[partition_id];
  if (!runs.empty() && runs.back().last + 1 == first)
    runs.back().last = last;
  else
    runs.push_back({first, last});
  outstanding_ += last - first + 1;
  emitted_end_ = last + 1;
}

template <typename Payload>
void AckTracker<Payload>::mark(std::uint64_t sequence_end, Payload payload) {
  if (!marks_.empty() && marks_.back().end == sequence_end) {
    marks_.back().payload = std::move(payload);
    return;
  }
  marks_.push_back({sequence_end, std::move(payload)});
  if (marks_.size() > marks_max_) thin();
}

// Keeps the newest quarter, and of the older ones those that stand at least an even step apart: half of the room then
// covers all that is under way. The newest mark always stays: it comes true when everything is acknowledged.
template <typename Payload>
void AckTracker<Payload>::thin() {
  const std::size_t older = marks_.size() - marks_max_ / 4;
  const std::uint64_t step = (marks_[older - 1].end - marks_.front().end) / (marks_max_ / 2) + 1;
  std::size_t kept = 1;
  for (std::size_t i = 1; i < marks_.size(); ++i) {
    if (i < older && marks_[i].end - marks_[kept - 1].end < step) continue;
    if (kept != i) marks_[kept] = std::move(marks_[i]);
    ++kept;
  }
  marks_.erase(marks_.begin() + static_cast<std::ptrdiff_t>(kept), marks_.end());
}

template <typename Payload>
std::uint64_t AckTracker<Payload>::acked(std::uint32_t partition_id, std::uint64_t last) {
  const auto found = partitions_.find(partition_id);
  if (found == partitions_.end()) return 0;
  auto& runs = found->second;
  std::uint64_t records = 0;
  while (!runs.empty() && runs.front().first <= last) {
    Run& run = runs.front();
    const std::uint64_t until = std::min(run.last, last);
    records += until - run.first + 1;
    if (until < run.last) {
      run.first = until + 1;
      break;
    }
    runs.pop_front();
  }
  outstanding_ -= records;
  return records;
}

template <typename Payload>
std::uint64_t AckTracker<Payload>::acked_end() const {
  std::uint64_t end = emitted_end_;
  for (const auto& [id, runs] : partitions_)
    if (!runs.empty()) end = std::min(end, runs.front().first);
  return end;
}

template <typename Payload>
std::optional<Payload> AckTracker<Payload>::take_ready() {
  if (marks_.empty()) return std::nullopt;
  // With nothing outstanding all marks are true, also those behind numbers that were never emitted.
  const bool all = outstanding_ == 0;
  const std::uint64_t end = all ? 0 : acked_end();
  std::optional<Payload> newest;
  while (!marks_.empty() && (all || marks_.front().end <= end)) {
    newest = std::move(marks_.front().payload);
    marks_.pop_front();
  }
  return newest;
}

template <typename Payload>
std::size_t AckTracker<Payload>::run_count() const {
  std::size_t count = 0;
  for (const auto& [id, runs] : partitions_) count += runs.size();
  return count;
}

}  // namespace tributary::checkpoint
