// What the machine can do at best with the same servers and the same broker: rows are read and thrown away, equal
// messages are produced, both at the same time and unconnected. The product can't be faster than this; its distance
// from it is what it costs. Threads: one at a time; uses threads of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/lab.h"
#include "bench/messages.h"
#include "kafka/client.h"
#include "model/position.h"

namespace tributary::bench {

// One half of the anchor that reads: the rows or events it saw.
using Reader = std::function<base::Result<std::uint64_t>()>;

// SELECT * over the text protocol, one statement and one connection per server.
std::vector<Reader> select_readers(const Lab& lab, const std::string& database);
// The raw binlog dump from the positions to its present end, one connection per server.
std::vector<Reader> binlog_readers(const Lab& lab, const std::vector<model::BinlogPosition>& from);

struct AnchorRun {
  double read_s = 0, produce_s = 0;
  double wall_s = 0;  // until both have ended
  double cpu_s = 0;   // of this process: both client libraries
  std::uint64_t read = 0;
};

// `count` messages, taken from `messages` in turn, to the topic's one partition, by as many producers as there are
// readers (the product has one per server, and with compression one alone is slower). The client's settings that matter
// for speed and safety (acks, idempotence, lingering, batch size, compression) are those of `like`.
base::Result<AnchorRun> run_anchor(const std::vector<Reader>& readers, const kafka::Config& like,
                                   const std::string& topic, const Messages& messages, std::uint64_t count,
                                   const StopCheck& stop);

}  // namespace tributary::bench
