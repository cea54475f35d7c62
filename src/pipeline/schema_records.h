// Schema migration: DDL records with the CREATE TABLE of logical tables. Threads: any; blocks on the broker and, for
// late tables, on the source.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "model/record.h"
#include "pipeline/config.h"
#include "sink/router.h"
#include "source/binlog/live_tables.h"
#include "source/topology/topology.h"
#include "store/store.h"

namespace tributary::pipeline {

// One record per table named, to the DDL topic if there is one. Returns when they are delivered, and it is known under
// `subtask` that they are.
base::Status send_schemas(const Config& config, const source::Topology& topology,
                          const std::vector<std::uint32_t>& tables, const base::Clock& clock, store::Store& store,
                          const std::string& subtask);

// Such records of tables of one server that the topology does not know; those gone by now are left out.
base::Result<model::RecordBatch> late_schemas(const Config& config, const source::Instance& instance,
                                              const std::vector<source::CapturedTable>& tables,
                                              const sink::Router& router, const base::Clock& clock);

}  // namespace tributary::pipeline
