#include "pipeline/transaction_records.h"

#include <gtest/gtest.h>

#include <string>

#include "encode/decoder.h"

namespace tributary::pipeline {
namespace {

class TransactionRecordsTest : public testing::Test {
 protected:
  TransactionRecordsTest() {
    config_.topics = std::make_shared<sink::Topics>(sink::Topic{"t"});
    config_.transaction_records = config_.heartbeat_records = true;
    context_.timestamp_s = 1700000000;
    context_.server_id = 9;
    context_.safe_position = {"b.000003", 100};
    context_.position = {"b.000003", 200};
    context_.gtid = "0-9-77";
    end_.at = {"b.000003", 300};
  }

  TransactionRecords make(std::uint64_t sliced_to_id = 0) { return {config_, "10.11", clock_, sliced_to_id}; }

  // "BEGIN 7 100@3, ..."
  std::string told() {
    std::string out;
    for (const model::EncodedRecord& record : batch_.records) {
      const auto read = encode::dts::decode_record(batch_.value(record));
      EXPECT_TRUE(read) << read.error().message();
      if (!read) continue;
      EXPECT_EQ(record.partition, 0);
      EXPECT_EQ(record.key_size, model::no_key);
      EXPECT_FALSE(read->object_name);
      EXPECT_EQ(read->tag("GTID"), "0-9-77");
      EXPECT_EQ(read->tag("server_id"), "9");
      EXPECT_EQ(read->safe_source_position, "100@3");
      out += std::string(read->operation_name()) + " " + std::to_string(read->id) + " " + read->source_position + ", ";
    }
    batch_.clear();
    return out;
  }

  Config config_;
  base::ManualClock clock_;
  source::RowContext context_;
  source::StreamPosition end_;
  model::RecordBatch batch_;
  std::uint64_t id_ = 7;
};

TEST_F(TransactionRecordsTest, StandAroundTheRowsThatAreSent) {
  TransactionRecords records = make();
  for (const char* expected : {"BEGIN 7 100@3, COMMIT 10 300@3, ", "BEGIN 11 100@3, COMMIT 14 300@3, "}) {
    for (int event = 0; event < 2; ++event) {
      records.rows(context_, id_);
      ++id_;  // of its row
      ASSERT_TRUE(records.before_row(batch_));
    }
    ASSERT_TRUE(records.commit(end_, id_, batch_));
    EXPECT_EQ(told(), expected);
  }
}

TEST_F(TransactionRecordsTest, OfATransactionWithoutRowsSentTakeTheirIdsAllTheSame) {
  TransactionRecords records = make();
  records.rows(context_, id_);
  ++id_;
  ASSERT_TRUE(records.commit(end_, id_, batch_));
  EXPECT_EQ(told(), "");
  EXPECT_EQ(id_, 10u);
  ASSERT_TRUE(records.commit(end_, id_, batch_));  // of rows that are not the task's
  EXPECT_EQ(id_, 10u);
}

TEST_F(TransactionRecordsTest, OfATransactionThatNeverHappenedEndWithIt) {
  TransactionRecords records = make();
  records.rows(context_, id_);
  ASSERT_TRUE(records.before_row(batch_));
  records.rollback();
  batch_.clear();
  ASSERT_TRUE(records.commit(end_, id_, batch_));
  EXPECT_EQ(told(), "");
}

TEST_F(TransactionRecordsTest, ABeginThatAnEarlierAttemptHasSentIsNotSentAgain) {
  TransactionRecords records = make(9);
  records.rows(context_, id_);  // of 7 and 8 it is known that they are there
  id_ = 9;
  ASSERT_TRUE(records.before_row(batch_));
  ++id_;
  ASSERT_TRUE(records.commit(end_, id_, batch_));
  EXPECT_EQ(told(), "COMMIT 10 300@3, ");
  records.rows(context_, id_);
  ASSERT_TRUE(records.before_row(batch_));
  EXPECT_EQ(told(), "BEGIN 11 100@3, ");
}

TEST_F(TransactionRecordsTest, AHeartbeatIsOneRecord) {
  TransactionRecords records = make();
  ASSERT_TRUE(records.heartbeat(context_, id_, batch_));
  EXPECT_EQ(told(), "HEARTBEAT 7 200@3, ");
  EXPECT_EQ(id_, 8u);
}

TEST_F(TransactionRecordsTest, AreNotThereAndTakeNoIdsUnlessSwitchedOn) {
  config_.transaction_records = config_.heartbeat_records = false;
  TransactionRecords records = make();
  records.rows(context_, id_);
  ASSERT_TRUE(records.before_row(batch_));
  ASSERT_TRUE(records.commit(end_, id_, batch_));
  ASSERT_TRUE(records.heartbeat(context_, id_, batch_));
  EXPECT_EQ(told(), "");
  EXPECT_EQ(id_, 7u);
}

}  // namespace
}  // namespace tributary::pipeline
