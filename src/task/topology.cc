#include "task/topology.h"

#include "checkpoint/topology.h"
#include "pipeline/topology_watch.h"
#include "source/topology/difference.h"
#include "store/store.h"
#include "task/source_config.h"

namespace tributary::task {

base::Result<TopologyView> view_topology(const TaskSpec& spec) {
  TopologyView view;
  std::optional<checkpoint::TopologyState> known;
  if (store::exists_sqlite(spec.state_dir)) {
    TRY_VALUE(const auto state, store::read_sqlite(spec.state_dir));
    TRY_VALUE(known, checkpoint::load_topology(*state, spec.name, spec.fingerprint()));
  }
  TRY_VALUE(source::SourceConfig config, source_now(spec));
  if (known) {
    config = pipeline::for_another_look(std::move(config), known->topology);
    config.may_be_missing.insert(known->gone.begin(), known->gone.end());
  }
  TRY_VALUE(const source::Topology layout, source::read_layout(config));
  view.present = source::known_topology(layout);
  view.left_out = layout.remarks;
  view.counts_changes = config.engine != source::Engine::mysql;
  if (!known) return view;
  view.has_state = true;
  for (const checkpoint::AcceptedChange& accepted : known->accepted)
    view.accepted.push_back({accepted.accepted_ms, accepted.changes});
  const auto changes = source::compare_topologies(known->topology, view.present);
  view.change_lines = source::change_lines(changes);
  const auto place = [](const model::KnownShard& shard) {
    return shard.database.empty() ? shard.instance : shard.text();
  };
  for (const source::TopologyChange& change : changes)
    view.changes.push_back({std::string(source::to_string(change.kind)),
                            change.table.empty() ? std::string() : change.database + "." + change.table,
                            place(change.before), place(change.after), change.note});
  return view;
}

}  // namespace tributary::task
