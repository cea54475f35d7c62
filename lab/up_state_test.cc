#include "lab/up_state.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace tributary::lab {
namespace {

struct LabState : testing::Test {
  LabState() {
    char name[] = "/tmp/tributary-state-XXXXXX";
    dir = ::mkdtemp(name);
  }
  ~LabState() override { std::filesystem::remove_all(dir); }
  std::string dir;
};

TEST_F(LabState, SettingsAreFoundAgain) {
  EXPECT_FALSE(load_settings(dir).value());
  Settings settings{.server = ServerKind::mysql_9_7,
                    .instances = 3,
                    .databases_per_instance = 4,
                    .buffer_pool_mb = 128,
                    .server_options = {"a=b"},
                    .kafka = KafkaFlavor::mock,
                    .front = false,
                    .server_ports = {1, 2, 3},
                    .front_port = 4,
                    .kafka_port = 5,
                    .sasl_port = 6,
                    .controller_port = 7};
  ASSERT_TRUE(save_settings(dir, settings));
  const auto found = load_settings(dir).value().value();
  EXPECT_EQ(found.server, settings.server);
  EXPECT_EQ(found.instances, 3);
  EXPECT_EQ(found.databases_per_instance, 4);
  EXPECT_EQ(found.buffer_pool_mb, 128);
  EXPECT_EQ(found.server_options, settings.server_options);
  EXPECT_EQ(found.kafka, KafkaFlavor::mock);
  EXPECT_FALSE(found.front);
  EXPECT_EQ(found.server_ports, settings.server_ports);
  EXPECT_EQ(found.front_port, 4);
  EXPECT_EQ(found.kafka_port, 5);
  EXPECT_EQ(found.sasl_port, 6);
  EXPECT_EQ(found.controller_port, 7);
}

TEST_F(LabState, DamagedSettingsAreAnErrorThatNamesTheFile) {
  for (const auto* text : {"", "[]", "{\"server\": 1}", "{\"server\": \"mysql-5.6\"}"}) {
    ASSERT_TRUE(replace_file(dir + "/settings.json", text));
    const auto found = load_settings(dir);
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().where, dir + "/settings.json");
  }
}

TEST_F(LabState, ProcessesAreFoundAgainAndDamageMeansUnknown) {
  EXPECT_TRUE(load_processes(dir).empty());
  ASSERT_TRUE(save_processes(dir, {{12, 34}, {56, 78}}));
  const auto found = load_processes(dir);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].pid, 56);
  EXPECT_EQ(found[1].start_time, 78u);
  ASSERT_TRUE(replace_file(dir + "/pids.json", "{"));
  EXPECT_TRUE(load_processes(dir).empty());
}

TEST_F(LabState, AFolderHasOneHolderOfItsLock) {
  {
    const auto first = FolderLock::take(dir, 0);
    ASSERT_TRUE(first);
    EXPECT_FALSE(FolderLock::take(dir, 0));
  }
  EXPECT_TRUE(FolderLock::take(dir, 0));
}

}  // namespace
}  // namespace tributary::lab
