#include "verify/image.h"

#include <gtest/gtest.h>

#include "base/buffer.h"
#include "encode/decoder.h"

namespace tributary::verify {
namespace {

namespace dts = encode::dts;

dts::Record record_of(std::vector<dts::Value> after) {
  dts::Record record;
  record.id = 77;
  record.source_timestamp = 1700000000;
  record.source_position = record.safe_source_position = "4711@12";
  record.source_version = "8.0";
  record.operation = 1;
  record.object_name = "shop.orders";
  record.tags = {{"pk_uk_info", R"({"PRIMARY":["id"]})"}, {"server_id", "9"}};
  std::vector<dts::Field> fields;
  for (std::size_t i = 0; i < after.size(); ++i) fields.push_back({"c" + std::to_string(i), static_cast<int>(i)});
  record.fields = std::move(fields);
  record.before_images = std::vector<dts::Value>{dts::Null{}};
  record.after_images = std::move(after);
  return record;
}

std::string bytes_of(const dts::Record& record) {
  base::Buffer out;
  dts::encode_record(record, out);
  return std::string(out.view());
}

std::string canonical(const dts::Value& value) {
  const std::string bytes = bytes_of(record_of({value}));
  RecordReader reader;
  EXPECT_TRUE(reader.read(bytes).has_value());
  base::Buffer out;
  append_canonical(reader.after_values.at(0), out);
  return std::string(out.view());
}

const std::vector<dts::Value> all_values = {dts::Null{},
                                            dts::Integer{4, "-12"},
                                            dts::Character{"latin1", "caf\xe9"},
                                            dts::Decimal{"1.50", 3, 2},
                                            dts::Float{2.5, 0, 0},
                                            dts::Timestamp{1700000000, 5},
                                            dts::DateTime{2024, 2, 3, {}, {}, {}, {}},
                                            dts::TimestampWithTimeZone{{1, 2, 3, 4, 5, 6, 7}, "+08:00"},
                                            dts::BinaryGeometry{"geometry", "\x01"},
                                            dts::TextGeometry{"geometry", "POINT(1 2)"},
                                            dts::BinaryObject{"blob", std::string("\0\xff", 2)},
                                            dts::TextObject{"json", "{}"},
                                            dts::EmptyObject::none};

TEST(RecordReader, FindsThePartsOfARecord) {
  const std::string bytes = bytes_of(record_of(all_values));
  RecordReader reader;
  ASSERT_TRUE(reader.read(bytes).has_value());
  EXPECT_EQ(reader.id, 77);
  EXPECT_EQ(reader.operation, 1);
  EXPECT_EQ(reader.server_id, 9u);
  EXPECT_EQ(reader.position, "4711@12");
  EXPECT_EQ(reader.object, "shop.orders");
  EXPECT_EQ(reader.keys, R"({"PRIMARY":["id"]})");
  EXPECT_EQ(reader.before_values.size(), 1u);
  ASSERT_EQ(reader.after_values.size(), all_values.size());
  EXPECT_EQ(Structure::parse(reader.fields).find("c3"), 3u);
  for (std::size_t i = 0; i < all_values.size(); ++i)
    EXPECT_EQ(encode::dts::decode_value(reader.after_values[i]), all_values[i]) << i;
  EXPECT_EQ(split_image(reader.after), reader.after_values);
}

TEST(RecordReader, ImagesEndBeforeColumnsThatATaskAdded) {
  const auto named = [](std::vector<std::string> names) {
    dts::Record record = record_of({dts::Integer{4, "1"}, dts::Integer{4, "2"}, dts::Integer{4, "3"}});
    record.before_images = record.after_images;
    auto& fields = std::get<std::vector<dts::Field>>(record.fields);
    for (std::size_t i = 0; i < names.size(); ++i) fields[i].name = names[i];
    return bytes_of(record);
  };
  RecordReader reader({"op", "at"});
  const std::string both = named({"id", "op", "at"}), none = named({"op", "id", "sum"}),
                    one = named({"id", "sum", "at"});
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(reader.read(both).has_value());
    EXPECT_EQ(reader.after_values.size(), 1u);
    EXPECT_EQ(split_image(reader.before), reader.before_values);
    ASSERT_EQ(Structure::parse(reader.fields).columns.size(), 1u);
  }
  EXPECT_EQ(Structure::parse(own_fields(reader.fields, {"id"}).bytes).columns.size(), 0u);
  ASSERT_TRUE(reader.read(none).has_value());
  EXPECT_EQ(reader.after_values.size(), 3u);
  EXPECT_EQ(Structure::parse(reader.fields).find("op"), 0u);
  ASSERT_TRUE(reader.read(one).has_value());
  EXPECT_EQ(split_image(reader.after).size(), 2u);
  EXPECT_EQ(Structure::parse(reader.fields).columns.back().name, "sum");
}

TEST(RecordReader, EveryCutOffRecordIsAnErrorOrLacksTheTimeOfBirth) {
  const std::string bytes = bytes_of(record_of(all_values));
  RecordReader reader;
  std::size_t read = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    if (reader.read(std::string_view(bytes).substr(0, size))) ++read;
  EXPECT_EQ(read, 1u);  // without bornTimestamp, as older writers have it
}

TEST(Canonical, IsTheSameWhateverTheColumnsWidthScaleAndCharacterSetAre) {
  EXPECT_EQ(canonical(dts::Integer{4, "5"}), canonical(dts::Integer{8, "5"}));
  EXPECT_EQ(canonical(dts::Decimal{"5.00", 3, 2}), canonical(dts::Integer{8, "5"}));
  EXPECT_EQ(canonical(dts::Decimal{"-0.0", 1, 1}), canonical(dts::Integer{8, "0"}));
  EXPECT_EQ(canonical(dts::Character{"latin1", "caf\xe9"}), canonical(dts::Character{"utf8mb4", "caf\xc3\xa9"}));
  EXPECT_EQ(canonical(dts::Null{}), canonical(dts::EmptyObject::null));
}

TEST(Canonical, KeepsApartWhatIsNotTheSame) {
  EXPECT_NE(canonical(dts::Integer{4, "100"}), canonical(dts::Integer{4, "10"}));
  EXPECT_NE(canonical(dts::Integer{4, "5"}), canonical(dts::Character{"utf8mb4", "5"}));
  EXPECT_NE(canonical(dts::Character{"utf8mb4", ""}), canonical(dts::Null{}));
  EXPECT_NE(canonical(dts::Character{"utf8mb4", "a"}), canonical(dts::BinaryObject{"blob", "a"}));
  EXPECT_NE(canonical(dts::DateTime{2024, 1, {}, {}, {}, {}, {}}),
            canonical(dts::DateTime{2024, {}, 1, {}, {}, {}, {}}));
  // Two values side by side are not two others.
  EXPECT_NE(canonical(dts::Character{"utf8mb4", "ab"}) + canonical(dts::Character{"utf8mb4", "c"}),
            canonical(dts::Character{"utf8mb4", "a"}) + canonical(dts::Character{"utf8mb4", "bc"}));
}

TEST(Canonical, IsReadBackOneByOne) {
  const std::string all = canonical(dts::Integer{4, "-7"}) + canonical(dts::DateTime{{}, {}, {}, -1, -2, -3, -4}) +
                          canonical(dts::Timestamp{12, 34}) + canonical(dts::Float{0.5, 0, 0}) +
                          canonical(dts::Null{}) + canonical(dts::BinaryObject{"binary", std::string("\0'", 2)});
  std::string_view left = all;
  EXPECT_EQ(take_canonical(left).bytes, "-7");
  const CanonicalValue time = take_canonical(left);
  EXPECT_EQ(time.kind, ValueClass::datetime);
  EXPECT_FALSE(time.parts[0].has_value());
  EXPECT_EQ(time.parts[6], -4);
  EXPECT_EQ(take_canonical(left).seconds, 12);
  EXPECT_EQ(take_canonical(left).real, 0.5);
  EXPECT_EQ(take_canonical(left).kind, ValueClass::null);
  EXPECT_EQ(take_canonical(left).bytes, std::string("\0'", 2));
  EXPECT_TRUE(left.empty());
}

}  // namespace
}  // namespace tributary::verify
