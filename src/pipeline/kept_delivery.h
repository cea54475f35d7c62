// The way of one subtask's records into Kafka together with what keeps its checkpoint, opened where the last run or
// attempt left off. At-least-once: the checkpoint is in the store. Exactly-once: it is in the checkpoint topic,
// committed with the records; the store has a copy, and the one with the higher revision counts.
//
// A subtask without a checkpoint in the store is a new one, whatever the topic holds under its name.
// Threads: open() and the destructor on one; see sink/delivery.h for the rest.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/saver.h"
#include "pipeline/config.h"
#include "sink/delivery.h"
#include "store/store.h"

namespace tributary::pipeline {

struct KeptDelivery {
  // subtask: its name, which the checkpoint's keys and the transactional id are made of. Fences older runs.
  static base::Result<KeptDelivery> open(const Config& config, store::Store& store, const std::string& subtask,
                                         const base::CancelToken& cancel);

  std::unique_ptr<checkpoint::Saver> saver;
  std::unique_ptr<sink::Delivery> delivery;  // before the saver's end
  checkpoint::SubtaskCheckpoint state;       // where it goes on
  std::string former_run;                    // exactly-once: whose checkpoint was the last one committed
};

// Has the store know what was committed last for all of the task's subtasks. Exactly-once only.
base::Status adopt_committed(const Config& config, store::Store& store, const base::CancelToken& cancel);

// Whether another run has taken the subtask over: this one was refused, and the last checkpoint is neither of its
// making nor that of the run it goes on for.
base::Result<bool> is_taken_over(const Config& config, const std::string& subtask, const std::string& former_run,
                                 const base::CancelToken& cancel);

}  // namespace tributary::pipeline
