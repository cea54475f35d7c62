#include "pipeline/table_set.h"

#include <map>

namespace tributary::pipeline {

TableSet TableSet::make(const source::Topology& topology, std::uint32_t instance) {
  TableSet set;
  set.instance = topology.instances[instance];
  std::map<std::uint32_t, std::shared_ptr<const encode::RowEncoder>> encoders;  // shards of a table share one
  for (const source::PhysicalTable& physical : topology.physical) {
    if (physical.instance != instance) continue;
    const model::TableSchemaPtr& schema = topology.tables[physical.logical].schema;
    auto& encoder = encoders[physical.logical];
    if (!encoder) encoder = encode::make_dts_avro_encoder(schema, {.source_version = set.instance.server_version});
    set.tables.push_back({physical, schema, encoder, false, schema->identity.empty() || schema->identity_is_hidden});
  }
  return set;
}

std::vector<source::CapturedTable> TableSet::captured() const {
  std::vector<source::CapturedTable> list;
  for (const SubtaskTable& table : tables)
    list.push_back({table.physical.database, table.physical.table, table.schema});
  return list;
}

}  // namespace tributary::pipeline
