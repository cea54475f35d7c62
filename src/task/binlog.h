// Walks binlog files without their server and hands out what is in them, as `tributary binlog` prints it.
// Threads: walk_binlogs() runs in the calling thread and calls back from it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "task/binlog_event.h"

namespace tributary::task {

struct BinlogOptions {
  std::vector<std::string> files;   // in the order they were written; "-" is standard input
  std::uint64_t from = 0;           // position in the first file; what begins before it is not handed out
  std::uint64_t to = UINT64_MAX;    // position in the last file; what begins there or behind is not read
  std::vector<std::string> tables;  // "db.table" or "db"; empty: all. Given: their rows and statements only
  bool rows = true;                 // false: rows are not decoded
  bool keep_going = false;          // with the next file after a damaged one
};

struct BinlogStatistics {
  struct Type {
    std::uint64_t events = 0, bytes = 0;
  };
  struct Table {
    std::uint64_t inserts = 0, updates = 0, deletes = 0;
    std::uint64_t undecoded = 0;  // rows events whose rows could not be counted
  };
  std::uint64_t files = 0, events = 0, bytes = 0, rows = 0;
  std::uint64_t transactions = 0;               // committed, DDL statements and decided XA transactions included
  std::uint64_t first_time = 0, last_time = 0;  // seconds since the epoch, of real events; 0: none
  std::map<std::string, Type> types;            // by type name; inner events of payloads too
  std::map<std::string, Table> tables;          // by db.table
};

struct BinlogFileEnd {
  std::string file;
  std::uint64_t position = 0;  // behind the last whole event
  std::uint64_t events = 0, rows = 0;
  bool is_damaged = false;
};

struct BinlogHandlers {
  std::function<void(const std::string&)> on_file;
  std::function<bool(const BinlogEvent&)> on_event;                  // false: stop
  std::function<bool(const BinlogEvent&, const BinlogRow&)> on_row;  // false: stop
  std::function<bool(const BinlogEvent&)> on_event_end;              // of events with rows or inner events
  std::function<void(const base::Error&)> on_damage;                 // where names file and position
  std::function<void(const BinlogFileEnd&)> on_file_end;
};

struct BinlogSummary {
  BinlogStatistics statistics;
  std::uint64_t damaged_files = 0;
};

// Damage of a file is handed out, not returned. Errors: cancelled, usage.
base::Result<BinlogSummary> walk_binlogs(const BinlogOptions& options, base::CancelToken& cancel,
                                         const BinlogHandlers& handlers);

}  // namespace tributary::task
