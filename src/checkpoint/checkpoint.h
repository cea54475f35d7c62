// What one subtask needs to go on after a restart, and its form on disk (JSON, versioned, binary safe).
//
// Errors of parse and load: task_state_newer (a newer format), task_state_unusable (malformed; says where),
// task_state_mismatch (fingerprint of another task definition). Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/position.h"
#include "store/store.h"

namespace tributary::checkpoint {

inline constexpr std::uint32_t format_version = 1;

// Where the binlog stream stands. Everything up to `emitted` is in Kafka; reading must start again at `restart`, which
// is `emitted` or, while an XA transaction is prepared and undecided, a place before its PREPARE (invariant 4).
struct StreamState {
  bool started = false;  // false: no start position has been chosen yet
  std::string flavour;   // "mysql", "mariadb"
  std::string server_uuid;
  model::BinlogPosition emitted;
  std::string emitted_gtid_set;  // empty: the server has none, positions count
  model::BinlogPosition restart;
  std::string restart_gtid_set;
  // emitted_gtid_set as it was behind the last transaction that concerned the task; empty: not known.
  std::string changed_gtid_set;
  std::uint64_t next_record_id = 0;
  // Of the transaction behind `emitted` the changes with smaller ids are in Kafka, too: it was large, and is sent in
  // slices. No more than next_record_id if there is none.
  std::uint64_t sliced_to_id = 0;
  // Numbers of the last statements that concern tables before these places (schema_history.h), and the place at which
  // the structures of number 0 were read: statements before it are in them.
  std::uint64_t emitted_schema = 0, restart_schema = 0;
  model::BinlogPosition schema_from;
  // The statements on logical tables that this subtask has told of, by told_name(), the newest last.
  std::vector<std::string> told;

  bool operator==(const StreamState&) const = default;
};

// A key as its columns' values in text or binary form, any bytes; unset for NULL. Empty list: no bound.
using KeyValues = std::vector<std::optional<std::string>>;

// A part of one physical table that one snapshot reader works through: lower (excluded) < key <= upper (included).
struct Lane {
  std::string physical_database;
  std::string physical_table;
  std::uint32_t index = 0;  // of the lane in its table
  KeyValues lower, upper;
  KeyValues cursor;  // the last key whose row and all before it in the lane are in Kafka; empty: none yet
  std::uint64_t rows_done = 0;
  bool done = false;

  bool operator==(const Lane&) const = default;
};

struct SnapshotState {
  std::vector<Lane> lanes;
  bool planned = false;                 // the list of lanes is complete
  bool high_watermark_reached = false;  // the stream has passed the positions seen when the last lane was done
  model::BinlogPosition high_watermark;
  std::string high_watermark_gtid_set;

  bool operator==(const SnapshotState&) const = default;
};

struct SubtaskCheckpoint {
  std::string task_fingerprint;  // of what may not change between runs: objects, names, source, topic
  std::string run;               // of the process that made it
  std::uint64_t revision = 0;    // grows with each copy that is kept; of two places that keep one, the higher counts
  StreamState stream;
  SnapshotState snapshot;
  bool schema_done = false;
  bool snapshot_done = false;

  bool operator==(const SubtaskCheckpoint&) const = default;
};

std::string serialise(const SubtaskCheckpoint& checkpoint);
base::Result<SubtaskCheckpoint> parse(std::string_view text);

// Keys in the store: "checkpoint/<subtask>".
std::string store_key(std::string_view subtask);
base::Status save(store::Store& store, std::string_view subtask, const SubtaskCheckpoint& checkpoint);
base::Status save_serialised(store::Store& store, std::string_view subtask, std::string text);
// Empty when there is none. An empty fingerprint accepts any task.
base::Result<std::optional<SubtaskCheckpoint>> load(store::Store& store, std::string_view subtask,
                                                    std::string_view task_fingerprint);

}  // namespace tributary::checkpoint
