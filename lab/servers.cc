#include "lab/servers.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "mysql/connection.h"

namespace tributary::lab {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

std::string accounts_marker(const InstanceOptions& options) { return options.dir + "/accounts-made"; }

// Statements for --init-file, which takes one a line. Not logged: a reader of the binlog from its start meets no
// account.
std::string init_sql(ServerKind kind) {
  std::string sql = "SET sql_log_bin=0;\n";
  const auto account = [&](std::string_view user, std::string_view password, std::string_view rights) {
    if (kind == ServerKind::mysql_5_6) {
      sql += fmt::format("GRANT {} TO '{}'@'%' IDENTIFIED BY '{}'{};\n", rights, user, password,
                         user == admin_user ? " WITH GRANT OPTION" : "");
    } else {
      sql += fmt::format("CREATE USER IF NOT EXISTS '{}'@'%' IDENTIFIED BY '{}';\n", user, password);
      sql += fmt::format("GRANT {} TO '{}'@'%'{};\n", rights, user, user == admin_user ? " WITH GRANT OPTION" : "");
    }
  };
  // The package's data folder has anonymous users, which would shadow ours for local connections.
  if (kind == ServerKind::mysql_5_6) sql += "DELETE FROM mysql.user WHERE User='';\nFLUSH PRIVILEGES;\n";
  account(admin_user, admin_password, "ALL PRIVILEGES ON *.*");
  account(repl_user, repl_password, "SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.*");
  sql += fmt::format("GRANT ALL PRIVILEGES ON `dts_health_check`.* TO '{}'@'%';\n", repl_user);
  if (kind == ServerKind::mysql_9_7) sql += fmt::format("GRANT XA_RECOVER_ADMIN ON *.* TO '{}'@'%';\n", repl_user);
  return sql;
}

base::Result<mysql::Connection> admin_connection(std::uint16_t port) {
  mysql::Endpoint endpoint{
      .host = "127.0.0.1", .port = port, .user = std::string(admin_user), .password = std::string(admin_password)};
  endpoint.connect_timeout_s = 5;
  endpoint.read_timeout_s = 60;
  return mysql::Connection::open(endpoint);
}

}  // namespace

std::string_view to_string(ServerKind kind) {
  switch (kind) {
    case ServerKind::mariadb_10_11:
      return "mariadb-10.11";
    case ServerKind::mysql_5_6:
      return "mysql-5.6";
    case ServerKind::mysql_9_7:
      return "mysql-9.7";
  }
  return "";
}

base::Result<ServerKind> parse_server_kind(std::string_view name) {
  for (const auto kind : {ServerKind::mariadb_10_11, ServerKind::mysql_5_6, ServerKind::mysql_9_7})
    if (name == to_string(kind)) return kind;
  return fail(ErrorCode::usage, fmt::format("no server '{}': mariadb-10.11, mysql-5.6 or mysql-9.7", name));
}

std::string error_log(const InstanceOptions& options) { return options.dir + "/error.log"; }

base::Status prepare_instance(const ServerProgram& program, const InstanceOptions& options) {
  const std::string data = options.dir + "/data", copying = options.dir + "/data.copying";
  std::error_code error;
  fs::create_directories(options.dir + "/tmp", error);
  if (!error && !fs::exists(accounts_marker(options))) {
    // No data, or what a first start that was broken off has left.
    fs::remove_all(data, error);
    fs::remove_all(copying, error);
    fs::copy(program.data_template, copying, fs::copy_options::recursive, error);
    if (!error) fs::rename(copying, data, error);
  }
  if (error) return fail(ErrorCode::io, error.message(), options.dir);
  std::ofstream file(options.dir + "/init.sql", std::ios::trunc);
  file << init_sql(program.kind);
  file.close();
  if (!file) return fail(ErrorCode::io, "can't write init.sql", options.dir);
  return {};
}

Command server_command(const ServerProgram& program, const InstanceOptions& options) {
  Command command = program.base;
  command.log = error_log(options);
  auto& argv = command.argv;
  const auto option = [&](std::string text) { argv.push_back("--" + std::move(text)); };
  if (geteuid() == 0) option("user=root");
  option("datadir=" + options.dir + "/data");
  option("tmpdir=" + options.dir + "/tmp");
  option("socket=server.sock");  // relative to data/: a long path would not fit the address of a socket
  option("pid-file=" + options.dir + "/server.pid");
  option("log-error=" + error_log(options));
  option(fmt::format("port={}", options.port));
  option("bind-address=127.0.0.1");
  option("skip-name-resolve");
  option(fmt::format("server-id={}", options.server_id));
  option("max-connections=500");
  option("max-allowed-packet=1G");
  option("character-set-server=utf8mb4");
  option("collation-server=utf8mb4_general_ci");
  option("log-bin=mysql-bin");
  option("binlog-row-image=FULL");
  option(fmt::format("innodb-buffer-pool-size={}M", options.buffer_pool_mb));
  // Written at each commit, synced never: a killed server loses nothing it has committed (with 0 it would lose what its
  // binlog already shows), only a killed machine does.
  option("innodb-flush-log-at-trx-commit=2");
  option("sync-binlog=0");
  option("binlog-format=ROW");
  if (program.kind != ServerKind::mysql_5_6) option("binlog-row-metadata=FULL");
  if (program.kind != ServerKind::mariadb_10_11) {
    option("gtid-mode=ON");
    option("enforce-gtid-consistency=ON");
    option("performance-schema=OFF");
  }
  if (program.kind == ServerKind::mysql_5_6) {
    option("log-slave-updates");
    option("innodb-log-file-size=128M");  // a row's BLOBs may fill a tenth of it
  }
  if (program.kind == ServerKind::mysql_9_7) {
    option("mysqlx=OFF");
    option("secure-file-priv=NULL");  // the default folder of the Debian package is not there
  }
  if (!fs::exists(accounts_marker(options))) option("init-file=" + options.dir + "/init.sql");
  for (const auto& extra : options.extra) option(extra);
  return command;
}

base::Result<std::string> probe_server(std::uint16_t port) {
  TRY_VALUE(auto connection, admin_connection(port));
  return connection.scalar("SELECT @@version");
}

base::Status confirm_accounts(const InstanceOptions& options) {
  std::ofstream file(accounts_marker(options));
  file.close();
  if (!file) return fail(ErrorCode::io, "can't write", accounts_marker(options));
  return {};
}

base::Status create_databases(std::uint16_t port, const std::vector<std::string>& names) {
  TRY_VALUE(auto connection, admin_connection(port));
  for (const auto& name : names) TRY(connection.execute("CREATE DATABASE IF NOT EXISTS " + mysql::quote_name(name)));
  return {};
}

}  // namespace tributary::lab
