#include "checkpoint/ack_tracker.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

namespace tributary::checkpoint {
namespace {

TEST(AckTracker, HoldsAMarkUntilTheOldestRecordIsAcked) {
  AckTracker<std::string> tracker;
  tracker.emitted(0, 0, 9);
  tracker.emitted(1, 10, 19);
  tracker.mark(20, "a");
  EXPECT_EQ(tracker.acked(1, 19), 10u);
  EXPECT_EQ(tracker.take_ready(), std::nullopt);
  EXPECT_EQ(tracker.acked(0, 8), 9u);
  EXPECT_EQ(tracker.take_ready(), std::nullopt);
  EXPECT_EQ(tracker.acked(0, 9), 1u);
  EXPECT_EQ(tracker.take_ready(), "a");
  EXPECT_EQ(tracker.take_ready(), std::nullopt) << "only once";
  EXPECT_EQ(tracker.outstanding(), 0u);
}

TEST(AckTracker, AMarkWithNothingOutstandingIsTrueAtOnce) {
  AckTracker<std::string> tracker;
  tracker.mark(0, "start");
  EXPECT_EQ(tracker.take_ready(), "start");
  tracker.emitted(0, 0, 0);
  EXPECT_EQ(tracker.acked(0, 0), 1u);
  tracker.mark(1, "moved without records");
  EXPECT_EQ(tracker.take_ready(), "moved without records");
}

TEST(AckTracker, AMarkAmidARunComesTrueWhenItsPartIsAcked) {
  AckTracker<int> tracker;
  tracker.emitted(7, 0, 4);
  tracker.mark(5, 5);
  tracker.emitted(7, 5, 9);  // grows into one run with the first
  tracker.mark(10, 10);
  EXPECT_EQ(tracker.run_count(), 1u);
  EXPECT_EQ(tracker.acked(7, 6), 7u);
  EXPECT_EQ(tracker.take_ready(), 5);
  EXPECT_EQ(tracker.acked(7, 9), 3u);
  EXPECT_EQ(tracker.take_ready(), 10);
}

TEST(AckTracker, AnAckBeforeOrAgainChangesNothing) {
  AckTracker<int> tracker;
  EXPECT_EQ(tracker.acked(0, 100), 0u);
  tracker.emitted(0, 0, 4);
  EXPECT_EQ(tracker.acked(0, 4), 5u);
  EXPECT_EQ(tracker.acked(0, 4), 0u);
  EXPECT_EQ(tracker.outstanding(), 0u);
}

TEST(AckTracker, MemoryStaysBoundedAndMarksStaySpread) {
  AckTracker<std::uint64_t> tracker(64);
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    tracker.emitted(0, i, i);
    tracker.mark(i + 1, i + 1);
    ASSERT_LE(tracker.mark_count(), 64u);
    ASSERT_EQ(tracker.run_count(), 1u);
  }
  // With a half acknowledged there is a mark that saves a good part of the way.
  tracker.acked(0, 49'999);
  const auto ready = tracker.take_ready();
  ASSERT_TRUE(ready);
  EXPECT_LE(*ready, 50'000u);
  EXPECT_GE(*ready, 40'000u);
  tracker.acked(0, 99'999);
  EXPECT_EQ(tracker.take_ready(), 100'000u);
}

// The oracle knows every single record. TRIBUTARY_TEST_SEED repeats a run, TRIBUTARY_TEST_STEPS makes it longer.
TEST(AckTracker, NeverPassesAnUnackedRecordAndReachesTheLastMark) {
  const char* given = std::getenv("TRIBUTARY_TEST_SEED");
  const char* longer = std::getenv("TRIBUTARY_TEST_STEPS");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  const std::uint64_t steps_wanted = longer != nullptr ? std::strtoull(longer, nullptr, 10) : 2'000'000;
  SCOPED_TRACE(testing::Message() << "TRIBUTARY_TEST_SEED=" << seed);
  std::mt19937_64 random(seed);
  std::uint64_t steps = 0;
  while (steps < steps_wanted) {
    const std::uint32_t partitions = 1 + static_cast<std::uint32_t>(random() % 5);
    AckTracker<std::uint64_t> tracker(4 + random() % 20);
    std::vector<std::deque<std::uint64_t>> queues(partitions);  // unacked, in order
    std::set<std::uint64_t> unacked;
    std::uint64_t next = random() % 3, last_mark = 0, last_ready = 0;
    bool marked = false;
    const auto check_ready = [&] {
      const auto ready = tracker.take_ready();
      if (!ready) return;
      ASSERT_TRUE(unacked.empty() || *ready <= *unacked.begin()) << *ready << " passes " << *unacked.begin();
      ASSERT_GE(*ready, last_ready);
      last_ready = *ready;
    };
    const std::uint64_t length = random() % 400;
    for (std::uint64_t i = 0; i < length; ++i, ++steps) {
      switch (random() % 4) {
        case 0: {  // a batch over some partitions
          for (std::uint32_t p = 0; p < partitions; ++p) {
            const std::uint64_t count = random() % 4;
            if (count == 0) continue;
            tracker.emitted(p, next, next + count - 1);
            for (std::uint64_t s = next; s < next + count; ++s) {
              queues[p].push_back(s);
              unacked.insert(s);
            }
            next += count;
          }
          break;
        }
        case 1:
          tracker.mark(next, next);
          last_mark = next;
          marked = true;
          break;
        default: {  // a part of one partition's queue
          auto& queue = queues[random() % partitions];
          if (queue.empty()) break;
          const std::uint64_t count = 1 + random() % queue.size();
          const std::uint64_t last = queue[count - 1];
          const auto id = static_cast<std::uint32_t>(&queue - queues.data());
          ASSERT_EQ(tracker.acked(id, last), count);
          for (std::uint64_t k = 0; k < count; ++k) {
            unacked.erase(queue.front());
            queue.pop_front();
          }
        }
      }
      ASSERT_EQ(tracker.outstanding(), unacked.size());
      if (random() % 3 == 0) check_ready();
      if (testing::Test::HasFatalFailure()) return;
    }
    for (std::uint32_t p = 0; p < partitions; ++p)
      if (!queues[p].empty()) tracker.acked(p, queues[p].back());
    unacked.clear();
    ASSERT_EQ(tracker.outstanding(), 0u);
    check_ready();
    if (marked) {
      ASSERT_EQ(last_ready, last_mark);
    }
  }
}

}  // namespace
}  // namespace tributary::checkpoint
