#include "task/tail.h"

#include <gtest/gtest.h>

#include "encode/record.h"
#include "task/kafka_config.h"

namespace tributary::task {
namespace {

namespace dts = encode::dts;

std::string datum(const dts::Record& record) {
  base::Buffer bytes;
  dts::encode_record(record, bytes);
  return std::string(bytes.view());
}

dts::Record an_update() {
  dts::Record record{.id = 9,
                     .source_timestamp = 1'712'905'965,
                     .source_position = "4711@12",
                     .operation = 1,
                     .object_name = "shop.order\\u002Eitems",
                     .tags = {{"thread_id", "3"}}};
  record.fields = std::vector<dts::Field>{{"id", 8}, {"blob", 252}, {"note", 253}, {"id", 8}};
  record.before_images = std::vector<dts::Value>{
      dts::Integer{8, "7"}, dts::BinaryObject{"blob", std::string("\x00\xff", 2)}, dts::Null{}, dts::Integer{8, "7"}};
  record.after_images =
      std::vector<dts::Value>{dts::Integer{8, "7"}, dts::Null{}, dts::Character{"utf8mb4", "é"}, dts::Integer{8, "8"}};
  return record;
}

TEST(TailRecord, EveryValueIsTextOrNullInTheRecordsOrder) {
  const auto record = read_tail_record(datum(an_update()));
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->operation, "UPDATE");
  EXPECT_EQ(record->database, "shop");
  EXPECT_EQ(record->table, "order.items");
  EXPECT_EQ(record->object_name, "shop.order\\u002Eitems");
  EXPECT_EQ(record->position, "4711@12");
  EXPECT_EQ(record->source_timestamp, 1'712'905'965);
  EXPECT_EQ(record->before, (TailImage{{"id", "7"}, {"blob", "00ff"}, {"note", std::nullopt}, {"id", "7"}}));
  EXPECT_EQ(record->after, (TailImage{{"id", "7"}, {"blob", std::nullopt}, {"note", "é"}, {"id", "8"}}));
  EXPECT_FALSE(record->ddl);
}

TEST(TailRecord, DdlIsItsStatementAndHasNoImages) {
  dts::Record record{.operation = 3, .object_name = "shop"};
  record.after_images = "CREATE TABLE t (a int)";
  const auto read = read_tail_record(datum(record));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->ddl, "CREATE TABLE t (a int)");
  EXPECT_EQ(read->table_name(), "shop");
  EXPECT_FALSE(read->before || read->after);
}

TEST(TailRecord, AnImageThatDoesNotFitItsFieldsIsAnError) {
  dts::Record record = an_update();
  std::get<std::vector<dts::Value>>(record.after_images).pop_back();
  const auto read = read_tail_record(datum(record));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, base::ErrorCode::data_avro_malformed);
  EXPECT_EQ(read.error().what, "afterImages has 3 values for 4 fields");
}

TEST(TailRecord, EveryTruncationIsAnError) {
  const std::string whole = datum(an_update());
  for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
    const auto read = read_tail_record(std::string_view(whole).substr(0, length));
    if (read) continue;  // the datum of an older writer ends before bornTimestamp
    EXPECT_EQ(read.error().code, base::ErrorCode::data_avro_malformed) << length;
  }
  EXPECT_FALSE(read_tail_record(""));
}

TEST(TailRecord, AKeyThatIsNotTextIsShownAsHex) {
  EXPECT_EQ(text_or_hex("[\"é\"]"), "[\"é\"]");
  EXPECT_EQ(text_or_hex("\xff\x01"), "ff01");
}

TEST(TailFrom, IsAWordATimeOrMilliseconds) {
  EXPECT_EQ(parse_tail_from("beginning")->kind, TailFrom::Kind::beginning);
  EXPECT_EQ(parse_tail_from("end")->kind, TailFrom::Kind::end);
  const auto ms = [](std::string_view text) {
    const auto from = parse_tail_from(text);
    return from && from->kind == TailFrom::Kind::timestamp ? from->timestamp_ms : -1;
  };
  EXPECT_EQ(ms("1712905965123"), 1'712'905'965'123);
  EXPECT_EQ(ms("2024-04-12T07:12:45Z"), 1'712'905'965'000);
  EXPECT_EQ(ms("2024-04-12T15:12:45.5+08:00"), 1'712'905'965'500);
  EXPECT_EQ(ms("2024-04-12 07:12:45.123456"), 1'712'905'965'123);
  EXPECT_EQ(ms("2024-04-12"), 1'712'880'000'000);
}

TEST(TailFrom, AnythingElseIsRefused) {
  for (const std::string_view wrong :
       {"", "yesterday", "-1", "2024-13-01", "2024-02-30", "2024-04-12T25:00:00Z", "2024-04-12T07:12:45Zx",
        "2024-04-12T07:12:45.", "2024-04-12T07:12", "2024-04-12T07:12:45+8", "12x", "99999999999999999999"}) {
    const auto from = parse_tail_from(wrong);
    ASSERT_FALSE(from) << wrong;
    EXPECT_EQ(from.error().code, base::ErrorCode::usage);
  }
}

TEST(TailFilter, TablesAndOperationsNarrowWhatIsShown) {
  const TailRecord record{.operation = "DELETE", .database = "shop", .table = "orders"};
  EXPECT_TRUE(is_wanted({}, record));
  EXPECT_TRUE(is_wanted({.tables = {"crm.x", "shop.orders"}}, record));
  EXPECT_TRUE(is_wanted({.tables = {"shop"}}, record));
  EXPECT_FALSE(is_wanted({.tables = {"orders"}}, record));
  EXPECT_TRUE(is_wanted({.operations = {"insert", "delete"}}, record));
  EXPECT_FALSE(is_wanted({.tables = {"shop"}, .operations = {"INSERT"}}, record));
}

TEST(Tail, ABrokerThatIsNotThereIsADestinationError) {
  base::CancelToken cancel;
  const auto summary = tail({.access = {.brokers = "127.0.0.1:1"}, .topics = {"shop"}, .until_end = true}, cancel, {});
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, base::ErrorCode::destination_unreachable) << summary.error().message();
}

TEST(KafkaConfig, CarriesEveryPartOfTheAccess) {
  const Destination destination{.kafka = {.brokers = "a:1,b:2",
                                          .security = KafkaSecurity::scram_sha_256,
                                          .credentials = {"u", Secret("p")},
                                          .tls = {true, "/ca.pem"},
                                          .client = {{"linger.ms", "5"}}},
                                .max_record_bytes = 2'000'000,
                                .compression = Compression::zstd};
  const kafka::Config config = kafka_config(destination);
  EXPECT_EQ(config.brokers, "a:1,b:2");
  EXPECT_EQ(config.security, kafka::Security::scram_sha_256);
  EXPECT_EQ(config.username + config.password, "up");
  EXPECT_TRUE(config.tls);
  EXPECT_EQ(config.tls_ca, "/ca.pem");
  EXPECT_EQ(config.overrides.at("linger.ms"), "5");
  EXPECT_EQ(config.compression, kafka::Compression::zstd);
  EXPECT_EQ(config.record_bytes_max, 2'000'000u);
}

}  // namespace
}  // namespace tributary::task
