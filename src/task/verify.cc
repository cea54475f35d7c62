#include "task/verify.h"

#include "checkpoint/topology.h"
#include "pipeline/topology_watch.h"
#include "store/store.h"
#include "task/kafka_config.h"
#include "task/source_config.h"
#include "verify/verify.h"

namespace tributary::task {

base::Result<verify::Summary> verify_task(const TaskSpec& spec, const VerifyOptions& options, base::CancelToken& cancel,
                                          const verify::Handlers& handlers) {
  TRY(spec.destination.require_bare_dts_avro("verify"));
  verify::Config config;
  config.task = spec.name;
  config.fingerprint = spec.fingerprint();
  TRY_VALUE(config.source, source_now(spec));
  if (store::exists_sqlite(spec.state_dir)) {
    TRY_VALUE(const auto state, store::read_sqlite(spec.state_dir));
    TRY_VALUE(const auto known, checkpoint::load_topology(*state, spec.name, config.fingerprint));
    if (known) {
      config.source = pipeline::for_another_look(std::move(config.source), known->topology);
      config.source.may_be_missing.insert(known->gone.begin(), known->gone.end());
    }
  }
  config.kafka = kafka_config(spec.destination);
  config.topic = spec.destination.topic;
  config.ddl_topic = spec.destination.ddl_topic;
  config.table_topics = spec.destination.table_topics;
  config.transformation = transformation_of(spec);
  config.partition_policy = partition_policy(spec.destination.partition_by);
  config.carries_changes = spec.migration.incremental;
  config.state_dir = spec.state_dir;
  config.anew = options.anew;
  config.sample = options.sample;
  config.rate = options.rate;
  config.tables = options.tables;
  config.patience_ms = std::int64_t{options.patience_s} * 1000;
  config.repair = options.repair;
  return verify::verify(config, cancel, handlers);
}

}  // namespace tributary::task
