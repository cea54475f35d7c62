#include "lab/up.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "lab/progress.h"

namespace tributary::lab {
namespace {

int finish(const base::Status& done) {
  if (done) return 0;
  if (done.error().is_cancelled()) {
    say("stopped before everything was ready");
    return 130;
  }
  say("{}", done.error().message());
  return 1;
}

// The supervisor's life after the fork: standard error is the pipe to the waiting parent until all is ready.
[[noreturn]] void supervise_detached(const UpOptions& options, int progress, int result) {
  ::setsid();
  ::dup2(progress, 2);
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, 0);
  ::dup2(null, 1);
  UpEvents events{.ready =
                      [&](const std::string& json) {
                        const int log = ::open((options.dir + "/supervisor.log").c_str(),
                                               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
                        ::dup2(log >= 0 ? log : null, 2);
                        ::close(progress);
                        [[maybe_unused]] const auto n = ::write(result, json.data(), json.size());
                        ::close(result);
                      },
                  .watched_fd = progress};
  ::_exit(finish(run_supervisor(options, events)));
}

int up_detached(const UpOptions& options) {
  int progress[2], result[2];
  if (::pipe2(progress, O_CLOEXEC) != 0 || ::pipe2(result, O_CLOEXEC) != 0) {
    say("pipe: {}", std::strerror(errno));
    return 1;
  }
  const pid_t child = ::fork();
  if (child < 0) {
    say("fork: {}", std::strerror(errno));
    return 1;
  }
  if (child == 0) {
    ::close(progress[0]);
    ::close(result[0]);
    supervise_detached(options, progress[1], result[1]);
  }
  ::close(progress[1]);
  ::close(result[1]);
  std::string json;
  pollfd fds[2] = {{progress[0], POLLIN, 0}, {result[0], POLLIN, 0}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) break;
    for (int i = 0; i < 2; ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[4096];
      const auto n = ::read(fds[i].fd, buffer, sizeof buffer);
      if (n <= 0) fds[i].fd = -1;
      if (n > 0 && i == 1) json.append(buffer, static_cast<std::size_t>(n));
      if (n > 0 && i == 0) [[maybe_unused]]
        const auto m = ::write(2, buffer, static_cast<std::size_t>(n));
    }
  }
  if (!json.empty()) {
    fmt::print("{}\n", json);
    return 0;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 1;
}

}  // namespace

int up(UpOptions options, bool detach) {
  std::error_code error;
  options.dir = std::filesystem::absolute(options.dir, error).lexically_normal().string();
  while (options.dir.size() > 1 && options.dir.back() == '/') options.dir.pop_back();
  if (detach) return up_detached(options);
  UpEvents events{.ready = [](const std::string& json) {
    fmt::print("{}\n", json);
    std::fflush(stdout);
  }};
  return finish(run_supervisor(options, events));
}

}  // namespace tributary::lab
