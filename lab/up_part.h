// One process of the lab as its supervisor sees it: started, watched, stopped by pid.
//
// Threads: the main thread. Errors: io.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "lab/process.h"

namespace tributary::lab {

class Part {
 public:
  explicit Part(std::string name, std::string log) : name_(std::move(name)), log_(std::move(log)) {}

  base::Status start(const Command& command);
  // Takes over a child that was started elsewhere.
  void adopt(pid_t pid);
  // True while the process lives. Notices its end, which is said aloud unless it was asked for.
  bool running();
  // Asks by `signal` (0: by other means, only wait), kills after timeout_ms, and waits until the process is gone.
  void stop(int signal, int timeout_ms);
  // Two steps of stop(), so that many can be asked first and then waited for.
  void ask(int signal);
  void wait_gone(int timeout_ms);

  const std::string& name() const { return name_; }
  const ProcessId& process() const { return process_; }
  // How it ended and what it wrote to its log since it was started.
  std::string last_words() const;

 private:
  bool reap(bool block);
  std::string name_, log_;
  ProcessId process_;
  std::uint64_t log_start_ = 0;
  bool asked_ = false;
  std::string ending_;
};

}  // namespace tributary::lab
