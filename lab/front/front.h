// The front of the PolarDB-X 1.0 stand-in: a MySQL-protocol server that lays logical tables out over physical databases
// on real MySQL-family servers, routes statements to them and answers the product's SHOW commands.
//
// It listens on 127.0.0.1, one thread per client. The physical databases are created at the first start; what is random
// or defined by users (names, table rules) is kept in state_dir and found again by the next start.
// Errors: task_bad_value (a configuration that makes no sense), io (socket, state_dir), source_* (storage instances).
// Threads: any. What clients see follows spec/polardbx1.md of the project's shared notes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"

namespace tributary::lab {

struct FrontConfig {
  std::uint16_t port = 0;  // 0: any free one
  std::string user, password, database;
  struct Storage {
    std::string host;
    std::uint16_t port = 0;
    std::string user, password;  // needs all privileges; XA recovery too
  };
  std::vector<Storage> storage;
  int databases_per_instance = 8;  // shard i lives on storage i / databases_per_instance
  std::string state_dir;           // created if absent
};

class Front {
 public:
  ~Front();  // as stop()
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  std::uint16_t port() const;
  // Physical database names per storage instance, in shard order.
  std::vector<std::vector<std::string>> databases() const;
  // Refuses new clients, disconnects the present ones (open transactions roll back), waits for their threads.
  void stop();

 private:
  friend base::Result<std::unique_ptr<Front>> start_front(FrontConfig config);
  struct State;
  explicit Front(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

base::Result<std::unique_ptr<Front>> start_front(FrontConfig config);

}  // namespace tributary::lab
