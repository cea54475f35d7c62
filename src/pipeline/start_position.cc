#include "pipeline/start_position.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/log.h"
#include "mysql/server.h"
#include "pipeline/resume_check.h"
#include "pipeline/source_check.h"
#include "source/snapshot/view.h"

namespace tributary::pipeline {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using model::GtidSet;
using mysql::Connection;

namespace {

constexpr int silence_s_max = 60;

mysql::Endpoint for_questions(mysql::Endpoint endpoint) {
  endpoint.read_timeout_s = silence_s_max;
  return endpoint;
}

// The server behind a connection, and no other, as an endpoint for the attempt's other connections.
mysql::Endpoint pinned(const source::Instance& instance, const Connection& connection, std::string identity) {
  mysql::Endpoint endpoint = instance.endpoint.at({connection.endpoint().host, connection.endpoint().port});
  endpoint.expected_server = std::move(identity);
  return endpoint;
}

void warn_if_read_only(const source::Instance& instance, const mysql::Server& server) {
  if (!server.writable && !instance.endpoint.others.empty())
    base::log::warn("{}: none of its addresses leads to a writable server; {} is read", instance.name,
                    server.connection.endpoint().address());
}

// MariaDB knows the set of any place in its files. Empty elsewhere, or if it does not say.
GtidSet set_at(Connection& connection, const model::BinlogPosition& at) {
  if (connection.flavour() != mysql::Flavour::mariadb) return {};
  const auto text =
      connection.scalar(fmt::format("SELECT BINLOG_GTID_POS({}, {})", connection.quote(at.file), at.offset));
  if (!text) return {};
  return GtidSet::parse(*text).value_or(GtidSet{});
}

// What the task names as its start; `end` is unchanged if it names none.
Status use_given_start(const Config& config, const source::Instance& instance, Connection& connection,
                       std::uint32_t server_id, source::StreamStart& start, bool& is_given) {
  const auto given = config.start.find(instance.name);
  is_given = given != config.start.end();
  if (!is_given) return {};
  start.emitted = {};
  if (!given->second.gtid_set.empty()) {
    TRY_VALUE(start.emitted.gtid_set, GtidSet::parse(given->second.gtid_set));
    return check_gtids(connection, {start.emitted, start.emitted}, server_id);
  }
  start.emitted.at = given->second.binlog;
  start.emitted.gtid_set = set_at(connection, start.emitted.at);
  return check_files(connection, {start.emitted, start.emitted});
}

Result<StartPoint> begin_on(const Config& config, const source::Instance& instance, checkpoint::StreamState& state,
                            mysql::Server& server, std::uint32_t& attempt, const base::CancelToken& cancel) {
  Connection& connection = server.connection;
  StartPoint out;
  TRY_VALUE(state.server_uuid, mysql::server_identity(connection));
  TRY_VALUE(out.replica, choose_replica_id(connection, config, instance.name, attempt));
  out.server = pinned(instance, connection, state.server_uuid);
  // The order matters: position, prepared transactions, position. What is emitted begins at the second one. A
  // transaction undecided there was prepared behind the first, where reading starts, or is in the list.
  TRY_VALUE(const source::LogEnd before, source::read_log_end(connection));
  TRY_VALUE(std::set<std::string> prepared, source::read_prepared_xids(connection));
  TRY_VALUE(const source::LogEnd end, source::read_log_end(connection));
  if (before.position.empty() || end.position.empty())
    return fail(ErrorCode::source_binlog_off, "SHOW MASTER STATUS is empty", instance.name);
  source::StreamStart& start = out.stream;
  start.emitted.at = end.position;
  if (end.gtid_set) start.emitted.gtid_set = *end.gtid_set;
  bool is_given = false;
  TRY(use_given_start(config, instance, connection, out.replica.server_id, start, is_given));
  start.restart = start.emitted;
  if (!is_given) {
    start.restart.at = before.position;
    if (before.gtid_set) start.restart.gtid_set = *before.gtid_set;
  }
  if (!prepared.empty()) {
    source::Instance here = instance;
    here.endpoint = out.server;
    TRY_VALUE(start.restart, source::find_prepared(here, start.restart, out.replica.server_id, prepared, cancel));
    if (!prepared.empty())
      return fail(ErrorCode::source_xa_undecided,
                  fmt::format("{} transactions, the first is {}", prepared.size(), *prepared.begin()), instance.name);
  }
  // A set begins with the first transaction, or it is of no use for asking the server.
  if (start.emitted.gtid_set.empty()) start.restart.gtid_set = {};
  // A place the task names in a file may be one at which no set is known: the file is what was asked for.
  start.by_gtid = !start.restart.gtid_set.empty() && !(is_given && !start.emitted.at.empty());
  out.positions_known = !start.emitted.at.empty();
  out.views_from = end.position;
  state.started = true;
  state.flavour = instance.flavour == mysql::Flavour::mariadb ? "mariadb" : "mysql";
  state.emitted = start.emitted.at;
  state.emitted_gtid_set = start.emitted.gtid_set.text();
  state.restart = start.restart.at;
  state.restart_gtid_set = start.restart.gtid_set.text();
  state.changed_gtid_set = state.emitted_gtid_set;
  state.next_record_id = 1;
  return out;
}

// A server that died may have kept a heartbeat to itself. What the new one lacks does not matter if nothing since was
// of the task's tables: the stream goes on behind the last transaction that was, and reads the others again for
// nothing.
Status leave_out_what_is_of_no_concern(const source::Instance& instance, Connection& connection,
                                       const checkpoint::StreamState& state, source::StreamStart& start) {
  TRY_VALUE(const GtidSet changed, GtidSet::parse(state.changed_gtid_set));
  if (changed.empty() || changed.is_mariadb() != (connection.flavour() == mysql::Flavour::mariadb)) return {};
  TRY_VALUE(const GtidSet missing, lacking_gtids(connection, start.emitted.gtid_set));
  if (missing.empty()) return {};
  TRY_VALUE(const GtidSet missing_changes, lacking_gtids(connection, changed));
  if (!missing_changes.empty()) return {};
  base::log::warn("{}: {} lacks {}; none of it is of the task's tables", instance.name, connection.endpoint().address(),
                  missing.text());
  start.emitted.gtid_set = changed;
  if (!changed.contains(start.restart.gtid_set)) start.restart.gtid_set = changed;
  return {};
}

Result<StartPoint> resume_on(const Config& config, const source::Instance& instance,
                             const checkpoint::StreamState& state, mysql::Server& server, std::uint32_t& attempt) {
  Connection& connection = server.connection;
  StartPoint out;
  source::StreamStart& start = out.stream;
  start.emitted.at = state.emitted;
  start.restart.at = state.restart;
  TRY_VALUE(start.emitted.gtid_set, GtidSet::parse(state.emitted_gtid_set));
  TRY_VALUE(start.restart.gtid_set, GtidSet::parse(state.restart_gtid_set));
  TRY_VALUE(const std::string identity, mysql::server_identity(connection));
  TRY_VALUE(out.replica, choose_replica_id(connection, config, instance.name, attempt));
  out.server = pinned(instance, connection, identity);
  const bool same = state.server_uuid.empty() || mysql::is_same_server(state.server_uuid, identity);
  start.by_gtid = !start.restart.gtid_set.empty();
  if (start.by_gtid && same && connection.flavour() == mysql::Flavour::mysql && !start.restart.at.empty()) {
    std::string mode;
    TRY_VALUE(start.by_gtid, logs_gtids_only(connection, &mode));
    if (!start.by_gtid) {
      base::log::warn("{}: gtid_mode = {} there: it goes on by file and offset, which only this server understands",
                      instance.name, mode);
      start.restart.gtid_set = start.emitted.gtid_set = {};
    }
  }
  if (!same) {
    TRY(check_settings(connection, "instance " + instance.name));
  }
  if (!start.by_gtid) {
    if (!same)
      return fail(ErrorCode::source_changed,
                  fmt::format("it is server {} now and was {}, read up to {}", identity, state.server_uuid,
                              start.restart.at.text()),
                  instance.name);
    TRY(check_files(connection, {start.restart, start.emitted}));
    start.restart.gtid_set = set_at(connection, start.restart.at);
    start.emitted.gtid_set = set_at(connection, start.emitted.at);
    out.positions_known = true;
    return out;
  }
  TRY(leave_out_what_is_of_no_concern(instance, connection, state, start));
  TRY(check_gtids(connection, {start.restart, start.emitted}, out.replica.server_id));
  // The same name does not make it the same files: a server may have been restored.
  start.emitted.at = start.restart.at = {};
  TRY_VALUE(const source::LogEnd end, source::read_log_end(connection));
  if (end.position.empty()) return fail(ErrorCode::source_binlog_off, "SHOW MASTER STATUS is empty", instance.name);
  out.views_from = end.position;
  return out;
}

void note_server(const source::Instance& instance, checkpoint::StreamState& state, const StartPoint& point) {
  const std::string& identity = point.server.expected_server;
  if (!state.server_uuid.empty() && !mysql::is_same_server(state.server_uuid, identity)) {
    base::log::warn("{}: server {} at {} takes over from {}; it goes on behind {}", instance.name, identity,
                    point.server.address(), state.server_uuid, point.stream.restart.gtid_set.text());
    state.emitted = state.restart = {};  // places in the former server's files
    state.sliced_to_id = 0;              // another transaction may come first there
  }
  state.server_uuid = identity;
}

}  // namespace

Result<Connection> open_for_questions(const source::Instance& instance) {
  return Connection::open(for_questions(instance.endpoint));
}

Result<mysql::Endpoint> choose_server(const source::Instance& instance) {
  TRY_VALUE(std::vector<mysql::Server> servers, mysql::reachable_servers(for_questions(instance.endpoint), true));
  warn_if_read_only(instance, servers.front());
  TRY_VALUE(std::string identity, mysql::server_identity(servers.front().connection));
  return pinned(instance, servers.front().connection, std::move(identity));
}

Result<StartPoint> choose_start(const Config& config, const source::Instance& instance, checkpoint::StreamState& state,
                                std::uint32_t& attempt, const base::CancelToken& cancel) {
  TRY_VALUE(std::vector<mysql::Server> servers,
            mysql::reachable_servers(for_questions(instance.endpoint), !state.started));
  if (!state.started) {
    warn_if_read_only(instance, servers.front());
    return begin_on(config, instance, state, servers.front(), attempt, cancel);
  }
  // Of two that may be written the former one is the one not to leave.
  for (mysql::Server& server : servers) {
    TRY_VALUE(const std::string identity, mysql::server_identity(server.connection));
    if (!server.writable || !mysql::is_same_server(state.server_uuid, identity)) continue;
    std::swap(server, servers.front());
    break;
  }
  std::optional<Error> problem;
  for (mysql::Server& server : servers) {
    Result<StartPoint> point = resume_on(config, instance, state, server, attempt);
    if (point) {
      warn_if_read_only(instance, server);
      note_server(instance, state, *point);
      return point;
    }
    if (!problem) problem = std::move(point.error());
  }
  // The server that has what this one lacks may be the one that does not answer now.
  if (problem->code == ErrorCode::source_diverged && servers.size() <= instance.endpoint.others.size()) {
    problem->code = ErrorCode::source_behind;
    problem->what += "; another address does not answer";
  }
  return fail(std::move(*problem));
}

}  // namespace tributary::pipeline
