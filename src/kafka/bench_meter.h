// What producing costs, for benchmarks against a MockCluster: CPU time of this process without the cluster's own
// thread, which stands for machines elsewhere. Linux only (/proc). Threads: one at a time.
#pragma once

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace tributary::kafka {

class BenchMeter {
 public:
  BenchMeter() : cpu_s_(cpu_s()), start_(std::chrono::steady_clock::now()) {}

  // Adds the figures of the time since construction.
  void report(benchmark::State& state, std::uint64_t records) const {
    const double cpu = cpu_s() - cpu_s_;
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const auto count = static_cast<double>(records);
    state.counters["records_per_s"] = count / wall;
    state.counters["cpu_us_per_record"] = cpu / count * 1e6;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    state.counters["peak_rss_mib"] = static_cast<double>(usage.ru_maxrss) / 1024;  // of all benchmarks so far
  }

 private:
  static double cpu_s() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime) - cluster_s();
  }
  static double cluster_s() {
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      std::string name;
      std::getline(std::ifstream(task.path() / "comm"), name);
      if (!name.starts_with("rdk:mock")) continue;
      double on_cpu_ns = 0;
      std::ifstream(task.path() / "schedstat") >> on_cpu_ns;
      return on_cpu_ns / 1e9;
    }
    return 0;
  }

  double cpu_s_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace tributary::kafka
