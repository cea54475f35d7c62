#include "sink/delivery.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <set>

#include "kafka/mock_cluster.h"

namespace tributary::sink {
namespace {

using base::CancelToken;
using base::ErrorCode;

constexpr std::int64_t patience_ms = 20'000;

// Checks what a tracker may rely on: a range is known before it is acknowledged, numbers grow, marks stand at their
// end.
class StrictTracker {
  template <typename F>
  auto locked(F&& f) const {
    std::lock_guard lock(mutex_);
    return f();
  }

 public:
  Tracking tracking() {
    return {.emitted =
                [this](std::uint32_t id, std::uint64_t first, std::uint64_t last) {
                  std::lock_guard lock(mutex_);
                  broken_ |= first != next_ || last < first;
                  next_ = last + 1;
                  emitted_[id] = last;
                },
            .marked =
                [this](std::uint64_t end, Mark mark) {
                  std::lock_guard lock(mutex_);
                  broken_ |= end != next_;
                  marks_.push_back(std::move(mark));
                },
            .acked =
                [this](std::uint32_t id, std::uint64_t last) {
                  std::lock_guard lock(mutex_);
                  broken_ |= !emitted_.contains(id) || last > emitted_[id];
                  acked_[id] = last;
                },
            .flush =
                [this] {
                  std::lock_guard lock(mutex_);
                  if (emitted_ == acked_ && !marks_.empty()) kept_ = *marks_.back()();
                  return base::Status{};
                },
            .status = [this]() -> base::Status {
              std::lock_guard lock(mutex_);
              if (error_) return base::fail(*error_);
              return {};
            }};
  }
  std::string kept() const {
    return locked([this] { return kept_; });
  }
  bool broken() const {
    return locked([this] { return broken_; });
  }
  void fail_with(base::Error error) {
    std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint32_t, std::uint64_t> emitted_, acked_;
  std::vector<Mark> marks_;
  std::optional<base::Error> error_;
  std::uint64_t next_ = 0;
  std::string kept_;
  bool broken_ = false;
};

class AtLeastOnceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { shared = std::make_unique<kafka::MockCluster>(); }
  static void TearDownTestSuite() { shared.reset(); }
  void SetUp() override {
    cluster.create_topic("rows", 3);
    cluster.create_topic("ddl", 1);
    config.brokers = cluster.brokers();
    config.linger_ms = 5;
  }
  void TearDown() override { cluster.recover(); }
  std::unique_ptr<Delivery> open() {
    auto topics = std::make_shared<Topics>(Topic{"rows", 3});
    topics->put(Topics::ddl, {"ddl"});
    auto made = at_least_once(config, std::move(topics), tracker.tracking());
    if (!made) ADD_FAILURE() << made.error().message();
    return made ? *std::move(made) : nullptr;
  }
  static void fill(model::RecordBatch& batch, int count, int size = 200) {
    for (int i = 0; i < count; ++i) {
      model::EncodedRecord record;
      record.value_begin = batch.bytes.size();
      record.value_size = static_cast<std::uint32_t>(size);
      record.topic = i % 10 == 9 ? 1 : 0;
      record.partition = record.topic == 1 ? 0 : i % 3;
      batch.bytes.append(std::string(static_cast<std::size_t>(size), 'v'));
      batch.records.push_back(record);
    }
  }
  static MakeMark mark(std::string text) {
    return [text = std::move(text)]() -> Mark { return [text] { return base::Result<std::string>(text); }; };
  }

  static inline std::unique_ptr<kafka::MockCluster> shared;
  kafka::MockCluster& cluster = *shared;
  kafka::Config config;
  StrictTracker tracker;
  CancelToken cancel;
};

TEST_F(AtLeastOnceTest, KeepsTheNewestMarkWhenAllIsAcknowledged) {
  auto delivery = open();
  ASSERT_TRUE(delivery);
  model::RecordBatch batch;
  std::uint64_t sent = 0;
  for (int i = 0; i < 50; ++i) {
    fill(batch, 1 + i * 7 % 300);
    sent += batch.records.size();
    ASSERT_TRUE(delivery->emit(batch, mark("after " + std::to_string(i)), When::now, cancel));
    ASSERT_TRUE(batch.empty());
  }
  ASSERT_TRUE(delivery->emit(batch, mark("no records"), When::now, cancel));
  ASSERT_TRUE(delivery->flush(patience_ms, cancel));
  EXPECT_EQ(tracker.kept(), "no records");
  EXPECT_FALSE(tracker.broken());
  EXPECT_EQ(delivery->counters().records_acked, sent);
  EXPECT_EQ(delivery->counters().bytes_acked, sent * 200);
}

TEST_F(AtLeastOnceTest, ARecordThatIsTooLargeIsNotCountedAsEmitted) {
  config.record_bytes_max = 5000;
  auto delivery = open();
  model::RecordBatch large, small;
  fill(large, 1, 9000);
  const auto refused = delivery->emit(large, mark("large"), When::now, cancel);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::destination_record_too_large);
  fill(small, 3);
  ASSERT_TRUE(delivery->emit(small, mark("small"), When::now, cancel));
  ASSERT_TRUE(delivery->flush(patience_ms, cancel));
  EXPECT_EQ(tracker.kept(), "small");
  EXPECT_FALSE(tracker.broken());
}

TEST_F(AtLeastOnceTest, NoMarkIsKeptBehindARefusedRecord) {
  auto delivery = open();
  model::RecordBatch batch;
  fill(batch, 3);
  ASSERT_TRUE(delivery->emit(batch, mark("good"), When::now, cancel));
  ASSERT_TRUE(delivery->flush(patience_ms, cancel));
  cluster.answer_produce_with({kafka::BrokerAnswer::topic_denied});
  fill(batch, 1);
  ASSERT_TRUE(delivery->emit(batch, mark("never"), When::now, cancel));
  const auto flushed = delivery->flush(patience_ms, cancel);
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code, ErrorCode::destination_topic_denied);
  EXPECT_EQ(tracker.kept(), "good");
}

TEST_F(AtLeastOnceTest, ABrokerThatIsAwayIsAProblemNotAnError) {
  auto delivery = open();
  cluster.set_down(1);
  model::RecordBatch batch;
  fill(batch, 10);
  ASSERT_TRUE(delivery->emit(batch, mark("late"), When::now, cancel));
  const auto flushed = delivery->flush(2000, cancel);
  ASSERT_FALSE(flushed);
  EXPECT_TRUE(flushed.error().is_retriable());
  EXPECT_TRUE(delivery->problem());
  EXPECT_TRUE(delivery->status());
  cluster.set_up(1);
  ASSERT_TRUE(delivery->flush(patience_ms, cancel));
  EXPECT_EQ(tracker.kept(), "late");
}

TEST_F(AtLeastOnceTest, ACheckpointThatCantBeKeptStopsTheEmission) {
  auto delivery = open();
  tracker.fail_with({ErrorCode::task_state_unusable, "disk full", ""});
  model::RecordBatch batch;
  fill(batch, 1);
  const auto refused = delivery->emit(batch, {}, When::more, cancel);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::task_state_unusable);
}

TEST(PartitionId, IsUniquePerTopicAndPartition) {
  std::set<std::uint32_t> ids;
  for (std::uint16_t topic : {0, 1, 2, 65535})
    for (std::int32_t partition : {0, 1, 100, 65535}) EXPECT_TRUE(ids.insert(partition_id(topic, partition)).second);
}

}  // namespace
}  // namespace tributary::sink
