// Rows events to values: a wide table of orders as a whole, then eight columns of one family each.
#include <benchmark/benchmark.h>

#include <string>

#include "source/binlog/bench_events.h"
#include "source/binlog/row_reader.h"

namespace tributary::source {
namespace {

void decode(benchmark::State& state, const std::vector<bench::BenchColumn>& columns, EventType type) {
  FormatDescription format;
  const std::string map_bytes = bench::table_map_event(columns);
  TableMap map;
  auto map_event = parse_event(map_bytes, format);
  if (!map_event || !map.parse(*map_event, format)) return state.SkipWithError("table map");
  auto plan = RowPlan::make(map, bench::schema_of(columns));
  if (!plan) return state.SkipWithError(plan.error().message().c_str());
  std::size_t rows_per_event = 0;
  const std::string raw = bench::rows_event(columns, type, rows_per_event, false);
  format.checksum = Checksum::off;

  RowReader reader;
  std::vector<model::Value> before, after;
  std::int64_t rows = 0;
  for (auto _ : state) {
    auto event = parse_event(raw, format);
    if (!event || !reader.open(*event, format, *plan)) return state.SkipWithError("open");
    while (true) {
      auto more = reader.next(before, after);
      if (!more) return state.SkipWithError(more.error().message().c_str());
      if (!*more) break;
      benchmark::DoNotOptimize(after.data());
      ++rows;
    }
  }
  state.SetItemsProcessed(rows);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * raw.size()));
}

std::vector<bench::BenchColumn> eight(const bench::BenchColumn& column) { return {8, column}; }

BENCHMARK_CAPTURE(decode, orders, bench::orders(), EventType::write_rows_v1)
    ->Name("stage/row decode/orders, 12 columns");
BENCHMARK_CAPTURE(decode, orders_update, bench::orders(), EventType::update_rows_v1)
    ->Name("stage/row decode/orders, update (2 images)");
BENCHMARK_CAPTURE(decode, bigint, eight(bench::bigint()), EventType::write_rows_v1)->Name("stage/row decode/8 BIGINT");
BENCHMARK_CAPTURE(decode, decimal, eight(bench::decimal_18_4()), EventType::write_rows_v1)
    ->Name("stage/row decode/8 DECIMAL(18,4)");
BENCHMARK_CAPTURE(decode, varchar, eight(bench::varchar(20, 20)), EventType::write_rows_v1)
    ->Name("stage/row decode/8 VARCHAR of 30 B");
BENCHMARK_CAPTURE(decode, datetime, eight(bench::datetime(3)), EventType::write_rows_v1)
    ->Name("stage/row decode/8 DATETIME(3)");
BENCHMARK_CAPTURE(decode, blob, {bench::blob(1000)}, EventType::write_rows_v1)->Name("stage/row decode/1 BLOB of 1 KB");
BENCHMARK_CAPTURE(decode, json, {bench::json()}, EventType::write_rows_v1)->Name("stage/row decode/1 JSON of 75 B");

}  // namespace
}  // namespace tributary::source
