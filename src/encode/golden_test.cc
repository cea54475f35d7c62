// The nine vectors of tests/data/dts-avro/vectors.json, which were made and checked by two other Avro implementations.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "encode/decoder.h"
#include "encode/encoder.h"
#include "encode/sample_schema.h"
#include "model/text.h"

namespace tributary::encode {
namespace {

using model::ColumnType;
using model::Operation;
using model::Value;
using model::ValueKind;
using nlohmann::json;

const json& vectors() {
  static const json parsed = json::parse(std::ifstream(TRIBUTARY_SOURCE_DIR "/tests/data/dts-avro/vectors.json"));
  return parsed.at("vectors");
}

std::string from_hex(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string to_hex(std::string_view bytes) {
  std::string digits(2 * bytes.size(), '\0');
  model::write_hex(digits.data(), bytes);
  return digits;
}

std::string golden(const std::string& name) { return vectors().at(name).at("hex"); }

std::optional<std::int32_t> part(const json& value) {
  if (value.is_null()) return std::nullopt;
  return value.get<std::int32_t>();
}

dts::Value value_of(const json& item) {
  if (item.is_null()) return dts::Null{};
  const std::string branch = item.begin().key();
  const json& v = item.begin().value();
  const auto bytes = [](const json& b) { return from_hex(b.at("hex")); };
  if (branch == "Integer") return dts::Integer{v["precision"], v["value"]};
  if (branch == "Character") return dts::Character{v["charset"], bytes(v["value"])};
  if (branch == "Decimal") return dts::Decimal{v["value"], v["precision"], v["scale"]};
  if (branch == "Float") return dts::Float{v["value"], v["precision"], v["scale"]};
  if (branch == "Timestamp") return dts::Timestamp{v["timestamp"], v["millis"]};
  if (branch == "DateTime") {
    return dts::DateTime{part(v["year"]),   part(v["month"]),  part(v["day"]),   part(v["hour"]),
                         part(v["minute"]), part(v["second"]), part(v["millis"])};
  }
  if (branch == "BinaryGeometry") return dts::BinaryGeometry{v["type"], bytes(v["value"])};
  if (branch == "BinaryObject") return dts::BinaryObject{v["type"], bytes(v["value"])};
  if (branch == "TextObject") return dts::TextObject{v["type"], v["value"]};
  throw std::runtime_error("a branch this test does not know: " + branch);
}

dts::Images images_of(const json& part) {
  if (part.is_null()) return {};
  if (part.is_string()) return part.get<std::string>();
  std::vector<dts::Value> values;
  for (const json& item : part) values.push_back(value_of(item));
  return values;
}

dts::Record record_of(const json& r) {
  dts::Record record;
  record.version = r.at("version");
  record.id = r.at("id");
  record.source_timestamp = r.at("sourceTimestamp");
  record.source_position = r.at("sourcePosition");
  record.safe_source_position = r.at("safeSourcePosition");
  record.source_txid = r.at("sourceTxid");
  record.source_version = r.at("source").at("version");
  const std::map<std::string, std::int32_t> operations = {{"INSERT", 0}, {"UPDATE", 1}, {"DELETE", 2},    {"DDL", 3},
                                                          {"BEGIN", 4},  {"COMMIT", 5}, {"HEARTBEAT", 8}, {"INIT", 16}};
  record.operation = operations.at(r.at("operation"));
  if (!r.at("objectName").is_null()) record.object_name = r.at("objectName");
  for (const char* key : {"pk_uk_info", "metaVersion"}) {
    if (r.at("tags").contains(key)) record.tags.emplace_back(key, r.at("tags").at(key));
  }
  if (!r.at("fields").is_null()) {
    std::vector<dts::Field> fields;
    for (const json& field : r.at("fields")) fields.push_back({field["name"], field["dataTypeNumber"]});
    record.fields = fields;
  }
  record.before_images = images_of(r.at("beforeImages"));
  record.after_images = images_of(r.at("afterImages"));
  record.born_timestamp = r.at("bornTimestamp");
  return record;
}

TEST(GoldenVectors, AllNineDecodeToTheirRecordsAndEncodeToTheirBytes) {
  ASSERT_EQ(vectors().size(), 9U);
  for (const auto& [name, vector] : vectors().items()) {
    const std::string bytes = from_hex(vector.at("hex"));
    const dts::Record expected = record_of(vector.at("record"));
    const auto decoded = dts::decode_record(bytes);
    ASSERT_TRUE(decoded.has_value()) << name << ": " << decoded.error().message();
    EXPECT_TRUE(*decoded == expected) << name;
    EXPECT_EQ(decoded->operation_name(), vector.at("record").at("operation")) << name;
    base::Buffer out;
    dts::encode_record(expected, out);
    EXPECT_EQ(to_hex(out.view()), to_hex(bytes)) << name;
  }
}

// The vectors' tags: pk_uk_info alone, and metaVersion in one of them.
DtsAvroOptions vector_options(std::string source_version) {
  DtsAvroOptions options;
  options.source_version = std::move(source_version);
  options.tag_meta_version = options.tag_logical_name = false;
  options.tag_server_id = options.tag_thread_id = options.tag_reader_time = false;
  return options;
}

std::string encoded(const model::TableSchemaPtr& schema, const DtsAvroOptions& options, Operation operation,
                    const ChangeHeader& header, std::span<const Value> before, std::span<const Value> after) {
  base::Buffer out;
  const base::Status status = make_dts_avro_encoder(schema, options)->encode(operation, header, before, after, out);
  EXPECT_TRUE(status.has_value()) << status.error().message();
  return to_hex(out.view());
}

const ChangeHeader update_header{.id = 1,
                                 .timestamp_s = 1712905965,
                                 .position = "2924526@143",
                                 .safe_position = "2924372@143",
                                 .read_ms = 5,
                                 .server_id = 6,
                                 .thread_id = 7};

model::TableSchemaPtr t1() {
  return SchemaBuilder("mydb", "t1").add("a", ColumnType::bigint).add("b", ColumnType::varchar).primary({0}).build();
}

TEST(GoldenVectors, RowEncoderGivesTheBytesOfTheSmallRows) {
  const Value key_from_snapshot = Value::of_text(ValueKind::integer_text, "123456789");
  const Value key_from_binlog = Value::integer(123456789);
  for (const Value& key : {key_from_snapshot, key_from_binlog}) {
    const Value row[] = {key, Value::of_text(ValueKind::bytes, "test insert statement.")};
    const ChangeHeader header{
        .id = 1700382, .timestamp_s = 1696984408, .position = "72469@78", .safe_position = "72347@78"};
    EXPECT_EQ(encoded(t1(), vector_options("8.0.28"), Operation::insert, header, {}, row),
              golden("insert_observed_shape"));
  }
  const DtsAvroOptions options = vector_options("8.0.34");
  const Value before[] = {Value::integer(1), Value::of_text(ValueKind::bytes, "old")};
  const Value after[] = {Value::integer(1), Value::null()};
  const Value initial[] = {Value::of_text(ValueKind::integer_text, "1"), Value::of_text(ValueKind::bytes, "x")};
  EXPECT_EQ(encoded(t1(), options, Operation::update, update_header, before, after), golden("update"));
  EXPECT_EQ(encoded(t1(), options, Operation::delete_, update_header, before, {}), golden("delete"));
  EXPECT_EQ(encoded(t1(), options, Operation::init, update_header, {}, initial), golden("init"));
}

TEST(GoldenVectors, RowEncoderGivesTheBytesOfEveryType) {
  const auto schema = SchemaBuilder("mydb", "all.types")
                          .add("c_dec", ColumnType::decimal, {.precision = 12, .scale = 4})
                          .add("c_tiny", ColumnType::tinyint)
                          .add("c_small", ColumnType::smallint)
                          .add("c_int", ColumnType::int_)
                          .add("c_float", ColumnType::float_)
                          .add("c_double", ColumnType::double_)
                          .add("c_ts", ColumnType::timestamp)
                          .add("c_bigu", ColumnType::bigint, {.is_unsigned = true})
                          .add("c_med", ColumnType::mediumint)
                          .add("c_date", ColumnType::date)
                          .add("c_time", ColumnType::time)
                          .add("c_dt", ColumnType::datetime)
                          .add("c_year", ColumnType::year)
                          .add("c_bit", ColumnType::bit, {.length = 64})
                          .add("c_json", ColumnType::json)
                          .add("c_enum", ColumnType::enum_, {.labels = {"w", "x"}})
                          .add("c_set", ColumnType::set, {.labels = {"a", "z", "b"}})
                          .add("c_blob", ColumnType::blob)
                          .add("c_vchar", ColumnType::varchar)
                          .add("c_char", ColumnType::char_)
                          .add("c_geo", ColumnType::geometry)
                          .add("c_null", ColumnType::varchar)
                          .primary({1})
                          .version(1)
                          .build();
  const std::string blob("\x00\xff", 2);
  const std::string point = from_hex("0101000000000000000000f03f0000000000000040");
  Value ts = Value::integer(1712905965);
  ts.kind = ValueKind::timestamp;
  ts.t.micros = 123456;
  Value date, time, datetime, year;
  date.kind = ValueKind::date;
  date.t = {.year = 2024, .month = 4, .day = 12};
  time.kind = ValueKind::time;
  time.negative = true;
  time.t = {.hour = 101, .minute = 2, .second = 3, .micros = 4};
  datetime.kind = ValueKind::datetime;
  datetime.t = {.year = 2024, .month = 4, .day = 12, .hour = 15, .minute = 12, .second = 45, .micros = 6};
  year.kind = ValueKind::year;
  year.t.year = 2024;
  std::vector<Value> row = {Value::of_text(ValueKind::decimal_text, "-12345.6700"),
                            Value::integer(-1),
                            Value::integer(-2),
                            Value::integer(-3),
                            Value::real(1.5),
                            Value::real(2.25),
                            ts,
                            Value::integer_unsigned(18446744073709551615U),
                            Value::integer(9),
                            date,
                            time,
                            datetime,
                            year,
                            Value::integer_unsigned(5),
                            Value::of_text(ValueKind::bytes, R"({"k":1})"),
                            Value::integer_unsigned(2),
                            Value::integer_unsigned(5),
                            Value::of_text(ValueKind::bytes, blob),
                            Value::of_text(ValueKind::bytes, "中"),
                            Value::of_text(ValueKind::bytes, ""),
                            Value::of_text(ValueKind::bytes, point),
                            Value::null()};
  DtsAvroOptions options = vector_options("8.0.34");
  options.tag_meta_version = true;
  EXPECT_EQ(encoded(schema, options, Operation::insert, update_header, {}, row), golden("all_types"));
  const std::pair<std::size_t, const char*> texts[] = {
      {1, "-1"}, {2, "-2"}, {3, "-3"}, {7, "18446744073709551615"}, {8, "9"}};
  for (const auto& [index, text] : texts) row[index] = Value::of_text(ValueKind::integer_text, text);
  EXPECT_EQ(encoded(schema, options, Operation::insert, update_header, {}, row), golden("all_types"));
}

}  // namespace
}  // namespace tributary::encode
