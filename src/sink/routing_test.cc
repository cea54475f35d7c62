#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "sink/emission_order.h"
#include "sink/partitioner.h"
#include "sink/router.h"

namespace tributary::sink {
namespace {

TEST(JavaHash, EqualsStringHashCode) {
  EXPECT_EQ(java_hash(""), 0);
  EXPECT_EQ(java_hash("hello"), 99162322);
  EXPECT_EQ(java_hash("polygenelubricants"), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(java_hash("\u4e2d\u6587"), 20013 * 31 + 25991);
  EXPECT_EQ(java_hash("\U0001F600"), 0xD83D * 31 + 0xDE00) << "a surrogate pair counts as two units";
  EXPECT_EQ(java_hash("\u00e9"), 0xE9);
}

TEST(JavaHash, BytesThatAreNotUtf8CountAsReplacementCharacters) {
  EXPECT_EQ(java_hash("\xff"), 0xFFFD);
  EXPECT_EQ(java_hash("\xc3"), 0xFFFD) << "cut short";
  EXPECT_EQ(java_hash("\xc0\x80"), 0xFFFD * 31 + 0xFFFD) << "overlong";
  EXPECT_EQ(java_hash("\xed\xa0\x80"), (0xFFFD * 31 + 0xFFFD) * 31 + 0xFFFD) << "a lone surrogate";
}

TEST(FloorMod, IsNeverNegative) {
  EXPECT_EQ(floor_mod(7, 4), 3);
  EXPECT_EQ(floor_mod(-7, 4), 1);
  EXPECT_EQ(floor_mod(-8, 4), 0);
  EXPECT_EQ(floor_mod(std::numeric_limits<std::int32_t>::min(), 12), 4);
}

model::RecordBatch batch_of(std::initializer_list<const char*> keys) {
  model::RecordBatch batch;
  for (const char* key : keys) {
    model::EncodedRecord record;
    if (key != nullptr) {
      batch.bytes.append(key);
      record.key_size = static_cast<std::uint32_t>(std::string_view(key).size());
    }
    record.value_begin = batch.bytes.size();
    record.value_size = 1;
    record.partition = -7;
    batch.bytes.append("v");
    batch.records.push_back(record);
  }
  return batch;
}

void route(const Router& router, std::string_view table, model::RecordBatch& batch) {
  for (model::EncodedRecord& record : batch.records) router.route_row(router.table("shop", table), batch, record);
}

TEST(Router, ZeroPutsEverythingIntoPartitionZero) {
  const Router router(PartitionPolicy::zero, {3, 12}, 3);
  auto batch = batch_of({"a", "b", nullptr});
  route(router, "orders", batch);
  for (const auto& record : batch.records) {
    EXPECT_EQ(record.topic, 3);
    EXPECT_EQ(record.partition, 0);
  }
}

TEST(Router, TableKeepsATableTogetherWithItsDdl) {
  const Router router(PartitionPolicy::table, {0, 12}, 0);
  const std::int32_t expected = floor_mod(java_hash("shop.orders"), 12);
  auto rows = batch_of({"a", nullptr});
  route(router, "orders", rows);
  EXPECT_EQ(rows.records[0].partition, expected);
  EXPECT_EQ(rows.records[1].partition, expected);
  model::EncodedRecord ddl;
  router.route_ddl("shop", "orders", ddl);
  EXPECT_EQ(ddl.partition, expected);
  EXPECT_EQ(ddl.topic, 0);
  route(router, "lines", rows);
  EXPECT_EQ(rows.records[0].partition, floor_mod(java_hash("shop.lines"), 12));
}

TEST(Router, KeyHashesTheKeyAndKeepsKeylessRowsAndDdlInPartitionZero) {
  const Router router(PartitionPolicy::key, {1, 7}, 1);
  auto batch = batch_of({R"(["shop","orders",1])", nullptr, R"(["shop","orders",1])"});
  route(router, "orders", batch);
  EXPECT_EQ(batch.records[0].partition, floor_mod(java_hash(R"(["shop","orders",1])"), 7));
  EXPECT_EQ(batch.records[1].partition, 0);
  EXPECT_EQ(batch.records[2].partition, batch.records[0].partition);
  model::EncodedRecord ddl;
  router.route_ddl("shop", "orders", ddl);
  EXPECT_EQ(ddl.partition, 0);
}

TEST(Router, ADdlTopicOfItsOwnIsWrittenAtPartitionZero) {
  const Router router(PartitionPolicy::table, {0, 12}, 1);
  model::EncodedRecord ddl;
  router.route_ddl("shop", "orders", ddl);
  EXPECT_EQ(ddl.topic, 1);
  EXPECT_EQ(ddl.partition, 0);
}

TEST(Router, RecordsThatAreTooLargeGoToTheDeadLettersWithTheirKeysOrder) {
  Router router(PartitionPolicy::zero, {0, 12}, 0);
  std::size_t told = 0;
  router.divert_larger(3, {2, 5}, [&](const auto&, const auto&) { ++told; });
  auto batch = batch_of({"ab", "abc", nullptr});  // and a byte each
  route(router, "orders", batch);
  router.divert(batch);
  EXPECT_EQ(told, 1U);
  EXPECT_EQ(batch.records[0].topic, 0);
  EXPECT_EQ(batch.records[1].topic, 2);
  EXPECT_EQ(batch.records[1].partition, floor_mod(java_hash("abc"), 5));
  EXPECT_EQ(batch.records[2].topic, 0);
}

TEST(EmissionOrder, GivesEachPartitionOneRangeAndKeepsItsOrder) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  EmissionOrder order;
  std::uint64_t next = 0;
  for (int round = 0; round < 500; ++round) {
    model::RecordBatch batch;
    batch.records.resize(random() % 200);
    const std::uint32_t topics = 1 + random() % 2, partitions = 1 + random() % 12;
    for (auto& record : batch.records) {
      record.topic = static_cast<std::uint16_t>(random() % topics);
      record.partition = static_cast<std::int32_t>(random() % partitions);
    }
    std::set<std::pair<int, int>> seen;
    std::set<std::uint32_t> records;
    std::uint64_t expected = next;
    for (const kafka::Run& run : order.plan(batch, next)) {
      ASSERT_TRUE(seen.insert({run.topic, run.partition}).second);
      ASSERT_FALSE(run.records.empty());
      ASSERT_EQ(run.first_sequence, expected);
      expected += run.records.size();
      for (std::size_t i = 0; i < run.records.size(); ++i) {
        const auto& record = batch.records[run.records[i]];
        ASSERT_EQ(record.topic, run.topic);
        ASSERT_EQ(record.partition, run.partition);
        if (i > 0) {
          ASSERT_LT(run.records[i - 1], run.records[i]);
        }
        ASSERT_TRUE(records.insert(run.records[i]).second);
      }
    }
    ASSERT_EQ(records.size(), batch.records.size());
    next += batch.records.size();
  }
}

}  // namespace
}  // namespace tributary::sink
