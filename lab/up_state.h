// What a lab folder remembers: the settings it was made with (settings.json, so that a warm start finds data and ports
// again), the processes that run (pids.json), and what users read (lab.json). Files are replaced whole.
//
// Threads: values. Errors: io, usage for a damaged file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "lab/process.h"
#include "lab/servers.h"

namespace tributary::lab {

enum class KafkaFlavor : std::uint8_t { kafka, mock, none };
std::string_view to_string(KafkaFlavor flavor);

struct Settings {
  ServerKind server = ServerKind::mariadb_10_11;
  int instances = 2;
  int databases_per_instance = 2;
  int buffer_pool_mb = 64;
  std::vector<std::string> server_options;
  KafkaFlavor kafka = KafkaFlavor::kafka;
  bool front = true;
  // 0 until chosen.
  std::vector<std::uint16_t> server_ports;
  std::uint16_t front_port = 0, kafka_port = 0, sasl_port = 0, controller_port = 0;
};

base::Result<std::optional<Settings>> load_settings(const std::string& dir);
base::Status save_settings(const std::string& dir, const Settings& settings);

// The processes of the last start, supervisor included; empty if unknown.
std::vector<ProcessId> load_processes(const std::string& dir);
base::Status save_processes(const std::string& dir, const std::vector<ProcessId>& processes);

base::Status replace_file(const std::string& path, const std::string& text);
std::optional<std::string> read_file(const std::string& path);

// The folder's lock, held by its supervisor as long as it lives. Empty if another process holds it.
class FolderLock {
 public:
  static std::optional<FolderLock> take(const std::string& dir, int wait_ms);
  FolderLock(FolderLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace tributary::lab
