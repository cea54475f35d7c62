#include "pipeline/table_set.h"

namespace tributary::pipeline {

transform::Dialect dialect_of(const source::Instance& instance) {
  return {instance.flavour == mysql::Flavour::mariadb, instance.version_number};
}

TableMaker::TableMaker(const Config& config, const source::Instance& instance)
    : config_(config),
      server_version_(instance.server_version),
      dialect_(dialect_of(instance)),
      router_(config.partition_policy, config.topics) {}

base::Result<std::shared_ptr<const TableForm>> TableMaker::form_of(const model::TableSchemaPtr& schema) {
  std::shared_ptr<const TableForm> form = forms_[schema.get()].lock();
  if (form) return form;
  std::erase_if(forms_, [](const auto& entry) { return entry.second.expired(); });
  TRY_VALUE(transform::TablePlan plan, config_.transformation.plan(schema, dialect_));
  TRY_VALUE(const sink::TableRoute route, router_.table(plan.target()->database, plan.target()->table));
  TRY_VALUE(std::shared_ptr<const encode::RowEncoder> target,
            encode::make_encoder(config_.format, plan.target(), {.server_version = server_version_},
                                 config_.topics->at(route.topic).name, config_.register_schema));
  auto source = plan.target() == schema ? target : encode::make_dts_avro_encoder(schema, {});
  const bool splits =
      target->rules().key_change_is_two_records || config_.partition_policy == sink::PartitionPolicy::key;
  form = std::make_shared<const TableForm>(
      TableForm{std::move(plan), std::move(source), std::move(target), route, splits});
  forms_[schema.get()] = form;
  return form;
}

base::Result<SubtaskTablePtr> TableMaker::make(const source::PhysicalTable& physical,
                                               const model::TableSchemaPtr& schema) {
  SubtaskTable table;
  table.physical = physical;
  if (schema) {
    table.schema = schema;
    TRY_VALUE(table.form, form_of(schema));
    table.is_keyless = schema->identity.empty() || schema->identity_is_hidden;
  }
  return std::make_shared<const SubtaskTable>(std::move(table));
}

base::Result<TableSet> TableSet::make(const Config& config, const source::Topology& topology, std::uint32_t instance) {
  TableSet set;
  set.instance = topology.instances[instance];
  TableMaker maker(config, set.instance);
  for (const source::PhysicalTable& physical : topology.physical) {
    if (physical.instance != instance) continue;
    TRY_VALUE(SubtaskTablePtr table, maker.make(physical, topology.tables[physical.logical].schema));
    set.tables.push_back(std::move(table));
  }
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
