// Pieces that the ways of discovery share. Inside source/topology only.
#pragma once

#include <string>
#include <string_view>

#include "source/topology/topology.h"

namespace tributary::source {

base::Status discover_polardbx10(const SourceConfig& config, Topology& topology);
base::Status discover_server(const SourceConfig& config, Topology& topology);
base::Status discover_shards(const SourceConfig& config, Topology& topology);

std::uint32_t add_logical_table(Topology& topology, TableKind kind, std::string database, std::string table);
void add_physical_table(Topology& topology, std::uint32_t logical, std::uint32_t instance, std::string database,
                        std::string table);

}  // namespace tributary::source
