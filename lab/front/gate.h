// Who runs statements while the topology is changed, and who waits. A transaction keeps its place from its first
// statement to its end. Threads: any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace tributary::lab {

class Gate {
 public:
  void enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !closed_; });
    ++inside_;
  }
  void leave() {
    {
      std::lock_guard lock(mutex_);
      --inside_;
    }
    changed_.notify_all();
  }
  // Lets nobody in and waits until everybody is out; false (and open again) if that takes too long.
  bool close(std::chrono::seconds patience) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !closed_; });
    closed_ = true;
    if (changed_.wait_for(lock, patience, [this] { return inside_ == 0; })) return true;
    closed_ = false;
    lock.unlock();
    changed_.notify_all();
    return false;
  }
  void open() {
    {
      std::lock_guard lock(mutex_);
      closed_ = false;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool closed_ = false;
};

}  // namespace tributary::lab
