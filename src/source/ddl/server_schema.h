// What a server says of itself and its tables, as a SchemaTracker takes it. It is also the judge of the tracker in
// tests. Threads: as the connection.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "mysql/connection.h"
#include "source/ddl/tracker.h"

namespace tributary::source {

base::Result<ServerTraits> read_server_traits(mysql::Connection& connection);

// Default collation by database name, system databases left out.
base::Result<std::map<std::string, std::string>> read_databases(mysql::Connection& connection);

// The named base tables of a database, those that exist; all of them for an empty list. Waits for a DDL statement that
// is under way on one of them (metadata lock), so that what is logged before the call is in the answer.
base::Result<std::vector<TrackedTable>> read_tracked_tables(mysql::Connection& connection, const std::string& database,
                                                            const std::vector<std::string>& tables);

}  // namespace tributary::source
