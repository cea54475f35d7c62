// What a subtask's stream does about statements that change tables: keeps the history, finds out whether the statement
// is to be told now, and asks the server for structures that a statement does not tell.
// Threads: the stream's.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "pipeline/ddl_board.h"
#include "pipeline/schema_history.h"
#include "source/binlog/stream.h"
#include "source/topology/topology.h"
#include "transform/transformation.h"

namespace tributary::pipeline {

// Structures for one statement that is not understood may be taken from the server as they are now; used up by the
// first that needs it. Lives over the attempts of a run.
struct AcceptStructure {
  bool is_allowed = false;
  model::BinlogPosition used_for;  // the statement, so that a later attempt may pass it again
};

class SchemaKeeper {
 public:
  struct Setup {
    const source::Instance& instance;
    const source::Topology& topology;
    source::ServerTraits traits;
    SchemaHistory& history;
    DdlBoard& board;
    AcceptStructure& accept;
    base::CancelToken& cancel;
    const transform::Transformation& transformation;  // the names under which statements leave
    bool forwards = true;                             // DDL records are sent
  };
  explicit SchemaKeeper(Setup setup) : setup_(std::move(setup)) {}

  // Whether the change is one that the user may be told of; it needs a record id then.
  bool tells(const source::SchemaChange& change) const;
  // Keeps it. The statements to be sent now.
  base::Result<std::vector<checkpoint::KeptStatement>> keep(const source::SchemaChange& change,
                                                            const source::LiveTables& live,
                                                            const source::RowContext& context, std::uint64_t record_id);
  base::Result<std::vector<source::TableState>> ask(const source::StructureQuestion& question);

  const std::string& server_version() const { return setup_.instance.server_version; }
  // The task's number of the logical table; one behind the last for tables that joined.
  std::uint32_t logical_number(const source::CapturedTable& names) const;

 private:
  Setup setup_;
};

}  // namespace tributary::pipeline
