#include "cli/terminal.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace tributary::cli {
namespace {

int from_environment(const char* name) {
  const char* text = std::getenv(name);
  int value = 0;
  if (text) std::from_chars(text, text + std::strlen(text), value);
  return value > 0 && value < 10'000 ? value : 0;
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

bool is_terminal(int descriptor) {
  const char* term = std::getenv("TERM");
  return isatty(descriptor) != 0 && term && std::strcmp(term, "dumb") != 0;
}

Screen terminal_screen(int descriptor) {
  Screen screen;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    screen.width = size.ws_col;
    screen.height = size.ws_row;
  }
  if (const int columns = from_environment("COLUMNS")) screen.width = columns;
  if (const int lines = from_environment("LINES")) screen.height = lines;
  const char* no_color = std::getenv("NO_COLOR");
  screen.color = is_terminal(descriptor) && !(no_color && *no_color);
  return screen;
}

void Redraw::draw(const std::vector<std::string>& lines) {
  std::string out = drawn_ > 0 ? fmt::format("\x1b[{}A\r", drawn_) : std::string{};
  for (const std::string& line : lines) out += line + "\x1b[K\n";
  out += "\x1b[J";
  drawn_ = lines.size();
  std::fwrite(out.data(), 1, out.size(), stdout);
  std::fflush(stdout);
}

StopSignals::StopSignals(std::function<void()> on_first) : on_first_(std::move(on_first)) {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC);
  wake_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { watch(); });
}

StopSignals::~StopSignals() {
  eventfd_write(wake_, 1);
  thread_.join();
  close(signals_);
  close(wake_);
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void StopSignals::watch() {
  for (int seen = 0;;) {
    pollfd waits[] = {{signals_, POLLIN, 0}, {wake_, POLLIN, 0}};
    if (poll(waits, 2, -1) < 0) continue;  // interrupted
    if (waits[1].revents != 0) return;
    signalfd_siginfo info;
    if (read(signals_, &info, sizeof info) != sizeof info) continue;
    if (++seen == 2) _exit(130);
    on_first_();
  }
}

}  // namespace tributary::cli
