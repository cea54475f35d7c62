#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "encode/encoder.h"
#include "encode/sample_schema.h"

namespace tributary::encode {
namespace {

using model::ColumnType;
using model::Value;
using model::ValueKind;

std::string key_of(const model::TableSchemaPtr& schema, std::span<const Value> row) {
  base::Buffer out;
  EXPECT_TRUE(make_dts_avro_encoder(schema, {})->key(row, out));
  EXPECT_TRUE(nlohmann::json::accept(out.view())) << out.view();
  return std::string(out.view());
}

// The key of a table d.t with one key column, without ["d","t", and ].
std::string key_value(ColumnType type, const Value& value, ColumnDetails details = {}) {
  const auto schema = SchemaBuilder("d", "t").add("k", type, std::move(details)).primary({0}).build();
  const std::string key = key_of(schema, {&value, 1});
  EXPECT_TRUE(key.starts_with(R"(["d","t",)") && key.ends_with("]")) << key;
  return key.substr(9, key.size() - 10);
}

std::string identity_of(const model::TableSchemaPtr& schema, std::span<const Value> row) {
  base::Buffer out;
  make_dts_avro_encoder(schema, {})->identity(row, out);
  return std::string(out.view());
}

Value text(std::string_view bytes) { return Value::of_text(ValueKind::bytes, bytes); }
Value number_text(std::string_view digits) { return Value::of_text(ValueKind::integer_text, digits); }

TEST(Key, IsAJsonArrayOfNamesAndKeyColumnsInKeyOrder) {
  const auto schema = SchemaBuilder("shop", "line \"items\"")
                          .add("a", ColumnType::int_)
                          .add("b", ColumnType::varchar)
                          .add("c", ColumnType::bigint)
                          .primary({2, 1})
                          .build();
  const Value row[] = {Value::integer(1), text("x\n\"y\"\x01"), Value::integer(-3)};
  EXPECT_EQ(key_of(schema, row), R"(["shop","line \"items\"",-3,"x\n\"y\"\u0001"])");
}

TEST(Key, IsOfTheColumnsThatTheUserWantsForIt) {
  auto schema = std::make_shared<model::TableSchema>(*SchemaBuilder("shop", "orders")
                                                          .add("id", ColumnType::int_)
                                                          .add("customer", ColumnType::varchar)
                                                          .primary({0})
                                                          .build());
  schema->message_key = {1};
  const Value row[] = {Value::integer(1), text("x")}, same[] = {Value::integer(2), text("x")};
  EXPECT_EQ(key_of(schema, row), R"(["shop","orders","x"])");
  EXPECT_EQ(key_of(schema, same), key_of(schema, row));
  EXPECT_NE(identity_of(schema, same), identity_of(schema, row)) << "what tells rows apart stays";
  schema->identity.clear();
  schema->keys.clear();
  EXPECT_EQ(key_of(schema, row), R"(["shop","orders","x"])") << "also of a table without a key";
}

TEST(Key, IsTheSameFromBothReaders) {
  EXPECT_EQ(key_value(ColumnType::bigint, number_text("-42")), key_value(ColumnType::bigint, Value::integer(-42)));
  EXPECT_EQ(key_value(ColumnType::bigint, number_text("18446744073709551615"), {.is_unsigned = true}),
            key_value(ColumnType::bigint, Value::integer_unsigned(UINT64_MAX), {.is_unsigned = true}));
}

TEST(Key, MinusZeroIsZero) {
  EXPECT_EQ(key_value(ColumnType::double_, Value::real(-0.0)), "0");
  const auto schema = SchemaBuilder("d", "t").add("k", ColumnType::double_).primary({0}).build();
  const Value minus[] = {Value::real(-0.0)}, plus[] = {Value::real(0.0)};
  EXPECT_EQ(identity_of(schema, minus), identity_of(schema, plus));
}

TEST(Key, ShowsEachKindOfValueInItsJsonForm) {
  EXPECT_EQ(key_value(ColumnType::decimal, Value::of_text(ValueKind::decimal_text, "-1.50"), {.scale = 2}),
            R"("-1.50")");
  EXPECT_EQ(key_value(ColumnType::double_, Value::real(0.1)), "0.1");
  EXPECT_EQ(key_value(ColumnType::double_, Value::real(-1.5e300)), "-1.5e300");
  EXPECT_EQ(key_value(ColumnType::bit, Value::integer_unsigned(5), {.length = 3}), "5");
  EXPECT_EQ(key_value(ColumnType::enum_, Value::integer_unsigned(2), {.labels = {"a", "b\"c"}}), R"("b\"c")");
  EXPECT_EQ(key_value(ColumnType::enum_, Value::integer_unsigned(0), {.labels = {"a"}}), R"("")");
  EXPECT_EQ(key_value(ColumnType::set, Value::integer_unsigned(5), {.labels = {"a", "b", "c"}}), R"("a,c")");
  EXPECT_EQ(key_value(ColumnType::varbinary, text(std::string_view("\x00\xff", 2))), R"("00ff")");
  Value v;
  v.t = {.year = 2024, .month = 4, .day = 12, .hour = 15, .minute = 12, .second = 45, .micros = 6};
  v.kind = ValueKind::datetime;
  EXPECT_EQ(key_value(ColumnType::datetime, v), R"("2024-04-12 15:12:45.000006")");
  v.kind = ValueKind::date;
  EXPECT_EQ(key_value(ColumnType::date, v), R"("2024-04-12")");
  v.kind = ValueKind::year;
  EXPECT_EQ(key_value(ColumnType::year, v), "2024");
  v.kind = ValueKind::time;
  v.negative = true;
  EXPECT_EQ(key_value(ColumnType::time, v), R"("-15:12:45.000006")");
  v = Value::integer(1712905965);
  v.kind = ValueKind::timestamp;
  EXPECT_EQ(key_value(ColumnType::timestamp, v), R"("2024-04-12 07:12:45")");
}

TEST(Key, StringsAreTurnedIntoUtf8OrElseHex) {
  EXPECT_EQ(key_value(ColumnType::varchar, text("\xe9\x80"), {.charset = "latin1"}), R"("é€")");
  EXPECT_EQ(key_value(ColumnType::varchar, text("\xd6\xd0"), {.charset = "gbk"}), R"("中")");
  EXPECT_EQ(key_value(ColumnType::varchar, text(std::string_view("\x4e\x2d\x00\x61", 4)), {.charset = "ucs2"}),
            R"("中a")");
  EXPECT_EQ(key_value(ColumnType::varchar, text("中"), {.charset = "utf8mb3"}), R"("中")");
  EXPECT_EQ(key_value(ColumnType::varchar, text("a\xff"), {.charset = "utf8mb4"}), R"("61ff")");
  EXPECT_EQ(key_value(ColumnType::varchar, text("abc"), {.charset = "unheard"}), R"("616263")");
}

TEST(Key, IsNullWithoutAVisibleKey) {
  base::Buffer out;
  const Value row[] = {Value::integer(1), Value::integer(2)};
  const auto none = SchemaBuilder("d", "t").add("a", ColumnType::int_).add("b", ColumnType::int_).build();
  EXPECT_FALSE(make_dts_avro_encoder(none, {})->key(row, out));
  const auto hidden = SchemaBuilder("d", "t")
                          .add("a", ColumnType::int_)
                          .add("id", ColumnType::bigint, {.is_hidden = true})
                          .hidden_identity(1)
                          .build();
  EXPECT_FALSE(make_dts_avro_encoder(hidden, {})->key(row, out));
  EXPECT_TRUE(out.empty());
}

TEST(Identity, ExistsForHiddenKeysAndIsTheSameFromBothReaders) {
  const auto hidden = SchemaBuilder("d", "t")
                          .add("a", ColumnType::int_)
                          .add("id", ColumnType::bigint, {.is_hidden = true})
                          .hidden_identity(1)
                          .build();
  const Value snapshot[] = {number_text("1"), number_text("-9223372036854775808")};
  const Value binlog[] = {Value::integer(2), Value::integer(INT64_MIN)};
  EXPECT_EQ(identity_of(hidden, snapshot), identity_of(hidden, binlog));
  EXPECT_FALSE(identity_of(hidden, snapshot).empty());
  const auto none = SchemaBuilder("d", "t").add("a", ColumnType::int_).build();
  EXPECT_TRUE(identity_of(none, std::span(snapshot).first(1)).empty());
}

TEST(Identity, TellsEveryTwoDifferentKeysApart) {
  const auto schema =
      SchemaBuilder("d", "t").add("a", ColumnType::varchar).add("b", ColumnType::varchar).primary({0, 1}).build();
  const std::vector<std::vector<Value>> rows = {
      {text(""), text("")},      {text("a"), text("")},         {text(""), text("a")},  {text("ab"), text("c")},
      {text("a"), text("bc")},   {text("A"), text("")},         {text("a "), text("")}, {Value::null(), text("")},
      {text(""), Value::null()}, {Value::null(), Value::null()}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows.size(); ++j) {
      EXPECT_EQ(identity_of(schema, rows[i]) == identity_of(schema, rows[j]), i == j) << i << " and " << j;
    }
  }
}

}  // namespace
}  // namespace tributary::encode
