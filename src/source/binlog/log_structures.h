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

namespace tributary::source {

// A table as its latest table map laid it out.
struct LogTable {
  TableMap map;
  std::optional<RowPlan> plan;
  std::string undecoded;  // why its rows can't be read, where there is no plan
};

class LogStructures {
 public:
  LogStructures();
  ~LogStructures();
  LogStructures(const LogStructures&) = delete;
  LogStructures& operator=(const LogStructures&) = delete;

  // What is known of structures stays from file to file, but not from one kind of server to another.
  void on_format(const FormatDescription& format);
  // A statement that took effect.
  void on_statement(const QueryEvent& query);
  // The table is known under this id until end_statement().
  base::Result<LogTable*> on_table_map(const EventView& event, const FormatDescription& format);
  void end_statement() { ids_.clear(); }

  LogTable* find(std::uint64_t table_id);

 private:
  struct Known;

  base::Status make_plan(LogTable& table);

  std::map<std::string, std::unique_ptr<LogTable>, std::less<>> tables_;  // by `database`, a zero, `table`
  std::vector<std::pair<std::uint64_t, LogTable*>> ids_;
  std::unique_ptr<Known> known_;
};

}  // namespace tributary::source
