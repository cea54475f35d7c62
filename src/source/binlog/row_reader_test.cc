#include "source/binlog/row_reader.h"

#include <gtest/gtest.h>

#include "source/binlog/test_binlog.h"
#include "source/binlog/test_fixtures.h"

namespace tributary::source {
namespace {

using model::ColumnType;
using testing::from_hex;
using testing::RowCollector;

// What fx.a holds, up to the columns only one server has.
constexpr std::string_view first_row =
    "|18446744073709551615|-8388608|-12345678901234.000100|0.10000000000000001|1.5|513|2024|2024-02-29|";
constexpr std::string_view first_row_rest = "|2024-02-29 23:59:59.123456|1704164645.670000|ab|";
const std::string second_row =
    "2|0|0|0|0.000000|0|0|0|0000|0000-00-00|-00:00:00.001000|0000-00-00 00:00:00.000000|0.000000||";

std::string nulls(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "|NULL";
  return text;
}

TEST(RowReader, ReadsAllTypesOfMariaDb) {
  RowCollector rows;
  rows.change_schema = [](model::TableSchema& schema) {  // BINARY(n) as far as the binlog tells
    schema.columns[19].type = ColumnType::uuid;
    schema.columns[20].type = ColumnType::inet4;
    schema.columns[21].type = ColumnType::inet6;
  };
  rows.walk(from_hex(testing::mariadb_10_11));
  EXPECT_EQ(rows.first_error, "");
  EXPECT_EQ(rows.left, 0u);
  const std::string middle = std::string(first_row) + "-838:59:59.500000" + std::string(first_row_rest) +
                             std::string("a\0\0\0", 4) +
                             "|h\xc3\xa9llo|text|2|5|11223344-5566-4788-99aa-bbccddeeff00|1.2.3.0|::ffff:1.2.3.4";
  ASSERT_EQ(rows.lines.size(), 9u);
  EXPECT_EQ(rows.lines[0], "I 1|-128" + middle);
  EXPECT_EQ(rows.lines[1], "I " + second_row + std::string(4, '\0') + "|||1|0|NULL|NULL|NULL");
  EXPECT_EQ(rows.lines[2], "I 3" + nulls(21));
  EXPECT_EQ(rows.lines[3], "B 1|-128" + middle);
  EXPECT_EQ(rows.lines[4], "A 1|7" + middle);
  EXPECT_EQ(rows.lines[5], "D 3" + nulls(21));
  EXPECT_EQ(rows.lines[8], "I 12" + nulls(21));
}

TEST(RowReader, ReadsAllTypesOfMySql97) {
  RowCollector rows;
  rows.walk(from_hex(testing::mysql_9_7));
  EXPECT_EQ(rows.first_error, "");
  const std::string middle = std::string(first_row) + "-838:59:59.000000" + std::string(first_row_rest) +
                             std::string("a\0\0\0", 4) +
                             R"(|h)"
                             "\xc3\xa9"
                             R"(llo|text|2|5|{"a": [1, 2.5, "x\"", null, true], "b": 1, "c": 1e20}|)";
  ASSERT_EQ(rows.lines.size(), 9u);
  EXPECT_EQ(rows.lines[4].substr(0, 5 + middle.size()), "A 1|7" + middle);
  const std::string wkb = from_hex("0101000000000000000000f03f0000000000000040");
  EXPECT_EQ(rows.lines[4].substr(5 + middle.size()), wkb);
  EXPECT_EQ(rows.lines[1], "I " + second_row + std::string(4, '\0') + "|||1|0|[]|NULL");
}

TEST(RowReader, ReadsMySql56WhichSendsNoOptionalMetadata) {
  RowCollector rows;
  rows.change_schema = [](model::TableSchema& schema) {
    schema.columns[2].is_unsigned = true;
    schema.columns[14].type = ColumnType::binary;
    schema.columns[14].length = 4;
  };
  rows.walk(from_hex(testing::mysql_5_6));
  EXPECT_EQ(rows.first_error, "");
  ASSERT_EQ(rows.lines.size(), 6u);
  EXPECT_EQ(rows.lines[0], "I 1|-128" + std::string(first_row) + "-838:59:59.000000" + std::string(first_row_rest) +
                               std::string("a\0\0\0", 4) + "|h\xc3\xa9llo|text|2|5");
}

TEST(RowReader, AppliesPartialJsonInsideCompressedTransactions) {
  RowCollector rows;
  rows.walk(from_hex(testing::mysql_9_7_compressed));
  EXPECT_EQ(rows.first_error, "");
  EXPECT_EQ(rows.counts[EventType::partial_update_rows], 2u);
  const std::string old_row = R"(1|{"a": 1, "b c": [1, 2, {"x": "yyyyyyyyyyyyyyyyyyyy"}]}|[1, 2, 3])";
  const std::string new_values = R"(|{"a": 2, "b c": [1, 2, {"x": "z"}], "new": 5}|[1, 3])";
  EXPECT_EQ(rows.lines, (std::vector<std::string>{"I " + old_row, "B " + old_row, "A 1" + new_values,
                                                  "B 1" + new_values, "A 2" + new_values, "D 2" + new_values}));
}

TEST(RowReader, ReadsMariaDbsCompressedEventsAndOldTemporalForms) {
  RowCollector rows;
  rows.change_schema = [](model::TableSchema& schema) {
    schema.columns[1].fraction_digits = 3;
    schema.columns[3].fraction_digits = 6;
    schema.columns[5].fraction_digits = 2;
  };
  rows.walk(from_hex(testing::mariadb_compressed_hires));
  EXPECT_EQ(rows.first_error, "");
  EXPECT_GT(rows.counts[EventType::write_rows_compressed_v1] + rows.counts[EventType::update_rows_compressed_v1], 0u);
  EXPECT_EQ(rows.counts[EventType::query_compressed], 1u);
  ASSERT_FALSE(rows.queries.empty());
  EXPECT_EQ(rows.queries[0].substr(0, 14), "create table h");
  std::string z = "|";
  for (int i = 0; i < 200; ++i) z += "abc";
  const std::string values =
      "|-838:59:59.500000|-10:11:12.000000|2024-02-29 23:59:59.123456|2024-02-29 23:59:58.000000|1704164645.670000|"
      "1704164645.000000" +
      z;
  EXPECT_EQ(rows.lines, (std::vector<std::string>{"I 1" + values, "B 1" + values, "A 2" + values, "D 2" + values}));
}

// ---- images made by hand: one table (a int, b varchar(10)) called d.t, id 9

struct Hand {
  FormatDescription format;
  std::string map_body = std::string("\x09\0\0\0\0\0\1\0\1d\0\1t\0\2\x03\x0f\2\x0a\0\3", 21);
  model::TableSchema schema;
  TableMap map;
  RowReader reader;
  std::vector<model::Value> before, after;

  Hand() {
    schema.database = "d";
    schema.table = "t";
    schema.columns.resize(2);
    schema.columns[0].name = "a";
    schema.columns[1].name = "b";
    schema.columns[1].type = ColumnType::varchar;
  }
  base::Result<RowPlan> plan() {
    EventView event{{}, map_body, event_header_size};
    event.header.type = EventType::table_map;
    if (auto parsed = map.parse(event, format); !parsed) return base::fail(parsed.error());
    return RowPlan::make(map, std::make_shared<model::TableSchema>(schema));
  }
  EventView rows(EventType type, std::string_view body) {
    EventView event{{}, body, event_header_size};
    event.header.type = type;
    return event;
  }
};

TEST(RowReader, GivesAbsentForColumnsOutsideTheImage) {
  Hand hand;
  auto plan = hand.plan();
  ASSERT_TRUE(plan) << plan.error().message();
  // An update with only `a` before and only `b` after: MINIMAL.
  const std::string body(
      "\x09\0\0\0\0\0\1\0\2\1\2"
      "\0\5\0\0\0"
      "\0\2hi",
      20);
  ASSERT_TRUE(hand.reader.open(hand.rows(EventType::update_rows_v1, body), hand.format, *plan));
  EXPECT_TRUE(hand.reader.event().ends_statement());
  auto more = hand.reader.next(hand.before, hand.after);
  ASSERT_TRUE(more) << more.error().message();
  EXPECT_TRUE(*more);
  EXPECT_EQ(testing::render(hand.before), "5|absent");
  EXPECT_EQ(testing::render(hand.after), "absent|hi");
  EXPECT_FALSE(*hand.reader.next(hand.before, hand.after));
}

TEST(RowReader, NamesColumnAndByteWhereARowEndsTooEarly) {
  Hand hand;
  auto plan = hand.plan();
  ASSERT_TRUE(plan);
  const std::string body(
      "\x09\0\0\0\0\0\1\0\2\3"
      "\0\5\0\0\0\4hi",
      18);
  ASSERT_TRUE(hand.reader.open(hand.rows(EventType::write_rows_v1, body), hand.format, *plan));
  auto more = hand.reader.next(hand.before, hand.after);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, base::ErrorCode::data_event_malformed);
  EXPECT_EQ(more.error().what, "d.t, column `b` varchar: the row ends too early");
  EXPECT_EQ(more.error().where, "byte 34 of the event");
}

TEST(RowReader, RefusesImagesWithoutColumnsNamingTheSetting) {
  Hand hand;
  auto plan = hand.plan();
  ASSERT_TRUE(plan);
  const std::string body("\x09\0\0\0\0\0\1\0\2\0", 10);
  auto opened = hand.reader.open(hand.rows(EventType::write_rows_v1, body), hand.format, *plan);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, base::ErrorCode::data_event_unsupported);
  EXPECT_NE(opened.error().what.find("binlog_row_image = FULL"), std::string::npos);
}

TEST(RowReader, RefusesRowsWithAnotherColumnCountThanTheirTableMap) {
  Hand hand;
  auto plan = hand.plan();
  ASSERT_TRUE(plan);
  const std::string body("\x09\0\0\0\0\0\1\0\3\7\0\0", 12);
  auto opened = hand.reader.open(hand.rows(EventType::write_rows_v1, body), hand.format, *plan);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, base::ErrorCode::data_schema_mismatch);
}

TEST(RowPlan, NamesTheColumnAndBothTypesThatDisagree) {
  Hand hand;
  hand.schema.columns[1].type = ColumnType::bigint;
  hand.schema.columns[1].declared_type = "bigint(20)";
  auto plan = hand.plan();
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, base::ErrorCode::data_schema_mismatch);
  EXPECT_EQ(plan.error().what,
            "column 2 `b` is varchar of up to 10 bytes in the binlog, bigint(20) in the known structure");
  EXPECT_EQ(plan.error().where, "d.t");
}

TEST(RowPlan, CountsColumns) {
  Hand hand;
  hand.schema.columns.pop_back();
  auto plan = hand.plan();
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().what, "the binlog has 2 columns, the known structure 1");
}

TEST(RowPlan, ComparesNamesAndSignsWhereTheServerSendsThem) {
  const auto error_with = [](void (*change)(model::TableSchema&)) {
    RowCollector rows;
    rows.change_schema = change;
    rows.walk(from_hex(testing::mysql_9_7));
    return rows.first_error;
  };
  EXPECT_NE(error_with([](model::TableSchema& s) {
              s.columns[1].name = "other";
            }).find("column 2 `other` is called `i8` in the binlog"),
            std::string::npos);
  EXPECT_NE(error_with([](model::TableSchema& s) {
              s.columns[2].is_unsigned = false;
            }).find("column 3 `u64` is unsigned in the binlog"),
            std::string::npos);
  EXPECT_NE(error_with([](model::TableSchema& s) { s.columns[4].scale = 5; }).find("is decimal(20,6) in the binlog"),
            std::string::npos);
  EXPECT_NE(error_with([](model::TableSchema& s) { s.columns[10].fraction_digits = 0; }).find("is time(3)"),
            std::string::npos);
}

TEST(RowPlan, StaysValidForTheSameLayoutOnly) {
  Hand hand;
  auto plan = hand.plan();
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->fits(hand.map));
  TableMap other;
  EventView event{{}, {}, event_header_size};
  event.header.type = EventType::table_map;
  std::string body = hand.map_body;
  body[0] = 10;  // only the id
  event.body = body;
  ASSERT_TRUE(other.parse(event, hand.format));
  EXPECT_EQ(other.table_id(), 10u);
  EXPECT_TRUE(plan->fits(other));
  body[18] = 11;  // varchar(11)
  ASSERT_TRUE(other.parse(event, hand.format));
  EXPECT_FALSE(plan->fits(other));
}

TEST(TableMap, HoldsNothingAfterAMalformedEvent) {
  Hand hand;
  ASSERT_TRUE(hand.plan());
  EXPECT_EQ(hand.map.database(), "d");
  EXPECT_EQ(hand.map.table(), "t");
  EventView event{{}, std::string_view(hand.map_body).substr(0, 19), event_header_size};
  event.header.type = EventType::table_map;
  auto parsed = hand.map.parse(event, hand.format);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, base::ErrorCode::data_event_malformed);
  EXPECT_TRUE(hand.map.columns().empty());
}

TEST(TableMap, RefusesAColumnTypeNobodyKnows) {
  Hand hand;
  hand.map_body[15] = 100;
  auto plan = hand.plan();
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, base::ErrorCode::data_event_unsupported);
  EXPECT_NE(plan.error().what.find("column 1 of d.t"), std::string::npos);
}

TEST(TableMap, CountsYearsAmongTheColumnsWithASign) {
  // d.t (YEAR, INT UNSIGNED, INT), as all servers describe it: bits 1, 1, 0.
  const std::string body(
      "\x01\0\0\0\0\0\0\0\x01"
      "d\0\x01t\0\x03\x0d\x03\x03\0\0\x01\x01\xc0",
      23);
  EventView event{{}, body, event_header_size};
  event.header.type = EventType::table_map;
  TableMap map;
  ASSERT_TRUE(map.parse(event, FormatDescription()));
  const auto schema = derive_schema(map);
  ASSERT_TRUE(schema);
  EXPECT_TRUE((*schema)->columns[1].is_unsigned);
  EXPECT_FALSE((*schema)->columns[2].is_unsigned);
  EXPECT_TRUE(RowPlan::make(map, *schema));
}

EventView table_map_of(std::string_view body) {
  EventView event{{}, body, event_header_size};
  event.header.type = EventType::table_map;
  return event;
}

TEST(TableMap, AVarcharOfBeforeMySql50HasItsLengthInTheSecondByte) {
  for (const char first : {'\xfd', '\xfe'}) {
    std::string body(
        "\x01\0\0\0\0\0\0\0\x01"
        "d\0\x01t\0\x01\xfd\x02",
        17);
    body += first;
    body += std::string("\x14\0", 2);
    TableMap map;
    ASSERT_TRUE(map.parse(table_map_of(body), FormatDescription()));
    EXPECT_EQ(map.columns()[0].metadata, 20u);
  }
}

TEST(TableMap, MariaDbsCollationsOfGeometryColumnsAreLeftOut) {
  // d.t (GEOMETRY, LONGTEXT): the default 63 (binary), the second column 45 (utf8mb4_general_ci).
  const std::string body(
      "\x01\0\0\0\0\0\0\0\x01"
      "d\0\x01t\0\x02\xff\xfc\x02\x04\x04\x03\x02\x03\x3f\x01\x2d",
      26);
  FormatDescription format;
  format.is_mariadb = true;
  TableMap map;
  ASSERT_TRUE(map.parse(table_map_of(body), format));
  const auto metadata = map.metadata();
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->collations, std::vector<std::uint64_t>{45});
}

// d.t of an INT, and behind it what `more` says: types, metadata with its size, nullability.
TableMap map_with(std::string_view types, std::string_view metadata, char null_bits) {
  std::string body(
      "\x01\0\0\0\0\0\0\0\x01"
      "d\0\x01t\0",
      14);
  body += static_cast<char>(1 + types.size());
  body += '\x03';
  body += types;
  body += static_cast<char>(metadata.size());
  body += metadata;
  body += null_bits;
  EventView event{{}, body, event_header_size};
  event.header.type = EventType::table_map;
  TableMap map;
  EXPECT_TRUE(map.parse(event, FormatDescription()));
  return map;
}

std::shared_ptr<model::TableSchema> one_int() {
  auto schema = std::make_shared<model::TableSchema>();
  schema->columns.resize(1);
  schema->columns[0].name = "a";
  return schema;
}

TEST(RowPlan, DropsTheRowIdThatRdsAddsToTablesWithoutAPrimaryKey) {
  const TableMap map = map_with("\x08", "", 0);
  auto schema = one_int();
  auto plan = RowPlan::make(map, schema);
  ASSERT_TRUE(plan);
  // One row: no NULLs, 7, and the id 9.
  const std::string row("\0\x07\0\0\0\x09\0\0\0\0\0\0\0", 13);
  RowsEvent event;
  event.column_count = 2;
  event.columns_before = event.columns_after = "\xff";
  event.rows = row;
  RowReader reader;
  ASSERT_TRUE(reader.open(event, *plan));
  std::vector<model::Value> before, after;
  ASSERT_TRUE(*reader.next(before, after));
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after[0].i, 7);
  EXPECT_FALSE(*reader.next(before, after));
}

TEST(RowPlan, TakesNoOtherColumnForTheRowIdOfRds) {
  EXPECT_FALSE(RowPlan::make(map_with("\x08", "", 2), one_int()));      // nullable
  EXPECT_FALSE(RowPlan::make(map_with("\x03", "", 0), one_int()));      // INT
  EXPECT_FALSE(RowPlan::make(map_with("\x08\x08", "", 0), one_int()));  // two
  auto keyed = one_int();
  keyed->keys.push_back({"PRIMARY", true, {0}});
  EXPECT_FALSE(RowPlan::make(map_with("\x08", "", 0), keyed));
}

TEST(RowReader, TellsOfASystemVersionedTableOnlyTheRowsThatHoldNow) {
  const TableMap map = map_with("\x11\x11", "\x06\x06", 0);
  auto schema = one_int();
  schema->tail = {model::TailColumn::row_start, model::TailColumn::row_end};
  schema->row_end = 2;
  auto plan = RowPlan::make(map, schema);
  ASSERT_TRUE(plan);
  const auto row = [](char a, bool holds) {
    std::string bytes("\0\0\0\0\0\x60\0\0\0\0\0\0", 12);
    bytes[1] = a;
    return bytes + (holds ? std::string("\x7f\xff\xff\xff\x0f\x42\x3f", 7) : std::string("\x60\0\0\x01\0\0\0", 7));
  };
  RowReader reader;
  std::vector<model::Value> before, after;
  const auto changes = [&](RowChange change, const std::string& rows) {
    RowsEvent event;
    event.change = change;
    event.column_count = 3;
    event.columns_before = event.columns_after = "\xff";
    event.rows = rows;
    std::string seen;
    EXPECT_TRUE(reader.open(event, *plan));
    while (*reader.next(before, after)) {
      EXPECT_EQ(before.size(), reader.change() == RowChange::insert ? 0u : 1u);
      EXPECT_EQ(after.size(), reader.change() == RowChange::delete_ ? 0u : 1u);
      seen += "IUD"[static_cast<int>(reader.change())];
      if (!before.empty()) seen += std::to_string(before[0].i);
      if (!after.empty()) seen += ">" + std::to_string(after[0].i);
    }
    return seen;
  };
  EXPECT_EQ(changes(RowChange::insert, row(1, true) + row(2, false) + row(3, true)), "I>1I>3");
  EXPECT_EQ(changes(RowChange::update, row(1, true) + row(2, true) + row(3, true) + row(3, false)), "U1>2D3");
  EXPECT_EQ(changes(RowChange::delete_, row(1, false) + row(2, true)), "D2");
}

TEST(DerivedSchema, TakesNamesSignsAndLabelsFromFullMetadata) {
  static model::TableSchema seen;
  RowCollector rows;
  rows.change_schema = [](model::TableSchema& schema) { seen = schema; };
  rows.walk(from_hex(testing::mariadb_10_11));
  ASSERT_EQ(seen.columns.size(), 22u);
  EXPECT_EQ(seen.columns[2].name, "u64");
  EXPECT_TRUE(seen.columns[2].is_unsigned);
  EXPECT_FALSE(seen.columns[3].is_unsigned);
  EXPECT_EQ(seen.columns[14].type, ColumnType::binary);
  EXPECT_EQ(seen.columns[15].type, ColumnType::varchar);
  EXPECT_EQ(seen.columns[16].type, ColumnType::text);
  EXPECT_EQ(seen.columns[17].labels, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(seen.columns[18].labels, (std::vector<std::string>{"x", "y", "z"}));
  EXPECT_FALSE(seen.columns[0].is_nullable);
  EXPECT_TRUE(seen.columns[1].is_nullable);
}

}  // namespace
}  // namespace tributary::source
