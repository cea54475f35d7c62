// Walks binlog files from event to event, offline: framing, checksums, bodies, payloads and rows.
//
// An event is told to the visitor before its rows or inner events, and once more behind them. Unknown events are told
// by their number and skipped by their length; rows that no decoder is known for are told with the reason. All else
// that does not fit is an error at "file:position", after all before it was told. Nothing is held in memory beyond the
// event at hand (one inner event of a payload) and the tables' layouts. Errors: as LogFile, data_event_malformed,
// data_event_checksum, data_value_malformed, cancelled. Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "model/schema.h"
#include "model/value.h"
#include "source/binlog/event_fields.h"
#include "source/binlog/log_file.h"
#include "source/binlog/log_structures.h"
#include "source/binlog/payload.h"
#include "source/binlog/row_reader.h"

namespace tributary::source {

// Borrowed for the time of the call.
struct LogEvent {
  std::uint64_t begin = 0, end = 0;  // in the file; an inner event has its payload's
  EventHeader header;
  bool is_inner = false;           // part of a transaction payload
  std::uint64_t inner_offset = 0;  // where it begins in the uncompressed payload
  EventFields fields;
  // Table maps and rows events; null where nothing is known.
  const TableMap* map = nullptr;
  const model::TableSchema* schema = nullptr;
  bool has_rows = false;
  RowChange change = RowChange::insert;
  std::string undecoded;  // why the rows are not told

  bool is_table_event() const { return header.type == EventType::table_map || has_rows; }
};

class LogVisitor {
 public:
  virtual ~LogVisitor() = default;
  virtual void on_event(const LogEvent& event) = 0;
  // Asked after on_event(); false: the rows are not looked at.
  virtual bool wants_rows(const LogEvent&) { return true; }
  virtual void on_row(const LogEvent&, const std::vector<model::Value>& before,
                      const std::vector<model::Value>& after) = 0;
  // Behind its rows or inner events; also when they end in an error.
  virtual void on_event_end(const LogEvent&) {}
};

struct LogRange {
  std::uint64_t from = 0;         // events that begin before it are read, not told; damage there is jumped over
  std::uint64_t to = UINT64_MAX;  // events that begin there or behind are not read
};

class LogWalker {
 public:
  explicit LogWalker(LogVisitor& visitor) : visitor_(visitor) { reader_.show_json_changes(); }

  // Files in the order in which they were written: structures are kept from one to the next.
  base::Status walk(LogFile& file, const LogRange& range, const base::CancelToken& cancel);

 private:
  base::Status take(LogFile& file, const LogFileEvent& raw);
  base::Status take_view(const EventView& view, LogEvent& event);
  base::Status take_payload(const EventView& view, LogEvent& event, std::uint64_t body_size, PayloadReader::More more);
  base::Status take_query(const EventView& view, LogEvent& event);
  base::Status take_rows(const EventView& view, LogEvent& event);
  base::Status tell(const LogEvent& event);

  LogVisitor& visitor_;
  LogStructures structures_;
  FormatDescription format_;
  bool is_quiet_ = false;           // before the range
  bool may_lack_maps_ = false;      // begun behind a file's head: table maps may have been jumped over
  bool is_without_effect_ = false;  // the statement that comes is told before it is done (MariaDB, two-phase ALTER)
  bool is_in_payload_ = false;
  PayloadReader payload_;
  RowReader reader_;
  base::Buffer scratch_;
  std::vector<model::Value> before_, after_;
};

}  // namespace tributary::source
