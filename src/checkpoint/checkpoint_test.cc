#include "checkpoint/checkpoint.h"

#include <gtest/gtest.h>

#include <random>

namespace tributary::checkpoint {
namespace {

using base::ErrorCode;

SubtaskCheckpoint full() {
  SubtaskCheckpoint c;
  c.task_fingerprint = "5f1d";
  c.stream = {.started = true,
              .flavour = "mysql",
              .server_uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562",
              .emitted = {"mysql-bin.000012", 4711},
              .emitted_gtid_set = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-77",
              .restart = {"mysql-bin.000011", 120},
              .restart_gtid_set = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-70",
              .changed_gtid_set = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-69",
              .next_record_id = UINT64_MAX};
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
  c.snapshot.lanes.push_back({.physical_database = "shop_0000",
                              .physical_table = "orders_AbC3_00",
                              .index = 3,
                              .lower = {},
                              .upper = {"17", std::nullopt},
                              .cursor = {all_bytes, "", "\"\\\n"},
                              .rows_done = 12345678901234,
                              .done = true});
  c.snapshot.lanes.push_back({.physical_database = "\xe5\xba\x93", .physical_table = "\xff\xfe"});
  c.snapshot.planned = true;
  c.snapshot.high_watermark_reached = true;
  c.snapshot.high_watermark = {"mysql-bin.000012", 5000};
  c.snapshot.high_watermark_gtid_set = "0-101-5";
  c.schema_done = true;
  c.snapshot_done = true;
  c.stream.emitted_schema = 12;
  c.stream.restart_schema = 9;
  c.stream.schema_from = {"mysql-bin.000002", 77};
  return c;
}

TEST(Checkpoint, ComesBackAsItWasWithAnyBytesInItsKeys) {
  for (const SubtaskCheckpoint& c : {full(), SubtaskCheckpoint{}}) {
    const auto parsed = parse(serialise(c));
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(*parsed, c);
  }
}

TEST(Checkpoint, EqualStatesGiveEqualText) { EXPECT_EQ(serialise(full()), serialise(full())); }

TEST(Checkpoint, ANewerFormatIsRefusedAsSuch) {
  std::string text = serialise(full());
  const std::size_t at = text.find("\"format\":1");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 10, "\"format\":2");
  const auto parsed = parse(text);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::task_state_newer);
}

TEST(Checkpoint, WhatIsMissingOrWrongIsNamed) {
  std::string text = serialise(full());
  const std::size_t at = text.find("\"rows_done\":12345678901234");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 26, "\"rows_done\":-1");
  const auto parsed = parse(text);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::task_state_unusable);
  EXPECT_NE(parsed.error().what.find("snapshot.lanes[0].rows_done"), std::string::npos) << parsed.error().what;

  std::string gtid = serialise(full());
  gtid.replace(gtid.find("0-101-5"), 7, "0-x-5xx");
  EXPECT_NE(parse(gtid).error().what.find("high_watermark_gtid_set"), std::string::npos);
}

TEST(Checkpoint, AnyCutIsAnErrorAndAnyDamageNeverACrash) {
  const std::string text = serialise(full());
  for (std::size_t cut = 0; cut < text.size(); ++cut) EXPECT_FALSE(parse(text.substr(0, cut))) << cut;
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = text;
    for (std::uint32_t i = 1 + random() % 4; i > 0; --i)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto parsed = parse(damaged);
    if (!parsed) {
      EXPECT_FALSE(parsed.error().what.empty());
    }
  }
  EXPECT_FALSE(parse(std::string(1 << 20, '[')));
  EXPECT_FALSE(parse("[]"));
  EXPECT_FALSE(parse("null"));
}

TEST(Checkpoint, IsLoadedByItsSubtaskAndOnlyForItsTask) {
  auto store = store::make_memory_store();
  const auto none = load(*store, "rds-1", "5f1d");
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  ASSERT_TRUE(save(*store, "rds-1", full()));
  const auto loaded = load(*store, "rds-1", "5f1d");
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ(**loaded, full());
  EXPECT_FALSE(*load(*store, "rds-2", "5f1d"));
  EXPECT_EQ(load(*store, "rds-1", "other").error().code, ErrorCode::task_state_mismatch);
  EXPECT_TRUE(*load(*store, "rds-1", ""));
  ASSERT_TRUE(save_serialised(*store, "rds-1", "rubbish"));
  EXPECT_EQ(load(*store, "rds-1", "").error().where, "checkpoint/rds-1");
}

}  // namespace
}  // namespace tributary::checkpoint
