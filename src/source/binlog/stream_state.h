// The inside of BinlogStream, shared by its parts: stream.cc (events in order), stream_groups.cc (transactions and
// statements), stream_rows.cc (table maps and rows). Threads: the stream's.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "base/buffer.h"
#include "source/binlog/event_body.h"
#include "source/binlog/held_transactions.h"
#include "source/binlog/payload.h"
#include "source/binlog/stream.h"

namespace tributary::source {

// A captured table with the layout its latest table map gave.
struct Bound {
  TableMap map;
  std::optional<RowPlan> plan;
};

// The group being read.
struct Group {
  bool open = false;
  bool in_begin = false;  // a statement does not end it
  bool skip = false;      // handed on by an earlier run
  bool has_rows = false;  // handed on since the last boundary
  bool has_heartbeat = false;
  std::string xid;          // not empty: rows are held under it
  std::string gtid_source;  // MySQL, with gtid_number
  std::uint64_t gtid_number = 0;
  std::uint32_t domain = 0;        // MariaDB, with gtid_number
  bool is_without_effect = false;  // MariaDB: an ALTER that only begins here, or ends without success
  std::uint64_t schema = 0;        // number of the statements its rows were logged behind
  std::uint32_t rows_events = 0;   // of captured tables, held ones too
  std::vector<std::pair<std::string, std::uint32_t>> savepoints;  // name as logged, rows_events then
};

struct BinlogStream::State {
  State(mysql::Connection c, LiveTables::Setup t, const StreamStart& s, const StreamOptions& o)
      : connection(std::move(c)),
        tables(std::move(t)),
        start(s),
        end(s.restart),
        set_known(s.by_gtid || !s.restart.gtid_set.empty()),
        bound(tables.size()),
        held(o.spill_dir, o.xa_bytes_max),
        listed(o.listed) {
    for (const std::string& xid : o.decided) remember_decided(xid);
    for (const auto& [domain, gtid] : start.emitted.gtid_set.mariadb()) {
      const auto from = start.restart.gtid_set.mariadb().find(domain);
      if (from == start.restart.gtid_set.mariadb().end() || from->second != gtid) behind.insert(domain);
    }
  }

  mysql::Connection connection;
  LiveTables tables;
  const StreamStart start;

  FormatDescription format;
  StreamPosition end;             // last boundary between transactions
  RowContext context;             // of the event being read; position.file is the file being read
  std::uint64_t event_begin = 0;  // of the event being read
  bool set_known;                 // end.gtid_set holds all transactions before `end`, not only those read
  bool passed_emitted = false;
  std::set<std::uint32_t> behind;  // MariaDB: domains in which start.emitted lies ahead of what was read
  Group group;
  std::vector<Bound> bound;
  std::vector<std::pair<std::uint64_t, std::int64_t>> table_ids;  // of this group; -1: not captured
  RowReader reader;
  PayloadReader payload;
  base::Buffer scratch;
  HeldTransactions held;
  std::set<std::string> listed;
  std::set<std::string> decided;
  std::deque<std::string> decided_order;
  std::uint64_t decided_count = 0;
  StreamHandler* handler = nullptr;

  base::Status run(StreamHandler& to, const base::CancelToken& cancel);
  base::Status take(std::string_view raw);
  base::Status process(const EventView& event);
  base::Status on_gtid(const EventView& event);
  base::Status on_mariadb_gtid(const EventView& event);
  base::Status on_query(const EventView& event);
  base::Status on_statement(const QueryEvent& query);
  AskStructures ask();
  base::Status on_rollback_to(std::string_view savepoint);
  base::Status on_xa_statement(const XaStatement& statement);
  base::Status on_table_map(const EventView& event);
  base::Status on_rows(const EventView& event);
  model::BinlogPosition here() const;
  base::Status bind(std::uint32_t table);
  base::Status deliver_rows(const EventView& event, std::uint32_t table);
  base::Status on_rotate(const EventView& event);
  base::Status on_previous_gtids(const EventView& event);
  base::Status on_heartbeat(const EventView& event);

  base::Status begin_group();
  base::Status expect_no_group();
  void close_group();
  base::Status commit_group();
  base::Status decide(const std::string& xid, bool commit);
  std::uint64_t offset_after(const EventHeader& header) const;
  bool already_emitted();
  bool has_passed_emitted();
  void begin_prepared(const std::string& xid);
  void remember_decided(const std::string& xid);
};

}  // namespace tributary::source
