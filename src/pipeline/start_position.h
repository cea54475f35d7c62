// Where a subtask's stream starts: a new one's first position, or the place to go on at, on whichever server answers
// now. Threads: any; blocks on the network. Errors: the catalogue's source section.
#pragma once

#include "base/cancel.h"
#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "mysql/connection.h"
#include "pipeline/config.h"
#include "source/binlog/stream.h"
#include "source/topology/topology.h"

namespace tributary::pipeline {

// For short questions that no abort() reaches: a silent server must not hold up the end of an attempt for minutes.
base::Result<mysql::Connection> open_for_questions(const source::Instance& instance);

// Fills in a new subtask's start; for a known one, returns where to go on.
base::Result<source::StreamStart> choose_start(const Config& config, const source::Instance& instance,
                                               checkpoint::StreamState& state, const base::CancelToken& cancel);

}  // namespace tributary::pipeline
