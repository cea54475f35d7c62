#include "front/gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tributary::lab {
namespace {

TEST(Gate, IsNotClosedWhileSomebodyStaysInside) {
  Gate gate;
  gate.enter();
  EXPECT_FALSE(gate.close(std::chrono::seconds(0)));
  gate.enter();  // and is open again after that
  gate.leave();
  gate.leave();
  EXPECT_TRUE(gate.close(std::chrono::seconds(0)));
  gate.open();
}

TEST(Gate, WhoComesWhileItIsClosedWaitsUntilItOpens) {
  Gate gate;
  ASSERT_TRUE(gate.close(std::chrono::seconds(0)));
  std::atomic<bool> opened = false;
  bool was_open = false;
  std::thread late([&] {
    gate.enter();
    was_open = opened;
    gate.leave();
  });
  opened = true;
  gate.open();
  late.join();
  EXPECT_TRUE(was_open);
}

}  // namespace
}  // namespace tributary::lab
