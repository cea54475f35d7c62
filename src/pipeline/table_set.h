// The tables of one subtask as its threads use them: physical tables by a number of the subtask's own, with their
// encoders. Immutable once made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "encode/encoder.h"
#include "source/binlog/stream.h"
#include "source/topology/topology.h"

namespace tributary::pipeline {

struct SubtaskTable {
  source::PhysicalTable physical;  // names and the number of the logical table in the task
  model::TableSchemaPtr schema;
  std::shared_ptr<const encode::RowEncoder> encoder;
  bool is_leaving = false;  // its rows lie elsewhere by now; see topology_acceptance.h
  bool is_keyless = false;  // no key that the user sees; schema->identity may be a hidden one
};

struct TableSet {
  source::Instance instance;
  std::vector<SubtaskTable> tables;

  static TableSet make(const source::Topology& topology, std::uint32_t instance);
  std::vector<source::CapturedTable> captured() const;
};

}  // namespace tributary::pipeline
