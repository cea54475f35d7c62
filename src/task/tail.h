// Reads a topic without joining a consumer group and hands out its records decoded, as `tributary tail` prints them.
// Threads: tail() runs in the calling thread and calls back from it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "task/spec.h"
#include "task/tail_record.h"

namespace tributary::task {

struct TailFrom {
  enum class Kind : std::uint8_t { beginning, end, timestamp } kind = Kind::beginning;
  std::int64_t timestamp_ms = 0;

  bool operator==(const TailFrom&) const = default;
};
// beginning, end, milliseconds since the epoch, or RFC 3339 ("2026-11-22T14:00:00Z", "...+08:00", or a date alone,
// UTC).
base::Result<TailFrom> parse_tail_from(std::string_view text);

// Those of a task: where its rows and statements go. With `table_topics` the brokers are asked which of their topics
// the rules can name; checkpoints and dead letters are not among them.
base::Result<std::vector<std::string>> topics_of(const Destination& destination);

struct TailOptions {
  KafkaAccess access;
  std::vector<std::string> topics;
  std::vector<std::int32_t> partitions;  // empty: all
  TailFrom from;
  bool until_end = false;               // stop behind what was in the topic at the start
  std::optional<std::uint64_t> limit;   // stop after so many records handed out
  std::vector<std::string> tables;      // "db.table" or "db"; empty: all
  std::vector<std::string> operations;  // "INSERT", ..., any case; empty: all
};

bool is_wanted(const TailOptions& options, const TailRecord& record);

struct TailSummary {
  std::uint64_t records = 0;     // handed out
  std::uint64_t unreadable = 0;  // messages that are no DTS Avro records
};

struct TailHandlers {
  std::function<bool(const TailRecord&)> on_record;       // false: stop reading
  std::function<void(const base::Error&)> on_unreadable;  // where names topic, partition and offset; reading goes on
  std::function<void(const base::Error&)> on_problem;     // the broker is away; retried. Once per kind of problem.
};

// Returns when the end or the limit is reached, the handler wants no more or `cancel` is requested. Errors: those of
// the Kafka client. Unreadable messages are no error here.
base::Result<TailSummary> tail(const TailOptions& options, base::CancelToken& cancel, const TailHandlers& handlers);

}  // namespace tributary::task
