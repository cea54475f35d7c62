#include <gtest/gtest.h>

#include "encode/avro_io.h"
#include "verify/repair.h"
#include "verify/source_rows.h"
#include "verify/task_progress.h"

namespace tributary::verify {
namespace {

source::LogEnd end_at(std::string file, std::uint64_t offset, const char* gtids = nullptr) {
  source::LogEnd end;
  end.position = {std::move(file), offset};
  if (gtids != nullptr) end.gtid_set = *model::GtidSet::parse(gtids);
  return end;
}

TEST(HasPassed, GoesByPlacesOfOneServerAndByGtidsOfAny) {
  checkpoint::StreamState stream;
  EXPECT_FALSE(has_passed(stream, end_at("b.000001", 4), "s"));
  stream.started = true;
  stream.server_uuid = "s";
  stream.emitted = {"b.000002", 100};
  EXPECT_TRUE(has_passed(stream, end_at("b.000002", 100), "s"));
  EXPECT_TRUE(has_passed(stream, end_at("b.000001", 900), "s"));
  EXPECT_FALSE(has_passed(stream, end_at("b.000002", 101), "s"));
  EXPECT_FALSE(has_passed(stream, end_at("b.000001", 900), "another"));
  stream.emitted_gtid_set = "0-1-50";
  EXPECT_TRUE(has_passed(stream, end_at("b.000009", 900, "0-1-50"), "another"));
  EXPECT_FALSE(has_passed(stream, end_at("b.000009", 900, "0-1-51"), "another"));
}

std::string condition(model::ColumnType type, const encode::dts::Value& value) {
  encode::dts::Record record;
  record.fields = std::vector<encode::dts::Field>{{"c", 1}};
  record.after_images = std::vector<encode::dts::Value>{value};
  base::Buffer bytes, canonical;
  encode::dts::encode_record(record, bytes);
  RecordReader reader;
  EXPECT_TRUE(reader.read(bytes.view()).has_value());
  append_canonical(reader.after_values.at(0), canonical);
  model::Column column;
  column.name = "c";
  column.type = type;
  column.charset = "gbk";
  std::string_view identity = canonical.view();
  return key_condition(column, identity);
}

TEST(KeyCondition, IsALiteralOfTheValuesKind) {
  using model::ColumnType;
  EXPECT_EQ(condition(ColumnType::bigint, encode::dts::Integer{8, "-5"}), "`c` = -5");
  EXPECT_EQ(condition(ColumnType::varchar, encode::dts::Character{"utf8mb4", "a'"}), "`c` = _utf8mb4 X'6127'");
  EXPECT_EQ(condition(ColumnType::varbinary, encode::dts::BinaryObject{"binary", std::string("\0", 1)}),
            "`c` = _binary X'00'");
  EXPECT_EQ(condition(ColumnType::date, encode::dts::DateTime{2024, 1, 2, {}, {}, {}, {}}), "`c` = '2024-01-02'");
  EXPECT_EQ(condition(ColumnType::time, encode::dts::DateTime{{}, {}, {}, -101, -2, -3, 0}),
            "`c` = '-101:02:03.000000'");
  EXPECT_EQ(condition(ColumnType::year, encode::dts::DateTime{2024, {}, {}, {}, {}, {}, {}}), "`c` = 2024");
  EXPECT_EQ(condition(ColumnType::timestamp, encode::dts::Timestamp{0, 0}), "`c` = '0000-00-00 00:00:00'");
}

TEST(MakeDelete, HasTheRowAsItsBeforeImageAndTheTablesKey) {
  encode::dts::Record record;
  record.fields = std::vector<encode::dts::Field>{{"v", 253}, {"id", 3}};
  const std::vector<encode::dts::Value> values = {encode::dts::Character{"utf8mb4", "x\"y"},
                                                  encode::dts::Integer{4, "7"}};
  record.after_images = values;
  base::Buffer bytes;
  encode::dts::encode_record(record, bytes);
  RecordReader reader;
  ASSERT_TRUE(reader.read(bytes.view()).has_value());
  TableFold table;
  table.database = "shop";
  table.table = "a.b";
  table.identity = {"id", "v"};
  const DeleteRecord made =
      make_delete(table, Structure::parse(reader.fields), reader.after, nullptr, 3, 1'700'000'000'000, "4@1");
  EXPECT_EQ(made.key, R"(["shop","a.b",7,"x\"y"])");
  RecordReader gone;
  ASSERT_TRUE(gone.read(made.value).has_value());
  EXPECT_EQ(gone.operation, 2);
  EXPECT_EQ(gone.object, "shop.a\\u002Eb");
  EXPECT_EQ(gone.before, reader.after);
  EXPECT_TRUE(gone.after.empty());
}

}  // namespace
}  // namespace tributary::verify
