// Turns changes of rows into the bytes of one record format. This header has what all formats share, and DTS Avro: a
// bare Avro datum of com.alibaba.dts.formats.avro.Record (Record.avsc), as the public DTS subscription demos and SDK
// read it. formats.h chooses among the formats; docs/formats.md shows each.
//
// One encoder serves one table; everything that is the same for all its rows is encoded once, when it is made.
// A double of -0 is written as 0, since not every server prints its sign.
// Rows are spans of model::Value in the order of TableSchema::columns, hidden columns included.
//
// Errors: data_schema_mismatch when a row does not fit the schema, with the column's name in `where`; nothing is
// appended then. Threads: an encoder is immutable, any number of threads may use it, each with its own buffer.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/error.h"
#include "model/record.h"
#include "model/schema.h"
#include "model/value.h"

namespace tributary::encode {

// What a change carries besides its row. `timestamp_s` is the time of the change at the source (seconds since the
// epoch), `read_ms` the time it was read (milliseconds). Positions are "offset@file number", ASCII.
struct ChangeHeader {
  std::uint64_t id = 0;
  std::int64_t timestamp_s = 0;
  std::string_view position;
  std::string_view safe_position;
  std::int64_t read_ms = 0;
  std::uint32_t server_id = 0;  // 0: unknown, the tag is left out
  std::uint64_t thread_id = 0;  // 0: unknown, the tag is left out

  // What DTS Avro has no room for and other formats carry. Empty or 0: unknown. Without `binlog_file` the place is
  // taken from `position`.
  std::string_view gtid = {};
  std::string_view binlog_file = {};  // "mysql-bin.000143"
  std::uint64_t binlog_offset = 0;    // of the event in that file
  std::uint32_t row_index = 0;        // of the row in its event
  bool is_snapshot = false;           // INIT rows are of the snapshot anyhow
};

// What a format wants of the one who sends its records, besides a record for each change.
struct RecordRules {
  // Behind a DELETE follows a record with the same key and a null value, for topics that are compacted.
  bool tombstone_after_delete = false;
  // An UPDATE that changes the key (two keys of key() that differ) is sent as a DELETE of the row before, under its
  // key, with its tombstone, and an INSERT of the row after, under the new one.
  bool key_change_is_two_records = false;
};

class RowEncoder {
 public:
  virtual ~RowEncoder() = default;

  // Appends the value of one record. INSERT and INIT take `after`, DELETE takes `before`, UPDATE both; the other one is
  // ignored. Any other operation is an error.
  [[nodiscard]] virtual base::Status encode(model::Operation operation, const ChangeHeader& header,
                                            std::span<const model::Value> before, std::span<const model::Value> after,
                                            base::Buffer& out) const = 0;

  // Appends the Kafka key. Unless the format has keys of its own (Debezium JSON, plain Avro) it is the UTF-8 JSON array
  // ["db","table",key...] of TableSchema::key_columns(); false (nothing appended)
  // when there are none. Integers, FLOAT and DOUBLE are bare numbers; DECIMAL, dates and strings are JSON strings;
  // binary values, and strings that can't be turned into UTF-8, are strings of lower-case hex. TIMESTAMP is in UTC. The
  // same stored key gives the same bytes whichever reader it came from. A value that does not fit its column becomes
  // null: encode() is what reports it.
  virtual bool key(std::span<const model::Value> row, base::Buffer& out) const = 0;

  // Appends bytes which are equal for two rows of this table exactly when all columns of TableSchema::identity are
  // (hidden ones too). Appends nothing for a table without any identity.
  virtual void identity(std::span<const model::Value> row, base::Buffer& out) const = 0;

  virtual RecordRules rules() const { return {}; }
};

struct DtsAvroOptions {
  std::string source_version;  // of the server that holds the rows: "8.0.34"
  std::string source_txid = "0";

  // With both set objectName is this one instead of TableSchema's; l_db_name and l_tb_name stay the schema's.
  std::string physical_database;
  std::string physical_table;

  // Which tags a row's record has. pk_uk_info is left out by itself when the table has no visible key.
  bool tag_pk_uk_info = true;
  bool tag_meta_version = true;  // metaVersion
  bool tag_logical_name = true;  // l_db_name, l_tb_name
  bool tag_server_id = true;
  bool tag_thread_id = true;
  bool tag_reader_time = true;  // readerThroughoutTime
};

std::unique_ptr<RowEncoder> make_dts_avro_encoder(model::TableSchemaPtr schema, DtsAvroOptions options);

// Appends a DDL record: objectName is the database, the statement is the string of afterImages.
void encode_ddl(const ChangeHeader& header, std::string_view database, std::string_view statement,
                std::string_view source_version, base::Buffer& out);

// Appends a BEGIN, COMMIT or HEARTBEAT record: it has no object, fields or images. header.gtid becomes the tag GTID.
void encode_transaction(model::Operation operation, const ChangeHeader& header, std::string_view source_version,
                        base::Buffer& out);

// A name as a part of objectName: each dot becomes the six characters \u002E.
std::string object_name_part(std::string_view name);

}  // namespace tributary::encode
