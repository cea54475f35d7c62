// Looks at the source's topology again while a task runs: every so often, and soon after something was seen that a
// changed topology would explain. What it finds ends the task: rows may come from places nobody reads.
//
// A source that can't be asked at the moment, or is in the middle of a switch, is asked again later. A difference
// counts when it is found twice in a row. A plain server has no topology that could change: its tables come and go in
// its binlog. Threads: its own; all methods from any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "model/known_topology.h"
#include "source/topology/topology.h"

namespace tributary::pipeline {

class TopologyWatch {
 public:
  // interval_ms 0: only when surprised.
  TopologyWatch(source::SourceConfig config, model::KnownTopology known, std::int64_t interval_ms);
  ~TopologyWatch();
  TopologyWatch(const TopologyWatch&) = delete;
  TopologyWatch& operator=(const TopologyWatch&) = delete;

  void surprised_by(std::string what);
  // The changed topology as an error, once it is found.
  std::optional<base::Error> change() const;
  // Looks at once, for the error that may explain another one. Waits for the source.
  std::optional<base::Error> look_now();

 private:
  void run();
  std::optional<std::string> difference() const;  // the lines of change_lines(); empty text: none; unset: can't tell

  const source::SourceConfig config_;
  const model::KnownTopology known_;
  const std::int64_t interval_ms_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::string surprise_;
  std::optional<base::Error> change_;
  bool closing_ = false;

  std::thread thread_;
};

// The task's configuration for looks at a source it knows already: what was there may be gone by now.
source::SourceConfig for_another_look(source::SourceConfig config, const model::KnownTopology& known);

base::Error topology_changed(const std::string& lines);

}  // namespace tributary::pipeline
