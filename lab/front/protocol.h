// The server's side of the MySQL client/server protocol over one socket: framing, the greeting, text results.
//
// Packets longer than 2^24-1 bytes are split and joined in both directions. No TLS, no compression, no prepared
// statements. Source of the layouts: MySQL internals manual, "Client/Server Protocol" (handshake v10, protocol 4.1).
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "front/answer.h"

namespace tributary::lab {

enum class Command : std::uint8_t {
  quit = 1,
  init_db = 2,
  query = 3,
  field_list = 4,
  statistics = 9,
  ping = 14,
  binlog_dump = 18,
  register_slave = 21,
  set_option = 27,
  binlog_dump_gtid = 30,
  reset_connection = 31,
};

class Channel {
 public:
  explicit Channel(int socket) : socket_(socket) {}

  // A whole packet; nothing when the peer is gone or sends more than a client may.
  std::optional<std::string> read();
  // False when the peer is gone. Buffered until flush().
  bool write(std::string_view payload);
  bool flush();
  // The next packet begins a new exchange.
  void restart() { sequence_ = 0; }

 private:
  bool read_exactly(char* into, std::size_t size);
  bool send_all(std::string_view bytes);

  const int socket_;
  std::uint8_t sequence_ = 0;
  std::string out_;
};

struct Login {
  std::string user, database, response, plugin;
  std::uint32_t capabilities = 0;
};

// 20 random bytes without zeroes.
std::string make_scramble();
std::string greeting(std::uint32_t connection_id, std::string_view scramble);
std::optional<Login> parse_login(std::string_view packet);
std::string auth_switch_request(std::string_view scramble);
// mysql_native_password: SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))); empty for an empty password.
bool password_matches(std::string_view password, std::string_view scramble, std::string_view response);

struct SessionStatus {
  bool autocommit = true;
  bool in_transaction = false;
};
bool write_ok(Channel& channel, const Outcome& outcome, SessionStatus status);
bool write_eof(Channel& channel, SessionStatus status);
bool write_error(Channel& channel, const SqlError& error, std::string_view prefix);
bool write_table(Channel& channel, const mysql::Table& table, SessionStatus status);

}  // namespace tributary::lab
