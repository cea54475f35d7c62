#include "checkpoint/topology.h"

#include <gtest/gtest.h>

namespace tributary::checkpoint {
namespace {

TopologyState sample() {
  TopologyState state;
  state.task_fingerprint = "00ff";
  state.topology.tables[{"shop", "orders \"ä\""}] = {"sharded",
                                                     {{"rds-a:3306", "shop_0000", "orders_aB3x_0", "SHOP_0000_RDS"},
                                                      {"rds-b:3306", "shop_0001", "orders_aB3x_1", ""}}};
  state.gone = {{"shop", "old"}};
  state.accepted = {{1700000000123, "shard moved  shop.orders\nshard new"}};
  return state;
}

TEST(TopologyState, ReadsBackAsItWasWritten) {
  const auto read = parse_topology(serialise(sample()));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, sample());
}

TEST(TopologyState, EveryTruncationAndANewerFormatAreErrors) {
  const std::string text = serialise(sample());
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto read = parse_topology(std::string_view(text).substr(0, size));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, base::ErrorCode::task_state_unusable);
  }
  std::string newer = text;
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":9");
  const auto read = parse_topology(newer);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, base::ErrorCode::task_state_newer);
}

TEST(TopologyState, AnotherTasksIsNotTaken) {
  const auto store = store::make_memory_store();
  ASSERT_TRUE(store->put(topology_key("shop"), serialise(sample())));
  EXPECT_TRUE(load_topology(*store, "shop", "00ff").value());
  EXPECT_FALSE(load_topology(*store, "other", "00ff").value());
  const auto refused = load_topology(*store, "shop", "0000");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::task_state_mismatch);
}

}  // namespace
}  // namespace tributary::checkpoint
