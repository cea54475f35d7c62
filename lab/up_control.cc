#include "lab/up_control.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tributary::lab {
namespace {

using base::ErrorCode;
using base::fail;

// A socket's address holds 107 characters, a folder's path may be longer: go through a descriptor of the folder.
class SocketAddress {
 public:
  explicit SocketAddress(const std::string& dir) : dir_fd_(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    address_.sun_family = AF_UNIX;
    fmt::format_to_n(address_.sun_path, sizeof address_.sun_path - 1, "/proc/self/fd/{}/control.sock", dir_fd_);
  }
  ~SocketAddress() {
    if (dir_fd_ >= 0) ::close(dir_fd_);
  }
  SocketAddress(const SocketAddress&) = delete;
  SocketAddress& operator=(const SocketAddress&) = delete;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  static constexpr socklen_t size = sizeof(sockaddr_un);

 private:
  int dir_fd_;
  sockaddr_un address_{};
};

std::optional<std::string> read_line(int fd, int timeout_ms) {
  std::string line;
  for (char c = 0;;) {
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, timeout_ms) <= 0) return std::nullopt;
    if (::read(fd, &c, 1) <= 0) return std::nullopt;
    if (c == '\n') return line;
    line.push_back(c);
  }
}

void write_line(int fd, const std::string& text) {
  const auto line = text + "\n";
  std::size_t sent = 0;
  while (sent < line.size()) {
    const auto n = ::send(fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

}  // namespace

base::Result<ControlServer> ControlServer::open(const std::string& dir) {
  const auto path = dir + "/control.sock";
  ::unlink(path.c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const SocketAddress address(dir);
  const auto mask = ::umask(0077);
  const bool bound = fd >= 0 && ::bind(fd, address.get(), SocketAddress::size) == 0 && ::listen(fd, 16) == 0;
  ::umask(mask);
  if (bound) return ControlServer(fd, path);
  const auto text = std::strerror(errno);
  if (fd >= 0) ::close(fd);
  return fail(ErrorCode::io, text, path);
}

ControlServer::ControlServer(ControlServer&& other) noexcept : fd_(other.fd_), path_(std::move(other.path_)) {
  other.fd_ = -1;
}

ControlServer::~ControlServer() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(path_.c_str());
}

std::optional<ControlServer::Request> ControlServer::accept() {
  const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return std::nullopt;
  if (auto line = read_line(fd, 2000)) return Request{fd, *line};
  ::close(fd);
  return std::nullopt;
}

void ControlServer::reply(const Request& request, const std::string& line) {
  write_line(request.fd, line);
  ::close(request.fd);
}

std::optional<std::string> ask_supervisor(const std::string& dir, const std::string& request) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::nullopt;
  std::optional<std::string> reply;
  const SocketAddress address(dir);
  if (::connect(fd, address.get(), SocketAddress::size) == 0) {
    write_line(fd, request);
    reply = read_line(fd, -1);
  }
  ::close(fd);
  return reply;
}

}  // namespace tributary::lab
