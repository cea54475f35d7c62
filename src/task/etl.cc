#include "task/etl.h"

#include <fmt/format.h>

#include <algorithm>

#include "encode/encoder.h"
#include "mysql/connection.h"
#include "source/snapshot/text_row.h"
#include "source/snapshot/view.h"
#include "source/topology/topology.h"
#include "task/source_config.h"

namespace tributary::task {

using base::Result;
using base::Status;
using model::Operation;

namespace {

std::string name_of(const model::TableSchema& schema) { return schema.database + "." + schema.table; }

transform::Scripts scripts_of(const TaskSpec& spec, const EtlOptions& options) {
  transform::Scripts scripts = spec.scripts;
  if (options.script) scripts = {.text = *options.script, .tables = {}};
  scripts.policy = transform::etl::ErrorPolicy::stop;  // what fails is to be seen
  return scripts;
}

// Those asked for, or those with a script.
Result<std::vector<const source::LogicalTable*>> tables_of(const source::Topology& topology, const EtlOptions& options,
                                                           const transform::Scripts& scripts) {
  std::vector<const source::LogicalTable*> found;
  for (const std::string& name : options.tables) {
    const auto table = std::ranges::find_if(topology.tables, [&](const auto& t) { return name_of(*t.schema) == name; });
    if (table == topology.tables.end())
      return base::fail(base::ErrorCode::source_table_missing, "it is not among the task's tables", name);
    found.push_back(&*table);
  }
  if (!found.empty()) return found;
  for (const source::LogicalTable& table : topology.tables)
    if (!scripts.of(table.schema->database, table.schema->table).empty()) found.push_back(&table);
  return found;
}

// A row as a consumer of its record would read it.
Result<TailImage> image_of(const encode::RowEncoder& encoder, const std::vector<model::Value>& values) {
  base::Buffer bytes;
  encode::ChangeHeader header;
  header.position = header.safe_position = "0@0";
  TRY(encoder.encode(Operation::insert, header, {}, values, bytes));
  TRY_VALUE(const TailRecord record, read_tail_record(bytes.view()));
  return record.after.value_or(TailImage());
}

Status try_table(const source::Topology& topology, const source::LogicalTable& table,
                 const transform::Transformation& transformation, const EtlOptions& options, base::CancelToken& cancel,
                 const std::function<void(const EtlRow&)>& on_row) {
  const source::Instance& first = topology.instances[topology.physical[table.shards.front()].instance];
  TRY_VALUE(const transform::TablePlan plan,
            transformation.plan(table.schema, {first.flavour == mysql::Flavour::mariadb, first.version_number}));
  const auto source = encode::make_dts_avro_encoder(table.schema, {});
  const auto target = encode::make_dts_avro_encoder(plan.target(), {});
  std::uint64_t left = options.rows;
  for (const std::uint32_t shard : table.shards) {
    if (left == 0) break;
    const source::PhysicalTable& physical = topology.physical[shard];
    TRY_VALUE(mysql::Connection connection, source::open_snapshot_connection(topology.instances[physical.instance]));
    const source::TextRowPlan text(*table.schema);
    TRY_VALUE(mysql::RowStream rows, connection.stream(fmt::format("SELECT {} FROM {}.{} LIMIT {}", text.select_list(),
                                                                   mysql::quote_name(physical.database),
                                                                   mysql::quote_name(physical.table), left)));
    mysql::RowView view;
    std::vector<model::Value> values;
    while (true) {
      TRY_VALUE(const bool more, rows.next(view));
      if (!more) break;
      if (cancel.requested()) return base::fail(base::ErrorCode::cancelled);
      --left;
      TRY(text.read(view, values));
      EtlRow shown;
      shown.database = table.schema->database;
      shown.table = table.schema->table;
      TRY_VALUE(shown.before, image_of(*source, values));
      transform::Row row;
      row.operation = options.operation;
      row.commit_s = base::SystemClock::instance().now_ms() / 1000;
      if (options.operation != Operation::insert) row.before = values;
      if (options.operation != Operation::delete_) row.after = values;
      const auto verdict = plan.apply(row);
      if (!verdict) {
        shown.verdict = EtlRow::Verdict::failed;
        shown.problem = fmt::format("{} ({})", verdict.error().what, verdict.error().where);
      } else if (*verdict != transform::TablePlan::Verdict::sent) {
        shown.verdict = EtlRow::Verdict::left_out;
      } else {
        TRY_VALUE(shown.after, image_of(*target, options.operation == Operation::delete_ ? row.before : row.after));
      }
      on_row(shown);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<EtlTable>> check_etl(const TaskSpec& spec, const EtlOptions& options) {
  TRY_VALUE(const source::SourceConfig config, source_now(spec));
  TRY_VALUE(const source::Topology topology, source::discover(config));
  transform::Transformation transformation = transformation_of(spec);
  transformation.scripts = scripts_of(spec, options);
  TRY_VALUE(const auto chosen, tables_of(topology, options, transformation.scripts));
  std::vector<EtlTable> out;
  for (const source::LogicalTable* table : chosen) {
    const model::TableSchema& schema = *table->schema;
    EtlTable& row = out.emplace_back();
    row.database = schema.database;
    row.table = schema.table;
    const std::string_view script = transformation.scripts.of(schema.database, schema.table);
    row.has_script = !script.empty();
    if (!row.has_script) continue;
    const auto program = transform::etl::EtlProgram::compile(script, schema, {});
    if (!program) {
      row.error = program.error();
      continue;
    }
    for (const std::uint32_t column : program->changed_columns()) row.changed.push_back(schema.columns[column].name);
    for (std::size_t i = schema.columns.size(); i < program->output()->columns.size(); ++i)
      row.added.emplace_back(program->output()->columns[i].name, program->output()->columns[i].declared_type);
  }
  return out;
}

Status try_etl(const TaskSpec& spec, const EtlOptions& options, base::CancelToken& cancel,
               const std::function<void(const EtlRow&)>& on_row) {
  TRY_VALUE(const source::SourceConfig config, source_now(spec));
  TRY_VALUE(const source::Topology topology, source::discover(config));
  transform::Transformation transformation = transformation_of(spec);
  transformation.scripts = scripts_of(spec, options);
  transformation.additional_columns.clear();  // what scripts do is to be seen
  TRY_VALUE(const auto chosen, tables_of(topology, options, transformation.scripts));
  for (const source::LogicalTable* table : chosen)
    TRY(try_table(topology, *table, transformation, options, cancel, on_row));
  return {};
}

std::vector<EtlFunction> etl_functions() {
  std::vector<EtlFunction> out;
  for (const auto& f : transform::etl::describe_functions())
    out.push_back({std::string(f.name), std::string(f.group), std::string(f.signature), std::string(f.text)});
  return out;
}

}  // namespace tributary::task
