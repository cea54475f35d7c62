// The seam between the pipeline and Kafka: records go in with marks between them, a mark comes true when everything
// before it is in Kafka.
//
//   emit(batch, mark)  ->  records in order; then, once all records emitted so far are acknowledged, mark is kept
//
// At-least-once (below): an idempotent producer; marks go to a tracker that keeps the newest acknowledged one.
// Exactly-once will implement the same interface with a transactional producer: emit() begins a transaction if none is
// open, a mark is a place where it may be committed, and the mark's bytes are written to the checkpoint topic inside
// that transaction. So a mark must stand on a boundary of source transactions (or carry the slice's position), and its
// bytes must be all that a restart needs.
//
// Threads: emit() one at a time: several emitters share a mutex of their own, and the order of calls is the order in
// each partition. The rest from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "kafka/client.h"
#include "model/record.h"

namespace tributary::sink {

// A checkpoint that may be kept later. Called at most once, on another thread, only if it is the one to be kept:
// capture an immutable snapshot of the state (a shared_ptr<const ...>), serialise inside. Give one per batch or
// transaction group, not one per record.
using Mark = std::function<base::Result<std::string>()>;

struct DeliveryCounters {
  std::uint64_t records_sent = 0;
  std::uint64_t records_acked = 0;
  std::uint64_t bytes_acked = 0;
  std::uint64_t unacked_bytes = 0;
};

class Delivery {
 public:
  virtual ~Delivery() = default;

  // Takes the records (topic and partition already set by the Router) and waits while too much is unacknowledged. The
  // batch comes back empty, with other memory. An empty batch with a mark is allowed: the position moved without
  // records. destination_record_too_large: nothing was taken. After any other error no more may be emitted: make a new
  // delivery and resume from the last checkpoint; after `cancelled` a flush() still keeps what was emitted before.
  virtual base::Status emit(model::RecordBatch& batch, std::optional<Mark> mark, const base::CancelToken& cancel) = 0;

  // Waits until all records are acknowledged and the newest mark is kept.
  virtual base::Status flush(std::int64_t timeout_ms, const base::CancelToken& cancel) = 0;

  virtual base::Status status() const = 0;  // the permanent error, if there is one
  virtual std::optional<kafka::Problem> problem() const = 0;
  virtual DeliveryCounters counters() const = 0;
};

// What at-least-once delivery tells the tracker; checkpoint::Saver has a method for each. The pipeline ties the two.
// A partition id is (topic << 16) + partition: see partition_id().
struct Tracking {
  std::function<void(std::uint32_t partition_id, std::uint64_t first, std::uint64_t last)> emitted;
  std::function<void(std::uint64_t sequence_end, Mark mark)> marked;
  std::function<void(std::uint32_t partition_id, std::uint64_t last)> acked;  // on the producer's thread
  std::function<base::Status()> flush;   // keeps the newest mark that is true by now
  std::function<base::Status()> status;  // the tracker's own permanent error
};

std::uint32_t partition_id(std::uint16_t topic, std::int32_t partition);

// topics: their place in the list is the topic's number in EncodedRecord::topic.
base::Result<std::unique_ptr<Delivery>> at_least_once(const kafka::Config& config,
                                                      const std::vector<std::string>& topics, Tracking tracking);

}  // namespace tributary::sink
