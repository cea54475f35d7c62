#include "pipeline/table_set.h"

namespace tributary::pipeline {

namespace {

bool is_keyless(const model::TableSchema& schema) { return schema.identity.empty() || schema.identity_is_hidden; }

}  // namespace

base::Result<SubtaskTablePtr> TableMaker::make(const source::PhysicalTable& physical,
                                               const model::TableSchemaPtr& schema) {
  if (!schema) return std::make_shared<const SubtaskTable>(SubtaskTable{physical, nullptr, nullptr, {}, {}, false});
  std::shared_ptr<const encode::RowEncoder> encoder = encoders_[schema.get()].lock();
  if (!encoder) {
    std::erase_if(encoders_, [](const auto& entry) { return entry.second.expired(); });
    TRY_VALUE(encoder, encode::make_encoder(config_.format, schema, {.server_version = server_version_}, config_.topic,
                                            config_.register_schema));
    encoders_[schema.get()] = encoder;
  }
  const encode::RecordRules rules = encoder->rules();
  return std::make_shared<const SubtaskTable>(SubtaskTable{physical, schema, std::move(encoder), rules,
                                                           router_.table(schema->database, schema->table),
                                                           is_keyless(*schema)});
}

TableSet TableSet::make(const source::Topology& topology, std::uint32_t instance) {
  TableSet set;
  set.instance = topology.instances[instance];
  for (const source::PhysicalTable& physical : topology.physical) {
    if (physical.instance != instance) continue;
    const model::TableSchemaPtr& schema = topology.tables[physical.logical].schema;
    set.tables.push_back(
        std::make_shared<const SubtaskTable>(SubtaskTable{physical, schema, nullptr, {}, {}, is_keyless(*schema)}));
  }
  return set;
}

base::Status TableSet::make_encoders(const Config& config, const sink::Router& router) {
  TableMaker maker(config, instance.server_version, router);
  for (SubtaskTablePtr& table : tables) {
    TRY_VALUE(table, maker.make(table->physical, table->schema));
  }
  return {};
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
