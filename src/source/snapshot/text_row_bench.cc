// A snapshot's row: the text protocol's columns to values.
#include <benchmark/benchmark.h>

#include <string>

#include "source/binlog/bench_events.h"
#include "source/snapshot/text_row.h"

namespace tributary::source {
namespace {

void text_row(benchmark::State& state) {
  const auto schema = bench::schema_of(bench::orders());
  const TextRowPlan plan(*schema);
  const std::string texts[12] = {"1000123",
                                 "4711",
                                 "99",
                                 "1",
                                 "12345.67",
                                 "98765.4321",
                                 std::string(30, 'a'),
                                 std::string(13, 'b'),
                                 std::string(80, 'c'),
                                 "abcdefgh",
                                 "2024-04-12 15:12:45",
                                 "2024-04-12 15:12:45.678"};
  std::vector<const char*> values;
  std::vector<unsigned long> lengths;
  std::int64_t bytes = 0;
  for (const std::string& text : texts) {
    values.push_back(text.data());
    lengths.push_back(text.size());
    bytes += static_cast<std::int64_t>(text.size());
  }
  const mysql::RowView row{values, lengths};
  std::vector<model::Value> read;
  for (auto _ : state) {
    if (auto done = plan.read(row, read); !done) return state.SkipWithError(done.error().message().c_str());
    benchmark::DoNotOptimize(read.data());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * bytes);
}
BENCHMARK(text_row)->Name("stage/text row/orders, 12 columns");

}  // namespace
}  // namespace tributary::source
