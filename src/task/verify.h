// The door to a verification: a task's source compared with the topics it writes (verify/verify.h has the how).
// Threads: blocks; works in the calling thread and calls back from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "task/spec.h"
#include "verify/report.h"

namespace tributary::task {

struct VerifyOptions {
  bool anew = false;                // fold the topics from their beginning
  std::uint32_t sample = 100;       // percent of the rows
  std::uint64_t rate = 0;           // rows of the source a second; 0: no limit
  std::vector<std::string> tables;  // "db.table"; empty: all of the task
  std::uint32_t patience_s = 60;    // for rows that change while the task runs
  bool repair = false;              // make the topic say what the source holds; the task must not run
};

// Differences are in the summary, not an error. Errors: of the task's state, the source, the destination.
base::Result<verify::Summary> verify_task(const TaskSpec& spec, const VerifyOptions& options, base::CancelToken& cancel,
                                          const verify::Handlers& handlers);

}  // namespace tributary::task
