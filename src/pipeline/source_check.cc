#include "pipeline/source_check.h"

#include <fmt/format.h>
#include <strings.h>

#include "source/snapshot/view.h"

namespace tributary::pipeline {

using base::ErrorCode;
using base::fail;
using base::Status;

Status check_instance(const Config& config, const source::Instance& instance) {
  if (!config.incremental) return {};
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(instance.endpoint));
  const std::string where = "instance " + instance.name;
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
  auto end = source::read_log_end(connection);
  if (!end) {
    if (end.error().code == ErrorCode::source_query)
      return fail(ErrorCode::source_privilege, "REPLICATION CLIENT (BINLOG MONITOR on MariaDB): " + end.error().what,
                  where);
    return fail(std::move(end.error()));
  }
  return {};
}

}  // namespace tributary::pipeline
