// The change events of Debezium's MySQL connector as Kafka Connect's JsonConverter writes them, with and without the
// schema in front of the payload. Types are those of time.precision.mode=adaptive_time_microseconds and
// binary.handling.mode=bytes. What differs from the connector, and why, stands in docs/formats.md.
// Errors and threads: as RowEncoder. Keys: {"column":value...} of TableSchema::identity, or schema and payload.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "encode/encoder.h"

namespace tributary::encode {

// Of `source.version`: the connector whose documentation the records follow.
inline constexpr std::string_view debezium_source_version = "2.7.0.Final";

struct DebeziumJsonOptions {
  bool with_schema = false;      // value.converter.schemas.enable and key.converter.schemas.enable
  std::string topic_prefix;      // topic.prefix: the name of the source, in `source.name` and in names of schemas
  std::string version;           // `source.version`
  std::string binlog_base_name;  // "mysql-bin", for changes whose header has only a file's number
  enum class Decimals : std::uint8_t { precise, text, real } decimals = Decimals::precise;  // decimal.handling.mode
  bool unsigned_bigint_precise = false;  // bigint.unsigned.handling.mode: false long, true precise
  bool tombstones = true;                // tombstones.on.delete
};

std::unique_ptr<RowEncoder> make_debezium_json_encoder(model::TableSchemaPtr schema,
                                                       const DebeziumJsonOptions& options);

// Appends a schema change event, without the structure of the table (tableChanges is empty).
void encode_debezium_ddl(const DebeziumJsonOptions& options, const ChangeHeader& header, std::string_view database,
                         std::string_view table, std::string_view statement, base::Buffer& out);

}  // namespace tributary::encode
