#include "task/conflicts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "task/tail_record.h"

namespace tributary::task {

namespace {

constexpr std::int64_t looked_at_max = 20'000;  // of all partitions together
constexpr std::int64_t of_partition_min = 100;
constexpr std::int64_t patience_ms = 10'000;
constexpr int poll_ms = 200;
constexpr std::size_t names_told_max = 5;

}  // namespace

base::Status check_conflicts(const kafka::Config& config, const std::set<std::string>& topics,
                             const std::set<std::pair<std::string, std::string>>& tables, base::CancelToken& cancel) {
  TRY_VALUE(const auto consumer, kafka::Consumer::create(config));
  std::vector<kafka::PartitionRange> ranges;
  for (const std::string& topic : topics) {
    TRY_VALUE(const auto spans, consumer->spans(topic));
    for (const kafka::PartitionSpan& span : spans)
      if (span.first < span.end) ranges.push_back({topic, span.partition, span.first, span.end});
  }
  if (ranges.empty()) return {};
  const std::int64_t most = std::max(of_partition_min, looked_at_max / static_cast<std::int64_t>(ranges.size()));
  for (kafka::PartitionRange& range : ranges) range.from = std::max(range.from, range.end - most);
  TRY(consumer->assign(ranges));
  const base::SystemClock& clock = base::SystemClock::instance();
  const std::int64_t until_ms = clock.monotonic_ms() + patience_ms;
  std::set<std::pair<std::string, std::string>> found;
  std::set<std::string> found_in;
  while (!consumer->at_end() && found.size() < tables.size() && clock.monotonic_ms() < until_ms) {
    if (cancel.requested()) return base::fail(base::ErrorCode::cancelled);
    TRY_VALUE(const auto messages, consumer->poll(poll_ms));
    for (const kafka::MessageView& message : messages) {
      const auto record = read_tail_record(message.value);
      if (!record) continue;
      std::pair name(record->database, record->table);
      if (!tables.contains(name)) continue;
      found.insert(std::move(name));
      found_in.emplace(message.topic);
    }
  }
  if (found.empty()) return {};
  std::string names;
  std::size_t told = 0;
  for (const auto& [database, table] : found) {
    if (told == names_told_max) break;
    names += fmt::format("{}{}.{}", told++ == 0 ? "" : ", ", database, table);
  }
  if (found.size() > told) names += fmt::format(" and {} more", found.size() - told);
  return base::fail(base::ErrorCode::destination_conflicting_tables, std::move(names),
                    fmt::format("{}", fmt::join(found_in, ", ")));
}

}  // namespace tributary::task
