#include "mysql/connection.h"

#include <errmsg.h>
#include <fmt/format.h>
#include <mysql.h>
// after mysql.h
#include <fcntl.h>
#include <ma_pvio.h>
#include <mysqld_error.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "mysql/dump_error.h"
#include "mysql/server.h"

namespace tributary::mysql {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr unsigned char com_binlog_dump = 18, com_binlog_dump_gtid = 30;
constexpr std::uint16_t dump_non_block = 1, dump_through_gtid = 4;

struct MysqlCloser {
  void operator()(MYSQL* handle) const { mysql_close(handle); }
};

bool is_connection_loss(unsigned number) {
  return number == CR_SERVER_GONE_ERROR || number == CR_SERVER_LOST || number == CR_SERVER_LOST_EXTENDED ||
         number == CR_CONNECTION_ERROR || number == CR_CONN_HOST_ERROR || number == ER_SERVER_SHUTDOWN ||
         number == ER_CONNECTION_KILLED || number == CR_MALFORMED_PACKET || number == 1184 ||
         number == 4031 /* idle for too long */ || number == 1159 /* net read error */ || number == 1160 ||
         number == 1161 || number == 1158;
}

// Refusals that have nothing to do with the statement.
bool passes_by_itself(unsigned number) {
  return number == ER_LOCK_WAIT_TIMEOUT || number == ER_LOCK_DEADLOCK || number == ER_QUERY_INTERRUPTED ||
         number == ER_TABLE_DEF_CHANGED || number == ER_CON_COUNT_ERROR || number == ER_TOO_MANY_USER_CONNECTIONS;
}

Error make_error(MYSQL* handle, ErrorCode otherwise, const std::string& where) {
  const unsigned number = mysql_errno(handle);
  ErrorCode code = otherwise;
  if (is_connection_loss(number))
    code = ErrorCode::source_lost;
  else if (passes_by_itself(number))
    code = ErrorCode::source_busy;
  return {code, fmt::format("{} ({}): {}", number, mysql_sqlstate(handle), mysql_error(handle)), where};
}

Error connect_error(MYSQL* handle, const Endpoint& endpoint) {
  ErrorCode code = ErrorCode::source_unreachable;
  switch (mysql_errno(handle)) {
    case ER_ACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case 1698:  // access denied without password
    case ER_HOST_NOT_PRIVILEGED:
      code = ErrorCode::source_access_denied;
      break;
    case ER_BAD_DB_ERROR:
      code = ErrorCode::source_database_missing;
      break;
    case CR_UNKNOWN_HOST:
      code = ErrorCode::source_unknown_host;
      break;
    case CR_SSL_CONNECTION_ERROR:
      code = ErrorCode::source_tls;
      break;
    default:
      break;
  }
  return {code, fmt::format("{}: {}", mysql_errno(handle), mysql_error(handle)), endpoint.address()};
}

std::uint32_t parse_version(std::string_view text) {
  std::uint32_t parts[3] = {};
  std::size_t part = 0;
  for (const char c : text) {
    if (c == '.') {
      if (++part == 3) break;
    } else if (c >= '0' && c <= '9') {
      parts[part] = parts[part] * 10 + static_cast<std::uint32_t>(c - '0');
    } else {
      break;
    }
  }
  return parts[0] * 10000 + parts[1] * 100 + parts[2];
}

void put(std::string& out, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(number >> (8 * i)));
}

// With an authority named the library checks who signed the certificate, whatever else is asked; the host only on
// demand.
void ask_for_tls(MYSQL* handle, const Endpoint& endpoint) {
  const my_bool on = 1;
  const auto file = [&](mysql_option option, const std::string& path) {
    if (!path.empty()) mysql_options(handle, option, path.c_str());
  };
  mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &on);
  file(MYSQL_OPT_SSL_CERT, endpoint.tls_cert);
  file(MYSQL_OPT_SSL_KEY, endpoint.tls_key);
  if (endpoint.tls_verify == TlsVerify::none) return;
  file(MYSQL_OPT_SSL_CA, endpoint.tls_ca);
  if (endpoint.tls_verify == TlsVerify::full) mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
}

void init_library_once() {
  static std::once_flag once;
  std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
}

int hex_digit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

// n_sids { sid[16], n_intervals { first, last + 1 } }, the body of COM_BINLOG_DUMP_GTID.
std::string encode_gtid_set(const model::GtidSet& set) {
  std::string out;
  put(out, set.mysql().size(), 8);
  for (const auto& [source, intervals] : set.mysql()) {
    std::string hex;
    std::copy_if(source.begin(), source.begin() + 36, std::back_inserter(hex), [](char c) { return c != '-'; });
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
      out.push_back(static_cast<char>(hex_digit(hex[i]) * 16 + hex_digit(hex[i + 1])));
    put(out, intervals.size(), 8);
    for (const auto& interval : intervals) {
      put(out, interval.first, 8);
      put(out, interval.last + 1, 8);
    }
  }
  return out;
}

}  // namespace

std::string Endpoint::address() const { return fmt::format("{}:{}", host, port); }

Endpoint Endpoint::at(HostPort one) const {
  Endpoint out = *this;
  out.host = std::move(one.host);
  out.port = one.port;
  out.others.clear();
  return out;
}

int Table::column(std::string_view name) const {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].size() == name.size() && strncasecmp(columns[i].data(), name.data(), name.size()) == 0)
      return static_cast<int>(i);
  return -1;
}

std::string_view Table::text(std::size_t row, std::string_view column_name) const {
  const int at = column(column_name);
  if (at < 0 || !rows[row][static_cast<std::size_t>(at)]) return {};
  return *rows[row][static_cast<std::size_t>(at)];
}

struct Connection::State {
  Endpoint endpoint;
  std::unique_ptr<MYSQL, MysqlCloser> handle;
  Flavour flavour = Flavour::mysql;
  std::string version;
  std::uint32_t version_number = 0;
  unsigned last_errno = 0;
  // The library closes its own descriptor when a connection breaks, and the number may soon be another file's: abort()
  // and poll() use a duplicate, which is ours until the end.
  struct Socket {
    int fd = -1;
    ~Socket() {
      if (fd >= 0) ::close(fd);
    }
  } socket;
};

struct RowStream::State {
  MYSQL* handle;
  MYSQL_RES* result;
  int socket;
  std::string address;
  bool ended = false;
};

RowStream::RowStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
RowStream::RowStream(RowStream&&) noexcept = default;
RowStream& RowStream::operator=(RowStream&& other) noexcept {
  end();
  state_ = std::move(other.state_);
  return *this;
}
RowStream::~RowStream() { end(); }

void RowStream::end() {
  if (!state_) return;
  if (!state_->ended) ::shutdown(state_->socket, SHUT_RDWR);
  mysql_free_result(state_->result);
  state_.reset();
}

void RowStream::skip_rest() {
  RowView row;
  while (const auto more = next(row))
    if (!*more) break;
}

std::size_t RowStream::column_count() const { return mysql_num_fields(state_->result); }

Result<bool> RowStream::next(RowView& row) {
  if (state_->ended) return false;
  MYSQL_ROW values = mysql_fetch_row(state_->result);
  if (values == nullptr) {
    state_->ended = true;
    if (mysql_errno(state_->handle) != 0)
      return fail(make_error(state_->handle, ErrorCode::source_query, state_->address));
    return false;
  }
  const std::size_t count = mysql_num_fields(state_->result);
  row.values = {values, count};
  row.lengths = {mysql_fetch_lengths(state_->result), count};
  return true;
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(const Endpoint& endpoint) {
  if (endpoint.others.empty()) return open_one(endpoint);
  TRY_VALUE(std::vector<Server> servers, reachable_servers(endpoint, true));
  return std::move(servers.front().connection);
}

Result<Connection> Connection::open_one(const Endpoint& endpoint) {
  init_library_once();
  auto state = std::make_unique<State>();
  state->endpoint = endpoint;
  state->handle.reset(mysql_init(nullptr));
  MYSQL* handle = state->handle.get();
  if (handle == nullptr) return fail(ErrorCode::internal, "out of memory");
  const unsigned connect_timeout = static_cast<unsigned>(endpoint.connect_timeout_s);
  const unsigned read_timeout = static_cast<unsigned>(endpoint.read_timeout_s);
  mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout);
  mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, &read_timeout);
  mysql_options(handle, MYSQL_OPT_WRITE_TIMEOUT, &read_timeout);
  const unsigned long packet_max = 1UL << 30;
  mysql_options(handle, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet_max);
  mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  const unsigned protocol = MYSQL_PROTOCOL_TCP;
  mysql_options(handle, MYSQL_OPT_PROTOCOL, &protocol);
  const my_bool off = 0;
  mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, &off);
  if (endpoint.tls) ask_for_tls(handle, endpoint);
  const char* database = endpoint.database.empty() ? nullptr : endpoint.database.c_str();
  if (!mysql_real_connect(handle, endpoint.host.c_str(), endpoint.user.c_str(), endpoint.password.c_str(), database,
                          endpoint.port, nullptr, 0))
    return fail(connect_error(handle, endpoint));
  // The library goes on in clear when the server has no TLS and nothing is verified.
  if (endpoint.tls && mysql_get_ssl_cipher(handle) == nullptr)
    return fail(ErrorCode::source_tls, "the server offers no TLS", endpoint.address());
  state->socket.fd = ::fcntl(static_cast<int>(mysql_get_socket(handle)), F_DUPFD_CLOEXEC, 0);
  if (state->socket.fd < 0)
    return fail(ErrorCode::io, fmt::format("no file descriptor: {}", std::strerror(errno)), endpoint.address());
  const int keep = 1;
  setsockopt(state->socket.fd, SOL_SOCKET, SO_KEEPALIVE, &keep, sizeof keep);
  state->version = mysql_get_server_info(handle);
  state->flavour = state->version.find("MariaDB") != std::string::npos ? Flavour::mariadb : Flavour::mysql;
  state->version_number = parse_version(state->version);
  Connection connection(std::move(state));
  if (!endpoint.expected_server.empty()) {
    TRY_VALUE(const std::string found, server_identity(connection));
    if (found != endpoint.expected_server)
      return fail(ErrorCode::source_moved, fmt::format("{} answers, not {}", found, endpoint.expected_server),
                  endpoint.address());
  }
  return connection;
}

Result<std::uint64_t> Connection::execute(std::string_view sql) {
  MYSQL* handle = state_->handle.get();
  state_->last_errno = 0;
  if (mysql_real_query(handle, sql.data(), sql.size()) != 0) {
    state_->last_errno = mysql_errno(handle);
    return fail(make_error(handle, ErrorCode::source_query, state_->endpoint.address()));
  }
  if (MYSQL_RES* result = mysql_store_result(handle)) mysql_free_result(result);
  if (mysql_errno(handle) != 0) {
    state_->last_errno = mysql_errno(handle);
    return fail(make_error(handle, ErrorCode::source_query, state_->endpoint.address()));
  }
  return mysql_affected_rows(handle);
}

Result<Table> Connection::query(std::string_view sql) {
  TRY_VALUE(RowStream rows, stream(sql));
  Table table;
  const unsigned count = mysql_num_fields(rows.state_->result);
  const MYSQL_FIELD* fields = mysql_fetch_fields(rows.state_->result);
  for (unsigned i = 0; i < count; ++i) table.columns.emplace_back(fields[i].name);
  RowView row;
  while (true) {
    TRY_VALUE(const bool more, rows.next(row));
    if (!more) break;
    auto& out = table.rows.emplace_back(count);
    for (unsigned i = 0; i < count; ++i)
      if (row.values[i] != nullptr) out[i].emplace(row.values[i], row.lengths[i]);
  }
  return table;
}

Result<std::string> Connection::scalar(std::string_view sql) {
  TRY_VALUE(Table table, query(sql));
  if (table.rows.empty() || table.columns.empty())
    return fail(ErrorCode::source_query, fmt::format("no row from: {}", sql), state_->endpoint.address());
  return table.rows[0][0].value_or("");
}

Result<RowStream> Connection::stream(std::string_view sql) {
  MYSQL* handle = state_->handle.get();
  state_->last_errno = 0;
  if (mysql_real_query(handle, sql.data(), sql.size()) != 0) {
    state_->last_errno = mysql_errno(handle);
    return fail(make_error(handle, ErrorCode::source_query, state_->endpoint.address()));
  }
  MYSQL_RES* result = mysql_use_result(handle);
  if (result == nullptr) {
    state_->last_errno = mysql_errno(handle);
    if (state_->last_errno == 0) return fail(ErrorCode::internal, fmt::format("no result set from: {}", sql));
    return fail(make_error(handle, ErrorCode::source_query, state_->endpoint.address()));
  }
  return RowStream(std::make_unique<RowStream::State>(
      RowStream::State{handle, result, state_->socket.fd, state_->endpoint.address()}));
}

Status Connection::start_dump(const DumpStart& start) {
  const bool mariadb = state_->flavour == Flavour::mariadb;
  // Told in both spellings: servers ignore a user variable they do not know.
  for (const std::string name : {"master", "source"}) {
    TRY(execute(fmt::format("SET @{}_binlog_checksum = @@global.binlog_checksum", name)));
    TRY(execute(fmt::format("SET @{}_heartbeat_period = {}", name, std::uint64_t{start.heartbeat_ms} * 1'000'000)));
  }
  if (mariadb) TRY(execute("SET @mariadb_slave_capability = 4"));
  if (!mariadb && !start.uuid.empty())
    TRY(execute(fmt::format("SET @slave_uuid = '{0}', @replica_uuid = '{0}'", escape(start.uuid))));
  // A broker that is away for an hour must not cost the connection.
  TRY(execute("SET SESSION net_write_timeout = 86400"));

  std::string packet;
  unsigned char command = com_binlog_dump;
  if (start.gtid_set && mariadb) {
    TRY(execute(fmt::format("SET @slave_connect_state = '{}'", start.gtid_set->text())));
    TRY(execute("SET @slave_gtid_strict_mode = 0"));
    TRY(execute("SET @slave_gtid_ignore_duplicates = 0"));
    put(packet, 4, 4);
    put(packet, start.non_blocking ? dump_non_block : 0, 2);
    put(packet, start.server_id, 4);
  } else if (start.gtid_set) {
    command = com_binlog_dump_gtid;
    put(packet, dump_through_gtid | (start.non_blocking ? dump_non_block : 0), 2);
    put(packet, start.server_id, 4);
    put(packet, 0, 4);
    put(packet, 4, 8);
    const std::string set = encode_gtid_set(*start.gtid_set);
    put(packet, set.size(), 4);
    packet += set;
  } else {
    put(packet, std::max<std::uint64_t>(start.at.offset, 4), 4);
    put(packet, start.non_blocking ? dump_non_block : 0, 2);
    put(packet, start.server_id, 4);
    packet += start.at.file;
  }
  MYSQL* handle = state_->handle.get();
  // The library's public functions send no dump command for MySQL servers it can then read raw: the method table does.
  if (handle->methods->db_command(handle, static_cast<enum_server_command>(command), packet.data(), packet.size(), 1,
                                  nullptr) != 0)
    return fail(make_error(handle, ErrorCode::source_query, state_->endpoint.address()));
  return {};
}

Result<std::string_view> Connection::read_event() {
  MYSQL* handle = state_->handle.get();
  const unsigned long length = mysql_net_read_packet(handle);
  if (length == packet_error) {
    const unsigned number = mysql_errno(handle);
    Error error = make_error(handle, ErrorCode::source_lost, state_->endpoint.address());
    constexpr unsigned slave_same_id = 4052;  // MariaDB
    if (number == ER_MASTER_FATAL_ERROR_READING_BINLOG || number == slave_same_id) {
      error.code = dump_error_code(mysql_error(handle));
    } else if (number == ER_ACCESS_DENIED_ERROR || number == ER_SPECIFIC_ACCESS_DENIED_ERROR) {
      error.code = ErrorCode::source_privilege;
    }
    return fail(std::move(error));
  }
  const char* packet = reinterpret_cast<const char*>(handle->net.read_pos);
  if (length == 0) return fail(ErrorCode::source_lost, "empty packet in the binlog stream", state_->endpoint.address());
  if (static_cast<unsigned char>(packet[0]) == 254 && length < 9) return std::string_view{};
  if (packet[0] != 0)
    return fail(ErrorCode::source_lost, "unexpected packet in the binlog stream", state_->endpoint.address());
  return std::string_view(packet + 1, length - 1);
}

bool Connection::has_data() {
  const MARIADB_PVIO* transport = state_->handle->net.pvio;
  if (transport == nullptr) return true;  // closed: a read will tell
  if (transport->cache_pos < transport->cache + transport->cache_size && transport->cache_size > 0) return true;
  pollfd wanted{.fd = state_->socket.fd, .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, 0) > 0;
}

unsigned Connection::server_errno() const { return state_->last_errno; }
Flavour Connection::flavour() const { return state_->flavour; }
const std::string& Connection::server_version() const { return state_->version; }
std::uint32_t Connection::version_number() const { return state_->version_number; }
std::uint64_t Connection::connection_id() const { return mysql_thread_id(state_->handle.get()); }
const Endpoint& Connection::endpoint() const { return state_->endpoint; }
void Connection::abort() { ::shutdown(state_->socket.fd, SHUT_RDWR); }

std::string Connection::escape(std::string_view text) const {
  std::string out(text.size() * 2 + 1, '\0');
  out.resize(mysql_real_escape_string(state_->handle.get(), out.data(), text.data(), text.size()));
  return out;
}

std::string Connection::quote(std::string_view text) const { return "'" + escape(text) + "'"; }

std::string quote_name(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out += '`';
    out += c;
  }
  return out + "`";
}

}  // namespace tributary::mysql
