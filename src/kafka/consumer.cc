#include <fmt/format.h>

#include <algorithm>
#include <map>

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

struct Consumer::State {
  explicit State(const Config& c) : config(c) {}

  const Config config;
  internal::ProblemBoard problems;
  Owned<rd_kafka_t> handle;
  Owned<rd_kafka_queue_t> queue;

  struct Place {
    std::int64_t end = 0;   // behind the last record at assign()
    std::int64_t next = 0;  // behind what poll() returned or the broker said is all
  };
  std::map<std::pair<std::string, std::int32_t>, Place> places;
  std::size_t places_open = 0;
  // The place of the message before: most come in runs of one partition.
  Place* last_place = nullptr;
  const rd_kafka_topic_t* last_topic = nullptr;
  std::int32_t last_partition = 0;
  std::vector<rd_kafka_message_t*> messages;  // kept for the views
  std::vector<MessageView> views;

  ~State() {
    drop_messages();
    queue.reset();
    if (handle) rd_kafka_consumer_close(handle.get());
  }
  void drop_messages() {
    for (rd_kafka_message_t* message : messages) rd_kafka_message_destroy(message);
    messages.clear();
    views.clear();
  }
  Status take(rd_kafka_message_t* message);
  void moved(const rd_kafka_message_t& message, std::int64_t next);
};

Consumer::Consumer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Consumer::~Consumer() = default;

Result<std::unique_ptr<Consumer>> Consumer::create(const Config& config) {
  auto state = std::make_unique<State>(config);
  TRY_VALUE(auto conf, internal::reader_settings(config));
  TRY(set(conf.get(), "queued.max.messages.kbytes", "16384"));
  TRY(internal::apply_overrides(conf.get(), config));
  rd_kafka_conf_set_opaque(conf.get(), state.get());
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* text, void* self) {
    auto& me = *static_cast<State*>(self);
    base::log::debug("kafka consumer: {}", text);
    me.problems.note(static_cast<rd_kafka_resp_err_t>(code), text, me.config.brokers);
  });
  TRY_VALUE(state->handle, internal::make_handle(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(state->handle.get());
  state->queue.reset(rd_kafka_queue_get_consumer(state->handle.get()));
  return std::unique_ptr<Consumer>(new Consumer(std::move(state)));
}

// By a handle of its own: a refused password or a missing topic is then told at once and by its name.
Result<std::vector<PartitionSpan>> Consumer::spans(const std::string& topic, int timeout_ms) {
  TRY_VALUE(const Cluster cluster, describe(state_->config, {topic}, timeout_ms));
  std::vector<PartitionSpan> spans;
  for (std::int32_t i = 0; i < cluster.topics[0].partitions; ++i) {
    TRY_VALUE(const PartitionSpan span, internal::partition_span(state_->handle.get(), topic, i, timeout_ms));
    spans.push_back(span);
  }
  return spans;
}

Status Consumer::assign(const std::vector<std::string>& topics, StartAt start, int timeout_ms) {
  State& s = *state_;
  s.drop_messages();
  s.places.clear();
  s.last_place = nullptr;
  s.places_open = 0;
  Owned<rd_kafka_topic_partition_list_t> wanted(rd_kafka_topic_partition_list_new(16));
  for (const std::string& topic : topics) {
    TRY_VALUE(const auto spans, this->spans(topic, timeout_ms));
    for (const PartitionSpan& span : spans) {
      auto* entry = rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), span.partition);
      switch (start.kind) {
        case StartAt::Kind::beginning:
          entry->offset = RD_KAFKA_OFFSET_BEGINNING;
          break;
        case StartAt::Kind::end:
          entry->offset = span.end;
          break;
        default:
          entry->offset = start.value;
      }
      s.places[{topic, span.partition}] = {span.end, 0};
    }
  }
  if (start.kind == StartAt::Kind::timestamp) {
    const auto code = rd_kafka_offsets_for_times(s.handle.get(), wanted.get(), timeout_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(to_error(code, "offsets by time", s.config.brokers));
  }
  for (int i = 0; i < wanted->cnt; ++i) {
    auto& entry = wanted->elems[i];
    if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(to_error(entry.err, "", entry.topic));
    auto& place = s.places[{entry.topic, entry.partition}];
    // No record is as new as the time asked for: start behind the last one.
    if (start.kind == StartAt::Kind::timestamp && entry.offset < 0) entry.offset = place.end;
    if (entry.offset >= 0) place.next = entry.offset;
    if (place.next < place.end) ++s.places_open;
  }
  if (const auto code = rd_kafka_assign(s.handle.get(), wanted.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(to_error(code, "assigning partitions", s.config.brokers));
  return {};
}

Status Consumer::assign(std::span<const PartitionRange> ranges) {
  State& s = *state_;
  s.drop_messages();
  s.places.clear();
  s.last_place = nullptr;
  s.places_open = 0;
  Owned<rd_kafka_topic_partition_list_t> wanted(rd_kafka_topic_partition_list_new(static_cast<int>(ranges.size())));
  for (const PartitionRange& range : ranges) {
    rd_kafka_topic_partition_list_add(wanted.get(), range.topic.c_str(), range.partition)->offset = range.from;
    s.places[{range.topic, range.partition}] = {range.end, range.from};
    if (range.from < range.end) ++s.places_open;
  }
  if (const auto code = rd_kafka_assign(s.handle.get(), wanted.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(to_error(code, "assigning partitions", s.config.brokers));
  return {};
}

void Consumer::extend(std::span<const PartitionRange> ranges) {
  for (const PartitionRange& range : ranges) state_->places.at({range.topic, range.partition}).end = range.end;
  state_->places_open = static_cast<std::size_t>(
      std::ranges::count_if(state_->places, [](const auto& place) { return place.second.next < place.second.end; }));
}

void Consumer::State::moved(const rd_kafka_message_t& message, std::int64_t next) {
  if (last_place == nullptr || message.rkt != last_topic || message.partition != last_partition) {
    const auto found = places.find({rd_kafka_topic_name(message.rkt), message.partition});
    if (found == places.end()) return;
    last_place = &found->second;
    last_topic = message.rkt;
    last_partition = message.partition;
  }
  Place& place = *last_place;
  if (place.next < place.end && next >= place.end) --places_open;
  place.next = std::max(place.next, next);
}

Status Consumer::State::take(rd_kafka_message_t* message) {
  messages.push_back(message);  // destroyed with the others, whatever it is
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_timestamp_type_t type{};
    const auto text = [](const void* bytes, std::size_t size) {
      return std::string_view(static_cast<const char*>(bytes), bytes == nullptr ? 0 : size);
    };
    views.push_back({.topic = rd_kafka_topic_name(message->rkt),
                     .partition = message->partition,
                     .offset = message->offset,
                     .timestamp_ms = rd_kafka_message_timestamp(message, &type),
                     .has_key = message->key != nullptr,
                     .has_value = message->payload != nullptr,
                     .key = text(message->key, message->key_len),
                     .value = text(message->payload, message->len)});
    moved(*message, message->offset + 1);
    return {};
  }
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    moved(*message, message->offset);
    return {};
  }
  const char* detail = rd_kafka_message_errstr(message);
  std::string where = message->rkt == nullptr
                          ? config.brokers
                          : fmt::format("{}, partition {}", rd_kafka_topic_name(message->rkt), message->partition);
  base::Error error = to_error(message->err, detail == nullptr ? "" : detail, std::move(where));
  if (error.code == ErrorCode::destination_unreachable || error.code == ErrorCode::destination_auth) {
    problems.note(message->err, detail == nullptr ? "" : detail, config.brokers);  // the library goes on trying
    return {};
  }
  return fail(std::move(error));
}

Result<std::span<const MessageView>> Consumer::poll(int timeout_ms, std::size_t most) {
  State& s = *state_;
  s.drop_messages();
  // Asked for many, the library waits until it has them all or the time is over: so wait for one, then take what is
  // there.
  std::vector<rd_kafka_message_t*> taken(std::max<std::size_t>(1, most));
  ssize_t count = rd_kafka_consume_batch_queue(s.queue.get(), timeout_ms, taken.data(), 1);
  if (count > 0 && taken.size() > 1)
    count += std::max<ssize_t>(0, rd_kafka_consume_batch_queue(s.queue.get(), 0, taken.data() + 1, taken.size() - 1));
  if (count < 0) return fail(to_error(rd_kafka_last_error(), "", s.config.brokers));
  Status status;
  for (ssize_t i = 0; i < count; ++i) {
    Status one = s.take(taken[static_cast<std::size_t>(i)]);
    if (!one && status) status = std::move(one);
  }
  if (!status) return fail(std::move(status).error());
  if (!s.views.empty()) s.problems.clear();
  return std::span<const MessageView>(s.views);
}

bool Consumer::at_end() const { return state_->places_open == 0; }

std::optional<Problem> Consumer::problem() const { return state_->problems.now(); }

}  // namespace tributary::kafka
