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

model::RecordBatch batch_of(std::initializer_list<std::pair<std::uint32_t, const char*>> records) {
  model::RecordBatch batch;
  for (const auto& [table, key] : records) {
    model::EncodedRecord record;
    if (key != nullptr) {
      batch.bytes.append(key);
      record.key_size = static_cast<std::uint32_t>(std::string_view(key).size());
    }
    record.value_begin = batch.bytes.size();
    record.value_size = 1;
    record.table = table;
    record.partition = -7;
    batch.bytes.append("v");
    batch.records.push_back(record);
  }
  return batch;
}

TEST(Router, ZeroPutsEverythingIntoPartitionZero) {
  const Router router(PartitionPolicy::zero, {3, 12}, 3);
  auto batch = batch_of({{0, "a"}, {1, "b"}, {2, nullptr}});
  router.route_rows(batch);
  for (const auto& record : batch.records) {
    EXPECT_EQ(record.topic, 3);
    EXPECT_EQ(record.partition, 0);
  }
}

TEST(Router, TableKeepsATableTogetherWithItsDdl) {
  Router router(PartitionPolicy::table, {0, 12}, 0);
  router.add_table(5, "shop", "orders");
  const std::int32_t expected = floor_mod(java_hash("shop.orders"), 12);
  auto rows = batch_of({{5, "a"}, {5, nullptr}});
  router.route_rows(rows);
  EXPECT_EQ(rows.records[0].partition, expected);
  EXPECT_EQ(rows.records[1].partition, expected);
  auto ddl = batch_of({{5, nullptr}});
  router.route_ddl(ddl);
  EXPECT_EQ(ddl.records[0].partition, expected);
  EXPECT_EQ(ddl.records[0].topic, 0);
}

TEST(Router, KeyHashesTheKeyAndKeepsKeylessRowsAndDdlInPartitionZero) {
  const Router router(PartitionPolicy::key, {1, 7}, 1);
  auto batch = batch_of({{0, R"(["shop","orders",1])"}, {0, nullptr}, {0, R"(["shop","orders",1])"}});
  router.route_rows(batch);
  EXPECT_EQ(batch.records[0].partition, floor_mod(java_hash(R"(["shop","orders",1])"), 7));
  EXPECT_EQ(batch.records[1].partition, 0);
  EXPECT_EQ(batch.records[2].partition, batch.records[0].partition);
  router.route_ddl(batch);
  EXPECT_EQ(batch.records[0].partition, 0);
}

TEST(Router, ADdlTopicOfItsOwnIsWrittenAtPartitionZero) {
  Router router(PartitionPolicy::table, {0, 12}, 1);
  router.add_table(0, "shop", "orders");
  auto ddl = batch_of({{0, nullptr}});
  router.route_ddl(ddl);
  EXPECT_EQ(ddl.records[0].topic, 1);
  EXPECT_EQ(ddl.records[0].partition, 0);
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
