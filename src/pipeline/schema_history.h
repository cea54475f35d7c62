// The structures of one subtask's tables over the binlog, kept in the store: written before a checkpoint that passes
// the statement, so that every checkpoint finds the structures at its places. What lies behind the checkpoint is
// written again, the same, when the binlog is read again; what no place can need any more is removed when a run begins.
// Threads: one at a time. Errors: of the store, task_state_unusable.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "checkpoint/schema_history.h"
#include "source/binlog/live_tables.h"
#include "source/ddl/tracker.h"
#include "store/store.h"

namespace tributary::pipeline {

class SchemaHistory {
 public:
  SchemaHistory(store::Store& store, std::string subtask) : store_(store), subtask_(std::move(subtask)) {}

  // Begins anew: these are the structures of number 0.
  base::Status begin(const source::SchemaTracker& tracker, const std::vector<source::CapturedTable>& captured);

  struct Places {
    source::LiveTables::Setup restart;  // all but `join` and `ignores_until` is filled in
    source::SchemaTracker emitted;
  };
  base::Result<bool> exists() const;
  // The structures at the two numbers. `listed`: the captured tables the task knows of; those of the history that are
  // none of them come behind, also those that joined between the two places.
  base::Result<Places> load(const source::ServerTraits& traits, std::uint64_t restart, std::uint64_t emitted,
                            std::vector<source::CapturedTable> listed);

  base::Status keep(const source::SchemaChange& change, const source::LiveTables& live,
                    const std::vector<checkpoint::KeptStatement>& statements);
  // The same before there is a stream.
  base::Status keep(const source::SchemaChange& change, const std::vector<source::CapturedTable>& captured);

 private:
  using FindCaptured = std::function<const source::CapturedTable*(const source::TableName&)>;
  base::Status keep(const source::SchemaChange& change, const FindCaptured& find,
                    const std::vector<checkpoint::KeptStatement>& statements);

  store::Store& store_;
  const std::string subtask_;
};

}  // namespace tributary::pipeline
