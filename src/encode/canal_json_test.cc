// Golden messages of Canal JSON. Random rows of all types are compared by tests/formats.
#include "encode/canal_json.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "encode/sample_schema.h"

namespace tributary::encode {
namespace {

using model::ColumnType;
using model::Operation;
using model::Value;
using model::ValueKind;

const ChangeHeader header{.id = 77, .timestamp_s = 1712905965, .position = "2924526@143", .read_ms = 1712905965123};

model::TableSchemaPtr orders() {
  return SchemaBuilder("shop", "orders")
      .add("id", ColumnType::bigint, {.declared = "bigint(20)", .is_nullable = false})
      .add("state", ColumnType::enum_, {.labels = {"new", "paid"}, .declared = "enum('new','paid')"})
      .add("note", ColumnType::varchar, {.charset = "latin1", .declared = "varchar(20)"})
      .add("_hidden", ColumnType::bigint, {.is_hidden = true})
      .add("sum", ColumnType::decimal, {.precision = 10, .scale = 2, .declared = "decimal(10,2)"})
      .primary({0})
      .build();
}

std::array<Value, 5> row(std::uint64_t state, std::string_view note, std::string_view sum) {
  return {Value::integer(42), Value::integer_unsigned(state), Value::of_text(ValueKind::bytes, note), Value::integer(7),
          Value::of_text(ValueKind::decimal_text, sum)};
}

std::string encoded(Operation operation, std::span<const Value> before, std::span<const Value> after,
                    const CanalJsonOptions& options = {}, const ChangeHeader& with = header) {
  base::Buffer out;
  const base::Status status = make_canal_json_encoder(orders(), options)->encode(operation, with, before, after, out);
  EXPECT_TRUE(status.has_value()) << status.error().message();
  return std::string(out.view());
}

const std::string types =
    R"_("mysqlType":{"id":"bigint(20)","state":"enum('new','paid')","note":"varchar(20)","sum":"decimal(10,2)"})_";
const std::string tail =
    R"_("pkNames":["id"],"sql":"","sqlType":{"id":-5,"state":4,"note":12,"sum":3},"table":"orders","ts":1712905965123)_";

TEST(CanalJson, InsertIsOneMessageWithoutFormerValues) {
  EXPECT_EQ(encoded(Operation::insert, {}, row(2, "caf\xe9", "1.50")),
            R"({"data":[{"id":"42","state":"2","note":"café","sum":"1.50"}],"database":"shop","es":1712905965000,)"
            R"("id":77,"isDdl":false,)" +
                types + R"(,"old":null,)" + tail + R"(,"type":"INSERT"})");
}

TEST(CanalJson, RowsOfTheFullLoadAreInserts) {
  EXPECT_EQ(encoded(Operation::init, {}, row(2, "a", "1.50")), encoded(Operation::insert, {}, row(2, "a", "1.50")));
}

TEST(CanalJson, UpdateHasTheFormerValuesOfWhatChangedOnly) {
  EXPECT_EQ(encoded(Operation::update, row(1, "a", "1.50"), row(2, "a", "-0.01")),
            R"({"data":[{"id":"42","state":"2","note":"a","sum":"-0.01"}],"database":"shop","es":1712905965000,)"
            R"("id":77,"isDdl":false,)" +
                types + R"(,"old":[{"state":"1","sum":"1.50"}],)" + tail + R"(,"type":"UPDATE"})");
}

TEST(CanalJson, AFormerNullIsAmongTheFormerValues) {
  auto before = row(1, "a", "1.50");
  before[2] = Value();
  const auto message = nlohmann::json::parse(encoded(Operation::update, before, row(1, "a", "1.50")));
  EXPECT_EQ(message["old"], nlohmann::json::parse(R"([{"note":null}])"));
}

TEST(CanalJson, DeleteHasTheRowThatWas) {
  const auto message = nlohmann::json::parse(encoded(Operation::delete_, row(1, "a", "1.50"), {}));
  EXPECT_EQ(message["type"], "DELETE");
  EXPECT_EQ(message["data"][0]["sum"], "1.50");
  EXPECT_TRUE(message["old"].is_null());
}

TEST(CanalJson, LabelsCanBeTextAndGtidsAreTold) {
  ChangeHeader with = header;
  with.gtid = "0-1-9";
  const auto message =
      nlohmann::json::parse(encoded(Operation::insert, {}, row(2, "a", "1.50"), {.labels_as_text = true}, with));
  EXPECT_EQ(message["data"][0]["state"], "paid");
  EXPECT_EQ(message["gtid"], "0-1-9");
}

TEST(CanalJson, TimestampsAreInTheTimeZoneOfTheOptions) {
  const auto schema = SchemaBuilder("d", "t").add("c", ColumnType::timestamp, {.fraction_digits = 3}).build();
  Value value;
  value.kind = ValueKind::timestamp;
  value.i = 1712905965;
  value.t.micros = 120000;
  for (const auto& [offset_s, text] : {std::pair{0, "2024-04-12 07:12:45.120"}, {28800, "2024-04-12 15:12:45.120"}}) {
    base::Buffer out;
    ASSERT_TRUE(make_canal_json_encoder(schema, {.time_zone_offset_s = offset_s})
                    ->encode(Operation::insert, header, {}, {&value, 1}, out));
    EXPECT_EQ(nlohmann::json::parse(out.view())["data"][0]["c"], text);
  }
}

TEST(CanalJson, ARowThatDoesNotFitIsRefusedWithItsColumnAndLeavesNothing) {
  base::Buffer out;
  out.append("before");
  auto wrong = row(3, "a", "1.50");  // there are two labels
  const auto encoder = make_canal_json_encoder(orders(), {.labels_as_text = true});
  const base::Status status = encoder->encode(Operation::insert, header, {}, wrong, out);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, base::ErrorCode::data_schema_mismatch);
  EXPECT_NE(status.error().message().find("state"), std::string::npos) << status.error().message();
  EXPECT_EQ(out.view(), "before");
  EXPECT_FALSE(encoder->encode(Operation::insert, header, {}, std::span(wrong).first(2), out).has_value());
  EXPECT_EQ(out.view(), "before");
}

TEST(CanalJson, StatementsHaveTheTypesOfCanal) {
  const std::pair<const char*, const char*> statements[] = {
      {"CREATE TABLE t (a INT)", "CREATE"},
      {"create temporary table if not exists t (a INT)", "CREATE"},
      {"/* a */ CREATE UNIQUE INDEX i ON t (a)", "CINDEX"},
      {"CREATE DATABASE d", "QUERY"},
      {"DROP TABLE IF EXISTS t", "ERASE"},
      {"DROP INDEX i ON t", "DINDEX"},
      {"ALTER TABLE `a b`.`t` ADD COLUMN b INT", "ALTER"},
      {"ALTER TABLE t ADD INDEX (a)", "CINDEX"},
      {"ALTER TABLE t DROP KEY i", "DINDEX"},
      {"ALTER TABLE t RENAME TO u", "RENAME"},
      {"ALTER TABLE t RENAME COLUMN a TO b", "ALTER"},
      {"/*!40000 ALTER TABLE t DISABLE KEYS */", "ALTER"},
      {"RENAME TABLE a TO b", "RENAME"},
      {"-- why\nTRUNCATE TABLE t", "TRUNCATE"},
      {"TRUNCATE t", "TRUNCATE"},
      {"ANALYZE TABLE t", "QUERY"},
      {"", "QUERY"},
      {"/* never closed", "QUERY"}};
  for (const auto& [text, type] : statements) EXPECT_EQ(canal_statement_type(text), type) << text;
}

TEST(CanalJson, AStatementIsAMessageOfItsOwn) {
  base::Buffer out;
  encode_canal_ddl(header, "shop", "orders", "ALTER TABLE orders ADD \"x\" INT", out);
  EXPECT_EQ(out.view(),
            R"({"data":null,"database":"shop","es":1712905965000,"id":77,"isDdl":true,"mysqlType":null,"old":null,)"
            R"("pkNames":null,"sql":"ALTER TABLE orders ADD \"x\" INT","sqlType":null,"table":"orders",)"
            R"("ts":1712905965123,"type":"ALTER"})");
}

}  // namespace
}  // namespace tributary::encode
