// The terminal we write to, and the signals a person sends from it.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "cli/progress_text.h"

namespace tributary::cli {

// A terminal that can redraw: a tty whose TERM is not "dumb".
bool is_terminal(int descriptor);
// Its size (COLUMNS and LINES first, 80 x 24 if unknown); colour unless NO_COLOR is set.
Screen terminal_screen(int descriptor);

// Draws a block of lines over the one drawn before. Writes to standard output. Threads: one at a time.
class Redraw {
 public:
  void draw(const std::vector<std::string>& lines);

 private:
  std::size_t drawn_ = 0;
};

// While it lives, SIGINT and SIGTERM go to a thread of its own: the first calls on_first there, the second ends the
// process with code 130. Make it before any other thread, so that all of them leave the signals alone.
class StopSignals {
 public:
  explicit StopSignals(std::function<void()> on_first);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  void watch();

  std::function<void()> on_first_;
  int signals_ = -1, wake_ = -1;  // signalfd, eventfd
  std::thread thread_;
};

}  // namespace tributary::cli
