// The servers and the broker of a benchmark: tributary-lab as a child process that dies with us, its topics, and where
// the servers' binlogs end. Threads: the main thread only. Errors: io, what the servers say, cancelled.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "lab/process.h"
#include "mysql/connection.h"

namespace tributary::bench {

struct LabOptions {
  std::string program;  // tributary-lab
  std::string dir;
  std::string broker;  // auto, kafka, mock
  int servers = 2;
  int buffer_pool_mb = 1024;
  std::vector<std::string> server_options = {};
};

using StopCheck = std::function<bool()>;

class Lab {
 public:
  // Returns when all of it is ready.
  static base::Result<Lab> up(const LabOptions& options, const StopCheck& stop);
  Lab(Lab&& other) noexcept;
  Lab& operator=(Lab&&) = delete;
  ~Lab();  // stops it

  // With the right to read and to follow the binlog, or to do anything.
  const std::vector<mysql::Endpoint>& readers() const { return readers_; }
  const std::vector<mysql::Endpoint>& admins() const { return admins_; }
  const std::vector<pid_t>& server_pids() const { return server_pids_; }
  pid_t broker_pid() const { return broker_pid_; }
  const std::string& brokers() const { return brokers_; }
  bool real_kafka() const { return real_kafka_; }

  base::Status make_topic(const std::string& name) const;    // with one partition
  base::Status remove_topic(const std::string& name) const;  // nothing to do for the mock, which keeps next to nothing
  // Records in the topic's partition.
  base::Result<std::uint64_t> records_in(const std::string& topic) const;

 private:
  Lab() = default;
  LabOptions options_;
  StopCheck stop_;
  pid_t pid_ = 0;
  std::vector<mysql::Endpoint> readers_, admins_;
  std::vector<pid_t> server_pids_;
  pid_t broker_pid_ = 0;
  std::string brokers_;
  bool real_kafka_ = false;
};

// Where the server's binlog ends.
base::Result<model::BinlogPosition> binlog_end(const mysql::Endpoint& server);

}  // namespace tributary::bench
