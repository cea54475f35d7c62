// The tables of one subtask as its threads use them: physical tables by a number of the subtask's own, with their
// encoders. A table whose structure changes gets a new SubtaskTable under the same number. Immutable once made.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "encode/encoder.h"
#include "pipeline/config.h"
#include "sink/router.h"
#include "source/binlog/stream.h"
#include "source/topology/topology.h"

namespace tributary::pipeline {

struct SubtaskTable {
  source::PhysicalTable physical;                     // names and the number of the logical table in the task
  model::TableSchemaPtr schema;                       // null: the table is not there at present
  std::shared_ptr<const encode::RowEncoder> encoder;  // null as long as nothing is encoded: TableSet::make()
  encode::RecordRules rules;                          // the encoder's
  sink::TableRoute route;
  bool is_keyless = false;  // no key that the user sees; schema->identity may be a hidden one
};
using SubtaskTablePtr = std::shared_ptr<const SubtaskTable>;

// Tables with one structure share an encoder. `config` and `router` have to outlive it. Errors: those of make_encoder()
// (a schema registry may be asked). Threads: one at a time.
class TableMaker {
 public:
  TableMaker(const Config& config, std::string server_version, const sink::Router& router)
      : config_(config), server_version_(std::move(server_version)), router_(router) {}
  base::Result<SubtaskTablePtr> make(const source::PhysicalTable& physical, const model::TableSchemaPtr& schema);

 private:
  const Config& config_;
  const std::string server_version_;
  const sink::Router& router_;
  // An encoder keeps its schema alive.
  std::map<const model::TableSchema*, std::weak_ptr<const encode::RowEncoder>> encoders_;
};

struct TableSet {
  source::Instance instance;
  std::vector<SubtaskTablePtr> tables;

  // Without encoders.
  static TableSet make(const source::Topology& topology, std::uint32_t instance);
  base::Status make_encoders(const Config& config, const sink::Router& router);
  // Their names, and what the rows of each are called.
  std::vector<source::CapturedTable> captured(const source::Topology& topology) const;
};

}  // namespace tributary::pipeline
