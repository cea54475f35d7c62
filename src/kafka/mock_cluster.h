// A Kafka cluster inside this process, for tests and benchmarks: real client behaviour, faults on demand. It keeps only
// the last 5 MiB or 100,000 records of a partition, creates any topic asked for, and knows neither passwords nor TLS.
// Source: librdkafka's rdkafka_mock.h. Threads: any.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

namespace tributary::kafka {

// Error numbers of the Kafka protocol that a broker may answer to a request.
enum class BrokerAnswer : std::int16_t {
  none = 0,
  not_leader = 6,
  request_timed_out = 7,
  message_too_large = 10,
  not_enough_replicas = 19,
  topic_denied = 29,
  invalid_producer_epoch = 47,
};

class MockCluster {
 public:
  explicit MockCluster(int brokers = 1);
  ~MockCluster();
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  std::string brokers() const;
  void create_topic(const std::string& name, int partitions);
  // The next produce requests are answered with these, one each; then with success again.
  void answer_produce_with(std::initializer_list<BrokerAnswer> answers);
  // The same for questions where partitions begin and end: ListOffsets requests.
  void answer_offsets_with(std::initializer_list<BrokerAnswer> answers);
  // Brokers are numbered from 1.
  void set_down(int broker);
  void set_up(int broker);
  void set_round_trip_ms(int broker, int ms);
  // Takes all faults back. A cluster takes a second to end, so tests share one and give each its own topic.
  void recover();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tributary::kafka
