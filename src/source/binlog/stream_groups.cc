// Transactions and statements: where a group begins and ends, what is held back, and what changes tables.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "source/binlog/statement_context.h"
#include "source/binlog/stream_state.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t recently_decided_max = 4096;

}  // namespace

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
  group.has_heartbeat = false;
  group.xid.clear();
  group.gtid_source.clear();
  group.gtid_number = 0;
  group.is_without_effect = false;
  group.schema = tables.number();
  group.rows_events = 0;
  group.savepoints.clear();
  table_ids.clear();
  context.thread_id = 0;
  context.gtid.clear();
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
  end.schema = tables.number();
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
  if (group.has_heartbeat && !has_rows) TRY(handler->on_heartbeat_write(context));
  return has_rows ? handler->on_commit(end) : handler->on_advance(end, context.timestamp_s);
}

// An id may be used again once the engine has finished with it: from then on it is not one that waits to become
// visible.
void BinlogStream::State::begin_prepared(const std::string& xid) {
  group.xid = xid;
  held.start(xid, {context.safe_position, end.gtid_set, end.schema});
  listed.erase(xid);
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
    fmt::format_to(std::back_inserter(context.gtid), "{}:{}", group.gtid_source, gtid.number);
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
  fmt::format_to(std::back_inserter(context.gtid), "{}-{}-{}", gtid.domain, context.server_id, gtid.sequence);
  group.skip = already_emitted();
  group.in_begin = !gtid.is_standalone();
  group.is_without_effect = gtid.is_alter_without_effect();
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
  context.thread_id = query.thread_id;
  if (!group.is_without_effect) TRY(on_statement(query));
  if (!group.in_begin) return commit_group();
  return {};
}

Status BinlogStream::State::on_statement(const QueryEvent& query) {
  const StatementContext session = statement_context(query, tables.traits());
  TRY_VALUE(const std::optional<SchemaChange> change,
            tables.apply(session, query.sql, context.position, group.skip, ask()));
  if (!change) {
    if (!group.skip && !group.in_begin && tables.has_database(query.database))
      handler->on_other_table(query.database, {}, query.sql);
    return {};
  }
  bound.resize(tables.size());
  group.schema = tables.number();
  const StreamPosition* oldest = held.oldest_begin();
  tables.forget_before(oldest ? std::min(oldest->schema, end.schema) : end.schema);
  return handler->on_schema_change(*change, tables, context);
}

AskStructures BinlogStream::State::ask() {
  return [this](const StructureQuestion& question) { return handler->on_structures_unknown(question); };
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
  // A server that died between log and engine lets it be decided once more.
  const bool again = decided.contains(xid) || listed.contains(xid);
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
    group.schema = held.begin(xid)->schema;
    TRY(held.replay(xid, [&](const EventView& kept) {
      return kept.header.type == EventType::table_map ? on_table_map(kept) : on_rows(kept);
    }));
  }
  held.drop(xid);
  group.xid.clear();
  return commit_group();
}

}  // namespace tributary::source
