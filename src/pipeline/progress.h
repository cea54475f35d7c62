// What a running task looks like from outside: a snapshot of counters, taken by the display and by the service.
// Units last in names. Threads: a value; whoever runs the task makes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tributary::pipeline {

enum class Phase : std::uint8_t { starting, schema, snapshot, streaming, retrying, stopping, done, failed };

struct TableProgress {
  std::string database, table;       // logical names; both "*" for all tables together that joined in this run
  std::uint64_t rows_done = 0;       // snapshot rows read (emitted or outdated by a newer change)
  std::uint64_t rows_estimated = 0;  // the server's own estimate, 0 if unknown
  std::uint64_t changes = 0;         // inserts, updates and deletes carried since the start of this run
  std::uint64_t left_out = 0;        // of the rows and changes of this run: not sent by the task's choice
  std::uint64_t skipped = 0;         // not sent, since the script failed on them
  std::uint64_t nulls = 0;           // expressions of the script that failed and became NULL
  std::uint32_t shards = 0;          // physical tables
  std::uint32_t shards_done = 0;
  bool snapshot_done = false;
};

struct InstanceProgress {
  std::string address;  // host:port of the storage instance
  std::string server_version;
  Phase phase = Phase::starting;
  std::string position;                  // mysql-bin.000012:4711, end of what was handed to the broker
  std::string checkpoint;                // end of what the broker has acknowledged and the store has kept
  std::optional<std::int64_t> delay_ms;  // age of the newest change or heartbeat read; empty until one was read
  std::uint64_t changes = 0;
  std::uint64_t xa_open = 0;   // prepared XA transactions held back
  std::string problem;         // the error being retried, empty if none
  std::uint64_t attempts = 0;  // of the retry under way
  std::int64_t retry_in_ms = 0;
  std::int64_t failing_for_ms = 0;  // since the first of a series of failures
  std::int64_t gives_up_in_ms = 0;  // when the limit for failures of the kind is reached
};

struct Progress {
  std::string task;
  Phase phase = Phase::starting;
  bool snapshot_selected = false;
  bool exactly_once = false;  // else at least once
  bool snapshot_done = false;
  bool caught_up = false;          // the stream has passed the positions seen when the snapshot finished
  std::uint64_t records_sent = 0;  // handed to the client library in this run
  std::uint64_t records_acked = 0;
  std::uint64_t dead_letters = 0;  // records that this run sent to the dead-letter topic
  std::uint64_t bytes_acked = 0;   // keys and values
  std::int64_t elapsed_ms = 0;
  std::string destination_problem;  // last broker error while it lasts
  std::vector<TableProgress> tables;
  std::vector<InstanceProgress> instances;
};

}  // namespace tributary::pipeline
