#include "kafka/unacked.h"

#include <gtest/gtest.h>

namespace tributary::kafka {
namespace {

std::vector<std::uint32_t> numbers(std::size_t count) { return std::vector<std::uint32_t>(count); }

base::Buffer buffer_of(std::size_t capacity) { return base::Buffer(capacity); }

TEST(Unacked, ABatchIsReleasedWhenEveryPartitionOfItIsAcknowledged) {
  Unacked unacked(1 << 20);
  const auto three = numbers(3), two = numbers(2);
  const kafka::Run runs[] = {{0, 0, 0, three}, {0, 1, 3, two}};
  unacked.add(runs, buffer_of(4096), 5000);
  EXPECT_TRUE(unacked.acked(0, 0, 2, 3));
  EXPECT_EQ(unacked.charged(), 5000u);
  EXPECT_TRUE(unacked.acked(0, 1, 3, 1));
  EXPECT_FALSE(unacked.empty());
  EXPECT_TRUE(unacked.acked(0, 1, 4, 1));
  EXPECT_TRUE(unacked.empty());
  EXPECT_EQ(unacked.charged(), 0u);
  EXPECT_GE(unacked.recycled().capacity(), 4096u);
  EXPECT_EQ(unacked.recycled().capacity(), 0u);
}

TEST(Unacked, OneAcknowledgementMayCoverManyBatches) {
  Unacked unacked(1 << 20);
  const auto ten = numbers(10);
  for (std::uint64_t i = 0; i < 5; ++i) {
    const kafka::Run run{0, 0, i * 10, ten};
    unacked.add({&run, 1}, {}, 100);
  }
  EXPECT_TRUE(unacked.acked(0, 0, 34, 35));
  EXPECT_EQ(unacked.charged(), 200u);
  EXPECT_TRUE(unacked.acked(0, 0, 49, 15));
  EXPECT_TRUE(unacked.empty());
}

TEST(Unacked, AMissingOrRepeatedAcknowledgementIsNoticed) {
  const auto ten = numbers(10);
  const kafka::Run run{0, 0, 100, ten};
  {
    Unacked unacked(0);
    unacked.add({&run, 1}, {}, 1);
    EXPECT_FALSE(unacked.acked(0, 0, 109, 9)) << "one of ten is missing";
  }
  {
    Unacked unacked(0);
    unacked.add({&run, 1}, {}, 1);
    EXPECT_TRUE(unacked.acked(0, 0, 104, 5));
    EXPECT_FALSE(unacked.acked(0, 0, 104, 5)) << "twice";
  }
  {
    Unacked unacked(0);
    unacked.add({&run, 1}, {}, 1);
    EXPECT_FALSE(unacked.acked(0, 1, 109, 10)) << "another partition";
  }
}

TEST(Unacked, MemoryKeptForReuseIsBounded) {
  Unacked unacked(10'000);
  const auto one = numbers(1);
  for (std::uint64_t i = 0; i < 10; ++i) {
    const kafka::Run run{0, 0, i, one};
    unacked.add({&run, 1}, buffer_of(4000), 4000);
  }
  EXPECT_TRUE(unacked.acked(0, 0, 9, 10));
  std::size_t kept = 0;
  while (unacked.recycled().capacity() > 0) ++kept;
  EXPECT_EQ(kept, 2u);
}

}  // namespace
}  // namespace tributary::kafka
