#include "lab/up_part.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>

#include "lab/progress.h"

namespace tributary::lab {

base::Status Part::start(const Command& command) {
  std::error_code none;
  const auto size = std::filesystem::file_size(log_, none);
  log_start_ = none ? 0 : size;
  TRY_VALUE(const auto pid, spawn(command));
  adopt(pid);
  return {};
}

void Part::adopt(pid_t pid) {
  process_ = identify(pid);
  asked_ = false;
  ending_.clear();
}

bool Part::reap(bool block) {
  if (process_.pid == 0) return true;
  int status = 0;
  if (::waitpid(process_.pid, &status, block ? 0 : WNOHANG) == 0) return false;
  ending_ = describe_wait_status(status);
  if (!asked_) say("{} (pid {}) ended by itself: {}", name_, process_.pid, ending_);
  process_ = {};
  return true;
}

bool Part::running() { return !reap(false); }

void Part::ask(int signal) {
  if (reap(false)) return;
  asked_ = true;
  if (signal != 0) ::kill(process_.pid, signal);
}

void Part::wait_gone(int timeout_ms) {
  for (int waited = 0; waited < timeout_ms; waited += 5) {
    if (reap(false)) return;
    ::poll(nullptr, 0, 5);
  }
  say("{} (pid {}) does not end within {} s: killed", name_, process_.pid, timeout_ms / 1000);
  ::kill(process_.pid, SIGKILL);
  reap(true);
}

void Part::stop(int signal, int timeout_ms) {
  ask(signal);
  wait_gone(timeout_ms);
}

std::string Part::last_words() const {
  return fmt::format("{}; the end of {}:\n{}", ending_.empty() ? "still running" : ending_, log_,
                     tail_of(log_, 15, log_start_));
}

}  // namespace tributary::lab
