// Rows through the DTS Avro encoder, read back by the decoder (which follows Record.avsc, not the encoder's tables).
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <deque>
#include <map>
#include <random>

#include "encode/decoder.h"
#include "encode/dts_avro_plan.h"
#include "encode/encoder.h"
#include "encode/sample_schema.h"

namespace tributary::encode {
namespace {

using model::ColumnType;
using model::Operation;
using model::Value;
using model::ValueKind;

const ChangeHeader header{.id = 77,
                          .timestamp_s = 1712905965,
                          .position = "2924526@143",
                          .safe_position = "2924372@143",
                          .read_ms = 1712905965123,
                          .server_id = 12,
                          .thread_id = 34};

dts::Record through(const model::TableSchemaPtr& schema, Operation operation, std::span<const Value> before,
                    std::span<const Value> after, const ChangeHeader& with = header, DtsAvroOptions options = {}) {
  base::Buffer out;
  const base::Status status =
      make_dts_avro_encoder(schema, std::move(options))->encode(operation, with, before, after, out);
  EXPECT_TRUE(status.has_value()) << status.error().message();
  auto record = dts::decode_record(out.view());
  EXPECT_TRUE(record.has_value()) << record.error().message();
  return record.value_or(dts::Record{});
}

// One column, one value; the decoded value.
dts::Value through(ColumnType type, ColumnDetails details, const Value& value) {
  const auto schema = SchemaBuilder("d", "t").add("c", type, std::move(details)).build();
  const dts::Record record = through(schema, Operation::insert, {}, {&value, 1});
  const auto* images = std::get_if<std::vector<dts::Value>>(&record.after_images);
  if (images == nullptr || images->size() != 1) {
    ADD_FAILURE() << "not one after image";
    return dts::EmptyObject::none;
  }
  return images->front();
}

base::Status refused(ColumnType type, ColumnDetails details, const Value& value) {
  const auto schema = SchemaBuilder("d", "t").add("c", type, std::move(details)).build();
  base::Buffer out;
  base::Status status = make_dts_avro_encoder(schema, {})->encode(Operation::insert, header, {}, {&value, 1}, out);
  EXPECT_TRUE(out.empty()) << "something was appended";
  return status;
}

Value text(std::string_view bytes) { return Value::of_text(ValueKind::bytes, bytes); }
Value decimal(std::string_view digits) { return Value::of_text(ValueKind::decimal_text, digits); }

// MysqlFieldConverter of the public subscription example: which branch it casts to under each dataTypeNumber. Numbers
// without an adapter there (17, 18, 19 and all between 19 and 245) end that consumer.
const std::map<std::int32_t, std::string_view> converter_casts = {
    {0, "Decimal"},        {1, "Integer"},         {2, "Integer"},        {3, "Integer"},        {4, "Float"},
    {5, "Float"},          {7, "Timestamp"},       {8, "Integer"},        {9, "Integer"},        {10, "DateTime"},
    {11, "DateTime"},      {12, "DateTime"},       {13, "DateTime"},      {14, "DateTime"},      {15, "Character"},
    {16, "Integer"},       {245, "TextObject"},    {246, "Decimal"},      {247, "TextObject"},   {248, "TextObject"},
    {249, "BinaryObject"}, {250, "BinaryObject"},  {251, "BinaryObject"}, {252, "BinaryObject"}, {253, "Character"},
    {254, "Character"},    {255, "BinaryGeometry"}};

struct TypeCase {
  ColumnType type;
  std::int32_t number;
  std::string_view branch;
};
constexpr TypeCase type_cases[] = {{ColumnType::tinyint, 1, "Integer"},
                                   {ColumnType::smallint, 2, "Integer"},
                                   {ColumnType::mediumint, 9, "Integer"},
                                   {ColumnType::int_, 3, "Integer"},
                                   {ColumnType::bigint, 8, "Integer"},
                                   {ColumnType::decimal, 246, "Decimal"},
                                   {ColumnType::float_, 4, "Float"},
                                   {ColumnType::double_, 5, "Float"},
                                   {ColumnType::bit, 16, "Integer"},
                                   {ColumnType::year, 13, "DateTime"},
                                   {ColumnType::date, 10, "DateTime"},
                                   {ColumnType::time, 11, "DateTime"},
                                   {ColumnType::datetime, 12, "DateTime"},
                                   {ColumnType::timestamp, 7, "Timestamp"},
                                   {ColumnType::char_, 254, "Character"},
                                   {ColumnType::varchar, 253, "Character"},
                                   {ColumnType::tinytext, 15, "Character"},
                                   {ColumnType::text, 15, "Character"},
                                   {ColumnType::mediumtext, 15, "Character"},
                                   {ColumnType::longtext, 15, "Character"},
                                   {ColumnType::binary, 252, "BinaryObject"},
                                   {ColumnType::varbinary, 252, "BinaryObject"},
                                   {ColumnType::tinyblob, 252, "BinaryObject"},
                                   {ColumnType::blob, 252, "BinaryObject"},
                                   {ColumnType::mediumblob, 252, "BinaryObject"},
                                   {ColumnType::longblob, 252, "BinaryObject"},
                                   {ColumnType::enum_, 247, "TextObject"},
                                   {ColumnType::set, 248, "TextObject"},
                                   {ColumnType::json, 245, "TextObject"},
                                   {ColumnType::geometry, 255, "BinaryGeometry"},
                                   {ColumnType::vector, 252, "BinaryObject"},
                                   {ColumnType::uuid, 254, "Character"},
                                   {ColumnType::inet4, 254, "Character"},
                                   {ColumnType::inet6, 254, "Character"}};

Value sample(ColumnType type) {
  Value v = text("1");
  switch (type) {
    case ColumnType::tinyint:
    case ColumnType::smallint:
    case ColumnType::mediumint:
    case ColumnType::int_:
    case ColumnType::bigint:
      return Value::integer(1);
    case ColumnType::bit:
    case ColumnType::enum_:
    case ColumnType::set:
      return Value::integer_unsigned(1);
    case ColumnType::decimal:
      return decimal("1");
    case ColumnType::float_:
    case ColumnType::double_:
      return Value::real(1);
    case ColumnType::year:
      v.kind = ValueKind::year;
      return v;
    case ColumnType::date:
      v.kind = ValueKind::date;
      return v;
    case ColumnType::time:
      v.kind = ValueKind::time;
      return v;
    case ColumnType::datetime:
      v.kind = ValueKind::datetime;
      return v;
    case ColumnType::timestamp:
      v.kind = ValueKind::timestamp;
      return v;
    default:
      return v;
  }
}

TEST(DtsAvroTypes, EveryTypeTravelsInTheBranchConsumersCastToUnderItsNumber) {
  EXPECT_EQ(std::size(type_cases), static_cast<std::size_t>(ColumnType::inet6) + 1) << "a type has no case";
  for (const TypeCase& c : type_cases) {
    const BranchAndNumber to = branch_and_number(c.type);
    EXPECT_EQ(to.data_type_number, c.number) << model::to_string(c.type);
    ASSERT_TRUE(converter_casts.contains(to.data_type_number)) << model::to_string(c.type);
    EXPECT_EQ(converter_casts.at(to.data_type_number), c.branch) << model::to_string(c.type);
    const dts::Value value = through(c.type, {.labels = {"1"}}, sample(c.type));
    EXPECT_EQ(dts::branch_name(value), c.branch) << model::to_string(c.type);
    EXPECT_EQ(value.index(), static_cast<std::size_t>(to.branch)) << model::to_string(c.type);
  }
}

TEST(DtsAvroTypes, ObjectTypesAreOnesTheSdkKnows) {
  const auto type_of = [](ColumnType type) {
    const dts::Value value = through(type, {.labels = {"1"}}, sample(type));
    if (const auto* object = std::get_if<dts::BinaryObject>(&value)) return object->type;
    if (const auto* object = std::get_if<dts::TextObject>(&value)) return object->type;
    return std::get<dts::BinaryGeometry>(value).type;
  };
  EXPECT_EQ(type_of(ColumnType::binary), "binary");
  EXPECT_EQ(type_of(ColumnType::varbinary), "binary");
  EXPECT_EQ(type_of(ColumnType::vector), "binary");
  for (const ColumnType blob : {ColumnType::tinyblob, ColumnType::blob, ColumnType::mediumblob, ColumnType::longblob}) {
    EXPECT_EQ(type_of(blob), "blob");
  }
  EXPECT_EQ(type_of(ColumnType::json), "json");
  EXPECT_EQ(type_of(ColumnType::enum_), "enum");
  EXPECT_EQ(type_of(ColumnType::set), "set");
  EXPECT_EQ(type_of(ColumnType::geometry), "geometry");
}

TEST(DtsAvroValues, IntegerPrecisionIsTheStorageWidthInBytes) {
  const std::pair<ColumnType, std::int32_t> widths[] = {{ColumnType::tinyint, 1},
                                                        {ColumnType::smallint, 2},
                                                        {ColumnType::mediumint, 3},
                                                        {ColumnType::int_, 4},
                                                        {ColumnType::bigint, 8}};
  for (const auto& [type, width] : widths) {
    EXPECT_TRUE(through(type, {}, Value::integer(-5)) == dts::Value(dts::Integer{width, "-5"}));
  }
  for (const auto& [bits, width] : {std::pair{1U, 1}, {8U, 1}, {9U, 2}, {64U, 8}}) {
    EXPECT_TRUE(through(ColumnType::bit, {.length = bits}, Value::integer_unsigned(1)) ==
                dts::Value(dts::Integer{width, "1"}));
  }
}

TEST(DtsAvroValues, IntegersOfBothReadersGiveTheSameText) {
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{9}, std::int64_t{10},
                                    std::int64_t{99}, std::int64_t{100}, INT64_MAX, INT64_MIN}) {
    const std::string digits = std::to_string(number);
    const dts::Value expected = dts::Integer{8, digits};
    EXPECT_TRUE(through(ColumnType::bigint, {}, Value::integer(number)) == expected) << digits;
    EXPECT_TRUE(through(ColumnType::bigint, {}, Value::of_text(ValueKind::integer_text, digits)) == expected) << digits;
  }
  EXPECT_TRUE(through(ColumnType::bigint, {.is_unsigned = true}, Value::integer_unsigned(UINT64_MAX)) ==
              dts::Value(dts::Integer{8, "18446744073709551615"}));
}

TEST(DtsAvroValues, MinusZeroIsZeroAsInTheServersText) {
  const dts::Value value = through(ColumnType::double_, {}, Value::real(-0.0));
  EXPECT_FALSE(std::signbit(std::get<dts::Float>(value).value));
}

TEST(DtsAvroValues, DecimalPrecisionCountsTheDigitsOfTheValue) {
  const auto precision = [](const char* digits, std::uint8_t scale) {
    const dts::Value value = through(ColumnType::decimal, {.precision = 65, .scale = scale}, decimal(digits));
    EXPECT_EQ(std::get<dts::Decimal>(value).value, digits);
    EXPECT_EQ(std::get<dts::Decimal>(value).scale, scale);
    return std::get<dts::Decimal>(value).precision;
  };
  EXPECT_EQ(precision("348.00", 2), 5);
  EXPECT_EQ(precision("1050.00", 2), 6);
  EXPECT_EQ(precision("-1.00", 2), 3);
  EXPECT_EQ(precision("0.05", 2), 2);
  EXPECT_EQ(precision("-0.05", 2), 2);
  EXPECT_EQ(precision("0", 0), 1);
  EXPECT_EQ(precision("-7", 0), 1);
  EXPECT_EQ(precision(std::string(65, '9').c_str(), 0), 65);
  EXPECT_EQ(precision(("0." + std::string(38, '1')).c_str(), 38), 38);
}

TEST(DtsAvroValues, TimesAreNegatedPartByPart) {
  Value time;
  time.kind = ValueKind::time;
  time.t = {.hour = 838, .minute = 59, .second = 0, .micros = 999999};
  EXPECT_TRUE(through(ColumnType::time, {}, time) ==
              dts::Value(dts::DateTime{.hour = 838, .minute = 59, .second = 0, .micros = 999999}));
  time.negative = true;
  EXPECT_TRUE(through(ColumnType::time, {}, time) ==
              dts::Value(dts::DateTime{.hour = -838, .minute = -59, .second = 0, .micros = -999999}));
}

TEST(DtsAvroValues, ZeroDatesAndZeroTimestampsAreZerosNotNulls) {
  Value zero;
  zero.kind = ValueKind::datetime;
  EXPECT_TRUE(through(ColumnType::datetime, {}, zero) == dts::Value(dts::DateTime{0, 0, 0, 0, 0, 0, 0}));
  zero.kind = ValueKind::date;
  EXPECT_TRUE(through(ColumnType::date, {}, zero) == dts::Value(dts::DateTime{.year = 0, .month = 0, .day = 0}));
  zero.kind = ValueKind::year;
  EXPECT_TRUE(through(ColumnType::year, {}, zero) == dts::Value(dts::DateTime{.year = 0}));
  zero.kind = ValueKind::timestamp;
  EXPECT_TRUE(through(ColumnType::timestamp, {}, zero) == dts::Value(dts::Timestamp{0, 0}));
}

TEST(DtsAvroValues, EnumAndSetBecomeLabels) {
  const std::vector<std::string> labels = {"a", "", "ccc", "é"};
  const auto enum_label = [&](std::uint64_t index) {
    const dts::Value value = through(ColumnType::enum_, {.labels = labels}, Value::integer_unsigned(index));
    return std::get<dts::TextObject>(value).value;
  };
  const auto set_labels = [&](std::uint64_t bits) {
    const dts::Value value = through(ColumnType::set, {.labels = labels}, Value::integer_unsigned(bits));
    return std::get<dts::TextObject>(value).value;
  };
  EXPECT_EQ(enum_label(0), "");
  EXPECT_EQ(enum_label(1), "a");
  EXPECT_EQ(enum_label(4), "é");
  EXPECT_EQ(set_labels(0), "");
  EXPECT_EQ(set_labels(0b0001), "a");
  EXPECT_EQ(set_labels(0b1101), "a,ccc,é");
  EXPECT_EQ(set_labels(0b0111), "a,,ccc");
  EXPECT_EQ(set_labels(0b1110), "ccc,é") << "the server puts no comma behind leading empty labels";
  const std::vector<std::string> full(64, std::string(100, 'x'));
  const dts::Value all = through(ColumnType::set, {.labels = full}, Value::integer_unsigned(UINT64_MAX));
  EXPECT_EQ(std::get<dts::TextObject>(all).value.size(), 64U * 101 - 1);
}

TEST(DtsAvroValues, CharacterSetNamesAreTheServersButUtf8mb3) {
  const auto charset = [](const char* name) {
    return std::get<dts::Character>(through(ColumnType::varchar, {.charset = name}, text("x"))).charset;
  };
  EXPECT_EQ(charset("utf8mb3"), "utf8");
  EXPECT_EQ(charset("utf8mb4"), "utf8mb4");
  EXPECT_EQ(charset("latin1"), "latin1");
  EXPECT_EQ(charset("a_character_set_with_a_long_name"), "a_character_set_with_a_long_name");
}

TEST(DtsAvroValues, TextOfAnyLengthIsCarriedWhole) {
  for (const std::size_t size : {0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 8191, 8192, 1 << 20}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7);
    EXPECT_TRUE(through(ColumnType::longblob, {}, text(bytes)) == dts::Value(dts::BinaryObject{"blob", bytes})) << size;
  }
}

TEST(DtsAvroRecord, HiddenColumnsAreNowhereInTheRecord) {
  const auto schema = SchemaBuilder("d", "t")
                          .add("a", ColumnType::int_)
                          .add("_drds_implicit_id_", ColumnType::bigint, {.is_hidden = true})
                          .add("b", ColumnType::int_)
                          .unique("with_hidden", {0, 1})
                          .unique("uk", {2, 0})
                          .hidden_identity(1)
                          .build();
  const Value row[] = {Value::integer(1), Value::integer(99), Value::integer(2)};
  const dts::Record record = through(schema, Operation::update, row, row);
  const std::vector<dts::Field> fields = {{"a", 3}, {"b", 3}};
  const std::vector<dts::Value> image = {dts::Integer{4, "1"}, dts::Integer{4, "2"}};
  EXPECT_TRUE(std::get<std::vector<dts::Field>>(record.fields) == fields);
  EXPECT_TRUE(std::get<std::vector<dts::Value>>(record.before_images) == image);
  EXPECT_TRUE(std::get<std::vector<dts::Value>>(record.after_images) == image);
  EXPECT_EQ(record.tag("pk_uk_info"), R"({"uk":["b","a"]})");
}

TEST(DtsAvroRecord, HeaderAndTagsSayWhereTheRowCameFrom) {
  const auto schema = SchemaBuilder("a.b", "t").add("i\"d", ColumnType::int_).primary({0}).version(3109599372).build();
  const Value row[] = {Value::integer(1)};
  const dts::Record record = through(schema, Operation::init, {}, row, header, {.source_version = "8.0.34"});
  EXPECT_EQ(record.version, 0);
  EXPECT_EQ(record.id, 77);
  EXPECT_EQ(record.source_timestamp, 1712905965);
  EXPECT_EQ(record.source_position, "2924526@143");
  EXPECT_EQ(record.safe_source_position, "2924372@143");
  EXPECT_EQ(record.source_txid, "0");
  EXPECT_EQ(record.source_type_name(), "MySQL");
  EXPECT_EQ(record.source_version, "8.0.34");
  EXPECT_EQ(record.operation_name(), "INIT");
  EXPECT_EQ(record.object_name, "a\\u002Eb.t");
  EXPECT_FALSE(record.process_timestamps.has_value());
  EXPECT_EQ(record.born_timestamp, 1712905965);
  EXPECT_EQ(record.before_images.index(), 0U);
  const std::vector<std::pair<std::string, std::string>> tags = {{"pk_uk_info", R"({"PRIMARY":["i\"d"]})"},
                                                                 {"metaVersion", "3109599372"},
                                                                 {"l_db_name", "a.b"},
                                                                 {"l_tb_name", "t"},
                                                                 {"server_id", "12"},
                                                                 {"thread_id", "34"},
                                                                 {"readerThroughoutTime", "1712905965123"}};
  EXPECT_EQ(record.tags, tags);
  EXPECT_EQ(dts::object_name_parts(*record.object_name), (std::vector<std::string>{"a.b", "t"}));

  const ChangeHeader unknown{.id = 1, .timestamp_s = 2, .position = "1@1", .safe_position = "1@1", .read_ms = 3};
  const dts::Record without = through(schema, Operation::init, {}, row, unknown);
  EXPECT_FALSE(without.tag("thread_id").has_value());
  EXPECT_FALSE(without.tag("server_id").has_value());
  EXPECT_EQ(without.tag("readerThroughoutTime"), "3");
}

TEST(DtsAvroRecord, PhysicalNamesGoIntoObjectNameAndLogicalOnesStayInTheTags) {
  const auto schema = SchemaBuilder("shop", "orders").add("id", ColumnType::int_).primary({0}).build();
  const Value row[] = {Value::integer(1)};
  const dts::Record record = through(schema, Operation::insert, {}, row, header,
                                     {.physical_database = "shop_0005", .physical_table = "orders_aeje_11"});
  EXPECT_EQ(record.object_name, "shop_0005.orders_aeje_11");
  EXPECT_EQ(record.tag("l_db_name"), "shop");
  EXPECT_EQ(record.tag("l_tb_name"), "orders");
}

TEST(DtsAvroRecord, DdlIsAStringUnderTheDatabaseName) {
  base::Buffer out;
  encode_ddl(header, "my.db", "CREATE TABLE t (a int)", "8.0.34", out);
  const auto record = dts::decode_record(out.view());
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->operation_name(), "DDL");
  EXPECT_EQ(record->object_name, "my\\u002Edb");
  EXPECT_EQ(std::get<std::string>(record->after_images), "CREATE TABLE t (a int)");
  EXPECT_EQ(record->fields.index(), 0U);
  EXPECT_EQ(record->before_images.index(), 0U);
  EXPECT_EQ(record->tag("server_id"), "12");
  EXPECT_EQ(record->born_timestamp, 1712905965);
}

TEST(DtsAvroRecord, BeginCommitAndHeartbeatHaveNoObjectAndNoImages) {
  for (const Operation operation : {Operation::begin, Operation::commit, Operation::heartbeat}) {
    base::Buffer out;
    ChangeHeader with_gtid = header;
    with_gtid.gtid = "0-1-5";
    encode_transaction(operation, with_gtid, "8.0.34", out);
    const auto record = dts::decode_record(out.view());
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(record->operation_name(), model::to_string(operation));
    EXPECT_FALSE(record->object_name);
    EXPECT_EQ(record->fields.index() + record->before_images.index() + record->after_images.index(), 0U);
    EXPECT_EQ(record->tag("GTID"), "0-1-5");
    EXPECT_EQ(record->tag("server_id"), "12");
    EXPECT_EQ(record->source_timestamp, 1712905965);
    EXPECT_EQ(record->born_timestamp, 1712905965);
  }
}

TEST(DtsAvroRecord, EveryRowIsLongerThanTheValuesConsumersDrop) {
  const auto schema = SchemaBuilder("d", "t").add("c", ColumnType::int_).build();
  const Value row[] = {Value::null()};
  base::Buffer out;
  const ChangeHeader empty{.position = "4@1", .safe_position = "4@1"};
  ASSERT_TRUE(make_dts_avro_encoder(schema, {})->encode(Operation::insert, empty, {}, row, out).has_value());
  EXPECT_GT(out.size(), 48U);
}

TEST(DtsAvroRecord, RowsAreAppendedBehindWhatIsThere) {
  const auto schema = SchemaBuilder("d", "t").add("c", ColumnType::varchar).build();
  const auto encoder = make_dts_avro_encoder(schema, {});
  base::Buffer out;
  std::vector<std::string> separate;
  std::size_t from = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string bytes(static_cast<std::size_t>(i * 3), 'x');
    const Value row[] = {text(bytes)};
    base::Buffer alone;
    ASSERT_TRUE(encoder->encode(Operation::insert, header, {}, row, alone).has_value());
    ASSERT_TRUE(encoder->encode(Operation::insert, header, {}, row, out).has_value());
    EXPECT_EQ(out.view().substr(from), alone.view());
    from = out.size();
  }
}

TEST(DtsAvroErrors, AValueThatDoesNotFitNamesItsColumnAndAppendsNothing) {
  Value absent;
  absent.kind = ValueKind::absent;
  Value date;
  date.kind = ValueKind::date;
  const struct {
    ColumnType type;
    Value value;
  } misfits[] = {{ColumnType::int_, text("1")},
                 {ColumnType::int_, absent},
                 {ColumnType::int_, Value::of_text(ValueKind::integer_text, "")},
                 {ColumnType::int_, Value::of_text(ValueKind::integer_text, "123456789012345678901")},
                 {ColumnType::decimal, decimal("1.5")},
                 {ColumnType::decimal, decimal("")},
                 {ColumnType::decimal, decimal("-")},
                 {ColumnType::decimal, decimal(".00")},
                 {ColumnType::decimal, Value::real(1)},
                 {ColumnType::double_, decimal("1.00")},
                 {ColumnType::varchar, Value::integer(1)},
                 {ColumnType::enum_, Value::integer_unsigned(3)},
                 {ColumnType::set, Value::integer_unsigned(4)},
                 {ColumnType::datetime, date},
                 {ColumnType::timestamp, date},
                 {ColumnType::year, date},
                 {ColumnType::time, date},
                 {ColumnType::date, Value::integer(1)}};
  for (const auto& misfit : misfits) {
    const base::Status status = refused(misfit.type, {.precision = 10, .scale = 2, .labels = {"a", "b"}}, misfit.value);
    ASSERT_FALSE(status.has_value()) << model::to_string(misfit.type);
    EXPECT_EQ(status.error().code, base::ErrorCode::data_schema_mismatch);
    EXPECT_EQ(status.error().where, "d.t.c");
  }
}

TEST(DtsAvroErrors, ARowOfTheWrongLengthIsRefused) {
  const auto schema = SchemaBuilder("d", "t").add("a", ColumnType::int_).add("b", ColumnType::int_).build();
  const auto encoder = make_dts_avro_encoder(schema, {});
  const Value row[] = {Value::integer(1), Value::integer(2), Value::integer(3)};
  base::Buffer out;
  const std::span<const Value> all(row);
  EXPECT_FALSE(encoder->encode(Operation::insert, header, {}, all, out).has_value());
  EXPECT_FALSE(encoder->encode(Operation::update, header, all.first(2), all.first(1), out).has_value());
  EXPECT_FALSE(encoder->encode(Operation::delete_, header, {}, all.first(2), out).has_value());
  EXPECT_FALSE(encoder->encode(Operation::begin, header, {}, all.first(2), out).has_value());
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(encoder->encode(Operation::insert, header, {}, all.first(2), out).has_value());
}

// The sanitizers watch the buffer's end: room is made once for each record, key and identity.
TEST(DtsAvroErrors, AnyKindOfValueInAnyColumnIsARecordOrAnErrorWithinItsRoom) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const char* charsets[] = {"utf8mb4", "latin1", "gbk", "ucs2", "geostd8"};
  std::size_t encoded = 0;
  for (int round = 0; round < 20000; ++round) {
    SchemaBuilder builder("d", "t");
    std::vector<Value> row;
    std::deque<std::string> kept;
    for (std::uint32_t i = 0, columns = 1 + random() % 3; i < columns; ++i) {
      builder.add("c", static_cast<ColumnType>(random() % std::size(type_cases)),
                  {.scale = static_cast<std::uint8_t>(random() % 39),
                   .charset = charsets[random() % std::size(charsets)],
                   .labels = std::vector<std::string>(random() % 65, "label")});
      std::string bytes(random() % 5 == 0 ? random() % 300 : random() % 30, '\0');
      for (char& c : bytes) c = static_cast<char>(random() % 2 == 0 ? random() : '0' + random() % 10);
      Value value = text(kept.emplace_back(bytes));
      value.kind = static_cast<ValueKind>(random() % (static_cast<unsigned>(ValueKind::year) + 1));
      value.u = random() % 2 == 0 ? random() : random() % 70;
      value.negative = random() % 2 == 0;
      value.t = {static_cast<std::uint16_t>(random()), static_cast<std::uint8_t>(random()),
                 static_cast<std::uint8_t>(random()),  static_cast<std::uint16_t>(random()),
                 static_cast<std::uint8_t>(random()),  static_cast<std::uint8_t>(random()),
                 static_cast<std::uint32_t>(random())};
      row.push_back(value);
    }
    const auto encoder = make_dts_avro_encoder(builder.primary({0}).build(), {});
    base::Buffer out, key, identity;
    encoded += encoder->encode(Operation::update, header, row, row, out).has_value() ? 1 : 0;
    EXPECT_TRUE(encoder->key(row, key));
    encoder->identity(row, identity);
    for (const base::Buffer* buffer : {&out, &key, &identity}) ASSERT_LE(buffer->size(), buffer->capacity());
    EXPECT_FALSE(identity.empty());
  }
  EXPECT_GT(encoded, 100U);
}

}  // namespace
}  // namespace tributary::encode
