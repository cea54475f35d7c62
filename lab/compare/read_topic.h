// Reads a topic into a fold, once to its end or along with a task until told to stop.
// Errors: those of kafka::Consumer; data_avro_malformed for a message that can't be read or folded. Threads: one at a
// time.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "compare/fold.h"
#include "kafka/client.h"

namespace tributary::lab {

struct ReadOptions {
  bool follow = false;
  std::function<bool()> told;  // follow: true when the end of this moment is the end to read to
  std::function<bool()> cancelled;
  std::function<void()> started;  // reading along has begun
};

// From the beginning of all partitions to the end as it is at the start, or, following, as it is when told.
base::Status read_topic(const kafka::Config& config, const std::string& topic, const ReadOptions& options, Fold& fold);

}  // namespace tributary::lab
