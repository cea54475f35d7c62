// For tests: a server that speaks just enough of the MySQL protocol to be asked for a binlog dump, and sends events it
// was given. One connection; statements are answered with OK. Source: MySQL Internals, "Client/Server Protocol".
// Threads: starts one of its own, joined by the destructor.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "mysql/connection.h"
#include "source/binlog/derived_schema.h"
#include "source/binlog/event.h"
#include "source/binlog/live_tables.h"
#include "source/binlog/test_fixtures.h"

namespace tributary::source::testing {

// One captured table of this structure; its rows leave under the schema's names.
inline LiveTables::Setup live_tables(std::string database, std::string table, model::TableSchema schema) {
  LiveTables::Setup setup{.tracker = SchemaTracker(ServerTraits{}),
                          .tables = {{database, table, schema.database, schema.table}}};
  TrackedTable tracked;
  tracked.schema = std::move(schema);
  tracked.schema.database = database;
  tracked.schema.table = table;
  setup.tracker.put_database(database, "utf8mb4_general_ci");
  setup.tracker.put_table(std::move(tracked));
  return setup;
}

class DumpServer {
 public:
  DumpServer(std::string version, std::vector<std::string> events)
      : version_(std::move(version)), events_(std::move(events)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 1) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      std::abort();
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~DumpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  mysql::Endpoint endpoint() const {
    mysql::Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = port_;
    endpoint.user = "u";
    return endpoint;
  }
  // The dump command as it came, after the stream has ended.
  const std::string& dump_command() const { return dump_command_; }

 private:
  static void send(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  static void send_packet(int socket, std::uint8_t number, std::string_view body) {
    std::string packet;
    for (int i = 0; i < 3; ++i) packet += static_cast<char>(body.size() >> (8 * i));
    packet += static_cast<char>(number);
    packet += body;
    send(socket, packet);
  }
  static bool receive(int socket, std::string& body) {
    unsigned char head[4];
    if (::recv(socket, head, sizeof head, MSG_WAITALL) != sizeof head) return false;
    body.resize(head[0] | head[1] << 8 | head[2] << 16);
    return body.empty() || ::recv(socket, body.data(), body.size(), MSG_WAITALL) == static_cast<ssize_t>(body.size());
  }
  void serve() {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    using namespace std::string_literals;
    // Long password, 4.1 protocol, 4.1 authentication; plugin authentication.
    send_packet(socket, 0,
                "\x0a"s + version_ + "\0\x01\0\0\0abcdefgh\0\x01\x82\x21\x02\0\x08\0\x15"s + std::string(10, '\0') +
                    "ijklmnopqrst\0mysql_native_password\0"s);
    std::string body;
    const std::string ok = "\0\0\0\x02\0\0\0"s;
    if (receive(socket, body)) send_packet(socket, 2, ok);
    while (receive(socket, body)) {
      const auto command = static_cast<unsigned char>(body[0]);
      if (command == 18 || command == 30) {
        dump_command_ = body;
        std::uint8_t number = 1;
        for (const std::string& event : events_) send_packet(socket, number++, "\0"s + event);
        break;
      }
      send_packet(socket, 1, ok);
    }
    ::shutdown(socket, SHUT_WR);
    while (::recv(socket, body.data(), body.size(), 0) > 0) {
    }
    ::close(socket);
  }

  const std::string version_;
  const std::vector<std::string> events_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::string dump_command_;
  std::thread thread_;
};

struct Event {
  std::uint64_t begin;
  EventType type;
  std::string raw;
};

// A fixture's events, one by one.
inline std::vector<Event> events_of(std::string_view hex) {
  const std::string bytes = from_hex(hex);
  std::vector<Event> events;
  for (std::size_t at = 4; at < bytes.size();) {
    const EventHeader header = *parse_event_header(std::string_view(bytes).substr(at));
    events.push_back({at, header.type, bytes.substr(at, header.size)});
    at += header.size;
  }
  return events;
}

// Of the first table in them.
inline model::TableSchemaPtr schema_of(const std::vector<Event>& events) {
  const FormatDescription format = *parse_format_description(*parse_event(events.front().raw, {}));
  for (const Event& event : events) {
    if (event.type != EventType::table_map) continue;
    TableMap map;
    if (!map.parse(*parse_event(event.raw, format), format)) return nullptr;
    return *derive_schema(map);
  }
  return nullptr;
}

}  // namespace tributary::source::testing
