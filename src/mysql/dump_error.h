// What a server means when it ends a binlog dump with error 1236: the number is one for all reasons, the text tells.
// (MariaDB has 4052 for one of them.)
// Texts: those of MySQL 5.5 to 9.x and MariaDB 10.x in English, which is what servers send here whatever lc_messages is
// (they are no messages of the catalogue but parameters of one). Threads: any.
#pragma once

#include <string_view>

#include "base/error.h"

namespace tributary::mysql {

// source_binlog_purged, source_binlog_short, source_diverged, source_gtid_mode, source_server_id, source_binlog_off, or
// source_dump_refused for all else (a damaged file, a packet that is too large, no memory).
base::ErrorCode dump_error_code(std::string_view text);

}  // namespace tributary::mysql
