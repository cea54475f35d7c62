// The tables of binlog files read without their server: what is known of a table's columns when a table map names it.
//
// Best known first: the CREATE and ALTER statements read so far, as far as the table map agrees with what they made of
// the table; else what the table map tells (names and labels with binlog_row_metadata = FULL); else c1, c2, ...
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/schema.h"
#include "source/binlog/event_body.h"
#include "source/binlog/row_plan.h"
#include "source/binlog/table_map.h"
#include "source/ddl/tracker.h"

namespace tributary::source {

// A table as its latest table map laid it out.
struct LogTable {
  TableMap map;
  std::optional<RowPlan> plan;
  TrackedTablePtr tracked;  // what the statements read so far made of it; null where they don't tell
  std::string undecoded;    // why its rows can't be read, where there is no plan
};

class LogStructures {
 public:
  LogStructures() = default;
  LogStructures(const LogStructures&) = delete;
  LogStructures& operator=(const LogStructures&) = delete;

  // What is known of structures stays from file to file, but not from one kind of server to another.
  void on_format(const FormatDescription& format);
  // A statement that took effect. Why it is not understood, where it is about tables and could change them.
  std::string on_statement(const QueryEvent& query);
  // The statement in UTF-8 as far as its character set is known.
  std::string text_of(const QueryEvent& query) const;
  // The table is known under this id until end_statement().
  base::Result<LogTable*> on_table_map(const EventView& event, const FormatDescription& format);
  void end_statement() { ids_.clear(); }

  LogTable* find(std::uint64_t table_id);

 private:
  base::Status make_plan(LogTable& table, const TrackedTablePtr& tracked);
  std::string charset_of(std::optional<std::uint16_t> collation) const;

  std::map<std::string, std::unique_ptr<LogTable>, std::less<>> tables_;  // by `database`, a zero, `table`
  std::vector<std::pair<std::uint64_t, LogTable*>> ids_;
  std::optional<SchemaTracker> tracker_;  // since the first format description
};

}  // namespace tributary::source
