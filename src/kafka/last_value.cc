#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "kafka/client.h"
#include "kafka/internal.h"

namespace tributary::kafka {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using internal::Owned;
using internal::set;
using internal::to_error;

namespace {

// How soon a request to stop is heard.
constexpr int slice_ms = 200, span_ms_max = 5'000;

// A consumer's view of where a partition ends goes by the isolation level, too.
Result<Owned<rd_kafka_t>> open(const Config& config, const char* isolation) {
  TRY_VALUE(auto conf, internal::reader_settings(config));
  TRY(internal::apply_overrides(conf.get(), config));
  TRY(set(conf.get(), "isolation.level", isolation));
  TRY_VALUE(auto handle, internal::make_handle(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(handle.get());
  return handle;
}

Result<PartitionSpan> whole_span(const Config& config, const std::string& topic, std::int32_t partition,
                                 int timeout_ms) {
  TRY_VALUE(const auto handle, open(config, "read_uncommitted"));
  return internal::partition_span(handle.get(), topic, partition, timeout_ms);
}

}  // namespace

Result<std::optional<std::string>> last_value(const Config& config, const std::string& topic, std::int32_t partition,
                                              std::string_view key, int timeout_ms, const base::CancelToken& cancel) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  TRY_VALUE(const PartitionSpan span, whole_span(config, topic, partition, std::min(timeout_ms, span_ms_max)));
  if (span.first == span.end) return std::optional<std::string>();
  std::string newest;
  bool is_there = false;
  TRY_VALUE(const auto handle, open(config, "read_committed"));
  const Owned<rd_kafka_topic_partition_list_t> wanted(rd_kafka_topic_partition_list_new(1));
  // A place by its number: the library takes half a second to find the beginning by itself.
  rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), partition)->offset = span.first;
  if (const auto code = rd_kafka_assign(handle.get(), wanted.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(to_error(code, "", topic));
  const auto close = [&] { rd_kafka_consumer_close(handle.get()); };
  std::int64_t next = 0;
  while (next < span.end) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(handle.get(), slice_ms);
    const bool is_late = std::chrono::steady_clock::now() >= until;
    if (cancel.requested() || (is_late && message == nullptr)) {
      if (message != nullptr) rd_kafka_message_destroy(message);
      close();
      if (cancel.requested()) return fail(ErrorCode::cancelled);
      return fail(ErrorCode::destination_unreachable,
                  fmt::format("records up to {} of {} could be read in {} ms; a transaction may be open there", next,
                              span.end, timeout_ms),
                  fmt::format("{}, partition {}", topic, partition));
    }
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      next = message->offset + 1;
      if (std::string_view(static_cast<const char*>(message->key), message->key_len) == key) {
        is_there = message->payload != nullptr;
        if (is_there) newest.assign(static_cast<const char*>(message->payload), message->len);
      }
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      // Behind the last committed record, and what marks its end. What is open before span.end holds it here.
      next = std::max(next, message->offset);
    } else {
      base::Error error = to_error(message->err, rd_kafka_message_errstr(message), topic);
      if (!error.is_retriable()) {
        rd_kafka_message_destroy(message);
        close();
        return fail(std::move(error));
      }
      base::log::debug("kafka: {}", error.message());
    }
    rd_kafka_message_destroy(message);
  }
  close();
  return is_there ? std::optional(std::move(newest)) : std::nullopt;
}

}  // namespace tributary::kafka
