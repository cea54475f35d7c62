// The consistent views a snapshot reads through, and how they are tied to the binlog.
//
// Two facts are needed of a view (invariant 2): that everything the stream had emitted when the chunk began is visible
// to it, and a position at or behind everything it can see.
// - MariaDB tells the exact position of a consistent snapshot (status binlog_snapshot_file/position, "Enhancements for
//   START TRANSACTION WITH CONSISTENT SNAPSHOT"). It can lie before what a dump has already sent: then the view is
//   taken again.
// - MySQL: a write of our own (the heartbeat) that has returned was committed in the engine after everything before it
// in
//   the binlog (binlog_order_commits=ON, the default). Without the right to write, with GTIDs: @@gtid_executed holds
//   what is committed in the engine. The upper position is SHOW MASTER STATUS, which is never behind what is visible.
// - XA COMMIT goes to the binlog before the engine on both, outside that order; XA RECOVER lists the transaction until
//   the engine is done.
// Threads: one connection, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "base/cancel.h"
#include "base/error.h"
#include "model/position.h"
#include "mysql/connection.h"
#include "source/topology/topology.h"

namespace tributary::source {

// What the stream had emitted when a chunk began.
struct EmittedState {
  model::BinlogPosition position;
  model::GtidSet gtid_set;
  std::set<std::string> recently_decided_xids;  // as XaId::key()
  // Those of the ids above that no later PREPARE has taken up again, as the stream knows now; unset: all of them.
  std::function<std::set<std::string>()> still_decided = {};
};

// Where a server's log ends now: SHOW MASTER STATUS or its successors. Empty position: binary logging is off.
struct LogEnd {
  model::BinlogPosition position;
  std::optional<model::GtidSet> gtid_set;      // executed there; unset where the server has no GTIDs
  std::string do_databases, ignore_databases;  // binlog_do_db and binlog_ignore_db, comma-separated
};
base::Result<LogEnd> read_log_end(mysql::Connection& connection);

// Prepared, undecided transactions, each as XaId::key(). Empty where a prepared transaction is logged at its commit
// only.
base::Result<std::set<std::string>> read_prepared_xids(mysql::Connection& connection);

// A connection for snapshot reads: session settings that make text exact and long reads possible.
base::Result<mysql::Connection> open_snapshot_connection(const Instance& instance);

// Makes sure that all of `emitted` is visible to views opened afterwards. `beat` writes a heartbeat and returns whether
// it could. Not needed where open_view() is exact. Errors: source_barrier when there is no way, source_not_visible when
// it takes too long.
base::Status pass_barrier(mysql::Connection& connection, const Instance& instance, const EmittedState& emitted,
                          const std::function<base::Result<bool>()>& beat, const base::CancelToken& cancel);

// Opens a consistent read view that sees all of `emitted` and returns a position at or behind all it sees.
// end_view() closes it.
base::Result<model::BinlogPosition> open_view(mysql::Connection& connection, const Instance& instance,
                                              const EmittedState& emitted,
                                              const std::function<base::Result<bool>()>& beat,
                                              base::CancelToken& cancel);
base::Status end_view(mysql::Connection& connection);

}  // namespace tributary::source
