#include "mysql/connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tributary::mysql {
namespace {

// A port of this machine on which nobody listens.
std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

TEST(QuoteName, DoublesBackQuotes) {
  EXPECT_EQ(quote_name("orders"), "`orders`");
  EXPECT_EQ(quote_name("a`b"), "`a``b`");
  EXPECT_EQ(quote_name(""), "``");
}

TEST(Table, ColumnsAreFoundByNameInAnyCase) {
  Table table;
  table.columns = {"ID", "GROUP_NAME"};
  table.rows = {{"0", std::nullopt}, {"1", "G1"}};
  EXPECT_EQ(table.column("group_name"), 1);
  EXPECT_EQ(table.column("GROUP"), -1);
  EXPECT_EQ(table.text(1, "Group_Name"), "G1");
  EXPECT_EQ(table.text(0, "GROUP_NAME"), "");
  EXPECT_EQ(table.text(0, "no such column"), "");
}

TEST(Connection, AServerThatIsNotThereIsUnreachableAndNamed) {
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = free_port();
  const auto opened = Connection::open(endpoint);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, base::ErrorCode::source_unreachable);
  EXPECT_TRUE(opened.error().is_retriable());
  EXPECT_EQ(opened.error().where, endpoint.address());
}

TEST(Connection, AnUnknownHostIsNotRetried) {
  Endpoint endpoint;
  endpoint.host = "no-such-host.invalid";
  const auto opened = Connection::open(endpoint);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, base::ErrorCode::source_unknown_host);
  EXPECT_FALSE(opened.error().is_retriable());
}

}  // namespace
}  // namespace tributary::mysql
