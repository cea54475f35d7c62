#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "front/test_servers.h"

namespace tributary::lab::testing {

namespace {

constexpr auto start_time_max = std::chrono::seconds(60);

int spawn(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const int pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) ::dup2(nowhere, fd);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

int exit_status(int pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

}  // namespace

bool have_mariadb() {
  return exit_status(spawn({"mariadbd", "--no-defaults", "--version"})) == 0 &&
         exit_status(spawn({"sh", "-c", "command -v mariadb-install-db"})) == 0;
}

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

base::Status prepare_data(const std::string& folder) {
  std::filesystem::create_directories(folder);
  if (exit_status(spawn({"mariadb-install-db", "--no-defaults", "--datadir=" + folder, "--user=root",
                         "--auth-root-authentication-method=normal", "--skip-test-db"})) != 0)
    return base::fail(base::ErrorCode::dependency_missing, "mariadb-install-db failed", folder);
  return {};
}

base::Result<MariaServer> MariaServer::start(const std::string& folder, const std::string& prepared_data,
                                             int server_id) {
  std::filesystem::create_directories(folder + "/tmp");
  std::filesystem::copy(prepared_data, folder + "/data", std::filesystem::copy_options::recursive);
  const std::string data = "--datadir=" + folder + "/data";
  const std::uint16_t port = free_port();
  MariaServer server(
      spawn({"mariadbd", "--no-defaults", "--user=root", data, "--tmpdir=" + folder + "/tmp",
             fmt::format("--port={}", port), "--bind-address=127.0.0.1", "--socket=" + folder + "/s",
             "--pid-file=" + folder + "/pid", fmt::format("--server-id={}", server_id), "--log-bin=mysql-bin",
             "--binlog-format=ROW", "--binlog-row-image=FULL", "--innodb-flush-log-at-trx-commit=0",
             "--innodb-buffer-pool-size=64M", "--max-allowed-packet=256M", "--log-error=" + folder + "/err.log"}),
      port);
  const auto deadline = std::chrono::steady_clock::now() + start_time_max;
  while (true) {
    auto opened = mysql::Connection::open(server.endpoint());
    if (opened) return server;
    if (std::chrono::steady_clock::now() > deadline) return base::fail(std::move(opened).error());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

MariaServer::MariaServer(MariaServer&& other) noexcept : pid_(other.pid_), port_(other.port_) { other.pid_ = -1; }

MariaServer::~MariaServer() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);  // the data is thrown away anyway
  exit_status(pid_);
}

mysql::Endpoint MariaServer::endpoint() const {
  return {.host = "127.0.0.1", .port = port_, .user = "root", .password = ""};
}

}  // namespace tributary::lab::testing
