#include "pipeline/schema_records.h"

#include <optional>
#include <string>

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

}  // namespace

Status send_schemas(const Config& config, const source::Topology& topology, const std::vector<std::uint32_t>& tables,
                    const base::Clock& clock, store::Store& store, const std::string& subtask) {
  std::vector<DdlText> statements;
  for (const std::uint32_t index : tables) {
    const source::LogicalTable& table = topology.tables[index];
    const auto& instance = topology.instances[topology.physical[table.shards.front()].instance];
    statements.push_back(
        {table.schema->database, table.schema->table, table.create_statement, instance.server_version});
  }
  base::CancelToken never;
  TRY_VALUE(const KeptDelivery kept, KeptDelivery::open(config, store, subtask, {config.topic_of_statements()}, never));
  checkpoint::SubtaskCheckpoint done = kept.state;
  done.schema_done = true;
  ++done.revision;
  const sink::Router router(config.partition_policy, {std::uint16_t{config.has_ddl_topic()}, config.partitions}, 0);
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
  std::vector<std::string> texts;
  texts.reserve(tables.size());  // statements refer to them
  std::vector<DdlText> statements;
  for (const source::CapturedTable& names : tables) {
    auto text = source::read_create_statement(connection, names.database, names.table, names.logical_table);
    constexpr unsigned no_such_table = 1146;
    if (!text && connection.server_errno() == no_such_table) continue;
    if (!text) return base::fail(std::move(text.error()));
    texts.push_back(*std::move(text));
    statements.push_back({names.logical_database, names.logical_table, texts.back(), instance.server_version});
  }
  return encoded(config, statements, router, clock);
}

}  // namespace tributary::pipeline
