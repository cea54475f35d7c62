// What a DDL statement costs: understood, put into the tracked schema, and told with other names.
#include <benchmark/benchmark.h>

#include <string>

#include "source/ddl/tracker.h"

namespace tributary::source {
namespace {

SchemaTracker tracker_of(std::size_t tables, const StatementContext& context) {
  SchemaTracker tracker({mysql::Flavour::mysql, 80036, 0, true, "utf8mb4_0900_ai_ci"});
  tracker.put_database("shop", "utf8mb4_0900_ai_ci");
  for (std::size_t i = 0; i < tables; ++i)
    tracker.apply(context, "CREATE TABLE orders_" + std::to_string(i) +
                               " (id BIGINT NOT NULL PRIMARY KEY, buyer INT, seller INT, state TINYINT, price "
                               "DECIMAL(12,2), rate DECIMAL(18,4), name VARCHAR(64), city VARCHAR(32), note "
                               "VARCHAR(255), code VARCHAR(20), made DATETIME, changed DATETIME(3), KEY (buyer))");
  return tracker;
}

// A column comes and goes in one of a shop's tables, as in a schema change over all its shards.
void alter(benchmark::State& state) {
  StatementContext context;
  context.database = "shop";
  SchemaTracker tracker = tracker_of(1000, context);
  const std::string sql[2] = {"ALTER TABLE orders_500 ADD COLUMN more VARCHAR(20) NOT NULL DEFAULT '' AFTER city",
                              "ALTER TABLE orders_500 DROP COLUMN more"};
  std::size_t turn = 0;
  for (auto _ : state)
    if (tracker.apply(context, sql[turn++ % 2]).outcome != Effect::Outcome::applied)
      return state.SkipWithError("not applied");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(alter)->Name("stage/DDL/ALTER TABLE among 1,000 tables (per statement)");

void create(benchmark::State& state) {
  StatementContext context;
  context.database = "shop";
  SchemaTracker tracker = tracker_of(1, context);
  const std::string sql =
      "CREATE TABLE copy (id BIGINT NOT NULL PRIMARY KEY, buyer INT, name VARCHAR(64), made DATETIME)";
  for (auto _ : state) {
    if (tracker.look(context, sql).outcome != Effect::Outcome::applied) return state.SkipWithError("not applied");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(create)->Name("stage/DDL/CREATE TABLE, looked at (per statement)");

void not_ddl(benchmark::State& state) {
  StatementContext context;
  context.database = "shop";
  const SchemaTracker tracker = tracker_of(1000, context);
  const std::string sql =
      "INSERT INTO elsewhere VALUES (1, 'a statement of another kind, as statement-based logs hold')";
  for (auto _ : state) {
    const Effect effect = tracker.look(context, sql);
    if (effect.is_ddl) return state.SkipWithError("taken for DDL");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(not_ddl)->Name("stage/DDL/a statement that is none (per statement)");

}  // namespace
}  // namespace tributary::source
