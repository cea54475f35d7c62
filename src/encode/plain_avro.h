// A record schema for each table, made of the table's structure, and the rows as data of it behind the id that a schema
// registry gave the schema. A record holds the row after the change (the row before it for a DELETE) and, behind the
// columns, what happened: __op ("c", "u", "d", "r" as Debezium's), __id, __ts_ms, __read_ts_ms, __position, __gtid.
// docs/formats.md has the types. Errors and threads: as RowEncoder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "encode/encoder.h"

namespace tributary::encode {

struct PlainAvroOptions {
  std::string namespace_prefix;        // in front of database and table
  bool every_column_nullable = false;  // so that columns can come and go under any compatibility level
  bool time_of_day = false;            // TIME as time-micros; a value outside the day is then an error
  bool tombstones = false;
};

struct PlainAvroSchemas {
  std::string value_name;  // full name: "shop.orders.Value"
  std::string value;
  std::string key_name;
  std::string key;  // empty for a table without a key
};
PlainAvroSchemas plain_avro_schemas(const model::TableSchema& schema, const PlainAvroOptions& options);

struct SchemaIds {
  std::uint32_t value = 0;
  std::uint32_t key = 0;
};
std::unique_ptr<RowEncoder> make_plain_avro_encoder(model::TableSchemaPtr schema, const PlainAvroOptions& options,
                                                    SchemaIds ids);

// Statements have one schema for all tables.
inline constexpr std::string_view statement_schema_name = "tributary.Statement";
extern const std::string_view statement_schema;
void encode_plain_avro_ddl(std::uint32_t schema_id, const ChangeHeader& header, std::string_view database,
                           std::string_view table, std::string_view statement, base::Buffer& out);

// A legal Avro name: other characters than letters, digits and underscores become _u and their number in hex.
std::string avro_name(std::string_view name);

}  // namespace tributary::encode
