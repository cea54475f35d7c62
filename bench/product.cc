#include "bench/product.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/usage.h"

namespace tributary::bench {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using nlohmann::json;

namespace {

std::string task_file(const Lab& lab, const ProductTask& task, const std::string& state_dir) {
  const mysql::Endpoint& login = lab.readers().front();
  const bool is_plain = !task.plain_database.empty();
  std::string yaml = fmt::format("name: {}\nsource:\n  engine: {}\n  user: {}\n  password: {}\n", task.name,
                                 is_plain ? "mysql" : "mysql-shards", login.user, login.password);
  if (is_plain) {
    yaml += fmt::format("  host: {}\n  port: {}\n", login.host, login.port);
  } else {
    yaml += "  shards:\n";
    for (const mysql::Endpoint& server : lab.readers())
      yaml += fmt::format("    - {{host: {}, port: {}}}\n", server.host, server.port);
    yaml += fmt::format("  databases:\n    {0}: {{physical: [\"{0}_*\"]}}\n", task.database);
  }
  std::string client;
  for (const auto& [name, value] : task.client)
    client += fmt::format("{}{}: {}", client.empty() ? "" : ", ", name, value);
  const std::string delivery = task.delivery.empty() ? "" : fmt::format(", delivery: {}", task.delivery);
  yaml += fmt::format("destination: {{engine: kafka, brokers: \"{}\", topic: {}, compression: {}, client: {{{}}}{}}}\n",
                      lab.brokers(), task.topic, task.compression, client, delivery);
  yaml += fmt::format("migration: [{}]\n", task.catch_up     ? "incremental"
                                           : task.stream_too ? "full, incremental"
                                                             : "full");
  yaml += fmt::format("state_dir: {}\n", state_dir);
  if (std::ranges::none_of(task.extra, [](const std::string& line) { return line.starts_with("objects:"); }))
    yaml += fmt::format("objects: {{{}: all}}\n", is_plain ? task.plain_database : task.database);
  if (!task.from.empty()) {
    yaml += "start:\n  position:\n";
    for (std::size_t i = 0; i < lab.readers().size(); ++i)
      yaml += fmt::format("    \"{}\": {{file: {}, offset: {}}}\n", lab.readers()[i].address(), task.from[i].file,
                          task.from[i].offset);
  }
  for (const std::string& line : task.extra) yaml += line + "\n";
  return yaml;
}

double seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; }

// The last line that is an object: the end of `run --json`.
json last_report(const std::string& path) {
  std::ifstream file(path);
  json last = json::object();
  for (std::string line; std::getline(file, line);)
    if (json one = json::parse(line, nullptr, false); one.is_object() && one.contains("records_acked"))
      last = std::move(one);
  return last;
}

}  // namespace

Result<pid_t> start_product(const Lab& lab, const std::string& program, const std::string& dir, const ProductTask& task,
                            const std::vector<std::string>& wrapper) {
  const std::string base = dir + "/" + task.name, file = base + ".yaml", log = base + ".log";
  std::error_code ignored;
  std::filesystem::remove(log, ignored);
  std::ofstream(file) << task_file(lab, task, base + ".state");
  ::chmod(file.c_str(), 0600);  // it holds a password
  lab::Command command{.argv = wrapper, .log = log};
  command.argv.insert(command.argv.end(), {program, "run", file, "--json"});
  const bool is_run_to_its_end = task.plain_database.empty();
  if (is_run_to_its_end && (task.catch_up || task.stream_too))
    command.argv.insert(command.argv.end(), {"--until", "caught-up"});
  return lab::spawn(command);
}

Result<ProductRun> run_product(const Lab& lab, const std::string& program, const std::string& dir,
                               const ProductTask& task, const std::vector<std::string>& wrapper,
                               const StopCheck& stop) {
  const std::string base = dir + "/" + task.name, log = base + ".log", state_dir = base + ".state";
  std::error_code ignored;
  ProductRun run;
  const Stopwatch watch;
  TRY_VALUE(const pid_t pid, start_product(lab, program, dir, task, wrapper));
  int status = 0;
  rusage usage{};
  bool asked = false;
  constexpr int look_ms = 5;
  while (::wait4(pid, &status, WNOHANG, &usage) == 0) {
    // rusage's own peak would include what the parent had before exec.
    run.peak_rss_mib = std::max(run.peak_rss_mib, peak_rss_mib(pid));
    if (!asked && stop()) {
      asked = true;
      ::kill(pid, SIGTERM);
    }
    ::poll(nullptr, 0, look_ms);
  }
  run.wall_s = watch.seconds();
  run.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  if (!task.keeps_state) std::filesystem::remove_all(state_dir, ignored);
  if (asked) return fail(ErrorCode::cancelled);
  if (status != 0)
    return fail(ErrorCode::io,
                "tributary ended with " + lab::describe_wait_status(status) + "\n" + lab::tail_of(log, 15), log);
  const json report = last_report(log);
  run.inside_s = report.value("elapsed_ms", 0.0) / 1000;
  run.records = report.value("records_acked", std::uint64_t{0});
  return run;
}

}  // namespace tributary::bench
