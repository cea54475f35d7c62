#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "cli/binlog_text.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "cli/text.h"

namespace tributary::cli {
namespace {

using base::ErrorCode;
using base::fail;
using task::BinlogEvent;
using task::BinlogFileEnd;
using task::BinlogRow;

constexpr int exit_damaged = 1, exit_interrupted = 130;

// Standard output; remembers when nobody reads it any more.
class Output {
 public:
  bool write(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (std::ferror(stdout) != 0 && error_ == 0) error_ = errno == 0 ? EIO : errno;
    return error_ == 0;
  }
  bool line(std::string_view text) { return write(text) && write("\n"); }
  base::Status finish() {
    if (std::fflush(stdout) != 0 && error_ == 0) error_ = errno;
    if (error_ == 0 || error_ == EPIPE) return {};
    return fail(ErrorCode::io, std::strerror(error_), "standard output");
  }

 private:
  int error_ = 0;
};

// Each event as it comes; what it prints is bounded by one row.
class Printer {
 public:
  Printer(const BinlogArguments& arguments, Output& output)
      : json_(arguments.json),
        prints_rows_(arguments.rows),
        color_(!arguments.json && is_terminal(STDOUT_FILENO) && terminal_screen(STDOUT_FILENO).color),
        has_many_files_(arguments.files.size() > 1),
        output_(output) {}

  void on_file(const std::string& file) {
    file_ = file;
    is_heading_due_ = !json_;
  }
  bool on_event(const BinlogEvent& event) {
    had_reason_ = !event.undecoded.empty();
    if (json_) {
      if (!(event.has_rows && prints_rows_)) return output_.line(binlog_json(file_, event) + "}");
      has_open_event_ = true;
      is_first_row_ = true;
      return output_.write(binlog_json(file_, event) + ",\"rows\":[");
    }
    if (is_heading_due_) {
      is_heading_due_ = false;
      if (has_many_files_) output_.line(fmt::format("{}:", file_));
      output_.line(binlog_heading());
    }
    return output_.line(binlog_line(event, color_));
  }
  bool on_row(const BinlogRow& row) {
    if (!json_) return output_.line(binlog_row_line(row, color_));
    row_.clear();
    if (!is_first_row_) row_ += ',';
    is_first_row_ = false;
    append_row_json(row_, row);
    return output_.write(row_);
  }
  bool on_event_end(const BinlogEvent& event) {
    const std::string_view reason = had_reason_ ? "" : event.undecoded;  // it came up at a row
    if (!json_) return reason.empty() || output_.line(fmt::format("{:>12}(no more rows: {})", "", printable(reason)));
    if (!has_open_event_) return true;
    has_open_event_ = false;
    std::string close = "]";
    if (!reason.empty()) append_json_text(close += ",\"undecoded\":", reason);
    return output_.line(close + "}");
  }

 private:
  const bool json_, prints_rows_, color_, has_many_files_;
  Output& output_;
  std::string file_;
  std::string row_;
  bool is_heading_due_ = true;
  bool had_reason_ = false;
  bool has_open_event_ = false, is_first_row_ = true;
};

base::Result<task::BinlogOptions> make_options(const BinlogArguments& arguments) {
  task::BinlogOptions options;
  options.files = arguments.files;
  options.from = arguments.from.value_or(0);
  options.to = arguments.to.value_or(UINT64_MAX);
  options.tables = arguments.tables;
  options.keep_going = arguments.keep_going;
  options.rows = arguments.rows || arguments.statistics || arguments.verify;
  if (arguments.files.size() == 1 && options.from > options.to)
    return fail(ErrorCode::usage, "--from lies behind --to");
  if (std::ranges::count(arguments.files, "-") > 1)
    return fail(ErrorCode::usage, "standard input (-) can be read once");
  return options;
}

}  // namespace

int command_binlog(const BinlogArguments& arguments, const Doors& doors) {
  const auto options = make_options(arguments);
  if (!options) return report(options.error(), arguments.json);
  std::signal(SIGPIPE, SIG_IGN);  // `binlog | head` ends by the failed write
  Output output;
  Printer printer(arguments, output);
  base::CancelToken cancel;
  const StopSignals signals([&] { cancel.request(); });
  const bool prints_events = !arguments.statistics && !arguments.verify;
  task::BinlogHandlers handlers;
  if (prints_events) {
    handlers.on_file = [&](const std::string& file) { printer.on_file(file); };
    handlers.on_event = [&](const BinlogEvent& event) { return printer.on_event(event); };
    handlers.on_row = [&](const BinlogEvent&, const BinlogRow& row) { return printer.on_row(row); };
    handlers.on_event_end = [&](const BinlogEvent& event) { return printer.on_event_end(event); };
  }
  handlers.on_damage = [&](const base::Error& error) {
    std::fflush(stdout);
    report(error, arguments.json, exit_damaged);
  };
  if (arguments.verify) {
    handlers.on_file_end = [&](const BinlogFileEnd& end) {
      output.line(arguments.json ? file_end_json(end) : file_end_text(end));
    };
  }
  const auto summary = doors.binlog(*options, cancel, handlers);
  if (summary && arguments.statistics)
    output.write(arguments.json ? statistics_json(summary->statistics) + "\n" : statistics_text(summary->statistics));
  if (const base::Status written = output.finish(); !written) return report(written.error(), false);
  if (!summary) return summary.error().is_cancelled() ? exit_interrupted : report(summary.error(), arguments.json);
  return summary->damaged_files == 0 ? 0 : exit_damaged;
}

}  // namespace tributary::cli
