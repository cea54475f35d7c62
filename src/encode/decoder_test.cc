#include "encode/decoder.h"

#include <gtest/gtest.h>

#include <random>

#include "encode/avro_io.h"
#include "model/text.h"

namespace tributary::encode::dts {
namespace {

Record rich_record() {
  Record r;
  r.id = 1;
  r.source_timestamp = 1712905965;
  r.source_position = r.safe_source_position = "4@1";
  r.source_txid = "0";
  r.source_version = "8.0.34";
  r.operation = 1;
  r.object_name = "d.t";
  r.process_timestamps = {1, -2, INT64_MAX};
  r.tags = {{"a", "b"}, {"", ""}};
  r.fields = std::vector<Field>{{"c", 8}, {"d", 253}};
  r.before_images = std::string("text");
  r.after_images = std::vector<Value>{Null{},
                                      Integer{8, "1"},
                                      Character{"gbk", "\xd6\xd0"},
                                      Decimal{"1.5", 2, 1},
                                      Float{1.5, 0, 0},
                                      Timestamp{-1, 5},
                                      DateTime{1, 2, 3, {}, {}, {}, {}},
                                      TimestampWithTimeZone{{1, 2, 3, 4, 5, 6, 7}, "+08:00"},
                                      BinaryGeometry{"geometry", "\x01"},
                                      TextGeometry{"geometry", "POINT(1 2)"},
                                      BinaryObject{"blob", std::string("\0\xff", 2)},
                                      TextObject{"json", "{}"},
                                      EmptyObject::none};
  r.born_timestamp = 1712905965;
  return r;
}

std::string bytes_of(const Record& record) {
  base::Buffer out;
  encode_record(record, out);
  return std::string(out.view());
}

TEST(Decoder, ReadsBackEveryBranchOfTheSchema) {
  const auto decoded = decode_record(bytes_of(rich_record()));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message();
  EXPECT_TRUE(*decoded == rich_record());
}

TEST(Decoder, ReadsRecordsOfOlderWritersWithoutBornTimestamp) {
  Record old = rich_record();
  old.born_timestamp.reset();
  const auto decoded = decode_record(bytes_of(old));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_FALSE(decoded->born_timestamp.has_value());
}

TEST(Decoder, ReadsArraysOfSeveralBlocksAndOfNegativeCounts) {
  Record plain;
  plain.tags = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
  std::string bytes = bytes_of(plain);
  std::string one_block, blocks;
  avro::add_long(one_block, 3);
  avro::add_long(blocks, 1);
  for (const char* key : {"a", "b", "c"}) {
    std::string item;
    avro::add_string(item, key);
    avro::add_string(item, std::string(1, static_cast<char>(key[0] - 'a' + '1')));
    one_block += item;
    blocks += item;
    if (key[0] == 'a') {
      avro::add_long(blocks, -2);
      avro::add_long(blocks, 8);  // the bytes of the two items that follow
    }
  }
  const std::size_t at = bytes.find(one_block);
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, one_block.size(), blocks);
  const auto decoded = decode_record(bytes);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message();
  EXPECT_TRUE(*decoded == plain);
}

TEST(Decoder, EveryTruncationIsAnErrorWithItsPlace) {
  const std::string bytes = bytes_of(rich_record());
  const std::size_t without_born = bytes.size() - 5;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = decode_record(std::string_view(bytes).substr(0, size));
    if (size == without_born) continue;
    ASSERT_FALSE(decoded.has_value()) << size;
    EXPECT_EQ(decoded.error().code, base::ErrorCode::data_avro_malformed);
    EXPECT_TRUE(decoded.error().where.starts_with("byte ")) << decoded.error().where;
  }
}

TEST(Decoder, BytesLeftOverAreAnError) {
  const auto decoded = decode_record(bytes_of(rich_record()) + std::string(1, '\0'));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().what, "bytes are left over");
}

TEST(Decoder, HugeCountsAndLengthsAreErrorsBeforeAnythingIsStored) {
  // version, id, sourceTimestamp, then a string of 2^40 bytes.
  std::string length(3, '\0');
  avro::add_long(length, std::int64_t{1} << 40);
  ASSERT_FALSE(decode_record(length).has_value());
  EXPECT_EQ(decode_record(length).error().where, "byte 3");
  // An empty header, then tags that claim 2^62 items.
  std::string count(11, '\0');
  avro::add_long(count, std::int64_t{1} << 62);
  ASSERT_FALSE(decode_record(count).has_value());
  EXPECT_EQ(decode_record(count).error().where, "byte 11");
  std::string lowest(11, '\0');
  avro::add_long(lowest, INT64_MIN);
  avro::add_long(lowest, 0);
  EXPECT_FALSE(decode_record(lowest).has_value());
}

TEST(Decoder, StringsThatAreNotUtf8AreErrors) {
  Record record;
  record.source_version = "\xff";
  EXPECT_FALSE(decode_record(bytes_of(record)).has_value());
}

TEST(Decoder, AnyChangeOfBytesGivesARecordOrAnErrorAndTextIsAlwaysUtf8) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string good = bytes_of(rich_record());
  std::size_t records = 0;
  for (int round = 0; round < 50000; ++round) {
    std::string bytes = good;
    if (round % 10 == 0) {
      bytes.resize(random() % 300);
      for (char& c : bytes) c = static_cast<char>(random());
    } else {
      for (std::size_t n = 1 + random() % 4; n != 0; --n) bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const auto decoded = decode_record(bytes);
    if (!decoded) {
      ASSERT_EQ(decoded.error().code, base::ErrorCode::data_avro_malformed);
      continue;
    }
    ++records;
    if (const auto* values = std::get_if<std::vector<Value>>(&decoded->after_images)) {
      for (const Value& value : *values) ASSERT_TRUE(model::is_utf8(as_text(value).value_or("")));
    }
    const auto again = decode_record(bytes_of(*decoded));
    ASSERT_TRUE(again.has_value());
  }
  EXPECT_GT(records, 100U);
}

TEST(AsText, ShowsValuesAsTheServerWould) {
  EXPECT_EQ(as_text(Null{}), std::nullopt);
  EXPECT_EQ(as_text(EmptyObject::none), std::nullopt);
  EXPECT_EQ(as_text(Integer{8, "-1"}), "-1");
  EXPECT_EQ(as_text(Decimal{"-1.50", 3, 2}), "-1.50");
  EXPECT_EQ(as_text(Float{0.1, 0, 0}), "0.1");
  EXPECT_EQ(as_text(Timestamp{1712905965, 123000}), "2024-04-12 07:12:45.123000");
  EXPECT_EQ(as_text(Timestamp{0, 0}), "0000-00-00 00:00:00");
  EXPECT_EQ(as_text(DateTime{2024, 4, 12, 15, 12, 45, 6}), "2024-04-12 15:12:45.000006");
  EXPECT_EQ(as_text(DateTime{2024, 4, 12, 15, 12, 45, 0}), "2024-04-12 15:12:45");
  EXPECT_EQ(as_text(DateTime{0, 0, 0, 0, 0, 0, 0}), "0000-00-00 00:00:00");
  EXPECT_EQ(as_text(DateTime{2024, 4, 12, {}, {}, {}, {}}), "2024-04-12");
  EXPECT_EQ(as_text(DateTime{2024, {}, {}, {}, {}, {}, {}}), "2024");
  EXPECT_EQ(as_text(DateTime{{}, {}, {}, -101, -2, -3, -4}), "-101:02:03.000004");
  EXPECT_EQ(as_text(DateTime{{}, {}, {}, 0, 0, 0, -4}), "-00:00:00.000004");
  EXPECT_EQ(as_text(TimestampWithTimeZone{{2024, 4, 12, 1, 2, 3, 0}, "UTC"}), "2024-04-12 01:02:03 UTC");
  EXPECT_EQ(as_text(Character{"utf8mb4", "中"}), "中");
  EXPECT_EQ(as_text(Character{"gbk", "\xd6\xd0"}), "中");
  EXPECT_EQ(as_text(Character{"latin1", "\xe9"}), "é");
  EXPECT_EQ(as_text(Character{"utf8mb4", "\xff"}), "ff");
  EXPECT_EQ(as_text(Character{"no_such_set", "ab"}), "6162");
  EXPECT_EQ(as_text(BinaryObject{"blob", std::string("\0\xff", 2)}), "00ff");
  EXPECT_EQ(as_text(TextObject{"json", "{}"}), "{}");
}

TEST(ObjectName, IsTakenApartAtItsDots) {
  EXPECT_EQ(object_name_parts("db.table"), (std::vector<std::string>{"db", "table"}));
  EXPECT_EQ(object_name_parts("a\\u002Eb.c"), (std::vector<std::string>{"a.b", "c"}));
  EXPECT_EQ(object_name_parts("db"), (std::vector<std::string>{"db"}));
}

}  // namespace
}  // namespace tributary::encode::dts
