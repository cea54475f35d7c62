#include "pipeline/source_check.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>

#include "source/snapshot/view.h"

namespace tributary::pipeline {

using base::ErrorCode;
using base::fail;
using base::Status;

namespace {

bool lists(std::string_view comma_separated, std::string_view name) {
  while (!comma_separated.empty()) {
    const std::size_t comma = std::min(comma_separated.find(','), comma_separated.size());
    if (comma_separated.substr(0, comma) == name) return true;
    comma_separated.remove_prefix(std::min(comma + 1, comma_separated.size()));
  }
  return false;
}

}  // namespace

Status check_settings(mysql::Connection& connection, const std::string& where) {
  TRY_VALUE(const mysql::Table rows,
            connection.query(
                "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format', 'binlog_row_image')"));
  const auto is = [&](std::string_view name, const char* wanted, std::string* found) {
    for (std::size_t i = 0; i < rows.rows.size(); ++i)
      if (rows.text(i, "Variable_name") == name) {
        *found = rows.text(i, "Value");
        return strcasecmp(found->c_str(), wanted) == 0;
      }
    found->clear();
    return true;  // a server without the variable behaves as wanted
  };
  std::string value;
  if (!is("log_bin", "ON", &value)) return fail(ErrorCode::source_binlog_off, "log_bin = " + value, where);
  if (!is("binlog_format", "ROW", &value))
    return fail(ErrorCode::source_binlog_format, "binlog_format = " + value, where);
  if (!is("binlog_row_image", "FULL", &value))
    return fail(ErrorCode::source_row_image, "binlog_row_image = " + value, where);
  return {};
}

Status check_instance(const Config& config, const source::Topology& topology, std::uint32_t index) {
  if (!config.incremental) return {};
  const source::Instance& instance = topology.instances[index];
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(instance.endpoint));
  const std::string where = "instance " + instance.name;
  TRY(check_settings(connection, where));
  auto end = source::read_log_end(connection);
  if (!end) {
    if (end.error().code == ErrorCode::source_query)
      return fail(ErrorCode::source_privilege, "REPLICATION CLIENT (BINLOG MONITOR on MariaDB): " + end.error().what,
                  where);
    return fail(std::move(end.error()));
  }
  for (const source::PhysicalTable& table : topology.physical) {
    if (table.instance != index) continue;
    const bool left_out = !end->do_databases.empty() && !lists(end->do_databases, table.database);
    if (left_out || lists(end->ignore_databases, table.database))
      return fail(ErrorCode::source_binlog_filtered, table.database, where);
  }
  return {};
}

}  // namespace tributary::pipeline
