#include "mysql/dump_error.h"

#include <gtest/gtest.h>

namespace tributary::mysql {
namespace {

using base::ErrorCode;

TEST(DumpError, IsReadFromTheServersWords) {
  const std::pair<const char*, ErrorCode> cases[] = {
      {"Could not find first log file name in binary log index file", ErrorCode::source_binlog_purged},
      {"Cannot replicate because the source purged required binary logs. Replicate the missing transactions from "
       "elsewhere, or provision a new replica from backup.",
       ErrorCode::source_binlog_purged},
      {"The slave is connecting using CHANGE MASTER TO MASTER_AUTO_POSITION = 1, but the master has purged binary logs "
       "containing GTIDs that the slave requires.",
       ErrorCode::source_binlog_purged},
      {"Could not find GTID state requested by slave in any binlog files. Probably the slave state is too old and "
       "required binlog files have been purged.",
       ErrorCode::source_binlog_purged},
      {"Client requested source to start replication from position > file size", ErrorCode::source_binlog_short},
      {"Client requested master to start replication from impossible position", ErrorCode::source_binlog_short},
      {"A slave with the same server_uuid/server_id as this slave has connected to the master; the first event ''",
       ErrorCode::source_server_id},
      {"A slave with the same server_uuid/server_id is already connected; the first event '.' at 4",
       ErrorCode::source_server_id},
      {"Slave has more GTIDs than the master has, using the master's SERVER_UUID.", ErrorCode::source_diverged},
      {"Error: connecting slave requested to start from GTID 0-1-105, which is not in the master's binlog",
       ErrorCode::source_diverged},
      {"The replication sender thread cannot start in AUTO_POSITION mode: this server has GTID_MODE = ON_PERMISSIVE "
       "instead of ON.",
       ErrorCode::source_gtid_mode},
      {"Cannot replicate anonymous transaction when AUTO_POSITION = 1, at file ./b.000002, position 157.",
       ErrorCode::source_gtid_mode},
      {"Binary log is not open", ErrorCode::source_binlog_off},
      {"log event entry exceeded max_allowed_packet; Increase max_allowed_packet on source",
       ErrorCode::source_dump_refused},
      {"binlog truncated in the middle of event; consider out of disk space on source", ErrorCode::source_dump_refused},
      {"event read from binlog did not pass crc check", ErrorCode::source_dump_refused},
  };
  for (const auto& [text, code] : cases) EXPECT_EQ(dump_error_code(text), code) << text;
}

}  // namespace
}  // namespace tributary::mysql
