#include "source/binlog/held_transactions.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

namespace tributary::source {
namespace {

StreamPosition at(std::uint64_t offset) { return {{"b.000001", offset}, {}}; }

EventView event(const std::string& body) {
  EventView view;
  view.header.type = EventType::write_rows_v1;
  view.body = body;
  return view;
}

std::vector<std::string> bodies(HeldTransactions& held, const std::string& xid) {
  std::vector<std::string> out;
  EXPECT_TRUE(held.replay(xid, [&](const EventView& e) -> base::Status {
    EXPECT_EQ(e.header.type, EventType::write_rows_v1);
    out.emplace_back(e.body);
    return {};
  }));
  return out;
}

TEST(HeldTransactions, GiveTheirEventsBackInOrderAndKnowTheOldest) {
  HeldTransactions held(std::filesystem::temp_directory_path(), 1 << 20);
  EXPECT_EQ(held.oldest_begin(), nullptr);
  held.start("x", at(10));
  held.start("y", at(20));
  ASSERT_TRUE(held.add("x", event("1")));
  ASSERT_TRUE(held.add("y", event("2")));
  ASSERT_TRUE(held.add("x", event("3")));
  EXPECT_EQ(bodies(held, "x"), (std::vector<std::string>{"1", "3"}));
  EXPECT_EQ(held.oldest_begin()->at.offset, 10u);
  held.drop("x");
  EXPECT_EQ(held.oldest_begin()->at.offset, 20u);
  EXPECT_FALSE(held.contains("x"));
}

TEST(HeldTransactions, AreTheSameFromDiskBeyondTheMemoryLimit) {
  constexpr std::size_t limit = 4096;
  HeldTransactions held(std::filesystem::temp_directory_path(), limit);
  std::vector<std::string> wanted_x, wanted_y;
  held.start("x", at(10));
  held.start("y", at(20));
  for (int i = 0; i < 300; ++i) {
    std::string body(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    auto& wanted = i % 3 == 0 ? wanted_y : wanted_x;
    ASSERT_TRUE(held.add(i % 3 == 0 ? "y" : "x", event(body)));
    wanted.push_back(std::move(body));
    EXPECT_LE(held.bytes_in_memory(), limit);
  }
  EXPECT_GT(held.bytes_spilled(), 0u);
  EXPECT_EQ(bodies(held, "x"), wanted_x);
  EXPECT_EQ(bodies(held, "y"), wanted_y);
  held.drop("x");
  held.drop("y");
  EXPECT_EQ(held.bytes_spilled(), 0u);
  EXPECT_EQ(held.bytes_in_memory(), 0u);
}

TEST(HeldTransactions, GoToDiskInSweepsNotEventByEvent) {
  constexpr std::size_t limit = 64 << 10;
  constexpr int transactions = 200, events = 50;
  HeldTransactions held(std::filesystem::temp_directory_path(), limit);
  std::map<std::string, std::vector<std::string>> wanted;
  std::size_t bytes = 0;
  for (int t = 0; t < transactions; ++t) {
    const std::string xid = "x" + std::to_string(t);
    held.start(xid, at(static_cast<std::uint64_t>(t)));
    for (int e = 0; e < events; ++e) {
      std::string body(static_cast<std::size_t>(50 + t % 7), static_cast<char>('a' + e % 26));
      bytes += body.size();
      ASSERT_TRUE(held.add(xid, event(body)));
      wanted[xid].push_back(std::move(body));
    }
  }
  // A sweep leaves nothing behind, so a transaction is cut only by the sweeps that fall into it.
  EXPECT_GT(held.bytes_spilled(), bytes / 2);
  EXPECT_LE(held.pieces(), transactions + 2 * bytes / limit);
  for (const auto& [xid, bodies_of] : wanted) EXPECT_EQ(bodies(held, xid), bodies_of) << xid;
}

TEST(HeldTransactions, OfOneSizeOrAnotherComeBackThroughTheWindow) {
  HeldTransactions held(std::filesystem::temp_directory_path(), 100);
  held.start("x", at(10));
  std::vector<std::string> wanted;
  for (const std::size_t size : {0u, 1u, 1u << 20, (1u << 20) - 40, 3u << 20, 5u << 20, 17u, 1u << 19, 1u << 19, 0u}) {
    wanted.emplace_back(size, static_cast<char>('a' + wanted.size()));
    ASSERT_TRUE(held.add("x", event(wanted.back())));
  }
  EXPECT_EQ(bodies(held, "x"), wanted);
  EXPECT_EQ(bodies(held, "x"), wanted) << "again";
  held.start("y", at(20));
  ASSERT_TRUE(held.add("y", event("behind what is large")));
  ASSERT_TRUE(held.add("y", event(std::string(200, 'y'))));
  held.drop("x");
  EXPECT_EQ(bodies(held, "y"), (std::vector<std::string>{"behind what is large", std::string(200, 'y')}));
}

TEST(HeldTransactions, APreparedAgainIdStartsAnew) {
  HeldTransactions held(std::filesystem::temp_directory_path(), 1 << 20);
  held.start("x", at(10));
  ASSERT_TRUE(held.add("x", event("old")));
  held.start("x", at(30));
  ASSERT_TRUE(held.add("x", event("new")));
  EXPECT_EQ(bodies(held, "x"), std::vector<std::string>{"new"});
  EXPECT_EQ(held.oldest_begin()->at.offset, 30u);
}

TEST(HeldTransactions, AnUnwritableSpillFolderIsAnErrorNotALoss) {
  HeldTransactions held("/nonexistent/folder", 16);
  held.start("x", at(10));
  const auto added = held.add("x", event("0123456789012345678901234567890123456789"));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, base::ErrorCode::task_state_unusable);
}

}  // namespace
}  // namespace tributary::source
