#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <vector>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "cli/text.h"
#include "cli/verify_text.h"

namespace tributary::cli {
namespace {

constexpr int differ = 1, interrupted = 130;
constexpr std::int64_t line_interval_ms = 5'000;

// Progress on standard error, so that the report can be kept: a line redrawn on a terminal, else one now and then.
class ProgressLine {
 public:
  explicit ProgressLine(std::string task) : task_(std::move(task)), is_terminal_(is_terminal(STDERR_FILENO)) {}

  void show(const verify::Progress& progress) {
    const std::string text = verify_progress(task_, progress);
    if (is_terminal_) {
      fmt::print(stderr, "\r\x1b[K{}", shorten(text, terminal_screen(STDERR_FILENO).width - 1));
      is_drawn_ = true;
    } else if (progress.elapsed_ms - printed_ms_ >= line_interval_ms) {
      printed_ms_ = progress.elapsed_ms;
      fmt::print(stderr, "{}\n", text);
    }
    std::fflush(stderr);
  }
  void clear() {
    if (std::exchange(is_drawn_, false)) fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
  }

 private:
  const std::string task_;
  const bool is_terminal_;
  bool is_drawn_ = false;
  std::int64_t printed_ms_ = 0;
};

void print_line(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
}

}  // namespace

int command_verify(const VerifyArguments& arguments, const Doors& doors) {
  base::log::configure(base::log::Level::warn, arguments.json);
  const auto spec = task::load_task(arguments.file);
  if (!spec) return report(spec.error(), arguments.json);

  std::signal(SIGPIPE, SIG_IGN);
  base::CancelToken cancel;
  ProgressLine progress(spec->name);
  std::uint64_t shown = 0, found = 0;
  verify::Handlers handlers;
  handlers.on_progress = [&](const verify::Progress& now) {
    if (!arguments.json) return progress.show(now);
    print_line(verify_json(spec->name, now));
    std::fflush(stdout);
  };
  handlers.on_difference = [&](const verify::Difference& difference) {
    ++found;
    if (arguments.json) return print_line(verify_json(difference));
    if (shown >= arguments.show) return;
    ++shown;
    progress.clear();
    for (const std::string& line : verify_difference(difference)) print_line(line);
  };
  base::Result<verify::Summary> summary;
  {
    const StopSignals signals([&] { cancel.request(); });
    summary = doors.verify(*spec,
                           {.anew = arguments.anew,
                            .sample = arguments.sample,
                            .rate = arguments.rate,
                            .tables = arguments.tables,
                            .patience_s = arguments.patience_s,
                            .repair = arguments.repair},
                           cancel, handlers);
  }
  progress.clear();
  // Nobody must take it for an answer.
  if (!summary && summary.error().is_cancelled()) return report(summary.error(), arguments.json, interrupted);
  if (!summary) return report(summary.error(), arguments.json);
  if (arguments.json) {
    print_line(verify_json(spec->name, *summary));
  } else {
    if (found > shown)
      print_line(fmt::format("... and {} more differences (--show, or --json for all)", with_commas(found - shown)));
    if (found > 0) print_line("");
    for (const std::string& line : verify_summary(spec->name, *summary)) print_line(line);
  }
  return summary->differences() == 0 ? 0 : differ;
}

}  // namespace tributary::cli
