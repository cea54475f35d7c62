// A queue bounded by bytes: an empty queue accepts one item of any size, so a huge item can't deadlock.
// Any number of producers and consumers. close() lets consumers drain and makes push() fail.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace tributary::base {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Waits for room; false when the queue is closed.
  bool push(T item, std::size_t bytes) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || items_.empty() || bytes_ + bytes <= bytes_max_; });
    if (closed_) return false;
    items_.emplace_back(std::move(item), bytes);
    bytes_ += bytes;
    lock.unlock();
    filled_.notify_one();
    return true;
  }
  // Waits for an item; empty when closed and drained.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    auto [item, bytes] = std::move(items_.front());
    items_.pop_front();
    bytes_ -= bytes;
    lock.unlock();
    room_.notify_all();
    return std::optional<T>(std::move(item));
  }
  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
    filled_.notify_all();
  }
  std::size_t bytes() const {
    std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable room_, filled_;
  std::deque<std::pair<T, std::size_t>> items_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace tributary::base
