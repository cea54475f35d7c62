#include "front/load_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "front/load_sample.h"
#include "front/load_workload.h"

namespace tributary::lab {

using base::ErrorCode;
using base::Result;
using nlohmann::json;

namespace {

std::atomic<bool> stop = false;

struct LoadOptions {
  std::string lab, dir;
  std::uint64_t rows = 200'000, seed = 1;
  double rate = 0, seconds = 10;
  int connections = 2;
  bool sample = false, as_json = false;
};

Result<mysql::Endpoint> front_of(const LoadOptions& options) {
  const std::string path = options.lab.empty() ? options.dir + "/lab.json" : options.lab;
  std::ifstream file(path);
  if (!file) return base::fail(ErrorCode::task_file_unreadable, "no running lab is described there", path);
  try {
    const json front = json::parse(file).at("front");
    return mysql::Endpoint{.host = front.at("host"),
                           .port = front.at("port"),
                           .user = front.at("user"),
                           .password = front.at("password"),
                           .database = front.at("database")};
  } catch (const json::exception& e) {
    return base::fail(ErrorCode::task_bad_value, e.what(), path);
  }
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void line(const LoadOptions& options, std::string_view name, std::uint64_t count) {
  if (!options.as_json) fmt::print("  {:<20}{:>12}\n", name, count);
}

Result<json> make_sample(const mysql::Endpoint& front, const LoadOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  TRY_VALUE(const auto tables, load_sample(front, options.rows, options.seed, options.connections));
  const double seconds = seconds_since(start);
  json out = {{"tables", json::object()}, {"seconds", seconds}};
  std::uint64_t sum = 0;
  if (!options.as_json) fmt::print("sample database {}\n", front.database);
  for (const auto& table : tables) {
    line(options, table.name, table.rows);
    out["tables"][table.name] = table.rows;
    sum += table.rows;
  }
  out["rows"] = sum;
  if (!options.as_json)
    fmt::print("  {:<20}{:>12}   {:.1f} s, {:.0f} rows/s\n", "all", sum, seconds, static_cast<double>(sum) / seconds);
  return out;
}

Result<json> make_workload(const mysql::Endpoint& front, const LoadOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  TRY_VALUE(const WorkloadCounts counts, run_workload(front, {options.rate, options.seconds, options.seed}, stop));
  const double seconds = seconds_since(start);
  if (!options.as_json) fmt::print("workload, seed {}\n", options.seed);
  line(options, "inserts", counts.inserts);
  line(options, "updates", counts.updates);
  line(options, "deletes", counts.deletes);
  line(options, "shard-key updates", counts.shard_key_updates);
  line(options, "transactions", counts.transactions);
  line(options, "rollbacks", counts.rollbacks);
  line(options, "deadlocks", counts.retries);
  if (!options.as_json)
    fmt::print("  {:<20}{:>12}   {:.1f} s, {:.0f} statements/s\n", "statements", counts.statements(), seconds,
               static_cast<double>(counts.statements()) / seconds);
  return json{{"inserts", counts.inserts},
              {"updates", counts.updates},
              {"deletes", counts.deletes},
              {"shard_key_updates", counts.shard_key_updates},
              {"transactions", counts.transactions},
              {"rollbacks", counts.rollbacks},
              {"deadlocks", counts.retries},
              {"statements", counts.statements()},
              {"seconds", seconds}};
}

Result<json> load(const LoadOptions& options) {
  TRY_VALUE(const mysql::Endpoint front, front_of(options));
  json out = json::object();
  if (options.sample) {
    TRY_VALUE(out["sample"], make_sample(front, options));
  }
  if (options.rate > 0) {
    std::signal(SIGINT, [](int) { stop = true; });
    std::signal(SIGTERM, [](int) { stop = true; });
    TRY_VALUE(out["workload"], make_workload(front, options));
  }
  return out;
}

}  // namespace

void add_load_command(CLI::App& app) {
  auto options = std::make_shared<LoadOptions>();
  CLI::App* command = app.add_subcommand("load", "make the sample database, or a workload on it");
  auto* lab = command->add_option("--lab", options->lab, "the lab.json of a running lab");
  auto* dir = command->add_option("--dir", options->dir, "the folder of a running lab")->excludes(lab);
  command->add_flag("--sample", options->sample, "create the sample tables and their rows");
  auto* rows = command->add_option("--rows", options->rows, "rows of the sample in all (implies --sample)")
                   ->capture_default_str();
  command->add_option("--rate", options->rate, "statements per second of the workload; 0: none")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--seconds", options->seconds, "how long the workload runs")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_option("--seed", options->seed, "seed of rows and workload")->capture_default_str();
  command->add_option("--connections", options->connections, "connections that write the sample")
      ->capture_default_str()
      ->check(CLI::Range(1, 16));
  command->add_flag("--json", options->as_json, "print one JSON object of counts");
  command->callback([options, lab, dir, rows] {
    const auto leave = [](const base::Error& error) {
      fmt::print(stderr, "{}\n", error.message());
      throw CLI::RuntimeError(base::exit_code(error));
    };
    if (lab->count() + dir->count() == 0) leave({ErrorCode::usage, "load needs --lab or --dir", {}});
    if (rows->count() > 0) options->sample = true;
    if (!options->sample && options->rate == 0)
      leave({ErrorCode::usage, "nothing to do: give --sample, --rows or --rate", {}});
    const auto done = load(*options);
    if (!done) leave(done.error());
    if (options->as_json) fmt::print("{}\n", done->dump());
  });
}

}  // namespace tributary::lab
