// Schema migration: DDL records with the CREATE TABLE of logical tables. Threads: any; blocks on the broker and, for
// late tables, on the source.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "pipeline/config.h"
#include "source/binlog/live_tables.h"
#include "source/topology/topology.h"

namespace tributary::pipeline {

// One record per table named, to the DDL topic if there is one; returns when the broker has acknowledged them.
base::Status send_schemas(const Config& config, const source::Topology& topology,
                          const std::vector<std::uint32_t>& tables, const base::Clock& clock);

// The same for tables of one server that the topology does not know; those gone by now are left out.
base::Status send_late_schemas(const Config& config, const source::Instance& instance,
                               const std::vector<source::CapturedTable>& tables, const base::Clock& clock);

}  // namespace tributary::pipeline
