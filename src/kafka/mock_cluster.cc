#include "kafka/mock_cluster.h"

#include <librdkafka/rdkafka.h>  // before rdkafka_mock.h
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <stdexcept>
#include <vector>

#include "kafka/internal.h"

namespace tributary::kafka {

namespace {

// Numbers of requests in the Kafka protocol.
constexpr std::int16_t produce_request = 0, list_offsets_request = 2;

void answer(rd_kafka_mock_cluster_t* cluster, std::int16_t request, std::initializer_list<BrokerAnswer> answers) {
  std::vector<rd_kafka_resp_err_t> codes;
  for (const BrokerAnswer answer : answers) codes.push_back(static_cast<rd_kafka_resp_err_t>(answer));
  rd_kafka_mock_push_request_errors_array(cluster, request, codes.size(), codes.data());
}

}  // namespace

struct MockCluster::State {
  int brokers = 0;
  internal::Owned<rd_kafka_t> handle;
  rd_kafka_mock_cluster_t* cluster = nullptr;
};

MockCluster::MockCluster(int brokers) : state_(std::make_unique<State>()) {
  std::array<char, 256> why{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  state_->handle.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size()));
  if (state_->handle) state_->cluster = rd_kafka_mock_cluster_new(state_->handle.get(), brokers);
  state_->brokers = brokers;
  if (state_->cluster == nullptr) throw std::runtime_error("no mock cluster");
}

MockCluster::~MockCluster() { rd_kafka_mock_cluster_destroy(state_->cluster); }

std::string MockCluster::brokers() const { return rd_kafka_mock_cluster_bootstraps(state_->cluster); }

void MockCluster::create_topic(const std::string& name, int partitions) {
  rd_kafka_mock_topic_create(state_->cluster, name.c_str(), partitions, 1);
}

void MockCluster::answer_produce_with(std::initializer_list<BrokerAnswer> answers) {
  answer(state_->cluster, produce_request, answers);
}

void MockCluster::answer_offsets_with(std::initializer_list<BrokerAnswer> answers) {
  answer(state_->cluster, list_offsets_request, answers);
}

void MockCluster::set_down(int broker) { rd_kafka_mock_broker_set_down(state_->cluster, broker); }
void MockCluster::set_up(int broker) { rd_kafka_mock_broker_set_up(state_->cluster, broker); }
void MockCluster::set_round_trip_ms(int broker, int ms) { rd_kafka_mock_broker_set_rtt(state_->cluster, broker, ms); }

void MockCluster::recover() {
  for (const std::int16_t request : {produce_request, list_offsets_request})
    rd_kafka_mock_clear_request_errors(state_->cluster, request);
  for (int broker = 1; broker <= state_->brokers; ++broker) {
    set_round_trip_ms(broker, 0);
    set_up(broker);
  }
}

}  // namespace tributary::kafka
