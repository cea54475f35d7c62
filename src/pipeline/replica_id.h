// Who we are to a server whose binlog we read: a server id nobody else has there, and on MySQL a UUID of our own, so
// that the server ends only our own former dump when we come again. No replica is registered (SHOW REPLICAS does not
// list us) and semi-synchronous replication is not claimed: no commit waits for us. Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "mysql/connection.h"
#include "pipeline/config.h"

namespace tributary::pipeline {

struct ReplicaId {
  std::uint32_t server_id = 0;
  std::string uuid;
};

// The same for the same task, instance and try; 1'000'000'000 .. 1'999'999'999 unless the task names its server id.
ReplicaId make_replica_id(const Config& config, std::string_view instance, std::uint32_t attempt);

// One that neither the server itself nor a replica it lists has; moves `attempt` on past those taken. Errors:
// source_server_id when the id that the task names is taken.
base::Result<ReplicaId> choose_replica_id(mysql::Connection& connection, const Config& config,
                                          std::string_view instance, std::uint32_t& attempt);

}  // namespace tributary::pipeline
