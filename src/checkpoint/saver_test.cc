#include "checkpoint/saver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <random>
#include <thread>

namespace tributary::checkpoint {
namespace {

using base::ErrorCode;
using base::Status;

Saver::Mark mark(std::string text) {
  return [text = std::move(text)] { return base::Result<std::string>(text); };
}

// What was saved, and a way to wait for it.
class Kept {
 public:
  Saver::Save save() {
    return [this](std::string bytes) -> Status {
      std::lock_guard lock(mutex_);
      if (error_) return base::fail(*error_);
      all_.push_back(std::move(bytes));
      changed_.notify_all();
      return {};
    };
  }
  bool wait_for(const std::string& text) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !all_.empty() && all_.back() == text; });
  }
  std::vector<std::string> all() {
    std::lock_guard lock(mutex_);
    return all_;
  }
  void refuse_with(std::optional<base::Error> error) {
    std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> all_;
  std::optional<base::Error> error_;
};

TEST(Saver, SavesByItselfWhatKafkaHasAndNothingElse) {
  Kept kept;
  Saver saver(kept.save(), 1);
  saver.emitted(0, 0, 9);
  saver.marked(10, mark("ten"));
  saver.emitted(0, 10, 19);
  saver.marked(20, mark("twenty"));
  saver.acked(0, 15);
  EXPECT_TRUE(kept.wait_for("ten"));
  saver.acked(0, 19);
  EXPECT_TRUE(kept.wait_for("twenty"));
  EXPECT_EQ(kept.all(), (std::vector<std::string>{"ten", "twenty"}));
  EXPECT_EQ(saver.outstanding(), 0u);
}

TEST(Saver, FlushSavesBeforeItReturns) {
  Kept kept;
  Saver saver(kept.save(), 3'600'000);
  saver.marked(0, mark("first"));
  ASSERT_TRUE(kept.wait_for("first"));  // now the thread rests for an hour
  saver.marked(0, mark("second"));
  ASSERT_TRUE(saver.flush());
  EXPECT_EQ(kept.all().back(), "second");
}

TEST(Saver, ItsEndSavesWhatIsReady) {
  Kept kept;
  {
    Saver saver(kept.save(), 3'600'000);
    saver.marked(0, mark("first"));
    ASSERT_TRUE(kept.wait_for("first"));
    saver.marked(0, mark("last"));
    saver.emitted(0, 0, 0);
    saver.marked(1, mark("not in Kafka"));
  }
  EXPECT_EQ(kept.all(), (std::vector<std::string>{"first", "last"}));
}

TEST(Saver, APermanentFailureIsToldAndNothingIsSavedAfterIt) {
  Kept kept;
  kept.refuse_with(base::Error{ErrorCode::task_state_unusable, "disk full", ""});
  Saver saver(kept.save(), 1);
  saver.marked(0, mark("a"));
  const Status flushed = saver.flush();
  if (flushed) {  // the thread was quicker and met the failure
    ASSERT_FALSE(saver.status());
  }
  EXPECT_EQ(saver.status().error().code, ErrorCode::task_state_unusable);
  kept.refuse_with(std::nullopt);
  saver.marked(0, mark("b"));
  EXPECT_FALSE(saver.flush());
  EXPECT_TRUE(kept.all().empty());
}

TEST(Saver, ARetriableFailureIsTriedAgain) {
  std::atomic<int> attempts = 0;
  Kept kept;
  Saver saver(
      [&, save = kept.save()](std::string bytes) -> Status {
        if (++attempts < 3) return base::fail(ErrorCode::destination_unreachable);
        return save(std::move(bytes));
      },
      1);
  saver.marked(0, mark("a"));
  EXPECT_TRUE(kept.wait_for("a"));
  EXPECT_EQ(attempts, 3);
  EXPECT_TRUE(saver.status());
}

TEST(Saver, AMarkThatCantBeMadeIsAnError) {
  Kept kept;
  Saver saver(kept.save(), 1);
  saver.marked(0, []() -> base::Result<std::string> { return base::fail(ErrorCode::internal, "no state"); });
  (void)saver.flush().has_value();
  EXPECT_FALSE(saver.status());
}

TEST(Saver, NeverSavesAnOlderCheckpointAfterANewerOne) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Kept kept;
  std::atomic<std::uint64_t> emitted_end = 0;
  {
    Saver saver(kept.save(), 0);
    constexpr std::uint64_t records = 20'000;
    std::jthread acker([&] {
      std::mt19937 random(seed);
      std::uint64_t acked = 0;
      while (acked < records) {
        const std::uint64_t end = emitted_end.load();
        if (end == acked) {
          std::this_thread::yield();
          continue;
        }
        acked += 1 + random() % (end - acked);
        saver.acked(0, acked - 1);
      }
    });
    std::jthread flusher([&] {
      while (emitted_end.load() < records) EXPECT_TRUE(saver.flush());
    });
    for (std::uint64_t i = 0; i < records; ++i) {
      saver.emitted(0, i, i);
      saver.marked(i + 1, mark(std::to_string(i + 1)));
      emitted_end.store(i + 1);
    }
  }
  std::uint64_t last = 0;
  for (const std::string& text : kept.all()) {
    const std::uint64_t number = std::stoull(text);
    EXPECT_GT(number, last);
    last = number;
  }
  EXPECT_EQ(last, 20'000u);
}

}  // namespace
}  // namespace tributary::checkpoint
