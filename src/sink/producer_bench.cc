// What delivery costs per record, against a cluster inside the process; kafka/bare_producer_bench.cc is the anchor.
// Writing the records into the batch is part of it, as an encoder would.
#include <benchmark/benchmark.h>

#include <string>

#include "kafka/bench_meter.h"
#include "kafka/mock_cluster.h"
#include "sink/delivery.h"

namespace tributary::sink {
namespace {

constexpr std::uint64_t records = 1'000'000;
constexpr std::size_t value_bytes = 700;

// Arguments: partitions, records per batch.
void at_least_once_delivery(benchmark::State& state) {
  kafka::MockCluster cluster;
  cluster.create_topic("t", 12);
  const std::string value(value_bytes, 'v'), key = R"(["shop","orders",1234567])";
  const auto partitions = static_cast<std::int32_t>(state.range(0));
  const auto per_batch = static_cast<std::uint64_t>(state.range(1));
  for (auto _ : state) {
    kafka::Config config;
    config.brokers = cluster.brokers();
    Tracking tracking{.emitted = [](auto, auto, auto) {},
                      .marked = [](auto, auto) {},
                      .acked = [](auto, auto) {},
                      .flush = [] { return base::Status{}; },
                      .status = [] { return base::Status{}; }};
    auto delivery = at_least_once(config, std::make_shared<Topics>(Topic{"t", partitions}), std::move(tracking));
    if (!delivery) return state.SkipWithError(delivery.error().message().c_str());
    const base::CancelToken cancel;
    model::RecordBatch batch;
    const kafka::BenchMeter meter;
    for (std::uint64_t i = 0; i < records;) {
      for (std::uint64_t j = 0; j < per_batch; ++j, ++i) {
        batch.bytes.append(key);
        batch.records.push_back(
            {.value_begin = batch.bytes.size(),
             .value_size = static_cast<std::uint32_t>(value.size()),
             .key_size = static_cast<std::uint32_t>(key.size()),
             .partition = static_cast<std::int32_t>(i * 7919 % static_cast<std::uint64_t>(partitions))});
        batch.bytes.append(value);
      }
      if (const auto sent = (*delivery)->emit(batch, {}, When::more, cancel); !sent)
        return state.SkipWithError(sent.error().message().c_str());
    }
    if (const auto flushed = (*delivery)->flush(60'000, cancel); !flushed)
      return state.SkipWithError(flushed.error().message().c_str());
    meter.report(state, records);
  }
}
BENCHMARK(at_least_once_delivery)
    ->Args({1, 1000})
    ->Args({12, 1000})
    ->Args({1, 100})
    ->Args({1, 20})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace tributary::sink
