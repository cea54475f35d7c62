#include "lab/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <sstream>

namespace tributary::lab {
namespace {

using base::ErrorCode;
using base::fail;

// What exec needs, made before fork: a child of a process with threads may not allocate.
struct Prepared {
  std::vector<char*> argv;
  std::vector<std::string> env_text;
  std::vector<char*> envp;
  explicit Prepared(const Command& command) {
    for (const auto& arg : command.argv) argv.push_back(const_cast<char*>(arg.c_str()));
    argv.push_back(nullptr);
    for (char** e = environ; *e != nullptr; ++e) {
      const std::string_view entry(*e);
      bool replaced = false;
      for (const auto& [name, value] : command.env) replaced |= entry.starts_with(name + "=");
      if (!replaced) env_text.emplace_back(entry);
    }
    for (const auto& [name, value] : command.env) env_text.push_back(name + "=" + value);
    for (auto& e : env_text) envp.push_back(e.data());
    envp.push_back(nullptr);
  }
};

struct Pipe {
  int read = -1;
  int write = -1;
  base::Status open() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return fail(ErrorCode::io, fmt::format("pipe: {}", std::strerror(errno)));
    read = fds[0];
    write = fds[1];
    return {};
  }
  void close_write() {
    if (write >= 0) ::close(write);
    write = -1;
  }
  ~Pipe() {
    if (read >= 0) ::close(read);
    close_write();
  }
};

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) signal(s, SIG_DFL);
}

void die_with(pid_t parent, int signal_number) {
  prctl(PR_SET_PDEATHSIG, signal_number);
  if (getppid() != parent) _exit(127);  // the parent died before the promise was made
}

// In the child, after fork. Never returns; an errno goes to `report` if exec fails.
[[noreturn]] void exec_child(const Command& command, Prepared& prepared, int stdout_fd, int report) {
  const int in = command.input_fd >= 0 ? command.input_fd : ::open("/dev/null", O_RDONLY);
  if (in >= 0) dup2(in, 0);
  if (!command.log.empty()) {
    const int log = ::open(command.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (log >= 0) dup2(log, 1), dup2(log, 2);
  } else {
    dup2(stdout_fd >= 0 ? stdout_fd : 2, 1);
  }
  if (report != 3) report = dup3(report, 3, O_CLOEXEC);
  ::close_range(4, ~0U, 0);
  execvpe(prepared.argv[0], prepared.argv.data(), prepared.envp.data());
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(report, &error, sizeof error);
  _exit(127);
}

base::Status exec_status(Pipe& report, const Command& command) {
  report.close_write();
  int error = 0;
  if (::read(report.read, &error, sizeof error) != sizeof error) return {};
  return fail(error == ENOENT ? ErrorCode::dependency_missing : ErrorCode::io,
              fmt::format("can't start it: {}", std::strerror(error)), command.argv[0]);
}

base::Result<std::string> run_group(const Command& command, bool capture, const std::function<bool()>& stop) {
  Prepared prepared(command);
  Pipe report, output;
  TRY(report.open());
  TRY(output.open());
  const pid_t self = getpid();
  const pid_t guard = fork();
  if (guard < 0) return fail(ErrorCode::io, fmt::format("fork: {}", std::strerror(errno)));
  if (guard == 0) {
    // The guard leads the group: it passes our end on to whatever the script has started.
    setpgid(0, 0);
    reset_signals();
    signal(SIGTERM, [](int) { ::kill(0, SIGKILL); });
    die_with(self, SIGTERM);
    const pid_t child = fork();
    if (child < 0) _exit(127);
    if (child == 0) {
      reset_signals();
      exec_child(command, prepared, capture ? output.write : -1, report.write);
    }
    ::close(output.write);
    ::close(report.write);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  output.close_write();
  const auto started = exec_status(report, command);
  std::string text;
  int status = 0;
  bool stopped = false;
  while (waitpid(guard, &status, WNOHANG) == 0) {
    if (!stopped && stop && stop()) {
      ::kill(guard, SIGTERM);
      stopped = true;
    }
    pollfd wait{output.read, POLLIN, 0};
    if (::poll(&wait, 1, 50) > 0) {
      char buffer[4096];
      const auto n = ::read(output.read, buffer, sizeof buffer);
      if (n > 0) text.append(buffer, static_cast<std::size_t>(n));
      if (n <= 0) ::poll(nullptr, 0, 5);  // closed: only the end of the process is awaited
    }
  }
  for (char buffer[4096];;) {
    const auto n = ::read(output.read, buffer, sizeof buffer);
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  if (!started) return std::unexpected(started.error());
  if (stopped) return fail(ErrorCode::cancelled, {}, command.argv[0]);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(ErrorCode::io,
                fmt::format("{}{}{}", describe_wait_status(status), command.log.empty() ? "" : "\n",
                            command.log.empty() ? "" : tail_of(command.log, 15)),
                command.argv[0]);
  return text;
}

// Fields of /proc/PID/stat from the third on (the second may hold spaces).
std::vector<std::string> stat_fields(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(file, line);
  const auto end = line.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream rest(line.substr(end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

}  // namespace

base::Result<pid_t> spawn(const Command& command) {
  Prepared prepared(command);
  Pipe report;
  TRY(report.open());
  const pid_t self = getpid();
  const pid_t child = fork();
  if (child < 0) return fail(ErrorCode::io, fmt::format("fork: {}", std::strerror(errno)));
  if (child == 0) {
    // A group of its own: Ctrl-C in the terminal is for the supervisor, which stops its children in order.
    setpgid(0, 0);
    reset_signals();
    die_with(self, SIGKILL);
    exec_child(command, prepared, -1, report.write);
  }
  if (auto started = exec_status(report, command); !started) {
    waitpid(child, nullptr, 0);
    return std::unexpected(std::move(started).error());
  }
  return child;
}

base::Status run(const Command& command, const std::function<bool()>& stop) {
  TRY(run_group(command, false, stop));
  return {};
}

base::Result<std::string> run_and_read(const Command& command, const std::function<bool()>& stop) {
  return run_group(command, true, stop);
}

ProcessId identify(pid_t pid) {
  const auto fields = stat_fields(pid);
  if (fields.size() < 20) return {pid, 0};
  return {pid, std::stoull(fields[19])};
}

bool alive(const ProcessId& process) {
  if (process.pid <= 0) return false;
  const auto fields = stat_fields(process.pid);
  return fields.size() >= 20 && fields[0] != "Z" && fields[0] != "X" && std::stoull(fields[19]) == process.start_time;
}

double resident_mib(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/statm", pid));
  double total = 0, resident = 0;
  if (pid <= 0 || !(file >> total >> resident)) return 0;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

std::string describe_wait_status(int status) {
  if (WIFEXITED(status)) return fmt::format("exit code {}", WEXITSTATUS(status));
  return fmt::format("signal {}", WTERMSIG(status));
}

std::string tail_of(const std::string& path, std::size_t lines, std::uint64_t from) {
  std::ifstream file(path);
  file.seekg(static_cast<std::streamoff>(from));
  std::deque<std::string> last;
  for (std::string line; std::getline(file, line);) {
    last.push_back(line);
    if (last.size() > lines) last.pop_front();
  }
  std::string text;
  for (const auto& line : last) text += "  | " + line + "\n";
  return text;
}

}  // namespace tributary::lab
