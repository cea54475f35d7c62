#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "sink/delivery.h"
#include "sink/emission_order.h"
#include "sink/producer_topics.h"

namespace tributary::sink {

using base::CancelToken;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::int64_t fence_ms_max = 30'000, abort_ms_max = 5'000;
constexpr int read_ms_max = 90'000;               // longer than other producers' transactions can be open
constexpr std::int64_t position_ms_least = 1000;  // between transactions without records
constexpr std::uint64_t small_bytes_max = 64u << 10;
constexpr std::int64_t pause_ms_least = 10, settling_ms = 4;

class ExactlyOnce final : public Delivery {
 public:
  ExactlyOnce(std::shared_ptr<const Topics> topics, Transactions transactions)
      : to_(std::move(transactions)), topics_(std::move(topics)) {}

  ~ExactlyOnce() override {
    if (is_open_) producer_->abort(abort_ms_max);
  }

  Status open(kafka::Config config, const CancelToken& cancel, std::optional<std::string>& newest) {
    config.transactional_id = to_.id;
    TRY_VALUE(producer_, kafka::Producer::create(config, [](std::span<const kafka::Ack>) {}));
    TRY(producer_->name_topic(Topics::checkpoints, to_.checkpoint_topic, kafka::checkpoint_bytes_max));
    TRY(producer_->fence(fence_ms_max, cancel));
    // Nothing of an older run can be added from here on.
    TRY_VALUE(newest, kafka::last_value(config, to_.checkpoint_topic, to_.checkpoint_partition, to_.checkpoint_key,
                                        read_ms_max, cancel));
    return {};
  }

  Status emit(model::RecordBatch& batch, const MakeMark& make_mark, When when, const CancelToken& cancel) override {
    TRY(status());
    if (!batch.records.empty()) TRY(send(batch, cancel));
    is_waiting_ = true;
    emitted_ms_ = now_ms();
    if (!make_mark || !is_due(when)) return {};
    return keep(make_mark(), cancel);
  }

  bool wants_mark() const override { return is_waiting_ && is_due(When::idle); }

  bool wants_mark_soon() const override { return is_open_; }

  Status flush(std::int64_t timeout_ms, const CancelToken& cancel) override {
    (void)timeout_ms;  // a commit takes what it takes
    (void)cancel;
    TRY(status());
    if (!is_open_) return {};
    // The end of it is of no use to a restart.
    producer_->abort(abort_ms_max);
    is_open_ = false;
    return {};
  }

  Status status() const override { return producer_->status(); }
  std::optional<kafka::Problem> problem() const override { return producer_->problem(); }
  DeliveryCounters counters() const override {
    const kafka::ProducerCounters c = producer_->counters();
    return {c.records_sent - checkpoints_sent_, records_committed_, bytes_committed_, c.unacked_bytes};
  }

 private:
  std::int64_t now_ms() const { return to_.clock.monotonic_ms(); }

  bool is_due(When when) const {
    const std::int64_t now = now_ms();
    if (when == When::now) return true;
    if (!is_open_) return now - committed_ms_ >= position_ms_least;
    if (now - begun_ms_ >= to_.load_ms) return true;
    if (when != When::idle || now - committed_ms_ < to_.idle_ms) return false;
    // A source that is read faster than it sends is idle all the time: then a pause has to last.
    return bytes_open_ <= small_bytes_max || now - emitted_ms_ >= pause_ms_least;
  }

  Status begin() {
    if (is_open_) return {};
    // A transaction that begins while the broker still writes the marks of the one before is put off by 20 ms.
    const std::int64_t early_ms = committed_ms_ + settling_ms - now_ms();
    if (early_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(early_ms));
    TRY(producer_->begin());
    is_open_ = true;
    begun_ms_ = now_ms();
    return {};
  }

  Status send(model::RecordBatch& batch, const CancelToken& cancel) {
    const auto runs = order_.plan(batch, next_sequence_);
    TRY(topics_.know(*producer_, runs));
    TRY(producer_->check(batch));
    TRY(begin());
    next_sequence_ += batch.records.size();
    bytes_open_ += batch.bytes.size();
    return producer_->produce(batch, runs, cancel);
  }

  Status keep(const Mark& mark, const CancelToken& cancel) {
    TRY_VALUE(std::string checkpoint, mark());
    model::RecordBatch batch;
    batch.bytes.append(to_.checkpoint_key);
    model::EncodedRecord record;
    record.key_size = static_cast<std::uint32_t>(to_.checkpoint_key.size());
    record.value_begin = batch.bytes.size();
    record.value_size = static_cast<std::uint32_t>(checkpoint.size());
    record.topic = Topics::checkpoints;
    record.partition = to_.checkpoint_partition;
    batch.bytes.append(checkpoint);
    batch.records.push_back(record);
    TRY(begin());
    const auto runs = order_.plan(batch, next_sequence_++);
    TRY(producer_->produce(batch, runs, cancel));
    ++checkpoints_sent_;
    // From here on it must not be aborted: librdkafka ends the process over an abort beside a commit under way.
    is_open_ = false;
    TRY(producer_->commit(cancel));
    is_waiting_ = false;
    committed_ms_ = now_ms();
    checkpoint_bytes_ += to_.checkpoint_key.size() + checkpoint.size();
    bytes_open_ = 0;
    // All that was sent is acknowledged now.
    const kafka::ProducerCounters c = producer_->counters();
    records_committed_ = c.records_acked - checkpoints_sent_;
    bytes_committed_ = c.bytes_acked - checkpoint_bytes_;
    if (to_.committed) to_.committed(checkpoint);
    return {};
  }

  const Transactions to_;
  std::unique_ptr<kafka::Producer> producer_;
  // Written by the emitting thread.
  std::atomic<bool> is_open_ = false;     // a transaction
  std::atomic<bool> is_waiting_ = false;  // something was emitted behind the last mark
  std::atomic<std::int64_t> begun_ms_ = 0, committed_ms_ = 0, emitted_ms_ = 0;
  std::atomic<std::uint64_t> bytes_open_ = 0;
  std::atomic<std::uint64_t> records_committed_ = 0, bytes_committed_ = 0, checkpoints_sent_ = 0;

  // emit() only
  EmissionOrder order_;
  ProducerTopics topics_;
  std::uint64_t next_sequence_ = 0, checkpoint_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<Delivery>> exactly_once(const kafka::Config& config, std::shared_ptr<const Topics> topics,
                                               Transactions transactions, const CancelToken& cancel,
                                               std::optional<std::string>& newest) {
  auto delivery = std::make_unique<ExactlyOnce>(std::move(topics), std::move(transactions));
  TRY(delivery->open(config, cancel, newest));
  return delivery;
}

}  // namespace tributary::sink
