#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "kafka/client.h"
#include "kafka/mock_cluster.h"

namespace tributary::kafka {
namespace {

using base::CancelToken;
using base::ErrorCode;

constexpr std::int64_t patience_ms = 20'000;

// What the producer acknowledged, and a way to wait for it.
class Acks {
  template <typename F>
  auto locked(F&& f) const {
    std::lock_guard lock(mutex_);
    return f();
  }

 public:
  AckHandler handler() {
    return [this](std::span<const Ack> acks) {
      std::lock_guard lock(mutex_);
      for (const Ack& ack : acks) {
        auto& last = last_[{ack.topic, ack.partition}];
        in_order_ &= records_ == 0 || ack.last_sequence >= last;
        last = ack.last_sequence;
        records_ += ack.records;
      }
    };
  }
  std::uint64_t records() const {
    return locked([this] { return records_; });
  }
  bool in_order() const {
    return locked([this] { return in_order_; });
  }
  std::uint64_t last(std::uint16_t topic, std::int32_t partition) {
    return locked([&] { return last_[{topic, partition}]; });
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::uint16_t, std::int32_t>, std::uint64_t> last_;
  std::uint64_t records_ = 0;
  bool in_order_ = true;
};

bool eventually(const std::function<bool()>& condition) {
  CancelToken nobody;
  for (std::int64_t waited_ms = 0; waited_ms < patience_ms; waited_ms += 5) {
    if (condition()) return true;
    nobody.wait_for_ms(5);
  }
  return condition();
}

void add(model::RecordBatch& batch, std::string_view value, const char* key = nullptr) {
  if (key != nullptr) batch.bytes.append(key);
  model::EncodedRecord record;
  record.value_begin = batch.bytes.size();
  record.value_size = static_cast<std::uint32_t>(value.size());
  if (key != nullptr) record.key_size = static_cast<std::uint32_t>(std::string_view(key).size());
  batch.bytes.append(value);
  batch.records.push_back(record);
}

// All of the batch to one partition.
struct Sender {
  Producer& producer;
  std::uint64_t next = 0;
  CancelToken cancel = {};

  base::Status send(model::RecordBatch& batch, std::int32_t partition = 0, std::uint16_t topic = 0) {
    std::vector<std::uint32_t> all(batch.records.size());
    std::iota(all.begin(), all.end(), 0);
    const Run run{topic, partition, next, all};
    next += all.size();
    return producer.produce(batch, {&run, 1}, cancel);
  }
  base::Status send_one(std::string_view value, const char* key = nullptr) {
    model::RecordBatch batch;
    add(batch, value, key);
    return send(batch);
  }
};

class ProducerTest : public testing::Test {
 protected:
  Config config() const {
    Config config;
    config.brokers = cluster.brokers();
    config.linger_ms = 5;
    return config;
  }
  std::unique_ptr<Producer> make(const Config& config) {
    auto made = Producer::create(config, acks.handler());
    if (!made) {
      ADD_FAILURE() << made.error().message();
      return nullptr;
    }
    EXPECT_EQ((*made)->topic(topic), std::uint16_t{0});
    return *std::move(made);
  }
  static void SetUpTestSuite() { shared = std::make_unique<MockCluster>(); }
  static void TearDownTestSuite() { shared.reset(); }
  void SetUp() override {
    topic = testing::UnitTest::GetInstance()->current_test_info()->name();
    cluster.create_topic(topic, 4);
  }
  void TearDown() override { cluster.recover(); }

  static inline std::unique_ptr<MockCluster> shared;
  MockCluster& cluster = *shared;
  std::string topic;
  Acks acks;
  CancelToken cancel;
};

TEST_F(ProducerTest, WhatWasProducedIsReadBackInOrderWithKeysAndNulls) {
  auto producer = make(config());
  ASSERT_TRUE(producer);
  Sender sender{*producer};
  std::map<std::int32_t, std::vector<std::string>> sent;
  model::RecordBatch batch;
  for (int round = 0; round < 40; ++round) {
    const std::int32_t partition = round % 3;
    // Both ways of handing over: small batches are copied, large ones sent from where they stand.
    const int count = round % 2 == 0 ? 3 : 400;
    for (int i = 0; i < count; ++i) {
      std::string value = std::to_string(round) + ":" + std::to_string(i) + std::string(100, 'v');
      add(batch, value, i % 5 == 0 ? nullptr : "[\"db\",\"t\",1]");
      sent[partition].push_back(std::move(value));
    }
    ASSERT_TRUE(sender.send(batch, partition));
    EXPECT_TRUE(batch.empty());
    EXPECT_TRUE(batch.bytes.empty());
  }
  ASSERT_TRUE(producer->flush(patience_ms, cancel));
  EXPECT_EQ(acks.records(), sender.next);
  EXPECT_TRUE(acks.in_order());
  EXPECT_EQ(producer->counters().records_acked, sender.next);
  EXPECT_EQ(producer->counters().unacked_bytes, 0u);
  EXPECT_FALSE(producer->problem());

  auto consumer = Consumer::create(config());
  ASSERT_TRUE(consumer);
  ASSERT_TRUE((*consumer)->assign({topic}, StartAt::beginning()));
  std::map<std::int32_t, std::vector<std::string>> read;
  std::size_t without_key = 0;
  ASSERT_TRUE(eventually([&] {
    const auto messages = (*consumer)->poll(100);
    EXPECT_TRUE(messages) << messages.error().message();
    for (const MessageView& message : *messages) {
      EXPECT_EQ(message.topic, topic);
      EXPECT_EQ(message.offset, static_cast<std::int64_t>(read[message.partition].size()));
      EXPECT_GT(message.timestamp_ms, 0);
      EXPECT_TRUE(message.has_value);
      without_key += message.has_key ? 0 : 1;
      if (message.has_key) {
        EXPECT_EQ(message.key, "[\"db\",\"t\",1]");
      }
      read[message.partition].emplace_back(message.value);
    }
    return (*consumer)->at_end();
  }));
  read.erase(3);
  EXPECT_EQ(read, sent);
  EXPECT_EQ(without_key, 20u * 1 + 20u * 80);
}

TEST_F(ProducerTest, EmptyValuesAndEmptyKeysAreNotNull) {
  auto producer = make(config());
  Sender sender{*producer};
  ASSERT_TRUE(sender.send_one("", ""));
  ASSERT_TRUE(producer->flush(patience_ms, cancel));
  auto consumer = Consumer::create(config());
  ASSERT_TRUE(consumer);
  ASSERT_TRUE((*consumer)->assign({topic}, StartAt::beginning()));
  std::size_t seen = 0;
  ASSERT_TRUE(eventually([&] {
    const auto messages = (*consumer)->poll(100);
    for (const MessageView& message : *messages) {
      ++seen;
      EXPECT_TRUE(message.has_key);
      EXPECT_TRUE(message.has_value);
    }
    return (*consumer)->at_end();
  }));
  EXPECT_EQ(seen, 1u);
}

TEST_F(ProducerTest, TransientAnswersAreRetriedWithoutLossOrError) {
  auto producer = make(config());
  Sender sender{*producer};
  cluster.answer_produce_with({BrokerAnswer::not_enough_replicas, BrokerAnswer::not_leader,
                               BrokerAnswer::request_timed_out, BrokerAnswer::none, BrokerAnswer::not_enough_replicas});
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(sender.send_one("v" + std::to_string(i)));
  ASSERT_TRUE(producer->flush(patience_ms, cancel));
  EXPECT_EQ(acks.records(), 500u);
  EXPECT_EQ(acks.last(0, 0), 499u);
}

TEST_F(ProducerTest, ARefusedRecordStopsItForGoodAndNamesTheKey) {
  auto producer = make(config());
  Sender sender{*producer};
  ASSERT_TRUE(sender.send_one("fine"));
  ASSERT_TRUE(producer->flush(patience_ms, cancel));
  cluster.answer_produce_with({BrokerAnswer::message_too_large});
  ASSERT_TRUE(sender.send_one("refused", "[\"db\",\"orders\",7]"));
  ASSERT_TRUE(eventually([&] { return !producer->status().has_value(); }));
  const base::Error error = producer->status().error();
  EXPECT_EQ(error.code, ErrorCode::destination_record_too_large);
  EXPECT_NE(error.what.find("[\"db\",\"orders\",7]"), std::string::npos) << error.message();
  EXPECT_EQ(error.where, topic + ", partition 0");

  const auto after = sender.send_one("after");
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, ErrorCode::destination_record_too_large);
  EXPECT_EQ(producer->flush(patience_ms, cancel).error().code, ErrorCode::destination_record_too_large);
  EXPECT_EQ(acks.records(), 1u);
}

TEST_F(ProducerTest, ADeniedTopicIsToldAsSuch) {
  auto producer = make(config());
  Sender sender{*producer};
  cluster.answer_produce_with({BrokerAnswer::topic_denied});
  ASSERT_TRUE(sender.send_one("v"));
  ASSERT_TRUE(eventually([&] { return !producer->status().has_value(); }));
  EXPECT_EQ(producer->status().error().code, ErrorCode::destination_topic_denied);
}

TEST_F(ProducerTest, NothingIsAcknowledgedBehindAFailedRecord) {
  Config one_at_a_time = config();
  one_at_a_time.overrides["batch.num.messages"] = "1";
  auto producer = make(one_at_a_time);
  Sender sender{*producer};
  cluster.answer_produce_with({BrokerAnswer::none, BrokerAnswer::none, BrokerAnswer::topic_denied});
  for (int i = 0; i < 20; ++i)
    if (!sender.send_one("v")) break;
  ASSERT_TRUE(eventually([&] { return !producer->status().has_value(); }));
  producer.reset();  // no ack is called after this
  EXPECT_EQ(acks.records(), 2u);
  EXPECT_EQ(acks.last(0, 0), 1u);
}

TEST_F(ProducerTest, ARecordOverTheLimitLeavesBatchAndProducerUsable) {
  Config small = config();
  small.record_bytes_max = 2000;
  auto producer = make(small);
  Sender sender{*producer};
  model::RecordBatch batch;
  add(batch, "small");
  add(batch, std::string(3000, 'x'), "[\"db\",\"t\",42]");
  const auto refused = sender.send(batch);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::destination_record_too_large);
  EXPECT_NE(refused.error().what.find("42"), std::string::npos);
  EXPECT_EQ(batch.records.size(), 2u);
  ASSERT_TRUE(sender.send_one("next"));
  ASSERT_TRUE(producer->flush(patience_ms, cancel));
  EXPECT_EQ(acks.records(), 1u);
}

TEST_F(ProducerTest, ABrokerThatIsAwayShowsAndIsForgottenWhenItIsBack) {
  auto producer = make(config());
  Sender sender{*producer};
  ASSERT_TRUE(sender.send_one("before"));
  ASSERT_TRUE(producer->flush(patience_ms, cancel));
  cluster.set_down(1);
  ASSERT_TRUE(sender.send_one("while away"));
  ASSERT_TRUE(eventually([&] { return producer->problem().has_value(); }));
  EXPECT_TRUE(producer->problem()->error.is_retriable());
  EXPECT_GT(producer->problem()->since_ms, 0);
  EXPECT_TRUE(producer->status());
  const auto late = producer->flush(100, cancel);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::destination_unreachable);
  cluster.set_up(1);
  ASSERT_TRUE(producer->flush(patience_ms, cancel));
  EXPECT_FALSE(producer->problem());
  EXPECT_EQ(acks.records(), 2u);
}

TEST_F(ProducerTest, AnIdleProducerNoticesThatTheBrokerIsBack) {
  auto producer = make(config());
  Sender sender{*producer};
  ASSERT_TRUE(sender.send_one("before"));
  ASSERT_TRUE(producer->flush(patience_ms, cancel));
  cluster.set_down(1);
  ASSERT_TRUE(eventually([&] { return producer->problem().has_value(); }));
  cluster.set_up(1);
  EXPECT_TRUE(eventually([&] { return !producer->problem().has_value(); }));
}

TEST_F(ProducerTest, WaitsForRoomAndStopsWaitingWhenAsked) {
  Config small = config();
  small.unacked_bytes_max = 200'000;
  auto producer = make(small);
  Sender sender{*producer};
  cluster.set_down(1);
  std::uint64_t taken = 0;
  base::Status last;
  std::thread emitter([&] {
    while (last) {
      model::RecordBatch batch;
      for (int i = 0; i < 100; ++i) add(batch, std::string(500, 'x'));
      last = sender.send(batch);
      if (last) taken += 100;
    }
  });
  EXPECT_TRUE(eventually([&] { return producer->counters().unacked_bytes >= 100'000; }));
  sender.cancel.request();
  emitter.join();
  EXPECT_EQ(last.error().code, ErrorCode::cancelled);
  EXPECT_LE(producer->counters().unacked_bytes, small.unacked_bytes_max);
  // What was taken before still arrives.
  cluster.set_up(1);
  ASSERT_TRUE(producer->flush(patience_ms, cancel));
  EXPECT_EQ(acks.records(), taken);
}

TEST_F(ProducerTest, ABatchOverTheLimitOfBytesPassesAlone) {
  Config small = config();
  small.unacked_bytes_max = 100'000;
  auto producer = make(small);
  Sender sender{*producer};
  for (int round = 0; round < 3; ++round) {
    model::RecordBatch batch;
    for (int i = 0; i < 100; ++i) add(batch, std::string(5000, 'x'));
    ASSERT_TRUE(sender.send(batch));
  }
  ASSERT_TRUE(producer->flush(patience_ms, cancel));
  EXPECT_EQ(acks.records(), 300u);
}

TEST_F(ProducerTest, AnEndInTheMidstOfWorkCallsNoHandlerAfterwards) {
  auto producer = make(config());
  Sender sender{*producer};
  cluster.set_round_trip_ms(1, 300);
  for (int round = 0; round < 10; ++round) {
    model::RecordBatch batch;
    for (int i = 0; i < 200; ++i) add(batch, std::string(1000, 'x'));
    ASSERT_TRUE(sender.send(batch));
  }
  producer.reset();
  const std::uint64_t records = acks.records();
  EXPECT_LE(records, 2000u);
}

TEST_F(ProducerTest, APartitionThatIsNotThereIsAnError) {
  auto producer = make(config());
  Sender sender{*producer};
  ASSERT_TRUE(sender.send_one("known"));
  ASSERT_TRUE(producer->flush(patience_ms, cancel));
  model::RecordBatch batch;
  add(batch, "v");
  base::Status sent = sender.send(batch, 99);
  if (sent) {
    ASSERT_TRUE(eventually([&] { return !producer->status().has_value(); }));
  }
  EXPECT_EQ((sent ? producer->status() : sent).error().code, ErrorCode::destination_topic_missing);
}

TEST(ProducerSettings, AWrongSettingIsNamedAndItsSecretIsNot) {
  Config config;
  config.brokers = "127.0.0.1:1";
  config.overrides["linger.ms"] = "soon";
  const auto wrong = Producer::create(config, [](auto) {});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::destination_config);
  EXPECT_EQ(wrong.error().where, "linger.ms");

  Config tls;
  tls.brokers = "127.0.0.1:1";
  tls.tls = true;
  tls.tls_ca = "/nonexistent/ca.pem";
  const auto no_file = Producer::create(tls, [](auto) {});
  ASSERT_FALSE(no_file);
  EXPECT_EQ(no_file.error().code, ErrorCode::destination_config);

  Config secret;
  secret.brokers = "127.0.0.1:1";
  secret.overrides["ssl.key.password.typo"] = "hunter2";
  const auto hidden = Producer::create(secret, [](auto) {});
  ASSERT_FALSE(hidden);
  EXPECT_EQ(hidden.error().message().find("hunter2"), std::string::npos);
}

TEST(ProducerSettings, AMachineWithoutRoomForThreadsIsTriedAgain) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    pthread_attr_t huge;  // no machine has room for such a stack
    if (::pthread_attr_init(&huge) != 0 || ::pthread_attr_setstacksize(&huge, std::size_t{1} << 46) != 0) ::_exit(1);
    if (::pthread_setattr_default_np(&huge) != 0) ::_exit(2);
    Config config;
    config.brokers = "127.0.0.1:1";
    const auto producer = Producer::create(config, [](auto) {});
    ::_exit(!producer && producer.error().code == ErrorCode::destination_client ? 0 : 3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace tributary::kafka
