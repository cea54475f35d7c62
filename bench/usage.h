// What processes cost: CPU time and memory, read from /proc (proc(5)). CPU time has the kernel's tick, 10 ms.
// Threads: any.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace tributary::bench {

// User and system time of a process, all its threads, in seconds; 0 if it is gone.
double cpu_s(pid_t pid);
double cpu_s(const std::vector<pid_t>& pids);
// Of this process, exact.
double own_cpu_s();
// The most memory that was ever resident, in MiB; 0 if the process is gone.
double peak_rss_mib(pid_t pid);

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count(); }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace tributary::bench
