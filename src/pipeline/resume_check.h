// Whether a server still has what a stream must go on with, found before it is asked to send, and what is missing if
// not.
//
// By GTID: every transaction carried must be known there (else the servers have diverged, or it is a replica that is
// not there yet), and none that is needed may be purged. MySQL: gtid_executed and gtid_purged. MariaDB:
// gtid_binlog_state and the Gtid_list of the oldest file; sequence numbers are compared within one domain and server id
// only, since without gtid_strict_mode those of different servers come in any order. What its state can't tell, such as
// a hole below the last number of a server id, the dump itself finds (source_diverged). By file and offset: the file
// must be there and be long enough. Threads: any.
#pragma once

#include "base/error.h"
#include "mysql/connection.h"
#include "source/binlog/stream_position.h"
#include "source/topology/topology.h"

namespace tributary::pipeline {

struct ResumePoint {
  source::StreamPosition restart, emitted;
};

// Errors: source_diverged, source_behind, source_binlog_purged, source_gtid_mode, source_changed (the set is of the
// other flavour).
base::Status check_gtids(mysql::Connection& connection, const ResumePoint& point, std::uint32_t server_id);
// Errors: source_binlog_purged, source_binlog_short.
base::Status check_files(mysql::Connection& connection, const ResumePoint& point);

// The transactions of the set that the server has neither logged nor applied.
base::Result<model::GtidSet> lacking_gtids(mysql::Connection& connection, const model::GtidSet& wanted);

// MySQL: whether every transaction gets a GTID now (gtid_mode = ON).
base::Result<bool> logs_gtids_only(mysql::Connection& connection, std::string* mode = nullptr);

}  // namespace tributary::pipeline
