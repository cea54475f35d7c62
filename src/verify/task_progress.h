// How far the task has delivered, as its state folder tells, and whether it runs. Looks only: a run that holds the
// folder goes on. In exactly-once delivery the store's copy of a checkpoint lags a second at most behind the topic.
// Errors: those of the store. Threads: one at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "source/snapshot/view.h"
#include "store/store.h"

namespace tributary::verify {

class TaskProgress {
 public:
  // A folder without a store gives one that knows nothing.
  static base::Result<TaskProgress> open(const std::filesystem::path& state_dir, std::string task,
                                         std::string fingerprint);

  bool has_state() const { return store_ != nullptr; }
  bool runs() const;
  // Unset: nothing is known of the instance.
  base::Result<std::optional<checkpoint::SubtaskCheckpoint>> checkpoint(const std::string& instance);

 private:
  std::filesystem::path state_dir_;
  std::string task_, fingerprint_;
  std::unique_ptr<store::Store> store_;
};

// Whether all that the log holds up to its end is in the topic. `server`: the identity of the one whose log it is;
// places in files count for the server they were read from, GTIDs for all.
bool has_passed(const checkpoint::StreamState& stream, const source::LogEnd& end, const std::string& server);

}  // namespace tributary::verify
