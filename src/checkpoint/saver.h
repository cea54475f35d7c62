// Keeps the newest checkpoint that Kafka has caught up with: an AckTracker and a thread of its own that saves at most
// every `interval_ms`. Its methods are what sink::Tracking asks for.
//
// A failed save is tried again while its error is retriable, else it is the saver's permanent error: status().
// Threads: emitted() and marked() in the order of emission; all from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "checkpoint/ack_tracker.h"

namespace tributary::checkpoint {

class Saver {
 public:
  using Mark = std::function<base::Result<std::string>()>;      // makes the checkpoint's bytes
  using Save = std::function<base::Status(std::string bytes)>;  // keeps them; called by one thread at a time

  static constexpr std::int64_t default_interval_ms = 200;
  explicit Saver(Save save, std::int64_t interval_ms = default_interval_ms);
  // Saves what is ready, without waiting for more.
  ~Saver();
  Saver(const Saver&) = delete;
  Saver& operator=(const Saver&) = delete;

  void emitted(std::uint32_t partition_id, std::uint64_t first, std::uint64_t last);
  void marked(std::uint64_t sequence_end, Mark mark);
  void acked(std::uint32_t partition_id, std::uint64_t last);
  // Saves the newest mark that is true by now before it returns.
  base::Status flush();
  base::Status status() const;
  // What keeps it from saving, and is tried again.
  struct Problem {
    base::Error error;
    std::int64_t since_ms = 0;  // by the monotonic clock
  };
  std::optional<Problem> problem() const;
  std::uint64_t outstanding() const;

 private:
  void run();
  bool take_ready();  // with mutex_ held; true if there was none before
  base::Status save_newest();

  const Save save_;
  const std::int64_t interval_ms_;

  std::mutex saving_;  // taken before mutex_; one save at a time

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  AckTracker<Mark> tracker_;
  std::optional<Mark> ready_;
  std::optional<base::Error> error_;
  std::optional<Problem> problem_;
  bool closing_ = false;

  std::thread thread_;
};

}  // namespace tributary::checkpoint
