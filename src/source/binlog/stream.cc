#include "source/binlog/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>

#include "base/log.h"
#include "source/binlog/event_body.h"
#include "source/binlog/held_transactions.h"
#include "source/binlog/payload.h"
#include "source/binlog/statement.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t recently_decided_max = 4096;
constexpr int silence_s_max = 30;       // heartbeats come every second
constexpr std::uint64_t file_head = 4;  // behind the magic number

// A session can set binlog_row_image for itself. Generated columns, VIRTUAL ones too, are in full images.
Status require_full_image(std::string_view present, const model::TableSchema& schema) {
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    if (i % 8 == 0 && static_cast<unsigned char>(present[i / 8]) == 0xff) {
      i += 7;
      continue;
    }
    if ((static_cast<unsigned char>(present[i / 8]) >> (i % 8) & 1) == 0)
      return fail(ErrorCode::source_row_image,
                  fmt::format("a row was logged without column {}", schema.columns[i].name),
                  schema.database + "." + schema.table);
  }
  return {};
}

// The low 32 bits of an offset, at or behind `now`.
std::uint64_t widened(std::uint64_t now, std::uint32_t low) {
  const std::uint64_t next = (now & ~std::uint64_t{0xffffffff}) | low;
  return next < now ? next + (std::uint64_t{1} << 32) : next;
}

// A captured table with the layout its latest table map gave.
struct Bound {
  TableMap map;
  std::optional<RowPlan> plan;
};

// The group being read.
struct Group {
  bool open = false;
  bool in_begin = false;    // a statement does not end it
  bool skip = false;        // handed on by an earlier run
  bool has_rows = false;    // handed on since the last boundary
  std::string xid;          // not empty: rows are held under it
  std::string gtid_source;  // MySQL, with gtid_number
  std::uint64_t gtid_number = 0;
  std::uint32_t domain = 0;                                       // MariaDB, with gtid_number
  std::uint32_t rows_events = 0;                                  // of captured tables, held ones too
  std::vector<std::pair<std::string, std::uint32_t>> savepoints;  // name as logged, rows_events then
};

}  // namespace

struct BinlogStream::State {
  State(mysql::Connection c, std::vector<CapturedTable> t, const StreamStart& s, const StreamOptions& o)
      : connection(std::move(c)),
        tables(std::move(t)),
        names(tables),
        start(s),
        end(s.restart),
        set_known(s.by_gtid || !s.restart.gtid_set.empty()),
        bound(tables.size()),
        held(o.spill_dir, o.xa_bytes_max) {
    for (const auto& [domain, gtid] : start.emitted.gtid_set.mariadb()) {
      const auto from = start.restart.gtid_set.mariadb().find(domain);
      if (from == start.restart.gtid_set.mariadb().end() || from->second != gtid) behind.insert(domain);
    }
  }

  mysql::Connection connection;
  const std::vector<CapturedTable> tables;
  const StatementNames names;
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
  std::set<std::string> decided;
  std::deque<std::string> decided_order;
  std::uint64_t decided_count = 0;
  StreamHandler* handler = nullptr;

  Status run(StreamHandler& to, const base::CancelToken& cancel);
  Status take(std::string_view raw);
  Status process(const EventView& event);
  Status on_gtid(const EventView& event);
  Status on_mariadb_gtid(const EventView& event);
  Status on_query(const EventView& event);
  Status on_rollback_to(std::string_view savepoint);
  Status on_xa_statement(const XaStatement& statement);
  Status on_table_map(const EventView& event);
  Status on_rows(const EventView& event);
  Status deliver_rows(const EventView& event, std::uint32_t table);
  Status on_rotate(const EventView& event);
  Status on_previous_gtids(const EventView& event);
  Status on_heartbeat(const EventView& event);

  Status begin_group();
  Status expect_no_group();
  void close_group();
  Status commit_group();
  Status decide(const std::string& xid, bool commit);
  std::uint64_t offset_after(const EventHeader& header) const;
  bool already_emitted();
  bool has_passed_emitted();
  void begin_prepared(const std::string& xid);
  void remember_decided(const std::string& xid);
};

Status BinlogStream::State::begin_group() {
  if (group.open) return {};
  // Events between transactions (a file's head, MariaDB's binlog checkpoints) lie behind the last boundary and before
  // this one: whoever waits for a position among them has to see it reached, and a replay must not depend on where it
  // began.
  const model::BinlogPosition here{context.position.file, event_begin};
  if (end.at < here) {
    end.at = here;
    if (has_passed_emitted()) TRY(handler->on_advance(end, context.timestamp_s));
  }
  group.open = true;
  group.in_begin = false;
  group.has_rows = false;
  group.xid.clear();
  group.gtid_source.clear();
  group.gtid_number = 0;
  group.rows_events = 0;
  group.savepoints.clear();
  table_ids.clear();
  context.thread_id = 0;
  context.safe_position = end.at;
  group.skip = !start.by_gtid && end.at < start.emitted.at;
  return {};
}

// Whether all between start.restart and start.emitted is behind us: no boundary is told before.
bool BinlogStream::State::has_passed_emitted() {
  if (passed_emitted) return true;
  if (!start.by_gtid)
    passed_emitted = !(end.at < start.emitted.at);
  else if (start.emitted.gtid_set.is_mariadb())
    passed_emitted = behind.empty();
  else
    passed_emitted = end.gtid_set.contains(start.emitted.gtid_set);
  return passed_emitted;
}

// MariaDB: within a domain the order is the same on every server, but, without gtid_strict_mode, not that of the
// numbers; a transaction was handed on if it comes before the last one that was.
bool BinlogStream::State::already_emitted() {
  if (!start.by_gtid) return group.skip;
  if (!group.gtid_source.empty()) return start.emitted.gtid_set.contains_mysql(group.gtid_source, group.gtid_number);
  if (!behind.contains(group.domain)) return false;
  const model::GtidSet::MariaDbGtid last = start.emitted.gtid_set.mariadb().at(group.domain);
  const bool beyond = context.server_id == last.server_id && group.gtid_number > last.sequence;
  if (beyond || last == model::GtidSet::MariaDbGtid{context.server_id, group.gtid_number}) behind.erase(group.domain);
  return !beyond;
}

// Moves the boundary behind the group that ends with the present event.
void BinlogStream::State::close_group() {
  if (!group.gtid_source.empty())
    end.gtid_set.add_mysql(group.gtid_source, group.gtid_number);
  else if (group.gtid_number > 0)
    end.gtid_set.add_mariadb(group.domain, context.server_id, group.gtid_number);
  else
    set_known = start.by_gtid;  // a transaction that no set can name
  end.at.file = context.position.file;
  end.at.offset = context.position.offset;
  group.open = false;
  group.in_begin = false;
}

Status BinlogStream::State::commit_group() {
  const bool has_rows = group.has_rows;
  const bool skip = group.skip;
  close_group();
  if (skip) return {};
  return has_rows ? handler->on_commit(end) : handler->on_advance(end, context.timestamp_s);
}

// Servers write 32 bits; files can be longer. Skipped events (reading by GTID) make jumps, always forward.
std::uint64_t BinlogStream::State::offset_after(const EventHeader& header) const {
  const std::uint64_t now = context.position.offset;
  if (header.next_position == 0) return now + header.size;
  return widened(now, header.next_position);
}

// An id may be used again once the engine has finished with it: from then on it is not one that waits to become
// visible.
void BinlogStream::State::begin_prepared(const std::string& xid) {
  group.xid = xid;
  held.start(xid, {context.safe_position, end.gtid_set});
  if (decided.erase(xid) == 0) return;
  std::erase(decided_order, xid);
  ++decided_count;
}

void BinlogStream::State::remember_decided(const std::string& xid) {
  if (!decided.insert(xid).second) return;
  ++decided_count;
  decided_order.push_back(xid);
  if (decided_order.size() > recently_decided_max) {
    decided.erase(decided_order.front());
    decided_order.pop_front();
  }
}

Status BinlogStream::State::take(std::string_view raw) {
  auto event = parse_event(raw, format);
  if (!event) return fail(std::move(event.error()).in(context.position.text()));
  const EventHeader& header = event->header;
  const bool real = !header.is_artificial() && header.type != EventType::heartbeat &&
                    header.type != EventType::heartbeat_v2 &&
                    !(header.type == EventType::rotate && header.timestamp == 0) &&
                    // Behind a file's head it is repeated for the dump, whatever place it then gives itself.
                    !(header.type == EventType::format_description &&
                      (header.next_position == 0 || context.position.offset != file_head));
  const std::uint64_t begin = event_begin = context.position.offset;
  if (real) {
    context.position.offset = offset_after(header);
    if (header.next_position != 0 && context.position.offset > begin + header.size)
      event_begin = context.position.offset - header.size;  // behind what the server has left out
    context.timestamp_s = header.timestamp;
    context.server_id = header.server_id;
  }
  if (auto done = process(*event); !done)
    return fail(std::move(done.error()).in(fmt::format("{}:{}", context.position.file, begin)));
  return {};
}

Status BinlogStream::State::process(const EventView& event) {
  switch (event.header.type) {
    case EventType::rotate:
      return on_rotate(event);
    case EventType::format_description: {
      TRY_VALUE(format, parse_format_description(event));
      // The server died while it wrote the last transaction of the former file: it never happened.
      const bool had_rows = group.open && group.has_rows;
      if (group.open && !group.xid.empty()) held.drop(group.xid);
      group = {};
      if (had_rows) TRY(handler->on_rollback(end));
      return {};
    }
    case EventType::previous_gtids:
    case EventType::mariadb_gtid_list:
      return on_previous_gtids(event);
    case EventType::gtid:
    case EventType::anonymous_gtid:
    case EventType::gtid_tagged:
      return on_gtid(event);
    case EventType::mariadb_gtid:
      return on_mariadb_gtid(event);
    case EventType::query:
    case EventType::query_compressed:
    case EventType::execute_load_query:
      return on_query(event);
    case EventType::table_map:
      return on_table_map(event);
    case EventType::xid:
      return commit_group();
    case EventType::xa_prepare: {
      TRY_VALUE(const XaPrepareEvent prepare, parse_xa_prepare(event));
      const std::string xid = group.xid;
      if (prepare.one_phase && !xid.empty()) return decide(xid, true);
      return commit_group();  // nothing was handed on: the boundary moves, the restart position stays
    }
    case EventType::heartbeat:
    case EventType::heartbeat_v2:
      return on_heartbeat(event);
    case EventType::transaction_payload: {
      TRY(payload.open(event));
      const FormatDescription inner_format = format.without_checksum();
      std::string_view raw;
      while (true) {
        TRY_VALUE(const bool more, payload.next(raw));
        if (!more) return {};
        TRY_VALUE(const EventView inner, parse_event(raw, inner_format));
        TRY(process(inner));
      }
    }
    case EventType::incident: {
      TRY_VALUE(const IncidentEvent incident, parse_incident(event));
      return fail(ErrorCode::data_incident, fmt::format("{} {}", incident.number, incident.message));
    }
    case EventType::load:
    case EventType::new_load:
    case EventType::start_encryption:
      return fail(refuse_event(event.header.type));
    default:
      break;
  }
  if (is_rows_event(event.header.type)) return on_rows(event);
  if (is_pre_ga_rows_event(event.header.type)) return fail(refuse_event(event.header.type));
  return {};
}

Status BinlogStream::State::on_rotate(const EventView& event) {
  TRY_VALUE(const RotateEvent rotate, parse_rotate(event, format));
  context.position.file.assign(rotate.file);
  context.position.offset = rotate.position;
  if (!group.open) {
    const model::BinlogPosition reached{context.position.file, context.position.offset};
    if (end.at < reached) {
      end.at = reached;
      if (has_passed_emitted()) TRY(handler->on_advance(end, 0));
    }
  }
  return {};
}

// At a file's head its server says what all files before hold. On a stream that began by file it is the first word on
// that.
Status BinlogStream::State::on_previous_gtids(const EventView& event) {
  if (set_known || event.header.is_artificial() || event.header.next_position == 0) return {};
  TRY_VALUE(end.gtid_set, event.header.type == EventType::previous_gtids ? parse_previous_gtids(event)
                                                                         : parse_mariadb_gtid_list(event));
  set_known = !end.gtid_set.empty();
  return {};
}

Status BinlogStream::State::on_heartbeat(const EventView& event) {
  TRY_VALUE(const HeartbeatEvent heartbeat, parse_heartbeat(event));
  if (group.open) return {};
  model::BinlogPosition reached{std::string(heartbeat.file), heartbeat.position};
  // The first kind has 32 bits for the offset. It never lies before what was sent.
  if (event.header.type == EventType::heartbeat && reached.offset != 0 && reached.offset <= UINT32_MAX &&
      end.at.offset > UINT32_MAX && reached.file == end.at.file)
    reached.offset = widened(end.at.offset, static_cast<std::uint32_t>(reached.offset));
  if (reached.offset > 0 && end.at < reached) {
    end.at = reached;
    context.position = reached;
  }
  if (!has_passed_emitted()) return {};
  TRY(handler->on_advance(end, 0));
  return {};
}

// The former group must have ended: else its rows, or the id they are held under, would become part of the next.
Status BinlogStream::State::expect_no_group() {
  if (group.open && (group.has_rows || !group.xid.empty()))
    return fail(ErrorCode::data_event_malformed,
                "a transaction begins before the one at " + context.safe_position.text() + " has ended");
  group.open = false;
  return {};
}

Status BinlogStream::State::on_gtid(const EventView& event) {
  TRY_VALUE(const GtidEvent gtid, parse_gtid(event));
  TRY(expect_no_group());
  TRY(begin_group());
  if (!gtid.is_anonymous) {
    group.gtid_source = gtid.source_text();
    group.gtid_number = gtid.number;
    group.skip = already_emitted();
  }
  return {};
}

Status BinlogStream::State::on_mariadb_gtid(const EventView& event) {
  TRY_VALUE(const MariaDbGtidEvent gtid, parse_mariadb_gtid(event));
  TRY(expect_no_group());
  TRY(begin_group());
  group.domain = gtid.domain;
  group.gtid_number = gtid.sequence;
  group.skip = already_emitted();
  group.in_begin = !gtid.is_standalone();
  if (gtid.is_prepared_xa() && gtid.xa) {
    begin_prepared(gtid.xa->key());
  }
  return {};
}

Status BinlogStream::State::on_query(const EventView& event) {
  TRY_VALUE(const QueryEvent query, parse_query(event, format, scratch));
  TRY(begin_group());
  if (query.sql == "BEGIN") {
    group.in_begin = true;
    context.thread_id = query.thread_id;
    return {};
  }
  if (query.sql == "COMMIT") return commit_group();
  if (query.sql == "ROLLBACK") {
    const bool had_rows = group.has_rows && !group.skip;
    close_group();
    if (!had_rows) return {};
    base::log::warn("a transaction at {} ends with ROLLBACK in the log; its rows are dropped", end.at.text());
    return handler->on_rollback(end);
  }
  if (group.in_begin && query.sql.starts_with("SAVEPOINT ")) {
    group.savepoints.emplace_back(query.sql.substr(sizeof "SAVEPOINT " - 1), group.rows_events);
    return {};
  }
  if (group.in_begin && query.sql.starts_with("ROLLBACK TO "))
    return on_rollback_to(query.sql.substr(sizeof "ROLLBACK TO " - 1));
  TRY_VALUE(const std::optional<XaStatement> xa, parse_xa_statement(query.sql));
  if (xa) {
    context.thread_id = query.thread_id;
    return on_xa_statement(*xa);
  }
  if (!group.skip) {
    TRY_VALUE(const std::vector<std::uint32_t> named, names.captured(query.database, query.sql));
    context.thread_id = query.thread_id;
    if (!named.empty())
      TRY(handler->on_statement(named, query.sql, context));
    else if (!group.in_begin && names.has_database(query.database))
      handler->on_other_table(query.database, {}, query.sql);
  }
  if (!group.in_begin) return commit_group();
  return {};
}

// Servers log it, and the rows it undoes, when the transaction also wrote to a table without transactions (measured on
// MariaDB 10.11: the rows behind the savepoint stand in the log as if they had happened).
Status BinlogStream::State::on_rollback_to(std::string_view savepoint) {
  std::uint32_t rows_events = 0;
  for (const auto& [name, then] : group.savepoints)
    if (name == savepoint) rows_events = then;  // a name given twice stands for the later one
  if (group.skip || group.rows_events == rows_events) return {};
  return fail(
      ErrorCode::data_event_unsupported,
      fmt::format("ROLLBACK TO {} undoes rows that are in the log; don't use tables without transactions (MyISAM) "
                  "between savepoints",
                  savepoint));
}

Status BinlogStream::State::on_xa_statement(const XaStatement& statement) {
  const std::string xid = statement.id.key();
  switch (statement.verb) {
    case XaVerb::start:  // MySQL
      group.in_begin = true;
      begin_prepared(xid);
      return {};
    case XaVerb::end:
    case XaVerb::prepare:
      return {};
    case XaVerb::commit:
      return decide(xid, true);
    case XaVerb::rollback:
      return decide(xid, false);
  }
  return {};
}

Status BinlogStream::State::decide(const std::string& xid, bool commit) {
  const bool again = decided.contains(xid);  // a server that died between log and engine lets it be decided once more
  remember_decided(xid);
  if (!held.contains(xid)) {
    if (commit && !group.skip && !again)
      return fail(ErrorCode::source_xa_unseen,
                  fmt::format("XA COMMIT {}, read from {} on", xid, start.restart.at.text()));
    return commit_group();
  }
  if (commit && !group.skip) {
    table_ids.clear();
    group.xid.clear();  // from here on rows are handed on, not held
    TRY(held.replay(xid, [&](const EventView& kept) {
      return kept.header.type == EventType::table_map ? on_table_map(kept) : on_rows(kept);
    }));
  }
  held.drop(xid);
  group.xid.clear();
  return commit_group();
}

Status BinlogStream::State::on_table_map(const EventView& event) {
  TRY_VALUE(const TableName name, parse_table_name(event, format));
  const std::int64_t table = names.find(name.database, name.table);
  table_ids.emplace_back(name.table_id, table);
  if (table < 0) {
    if (!group.skip && names.has_database(name.database)) handler->on_other_table(name.database, name.table, {});
    return {};
  }
  if (!group.xid.empty()) return held.add(group.xid, event);
  if (group.skip) return {};
  Bound& layout = bound[static_cast<std::size_t>(table)];
  TRY(layout.map.parse(event, format));
  if (!layout.plan || !layout.plan->fits(layout.map)) {
    TRY_VALUE(layout.plan, RowPlan::make(layout.map, tables[static_cast<std::size_t>(table)].schema));
  }
  return {};
}

Status BinlogStream::State::on_rows(const EventView& event) {
  TRY_VALUE(const std::uint64_t id, parse_rows_table_id(event, format));
  const auto known = std::find_if(table_ids.rbegin(), table_ids.rend(), [&](const auto& t) { return t.first == id; });
  if (known == table_ids.rend()) {
    if (id == RowsEvent::dummy_table_id) return {};
    return fail(ErrorCode::data_event_malformed, fmt::format("rows of table id {} without a table map", id));
  }
  if (known->second < 0) return {};
  ++group.rows_events;
  if (!group.xid.empty()) return held.add(group.xid, event);
  if (group.skip) return {};
  return deliver_rows(event, static_cast<std::uint32_t>(known->second));
}

Status BinlogStream::State::deliver_rows(const EventView& event, std::uint32_t table) {
  if (auto opened = reader.open(event, format, *bound[table].plan); !opened)
    return fail(std::move(opened.error()).in(tables[table].database + "." + tables[table].table));
  const RowsEvent& rows = reader.event();
  TRY(require_full_image(rows.columns_before, *tables[table].schema));
  if (rows.change == RowChange::update) TRY(require_full_image(rows.columns_after, *tables[table].schema));
  group.has_rows = true;
  return handler->on_rows(table, reader, context);
}

Status BinlogStream::State::run(StreamHandler& to, const base::CancelToken& cancel) {
  handler = &to;
  while (!cancel.requested()) {
    auto raw = connection.read_event();
    if (!raw) {
      if (cancel.requested()) break;
      return fail(std::move(raw.error()));
    }
    if (raw->empty())
      return fail(ErrorCode::source_lost, "the server ended the binlog stream", connection.endpoint().address());
    TRY(take(*raw));
    if (!group.open && !connection.has_data()) TRY(handler->on_idle());
  }
  return fail(ErrorCode::cancelled);
}

BinlogStream::BinlogStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
BinlogStream::~BinlogStream() = default;

Result<std::unique_ptr<BinlogStream>> BinlogStream::open(const Instance& instance, std::vector<CapturedTable> tables,
                                                         const StreamStart& start, const StreamOptions& options) {
  mysql::Endpoint endpoint = instance.endpoint;
  endpoint.read_timeout_s = silence_s_max;
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(endpoint));
  mysql::DumpStart dump;
  StreamStart from = start;
  // The dump command has 32 bits for the offset. Behind them the file is read from its head, and what was handed on
  // skipped.
  if (!start.by_gtid && from.restart.at.offset > UINT32_MAX) from.restart.at.offset = file_head;
  dump.at = from.restart.at;
  if (start.by_gtid) dump.gtid_set = start.restart.gtid_set;
  dump.server_id = options.server_id;
  dump.uuid = options.replica_uuid;
  dump.heartbeat_ms = options.heartbeat_ms;
  TRY(connection.start_dump(dump));
  auto state = std::make_unique<State>(std::move(connection), std::move(tables), from, options);
  state->context.position = from.restart.at;
  return std::unique_ptr<BinlogStream>(new BinlogStream(std::move(state)));
}

Status BinlogStream::run(StreamHandler& handler, const base::CancelToken& cancel) {
  return state_->run(handler, cancel);
}
void BinlogStream::abort() { state_->connection.abort(); }
std::size_t BinlogStream::held_count() const { return state_->held.count(); }
const std::set<std::string>& BinlogStream::recently_decided() const { return state_->decided; }
std::uint64_t BinlogStream::decided_count() const { return state_->decided_count; }

StreamPosition BinlogStream::restart_position(const StreamPosition& emitted) const {
  const StreamPosition* held = state_->held.oldest_begin();
  StreamPosition restart = held ? *held : emitted;
  // A set of only what was read since the start is of no use: a server asked by it would send all that lies before.
  if (!state_->set_known) restart.gtid_set = {};
  return restart;
}

}  // namespace tributary::source
