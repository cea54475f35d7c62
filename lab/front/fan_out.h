// DDL on many physical tables at once: creating a table waits for the disk several times, so shards wait side by side.
// Threads: uses its own, one per shard up to a limit; each with a connection of its own.
#pragma once

#include <string>
#include <vector>

#include "front/shared.h"

namespace tributary::lab {

struct ShardStatement {
  int shard = 0;
  std::string sql;
};

// Runs the statements of one shard in order, shards at the same time, each connection first with `settings`. The first
// error, after all have ended; `done` (if given) tells which statements succeeded.
Answer<void> run_on_shards(Shared& shared, const std::vector<std::string>& settings,
                           const std::vector<ShardStatement>& statements, std::vector<bool>* done = nullptr);

}  // namespace tributary::lab
