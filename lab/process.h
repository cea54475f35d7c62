// Child processes of the lab: started with the promise that they die with the thread that started them
// (PR_SET_PDEATHSIG, prctl(2)), so that not even a SIGKILLed supervisor leaves a server behind.
//
// Threads: spawn() only from the main thread, since the promise is tied to the parent THREAD.
// Errors: io, dependency_missing (the program does not exist).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace tributary::lab {

struct Command {
  std::vector<std::string> argv;                              // argv[0] is looked up in PATH
  std::vector<std::pair<std::string, std::string>> env = {};  // added to the environment
  std::string log = {};  // standard output and error are appended here; empty: inherited standard error
  int input_fd = -1;     // standard input; -1: /dev/null
};

// Starts the command and returns at once. SIGKILL reaches it when this thread ends.
base::Result<pid_t> spawn(const Command& command);

// Runs a command that may start others (shell scripts) to its end. It gets a process group of its own, all of which is
// killed when we die or `stop` says so. The error holds the end of its log.
base::Status run(const Command& command, const std::function<bool()>& stop);
// The same, with standard output captured instead of logged; standard error goes to ours.
base::Result<std::string> run_and_read(const Command& command, const std::function<bool()>& stop);

// A process as pids are reused: by pid and start time (/proc/PID/stat, field 22).
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start_time = 0;
};
ProcessId identify(pid_t pid);
bool alive(const ProcessId& process);  // a zombie is not alive
// Resident memory in MiB, 0 if gone.
double resident_mib(pid_t pid);

// "exit code 1" or "signal 9".
std::string describe_wait_status(int status);
// The last lines of a text file, looking at it from a byte on, for error messages; empty if there is no such file.
std::string tail_of(const std::string& path, std::size_t lines, std::uint64_t from = 0);

}  // namespace tributary::lab
