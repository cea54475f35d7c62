// The tables of one subtask as its threads use them: physical tables by a number of the subtask's own, with what makes
// records of their rows. A table whose structure changes gets a new SubtaskTable under the same number. Immutable once
// made.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "encode/encoder.h"
#include "pipeline/config.h"
#include "sink/router.h"
#include "source/binlog/stream.h"
#include "source/topology/topology.h"
#include "transform/table_plan.h"

namespace tributary::pipeline {

// What tables of one structure share.
struct TableForm {
  transform::TablePlan plan;
  std::shared_ptr<const encode::RowEncoder> source;  // of rows as they are at the source: their identities
  std::shared_ptr<const encode::RowEncoder> target;  // of rows as they leave
  sink::TableRoute route;
  bool splits_key_changes = false;  // an UPDATE of the key leaves as a DELETE and an INSERT
};

struct SubtaskTable {
  source::PhysicalTable physical;  // names and the number of the logical table in the task
  model::TableSchemaPtr schema;    // at the source; null: the table is not there at present, and nothing below is set
  std::shared_ptr<const TableForm> form;
  bool is_keyless = false;  // no key that the user sees; schema->identity may be a hidden one
};
using SubtaskTablePtr = std::shared_ptr<const SubtaskTable>;

// Errors: those of transform::TablePlan, of a table's topic and of a schema registry. Threads: one at a time.
class TableMaker {
 public:
  TableMaker(const Config& config, const source::Instance& instance);
  base::Result<SubtaskTablePtr> make(const source::PhysicalTable& physical, const model::TableSchemaPtr& schema);

 private:
  base::Result<std::shared_ptr<const TableForm>> form_of(const model::TableSchemaPtr& schema);

  const Config& config_;
  const std::string server_version_;
  const transform::Dialect dialect_;
  const sink::Router router_;
  // A form keeps its schema alive.
  std::map<const model::TableSchema*, std::weak_ptr<const TableForm>> forms_;
};

transform::Dialect dialect_of(const source::Instance& instance);

struct TableSet {
  source::Instance instance;
  std::vector<SubtaskTablePtr> tables;

  static base::Result<TableSet> make(const Config& config, const source::Topology& topology, std::uint32_t instance);
  // Their names, and what the rows of each are called.
  std::vector<source::CapturedTable> captured(const source::Topology& topology) const;
};

}  // namespace tributary::pipeline
