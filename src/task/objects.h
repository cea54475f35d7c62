// What a task would carry of its source as it is now, and under which names: the list of objects applied to what the
// source has. Reads only, and may be asked while the task runs. Threads: blocks on the network.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "task/spec.h"
#include "transform/objects/selection.h"

namespace tributary::task {

struct ObjectsView {
  transform::Selection selection;
  std::vector<std::string> notes;  // what the source's topology leaves out
};

// Errors: those of the source; task.objects_conflict, task.objects_key_left_out, source.column_missing and others of
// transform::resolve.
base::Result<ObjectsView> view_objects(const TaskSpec& spec);

}  // namespace tributary::task
