// What a condition costs per row.
#include <benchmark/benchmark.h>

#include "transform/etl/test_row.h"
#include "transform/filter/filter.h"

namespace tributary::transform {
namespace {

void test_row(benchmark::State& state, std::string_view condition) {
  etl::TestRow row(R"(id bigint = 4711
status varchar(20) = 'paid'
amount decimal(12,2) = 150.50
created_at datetime = 2024-01-31 10:20:30
phone varchar(20) = '13812345678'
)");
  for (model::Column& column : row.schema().columns)
    if (column.type == model::ColumnType::varchar) column.collation = "utf8mb4_general_ci";
  const auto filter = Filter::compile(condition, row.schema(), {});
  if (!filter) return state.SkipWithError(filter.error().message().c_str());
  Filter::Scratch scratch;
  for (auto _ : state) {
    const auto verdict = filter->test(row.after(), scratch);
    if (!verdict || *verdict != Filter::Verdict::yes) state.SkipWithError("the row is not kept");
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(test_row, text_and_number, "status = 'paid' AND amount > 10")->Name("stage/filter/text and decimal");
BENCHMARK_CAPTURE(test_row, integer, "id IN (1, 17, 4711)")->Name("stage/filter/integer in a list");
BENCHMARK_CAPTURE(test_row, date, "created_at >= '2024-01-01'")->Name("stage/filter/date");
BENCHMARK_CAPTURE(test_row, made_text, "LOWER(LEFT(status, 2)) = 'pa'")->Name("stage/filter/text that is made");
BENCHMARK_CAPTURE(test_row, regexp, "phone REGEXP '^1[3-9][0-9]{9}$'")->Name("stage/filter/REGEXP");

}  // namespace
}  // namespace tributary::transform
