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
                        std::string table, std::string group = {});

// Where an instance behind the middleware is reached: by source.storage.addresses, or as it is named.
base::Result<mysql::Endpoint> storage_endpoint(const SourceConfig& config, const std::string& address);

// "jdbc:mysql://host:3306/db?x=y" -> address "host:3306", database "db".
bool parse_datasource_url(std::string_view url, std::string& address, std::string& database);
// BIN_ and twenty capital letters or digits: a table thrown away.
bool is_recycled(std::string_view table);

}  // namespace tributary::source
