#include <gtest/gtest.h>

#include "kafka/mock_cluster.h"
#include "sink/delivery.h"

namespace tributary::sink {
namespace {

using base::CancelToken;
using base::ErrorCode;

constexpr std::int64_t patience_ms = 20'000;

// On librdkafka's mock cluster, which fences nobody and shows what was aborted: all that is tested with real Kafka
// (tests/e2e/test_exactly_once.py).
class ExactlyOnceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { shared = std::make_unique<kafka::MockCluster>(); }
  static void TearDownTestSuite() { shared.reset(); }
  void SetUp() override {
    config.brokers = shared->brokers();
    name = testing::UnitTest::GetInstance()->current_test_info()->name();
    shared->create_topic(name, 1);
    shared->create_topic("checkpoints", 2);
  }
  void TearDown() override { shared->recover(); }

  std::unique_ptr<Delivery> open() {
    auto made = exactly_once(config, std::make_shared<Topics>(Topic{name}),
                             {.id = "tributary-" + name,
                              .checkpoint_topic = "checkpoints",
                              .checkpoint_partition = 1,
                              .checkpoint_key = name,
                              .idle_ms = idle_ms,
                              .load_ms = load_ms,
                              .committed = [this](const std::string& text) { committed.push_back(text); },
                              .clock = clock},
                             cancel, newest);
    if (!made) ADD_FAILURE() << made.error().message();
    return made ? *std::move(made) : nullptr;
  }
  static void fill(model::RecordBatch& batch, int count = 10) {
    for (int i = 0; i < count; ++i) {
      model::EncodedRecord record;
      record.value_begin = batch.bytes.size();
      record.value_size = 100;
      batch.bytes.append(std::string(100, 'v'));
      batch.records.push_back(record);
    }
  }
  MakeMark mark(std::string text) {
    return [this, text = std::move(text)]() -> Mark {
      ++marks_made;
      return [text] { return base::Result<std::string>(text); };
    };
  }
  base::Status emit(Delivery& delivery, const std::string& text, When when) {
    model::RecordBatch batch;
    fill(batch);
    return delivery.emit(batch, text.empty() ? MakeMark() : mark(text), when, cancel);
  }

  static inline std::unique_ptr<kafka::MockCluster> shared;
  kafka::Config config;
  CancelToken cancel;
  base::ManualClock clock;
  std::string name;
  std::int64_t idle_ms = 0, load_ms = 60'000;
  std::optional<std::string> newest;
  std::vector<std::string> committed;
  int marks_made = 0;
};

using Texts = std::vector<std::string>;

TEST_F(ExactlyOnceTest, TheNextOneGoesOnBehindTheLastCommit) {
  {
    const auto delivery = open();
    EXPECT_FALSE(newest);
    ASSERT_TRUE(emit(*delivery, "one", When::now));
    ASSERT_TRUE(emit(*delivery, "two", When::now));
    EXPECT_EQ(delivery->counters().records_acked, 20u);
    // No restart could begin behind these.
    ASSERT_TRUE(emit(*delivery, "", When::now));
    EXPECT_EQ(delivery->counters().records_acked, 20u);
    ASSERT_TRUE(delivery->flush(patience_ms, cancel));
    EXPECT_EQ(delivery->counters().records_sent, 30u);
    EXPECT_EQ(delivery->counters().records_acked, 20u);
  }
  EXPECT_EQ(committed, (Texts{"one", "two"}));
  const auto again = open();
  EXPECT_EQ(newest, "two");
}

TEST_F(ExactlyOnceTest, UnderLoadAMarkIsMadeOnlyWhenTheTransactionIsOld) {
  load_ms = 100;
  const auto delivery = open();
  ASSERT_TRUE(emit(*delivery, "0", When::now));
  ASSERT_TRUE(emit(*delivery, "1", When::more));
  ASSERT_TRUE(emit(*delivery, "2", When::more));
  EXPECT_EQ(marks_made, 1);
  EXPECT_FALSE(committed.size() > 1);
  clock.advance(120);
  EXPECT_TRUE(delivery->wants_mark());
  ASSERT_TRUE(emit(*delivery, "3", When::more));
  EXPECT_EQ(committed, (Texts{"0", "3"}));
  EXPECT_FALSE(delivery->wants_mark());
}

TEST_F(ExactlyOnceTest, NothingMoreToComeEndsTheTransactionButNotAtOnceAfterTheOneBefore) {
  idle_ms = 150;
  const auto delivery = open();
  ASSERT_TRUE(emit(*delivery, "0", When::now));
  ASSERT_TRUE(emit(*delivery, "1", When::idle));
  EXPECT_EQ(committed, Texts{"0"});
  EXPECT_FALSE(delivery->wants_mark());
  EXPECT_TRUE(delivery->wants_mark_soon());
  clock.advance(170);
  EXPECT_TRUE(delivery->wants_mark());
  ASSERT_TRUE(emit(*delivery, "2", When::idle));
  EXPECT_EQ(committed, (Texts{"0", "2"}));
}

TEST_F(ExactlyOnceTest, AMoveWithoutRecordsIsKeptOnceASecond) {
  const auto delivery = open();
  model::RecordBatch nothing;
  ASSERT_TRUE(delivery->emit(nothing, mark("a"), When::now, cancel));
  ASSERT_TRUE(delivery->emit(nothing, mark("b"), When::idle, cancel));
  EXPECT_EQ(committed, Texts{"a"});
  EXPECT_FALSE(delivery->wants_mark());
  clock.advance(1020);
  EXPECT_TRUE(delivery->wants_mark());
  ASSERT_TRUE(delivery->emit(nothing, mark("c"), When::idle, cancel));
  EXPECT_EQ(committed, (Texts{"a", "c"}));
}

TEST_F(ExactlyOnceTest, ARefusedRecordKeepsTheCheckpointFromBeingCommitted) {
  const auto delivery = open();
  ASSERT_TRUE(emit(*delivery, "good", When::now));
  shared->answer_produce_with({kafka::BrokerAnswer::message_too_large});
  const base::Status refused = emit(*delivery, "bad", When::now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::destination_record_too_large) << refused.error().message();
  EXPECT_FALSE(emit(*delivery, "after it", When::now));
  EXPECT_EQ(committed, Texts{"good"});
}

}  // namespace
}  // namespace tributary::sink
