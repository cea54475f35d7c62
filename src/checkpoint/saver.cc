#include "checkpoint/saver.h"

#include <chrono>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace tributary::checkpoint {

using base::Error;
using base::fail;
using base::Result;
using base::Status;

Saver::Saver(Save save, std::int64_t interval_ms)
    : save_(std::move(save)), interval_ms_(interval_ms), thread_([this] { run(); }) {}

Saver::~Saver() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (const Status last = save_newest(); !last)
    base::log::warn("the last checkpoint was not kept: {}", last.error().message());
}

void Saver::emitted(std::uint32_t partition_id, std::uint64_t first, std::uint64_t last) {
  std::lock_guard lock(mutex_);
  tracker_.emitted(partition_id, first, last);
}

void Saver::marked(std::uint64_t sequence_end, Mark mark) {
  {
    std::lock_guard lock(mutex_);
    tracker_.mark(sequence_end, std::move(mark));
    if (!take_ready()) return;
  }
  changed_.notify_one();
}

void Saver::acked(std::uint32_t partition_id, std::uint64_t last) {
  {
    std::lock_guard lock(mutex_);
    tracker_.acked(partition_id, last);
    if (!take_ready()) return;
  }
  changed_.notify_one();
}

bool Saver::take_ready() {
  std::optional<Mark> newest = tracker_.take_ready();
  if (!newest) return false;
  const bool woke = !ready_;
  ready_ = std::move(newest);
  return woke;
}

// One save at a time, so that an older checkpoint can't overwrite a newer one.
Status Saver::save_newest() {
  std::lock_guard saving(saving_);
  std::optional<Mark> mark;
  {
    std::lock_guard lock(mutex_);
    if (error_) return fail(*error_);
    mark = std::exchange(ready_, std::nullopt);
  }
  if (!mark) return {};
  Result<std::string> bytes = (*mark)();
  Status kept = bytes ? save_(*std::move(bytes)) : Status(fail(bytes.error()));
  std::lock_guard lock(mutex_);
  if (kept) {
    if (problem_) base::log::warn("checkpoints are kept again");
    problem_.reset();
    return {};
  }
  if (!problem_) {
    base::log::warn("checkpoint not kept: {}", kept.error().message());
    problem_ = Problem{kept.error(), base::SystemClock::instance().monotonic_ms()};
  }
  if (kept.error().is_retriable()) {
    if (!ready_) ready_ = std::move(mark);  // unless a newer one has come
  } else {
    error_ = kept.error();
  }
  return kept;
}

void Saver::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || (ready_ && !error_); });
    if (closing_) return;
    lock.unlock();
    std::ignore = save_newest();
    lock.lock();
    changed_.wait_for(lock, std::chrono::milliseconds(interval_ms_), [this] { return closing_; });
  }
}

Status Saver::flush() { return save_newest(); }

Status Saver::status() const {
  std::lock_guard lock(mutex_);
  if (error_) return fail(*error_);
  return {};
}

std::optional<Saver::Problem> Saver::problem() const {
  std::lock_guard lock(mutex_);
  return problem_;
}

std::uint64_t Saver::outstanding() const {
  std::lock_guard lock(mutex_);
  return tracker_.outstanding();
}

}  // namespace tributary::checkpoint
