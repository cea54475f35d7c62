#include "encode/formats.h"

#include <fmt/format.h>

#include "encode/avro_frame.h"

namespace tributary::encode {
namespace {

// Another encoder's values behind a schema's id. Keys stay as they are.
class FramedEncoder final : public RowEncoder {
 public:
  FramedEncoder(std::unique_ptr<RowEncoder> inner, std::uint32_t schema_id)
      : inner_(std::move(inner)), frame_(avro::frame(schema_id)) {}

  base::Status encode(model::Operation operation, const ChangeHeader& header, std::span<const model::Value> before,
                      std::span<const model::Value> after, base::Buffer& out) const override {
    const std::size_t begin = out.size();
    out.append(avro::view(frame_));
    base::Status status = inner_->encode(operation, header, before, after, out);
    if (!status) [[unlikely]]
      out.resize_down(begin);
    return status;
  }
  bool key(std::span<const model::Value> row, base::Buffer& out) const override { return inner_->key(row, out); }
  void identity(std::span<const model::Value> row, base::Buffer& out) const override { inner_->identity(row, out); }
  RecordRules rules() const override { return inner_->rules(); }

 private:
  std::unique_ptr<RowEncoder> inner_;
  std::array<char, 5> frame_;
};

std::string subject_of(SubjectNaming naming, std::string_view topic, std::string_view record, std::string_view part) {
  switch (naming) {
    case SubjectNaming::record:
      return std::string(record);
    case SubjectNaming::topic_record:
      return fmt::format("{}-{}", topic, record);
    case SubjectNaming::topic:
      break;
  }
  return fmt::format("{}-{}", topic, part);
}

base::Result<std::uint32_t> register_with(const RegisterSchema& register_schema, const std::string& subject,
                                          std::string_view schema) {
  if (!register_schema) {
    return base::fail(base::ErrorCode::task_bad_value, "this record format needs a schema registry", "destination");
  }
  return register_schema(subject, schema);
}

base::Result<std::uint32_t> register_dts(const FormatOptions& options, std::string_view topic,
                                         const RegisterSchema& register_schema) {
  return register_with(register_schema, subject_of(options.subject_naming, topic, dts_avro_schema_name, "value"),
                       dts_avro_schema);
}

}  // namespace

std::string_view to_string(Format format) {
  switch (format) {
    case Format::dts_avro:
      return "dts_avro";
    case Format::canal_json:
      return "canal_json";
    case Format::debezium_json:
      return "debezium_json";
    case Format::plain_avro:
      return "avro";
  }
  return "";
}

base::Result<std::unique_ptr<RowEncoder>> make_encoder(const FormatOptions& options, model::TableSchemaPtr schema,
                                                       const SourceFacts& source, std::string_view topic,
                                                       const RegisterSchema& register_schema) {
  switch (options.format) {
    case Format::canal_json:
      return make_canal_json_encoder(std::move(schema), options.canal_json);
    case Format::debezium_json:
      return make_debezium_json_encoder(std::move(schema), options.debezium_json);
    case Format::plain_avro: {
      const PlainAvroSchemas schemas = plain_avro_schemas(*schema, options.plain_avro);
      SchemaIds ids;
      TRY_VALUE(ids.value,
                register_with(register_schema, subject_of(options.subject_naming, topic, schemas.value_name, "value"),
                              schemas.value));
      if (!schemas.key.empty()) {
        TRY_VALUE(ids.key,
                  register_with(register_schema, subject_of(options.subject_naming, topic, schemas.key_name, "key"),
                                schemas.key));
      }
      return make_plain_avro_encoder(std::move(schema), options.plain_avro, ids);
    }
    case Format::dts_avro:
      break;
  }
  DtsAvroOptions dts = options.dts_avro;
  dts.source_version = source.server_version;
  dts.source_txid = source.txid;
  std::unique_ptr<RowEncoder> encoder = make_dts_avro_encoder(std::move(schema), std::move(dts));
  if (!options.use_registry) return encoder;
  TRY_VALUE(const std::uint32_t id, register_dts(options, topic, register_schema));
  return std::make_unique<FramedEncoder>(std::move(encoder), id);
}

base::Result<DdlEncoder> DdlEncoder::make(const FormatOptions& options, const SourceFacts& source,
                                          std::string_view topic, const RegisterSchema& register_schema) {
  DdlEncoder made;
  made.options_ = options;
  made.source_ = source;
  if (options.format == Format::plain_avro) {
    TRY_VALUE(made.schema_id_,
              register_with(register_schema, subject_of(options.subject_naming, topic, statement_schema_name, "value"),
                            statement_schema));
  } else if (options.format == Format::dts_avro && options.use_registry) {
    TRY_VALUE(made.schema_id_, register_dts(options, topic, register_schema));
  }
  return made;
}

void DdlEncoder::encode(const ChangeHeader& header, std::string_view database, std::string_view table,
                        std::string_view statement, base::Buffer& out) const {
  switch (options_.format) {
    case Format::canal_json:
      return encode_canal_ddl(header, database, table, statement, out);
    case Format::debezium_json:
      return encode_debezium_ddl(options_.debezium_json, header, database, table, statement, out);
    case Format::plain_avro:
      return encode_plain_avro_ddl(schema_id_, header, database, table, statement, out);
    case Format::dts_avro:
      break;
  }
  if (options_.use_registry) {
    const auto frame = avro::frame(schema_id_);
    out.append(avro::view(frame));
  }
  encode_ddl(header, database, statement, source_.server_version, out);
}

base::Result<TransactionEncoder> TransactionEncoder::make(const FormatOptions& options, const SourceFacts& source,
                                                          std::string_view topic,
                                                          const RegisterSchema& register_schema) {
  if (options.format != Format::dts_avro)
    return base::fail(base::ErrorCode::task_bad_value, "only dts_avro has records of transactions", "destination");
  TransactionEncoder made;
  made.server_version_ = source.server_version;
  if (options.use_registry) {
    TRY_VALUE(made.schema_id_, register_dts(options, topic, register_schema));
  }
  return made;
}

void TransactionEncoder::encode(model::Operation operation, const ChangeHeader& header, base::Buffer& out) const {
  if (schema_id_) {
    const auto frame = avro::frame(*schema_id_);
    out.append(avro::view(frame));
  }
  encode_transaction(operation, header, server_version_, out);
}

}  // namespace tributary::encode
