// What a task file says of the source, as the source folder takes it. Threads: pure function.
#pragma once

#include "source/topology/topology.h"
#include "task/spec.h"

namespace tributary::task {

source::SourceConfig source_config(const TaskSpec& spec);

}  // namespace tributary::task
