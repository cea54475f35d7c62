// SIGINT, SIGTERM, SIGHUP and SIGCHLD as something to poll. Threads: made on the main thread before any other exists.
#pragma once

namespace tributary::lab {

class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int fd() const { return fd_; }
  void read();
  bool stop_requested() const { return stop_requested_; }
  void request_stop() { stop_requested_ = true; }

 private:
  int fd_;
  bool stop_requested_ = false;
};

}  // namespace tributary::lab
