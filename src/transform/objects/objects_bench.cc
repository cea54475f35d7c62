// What the start of a task costs with 20,000 tables of 20 columns: the list is read, compiled and applied to the
// source's catalogue; and one batch edit of all tables. Nothing of it is on the row's way.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "transform/objects/batch_edit.h"
#include "transform/objects/bench_catalogue.h"
#include "transform/objects/selection.h"

namespace tributary::transform {
namespace {

constexpr int table_count = 20'000, column_count = 20;

Catalogue catalogue_of_many() {
  Catalogue catalogue;
  catalogue.databases.push_back({"big", {}, {}});
  for (int i = 0; i < table_count; ++i) {
    std::vector<std::string> columns;
    for (int c = 0; c < column_count; ++c) columns.push_back(fmt::format("column_{}", c));
    catalogue.databases[0].tables.push_back(table_of("big", fmt::format("table_{}", i), std::move(columns)));
  }
  return catalogue;
}

std::string each_table_renamed() {
  std::string json = R"({"big":{"name":"large","all":false,"Table":{)";
  for (int i = 0; i < table_count; ++i)
    json += fmt::format(R"({}"table_{}":{{"name":"renamed_{}","all":true,"column":{{"column_3":{{"name":"third"}}}}}})",
                        i == 0 ? "" : ",", i, i);
  return json + "}}}";
}

void select(benchmark::State& state, const std::string& json, Capitalization capitalization) {
  const Catalogue catalogue = catalogue_of_many();
  for (auto _ : state) {
    auto list = ObjectList::from_db_list(json);
    const auto rules = ObjectRules::compile(std::move(*list), capitalization);
    const auto selection = resolve(*rules, catalogue);
    std::size_t mapped = 0;
    for (std::size_t i = 0; i < selection->tables.size(); ++i)
      mapped += map_schema(selection->tables[i], catalogue.databases[0].tables[i])->from.size();
    if (mapped != std::size_t{table_count} * column_count) state.SkipWithError("a table is missing");
    benchmark::DoNotOptimize(mapped);
  }
}

void objects_20000_tables_renamed(benchmark::State& state) {
  select(state, each_table_renamed(), Capitalization::default_);
}
void objects_20000_tables_of_a_database(benchmark::State& state) {
  select(state, R"({"big":{}})", Capitalization::upper);
}
void objects_20000_tables_by_patterns(benchmark::State& state) {
  std::string json = R"({"big":{"all":false,"Table":{"tmp_.*":{"patternType":"REGEX","filterType":"BLACK"})";
  for (int i = 0; i < 10; ++i)
    json += fmt::format(R"j(,"table_(\\d*{})":{{"patternType":"REGEX","name":"t{}_{{1}}",
                             "column":{{"column_.":{{"patternType":"REGEX"}}}}}})j",
                        i, i);
  select(state, json + "}}}", Capitalization::default_);
}

void objects_20000_tables_batch_edited(benchmark::State& state) {
  const Catalogue catalogue = catalogue_of_many();
  const auto rules = ObjectRules::compile(*ObjectList::from_db_list(R"({"big":{}})"));
  const auto selection = resolve(*rules, catalogue);
  for (auto _ : state) {
    const auto renamings = preview(*rules, catalogue, *selection,
                                   {BatchEdit::Of::tables, BatchEdit::How::pattern, "table_(\\d+)", "t{1}"});
    const auto list = apply_renamings(*rules, *renamings);
    if (list->databases[0].items(ItemType::table)->size() != table_count) state.SkipWithError("a table is missing");
  }
}

BENCHMARK(objects_20000_tables_renamed)->Unit(benchmark::kMillisecond);
BENCHMARK(objects_20000_tables_of_a_database)->Unit(benchmark::kMillisecond);
BENCHMARK(objects_20000_tables_by_patterns)->Unit(benchmark::kMillisecond);
BENCHMARK(objects_20000_tables_batch_edited)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tributary::transform
