// Shows a run as it goes: a block redrawn in place, plain lines, or JSON lines. Threads: one at a time, but
// asked_to_stop() from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/error.h"
#include "cli/progress_text.h"
#include "cli/terminal.h"
#include "pipeline/progress.h"

namespace tributary::cli {

class Display {
 public:
  enum class Mode : std::uint8_t { screen, lines, json };

  explicit Display(Mode mode) : mode_(mode) {}

  void show(const pipeline::Progress& progress);
  // Says that a clean stop is under way: in the block, or on standard error.
  void asked_to_stop();
  // The last words. `was_asked_to_stop`: a signal came; whether it was what ended the run, the last progress tells.
  void ended(bool was_asked_to_stop);
  // True if the error has been written (as the last JSON line); otherwise the caller reports it.
  bool failed(const base::Error& error);

 private:
  void show_screen(const pipeline::Progress& progress);
  void show_json(const pipeline::Progress& progress);

  Mode mode_;
  std::atomic<bool> stopping_ = false;
  std::optional<pipeline::Progress> last_;
  std::deque<pipeline::Progress> recent_;  // of the last rate_window_ms
  std::optional<std::int64_t> json_due_ms_;
  ProgressLines lines_;
  Redraw redraw_;
};

}  // namespace tributary::cli
