#include "pipeline/table_set.h"

namespace tributary::pipeline {

SubtaskTablePtr TableMaker::make(const source::PhysicalTable& physical, const model::TableSchemaPtr& schema) {
  if (!schema) return std::make_shared<const SubtaskTable>(SubtaskTable{physical, nullptr, nullptr, {}, false});
  std::shared_ptr<const encode::RowEncoder> encoder = encoders_[schema.get()].lock();
  if (!encoder) {
    std::erase_if(encoders_, [](const auto& entry) { return entry.second.expired(); });
    encoder = encode::make_dts_avro_encoder(schema, {.source_version = server_version_});
    encoders_[schema.get()] = encoder;
  }
  const bool is_keyless = schema->identity.empty() || schema->identity_is_hidden;
  return std::make_shared<const SubtaskTable>(
      SubtaskTable{physical, schema, std::move(encoder), router_.table(schema->database, schema->table), is_keyless});
}

TableSet TableSet::make(const source::Topology& topology, std::uint32_t instance, const sink::Router& router) {
  TableSet set;
  set.instance = topology.instances[instance];
  TableMaker maker(set.instance.server_version, router);
  for (const source::PhysicalTable& physical : topology.physical)
    if (physical.instance == instance)
      set.tables.push_back(maker.make(physical, topology.tables[physical.logical].schema));
  return set;
}

std::vector<source::CapturedTable> TableSet::captured(const source::Topology& topology) const {
  std::vector<source::CapturedTable> list;
  for (const SubtaskTablePtr& table : tables) {
    const model::TableSchema& logical = *topology.tables[table->physical.logical].schema;
    list.push_back({table->physical.database, table->physical.table, logical.database, logical.table});
  }
  return list;
}

}  // namespace tributary::pipeline
