// The process that owns a lab: starts its servers, broker and front, carries out what the other commands ask of it, and
// stops everything when told to. Its children die with it, however it dies.
//
// Threads: run() on the main thread (see process.h). The front has threads of its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "lab/up_state.h"

namespace tributary::lab {

struct UpOptions {
  std::string dir;
  // What is not given is as at the former start in this folder, or else Settings' default.
  std::optional<ServerKind> server;
  std::optional<int> instances, databases_per_instance, buffer_pool_mb;
  std::optional<std::vector<std::string>> server_options;
  std::string kafka;  // auto, kafka, mock, none; empty: not given
  std::optional<bool> front;
  std::uint16_t front_port = 0;
  std::vector<std::string> topics;  // NAME or NAME:PARTITIONS, created if absent
  int timeout_s = 90;               // for all parts to become ready
};

// Where the lab stands, for whoever started it.
struct UpEvents {
  std::function<void(const std::string& json)> ready;
  // A descriptor whose error state means that nobody waits any more and the start is to be given up; -1: none.
  int watched_fd = -1;
};

// Starts everything, calls `ready`, serves until SIGINT, SIGTERM, SIGHUP or `down`, stops everything.
base::Status run_supervisor(const UpOptions& options, const UpEvents& events);

}  // namespace tributary::lab
