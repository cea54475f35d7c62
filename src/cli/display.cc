#include "cli/display.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/text.h"

namespace tributary::cli {
namespace {

constexpr std::int64_t rate_window_ms = 5000;  // long enough to be calm, short enough to follow
constexpr std::int64_t json_interval_ms = 1000;
constexpr std::string_view stopping_text = "stopping: what is under way is finished first; once more ends it at once";

void print_line(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

}  // namespace

void Display::show(const pipeline::Progress& progress) {
  last_ = progress;
  switch (mode_) {
    case Mode::screen:
      return show_screen(progress);
    case Mode::json:
      return show_json(progress);
    case Mode::lines:
      for (const std::string& line : lines_.take(progress)) print_line(line);
  }
}

void Display::show_screen(const pipeline::Progress& progress) {
  while (recent_.size() > 1 && progress.elapsed_ms - recent_[1].elapsed_ms >= rate_window_ms) recent_.pop_front();
  const pipeline::Progress* earlier = recent_.empty() ? nullptr : &recent_.front();
  const Screen screen = terminal_screen(STDOUT_FILENO);
  std::vector<std::string> lines = render_screen(earlier, progress, screen);
  if (stopping_) {
    if (lines.size() + 2 > static_cast<std::size_t>(screen.height)) lines.pop_back();
    lines.push_back(shorten(stopping_text, screen.width));
  }
  redraw_.draw(lines);
  recent_.push_back(progress);
}

void Display::show_json(const pipeline::Progress& progress) {
  if (json_due_ms_ && progress.elapsed_ms < *json_due_ms_) return;
  json_due_ms_ = progress.elapsed_ms + json_interval_ms;
  print_line(render_json(progress, "progress"));
}

void Display::asked_to_stop() {
  stopping_ = true;
  if (mode_ == Mode::lines) fmt::print(stderr, "{}\n", stopping_text);
}

void Display::ended(bool was_asked_to_stop) {
  const pipeline::Progress progress = last_.value_or(pipeline::Progress{});
  const bool stopped = was_asked_to_stop && progress.phase != pipeline::Phase::done;
  if (mode_ == Mode::json)
    print_line(render_json(progress, stopped ? "stopped" : "done"));
  else
    print_line(render_summary(progress, stopped));
}

bool Display::failed(const base::Error& error) {
  if (mode_ != Mode::json) return false;
  print_line(render_json(last_.value_or(pipeline::Progress{}), "failed", &error));
  return true;
}

}  // namespace tributary::cli
