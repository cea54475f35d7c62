#include "pipeline/schema_records.h"

#include <optional>
#include <string>

#include "encode/encoder.h"
#include "sink/delivery.h"
#include "source/topology/schema_reader.h"

namespace tributary::pipeline {

using base::Status;

namespace {

constexpr std::int64_t schema_flush_ms_max = 60'000;

// A CREATE TABLE to be told.
struct Statement {
  const std::string& database;
  const std::string& text;
  const std::string& server_version;
};

Status send(const Config& config, const std::vector<Statement>& statements, const base::Clock& clock) {
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
  for (const Statement& statement : statements) {
    ++header.id;
    model::EncodedRecord record;
    record.value_begin = batch.bytes.size();
    encode::encode_ddl(header, statement.database, statement.text, statement.server_version, batch.bytes);
    record.value_size = static_cast<std::uint32_t>(batch.bytes.size() - record.value_begin);
    batch.records.push_back(record);
  }
  TRY(delivery->emit(batch, std::nullopt, never));
  return delivery->flush(schema_flush_ms_max, never);
}

}  // namespace

Status send_schemas(const Config& config, const source::Topology& topology, const std::vector<std::uint32_t>& tables,
                    const base::Clock& clock) {
  std::vector<Statement> statements;
  for (const std::uint32_t index : tables) {
    const source::LogicalTable& table = topology.tables[index];
    const auto& instance = topology.instances[topology.physical[table.shards.front()].instance];
    statements.push_back({table.schema->database, table.create_statement, instance.server_version});
  }
  return send(config, statements, clock);
}

Status send_late_schemas(const Config& config, const source::Instance& instance,
                         const std::vector<source::CapturedTable>& tables, const base::Clock& clock) {
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(instance.endpoint));
  std::vector<std::string> texts;
  texts.reserve(tables.size());  // statements refer to them
  std::vector<Statement> statements;
  for (const source::CapturedTable& names : tables) {
    auto text = source::read_create_statement(connection, names.database, names.table, names.logical_table);
    constexpr unsigned no_such_table = 1146;
    if (!text && connection.server_errno() == no_such_table) continue;
    if (!text) return base::fail(std::move(text.error()));
    texts.push_back(*std::move(text));
    statements.push_back({names.logical_database, texts.back(), instance.server_version});
  }
  return send(config, statements, clock);
}

}  // namespace tributary::pipeline
