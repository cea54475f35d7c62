#include "front/protocol.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>

#include "front/shared.h"

namespace tributary::lab {

namespace {

constexpr std::size_t frame_max = 0xFFFFFF;
constexpr std::size_t packet_max = std::size_t{1} << 30;
constexpr std::size_t flush_at = 256 * 1024;
constexpr std::uint8_t charset_utf8mb4 = 45, charset_binary = 63;
constexpr std::uint8_t type_var_string = 253;

enum Capability : std::uint32_t {
  long_password = 1,
  found_rows = 2,
  long_flag = 4,
  connect_with_db = 8,
  protocol_41 = 1 << 9,
  transactions = 1 << 13,
  secure_connection = 1 << 15,
  multi_results = 1 << 17,
  plugin_auth = 1 << 19,
  connect_attrs = 1 << 20,
  lenenc_auth = 1 << 21,
};
constexpr std::uint32_t offered = long_password | found_rows | long_flag | connect_with_db | protocol_41 |
                                  transactions | secure_connection | multi_results | plugin_auth | connect_attrs |
                                  lenenc_auth;
constexpr std::string_view native_password = "mysql_native_password";

void put_int(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

void put_length(std::string& out, std::uint64_t value) {
  if (value < 251) {
    put_int(out, value, 1);
  } else if (value < 0x10000) {
    out.push_back('\xFC');
    put_int(out, value, 2);
  } else if (value < 0x1000000) {
    out.push_back('\xFD');
    put_int(out, value, 3);
  } else {
    out.push_back('\xFE');
    put_int(out, value, 8);
  }
}

void put_text(std::string& out, std::string_view text) {
  put_length(out, text.size());
  out += text;
}

std::uint16_t flags_of(SessionStatus status) {
  return static_cast<std::uint16_t>((status.autocommit ? 2 : 0) | (status.in_transaction ? 1 : 0));
}

std::string sha1(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha1(), nullptr);
  return {reinterpret_cast<char*>(digest), size};
}

// Reads the parts of a login packet; every read past the end makes it bad.
struct Reader {
  std::string_view rest;
  bool bad = false;

  std::string_view take(std::size_t size) {
    if (size > rest.size()) {
      bad = true;
      return {};
    }
    const std::string_view out = rest.substr(0, size);
    rest.remove_prefix(size);
    return out;
  }
  std::uint64_t integer(std::size_t bytes) {
    std::uint64_t out = 0;
    const std::string_view raw = take(bytes);
    for (std::size_t i = 0; i < raw.size(); ++i) out |= std::uint64_t{static_cast<unsigned char>(raw[i])} << (8 * i);
    return out;
  }
  std::string_view zero_terminated() {
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) return take(rest.size());
    const std::string_view out = take(end);
    take(1);
    return out;
  }
};

// Text that is not UTF-8 is announced as binary, so that clients do not try to decode it.
bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[at]);
    const std::size_t more = c < 0x80 ? 0 : c >= 0xF8 ? 9 : c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC2 ? 1 : 9;
    if (more == 9 || at + more >= text.size()) return false;
    for (std::size_t i = 1; i <= more; ++i)
      if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return false;
    at += more + 1;
  }
  return true;
}

std::string column_definition(std::string_view name, bool binary, std::size_t length) {
  std::string out;
  put_text(out, "def");
  for (int i = 0; i < 3; ++i) put_text(out, "");  // schema, table, original table
  put_text(out, name);
  put_text(out, name);
  put_int(out, 0x0C, 1);
  put_int(out, binary ? charset_binary : charset_utf8mb4, 2);
  put_int(out, std::min<std::size_t>(length * 4, 0xFFFFFFFF), 4);
  put_int(out, type_var_string, 1);
  put_int(out, binary ? 0x80 : 0, 2);
  put_int(out, 0, 1);
  put_int(out, 0, 2);
  return out;
}

}  // namespace

bool Channel::read_exactly(char* into, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(socket_, into, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    into += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

std::optional<std::string> Channel::read() {
  std::string packet;
  while (true) {
    unsigned char header[4];
    if (!read_exactly(reinterpret_cast<char*>(header), 4)) return std::nullopt;
    const std::size_t size = header[0] | header[1] << 8 | header[2] << 16;
    sequence_ = static_cast<std::uint8_t>(header[3] + 1);
    if (packet.size() + size > packet_max) return std::nullopt;
    const std::size_t at = packet.size();
    packet.resize(at + size);
    if (!read_exactly(packet.data() + at, size)) return std::nullopt;
    if (size < frame_max) return packet;
  }
}

bool Channel::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Channel::write(std::string_view payload) {
  while (true) {
    const std::size_t size = std::min(payload.size(), frame_max);
    put_int(out_, size, 3);
    put_int(out_, sequence_++, 1);
    out_ += payload.substr(0, size);
    payload.remove_prefix(size);
    if (size < frame_max) break;
  }
  return out_.size() < flush_at || flush();
}

bool Channel::flush() {
  const bool sent = send_all(out_);
  out_.clear();
  return sent;
}

std::string make_scramble() {
  std::random_device source;
  std::uniform_int_distribution<int> pick(33, 126);
  std::string out;
  for (int i = 0; i < 20; ++i) out += static_cast<char>(pick(source));
  return out;
}

std::string greeting(std::uint32_t connection_id, std::string_view scramble) {
  std::string out;
  put_int(out, 10, 1);
  out += product_version;
  out.push_back('\0');
  put_int(out, connection_id, 4);
  out += scramble.substr(0, 8);
  out.push_back('\0');
  put_int(out, offered & 0xFFFF, 2);
  put_int(out, charset_utf8mb4, 1);
  put_int(out, flags_of({}), 2);
  put_int(out, offered >> 16, 2);
  put_int(out, scramble.size() + 1, 1);
  out.append(10, '\0');
  out += scramble.substr(8);
  out.push_back('\0');
  out += native_password;
  out.push_back('\0');
  return out;
}

std::optional<Login> parse_login(std::string_view packet) {
  Reader in{packet};
  Login out;
  out.capabilities = static_cast<std::uint32_t>(in.integer(4));
  if (!(out.capabilities & protocol_41)) return std::nullopt;
  in.take(4 + 1 + 23);  // largest packet, character set, filler
  out.user = in.zero_terminated();
  // Lengths above 250 make no sense for an answer to a 20-byte scramble.
  if (out.capabilities & (lenenc_auth | secure_connection))
    out.response = in.take(in.integer(1));
  else
    out.response = in.zero_terminated();
  if (out.capabilities & connect_with_db) out.database = in.zero_terminated();
  if (out.capabilities & plugin_auth) out.plugin = in.zero_terminated();
  if (in.bad) return std::nullopt;
  return out;
}

std::string auth_switch_request(std::string_view scramble) {
  std::string out = "\xFE";
  out += native_password;
  out.push_back('\0');
  out += scramble;
  out.push_back('\0');
  return out;
}

bool password_matches(std::string_view password, std::string_view scramble, std::string_view response) {
  if (password.empty()) return response.empty();
  const std::string once = sha1(password);
  const std::string mask = sha1(std::string(scramble) + sha1(once));
  if (response.size() != once.size()) return false;
  for (std::size_t i = 0; i < once.size(); ++i)
    if (static_cast<char>(once[i] ^ mask[i]) != response[i]) return false;
  return true;
}

bool write_ok(Channel& channel, const Outcome& outcome, SessionStatus status) {
  std::string out(1, '\0');
  put_length(out, outcome.affected);
  put_length(out, outcome.insert_id);
  put_int(out, flags_of(status), 2);
  put_int(out, 0, 2);
  return channel.write(out);
}

bool write_eof(Channel& channel, SessionStatus status) {
  std::string out = "\xFE";
  put_int(out, 0, 2);
  put_int(out, flags_of(status), 2);
  return channel.write(out);
}

bool write_error(Channel& channel, const SqlError& error, std::string_view prefix) {
  std::string out = "\xFF";
  put_int(out, error.number, 2);
  out += '#';
  out += error.state.size() == 5 ? error.state : "HY000";
  out += prefix;
  out += error.text;
  return channel.write(out);
}

bool write_table(Channel& channel, const mysql::Table& table, SessionStatus status) {
  std::string packet;
  put_length(packet, table.columns.size());
  if (!channel.write(packet)) return false;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    bool binary = false;
    std::size_t length = 1;
    for (const auto& row : table.rows) {
      if (!row[i]) continue;
      length = std::max(length, row[i]->size());
      binary = binary || !is_utf8(*row[i]);
    }
    if (!channel.write(column_definition(table.columns[i], binary, length))) return false;
  }
  if (!write_eof(channel, status)) return false;
  for (const auto& row : table.rows) {
    packet.clear();
    for (const auto& cell : row) {
      if (cell)
        put_text(packet, *cell);
      else
        packet.push_back('\xFB');
    }
    if (!channel.write(packet)) return false;
  }
  return write_eof(channel, status);
}

}  // namespace tributary::lab
