#include "lab/ports.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tributary::lab {
namespace {

// A listener on any port, as long as it lives.
struct Listener {
  Listener() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(fd, 1);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~Listener() { ::close(fd); }
  int fd;
  std::uint16_t port = 0;
};

TEST(Ports, APortInUseIsNeitherFreeNorChosen) {
  const Listener listener;
  EXPECT_FALSE(port_is_free(listener.port));
  std::set<std::uint16_t> taken;
  const auto port = choose_port(listener.port, taken);
  ASSERT_TRUE(port);
  EXPECT_NE(*port, listener.port);
}

TEST(Ports, TheWishedPortIsKeptUnlessAlreadyTaken) {
  std::set<std::uint16_t> taken;
  const auto first = choose_port(0, taken);
  ASSERT_TRUE(first);
  std::set<std::uint16_t> fresh;
  EXPECT_EQ(choose_port(*first, fresh), *first);
  EXPECT_NE(choose_port(*first, taken), *first);
  EXPECT_EQ(taken.size(), 2u);
}

}  // namespace
}  // namespace tributary::lab
