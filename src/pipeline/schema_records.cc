#include "pipeline/schema_records.h"

#include <numeric>
#include <optional>

#include "encode/encoder.h"
#include "sink/delivery.h"
#include "source/topology/schema_reader.h"

namespace tributary::pipeline {

using base::Status;

namespace {

constexpr std::int64_t schema_flush_ms_max = 60'000;

}  // namespace

Status send_schemas(const Config& config, const source::Topology& topology, const std::vector<std::uint32_t>& tables,
                    const base::Clock& clock) {
  base::CancelToken never;
  TRY_VALUE(const auto delivery,
            sink::at_least_once(config.kafka, {config.ddl_topic.empty() ? config.topic : config.ddl_topic},
                                sink::Tracking{.emitted = [](auto, auto, auto) {},
                                               .marked = [](auto, auto) {},
                                               .acked = [](auto, auto) {},
                                               .flush = []() -> Status { return {}; },
                                               .status = []() -> Status { return {}; }}));
  model::RecordBatch batch;
  encode::ChangeHeader header;
  header.position = header.safe_position = "0@0";
  header.read_ms = clock.now_ms();
  header.timestamp_s = header.read_ms / 1000;
  for (const std::uint32_t index : tables) {
    const source::LogicalTable& table = topology.tables[index];
    const auto& instance = topology.instances[topology.physical[table.shards.front()].instance];
    ++header.id;
    model::EncodedRecord record;
    record.value_begin = batch.bytes.size();
    encode::encode_ddl(header, table.schema->database, table.create_statement, instance.server_version, batch.bytes);
    record.value_size = static_cast<std::uint32_t>(batch.bytes.size() - record.value_begin);
    batch.records.push_back(record);
  }
  TRY(delivery->emit(batch, std::nullopt, never));
  return delivery->flush(schema_flush_ms_max, never);
}

Status send_late_schemas(const Config& config, const source::Instance& instance,
                         const std::vector<source::CapturedTable>& tables, const base::Clock& clock) {
  source::Topology topology;
  topology.instances.push_back(instance);
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(instance.endpoint));
  for (const source::CapturedTable& names : tables) {
    const auto index = static_cast<std::uint32_t>(topology.tables.size());
    auto schema = std::make_shared<model::TableSchema>();
    schema->database = names.logical_database;
    schema->table = names.logical_table;
    auto statement = source::read_create_statement(connection, names.database, names.table, names.logical_table);
    constexpr unsigned no_such_table = 1146;
    if (!statement && connection.server_errno() == no_such_table) continue;
    if (!statement) return base::fail(std::move(statement.error()));
    source::LogicalTable table;
    table.schema = std::move(schema);
    table.create_statement = *std::move(statement);
    table.shards = {index};
    topology.tables.push_back(std::move(table));
    source::PhysicalTable physical;
    physical.logical = index;
    physical.database = names.database;
    physical.table = names.table;
    topology.physical.push_back(std::move(physical));
  }
  std::vector<std::uint32_t> all(topology.tables.size());
  std::iota(all.begin(), all.end(), 0U);
  return send_schemas(config, topology, all, clock);
}

}  // namespace tributary::pipeline
