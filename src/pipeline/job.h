// A task's data plane: checks, topology, the schema records, then one subtask per storage instance.
// Threads: run() on one; progress is reported from that thread, about twice a second and at the end.
#pragma once

#include <functional>

#include "base/cancel.h"
#include "base/error.h"
#include "pipeline/config.h"
#include "pipeline/progress.h"

namespace tributary::pipeline {

// Returns when a full load is done, when the stream has caught up (until_caught_up), on a request to stop (ok), or with
// the error that ended a subtask; the others are stopped then, too.
base::Status run_job(const Config& config, bool until_caught_up, base::CancelToken& cancel,
                     const std::function<void(const Progress&)>& on_progress);

}  // namespace tributary::pipeline
