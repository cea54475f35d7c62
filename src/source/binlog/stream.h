// One server's binlog as a stream of committed row changes (invariants 1, 4, 8, 9).
//
// The legal order of events, and what the reader makes of it:
//   stream      = { group | rotate | heartbeat }
//   group       = [gtid] begin { table_map | rows } end        rows are handed on as they come, then on_commit
//   begin       = MySQL: Query BEGIN or XA START; MariaDB: the Gtid event itself
//   end         = Xid | Query COMMIT | Query ROLLBACK (on_rollback) | XA_PREPARE (held, or one phase: on_commit)
//   decision    = [gtid] Query XA COMMIT (the held rows, then on_commit) | Query XA ROLLBACK (dropped)
//   statement   = [gtid] Query (DDL: on_schema_change; it may also stand in a group, before its rows)
//   payload     = a group in compressed form
//
// A restart begins at StreamStart::restart and hands on nothing up to StreamStart::emitted; prepared transactions from
// before are collected on the way. Statements on the way move the tables on, too: on_schema_change is called for all.
//
// Threads: run() on one; abort() from any. Errors carry the place as file:position.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "model/schema.h"
#include "mysql/connection.h"
#include "source/binlog/live_tables.h"
#include "source/binlog/row_reader.h"
#include "source/binlog/stream_position.h"
#include "source/topology/topology.h"

namespace tributary::source {

// Where rows come from. For rows of an XA transaction all of it is that of the XA COMMIT.
struct RowContext {
  std::uint32_t timestamp_s = 0;
  std::uint32_t server_id = 0;
  std::uint32_t thread_id = 0;          // 0: the log does not say
  model::BinlogPosition position;       // end of the event
  model::BinlogPosition safe_position;  // begin of the transaction
  std::string gtid;                     // empty: the log does not say
};

class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  // table: index into the captured tables; schema: as it was when the rows were logged. The reader stands before the
  // event's first row.
  virtual base::Status on_rows(std::uint32_t table, const model::TableSchemaPtr& schema, RowReader& rows,
                               const RowContext& context) = 0;
  // The rows since the last boundary are committed; `end` is behind them.
  virtual base::Status on_commit(const StreamPosition& end) = 0;
  // The rows since the last boundary never happened.
  virtual base::Status on_rollback(const StreamPosition& end) = 0;
  // Tables have changed. `live` is as it is behind the change.
  virtual base::Status on_schema_change(const SchemaChange& change, const LiveTables& live,
                                        const RowContext& context) = 0;
  // The structures asked for, exact from that place on; an error if they can't be known.
  virtual base::Result<std::vector<TableState>> on_structures_unknown(const StructureQuestion& question) = 0;
  // Something happens to a table that is not captured, in a database where others are: rows, or a DDL statement (then
  // `table` is empty and `sql` is not). Of no consequence for the stream; it may be what a changed topology looks like.
  virtual void on_other_table(std::string_view /*database*/, std::string_view /*table*/, std::string_view /*sql*/) {}
  // The stream has moved over something of no interest; `timestamp_s` is 0 if unknown.
  virtual base::Status on_advance(const StreamPosition& end, std::uint32_t timestamp_s) = 0;
  // The transaction that ends here wrote the heartbeat (heartbeat.h) and no row of a captured table. on_advance
  // follows.
  virtual base::Status on_heartbeat_write(const RowContext& /*context*/) { return {}; }
  // Nothing to be read at this moment.
  virtual base::Status on_idle() = 0;
};

// By GTID the offsets may be unknown (empty). By file a set may be known too (not empty): then it is kept up, and a
// later restart can be by GTID.
struct StreamStart {
  StreamPosition restart;
  StreamPosition emitted;
  bool by_gtid = false;  // ask the server by transactions, not by file and offset
};

struct StreamOptions {
  std::uint32_t server_id = 0;
  std::string replica_uuid = {};
  std::uint32_t heartbeat_ms = 1000;
  std::filesystem::path spill_dir;
  std::size_t xa_bytes_max = 64u << 20;
  std::set<std::string> decided = {};  // recently_decided() of the stream before this one
  // What XA RECOVER lists at a start that goes on from a checkpoint: reading begins before every PREPARE that was
  // undecided there, so whichever of these ids turns up without one is decided for the second time.
  std::set<std::string> listed = {};
};

class BinlogStream {
 public:
  static base::Result<std::unique_ptr<BinlogStream>> open(const Instance& instance, LiveTables::Setup tables,
                                                          const StreamStart& start, const StreamOptions& options);
  ~BinlogStream();

  // Until an error or abort(); source_lost when the connection breaks, cancelled after a request.
  base::Status run(StreamHandler& handler, const base::CancelToken& cancel);
  void abort();

  // For the thread that runs it (the handler): what is held, and where a restart would have to begin.
  std::size_t held_count() const;
  StreamPosition restart_position(const StreamPosition& emitted) const;
  // Ids decided lately, for pass_barrier().
  const std::set<std::string>& recently_decided() const;
  std::uint64_t decided_count() const;  // how often the set above has changed

 private:
  struct State;
  explicit BinlogStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Finds where reading has to start so that the prepared transactions in `xids` are seen whole, by looking through the
// server's binlogs from the newest back. Ids not found in any of them are left in `xids`. Without an offset `from` is
// a set: only transactions that are in it move the start.
base::Result<StreamPosition> find_prepared(const Instance& instance, const StreamPosition& from,
                                           std::uint32_t server_id, std::set<std::string>& xids,
                                           const base::CancelToken& cancel);

}  // namespace tributary::source
