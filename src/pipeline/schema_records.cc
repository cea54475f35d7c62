#include "pipeline/schema_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "mysql/connection.h"
#include "pipeline/append_record.h"
#include "pipeline/kept_delivery.h"
#include "source/topology/schema_reader.h"

namespace tributary::pipeline {

using base::Status;

namespace {

constexpr std::int64_t schema_flush_ms_max = 60'000;

base::Result<model::RecordBatch> encoded(const Config& config, const std::vector<DdlText>& statements,
                                         const sink::Router& router, const base::Clock& clock) {
  model::RecordBatch batch;
  encode::ChangeHeader header;
  header.position = header.safe_position = "0@0";
  header.read_ms = clock.now_ms();
  header.timestamp_s = header.read_ms / 1000;
  for (const DdlText& statement : statements) {
    ++header.id;
    TRY(append_ddl(config, statement, router, header, batch));
  }
  return batch;
}

std::string columns_of(const model::TableSchema& table, const model::Key& key) {
  std::string out;
  for (const std::uint32_t i : key.columns) out += (out.empty() ? "" : ", ") + mysql::quote_name(table.columns[i].name);
  return "(" + out + ")";
}

std::string create_statement(const model::TableSchema& table) {
  std::string out;
  for (const model::Column& column : table.columns) {
    if (column.is_hidden) continue;
    out += fmt::format("{}\n  {} {}", out.empty() ? "" : ",", mysql::quote_name(column.name), column.declared_type);
    const bool has_charset = !column.charset.empty() && column.charset != "binary";
    if (has_charset) out += " CHARACTER SET " + column.charset;
    if (has_charset && !column.collation.empty()) out += " COLLATE " + column.collation;
    if (!column.is_nullable) out += " NOT NULL";
  }
  for (const model::Key& key : table.keys)
    out += key.is_primary ? ",\n  PRIMARY KEY " + columns_of(table, key)
                          : fmt::format(",\n  UNIQUE KEY {} {}", mysql::quote_name(key.name), columns_of(table, key));
  return fmt::format("CREATE TABLE {} ({}\n)", mysql::quote_name(table.table), out);
}

// `text` is the source's, under the name of the logical table.
base::Result<DdlText> as_it_leaves(const Config& config, const model::TableSchemaPtr& source, const std::string& text,
                                   const source::Instance& instance) {
  TRY_VALUE(const transform::TablePlan plan, config.transformation.plan(source, dialect_of(instance)));
  const model::TableSchema& target = *plan.target();
  const bool same_columns =
      std::ranges::equal(source->columns, target.columns, {}, &model::Column::name, &model::Column::name);
  const std::string begin = "CREATE TABLE " + mysql::quote_name(source->table);
  DdlText out{target.database, target.table, {}, instance.server_version};
  if (same_columns && text.starts_with(begin))
    out.text = "CREATE TABLE " + mysql::quote_name(target.table) + text.substr(begin.size());
  else
    out.text = create_statement(target);
  return out;
}

}  // namespace

Status send_schemas(const Config& config, const source::Topology& topology, const std::vector<std::uint32_t>& tables,
                    const base::Clock& clock, store::Store& store, const std::string& subtask) {
  std::vector<DdlText> statements;
  for (const std::uint32_t index : tables) {
    const source::LogicalTable& table = topology.tables[index];
    const auto& instance = topology.instances[topology.physical[table.shards.front()].instance];
    TRY_VALUE(DdlText statement, as_it_leaves(config, table.schema, table.create_statement, instance));
    statements.push_back(std::move(statement));
  }
  base::CancelToken never;
  TRY_VALUE(const KeptDelivery kept, KeptDelivery::open(config, store, subtask, never));
  checkpoint::SubtaskCheckpoint done = kept.state;
  done.schema_done = true;
  ++done.revision;
  const sink::Router router(config.partition_policy, config.topics);
  TRY_VALUE(model::RecordBatch batch, encoded(config, statements, router, clock));
  const sink::MakeMark mark = [&done] {
    return [text = checkpoint::serialise(done)] { return base::Result<std::string>(text); };
  };
  TRY(kept.delivery->emit(batch, mark, sink::When::now, never));
  return kept.delivery->flush(schema_flush_ms_max, never);
}

base::Result<model::RecordBatch> late_schemas(const Config& config, const source::Instance& instance,
                                              const std::vector<source::CapturedTable>& tables,
                                              const sink::Router& router, const base::Clock& clock) {
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(instance.endpoint));
  std::vector<DdlText> statements;
  for (const source::CapturedTable& names : tables) {
    auto text = source::read_create_statement(connection, names.database, names.table, names.logical_table);
    constexpr unsigned no_such_table = 1146;
    if (!text && connection.server_errno() == no_such_table) continue;
    if (!text) return base::fail(std::move(text.error()));
    TRY_VALUE(auto found, source::read_schemas(connection, names.database, {names.table}));
    if (found.empty()) continue;
    auto schema = std::make_shared<model::TableSchema>(std::move(found.begin()->second));
    schema->database = names.logical_database;
    schema->table = names.logical_table;
    TRY_VALUE(DdlText statement, as_it_leaves(config, schema, *text, instance));
    statements.push_back(std::move(statement));
  }
  return encoded(config, statements, router, clock);
}

}  // namespace tributary::pipeline
