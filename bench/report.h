// The figures of the runs, their medians, and their two printed forms. Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::bench {

// One run of a program of ours.
struct Cost {
  double wall_s = 0, inside_s = 0, cpu_s = 0, servers_cpu_s = 0, broker_cpu_s = 0, peak_rss_mib = 0;
};

// One anchor run and the product runs beside it.
struct Pair {
  double anchor_wall_s = 0, anchor_read_s = 0, anchor_produce_s = 0, anchor_cpu_s = 0, anchor_servers_cpu_s = 0,
         anchor_broker_cpu_s = 0;
  Cost product;
  Cost other;  // of the program given to compare with; all 0 without one
};

struct Shape {
  std::string name;  // snapshot, catch_up
  std::vector<Pair> pairs;
  double record_bytes = 0;  // mean of key and value
};

struct Figures {
  std::uint64_t rows = 0;
  std::string broker;  // kafka, mock
  std::string compression;
  std::string server;   // version
  std::string against;  // what the other program is; empty: none
  double load_s = 0;
  std::vector<Shape> shapes;
};

double median(std::vector<double> values);
std::string as_table(const Figures& figures);
std::string as_json(const Figures& figures);

}  // namespace tributary::bench
