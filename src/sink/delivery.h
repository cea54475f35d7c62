// The seam between the pipeline and Kafka: records go in, and with them what a restart needs to know behind them.
//
//   emit(batch, make_mark, when)  ->  records in order; then a mark, if the delivery wants one at this place
//
// At-least-once: an idempotent producer; marks go to a tracker that keeps the newest one whose records are all
// acknowledged. After a crash a tail is sent again.
// Exactly-once: a producer of transactions; a mark is written to the checkpoint topic in the same transaction as the
// records before it, and the transaction is committed there. So consumers that read committed records see each record
// once, and a newer producer of the same transactional id fences the older one.
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
#include "base/clock.h"
#include "base/error.h"
#include "kafka/client.h"
#include "model/record.h"
#include "sink/topics.h"

namespace tributary::sink {

// A checkpoint that may be kept later. Called at most once, perhaps on another thread, only if it is the one to be
// kept: holds an immutable copy of the state (a shared_ptr<const ...>), serialises inside.
using Mark = std::function<base::Result<std::string>()>;
// Copies the state as it is behind the records handed over in the same call. Called inside emit(), if at all.
using MakeMark = std::function<Mark()>;

// What comes behind the records of a call.
enum class When : std::uint8_t {
  more,  // more at once
  idle,  // nothing at the moment: consumers should see them soon
  now,   // the mark is to be kept, whatever it costs
};

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
  // batch comes back empty, with other memory. It may be empty: the position moved without records. make_mark empty: no
  // restart could begin at this place. destination_record_too_large: nothing was taken. After any other error no more
  // may be emitted: make a new delivery and resume from the last checkpoint; at-least-once, after `cancelled`, a
  // flush() still keeps what was emitted before.
  virtual base::Status emit(model::RecordBatch& batch, const MakeMark& make_mark, When when,
                            const base::CancelToken& cancel) = 0;

  // Something emitted has waited long enough for a mark behind it: emit an empty batch with one.
  virtual bool wants_mark() const { return false; }
  // It will, in a few milliseconds.
  virtual bool wants_mark_soon() const { return false; }

  // Waits until all records are acknowledged and the newest mark is kept. Exactly-once: what no mark stands behind is
  // not delivered.
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

// topics: those that records may name, also ones that come later.
base::Result<std::unique_ptr<Delivery>> at_least_once(const kafka::Config& config, std::shared_ptr<const Topics> topics,
                                                      Tracking tracking);

struct Transactions {
  std::string id;  // transactional.id
  std::string checkpoint_topic;
  std::int32_t checkpoint_partition = 0;
  std::string checkpoint_key;
  // A transaction is committed when nothing more comes at the moment, but not sooner than idle_ms after the one before;
  // and when it is load_ms old.
  std::int64_t idle_ms = 10, load_ms = 1000;
  std::function<void(const std::string& checkpoint)> committed;  // told of what was kept, on the emitting thread
  const base::Clock& clock = base::SystemClock::instance();
};

// Fences older producers of the id, which may take a while; `newest` is then the last checkpoint committed under it.
base::Result<std::unique_ptr<Delivery>> exactly_once(const kafka::Config& config, std::shared_ptr<const Topics> topics,
                                                     Transactions transactions, const base::CancelToken& cancel,
                                                     std::optional<std::string>& newest);

}  // namespace tributary::sink
