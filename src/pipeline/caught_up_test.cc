#include <gtest/gtest.h>

#include "pipeline/sequencer.h"

namespace tributary::pipeline {
namespace {

using base::Status;

// Looks at the sequencer in the middle of each hand-over.
class Watching final : public sink::Delivery {
 public:
  Sequencer* sequencer = nullptr;
  bool caught_up_meanwhile = false;
  bool refuses = false;
  std::size_t records = 0;

  Status emit(model::RecordBatch& batch, const sink::MakeMark&, sink::When, const base::CancelToken&) override {
    caught_up_meanwhile = caught_up_meanwhile || sequencer->caught_up();
    if (refuses) return base::fail(base::ErrorCode::cancelled);
    records += batch.records.size();
    return {};
  }
  Status flush(std::int64_t, const base::CancelToken&) override { return {}; }
  Status status() const override { return {}; }
  std::optional<kafka::Problem> problem() const override { return std::nullopt; }
  sink::DeliveryCounters counters() const override { return {}; }
};

class SequencerTest : public ::testing::Test {
 protected:
  SequencerTest() { delivery_.sequencer = &sequencer_; }

  Status emit_up_to(std::uint64_t offset) {
    model::RecordBatch batch;
    batch.records.emplace_back();
    StreamMark mark;
    mark.emitted.at = mark.restart.at = {"mysql-bin.000001", offset};
    return sequencer_.emit_changes(batch, {}, mark);
  }

  Watching delivery_;
  sink::Router router_{sink::PartitionPolicy::zero, std::make_shared<sink::Topics>(sink::Topic{"t", 1})};
  base::CancelToken cancel_;
  Sequencer sequencer_{{delivery_, router_, cancel_, std::vector<SubtaskTablePtr>(1), true, {}}};
};

TEST_F(SequencerTest, IsCaughtUpOnlyWhenTheChangesThatLeadThereAreHandedOver) {
  sequencer_.finish_snapshot({"mysql-bin.000001", 1000}, "");
  ASSERT_TRUE(emit_up_to(999));
  EXPECT_FALSE(sequencer_.caught_up());
  ASSERT_TRUE(emit_up_to(1000));
  EXPECT_TRUE(sequencer_.caught_up());
  EXPECT_FALSE(delivery_.caught_up_meanwhile);
  EXPECT_EQ(delivery_.records, 2U);
}

TEST_F(SequencerTest, IsNotCaughtUpByChangesThatCouldNotBeHandedOver) {
  sequencer_.finish_snapshot({"mysql-bin.000001", 1000}, "");
  delivery_.refuses = true;
  ASSERT_FALSE(emit_up_to(1000));
  EXPECT_FALSE(sequencer_.caught_up());
}

TEST_F(SequencerTest, IsCaughtUpAtOnceWhenTheStreamWasAheadOfTheSnapshot) {
  ASSERT_TRUE(emit_up_to(2000));
  sequencer_.finish_snapshot({"mysql-bin.000001", 1000}, "");
  EXPECT_TRUE(sequencer_.caught_up());
}

TEST_F(SequencerTest, IsNotCaughtUpByThePositionThatAnEarlierRunReached) {
  checkpoint::SubtaskCheckpoint kept;
  kept.snapshot_done = kept.snapshot.high_watermark_reached = true;
  kept.snapshot.high_watermark = kept.stream.emitted = {"mysql-bin.000001", 500};
  Sequencer again({delivery_, router_, cancel_, std::vector<SubtaskTablePtr>(1), true, kept});
  delivery_.sequencer = &again;
  model::RecordBatch batch;
  StreamMark mark;
  mark.emitted.at = mark.restart.at = {"mysql-bin.000001", 600};
  ASSERT_TRUE(again.emit_changes(batch, {}, mark));
  EXPECT_FALSE(again.caught_up());
  again.finish_snapshot({"mysql-bin.000001", 1000}, "");
  EXPECT_FALSE(again.caught_up());
  mark.emitted.at.offset = mark.restart.at.offset = 1000;
  ASSERT_TRUE(again.emit_changes(batch, {}, mark));
  EXPECT_TRUE(again.caught_up());
}

}  // namespace
}  // namespace tributary::pipeline
