// Golden events of Debezium JSON. Random rows of all types are compared by tests/formats.
#include "encode/debezium_json.h"

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
using nlohmann::json;

const ChangeHeader header{.id = 77,
                          .timestamp_s = 1712905965,
                          .position = "2924526@143",
                          .read_ms = 1712905965123,
                          .server_id = 12,
                          .thread_id = 34};
const DebeziumJsonOptions options{.topic_prefix = "p", .version = "1.0", .binlog_base_name = "mysql-bin"};

model::TableSchemaPtr orders() {
  return SchemaBuilder("shop", "orders")
      .add("id", ColumnType::bigint, {.is_nullable = false})
      .add("sum", ColumnType::decimal, {.precision = 10, .scale = 2})
      .add("_hidden", ColumnType::bigint, {.is_hidden = true})
      .primary({0})
      .build();
}

std::array<Value, 3> row(std::int64_t id, std::string_view sum) {
  return {Value::integer(id), Value::of_text(ValueKind::decimal_text, sum), Value::integer(7)};
}

std::string encoded(Operation operation, std::span<const Value> before, std::span<const Value> after,
                    const DebeziumJsonOptions& with = options, const ChangeHeader& of = header) {
  base::Buffer out;
  const base::Status status = make_debezium_json_encoder(orders(), with)->encode(operation, of, before, after, out);
  EXPECT_TRUE(status.has_value()) << status.error().message();
  return std::string(out.view());
}

// What stands in the event for one value of one column.
json through(ColumnType type, ColumnDetails details, const Value& value, const DebeziumJsonOptions& with = options) {
  const auto schema = SchemaBuilder("d", "t").add("c", type, std::move(details)).build();
  base::Buffer out;
  const auto status = make_debezium_json_encoder(schema, with)->encode(Operation::insert, header, {}, {&value, 1}, out);
  EXPECT_TRUE(status.has_value()) << status.error().message();
  return json::parse(out.view())["after"]["c"];
}

Value at(ValueKind kind, model::TimeParts parts, bool negative = false) {
  Value value;
  value.kind = kind;
  value.t = parts;
  value.negative = negative;
  return value;
}

std::string source(std::string_view snapshot) {
  return R"("source":{"version":"1.0","connector":"mysql","name":"p","ts_ms":1712905965000,"snapshot":")" +
         std::string(snapshot) +
         R"(","db":"shop","sequence":null,"table":"orders","server_id":12,"gtid":null,"file":"mysql-bin.000143",)"
         R"("pos":2924526,"row":0,"thread":34,"query":null})";
}

TEST(DebeziumJson, EachOperationHasItsImages) {
  EXPECT_EQ(encoded(Operation::insert, {}, row(1, "1.50")),
            R"({"before":null,"after":{"id":1,"sum":"AJY="},)" + source("false") +
                R"(,"op":"c","ts_ms":1712905965123,"transaction":null})");
  EXPECT_EQ(encoded(Operation::update, row(1, "-0.01"), row(1, "1.50")),
            R"({"before":{"id":1,"sum":"/w=="},"after":{"id":1,"sum":"AJY="},)" + source("false") +
                R"(,"op":"u","ts_ms":1712905965123,"transaction":null})");
  EXPECT_EQ(encoded(Operation::delete_, row(1, "0.00"), {}),
            R"({"before":{"id":1,"sum":"AA=="},"after":null,)" + source("false") +
                R"(,"op":"d","ts_ms":1712905965123,"transaction":null})");
  EXPECT_EQ(encoded(Operation::init, {}, row(1, "1.50")), R"({"before":null,"after":{"id":1,"sum":"AJY="},)" +
                                                              source("true") +
                                                              R"(,"op":"r","ts_ms":1712905965123,"transaction":null})");
}

TEST(DebeziumJson, TheSchemaStandsInFrontOfTheSamePayload) {
  DebeziumJsonOptions with = options;
  with.with_schema = true;
  const json whole = json::parse(encoded(Operation::insert, {}, row(1, "1.50"), with));
  EXPECT_EQ(whole["payload"], json::parse(encoded(Operation::insert, {}, row(1, "1.50"))));
  const json& schema = whole["schema"];
  EXPECT_EQ(schema["name"], "p.shop.orders.Envelope");
  const json sum =
      json::parse(R"({"type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal","version":1,)"
                  R"("parameters":{"scale":"2","connect.decimal.precision":"10"},"field":"sum"})");
  EXPECT_EQ(schema["fields"][0]["fields"][1], sum);
  EXPECT_EQ(schema["fields"][0]["fields"].size(), 2U) << "hidden columns are not told";
}

TEST(DebeziumJson, KeysAreTheColumnsOfTheKey) {
  base::Buffer out;
  ASSERT_TRUE(make_debezium_json_encoder(orders(), options)->key(row(5, "1.50"), out));
  EXPECT_EQ(out.view(), R"({"id":5})");
  DebeziumJsonOptions with = options;
  with.with_schema = true;
  out.clear();
  ASSERT_TRUE(make_debezium_json_encoder(orders(), with)->key(row(5, "1.50"), out));
  EXPECT_EQ(out.view(), R"({"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"field":"id"}],)"
                        R"("optional":false,"name":"p.shop.orders.Key"},"payload":{"id":5}})");
  out.clear();
  const auto none = SchemaBuilder("d", "t").add("c", ColumnType::int_).build();
  const Value value = Value::integer(1);
  EXPECT_FALSE(make_debezium_json_encoder(none, options)->key({&value, 1}, out));
  EXPECT_TRUE(out.empty());
}

TEST(DebeziumJson, AChangedKeyIsTwoRecordsAndTombstonesAreOptional) {
  DebeziumJsonOptions with = options;
  EXPECT_TRUE(make_debezium_json_encoder(orders(), with)->rules().tombstone_after_delete);
  EXPECT_TRUE(make_debezium_json_encoder(orders(), with)->rules().key_change_is_two_records);
  with.tombstones = false;
  EXPECT_FALSE(make_debezium_json_encoder(orders(), with)->rules().tombstone_after_delete);
}

TEST(DebeziumJson, TheBinlogPlaceIsTakenFromTheHeaderWhereItHasOne) {
  ChangeHeader of = header;
  of.gtid = "uuid:1-5";
  of.binlog_file = "log.7";
  of.binlog_offset = 99;
  of.row_index = 3;
  const json found = json::parse(encoded(Operation::insert, {}, row(1, "1.50"), options, of))["source"];
  EXPECT_EQ(found["gtid"], "uuid:1-5");
  EXPECT_EQ(found["file"], "log.7");
  EXPECT_EQ(found["pos"], 99);
  EXPECT_EQ(found["row"], 3);
}

TEST(DebeziumJson, TimesArePrecise) {
  const model::TimeParts parts{.year = 2018, .month = 6, .day = 20, .hour = 13, .minute = 37, .second = 3, .micros = 1};
  EXPECT_EQ(through(ColumnType::datetime, {.fraction_digits = 6}, at(ValueKind::datetime, parts)), 1529501823000001);
  EXPECT_EQ(through(ColumnType::datetime, {.fraction_digits = 3}, at(ValueKind::datetime, parts)), 1529501823000);
  EXPECT_EQ(through(ColumnType::date, {}, at(ValueKind::date, parts)), 17702);
  EXPECT_EQ(through(ColumnType::time, {}, at(ValueKind::time, {.hour = 838, .minute = 59, .second = 59}, true)),
            -3020399000000);
  Value timestamp = at(ValueKind::timestamp, {.micros = 1});
  timestamp.i = 1529501823;
  EXPECT_EQ(through(ColumnType::timestamp, {.fraction_digits = 6}, timestamp), "2018-06-20T13:37:03.000001Z");
}

TEST(DebeziumJson, DatesThatTheCalendarLacksAreNullOrTheEpoch) {
  const Value zero = at(ValueKind::date, {}), no_day = at(ValueKind::date, {.year = 2023, .month = 2, .day = 29});
  for (const Value& value : {zero, no_day}) {
    EXPECT_TRUE(through(ColumnType::date, {}, value).is_null());
    EXPECT_EQ(through(ColumnType::date, {.is_nullable = false}, value), 0);
  }
  EXPECT_TRUE(through(ColumnType::timestamp, {}, at(ValueKind::timestamp, {})).is_null());
  EXPECT_EQ(through(ColumnType::timestamp, {.is_nullable = false}, at(ValueKind::timestamp, {})),
            "1970-01-01T00:00:00Z");
}

TEST(DebeziumJson, OptionsChooseHowNumbersAreWritten) {
  DebeziumJsonOptions with = options;
  const Value most = Value::integer_unsigned(UINT64_MAX), sum = Value::of_text(ValueKind::decimal_text, "-12.50");
  EXPECT_EQ(through(ColumnType::bigint, {.is_unsigned = true}, most, with), -1);
  with.unsigned_bigint_precise = true;
  EXPECT_EQ(through(ColumnType::bigint, {.is_unsigned = true}, most, with), "AP//////////");
  with.decimals = DebeziumJsonOptions::Decimals::text;
  EXPECT_EQ(through(ColumnType::decimal, {.precision = 4, .scale = 2}, sum, with), "-12.50");
  with.decimals = DebeziumJsonOptions::Decimals::real;
  EXPECT_EQ(through(ColumnType::decimal, {.precision = 4, .scale = 2}, sum, with), -12.5);
}

TEST(DebeziumJson, DecimalsOfAllLengthsAreExact) {
  const std::string digits(65, '9');
  // 10^65 - 1, as Python's int.to_bytes gives it.
  EXPECT_EQ(through(ColumnType::decimal, {.precision = 65}, Value::of_text(ValueKind::decimal_text, digits)),
            "APMWJxx/w5CKi+9GTjlF73olNgn//////////w==");
}

TEST(DebeziumJson, AStatementIsASchemaChangeEvent) {
  base::Buffer out;
  encode_debezium_ddl(options, header, "shop", "orders", "ALTER TABLE orders ADD b INT", out);
  EXPECT_EQ(out.view(), "{" + source("false") +
                            R"(,"ts_ms":1712905965123,"databaseName":"shop","schemaName":null,)"
                            R"("ddl":"ALTER TABLE orders ADD b INT","tableChanges":[]})");
  DebeziumJsonOptions with = options;
  with.with_schema = true;
  base::Buffer enveloped;
  encode_debezium_ddl(with, header, "shop", "", "x", enveloped);
  const json event = json::parse(enveloped.view());
  EXPECT_EQ(event["schema"]["fields"].size(), event["payload"].size());
  EXPECT_TRUE(event["payload"]["source"]["table"].is_null());
}

TEST(DebeziumJson, ARowThatDoesNotFitIsRefusedWithItsColumnAndLeavesNothing) {
  base::Buffer out;
  auto wrong = row(1, "1.5");  // of another scale
  const base::Status status =
      make_debezium_json_encoder(orders(), options)->encode(Operation::insert, header, {}, wrong, out);
  ASSERT_FALSE(status.has_value());
  EXPECT_NE(status.error().message().find("sum"), std::string::npos) << status.error().message();
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace tributary::encode
