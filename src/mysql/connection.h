// A connection to one MySQL-family server: queries, streamed rows, the binlog dump. Hides the client library
// (libmariadb), whose headers no other folder includes.
//
// Threads: one at a time, except abort(), which may be called from any thread to make a blocked read fail.
// Errors: source_unreachable, source_access_denied, source_unknown_host, source_database_missing, source_lost,
// source_tls, source_moved for the connection, source_query for statements the server refuses (server_errno() tells
// which), those of dump_error.h from the dump.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/position.h"

namespace tributary::mysql {

struct HostPort {
  std::string host;
  std::uint16_t port = 3306;
  bool operator==(const HostPort&) const = default;
};

// What is checked of the server's certificate: nothing, that the authority signed it, or also that it is for this host.
enum class TlsVerify : std::uint8_t { none, ca, full };

struct Endpoint {
  std::string host;
  std::uint16_t port = 3306;
  std::string user;
  std::string password;
  std::string database;  // may be empty
  // The same instance's further addresses, one of which serves it after a failover. With them open() takes the first
  // address of all behind which a writable server is, else the first that answers.
  std::vector<HostPort> others;
  // As server_identity() gives it (server.h). Not empty: another server at the address is refused with source_moved.
  std::string expected_server;
  bool tls = false;  // required when set; refused if the server can't
  TlsVerify tls_verify = TlsVerify::none;
  std::string tls_ca;             // PEM file; empty: the system's authorities
  std::string tls_cert, tls_key;  // PEM files, of the client; may be empty
  int connect_timeout_s = 10;
  int read_timeout_s = 600;  // a silent server is a lost one; heartbeats keep a dump alive

  std::string address() const;      // host:port
  Endpoint at(HostPort one) const;  // the same with this as its only address
};

enum class Flavour : std::uint8_t { mysql, mariadb };

// A result held in memory; for metadata.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;

  // Index of a column by name, ignoring case; -1 if absent.
  int column(std::string_view name) const;
  // The cell as text, empty if NULL or the column is absent.
  std::string_view text(std::size_t row, std::string_view column_name) const;
};

// One row of a streamed result: borrowed until the next next().
struct RowView {
  std::span<const char* const> values;  // nullptr for NULL
  std::span<const unsigned long> lengths;
};

// Rows as they arrive from the server. Reading to the end, or skip_rest(), frees the connection. One that is given up
// before takes the connection with it: the rest, a whole table perhaps, would have to be read first.
class RowStream {
 public:
  RowStream(RowStream&&) noexcept;
  RowStream& operator=(RowStream&&) noexcept;
  ~RowStream();
  // False at the end.
  base::Result<bool> next(RowView& row);
  // Reads the rest away.
  void skip_rest();
  std::size_t column_count() const;

 private:
  friend class Connection;
  struct State;
  void end();
  explicit RowStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Where a dump starts. With a GTID set the server finds the file; otherwise `at` counts.
struct DumpStart {
  model::BinlogPosition at;
  std::optional<model::GtidSet> gtid_set;  // transactions not to be sent again
  std::uint32_t server_id = 0;
  std::string uuid;  // of the replica that we are to the server; MySQL ends other dumps of the same one
  std::uint32_t heartbeat_ms = 1000;
  bool non_blocking = false;  // end at the end of the log instead of waiting (a heartbeat is then not sent)
};

class Connection {
 public:
  static base::Result<Connection> open(const Endpoint& endpoint);
  static base::Result<Connection> open_one(const Endpoint& endpoint);  // the first address only
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // A statement without a result, or whose result does not matter. Affected rows.
  base::Result<std::uint64_t> execute(std::string_view sql);
  base::Result<Table> query(std::string_view sql);
  // First cell of the first row; empty text for NULL, an error if there is no row.
  base::Result<std::string> scalar(std::string_view sql);
  // Text protocol, unbuffered. Only one stream at a time; no other call until it has ended.
  base::Result<RowStream> stream(std::string_view sql);

  // Turns the connection into a binlog dump. After it only read_event() and abort() are meant.
  base::Status start_dump(const DumpStart& start);
  // The next event, header and checksum included, borrowed until the next call. Empty at the end (non-blocking only).
  base::Result<std::string_view> read_event();

  // True when a read_event() would find data without waiting, as far as can be told.
  bool has_data();

  // Error number of the last refused statement, 0 if none.
  unsigned server_errno() const;
  Flavour flavour() const;
  const std::string& server_version() const;  // as @@version: "10.11.19-MariaDB-log", "8.0.34"
  std::uint32_t version_number() const;       // 101119, 80034
  std::uint64_t connection_id() const;
  const Endpoint& endpoint() const;
  void abort();

  std::string escape(std::string_view text) const;  // without quotes
  std::string quote(std::string_view text) const;   // 'text'

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// `name` with back quotes doubled and around it.
std::string quote_name(std::string_view name);

}  // namespace tributary::mysql
