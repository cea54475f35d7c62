#include "lab/up_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace tributary::lab {
namespace {

using base::ErrorCode;
using base::fail;
using nlohmann::json;

std::string settings_path(const std::string& dir) { return dir + "/settings.json"; }
std::string processes_path(const std::string& dir) { return dir + "/pids.json"; }

KafkaFlavor parse_flavor(const std::string& name) {
  if (name == "mock") return KafkaFlavor::mock;
  return name == "none" ? KafkaFlavor::none : KafkaFlavor::kafka;
}

}  // namespace

std::string_view to_string(KafkaFlavor flavor) {
  switch (flavor) {
    case KafkaFlavor::kafka:
      return "kafka";
    case KafkaFlavor::mock:
      return "mock";
    case KafkaFlavor::none:
      return "none";
  }
  return "";
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

base::Status replace_file(const std::string& path, const std::string& text) {
  const auto fresh = path + ".new";
  std::ofstream file(fresh, std::ios::trunc);
  file << text;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(fresh, path, error);
  if (!file || error) return fail(ErrorCode::io, "can't write", path);
  return {};
}

base::Result<std::optional<Settings>> load_settings(const std::string& dir) {
  const auto text = read_file(settings_path(dir));
  if (!text) return std::nullopt;
  try {
    const auto j = json::parse(*text);
    Settings s;
    TRY_VALUE(s.server, parse_server_kind(j.at("server").get<std::string>()));
    s.instances = j.at("instances");
    s.databases_per_instance = j.at("databases_per_instance");
    s.buffer_pool_mb = j.at("buffer_pool_mb");
    s.server_options = j.at("server_options").get<std::vector<std::string>>();
    s.kafka = parse_flavor(j.at("kafka"));
    s.front = j.at("front");
    const auto& ports = j.at("ports");
    s.server_ports = ports.at("servers").get<std::vector<std::uint16_t>>();
    s.front_port = ports.at("front");
    s.kafka_port = ports.at("kafka");
    s.sasl_port = ports.at("sasl");
    s.controller_port = ports.at("controller");
    return s;
  } catch (const json::exception& e) {
    return fail(ErrorCode::usage, e.what(), settings_path(dir));
  }
}

base::Status save_settings(const std::string& dir, const Settings& s) {
  const json j{{"server", to_string(s.server)},
               {"instances", s.instances},
               {"databases_per_instance", s.databases_per_instance},
               {"buffer_pool_mb", s.buffer_pool_mb},
               {"server_options", s.server_options},
               {"kafka", to_string(s.kafka)},
               {"front", s.front},
               {"ports",
                {{"servers", s.server_ports},
                 {"front", s.front_port},
                 {"kafka", s.kafka_port},
                 {"sasl", s.sasl_port},
                 {"controller", s.controller_port}}}};
  return replace_file(settings_path(dir), j.dump(2) + "\n");
}

std::vector<ProcessId> load_processes(const std::string& dir) {
  const auto text = read_file(processes_path(dir));
  if (!text) return {};
  std::vector<ProcessId> processes;
  const auto j = json::parse(*text, nullptr, false);
  if (!j.is_array()) return {};
  for (const auto& p : j)
    if (p.is_object() && p.value("pid", 0) > 0) processes.push_back({p.value("pid", 0), p.value("start_time", 0ULL)});
  return processes;
}

base::Status save_processes(const std::string& dir, const std::vector<ProcessId>& processes) {
  auto j = json::array();
  for (const auto& p : processes) j.push_back({{"pid", p.pid}, {"start_time", p.start_time}});
  return replace_file(processes_path(dir), j.dump(2) + "\n");
}

std::optional<FolderLock> FolderLock::take(const std::string& dir, int wait_ms) {
  const int fd = ::open((dir + "/lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (fd < 0) return std::nullopt;
  for (int waited = 0;; waited += 20) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return FolderLock(fd);
    if (waited >= wait_ms) break;
    ::poll(nullptr, 0, 20);
  }
  ::close(fd);
  return std::nullopt;
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace tributary::lab
