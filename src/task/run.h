// The door to a running task: discovers the source, migrates what the task file names, and comes back when it is done,
// stopped or failed.
#pragma once

#include <functional>

#include "base/cancel.h"
#include "base/error.h"
#include "pipeline/progress.h"
#include "task/spec.h"

namespace tributary::task {

struct RunOptions {
  bool accept_topology = false;  // go on although shards moved, tables came or went
  bool until_caught_up = false;  // end when the snapshot is done and the stream has passed the positions seen then
  // A statement that is not understood: the present structure of its tables holds from there on. For the first such
  // statement of each instance.
  bool accept_structure = false;
};

// Called about twice a second and once at the end, from one thread at a time, never after run_task has returned.
using ProgressCallback = std::function<void(const pipeline::Progress&)>;

// Runs the task in the calling thread and threads of its own. Returns when it is done, when `cancel` was requested
// (with success: a clean stop is no error) or when it failed. On each of these ways the checkpoint is on disk before it
// returns. Errors: of the task's state, the source, the destination or the data; none leaves records half-delivered.
base::Status run_task(const TaskSpec& spec, const RunOptions& options, base::CancelToken& cancel,
                      const ProgressCallback& on_progress);

}  // namespace tributary::task
