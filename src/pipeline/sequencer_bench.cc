// What a record costs between encoding and delivery: its partition, its identity in open windows, and the sequencer's
// part of a batch. The delivery does nothing.
#include <benchmark/benchmark.h>

#include <string>

#include "pipeline/change_window.h"
#include "pipeline/sequencer.h"

namespace tributary::pipeline {
namespace {

constexpr std::int64_t batch_records = 700;  // of 700 bytes: what is handed over at a time

class Nowhere : public sink::Delivery {
 public:
  base::Status emit(model::RecordBatch& batch, const sink::MakeMark& make_mark, sink::When,
                    const base::CancelToken&) override {
    benchmark::DoNotOptimize(batch.records.data());
    if (make_mark && ++calls % 50 == 0) benchmark::DoNotOptimize(make_mark());
    return {};
  }
  base::Status flush(std::int64_t, const base::CancelToken&) override { return {}; }
  base::Status status() const override { return {}; }
  std::optional<kafka::Problem> problem() const override { return {}; }
  sink::DeliveryCounters counters() const override { return {}; }
  std::uint64_t calls = 0;
};

model::RecordBatch batch_of_records() {
  model::RecordBatch batch;
  for (std::int64_t i = 0; i < batch_records; ++i) {
    const std::string key = R"(["shop","orders",)" + std::to_string(1'000'000 + i) + "]";
    model::EncodedRecord record;
    record.key_size = static_cast<std::uint32_t>(key.size());
    batch.bytes.append(key);
    record.value_begin = batch.bytes.size();
    record.value_size = 700;
    batch.bytes.append(std::string(700, 'v'));
    batch.records.push_back(record);
  }
  return batch;
}

void route(benchmark::State& state, sink::PartitionPolicy policy) {
  const sink::Router router(policy, std::make_shared<sink::Topics>(sink::Topic{"t", 12}));
  const sink::TableRoute table = router.table("shop", "orders").value();
  model::RecordBatch batch = batch_of_records();
  for (auto _ : state) {
    for (model::EncodedRecord& record : batch.records) router.route_row(table, batch, record);
    benchmark::DoNotOptimize(batch.records.data());
  }
  state.SetItemsProcessed(state.iterations() * batch_records);
}
BENCHMARK_CAPTURE(route, zero, sink::PartitionPolicy::zero)->Name("stage/route/partition 0");
BENCHMARK_CAPTURE(route, by_key, sink::PartitionPolicy::key)->Name("stage/route/by key");

void note(benchmark::State& state) {
  ChangeWindow window;
  std::vector<std::string> identities;
  for (int i = 0; i < 100'000; ++i) identities.push_back(std::string("\x08", 1) + std::to_string(1'000'000 + i * 7));
  auto ticket = window.open();
  std::size_t i = 0;
  for (auto _ : state) {
    window.changed(identities[i++ % identities.size()]);
    if (i % 100'000 != 0) continue;
    window.close(ticket);  // a chunk ends
    ticket = window.open();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(note)->Name("stage/window/a change noted");

void look_up(benchmark::State& state) {
  ChangeWindow window;
  const auto ticket = window.open();
  for (int i = 0; i < 25'000; ++i) window.changed(std::to_string(1'000'000 + i * 3));
  std::vector<std::string> identities;
  for (int i = 0; i < 25'000; ++i) identities.push_back(std::to_string(1'000'000 + i));
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(window.is_outdated(ticket, identities[i++ % identities.size()]));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(look_up)->Name("stage/window/a chunk's row looked up");

// identities: a snapshot runs, though no chunk of this table is open.
void hand_over(benchmark::State& state, bool identities) {
  Nowhere delivery;
  const sink::Router router(sink::PartitionPolicy::zero, std::make_shared<sink::Topics>(sink::Topic{"t", 12}));
  base::CancelToken cancel;
  Sequencer sequencer(Sequencer::Setup{delivery, router, cancel, std::vector<SubtaskTablePtr>(1), true, {}});
  model::RecordBatch batch = batch_of_records();
  Identities changed;
  for (std::int64_t i = 0; identities && i < batch_records; ++i) {
    const std::size_t begin = changed.bytes.size();
    changed.bytes.append(std::to_string(1'000'000 + i));
    changed.add(0, begin);
  }
  StreamMark mark;
  mark.emitted.at = {"mysql-bin.000001", 4};
  mark.restart.at = mark.emitted.at;
  for (auto _ : state) {
    mark.emitted.at.offset += 1000;
    if (!sequencer.emit_changes(batch, changed, mark)) return state.SkipWithError("emit");
  }
  state.SetItemsProcessed(state.iterations() * batch_records);
}
BENCHMARK_CAPTURE(hand_over, plain, false)->Name("stage/sequencer/batches of 700 records");
BENCHMARK_CAPTURE(hand_over, noted, true)->Name("stage/sequencer/the same, with identities");

}  // namespace
}  // namespace tributary::pipeline
