#include "mysql/dump_error.h"

#include <utility>

namespace tributary::mysql {

using base::ErrorCode;

ErrorCode dump_error_code(std::string_view text) {
  // The first that occurs counts.
  constexpr std::pair<std::string_view, ErrorCode> meanings[] = {
      {"same server_uuid/server_id", ErrorCode::source_server_id},
      {"more GTIDs than the", ErrorCode::source_diverged},                  // MySQL
      {"is missing the GTID", ErrorCode::source_diverged},                  // MariaDB, gtid_strict_mode
      {"which is not in the master's binlog", ErrorCode::source_diverged},  // MariaDB
      {"AUTO_POSITION mode", ErrorCode::source_gtid_mode},
      {"anonymous transaction when AUTO_POSITION", ErrorCode::source_gtid_mode},
      {"anonymous transaction when @@GLOBAL.GTID_MODE", ErrorCode::source_gtid_mode},
      {"purged", ErrorCode::source_binlog_purged},
      {"Could not find first log file name", ErrorCode::source_binlog_purged},
      {"Could not find GTID state", ErrorCode::source_binlog_purged},
      {"position > file size", ErrorCode::source_binlog_short},
      {"impossible position", ErrorCode::source_binlog_short},
      {"Binary log is not open", ErrorCode::source_binlog_off},
  };
  for (const auto& [part, code] : meanings)
    if (text.find(part) != std::string_view::npos) return code;
  return ErrorCode::source_dump_refused;
}

}  // namespace tributary::mysql
