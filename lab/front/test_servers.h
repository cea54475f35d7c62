// Real MariaDB servers for tests: own folder, free port of 127.0.0.1, gone with the object (or with the test program).
// Threads: one at a time.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "mysql/connection.h"

namespace tributary::lab::testing {

// Are mariadbd and mariadb-install-db on the PATH?
bool have_mariadb();

std::uint16_t free_port();

// An empty data folder, made once and copied for each server.
base::Status prepare_data(const std::string& folder);

class MariaServer {
 public:
  static base::Result<MariaServer> start(const std::string& folder, const std::string& prepared_data, int server_id);
  MariaServer(MariaServer&& other) noexcept;
  MariaServer& operator=(MariaServer&&) = delete;
  ~MariaServer();

  mysql::Endpoint endpoint() const;

 private:
  MariaServer(int pid, std::uint16_t port) : pid_(pid), port_(port) {}
  int pid_;
  std::uint16_t port_;
};

}  // namespace tributary::lab::testing
