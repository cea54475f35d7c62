#include "lab/up_signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <initializer_list>

namespace tributary::lab {

Signals::Signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, s);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  fd_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

Signals::~Signals() { ::close(fd_); }

void Signals::read() {
  signalfd_siginfo info;
  while (::read(fd_, &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD) stop_requested_ = true;
}

}  // namespace tributary::lab
