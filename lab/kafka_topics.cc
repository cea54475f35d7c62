// The lab's own conversations with a broker, through librdkafka: is it there, create and delete a topic.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "lab/kafka.h"

namespace tributary::lab {
namespace {

using base::ErrorCode;
using base::fail;

template <auto destroy>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using Handle = std::unique_ptr<rd_kafka_t, Deleter<rd_kafka_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Deleter<rd_kafka_queue_destroy>>;
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Deleter<rd_kafka_AdminOptions_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Deleter<rd_kafka_event_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Deleter<rd_kafka_NewTopic_destroy>>;
using DeleteTopic = std::unique_ptr<rd_kafka_DeleteTopic_t, Deleter<rd_kafka_DeleteTopic_destroy>>;

constexpr int admin_timeout_ms = 30000;

base::Result<Handle> client(const std::string& brokers) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, nullptr);
  for (const auto& [name, value] :
       {std::pair{"bootstrap.servers", brokers.c_str()}, std::pair{"reconnect.backoff.ms", "50"},
        std::pair{"reconnect.backoff.max.ms", "200"}})
    rd_kafka_conf_set(conf, name, value, error, sizeof error);
  rd_kafka_t* handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (handle == nullptr) {
    rd_kafka_conf_destroy(conf);
    return fail(ErrorCode::destination_config, error);
  }
  return Handle(handle);
}

// All topics' metadata; `visit` gets it.
base::Status metadata(rd_kafka_t* handle, int timeout_ms,
                      const std::function<void(const rd_kafka_metadata_t&)>& visit) {
  const rd_kafka_metadata_t* found = nullptr;
  const auto error = rd_kafka_metadata(handle, 1, nullptr, &found, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(ErrorCode::destination_unreachable, rd_kafka_err2str(error));
  visit(*found);
  rd_kafka_metadata_destroy(found);
  return {};
}

base::Status wait_until_topic(rd_kafka_t* handle, const std::string& name, int partitions) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(admin_timeout_ms);
  while (std::chrono::steady_clock::now() < end) {
    bool reached = partitions == 0;
    TRY(metadata(handle, admin_timeout_ms, [&](const rd_kafka_metadata_t& all) {
      for (int i = 0; i < all.topic_cnt; ++i) {
        const auto& topic = all.topics[i];
        if (name != topic.topic) continue;
        reached = topic.err == RD_KAFKA_RESP_ERR_NO_ERROR && topic.partition_cnt == partitions && partitions > 0;
        for (int p = 0; reached && p < topic.partition_cnt; ++p) reached = topic.partitions[p].leader >= 0;
      }
    }));
    if (reached) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return fail(ErrorCode::destination_unreachable, "the broker's metadata does not show the change", "topic " + name);
}

using Results = std::function<const rd_kafka_topic_result_t**(rd_kafka_event_t*, std::size_t*)>;

base::Status admin_result(rd_kafka_queue_t* queue, const std::string& name, const Results& results) {
  Event event(rd_kafka_queue_poll(queue, admin_timeout_ms + 5000));
  if (event == nullptr) return fail(ErrorCode::destination_unreachable, "no answer", "topic " + name);
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(ErrorCode::destination_unreachable, rd_kafka_event_error_string(event.get()), "topic " + name);
  std::size_t count = 0;
  const auto** topics = results(event.get(), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_topic_result_error(topics[i]) == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const char* text = rd_kafka_topic_result_error_string(topics[i]);
    return fail(ErrorCode::destination_rejected,
                text != nullptr ? text : rd_kafka_err2str(rd_kafka_topic_result_error(topics[i])), "topic " + name);
  }
  return {};
}

Options admin_options(rd_kafka_t* handle, rd_kafka_admin_op_t operation) {
  Options options(rd_kafka_AdminOptions_new(handle, operation));
  char error[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), admin_timeout_ms, error, sizeof error);
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), admin_timeout_ms, error, sizeof error);
  return options;
}

}  // namespace

base::Status probe_broker(const std::string& brokers, int timeout_ms) {
  TRY_VALUE(auto handle, client(brokers));
  int count = 0;
  TRY(metadata(handle.get(), timeout_ms, [&](const rd_kafka_metadata_t& all) { count = all.broker_cnt; }));
  if (count == 0) return fail(ErrorCode::destination_unreachable, "the cluster has no broker yet", brokers);
  return {};
}

base::Status create_topic(const std::string& brokers, const TopicOptions& options) {
  TRY_VALUE(auto handle, client(brokers));
  char error[512];
  NewTopic topic(rd_kafka_NewTopic_new(options.name.c_str(), options.partitions, 1, error, sizeof error));
  if (topic == nullptr) return fail(ErrorCode::usage, error, "topic " + options.name);
  for (const auto& [name, value] : options.config)
    rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
  Queue queue(rd_kafka_queue_new(handle.get()));
  auto admin = admin_options(handle.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  rd_kafka_CreateTopics(handle.get(), topics, 1, admin.get(), queue.get());
  TRY(admin_result(queue.get(), options.name, [](rd_kafka_event_t* event, std::size_t* count) {
    return rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), count);
  }));
  return wait_until_topic(handle.get(), options.name, options.partitions);
}

base::Status delete_topic(const std::string& brokers, const std::string& name) {
  TRY_VALUE(auto handle, client(brokers));
  DeleteTopic topic(rd_kafka_DeleteTopic_new(name.c_str()));
  Queue queue(rd_kafka_queue_new(handle.get()));
  auto admin = admin_options(handle.get(), RD_KAFKA_ADMIN_OP_DELETETOPICS);
  rd_kafka_DeleteTopic_t* topics[] = {topic.get()};
  rd_kafka_DeleteTopics(handle.get(), topics, 1, admin.get(), queue.get());
  TRY(admin_result(queue.get(), name, [](rd_kafka_event_t* event, std::size_t* count) {
    return rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), count);
  }));
  return wait_until_topic(handle.get(), name, 0);
}

}  // namespace tributary::lab
