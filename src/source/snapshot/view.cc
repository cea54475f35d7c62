#include "source/snapshot/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using mysql::Connection;
using mysql::Flavour;

namespace {

constexpr std::int64_t poll_ms = 5;
constexpr std::int64_t barrier_wait_ms_max = 60'000;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

bool logs_xa_at_prepare(const Connection& c) {
  return c.flavour() == Flavour::mariadb ? c.version_number() >= 100500 : c.version_number() >= 50707;
}

}  // namespace

Result<LogEnd> read_log_end(Connection& connection) {
  const bool new_name = connection.flavour() == Flavour::mysql && connection.version_number() >= 80200;
  TRY_VALUE(const mysql::Table row, connection.query(new_name ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS"));
  LogEnd end;
  if (row.rows.empty()) return end;
  end.position.file = row.text(0, "File");
  end.do_databases = row.text(0, "Binlog_Do_DB");
  end.ignore_databases = row.text(0, "Binlog_Ignore_DB");
  end.position.offset = std::strtoull(std::string(row.text(0, "Position")).c_str(), nullptr, 10);
  if (connection.flavour() == Flavour::mariadb) {
    // Asked for by position: @@gtid_binlog_pos could be of another moment.
    TRY_VALUE(const std::string set,
              connection.scalar(fmt::format("SELECT BINLOG_GTID_POS({}, {})", connection.quote(end.position.file),
                                            end.position.offset)));
    TRY_VALUE(end.gtid_set, model::GtidSet::parse(set));
  } else if (row.column("Executed_Gtid_Set") >= 0) {
    TRY_VALUE(const mysql::Table mode, connection.query("SHOW GLOBAL VARIABLES LIKE 'gtid_mode'"));
    if (!mode.rows.empty() && mode.text(0, "Value") == "ON") {
      TRY_VALUE(end.gtid_set, model::GtidSet::parse(row.text(0, "Executed_Gtid_Set")));
    }
  }
  return end;
}

Result<std::set<std::string>> read_prepared_xids(Connection& connection) {
  std::set<std::string> keys;
  if (!logs_xa_at_prepare(connection)) return keys;  // there a prepared transaction reaches the log at its commit
  const bool mariadb = connection.flavour() == Flavour::mariadb;
  // MariaDB's FORMAT='SQL' writes an id in hex or as text, as it likes; its plain form is the bytes themselves.
  auto rows = connection.query(mariadb ? "XA RECOVER" : "XA RECOVER CONVERT XID");
  if (!rows) {
    if (connection.server_errno() == 1227 || connection.server_errno() == 1401)
      return fail(ErrorCode::source_privilege, "XA RECOVER is refused; grant XA_RECOVER_ADMIN", rows.error().where);
    return fail(std::move(rows.error()));
  }
  for (std::size_t i = 0; i < rows->rows.size(); ++i) {
    std::string digits;
    if (mariadb) {
      for (const unsigned char byte : rows->text(i, "data")) fmt::format_to(std::back_inserter(digits), "{:02x}", byte);
    } else {  // 0x616263
      digits = lower(rows->text(i, "data"));
      if (digits.starts_with("0x")) digits.erase(0, 2);
    }
    const std::size_t gtrid = std::strtoull(std::string(rows->text(i, "gtrid_length")).c_str(), nullptr, 10) * 2;
    keys.insert(fmt::format("X'{}',X'{}',{}", digits.substr(0, gtrid), digits.substr(std::min(gtrid, digits.size())),
                            rows->text(i, "formatID")));
  }
  return keys;
}

Result<Connection> open_snapshot_connection(const Instance& instance) {
  auto opened = Connection::open(instance.endpoint);
  if (!opened) return fail(std::move(opened.error()).in("instance " + instance.name));
  Connection connection = std::move(*opened);
  TRY(
      connection.execute("SET SESSION time_zone = '+00:00', sql_mode = '', net_write_timeout = 86400, "
                         "net_read_timeout = 86400, wait_timeout = 86400, sql_select_limit = DEFAULT"));
  TRY(connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"));
  if (connection.flavour() == Flavour::mariadb)
    TRY(connection.execute("SET SESSION max_statement_time = 0"));
  else if (connection.version_number() >= 50708)
    TRY(connection.execute("SET SESSION max_execution_time = 0"));
  TRY(connection.execute("SET character_set_results = NULL"));
  return connection;
}

Status pass_barrier(Connection& connection, const Instance& instance, const EmittedState& emitted,
                    const std::function<Result<bool>()>& beat, const base::CancelToken& cancel) {
  auto& waiting = const_cast<base::CancelToken&>(cancel);
  std::int64_t waited_ms = 0;
  std::string waits_for = "committed transactions";
  const auto wait = [&]() -> Status {
    if (waiting.wait_for_ms(poll_ms)) return fail(ErrorCode::cancelled);
    if ((waited_ms += poll_ms) > barrier_wait_ms_max)
      return fail(ErrorCode::source_not_visible, waits_for, instance.name);
    return {};
  };
  // Transactions the stream saw decided that the engine has not finished yet. An id that is listed may also be one that
  // was used again behind the stream: then the stream will come to its PREPARE.
  while (!emitted.recently_decided_xids.empty()) {
    TRY_VALUE(const std::set<std::string> prepared, read_prepared_xids(connection));
    const std::set<std::string> still = emitted.still_decided ? emitted.still_decided() : emitted.recently_decided_xids;
    const auto pending =
        std::find_if(emitted.recently_decided_xids.begin(), emitted.recently_decided_xids.end(),
                     [&](const std::string& xid) { return prepared.contains(xid) && still.contains(xid); });
    if (pending == emitted.recently_decided_xids.end()) break;
    waits_for = "XA transaction " + *pending + ", decided in the log and still listed by XA RECOVER";
    TRY(wait());
  }
  waits_for = "committed transactions";
  if (instance.flavour == Flavour::mariadb) return {};  // open_view() compares exact positions
  TRY_VALUE(const mysql::Table order, connection.query("SHOW GLOBAL VARIABLES LIKE 'binlog_order_commits'"));
  const bool in_log_order = order.rows.empty() || order.text(0, "Value") == "ON";
  if (in_log_order) {
    TRY_VALUE(const bool beaten, beat());
    if (beaten) return {};
  }
  if (emitted.gtid_set.empty())
    return fail(ErrorCode::source_barrier,
                in_log_order ? "no right to write dts_health_check.ha_health_check, and no GTIDs"
                             : "binlog_order_commits = OFF, and no GTIDs",
                instance.name);
  while (true) {
    TRY_VALUE(const std::string text, connection.scalar("SELECT @@global.gtid_executed"));
    TRY_VALUE(const model::GtidSet executed, model::GtidSet::parse(text));
    if (executed.contains(emitted.gtid_set)) return {};
    TRY(wait());
  }
}

Result<model::BinlogPosition> open_view(Connection& connection, const Instance& instance, const EmittedState& emitted,
                                        const std::function<Result<bool>()>& beat, base::CancelToken& cancel) {
  // Without a stream there is nothing to be tied to, and no right to ask for positions is needed.
  const bool has_stream = !emitted.position.empty() || !emitted.gtid_set.empty();
  if (has_stream) TRY(pass_barrier(connection, instance, emitted, beat, cancel));
  std::int64_t waited_ms = 0;
  while (true) {
    TRY(connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT"));
    if (instance.flavour == Flavour::mysql) {
      auto end = read_log_end(connection);
      if (!end && (has_stream || end.error().code != ErrorCode::source_query)) return fail(std::move(end.error()));
      return end ? end->position : model::BinlogPosition{};
    }
    TRY_VALUE(const mysql::Table status, connection.query("SHOW STATUS LIKE 'binlog_snapshot_%'"));
    model::BinlogPosition exact;
    for (std::size_t i = 0; i < status.rows.size(); ++i) {
      const std::string_view name = status.text(i, "Variable_name");
      const std::string value(status.text(i, "Value"));
      if (lower(name) == "binlog_snapshot_file") exact.file = value;
      if (lower(name) == "binlog_snapshot_position") exact.offset = std::strtoull(value.c_str(), nullptr, 10);
    }
    if (emitted.position.empty() || exact >= emitted.position) return exact;
    // The dump has sent a transaction that the engine is still committing.
    TRY(end_view(connection));
    if (cancel.wait_for_ms(poll_ms)) return fail(ErrorCode::cancelled);
    if ((waited_ms += poll_ms) > barrier_wait_ms_max)
      return fail(ErrorCode::source_not_visible,
                  fmt::format("the view's position {} stays behind {}", exact.text(), emitted.position.text()),
                  instance.name);
  }
}

Status end_view(Connection& connection) {
  TRY(connection.execute("ROLLBACK"));
  return {};
}

}  // namespace tributary::source
