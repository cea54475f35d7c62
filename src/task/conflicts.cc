#include "task/conflicts.h"

#include <fmt/format.h>

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

base::Status check_conflicts(const kafka::Config& config, const std::string& topic,
                             const std::set<std::pair<std::string, std::string>>& tables, base::CancelToken& cancel) {
  TRY_VALUE(const auto consumer, kafka::Consumer::create(config));
  TRY_VALUE(const auto spans, consumer->spans(topic));
  const std::int64_t most =
      std::max(of_partition_min, looked_at_max / std::max<std::int64_t>(1, static_cast<std::int64_t>(spans.size())));
  std::vector<kafka::PartitionRange> ranges;
  for (const kafka::PartitionSpan& span : spans)
    if (span.first < span.end)
      ranges.push_back({topic, span.partition, std::max(span.first, span.end - most), span.end});
  if (ranges.empty()) return {};
  TRY(consumer->assign(ranges));
  const base::SystemClock& clock = base::SystemClock::instance();
  const std::int64_t until_ms = clock.monotonic_ms() + patience_ms;
  std::set<std::pair<std::string, std::string>> found;
  while (!consumer->at_end() && found.size() < tables.size() && clock.monotonic_ms() < until_ms) {
    if (cancel.requested()) return base::fail(base::ErrorCode::cancelled);
    TRY_VALUE(const auto messages, consumer->poll(poll_ms));
    for (const kafka::MessageView& message : messages) {
      const auto record = read_tail_record(message.value);
      if (!record) continue;
      if (std::pair name(record->database, record->table); tables.contains(name)) found.insert(std::move(name));
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
  return base::fail(base::ErrorCode::destination_conflicting_tables, std::move(names), topic);
}

}  // namespace tributary::task
