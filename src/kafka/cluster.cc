#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <thread>

#include "base/log.h"
#include "kafka/client.h"
#include "kafka/internal.h"

namespace tributary::kafka {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using internal::Owned;
using internal::to_error;

namespace {

constexpr std::int32_t checkpoint_partitions = 8;
constexpr int ask_again_ms = 50;
constexpr int coordinator_timeout_ms = 30'000;  // a cluster makes its transaction log when it is first asked for one
constexpr int slice_ms = 500;                   // errors are looked at between requests this long
constexpr int settings_timeout_ms = 1000;       // asking for a topic's limit is a courtesy: not worth a long wait

class Deadline {
 public:
  explicit Deadline(int timeout_ms) : end_(std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms)) {}
  int left_ms() const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(0, left.count()));
  }

 private:
  std::chrono::steady_clock::time_point end_;
};

// A handle for questions, and what its error callback heard. It is a consumer: the library lets producers create
// topics.
struct Inquirer {
  internal::ProblemBoard problems;
  std::string brokers;
  Owned<rd_kafka_t> handle;

  Status open(const Config& config) {
    brokers = config.brokers;
    TRY_VALUE(auto conf, internal::common_settings(config));
    TRY(internal::apply_overrides(conf.get(), config));
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* text, void* self) {
      auto& me = *static_cast<Inquirer*>(self);
      base::log::debug("kafka: {}", text);
      me.problems.note(static_cast<rd_kafka_resp_err_t>(code), text, me.brokers);
    });
    TRY_VALUE(handle, internal::make_handle(RD_KAFKA_CONSUMER, std::move(conf)));
    return {};
  }

  // Asks until there is an answer, the library says why there is none, or the time is over. topic nullptr: brokers
  // only.
  Result<Owned<const rd_kafka_metadata_t>> metadata(rd_kafka_topic_t* topic, const Deadline& deadline,
                                                    bool of_all_topics = false) {
    while (true) {
      const rd_kafka_metadata_t* found = nullptr;
      const int wait_ms = std::min(slice_ms, deadline.left_ms());
      const rd_kafka_resp_err_t code = rd_kafka_metadata(handle.get(), of_all_topics ? 1 : 0, topic, &found, wait_ms);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Owned<const rd_kafka_metadata_t>(found);
      rd_kafka_poll(handle.get(), 0);
      if (auto problem = problems.now()) return fail(std::move(problem->error));
      if (deadline.left_ms() == 0) return fail(to_error(code, "", brokers));
    }
  }
};

// Waits for the result of an admin request put on `queue`.
Owned<rd_kafka_event_t> await(rd_kafka_queue_t* queue, int timeout_ms) {
  return Owned<rd_kafka_event_t>(rd_kafka_queue_poll(queue, timeout_ms));
}

struct AdminOptions {
  AdminOptions(rd_kafka_t* handle, rd_kafka_admin_op_t operation, int timeout_ms)
      : options(rd_kafka_AdminOptions_new(handle, operation)) {
    std::array<char, 256> why{};
    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, why.data(), why.size());
  }
  ~AdminOptions() { rd_kafka_AdminOptions_destroy(options); }
  AdminOptions(const AdminOptions&) = delete;
  rd_kafka_AdminOptions_t* options;
};

// librdkafka's mock cluster leaves questions about settings without an answer; its id gives it away.
bool is_mock_cluster(rd_kafka_t* handle) {
  char* id = rd_kafka_clusterid(handle, 0);
  if (id == nullptr) return false;
  const bool mock = std::string_view(id).starts_with("mockCluster");
  rd_kafka_mem_free(handle, id);
  return mock;
}

// max.message.bytes of a topic, where the broker answers and we may ask.
std::optional<std::uint32_t> message_bytes_max(rd_kafka_t* handle, const std::string& topic, int timeout_ms) {
  rd_kafka_ConfigResource_t* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  if (resource == nullptr) return std::nullopt;
  const AdminOptions options(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
  Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(handle));
  rd_kafka_DescribeConfigs(handle, &resource, 1, options.options, queue.get());
  rd_kafka_ConfigResource_destroy(resource);
  const auto event = await(queue.get(), timeout_ms);
  if (!event || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  const auto* result = rd_kafka_event_DescribeConfigs_result(event.get());
  if (result == nullptr) return std::nullopt;
  std::size_t count = 0;
  const auto* const* resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
  if (count != 1 || rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  std::size_t entries_count = 0;
  const auto* const* entries = rd_kafka_ConfigResource_configs(resources[0], &entries_count);
  for (std::size_t i = 0; i < entries_count; ++i) {
    if (std::string_view(rd_kafka_ConfigEntry_name(entries[i])) != "max.message.bytes") continue;
    const char* text = rd_kafka_ConfigEntry_value(entries[i]);
    if (text == nullptr) return std::nullopt;
    const std::string_view digits = text;
    std::uint32_t value = 0;
    const auto [end, problem] = std::from_chars(digits.begin(), digits.end(), value);
    if (problem == std::errc{} && end == digits.end()) return value;
  }
  return std::nullopt;
}

}  // namespace

Result<PartitionSpan> internal::partition_span(rd_kafka_t* handle, const std::string& topic, std::int32_t partition,
                                               int timeout_ms) {
  const Deadline deadline(timeout_ms);
  PartitionSpan span{partition};
  while (true) {
    const auto code = rd_kafka_query_watermark_offsets(handle, topic.c_str(), partition, &span.first, &span.end,
                                                       std::max(1, deadline.left_ms()));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return span;
    Error error = to_error(code, "", fmt::format("{}, partition {}", topic, partition));
    if (!error.is_retriable() || deadline.left_ms() <= ask_again_ms) return fail(std::move(error));
    base::log::debug("kafka: {}", error.message());
    std::this_thread::sleep_for(std::chrono::milliseconds(ask_again_ms));
  }
}

Result<Cluster> describe(const Config& config, const std::vector<std::string>& topics, int timeout_ms) {
  const Deadline deadline(timeout_ms);
  Inquirer inquirer;
  TRY(inquirer.open(config));
  Cluster cluster;
  {
    TRY_VALUE(const auto metadata, inquirer.metadata(nullptr, deadline));
    for (int i = 0; i < metadata->broker_cnt; ++i)
      cluster.brokers.push_back(fmt::format("{}:{}", metadata->brokers[i].host, metadata->brokers[i].port));
  }
  for (const std::string& name : topics) {
    Owned<rd_kafka_topic_t> topic(rd_kafka_topic_new(inquirer.handle.get(), name.c_str(), nullptr));
    if (!topic) return fail(to_error(rd_kafka_last_error(), "", name));
    TRY_VALUE(const auto metadata, inquirer.metadata(topic.get(), deadline));
    if (metadata->topic_cnt != 1)
      return fail(ErrorCode::destination_topic_missing, "the broker does not know it", name);
    const rd_kafka_metadata_topic_t& found = metadata->topics[0];
    // A topic in the making, or one whose leaders are being elected, has partitions already.
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR && found.err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
      return fail(to_error(found.err, "", name));
    if (found.partition_cnt == 0) return fail(ErrorCode::destination_topic_missing, "it has no partitions", name);
    cluster.topics.push_back({name, found.partition_cnt, std::nullopt});
  }
  if (!topics.empty() && !is_mock_cluster(inquirer.handle.get()))
    for (Topic& topic : cluster.topics) {
      const int wait_ms = std::min(settings_timeout_ms, deadline.left_ms());
      if (wait_ms > 0) topic.message_bytes_max = message_bytes_max(inquirer.handle.get(), topic.name, wait_ms);
      if (!topic.message_bytes_max) break;
    }
  return cluster;
}

Result<Cluster> describe_made(const Config& config, const std::vector<std::string>& topics, int timeout_ms) {
  const Deadline deadline(timeout_ms);
  while (true) {
    auto cluster = describe(config, topics, timeout_ms);
    if (cluster || cluster.error().code != ErrorCode::destination_topic_missing || deadline.left_ms() == 0)
      return cluster;
    std::this_thread::sleep_for(std::chrono::milliseconds(ask_again_ms));
  }
}

Result<std::vector<std::string>> topic_names(const Config& config, int timeout_ms) {
  Inquirer inquirer;
  TRY(inquirer.open(config));
  TRY_VALUE(const auto metadata, inquirer.metadata(nullptr, Deadline(timeout_ms), true));
  std::vector<std::string> names;
  for (int i = 0; i < metadata->topic_cnt; ++i)
    if (const std::string_view name = metadata->topics[i].topic; !name.starts_with("__")) names.emplace_back(name);
  std::ranges::sort(names);
  return names;
}

Result<std::int32_t> prepare_transactions(const Config& config, const TransactionSetup& setup, int timeout_ms) {
  if (!setup.id.empty()) {
    Inquirer inquirer;
    TRY(inquirer.open(config));
    TRY(inquirer.metadata(nullptr, Deadline(timeout_ms)));
    if (is_mock_cluster(inquirer.handle.get()))
      return fail(ErrorCode::destination_transactions,
                  "this is librdkafka's mock cluster, which shows consumers what was aborted", config.brokers);
  }
  auto cluster = describe(config, {setup.checkpoint_topic}, timeout_ms);
  if (!cluster && cluster.error().code == ErrorCode::destination_topic_missing) {
    constexpr int brokers_default = -1;
    // Small segments are compacted soon: a restart reads the topic from its beginning.
    TRY(create_topic(config, setup.checkpoint_topic, checkpoint_partitions, brokers_default,
                     {{"cleanup.policy", "compact"},
                      {"segment.bytes", "8388608"},
                      {"min.cleanable.dirty.ratio", "0.05"},
                      {"max.message.bytes", std::to_string(checkpoint_bytes_max)}},
                     timeout_ms));
    cluster = describe_made(config, {setup.checkpoint_topic}, timeout_ms);
  }
  if (!cluster) return fail(std::move(cluster.error()));
  const std::int32_t partitions = cluster->topics.front().partitions;
  if (setup.id.empty()) return partitions;
  Config transactional = config;
  transactional.transactional_id = setup.id;
  TRY_VALUE(const auto producer, Producer::create(transactional, [](std::span<const Ack>) {}));
  const base::CancelToken never;
  Status fenced = producer->fence(std::max(timeout_ms, coordinator_timeout_ms), never);
  if (fenced) return partitions;
  // Brokers that answered a moment ago and have no coordinator for the id can't make their transaction log.
  if (fenced.error().code == ErrorCode::destination_unreachable)
    fenced.error().code = ErrorCode::destination_transactions;
  return fail(std::move(fenced.error()));
}

Status create_topic(const Config& config, const std::string& name, std::int32_t partitions, int replicas,
                    const std::map<std::string, std::string>& settings, int timeout_ms) {
  const Deadline deadline(timeout_ms);
  Inquirer inquirer;
  TRY(inquirer.open(config));
  TRY_VALUE(const auto brokers, inquirer.metadata(nullptr, deadline));
  std::array<char, 512> why{};
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(name.c_str(), partitions, replicas, why.data(), why.size());
  if (topic == nullptr) return fail(ErrorCode::destination_config, why.data(), name);
  for (const auto& [key, value] : settings) rd_kafka_NewTopic_set_config(topic, key.c_str(), value.c_str());
  const int left_ms = std::max(1, deadline.left_ms());
  const AdminOptions options(inquirer.handle.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS, left_ms);
  Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(inquirer.handle.get()));
  rd_kafka_CreateTopics(inquirer.handle.get(), &topic, 1, options.options, queue.get());
  rd_kafka_NewTopic_destroy(topic);
  const auto event = await(queue.get(), left_ms + slice_ms);
  if (!event) return fail(ErrorCode::destination_unreachable, "no answer to the creation of a topic", name);
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(to_error(code, rd_kafka_event_error_string(event.get()), name));
  const auto* result = rd_kafka_event_CreateTopics_result(event.get());
  std::size_t count = 0;
  const auto* const* results = result == nullptr ? nullptr : rd_kafka_CreateTopics_result_topics(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(results[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    return fail(to_error(code, text == nullptr ? "" : text, name));
  }
  return {};
}

}  // namespace tributary::kafka
