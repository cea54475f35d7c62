// A boundary between transactions of one server's binlog: by file and offset, and by the transactions before it where
// the server has GTIDs (else the set is empty). Threads: a value.
#pragma once

#include <cstdint>

#include "model/position.h"

namespace tributary::source {

struct StreamPosition {
  model::BinlogPosition at;
  model::GtidSet gtid_set;
  std::uint64_t schema = 0;  // how many statements that concern tables lie before it (live_tables.h)
};

}  // namespace tributary::source
