// What `tributary binlog` prints of events and rows: lines for people, JSON objects for scripts. Pure functions.
// Threads: any.
#pragma once

#include <string>
#include <string_view>

#include "task/binlog.h"

namespace tributary::cli {

std::string binlog_heading();
// One line without line end; `color`: with the terminal's colours.
std::string binlog_line(const task::BinlogEvent& event, bool color);
std::string binlog_row_line(const task::BinlogRow& row, bool color);

// The object of an event up to its rows, and what closes it: events with rows are too large to make at once.
std::string binlog_json(std::string_view file, const task::BinlogEvent& event);  // without its closing brace
void append_row_json(std::string& out, const task::BinlogRow& row);

std::string statistics_text(const task::BinlogStatistics& statistics);
std::string statistics_json(const task::BinlogStatistics& statistics);

std::string file_end_text(const task::BinlogFileEnd& end);
std::string file_end_json(const task::BinlogFileEnd& end);

}  // namespace tributary::cli
