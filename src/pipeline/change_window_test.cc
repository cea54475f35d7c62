#include "pipeline/change_window.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace tributary::pipeline {
namespace {

TEST(ChangeWindow, ARowChangedSinceTheChunkOpenedIsOutdated) {
  ChangeWindow window;
  const auto first = window.open();
  window.changed("a");
  const auto second = window.open();
  EXPECT_TRUE(window.is_outdated(first, "a"));
  EXPECT_FALSE(window.is_outdated(second, "a"));
  EXPECT_FALSE(window.is_outdated(first, "b"));
  window.changed("a");
  EXPECT_TRUE(window.is_outdated(second, "a"));
}

TEST(ChangeWindow, KeepsNothingWhileNoChunkIsOpen) {
  ChangeWindow window;
  window.changed("a");
  EXPECT_EQ(window.size(), 0u);
  const auto ticket = window.open();
  window.changed("a");
  window.close(ticket);
  EXPECT_EQ(window.size(), 0u);
}

TEST(ChangeWindow, PastItsBoundTheOpenChunksAreVoidAndLaterOnesAreNot) {
  ChangeWindow window(10);
  const auto before = window.open();
  for (int i = 0; i < 10; ++i) window.changed("row" + std::to_string(i));
  EXPECT_FALSE(window.is_void(before));
  window.changed("one more");
  EXPECT_TRUE(window.is_void(before));
  EXPECT_LE(window.size(), 10u);
  const auto after = window.open();
  EXPECT_FALSE(window.is_void(after));
  window.changed("row1");
  EXPECT_TRUE(window.is_outdated(after, "row1"));
}

// Against the obvious oracle: a list of all that happened.
TEST(ChangeWindow, AgreesWithAListOfEverythingThatHappened) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  ChangeWindow window;
  std::vector<std::pair<ChangeWindow::Ticket, std::size_t>> open;  // ticket, length of the history when opened
  std::vector<std::string> history;
  for (int step = 0; step < 200'000; ++step) {
    const auto row = "row" + std::to_string(random() % 7000);
    switch (random() % 10) {
      case 0:
        if (open.size() < 5) open.emplace_back(window.open(), history.size());
        break;
      case 1:
        if (!open.empty() && random() % 20 == 0) {
          const std::size_t which = random() % open.size();
          window.close(open[which].first);
          open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
        }
        break;
      case 2:
        for (const auto& [ticket, since] : open) {
          const std::size_t reach = std::min<std::size_t>(history.size(), since + 300);
          bool changed = false;
          for (std::size_t i = since; i < reach && !changed; ++i) changed = history[i] == row;
          if (reach == history.size()) {
            ASSERT_EQ(window.is_outdated(ticket, row), changed);
          } else if (changed) {
            ASSERT_TRUE(window.is_outdated(ticket, row));
          }
        }
        break;
      default:
        window.changed(row);
        history.push_back(row);
    }
  }
}

}  // namespace
}  // namespace tributary::pipeline
