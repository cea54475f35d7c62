#include "pipeline/resume_check.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "mysql/server.h"
#include "source/binlog/cursor.h"
#include "source/binlog/event_body.h"

namespace tributary::pipeline {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using model::GtidSet;
using mysql::Connection;

namespace {

constexpr std::size_t shown_max = 600;  // of a set, in a message

struct MariaDbGtid {
  std::uint32_t domain, server_id;
  std::uint64_t sequence;
};

// A state lists each domain and server id, the latest of a domain last.
std::vector<MariaDbGtid> parse_state(std::string_view text) {
  std::vector<MariaDbGtid> out;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (const auto one = GtidSet::parse(text.substr(0, comma)))
      for (const auto& [domain, gtid] : one->mariadb()) out.push_back({domain, gtid.server_id, gtid.sequence});
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

std::string shown(const GtidSet& set) {
  std::string text = set.text();
  if (text.size() > shown_max) text = text.substr(0, shown_max) + "...";
  return text;
}

// Whether the server is applying another's changes; false also where we may not know.
bool is_applying(Connection& connection) {
  const bool mysql = connection.flavour() == mysql::Flavour::mysql;
  const auto rows = connection.query(!mysql                                 ? "SHOW ALL SLAVES STATUS"
                                     : connection.version_number() >= 80022 ? "SHOW REPLICA STATUS"
                                                                            : "SHOW SLAVE STATUS");
  if (!rows) return false;
  for (std::size_t i = 0; i < rows->rows.size(); ++i)
    if (rows->text(i, "Slave_SQL_Running") == "Yes" || rows->text(i, "Replica_SQL_Running") == "Yes") return true;
  return false;
}

Status check_nothing_lacks(Connection& connection, const GtidSet& emitted) {
  TRY_VALUE(GtidSet missing, lacking_gtids(connection, emitted));
  if (missing.empty()) return {};
  bool moves = is_applying(connection);
  if (!moves) {  // a promotion may just be under way
    std::this_thread::sleep_for(std::chrono::seconds(1));
    TRY_VALUE(const GtidSet later, lacking_gtids(connection, emitted));
    moves = later != missing;
    missing = later;
    if (missing.empty()) return {};
  }
  TRY_VALUE(const bool writable, mysql::is_writable(connection));
  return fail(moves || !writable ? ErrorCode::source_behind : ErrorCode::source_diverged,
              fmt::format("carried, but not known there: {}", shown(missing)), connection.endpoint().address());
}

// The Gtid_list at the head of a file.
Result<std::vector<MariaDbGtid>> read_gtid_list(const Connection& connection, const std::string& file,
                                                std::uint32_t server_id) {
  TRY_VALUE(Connection dump, Connection::open(connection.endpoint()));
  TRY(dump.start_dump({.at = {file, 4}, .gtid_set = {}, .server_id = server_id, .uuid = {}, .non_blocking = true}));
  source::FormatDescription format;
  std::vector<MariaDbGtid> out;
  for (int events = 0; events < 8; ++events) {
    TRY_VALUE(const std::string_view raw, dump.read_event());
    if (raw.empty()) break;
    TRY_VALUE(const source::EventView event, source::parse_event(raw, format));
    if (event.header.type == source::EventType::format_description) {
      TRY_VALUE(format, source::parse_format_description(event));
    }
    if (event.header.type != source::EventType::mariadb_gtid_list) continue;
    source::Cursor cursor(event.body, event.body_offset);
    const std::uint32_t count = cursor.u32() & 0x0fffffff;
    for (std::uint32_t i = 0; i < count && cursor.ok(); ++i) {
      const std::uint32_t domain = cursor.u32(), from = cursor.u32();
      out.push_back({domain, from, cursor.u64()});
    }
    if (!cursor.ok()) return cursor.malformed("Gtid_list");
    break;
  }
  return out;
}

Result<mysql::Table> list_files(Connection& connection) {
  TRY_VALUE(mysql::Table logs, connection.query("SHOW BINARY LOGS"));
  if (logs.rows.empty())
    return fail(ErrorCode::source_binlog_off, "SHOW BINARY LOGS is empty", connection.endpoint().address());
  return logs;
}

Status check_not_purged_mariadb(Connection& connection, const GtidSet& restart, std::uint32_t server_id) {
  TRY_VALUE(const mysql::Table logs, list_files(connection));
  const std::string oldest(logs.text(0, "Log_name"));
  TRY_VALUE(const std::vector<MariaDbGtid> list, read_gtid_list(connection, oldest, server_id));
  std::map<std::uint32_t, MariaDbGtid> last;
  for (const MariaDbGtid& gtid : list) last.insert_or_assign(gtid.domain, gtid);
  std::string missing;
  for (const auto& [domain, end] : last) {
    const auto ours = restart.mariadb().find(domain);
    bool is_behind = ours == restart.mariadb().end();
    for (const MariaDbGtid& gtid : list) {
      if (is_behind || gtid.domain != domain || gtid.server_id != ours->second.server_id) continue;
      is_behind = gtid.sequence > ours->second.sequence ||
                  (gtid.sequence == ours->second.sequence && end.server_id != gtid.server_id);
    }
    if (!is_behind) continue;
    const std::string from = ours == restart.mariadb().end()
                                 ? fmt::format("the beginning of domain {}", domain)
                                 : fmt::format("{}-{}-{}", domain, ours->second.server_id, ours->second.sequence);
    missing += fmt::format("{}behind {} up to {}-{}-{}", missing.empty() ? "" : ", ", from, domain, end.server_id,
                           end.sequence);
  }
  if (missing.empty()) return {};
  return fail(ErrorCode::source_binlog_purged, fmt::format("{}; the oldest file is {}", missing, oldest),
              connection.endpoint().address());
}

}  // namespace

Result<GtidSet> lacking_gtids(Connection& connection, const GtidSet& wanted) {
  if (!wanted.is_mariadb()) {
    TRY_VALUE(const std::string text, connection.scalar("SELECT @@global.gtid_executed"));
    TRY_VALUE(const GtidSet executed, GtidSet::parse(text));
    return wanted.without(executed);
  }
  TRY_VALUE(const std::string state, connection.scalar("SELECT @@global.gtid_binlog_state"));
  TRY_VALUE(const std::string applied, connection.scalar("SELECT @@global.gtid_slave_pos"));
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> last;
  for (const std::string& list : {state, applied})
    for (const MariaDbGtid& gtid : parse_state(list)) {
      std::uint64_t& known = last[{gtid.domain, gtid.server_id}];
      known = std::max(known, gtid.sequence);
    }
  GtidSet out;
  for (const auto& [domain, gtid] : wanted.mariadb()) {
    const auto found = last.find({domain, gtid.server_id});
    if (found == last.end() || found->second < gtid.sequence) out.add_mariadb(domain, gtid.server_id, gtid.sequence);
  }
  return out;
}

Result<bool> logs_gtids_only(Connection& connection, std::string* mode) {
  TRY_VALUE(const mysql::Table rows, connection.query("SHOW GLOBAL VARIABLES LIKE 'gtid_mode'"));
  const std::string value(rows.rows.empty() ? "OFF" : rows.text(0, "Value"));
  if (mode != nullptr) *mode = value;
  return value == "ON";
}

Status check_gtids(Connection& connection, const ResumePoint& point, std::uint32_t server_id) {
  const GtidSet& restart = point.restart.gtid_set;
  const bool mariadb = connection.flavour() == mysql::Flavour::mariadb;
  const std::string where = connection.endpoint().address();
  if (restart.is_mariadb() != mariadb)
    return fail(ErrorCode::source_changed,
                fmt::format("{} does not know GTIDs like {}", connection.server_version(), shown(restart)), where);
  if (!mariadb) {
    std::string mode;
    TRY_VALUE(const bool has_gtids, logs_gtids_only(connection, &mode));
    if (!has_gtids) return fail(ErrorCode::source_gtid_mode, "gtid_mode = " + mode, where);
  }
  TRY(check_nothing_lacks(connection, point.emitted.gtid_set));
  if (mariadb) return check_not_purged_mariadb(connection, restart, server_id);
  TRY_VALUE(const std::string text, connection.scalar("SELECT @@global.gtid_purged"));
  TRY_VALUE(const GtidSet purged, GtidSet::parse(text));
  const GtidSet missing = purged.without(restart);
  if (missing.empty()) return {};
  return fail(ErrorCode::source_binlog_purged, "no longer in the binlog: " + shown(missing), where);
}

Status check_files(Connection& connection, const ResumePoint& point) {
  TRY_VALUE(const mysql::Table logs, list_files(connection));
  const std::string where = connection.endpoint().address();
  const auto name = [&](std::size_t i) { return std::string(logs.text(i, "Log_name")); };
  const model::BinlogPosition oldest{name(0), 0}, newest{name(logs.rows.size() - 1), 0};
  for (const model::BinlogPosition& at : {point.restart.at, point.emitted.at}) {
    std::size_t i = 0;
    while (i < logs.rows.size() && name(i) != at.file) ++i;
    if (i == logs.rows.size() && at.file_number() < oldest.file_number())
      return fail(ErrorCode::source_binlog_purged,
                  fmt::format("{} is needed, and {} is the oldest there is", at.file, oldest.file), where);
    const std::uint64_t size =
        i == logs.rows.size() ? 0 : std::strtoull(std::string(logs.text(i, "File_size")).c_str(), nullptr, 10);
    if (size < at.offset)
      return fail(ErrorCode::source_binlog_short,
                  size == 0 ? fmt::format("{} is not there, the newest is {}", at.text(), newest.file)
                            : fmt::format("{} is {} bytes long and was read up to {}", at.file, size, at.offset),
                  where);
  }
  return {};
}

}  // namespace tributary::pipeline
