// A request to stop that many threads can see and wait on. request() may be called from any thread, not from a signal
// handler. Everybody is asked first, then everybody is waited for.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace tributary::base {

class CancelToken {
 public:
  void request() {
    {
      std::lock_guard lock(mutex_);
      requested_ = true;
    }
    changed_.notify_all();
  }
  bool requested() const { return requested_.load(std::memory_order_relaxed); }
  // Sleeps; true when woken by a request.
  bool wait_for_ms(std::int64_t ms) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return requested_.load(); });
  }

 private:
  std::atomic<bool> requested_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace tributary::base
