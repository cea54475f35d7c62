// Which server it is that answers at an address, and which of several addresses to use. Threads: any.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "mysql/connection.h"

namespace tributary::mysql {

// What tells a server from others, lasting over its restarts. MySQL: @@server_uuid. MariaDB has none:
// "server_id@hostname:port datadir", as the server names them, which differs for two servers that live at the same
// time.
base::Result<std::string> server_identity(Connection& connection);
// Whether the two can be the same server; a MariaDB server was once known by its server_id alone.
bool is_same_server(std::string_view saved, std::string_view found);

// read_only is off.
base::Result<bool> is_writable(Connection& connection);

struct Server {
  Connection connection;  // its endpoint has one address
  bool writable = false;
};

// The servers behind an endpoint's addresses: writable ones first, otherwise in the order of the addresses. Those that
// can't be reached are left out; with first_writable the search ends at a writable one, which is then the only one.
// Errors: no address answers; retriable if one of them may answer later.
base::Result<std::vector<Server>> reachable_servers(const Endpoint& endpoint, bool first_writable);

}  // namespace tributary::mysql
