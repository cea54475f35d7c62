#include "front/protocol.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace tributary::lab {
namespace {

class Pair {
 public:
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds_), 0); }
  ~Pair() {
    ::close(fds_[0]);
    if (fds_[1] >= 0) ::close(fds_[1]);
  }
  int left() const { return fds_[0]; }
  int right() const { return fds_[1]; }
  void close_right() {
    ::close(fds_[1]);
    fds_[1] = -1;
  }

 private:
  int fds_[2];
};

TEST(Channel, SplitsAndJoinsPacketsOverSixteenMegabytes) {
  Pair pair;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{0xFFFFFE}, std::size_t{0xFFFFFF},
                                 std::size_t{0x1000000}, std::size_t{0x1FFFFFE}}) {
    const std::string sent(size, 'x');
    std::thread writer([&] {
      Channel channel(pair.left());
      EXPECT_TRUE(channel.write(sent) && channel.flush());
    });
    Channel channel(pair.right());
    const auto got = channel.read();
    writer.join();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->size(), size);
    EXPECT_EQ(*got, sent);
  }
}

TEST(Channel, EndsWhenThePeerIsGoneInMidPacket) {
  Pair pair;
  ASSERT_EQ(::send(pair.right(),
                   "\x05\x00\x00\x00"
                   "ab",
                   6, 0),
            6);
  pair.close_right();
  Channel channel(pair.left());
  EXPECT_FALSE(channel.read());
}

TEST(Password, MatchesOnlyTheRightScramble) {
  // SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))), computed apart.
  const std::string scramble = "01234567890123456789";
  const unsigned char known[] = {0x7a, 0xbe, 0x1a, 0x87, 0x76, 0xb5, 0x9e, 0x93, 0x10, 0x59,
                                 0x45, 0x1f, 0x81, 0xe5, 0x96, 0xa6, 0x0d, 0xbb, 0xf7, 0xa8};
  const std::string response(reinterpret_cast<const char*>(known), sizeof known);
  EXPECT_TRUE(password_matches("secret", scramble, response));
  EXPECT_FALSE(password_matches("Secret", scramble, response));
  EXPECT_FALSE(password_matches("secret", "x1234567890123456789", response));
  EXPECT_FALSE(password_matches("secret", scramble, ""));
  EXPECT_TRUE(password_matches("", scramble, ""));
}

TEST(ParseLogin, RefusesEveryTruncation) {
  std::string packet;
  packet += std::string("\x0d\xa2\x3a\x00", 4);  // capabilities without lenenc
  packet += std::string(28, '\0');
  packet += std::string("app\0", 4);
  packet += '\x14' + std::string(20, 'r');
  packet += std::string("shop\0mysql_native_password\0", 27);
  const auto login = parse_login(packet);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->user, "app");
  EXPECT_EQ(login->response, std::string(20, 'r'));
  EXPECT_EQ(login->database, "shop");
  EXPECT_EQ(login->plugin, "mysql_native_password");
  for (std::size_t size = 0; size < 57; ++size)
    EXPECT_FALSE(parse_login(std::string_view(packet).substr(0, size))) << size;
}

}  // namespace
}  // namespace tributary::lab
