// On which server a subtask's stream starts, and where: a new one's first position, or the place to go on at.
//
// A known one goes on by GTID on whichever server has what is needed (resume_check.h), the former one preferred, among
// the writable ones of the instance's addresses. By file and offset it goes on at the former server only. Positions of
// different servers are never compared: going on by GTID, the stream tells anew how far it is in this server's files.
// Threads: any; blocks on the network. Errors: the catalogue's source section.
#pragma once

#include "base/cancel.h"
#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "mysql/connection.h"
#include "pipeline/config.h"
#include "pipeline/replica_id.h"
#include "source/binlog/stream.h"
#include "source/topology/topology.h"

namespace tributary::pipeline {

// For short questions that no abort() reaches: a silent server must not hold up the end of an attempt for minutes.
base::Result<mysql::Connection> open_for_questions(const source::Instance& instance);

struct StartPoint {
  mysql::Endpoint server;  // of the instance; one address, and no other server there
  ReplicaId replica;
  source::StreamStart stream;
  bool positions_known = false;  // stream.emitted.at is a place in this server's files
  // Else: a place in this server's files behind all that was emitted. Views older than this might miss some of it.
  model::BinlogPosition views_from;
};

// Fills in a new subtask's start; for a known one, finds where to go on. attempt: see choose_replica_id().
base::Result<StartPoint> choose_start(const Config& config, const source::Instance& instance,
                                      checkpoint::StreamState& state, std::uint32_t& attempt,
                                      const base::CancelToken& cancel);

// Without a stream: the server to read from.
base::Result<mysql::Endpoint> choose_server(const source::Instance& instance);

}  // namespace tributary::pipeline
