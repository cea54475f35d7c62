// The commands that talk to a running lab.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "lab/progress.h"
#include "lab/up.h"
#include "lab/up_control.h"
#include "lab/up_state.h"

namespace tributary::lab {
namespace {

using nlohmann::json;

int ask(const std::string& dir, const json& request) {
  const auto reply = ask_supervisor(dir, request.dump());
  if (!reply) {
    say("no lab runs in {}", dir);
    return 1;
  }
  const auto body = json::parse(*reply, nullptr, false);
  if (body.is_object() && body.value("ok", false)) return 0;
  say("{}", body.is_object() ? body.value("error", "no reason given") : *reply);
  return 1;
}

// Prints rows in columns as wide as their widest cell; the last column is not padded.
void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    fmt::print("{}\n", line);
  }
}

}  // namespace

int down(const std::string& dir) {
  const bool asked = ask_supervisor(dir, R"({"op":"down"})").has_value();
  if (!std::filesystem::is_directory(dir)) {
    say("no lab in {}", dir);
    return 0;
  }
  if (!FolderLock::take(dir, 120000)) {
    say("the lab in {} does not end", dir);
    return 1;
  }
  // Left by a supervisor that was killed; its children die with it, which may take a moment.
  for (const auto& process : load_processes(dir)) {
    for (int waited = 0; alive(process) && waited < 5000; waited += 10) ::poll(nullptr, 0, 10);
    if (alive(process)) ::kill(process.pid, SIGKILL);
  }
  say("{} {}", asked ? "stopped the lab in" : "no lab runs in", dir);
  return 0;
}

int show_status(const std::string& dir, bool as_json) {
  const auto reply = ask_supervisor(dir, R"({"op":"status"})");
  const auto body = reply ? json::parse(*reply, nullptr, false) : json();
  const auto parts = body.is_object() ? body.value("parts", json::array()) : json::array();
  bool all_up = !parts.empty();
  for (const auto& part : parts) all_up &= part.value("state", "") == "up";
  if (as_json) {
    fmt::print("{}\n", json{{"running", reply.has_value()}, {"parts", parts}}.dump());
    return all_up ? 0 : 1;
  }
  if (!reply) {
    fmt::print("no lab runs in {}\n", dir);
    return 1;
  }
  std::vector<std::vector<std::string>> rows{{"PART", "STATE", "ADDRESS", "PID", "MEMORY", "DETAIL"}};
  for (const auto& part : parts) {
    const auto pid = part.value("pid", 0);
    rows.push_back({part.value("part", ""), part.value("state", ""), part.value("address", ""),
                    pid == 0 ? "-" : std::to_string(pid),
                    pid == 0 ? "-" : fmt::format("{} MiB", part.value("memory_mib", 0)), part.value("detail", "")});
  }
  print_table(rows);
  return all_up ? 0 : 1;
}

int change_server(const std::string& dir, const std::string& action, int instance, bool kill) {
  return ask(dir, {{"op", "server"}, {"action", action}, {"instance", instance}, {"kill", kill}});
}

int change_kafka(const std::string& dir, const std::string& action, bool kill) {
  return ask(dir, {{"op", "kafka"}, {"action", action}, {"kill", kill}});
}

int change_topic(const std::string& dir, const std::string& action, const std::string& name, int partitions,
                 const std::vector<std::string>& config) {
  auto settings = json::object();
  for (const auto& entry : config) {
    const auto equals = entry.find('=');
    if (equals == std::string::npos) {
      say("--config wants NAME=VALUE, not '{}'", entry);
      return 2;
    }
    settings[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return ask(dir,
             {{"op", "topic"}, {"action", action}, {"name", name}, {"partitions", partitions}, {"config", settings}});
}

}  // namespace tributary::lab
