// The anchor for sink/producer_bench.cc: rd_kafka_produce() in a loop, equal settings, nothing else.
#include <benchmark/benchmark.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "kafka/bench_meter.h"
#include "kafka/internal.h"
#include "kafka/mock_cluster.h"

namespace tributary::kafka {
namespace {

constexpr std::uint64_t records = 1'000'000;
constexpr std::size_t value_bytes = 700;

// Argument: MiB that may be under way.
void bare_producer(benchmark::State& state) {
  MockCluster cluster;
  cluster.create_topic("t", 12);
  const std::string value(value_bytes, 'v'), key = R"(["shop","orders",1234567])";
  for (auto _ : state) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    const std::string window_kb = std::to_string(state.range(0) * 1024);
    const std::array<std::pair<const char*, const char*>, 8> settings = {{{"bootstrap.servers", nullptr},
                                                                          {"enable.idempotence", "true"},
                                                                          {"message.timeout.ms", "0"},
                                                                          {"linger.ms", "50"},
                                                                          {"batch.size", "1000000"},
                                                                          {"batch.num.messages", "100000"},
                                                                          {"queue.buffering.max.messages", "10000000"},
                                                                          {"queue.buffering.max.kbytes", nullptr}}};
    const std::string brokers = cluster.brokers();
    for (const auto& [name, setting] : settings) {
      const char* given = setting != nullptr ? setting : name[0] == 'b' ? brokers.c_str() : window_kb.c_str();
      rd_kafka_conf_set(conf, name, given, nullptr, 0);
    }
    static std::uint64_t acked;
    acked = 0;
    rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++acked;
    });
    const internal::Owned<rd_kafka_t> handle(rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0));
    const internal::Owned<rd_kafka_topic_t> topic(rd_kafka_topic_new(handle.get(), "t", nullptr));
    const BenchMeter meter;
    for (std::uint64_t i = 0; i < records; ++i) {
      while (rd_kafka_produce(topic.get(), 0, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()), value.size(),
                              key.data(), key.size(), nullptr) != 0)
        rd_kafka_poll(handle.get(), 5);
      if (i % 1024 == 0) rd_kafka_poll(handle.get(), 0);
    }
    while (acked < records) rd_kafka_flush(handle.get(), 100);
    meter.report(state, records);
  }
}
BENCHMARK(bare_producer)->Arg(64)->Arg(16)->Iterations(1)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace tributary::kafka
