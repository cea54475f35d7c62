#include "pipeline/start_position.h"

#include <fmt/format.h>

#include <set>

#include "source/snapshot/view.h"

namespace tributary::pipeline {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

// MariaDB has no UUID; its servers differ by their ids.
Result<std::string> server_identity(mysql::Connection& connection) {
  TRY_VALUE(const mysql::Table rows,
            connection.query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_id', 'server_uuid')"));
  std::string id;
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    if (rows.text(i, "Variable_name") == "server_uuid") return std::string(rows.text(i, "Value"));
    id = rows.text(i, "Value");
  }
  return id;
}

}  // namespace

Result<mysql::Connection> open_for_questions(const source::Instance& instance) {
  constexpr int silence_s_max = 60;
  mysql::Endpoint endpoint = instance.endpoint;
  endpoint.read_timeout_s = silence_s_max;
  return mysql::Connection::open(endpoint);
}

Result<source::StreamStart> choose_start(const Config& config, const source::Instance& instance,
                                         checkpoint::StreamState& state, const base::CancelToken& cancel) {
  source::StreamStart start;
  if (state.started) {
    start.emitted.at = state.emitted;
    start.restart.at = state.restart;
    TRY_VALUE(start.emitted.gtid_set, model::GtidSet::parse(state.emitted_gtid_set));
    TRY_VALUE(start.restart.gtid_set, model::GtidSet::parse(state.restart_gtid_set));
    start.by_gtid = !start.restart.gtid_set.empty();
    TRY_VALUE(mysql::Connection connection, open_for_questions(instance));
    TRY_VALUE(const std::string identity, server_identity(connection));
    // Another server's files may have the same names: what stands at the offset there is anything.
    if (!start.by_gtid && !state.server_uuid.empty() && state.server_uuid != identity)
      return fail(ErrorCode::source_topology,
                  fmt::format("it is server {} now and was {}: {} can't be found again there", identity,
                              state.server_uuid, start.restart.at.text()),
                  instance.name);
    state.server_uuid = identity;
    return start;
  }
  TRY_VALUE(mysql::Connection connection, open_for_questions(instance));
  TRY_VALUE(state.server_uuid, server_identity(connection));
  // The order matters: position, prepared transactions, position. What is emitted begins at the second one. A
  // transaction undecided there was prepared behind the first, where reading starts, or is in the list.
  TRY_VALUE(const source::LogEnd before, source::read_log_end(connection));
  TRY_VALUE(std::set<std::string> prepared, source::read_prepared_xids(connection));
  TRY_VALUE(const source::LogEnd end, source::read_log_end(connection));
  if (before.position.empty() || end.position.empty())
    return fail(ErrorCode::source_binlog_off, "SHOW MASTER STATUS is empty", instance.name);
  start.emitted.at = end.position;
  if (end.gtid_set) start.emitted.gtid_set = *end.gtid_set;
  if (const auto given = config.start.find(instance.name); given != config.start.end()) {
    start.emitted.at = given->second.binlog;
    start.emitted.gtid_set = {};
    if (!given->second.gtid_set.empty()) {
      TRY_VALUE(start.emitted.gtid_set, model::GtidSet::parse(given->second.gtid_set));
      start.emitted.at = {};
    }
  }
  start.restart = start.emitted;
  if (start.emitted.at == end.position) {
    start.restart.at = before.position;
    if (before.gtid_set) start.restart.gtid_set = *before.gtid_set;
  }
  if (!prepared.empty() && !start.emitted.at.empty()) {
    TRY_VALUE(start.restart, source::find_prepared(instance, start.restart, config.server_id, prepared, cancel));
    if (!prepared.empty())
      return fail(ErrorCode::source_xa_undecided,
                  fmt::format("{} transactions, the first is {}", prepared.size(), *prepared.begin()), instance.name);
  }
  // A set begins with the first transaction, or it is of no use for asking the server.
  if (start.emitted.gtid_set.empty()) start.restart.gtid_set = {};
  start.by_gtid = !start.restart.gtid_set.empty();
  state.started = true;
  state.flavour = instance.flavour == mysql::Flavour::mariadb ? "mariadb" : "mysql";
  state.emitted = start.emitted.at;
  state.emitted_gtid_set = start.emitted.gtid_set.text();
  state.restart = start.restart.at;
  state.restart_gtid_set = start.restart.gtid_set.text();
  state.next_record_id = 1;
  return start;
}

}  // namespace tributary::pipeline
