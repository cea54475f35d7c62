// One write per instance and interval to `dts_health_check`.`ha_health_check`: it moves the binlog of an idle instance,
// and its commit is the low watermark of snapshot chunks on MySQL (see snapshot/view.h). Threads: any.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "mysql/connection.h"
#include "source/topology/topology.h"

namespace tributary::source {

class Heartbeat {
 public:
  explicit Heartbeat(const Instance& instance) : instance_(instance) {}

  // Writes and returns when the write is committed. False without the right to write (asked once, then remembered);
  // an error when the connection is lost; source_moved when another server answers or this one has become read-only.
  base::Result<bool> beat();
  // Why there is no heartbeat, empty while there is one.
  std::string refusal() const;

 private:
  base::Status prepare();

  const Instance instance_;
  mutable std::mutex mutex_;
  std::optional<mysql::Connection> connection_;
  std::string refusal_;
  bool was_written_ = false;
};

// Database and table of the heartbeat.
inline constexpr std::string_view heartbeat_database = "dts_health_check", heartbeat_table = "ha_health_check";
inline bool is_heartbeat(std::string_view database, std::string_view table) {
  return database == heartbeat_database && table == heartbeat_table;
}

}  // namespace tributary::source
