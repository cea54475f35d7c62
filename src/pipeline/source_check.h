// What must hold at a storage instance before its binlog can be read. Threads: any.
#pragma once

#include "base/error.h"
#include "pipeline/config.h"
#include "source/topology/topology.h"

namespace tributary::pipeline {

// Errors: source_binlog_off, source_binlog_format, source_row_image, source_binlog_filtered, source_privilege. Nothing
// is checked for a task without incremental migration.
base::Status check_instance(const Config& config, const source::Topology& topology, std::uint32_t instance);

// The settings alone, on whatever server: source_binlog_off, source_binlog_format, source_row_image.
base::Status check_settings(mysql::Connection& connection, const std::string& where);

}  // namespace tributary::pipeline
