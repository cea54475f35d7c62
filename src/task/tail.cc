#include "task/tail.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>

#include "kafka/client.h"
#include "task/kafka_config.h"

namespace tributary::task {
namespace {

constexpr int poll_ms = 200;  // how soon a request to stop is seen
constexpr int topics_timeout_ms = 15'000;

kafka::StartAt start_at(const TailFrom& from) {
  switch (from.kind) {
    case TailFrom::Kind::beginning:
      return kafka::StartAt::beginning();
    case TailFrom::Kind::end:
      return kafka::StartAt::end();
    case TailFrom::Kind::timestamp:
      return kafka::StartAt::timestamp(from.timestamp_ms);
  }
  return kafka::StartAt::beginning();
}

class Tail {
 public:
  Tail(const TailOptions& options, const TailHandlers& handlers) : options_(options), handlers_(handlers) {}

  // False: stop reading.
  bool take(const kafka::MessageView& message) {
    if (!options_.partitions.empty() &&
        std::ranges::find(options_.partitions, message.partition) == options_.partitions.end()) {
      return true;
    }
    auto record = read_tail_record(message.value);
    if (!record) {
      ++summary_.unreadable;
      base::Error error = std::move(record).error().in(
          fmt::format("{}, partition {}, offset {}", message.topic, message.partition, message.offset));
      if (!message.has_value) error.what = "the message has no value";
      handlers_.on_unreadable(error);
      return true;
    }
    record->topic = message.topic;
    record->partition = message.partition;
    record->offset = message.offset;
    record->timestamp_ms = message.timestamp_ms;
    if (message.has_key) record->key = text_or_hex(message.key);
    if (!is_wanted(options_, *record)) return true;
    ++summary_.records;
    return handlers_.on_record(*record) && !limit_reached();
  }

  bool limit_reached() const { return options_.limit && summary_.records >= *options_.limit; }
  const TailSummary& summary() const { return summary_; }

  void note(const std::optional<kafka::Problem>& problem) {
    const std::string message = problem ? problem->error.message() : std::string{};
    if (!message.empty() && message != problem_) handlers_.on_problem(problem->error);
    problem_ = message;
  }

 private:
  const TailOptions& options_;
  const TailHandlers& handlers_;
  TailSummary summary_;
  std::string problem_;
};

}  // namespace

bool is_wanted(const TailOptions& options, const TailRecord& record) {
  const auto is_table = [&](const std::string& wanted) {
    return wanted == record.table_name() || wanted == record.database;
  };
  const auto is_operation = [&](const std::string& wanted) {
    return strcasecmp(wanted.c_str(), record.operation.c_str()) == 0;
  };
  return (options.tables.empty() || std::ranges::any_of(options.tables, is_table)) &&
         (options.operations.empty() || std::ranges::any_of(options.operations, is_operation));
}

base::Result<std::vector<std::string>> topics_of(const Destination& destination) {
  std::vector<std::string> topics = {destination.topic};
  if (destination.has_ddl_topic()) topics.push_back(destination.ddl_topic);
  if (destination.table_topics.empty()) return topics;
  TRY_VALUE(const std::vector<std::string> all, kafka::topic_names(kafka_config(destination), topics_timeout_ms));
  for (const std::string& topic : all) {
    if (topic == destination.checkpoint_topic || topic == destination.dead_letter_topic) continue;
    if (destination.table_topics.may_name(topic) && std::ranges::find(topics, topic) == topics.end())
      topics.push_back(topic);
  }
  return topics;
}

base::Result<TailSummary> tail(const TailOptions& options, base::CancelToken& cancel, const TailHandlers& handlers) {
  const kafka::Config config = kafka_config(options.access);
  Tail state(options, handlers);
  TRY_VALUE(const auto consumer, kafka::Consumer::create(config));
  TRY(consumer->assign(options.topics, start_at(options.from)));
  while (!cancel.requested() && !state.limit_reached() && !(options.until_end && consumer->at_end())) {
    TRY_VALUE(const auto messages, consumer->poll(poll_ms));
    for (const kafka::MessageView& message : messages) {
      if (!state.take(message)) return state.summary();
    }
    if (messages.empty()) state.note(consumer->problem());
  }
  return state.summary();
}

}  // namespace tributary::task
