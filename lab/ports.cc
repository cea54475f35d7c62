#include "lab/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>

namespace tributary::lab {
namespace {

int first_ephemeral_port() {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  int first = 32768;
  file >> first;
  return std::clamp(first, 12000, 60000);
}

}  // namespace

bool port_is_free(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // as the servers do: TIME_WAIT is no hindrance
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd, 1) == 0;
  ::close(fd);
  return free;
}

base::Result<std::uint16_t> choose_port(std::uint16_t preferred, std::set<std::uint16_t>& taken) {
  if (preferred != 0 && !taken.contains(preferred) && port_is_free(preferred)) {
    taken.insert(preferred);
    return preferred;
  }
  std::random_device entropy;
  std::uniform_int_distribution<int> any(10001, first_ephemeral_port() - 1);
  for (int tries = 0; tries < 1000; ++tries) {
    const auto port = static_cast<std::uint16_t>(any(entropy));
    if (taken.contains(port) || !port_is_free(port)) continue;
    taken.insert(port);
    return port;
  }
  return base::fail(base::ErrorCode::io, "no free port found on 127.0.0.1");
}

}  // namespace tributary::lab
