#include <gtest/gtest.h>

#include <chrono>
#include <numeric>

#include "kafka/client.h"
#include "kafka/mock_cluster.h"

namespace tributary::kafka {
namespace {

using base::ErrorCode;

class ConsumerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { shared = std::make_unique<MockCluster>(); }
  static void TearDownTestSuite() { shared.reset(); }
  void SetUp() override {
    topic = testing::UnitTest::GetInstance()->current_test_info()->name();
    cluster.create_topic(topic, 2);
    config.brokers = cluster.brokers();
    config.linger_ms = 0;
  }
  // Records "0", "1", ... to partition 0, numbered on from call to call.
  void produce(int count) {
    auto producer = Producer::create(config, [](auto) {});
    ASSERT_TRUE(producer && (*producer)->topic(topic));
    model::RecordBatch batch;
    std::vector<std::uint32_t> all;
    for (int i = 0; i < count; ++i) {
      const std::string value = std::to_string(produced++);
      batch.records.push_back(
          {.value_begin = batch.bytes.size(), .value_size = static_cast<std::uint32_t>(value.size())});
      batch.bytes.append(value);
      all.push_back(static_cast<std::uint32_t>(i));
    }
    const kafka::Run run{0, 0, 0, all};
    ASSERT_TRUE((*producer)->produce(batch, {&run, 1}, cancel));
    ASSERT_TRUE((*producer)->flush(20'000, cancel));
  }
  std::vector<std::string> read_to_end(Consumer& consumer) {
    std::vector<std::string> values;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!consumer.at_end() && std::chrono::steady_clock::now() < until) {
      const auto messages = consumer.poll(200, 7);
      if (!messages) {
        ADD_FAILURE() << messages.error().message();
        break;
      }
      EXPECT_LE(messages->size(), 7u);
      for (const MessageView& message : *messages) values.emplace_back(message.value);
    }
    EXPECT_TRUE(consumer.at_end());
    return values;
  }

  static inline std::unique_ptr<MockCluster> shared;
  MockCluster& cluster = *shared;
  std::string topic;
  Config config;
  base::CancelToken cancel;
  int produced = 0;
};

TEST_F(ConsumerTest, StartsAtTheBeginningAnOffsetOrTheEnd) {
  produce(20);
  auto consumer = Consumer::create(config);
  ASSERT_TRUE(consumer);
  ASSERT_TRUE((*consumer)->assign({topic}, StartAt::beginning()));
  EXPECT_EQ(read_to_end(**consumer).size(), 20u);

  ASSERT_TRUE((*consumer)->assign({topic}, StartAt::end()));
  EXPECT_TRUE((*consumer)->at_end());
  produce(3);
  std::vector<std::string> fresh;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (fresh.size() < 3 && std::chrono::steady_clock::now() < until) {
    const auto messages = (*consumer)->poll(200);
    ASSERT_TRUE(messages) << messages.error().message();
    for (const MessageView& message : *messages) fresh.emplace_back(message.value);
  }
  EXPECT_EQ(fresh, (std::vector<std::string>{"20", "21", "22"}));
}

TEST_F(ConsumerTest, KnowsTheFirstAndEndOffsetOfEachPartition) {
  produce(5);
  auto consumer = Consumer::create(config);
  ASSERT_TRUE(consumer);
  const auto spans = (*consumer)->spans(topic);
  ASSERT_TRUE(spans) << spans.error().message();
  ASSERT_EQ(spans->size(), 2u);
  EXPECT_EQ((*spans)[0].first, 0);
  EXPECT_EQ((*spans)[0].end, 5);
  EXPECT_EQ((*spans)[1].end, 0);
}

TEST_F(ConsumerTest, ABrokerThatDoesNotYetKnowThatItLeadsAPartitionIsAskedAgain) {
  produce(5);
  auto consumer = Consumer::create(config);
  ASSERT_TRUE(consumer);
  cluster.answer_offsets_with({BrokerAnswer::not_leader, BrokerAnswer::not_leader, BrokerAnswer::not_leader,
                               BrokerAnswer::not_leader, BrokerAnswer::not_leader, BrokerAnswer::not_leader});
  const auto spans = (*consumer)->spans(topic);
  cluster.recover();
  ASSERT_TRUE(spans) << spans.error().message();
  ASSERT_EQ(spans->size(), 2u);
  EXPECT_EQ((*spans)[0].end, 5);
}

TEST_F(ConsumerTest, AnOffsetThatIsNotThereIsToldNotSkipped) {
  produce(5);
  auto consumer = Consumer::create(config);
  ASSERT_TRUE(consumer);
  ASSERT_TRUE((*consumer)->assign({topic}, StartAt::offset(1000)));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::optional<base::Error> error;
  while (!error && std::chrono::steady_clock::now() < until)
    if (auto messages = (*consumer)->poll(200); !messages) error = messages.error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::destination_records_gone);
}

TEST_F(ConsumerTest, NoBrokerIsAnErrorAtAssignment) {
  Config nowhere = config;
  nowhere.brokers = "127.0.0.1:1";
  auto consumer = Consumer::create(nowhere);
  ASSERT_TRUE(consumer);
  const auto assigned = (*consumer)->assign({topic}, StartAt::beginning(), 5000);
  ASSERT_FALSE(assigned);
  EXPECT_EQ(assigned.error().code, ErrorCode::destination_unreachable);
}

TEST(Cluster, DescribeNamesBrokersAndPartitions) {
  MockCluster cluster(3);
  cluster.create_topic("a", 1);
  cluster.create_topic("b", 6);
  Config config;
  config.brokers = cluster.brokers();
  const auto described = describe(config, {"b", "a"}, 10'000);
  ASSERT_TRUE(described) << described.error().message();
  EXPECT_EQ(described->brokers.size(), 3u);
  ASSERT_EQ(described->topics.size(), 2u);
  EXPECT_EQ(described->topics[0].name, "b");
  EXPECT_EQ(described->topics[0].partitions, 6);
  EXPECT_EQ(described->topics[1].partitions, 1);
}

TEST(Cluster, ARefusedConnectionIsToldLongBeforeTheTimeIsOver) {
  Config config;
  config.brokers = "127.0.0.1:1";
  const auto before = std::chrono::steady_clock::now();
  const auto described = describe(config, {"t"}, 30'000);
  ASSERT_FALSE(described);
  EXPECT_EQ(described.error().code, ErrorCode::destination_unreachable);
  EXPECT_NE(described.error().message().find("127.0.0.1:1"), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
}

TEST(Cluster, AHostNameThatDoesNotResolveIsToldByName) {
  Config config;
  config.brokers = "no-such-host.invalid:9092";
  const auto described = describe(config, {"t"}, 20'000);
  ASSERT_FALSE(described);
  EXPECT_EQ(described.error().code, ErrorCode::destination_unreachable);
  EXPECT_NE(described.error().message().find("no-such-host.invalid"), std::string::npos);
}

}  // namespace
}  // namespace tributary::kafka
