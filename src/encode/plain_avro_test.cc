// Schemas and golden data of plain Avro, and the factory. Random rows of all types are compared by tests/formats.
#include "encode/plain_avro.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "encode/decoder.h"
#include "encode/formats.h"
#include "encode/sample_schema.h"

namespace tributary::encode {
namespace {

using model::ColumnType;
using model::Operation;
using model::Value;
using model::ValueKind;
using nlohmann::json;
using namespace std::string_literals;

const ChangeHeader header{.id = 3, .timestamp_s = 1, .position = "9@1", .read_ms = 2};

model::TableSchemaPtr orders() {
  return SchemaBuilder("shop", "orders")
      .add("id", ColumnType::int_, {.is_nullable = false})
      .add("sum", ColumnType::decimal, {.precision = 10, .scale = 2})
      .add("a b", ColumnType::date, {.is_nullable = false})
      .add("__op", ColumnType::varchar, {.is_nullable = false})
      .primary({0})
      .build();
}

std::array<Value, 4> row() {
  Value date;
  date.kind = ValueKind::date;
  date.t = {.year = 1970, .month = 1, .day = 2};
  return {Value::integer(-1), Value::of_text(ValueKind::decimal_text, "1.50"), date,
          Value::of_text(ValueKind::bytes, "x")};
}

TEST(PlainAvro, TheSchemaIsMadeOfTheTable) {
  const PlainAvroSchemas schemas = plain_avro_schemas(*orders(), {.namespace_prefix = "com.example"});
  EXPECT_EQ(schemas.value_name, "com.example.shop.orders.Value");
  const json wanted = json::parse(
      R"({"type":"record","name":"Value","namespace":"com.example.shop.orders","fields":[{"name":"id","type":"int"},)"
      R"({"name":"sum","type":["null",{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}],"default":null},)"
      R"({"name":"a_u0020b","type":["null",{"type":"int","logicalType":"date"}],"default":null,"mysqlName":"a b"},)"
      R"({"name":"__op_2","type":"string","mysqlName":"__op"},)"
      R"({"name":"__op","type":"string"},{"name":"__id","type":"long"},{"name":"__ts_ms","type":"long"},)"
      R"({"name":"__read_ts_ms","type":"long"},{"name":"__position","type":"string"},)"
      R"({"name":"__gtid","type":["null","string"],"default":null}]})");
  EXPECT_EQ(json::parse(schemas.value), wanted);
  EXPECT_EQ(json::parse(schemas.key), json::parse(R"({"type":"record","name":"Key",)"
                                                  R"("namespace":"com.example.shop.orders",)"
                                                  R"("fields":[{"name":"id","type":"int"}]})"));
}

TEST(PlainAvro, ADatumStandsBehindItsSchemasId) {
  const auto encoder = make_plain_avro_encoder(orders(), {}, {.value = 0x01020304, .key = 5});
  base::Buffer out;
  ASSERT_TRUE(encoder->encode(Operation::insert, header, {}, row(), out));
  EXPECT_EQ(out.view(), "\0\x01\x02\x03\x04"s + "\x01"s + "\x02\x04\0\x96"s + "\x02\x02"s + "\x02x"s + "\x02"s + "c" +
                            "\x06\xd0\x0f\x04\x06"s + "9@1" + "\0"s);
  out.clear();
  ASSERT_TRUE(encoder->key(row(), out));
  EXPECT_EQ(out.view(), "\0\0\0\0\x05\x01"s);
}

TEST(PlainAvro, NamesBecomeLegalOnesAndStayDifferent) {
  EXPECT_EQ(avro_name("order_2"), "order_2");
  EXPECT_EQ(avro_name("2nd"), "_u0032nd");
  EXPECT_EQ(avro_name("é-蓝"), "_u00e9_u002d_u84dd");
  EXPECT_EQ(avro_name("\xff"), "_u00ff");
  EXPECT_EQ(avro_name(""), "_");
  const auto schema = SchemaBuilder("d", "t").add("a b", ColumnType::int_).add("a_u0020b", ColumnType::int_).build();
  const json fields = json::parse(plain_avro_schemas(*schema, {}).value)["fields"];
  EXPECT_NE(fields[0]["name"], fields[1]["name"]);
}

TEST(PlainAvro, ATimeOutsideTheDayIsAnErrorWhereTimesAreOfTheDay) {
  const auto schema = SchemaBuilder("d", "t").add("c", ColumnType::time).build();
  Value value;
  value.kind = ValueKind::time;
  value.t.hour = 24;
  base::Buffer out;
  EXPECT_TRUE(make_plain_avro_encoder(schema, {}, {})->encode(Operation::insert, header, {}, {&value, 1}, out));
  out.clear();
  const auto strict = make_plain_avro_encoder(schema, {.time_of_day = true}, {});
  EXPECT_FALSE(strict->encode(Operation::insert, header, {}, {&value, 1}, out).has_value());
  EXPECT_TRUE(out.empty());
  value.t.hour = 23;
  EXPECT_TRUE(strict->encode(Operation::insert, header, {}, {&value, 1}, out).has_value());
}

TEST(PlainAvro, ANullInAColumnThatHasNoneIsRefused) {
  auto values = row();
  values[0] = Value();
  base::Buffer out;
  const auto status = make_plain_avro_encoder(orders(), {}, {})->encode(Operation::insert, header, {}, values, out);
  ASSERT_FALSE(status.has_value());
  EXPECT_NE(status.error().message().find("id"), std::string::npos);
  EXPECT_TRUE(out.empty());
}

struct Registered {
  std::map<std::string, std::string> schemas;  // subject -> schema
  RegisterSchema function() {
    return [this](const std::string& subject, std::string_view schema) -> base::Result<std::uint32_t> {
      schemas[subject] = schema;
      return static_cast<std::uint32_t>(schemas.size());
    };
  }
};

TEST(Formats, SubjectsAreNamedAsChosen) {
  const std::pair<SubjectNaming, std::vector<std::string>> cases[] = {
      {SubjectNaming::topic, {"top-key", "top-value"}},
      {SubjectNaming::record, {"shop.orders.Key", "shop.orders.Value"}},
      {SubjectNaming::topic_record, {"top-shop.orders.Key", "top-shop.orders.Value"}}};
  for (const auto& [naming, subjects] : cases) {
    Registered registered;
    FormatOptions options{.format = Format::plain_avro, .subject_naming = naming};
    ASSERT_TRUE(make_encoder(options, orders(), {}, "top", registered.function()).has_value());
    std::vector<std::string> found;
    for (const auto& [subject, schema] : registered.schemas) found.push_back(subject);
    EXPECT_EQ(found, subjects);
  }
}

TEST(Formats, DtsAvroBehindARegistryIsTheBareDatumBehindAnId) {
  Registered registered;
  FormatOptions options{.use_registry = true};
  const auto framed = make_encoder(options, orders(), {"8.0.34"}, "top", registered.function());
  ASSERT_TRUE(framed.has_value());
  base::Buffer bare, behind;
  ASSERT_TRUE(make_dts_avro_encoder(orders(), {.source_version = "8.0.34"})
                  ->encode(Operation::insert, header, {}, row(), bare));
  ASSERT_TRUE((*framed)->encode(Operation::insert, header, {}, row(), behind));
  EXPECT_EQ(behind.view(), "\0\0\0\0\x01"s + std::string(bare.view()));
  const json schema = json::parse(registered.schemas.at("top-value"));
  EXPECT_EQ(std::string(schema["namespace"]) + "." + std::string(schema["name"]), dts_avro_schema_name);
}

TEST(Formats, WithoutARegistryFormatsThatNeedOneAreRefused) {
  for (const FormatOptions& options :
       {FormatOptions{.format = Format::plain_avro}, FormatOptions{.use_registry = true}}) {
    const auto made = make_encoder(options, orders(), {}, "top");
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, base::ErrorCode::task_bad_value);
    EXPECT_FALSE(DdlEncoder::make(options, {}, "top").has_value());
  }
}

TEST(Formats, EachFormatTellsStatements) {
  for (const Format format : {Format::dts_avro, Format::canal_json, Format::debezium_json, Format::plain_avro}) {
    Registered registered;
    const auto ddl = DdlEncoder::make({.format = format}, {"8.0.34"}, "top", registered.function());
    ASSERT_TRUE(ddl.has_value()) << to_string(format);
    base::Buffer out;
    ddl->encode(header, "shop", "orders", "DROP TABLE orders", out);
    EXPECT_NE(out.view().find("DROP TABLE orders"), std::string_view::npos) << to_string(format);
    EXPECT_EQ(registered.schemas.size(), format == Format::plain_avro ? 1U : 0U);
  }
}

}  // namespace
}  // namespace tributary::encode
