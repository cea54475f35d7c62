// Where the programs come from, and the template data folders.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lab/progress.h"
#include "lab/servers.h"

namespace tributary::lab {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;

std::string lab_source_dir() {
  const char* dir = std::getenv("TRIBUTARY_LAB_SOURCE");
  return dir != nullptr ? dir : TRIBUTARY_LAB_SOURCE_DIR;
}

// Held while a template is made: several labs may start at once.
class CacheLock {
 public:
  explicit CacheLock(const std::string& name) {
    std::error_code ignored;
    fs::create_directories(cache_dir(), ignored);
    fd_ = ::open(fmt::format("{}/.{}.lock", cache_dir(), name).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (fd_ >= 0) ::flock(fd_, LOCK_EX);
  }
  ~CacheLock() { ::close(fd_); }
  CacheLock(const CacheLock&) = delete;
  CacheLock& operator=(const CacheLock&) = delete;

 private:
  int fd_ = -1;
};

// A data folder made once by `make`(folder) and kept in the cache.
template <typename Make>
Result<std::string> template_folder(const std::string& name, Make make) {
  CacheLock lock(name);
  const std::string target = cache_dir() + "/" + name, work = target + ".work";
  std::error_code error;
  if (fs::exists(target)) return target;
  fs::remove_all(work, error);
  fs::create_directories(work, error);
  if (error) return fail(ErrorCode::io, error.message(), work);
  say("making a fresh data folder once ({})", name);
  TRY(make(work + "/data"));
  fs::remove(work + "/data/auto.cnf", error);  // holds the server's UUID, which each instance needs for itself
  fs::rename(work, target, error);
  if (error) return fail(ErrorCode::io, error.message(), target);
  return target;
}

Result<ServerProgram> prepare_mariadb(const StopCheck& stop) {
  const auto server = find_program("mariadbd"), installer = find_program("mariadb-install-db");
  if (server.empty() || installer.empty())
    return fail(ErrorCode::dependency_missing, "MariaDB's server (Debian package mariadb-server-core)");
  TRY_VALUE(auto version, run_and_read({{server, "--no-defaults", "--version"}}, stop));
  // "mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)"
  std::istringstream words(version);
  std::string word, number;
  while (words >> word)
    if (word == "Ver") words >> number;
  ServerProgram program{.kind = ServerKind::mariadb_10_11, .base = {.argv = {server, "--no-defaults"}}};
  TRY_VALUE(auto folder, template_folder("data-mariadb-" + number, [&](const std::string& data) {
              Command command{{installer, "--no-defaults", "--datadir=" + data,
                               "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"}};
              if (geteuid() == 0) command.argv.push_back("--user=root");
              command.log = data + ".log";
              return run(command, stop);
            }));
  program.data_template = folder + "/data";
  return program;
}

Result<ServerProgram> prepare_mysql_5_6(const StopCheck& stop) {
  TRY_VALUE(const auto part, fetch_part("mysql-5.6", stop));
  const auto root = part + "/server";
  return ServerProgram{
      .kind = ServerKind::mysql_5_6,
      .base = {.argv = {root + "/mysqld", "--no-defaults", "--basedir=" + root, "--lc-messages-dir=" + root + "/share",
                        "--character-sets-dir=" + root + "/share/charsets"},
               .env = {{"LD_LIBRARY_PATH", root}}},
      .data_template = root + "/data/mysql"};
}

Result<ServerProgram> prepare_mysql_9_7(const StopCheck& stop) {
  TRY_VALUE(const auto part, fetch_part("mysql-9.7", stop));
  const auto root = part + "/root", libraries = root + "/usr/lib/x86_64-linux-gnu";
  ServerProgram program{
      .kind = ServerKind::mysql_9_7,
      .base = {.argv = {libraries + "/ld-linux-x86-64.so.2", "--library-path", libraries, root + "/usr/sbin/mysqld",
                        "--no-defaults", "--basedir=" + root + "/usr", "--plugin-dir=" + root + "/usr/lib/mysql/plugin",
                        "--lc-messages-dir=" + root + "/usr/share/mysql",
                        "--character-sets-dir=" + root + "/usr/share/mysql/charsets"}}};
  TRY_VALUE(auto folder, template_folder("data-mysql-9.7", [&](const std::string& data) {
              Command command = program.base;
              for (const auto& option : {std::string("--initialize-insecure"), "--datadir=" + data,
                                         "--log-error=" + data + ".log", std::string("--secure-file-priv=NULL")})
                command.argv.push_back(option);
              if (geteuid() == 0) command.argv.push_back("--user=root");
              command.log = data + ".log";
              return run(command, stop);
            }));
  program.data_template = folder + "/data";
  return program;
}

}  // namespace

std::string cache_dir() {
  if (const char* dir = std::getenv("TRIBUTARY_CACHE"); dir != nullptr && *dir != '\0') return dir;
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "/root") + "/.cache/tributary";
}

std::string find_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path != nullptr ? path : "") + ":/usr/sbin:/usr/bin:/usr/local/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    auto candidate = fmt::format("{}/{}", folder, name);
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

Result<std::string> fetch_part(std::string_view name, const StopCheck& stop) {
  const auto script = fmt::format("{}/fetch/{}.sh", lab_source_dir(), name);
  auto output = run_and_read({.argv = {"bash", script}, .env = {{"TRIBUTARY_CACHE", cache_dir()}}}, stop);
  if (!output) {
    if (output.error().is_cancelled()) return output;
    return fail(ErrorCode::dependency_missing, fmt::format("{} could not be fetched ({})", name, output.error().what),
                script);
  }
  while (!output->empty() && output->back() == '\n') output->pop_back();
  if (!fs::is_directory(*output)) return fail(ErrorCode::dependency_missing, "no folder given: " + *output, script);
  return output;
}

Result<ServerProgram> prepare_server_program(ServerKind kind, const StopCheck& stop) {
  switch (kind) {
    case ServerKind::mariadb_10_11:
      return prepare_mariadb(stop);
    case ServerKind::mysql_5_6:
      return prepare_mysql_5_6(stop);
    case ServerKind::mysql_9_7:
      return prepare_mysql_9_7(stop);
  }
  return fail(ErrorCode::internal, "unknown server kind");
}

}  // namespace tributary::lab
