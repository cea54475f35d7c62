#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "sink/emission_order.h"
#include "sink/partitioner.h"
#include "sink/router.h"
#include "sink/topics.h"

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
  const auto to = router.table("shop", table);
  ASSERT_TRUE(to) << to.error().message();
  for (model::EncodedRecord& record : batch.records) router.route_row(*to, batch, record);
}

std::shared_ptr<Topics> topics_of(std::int32_t partitions, bool with_ddl = false) {
  auto topics = std::make_shared<Topics>(Topic{"shop", partitions});
  if (with_ddl) topics->put(Topics::ddl, {"shop-ddl"});
  return topics;
}

TEST(Router, ZeroPutsEverythingIntoPartitionZero) {
  const Router router(PartitionPolicy::zero, topics_of(12));
  auto batch = batch_of({"a", "b", nullptr});
  route(router, "orders", batch);
  for (const auto& record : batch.records) {
    EXPECT_EQ(record.topic, Topics::data);
    EXPECT_EQ(record.partition, 0);
  }
}

TEST(Router, TableKeepsATableTogetherWithItsDdl) {
  const Router router(PartitionPolicy::table, topics_of(12));
  const std::int32_t expected = floor_mod(java_hash("shop.orders"), 12);
  auto rows = batch_of({"a", nullptr});
  route(router, "orders", rows);
  EXPECT_EQ(rows.records[0].partition, expected);
  EXPECT_EQ(rows.records[1].partition, expected);
  model::EncodedRecord ddl;
  ASSERT_TRUE(router.route_ddl("shop", "orders", ddl));
  EXPECT_EQ(ddl.partition, expected);
  EXPECT_EQ(ddl.topic, 0);
  route(router, "lines", rows);
  EXPECT_EQ(rows.records[0].partition, floor_mod(java_hash("shop.lines"), 12));
}

TEST(Router, KeyHashesTheKeyAndKeepsKeylessRowsAndDdlInPartitionZero) {
  const Router router(PartitionPolicy::key, topics_of(7));
  auto batch = batch_of({R"(["shop","orders",1])", nullptr, R"(["shop","orders",1])"});
  route(router, "orders", batch);
  EXPECT_EQ(batch.records[0].partition, floor_mod(java_hash(R"(["shop","orders",1])"), 7));
  EXPECT_EQ(batch.records[1].partition, 0);
  EXPECT_EQ(batch.records[2].partition, batch.records[0].partition);
  model::EncodedRecord ddl;
  ASSERT_TRUE(router.route_ddl("shop", "orders", ddl));
  EXPECT_EQ(ddl.partition, 0);
}

TEST(Router, ADdlTopicOfItsOwnIsWrittenAtPartitionZero) {
  const Router router(PartitionPolicy::table, topics_of(12, true));
  model::EncodedRecord ddl;
  ASSERT_TRUE(router.route_ddl("shop", "orders", ddl));
  EXPECT_EQ(ddl.topic, Topics::ddl);
  EXPECT_EQ(ddl.partition, 0);
}

TEST(Router, RecordsThatAreTooLargeGoToTheDeadLettersWithTheirKeysOrder) {
  const auto topics = topics_of(12);
  topics->put(Topics::dead_letters, {"large", 5});
  Router router(PartitionPolicy::zero, topics);
  std::size_t told = 0;
  router.divert_larger(3, [&](const auto&, const auto&) { ++told; });
  auto batch = batch_of({"ab", "abc", nullptr});  // and a byte each
  route(router, "orders", batch);
  router.divert(batch);
  EXPECT_EQ(told, 1U);
  EXPECT_EQ(batch.records[0].topic, 0);
  EXPECT_EQ(batch.records[1].topic, Topics::dead_letters);
  EXPECT_EQ(batch.records[1].partition, floor_mod(java_hash("abc"), 5));
  EXPECT_EQ(batch.records[2].topic, 0);
}

TEST(TopicRules, TheFirstRuleThatTakesATableNamesItsTopic) {
  const TopicRules rules(
      {{"shop.orders", "orders"}, {"shop.*", "{database}.{table}"}, {"crm*.log_?", "log-{table}{table}"}});
  EXPECT_EQ(rules.topic_of("shop", "orders"), "orders");
  EXPECT_EQ(rules.topic_of("shop", "lines"), "shop.lines");
  EXPECT_EQ(rules.topic_of("crm2", "log_1"), "log-log_1log_1");
  EXPECT_EQ(rules.topic_of("crm2", "people"), "") << "the task's topic";
  EXPECT_EQ(rules.topic_of("shop", "{database} caf\u00e9"), "shop._database__caf__")
      << "not filled again, byte by byte";
  for (const char* name : {"orders", "shop.lines", "log-", "log-x"}) EXPECT_TRUE(rules.may_name(name)) << name;
  for (const char* name : {"shop", "orders2", "log"}) EXPECT_FALSE(rules.may_name(name)) << name;
  EXPECT_FALSE(TopicRules().may_name("shop"));
}

TopicRules one_rule(std::string tables, std::string topic) {
  std::vector<TopicRules::Rule> rules = {{std::move(tables), std::move(topic)}};
  return TopicRules(std::move(rules));
}

class TopicsTest : public testing::Test {
 protected:
  Topics::Look look = [this](const std::vector<std::string>& names) -> base::Result<std::vector<Topic>> {
    std::vector<Topic> found;
    looks.push_back(names);
    for (const std::string& name : names) {
      if (name == "shop.missing") return base::fail(base::ErrorCode::destination_topic_missing, "", name);
      found.push_back({name, 4, 100});
    }
    return found;
  };
  std::vector<std::vector<std::string>> looks;
};

TEST_F(TopicsTest, EachTopicIsLookedAtOnceAndHasOneNumber) {
  Topics topics({"base", 2}, one_rule("shop.*", "{database}.{table}"), look);
  topics.put(Topics::ddl, {"shop.statements"});
  topics.put(Topics::checkpoints, {"shop.checkpoints"});
  ASSERT_TRUE(topics.prepare({{"shop", "a"}, {"shop", "b"}, {"crm", "c"}}));
  ASSERT_EQ(looks.size(), 1U);
  EXPECT_EQ(looks[0], (std::vector<std::string>{"shop.a", "shop.b"}));
  EXPECT_EQ(topics.of_table("crm", "c").value(), Topics::data);
  EXPECT_EQ(topics.of_table("shop", "statements").value(), Topics::ddl);
  const std::uint16_t a = topics.of_table("shop", "a").value(), b = topics.of_table("shop", "b").value();
  EXPECT_NE(a, b);
  EXPECT_EQ(topics.at(b).name, "shop.b");
  EXPECT_EQ(topics.at(b).partitions, 4);
  EXPECT_EQ(looks.size(), 1U);
  const std::uint16_t later = topics.of_table("shop", "later").value();
  EXPECT_EQ(topics.at(later).name, "shop.later");
  EXPECT_EQ(looks.size(), 2U);
  EXPECT_EQ(topics.of_table("shop", "a").value(), a);
  EXPECT_EQ(topics.of_table("shop", "missing").error().code, base::ErrorCode::destination_topic_missing);
  EXPECT_EQ(topics.of_table("shop", "checkpoints").error().code, base::ErrorCode::destination_config);
  EXPECT_EQ(topics.of_table("shop", std::string(300, 'x')).error().code, base::ErrorCode::destination_config);
  EXPECT_FALSE(topics.has(9999));
}

TEST_F(TopicsTest, WhoKeepsTheirPartitionsIsToldOfAllOfThem) {
  Topics topics({"base", 2}, one_rule("*", "{database}.{table}"), look);
  topics.put(Topics::ddl, {"statements", 9});
  ASSERT_TRUE(topics.prepare({{"shop", "a"}}));
  std::map<std::string, int> told;
  const auto keep = [&](const Topic& topic) -> base::Status {
    if (topic.name == "shop.refused") return base::fail(base::ErrorCode::destination_partitions_changed);
    ++told[topic.name];
    return {};
  };
  ASSERT_TRUE(topics.keep_with(keep));
  EXPECT_EQ(told, (std::map<std::string, int>{{"base", 1}, {"shop.a", 1}}));
  ASSERT_TRUE(topics.of_table("shop", "b"));
  EXPECT_EQ(told["shop.b"], 1);
  EXPECT_EQ(topics.of_table("shop", "refused").error().code, base::ErrorCode::destination_partitions_changed);
}

TEST_F(TopicsTest, RowsAndStatementsOfATableGoToItsTopic) {
  const auto topics = std::make_shared<Topics>(Topic{"base", 2}, one_rule("shop.a", "a"), look);
  for (const PartitionPolicy policy : {PartitionPolicy::zero, PartitionPolicy::table, PartitionPolicy::key}) {
    const Router router(policy, topics);
    const TableRoute route = router.table("shop", "a").value();
    EXPECT_EQ(topics->at(route.topic).name, "a");
    EXPECT_EQ(route.partitions, 4);
    model::EncodedRecord ddl;
    ASSERT_TRUE(router.route_ddl("shop", "a", ddl));
    EXPECT_EQ(ddl.topic, route.topic);
    EXPECT_EQ(ddl.partition, policy == PartitionPolicy::table ? floor_mod(java_hash("shop.a"), 4) : 0);
    ASSERT_TRUE(router.route_ddl("shop", "", ddl));
    EXPECT_EQ(ddl.topic, Topics::data);
  }
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
