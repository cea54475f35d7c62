// The record formats a task can choose, behind one factory. An encoder is made once for each structure of a table; only
// then is the schema registry asked, through a function that the caller gives, so that no network is on the row path.
// Errors: those of that function; task_bad_value for options that don't go together. Threads: functions without state.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "encode/canal_json.h"
#include "encode/debezium_json.h"
#include "encode/encoder.h"
#include "encode/plain_avro.h"

namespace tributary::encode {

enum class Format : std::uint8_t { dts_avro, canal_json, debezium_json, plain_avro };

// "dts_avro", "canal_json", ... as in the task file.
std::string_view to_string(Format format);

// How the subject of a schema is named (Confluent's strategies): <topic>-value; <full name of the record>;
// <topic>-<full name of the record>. Topics with records of several tables need one of the latter two for plain Avro.
enum class SubjectNaming : std::uint8_t { topic, record, topic_record };

struct FormatOptions {
  Format format = Format::dts_avro;
  bool use_registry = false;  // DTS Avro behind a schema's id; plain Avro is always so
  SubjectNaming subject_naming = SubjectNaming::topic;
  DtsAvroOptions dts_avro;  // source_version and source_txid are taken from SourceFacts
  CanalJsonOptions canal_json;
  DebeziumJsonOptions debezium_json;
  PlainAvroOptions plain_avro;
};

// What is known of the storage server whose rows are encoded.
struct SourceFacts {
  std::string server_version;
  std::string txid = "0";
};

// Registers an Avro schema under a subject and returns its id; the same schema gives the same id each time.
using RegisterSchema = std::function<base::Result<std::uint32_t>(const std::string& subject, std::string_view schema)>;

base::Result<std::unique_ptr<RowEncoder>> make_encoder(const FormatOptions& options, model::TableSchemaPtr schema,
                                                       const SourceFacts& source, std::string_view topic,
                                                       const RegisterSchema& register_schema = {});

// Statements on tables, for the topic they go to.
class DdlEncoder {
 public:
  static base::Result<DdlEncoder> make(const FormatOptions& options, const SourceFacts& source, std::string_view topic,
                                       const RegisterSchema& register_schema = {});
  // Appends the record's value; `table` may be empty.
  void encode(const ChangeHeader& header, std::string_view database, std::string_view table, std::string_view statement,
              base::Buffer& out) const;

 private:
  FormatOptions options_;
  SourceFacts source_;
  std::uint32_t schema_id_ = 0;
};

// BEGIN, COMMIT and HEARTBEAT, which only DTS Avro has.
class TransactionEncoder {
 public:
  static base::Result<TransactionEncoder> make(const FormatOptions& options, const SourceFacts& source,
                                               std::string_view topic, const RegisterSchema& register_schema = {});
  // Appends the record's value.
  void encode(model::Operation operation, const ChangeHeader& header, base::Buffer& out) const;

 private:
  std::string server_version_;
  std::optional<std::uint32_t> schema_id_;  // in front of records
};

// Record.avsc as one schema, without white space: what a registry takes.
extern const std::string_view dts_avro_schema;
inline constexpr std::string_view dts_avro_schema_name = "com.alibaba.dts.formats.avro.Record";

}  // namespace tributary::encode
