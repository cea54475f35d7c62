// What a task file says of the source and of what happens to its rows, as the folders below take it.
#pragma once

#include "base/error.h"
#include "source/topology/topology.h"
#include "store/store.h"
#include "task/spec.h"
#include "transform/transformation.h"

namespace tributary::task {

// Without databases that only patterns select. Threads: pure function.
source::SourceConfig source_config(const TaskSpec& spec);
transform::Transformation transformation_of(const TaskSpec& spec);

// With the databases that patterns select: those that the task began with, or, of a task without state, those that the
// source has now. One that comes to be later is not of the task. Threads: blocks on the network.
base::Result<source::SourceConfig> source_now(const TaskSpec& spec);
// Keeps which ones these are, once.
base::Status keep_databases(const TaskSpec& spec, const source::SourceConfig& config, store::Store& store);

}  // namespace tributary::task
