#include "mysql/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace tributary::mysql {

using base::Error;
using base::fail;
using base::Result;

Result<std::string> server_identity(Connection& connection) {
  TRY_VALUE(const Table rows, connection.query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_id', "
                                               "'server_uuid', 'hostname', 'port', 'datadir')"));
  const auto value = [&](std::string_view name) -> std::string_view {
    for (std::size_t i = 0; i < rows.rows.size(); ++i)
      if (rows.text(i, "Variable_name") == name) return rows.text(i, "Value");
    return {};
  };
  if (const std::string_view uuid = value("server_uuid"); !uuid.empty()) return std::string(uuid);
  return fmt::format("{}@{}:{} {}", value("server_id"), value("hostname"), value("port"), value("datadir"));
}

bool is_same_server(std::string_view saved, std::string_view found) {
  return saved == found ||
         (saved.find_first_not_of("0123456789") == std::string_view::npos && found.substr(0, found.find('@')) == saved);
}

Result<bool> is_writable(Connection& connection) {
  TRY_VALUE(const Table rows, connection.query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', "
                                               "'super_read_only', 'innodb_read_only')"));
  for (std::size_t i = 0; i < rows.rows.size(); ++i)
    if (rows.text(i, "Value") != "OFF") return false;
  return true;
}

Result<std::vector<Server>> reachable_servers(const Endpoint& endpoint, bool first_writable) {
  std::vector<HostPort> addresses = {{endpoint.host, endpoint.port}};
  addresses.insert(addresses.end(), endpoint.others.begin(), endpoint.others.end());
  std::vector<Server> servers;
  std::optional<Error> problem;
  std::string reasons;
  for (const HostPort& address : addresses) {
    const auto ask = [&]() -> Result<Server> {
      TRY_VALUE(Connection connection, Connection::open_one(endpoint.at(address)));
      TRY_VALUE(const bool writable, is_writable(connection));
      return Server{std::move(connection), writable};
    };
    Result<Server> server = ask();
    if (!server) {
      Error& error = server.error();
      reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", endpoint.at(address).address(), error.what);
      if (!problem || (error.is_retriable() && !problem->is_retriable())) problem = std::move(error);
      continue;
    }
    if (first_writable && server->writable) {
      servers.clear();
      servers.push_back(std::move(*server));
      return servers;
    }
    servers.push_back(std::move(*server));
  }
  if (servers.empty()) {
    if (addresses.size() > 1) {
      problem->what = reasons;
      problem->where = endpoint.address();
    }
    return fail(std::move(*problem));
  }
  std::stable_sort(servers.begin(), servers.end(),
                   [](const Server& a, const Server& b) { return a.writable && !b.writable; });
  return servers;
}

}  // namespace tributary::mysql
