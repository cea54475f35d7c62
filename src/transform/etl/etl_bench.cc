// What a script costs per row, of 12 columns as in the encoder's benchmark.
#include <benchmark/benchmark.h>

#include <string>

#include "transform/etl/test_row.h"

namespace tributary::transform::etl {
namespace {

constexpr std::string_view orders = R"(id bigint = 4711
customer_id int = 99
quantity int = 3
state tinyint = 1
amount decimal(12,2) = 150.50 was 99.90
tax decimal(12,4) = 12.3400
sku varchar(20) = 'A-1042-X'
phone varchar(20) = '13812345678'
address varchar(100) = '1 Long Street, Some Town'
note varchar(100) = 'leave at the door'
created_at datetime = 2024-01-31 10:20:30
updated_at datetime(6) = 2024-01-31 10:20:30.500
)";

void run_script(benchmark::State& state, std::string_view script, model::Operation operation) {
  TestRow row(orders);
  const auto program = row.compile(script);
  if (!program) return state.SkipWithError(program.error().message().c_str());
  Scratch scratch;
  std::vector<model::Value> before, after;
  Change change{
      .operation = operation, .commit_s = TestRow::commit_s, .commit_micros = 0, .before = {}, .after = row.after()};
  if (operation == model::Operation::update) change.before = row.before();
  for (auto _ : state) {
    if (!program->run(change, scratch, before, after)) state.SkipWithError("a row failed");
    benchmark::DoNotOptimize(after.data());
  }
  state.SetItemsProcessed(state.iterations());
}

constexpr std::string_view mask = "e_if(op_gt(`amount`, 100), e_set(`phone`, str_mask(`phone`, 3, 6, '*')))";
BENCHMARK_CAPTURE(run_script, mask, mask, model::Operation::insert)->Name("stage/etl/compare and mask, INSERT");
BENCHMARK_CAPTURE(run_script, mask_update, mask, model::Operation::update)->Name("stage/etl/compare and mask, UPDATE");
BENCHMARK_CAPTURE(run_script, constant, "e_set(`note`, '')", model::Operation::insert)
    ->Name("stage/etl/set a constant");
BENCHMARK_CAPTURE(run_script, stamp, "e_compose(e_set(`synced`, __COMMIT_TIMESTAMP__), e_set(`kind`, __OPERATION__))",
                  model::Operation::insert)
    ->Name("stage/etl/add two columns");
BENCHMARK_CAPTURE(run_script, regex, "e_keep(regex_match(`phone`, '^1[3-9]\\d{9}$'))", model::Operation::insert)
    ->Name("stage/etl/keep by regular expression");

}  // namespace
}  // namespace tributary::transform::etl
