#include <fmt/format.h>

#include <atomic>
#include <utility>

#include "base/clock.h"
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

constexpr std::int64_t mark_interval_ms = 50;
constexpr std::size_t small_bytes_max = 64u << 10;  // what may linger is waited for no longer

class AtLeastOnce final : public Delivery {
 public:
  AtLeastOnce(std::shared_ptr<const Topics> topics, Tracking tracking)
      : tracking_(std::move(tracking)), topics_(std::move(topics)) {}

  Status open(const kafka::Config& config) {
    TRY_VALUE(producer_, kafka::Producer::create(config, [this](std::span<const kafka::Ack> acks) {
                for (const kafka::Ack& ack : acks)
                  tracking_.acked(partition_id(ack.topic, ack.partition), ack.last_sequence);
              }));
    return {};
  }

  Status emit(model::RecordBatch& batch, const MakeMark& make_mark, When when, const CancelToken& cancel) override {
    TRY(status());
    if (!batch.records.empty()) {
      const auto runs = order_.plan(batch, next_sequence_);
      TRY(topics_.know(*producer_, runs));
      TRY(producer_->check(batch));
      // Before they are sent: an acknowledgement may arrive at any time after.
      for (const kafka::Run& run : runs)
        tracking_.emitted(partition_id(run.topic, run.partition), run.first_sequence, run.last_sequence());
      next_sequence_ += batch.records.size();
      const bool is_small = batch.bytes.size() <= small_bytes_max;
      TRY(producer_->produce(batch, runs, cancel));
      if (when != When::more && is_small) producer_->hurry();
    }
    const std::int64_t now_ms = clock_.monotonic_ms();
    const bool is_due = when == When::now || now_ms - marked_ms_ >= mark_interval_ms;
    is_unmarked_ = !(make_mark && is_due);
    if (is_unmarked_) return {};
    tracking_.marked(next_sequence_, make_mark());
    marked_ms_ = now_ms;
    return {};
  }

  bool wants_mark() const override { return is_unmarked_ && clock_.monotonic_ms() - marked_ms_ >= mark_interval_ms; }

  Status flush(std::int64_t timeout_ms, const CancelToken& cancel) override {
    TRY(producer_->flush(timeout_ms, cancel));
    return tracking_.flush();
  }

  Status status() const override {
    TRY(producer_->status());
    return tracking_.status();
  }
  std::optional<kafka::Problem> problem() const override { return producer_->problem(); }
  DeliveryCounters counters() const override {
    const kafka::ProducerCounters c = producer_->counters();
    return {c.records_sent, c.records_acked, c.bytes_acked, c.unacked_bytes};
  }

 private:
  const Tracking tracking_;
  const base::Clock& clock_ = base::SystemClock::instance();
  std::unique_ptr<kafka::Producer> producer_;
  std::atomic<std::int64_t> marked_ms_ = 0;
  std::atomic<bool> is_unmarked_ = false;

  // emit() only
  EmissionOrder order_;
  ProducerTopics topics_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace

std::uint32_t partition_id(std::uint16_t topic, std::int32_t partition) {
  return std::uint32_t{topic} << 16 | static_cast<std::uint16_t>(partition);
}

Result<std::unique_ptr<Delivery>> at_least_once(const kafka::Config& config, std::shared_ptr<const Topics> topics,
                                                Tracking tracking) {
  auto delivery = std::make_unique<AtLeastOnce>(std::move(topics), std::move(tracking));
  TRY(delivery->open(config));
  return delivery;
}

}  // namespace tributary::sink
