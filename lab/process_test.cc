#include "lab/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace tributary::lab {
namespace {

const auto never = [] { return false; };

struct TempFile {
  TempFile() {
    char name[] = "/tmp/tributary-process-XXXXXX";
    ::close(::mkstemp(name));
    path = name;
  }
  ~TempFile() { std::filesystem::remove(path); }
  std::string path;
};

TEST(Process, OutputIsReadWholeAndTheEnvironmentAdded) {
  const auto output =
      run_and_read({{"sh", "-c", "echo $TRIBUTARY_TEST; seq 20000 | tail -n 1"}, {{"TRIBUTARY_TEST", "a b"}}}, never);
  ASSERT_TRUE(output);
  EXPECT_EQ(*output, "a b\n20000\n");
}

TEST(Process, AFailureCarriesExitCodeAndTheEndOfTheLog) {
  const TempFile log;
  const auto done = run({.argv = {"sh", "-c", "echo the reason; exit 3"}, .log = log.path}, never);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().what.find("exit code 3"), std::string::npos);
  EXPECT_NE(done.error().what.find("the reason"), std::string::npos);
}

TEST(Process, AMissingProgramIsAMissingDependency) {
  EXPECT_EQ(spawn({.argv = {"no-such-program-here"}}).error().code, base::ErrorCode::dependency_missing);
  EXPECT_EQ(run({.argv = {"no-such-program-here"}}, never).error().code, base::ErrorCode::dependency_missing);
}

TEST(Process, StoppingARunKillsWhatItHasStarted) {
  const TempFile pid_file;
  bool started = false;
  pid_t grandchild = 0;
  const auto done = run({{"sh", "-c", "sleep 600 & echo $! > " + pid_file.path + "; wait"}}, [&] {
    std::ifstream file(pid_file.path);
    started = static_cast<bool>(file >> grandchild);
    return started;
  });
  EXPECT_TRUE(done.error().is_cancelled());
  const auto process = identify(grandchild);
  while (process.start_time != 0 && alive(process)) std::this_thread::yield();  // killed, not yet reaped by init
}

TEST(Process, AChildDiesWithTheProcessThatStartedIt) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const auto child = spawn({.argv = {"sleep", "600"}});
    const pid_t pid = child ? *child : 0;
    [[maybe_unused]] const auto n = ::write(ends[1], &pid, sizeof pid);
    for (;;) ::pause();
  }
  pid_t child = 0;
  ASSERT_EQ(::read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  const auto process = identify(child);
  ASSERT_TRUE(alive(process));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  while (alive(process)) std::this_thread::yield();
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Process, AReusedPidIsAnotherProcess) {
  auto self = identify(::getpid());
  EXPECT_TRUE(alive(self));
  EXPECT_GT(resident_mib(self.pid), 0);
  ++self.start_time;
  EXPECT_FALSE(alive(self));
}

TEST(Process, TheTailOfALogStartsWhereTheLookBegins) {
  const TempFile log;
  std::ofstream(log.path) << "old\none\ntwo\nthree\n";
  EXPECT_EQ(tail_of(log.path, 2), "  | two\n  | three\n");
  EXPECT_EQ(tail_of(log.path, 9, 4), "  | one\n  | two\n  | three\n");
  EXPECT_EQ(tail_of(log.path + ".absent", 2), "");
}

}  // namespace
}  // namespace tributary::lab
