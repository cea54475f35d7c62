#include "pipeline/topology_acceptance.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <unordered_set>

#include "base/log.h"
#include "checkpoint/checkpoint.h"
#include "encode/encoder.h"
#include "pipeline/append_record.h"
#include "pipeline/snapshot_reader.h"
#include "sink/delivery.h"
#include "sink/router.h"
#include "source/snapshot/lane.h"
#include "source/snapshot/text_row.h"
#include "source/snapshot/view.h"

namespace tributary::pipeline {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using model::KnownShard;
using source::ChangeKind;

namespace {

constexpr std::uint64_t compared_rows = 2'000;  // of a former copy at a time
constexpr std::int64_t flush_ms_max = 60'000;

using IdentitySet = std::unordered_set<std::string>;

bool lies_in(const std::vector<KnownShard>& shards, const KnownShard& place) {
  return std::any_of(shards.begin(), shards.end(), [&](const KnownShard& s) { return s.same_place(place); });
}

model::KnownTopology::Name name_of(const source::LogicalTable& table) {
  return {table.schema->database, table.schema->table};
}

// For physical table i of the topology, its name as the source gave it; null if `names` does not know the table.
std::vector<const KnownShard*> names_of(const source::Topology& topology, const model::KnownTopology& names) {
  std::vector<const KnownShard*> out(topology.physical.size(), nullptr);
  for (const source::LogicalTable& table : topology.tables) {
    const auto found = names.tables.find(name_of(table));
    if (found == names.tables.end()) continue;
    for (std::size_t i = 0; i < table.shards.size() && i < found->second.shards.size(); ++i)
      out[table.shards[i]] = &found->second.shards[i];
  }
  return out;
}

// Reads rows of one table and gives each with its identity.
class RowsOf {
 public:
  RowsOf(const source::PhysicalTable& physical, const model::TableSchema& schema, const encode::RowEncoder& encoder)
      : physical_(physical), schema_(schema), encoder_(encoder), plan_(schema), key_(source::chunk_key(schema)) {}

  bool is_chunked() const { return !key_.empty(); }

  // row(values, identity) for each; where the last one stands, in *last.
  template <typename Row>
  Result<std::uint64_t> read(mysql::Connection& connection, const source::KeyBound& after,
                             const source::KeyBound& upper, std::uint64_t limit, source::KeyBound* last, Row row) {
    TRY_VALUE(mysql::RowStream rows,
              connection.stream(source::chunk_select(physical_, schema_, plan_.select_list(), after, upper, limit)));
    mysql::RowView view;
    std::uint64_t count = 0;
    while (true) {
      TRY_VALUE(const bool more, rows.next(view));
      if (!more) return count;
      ++count;
      TRY(plan_.read(view, values_));
      identity_.clear();
      encoder_.identity(values_, identity_);
      TRY(row(values_, identity_.view(0, identity_.size())));
      if (last == nullptr) continue;
      last->clear();
      for (const std::uint32_t column : key_)
        last->emplace_back(std::string(view.values[column], view.lengths[column]));
    }
  }

 private:
  const source::PhysicalTable& physical_;
  const model::TableSchema& schema_;
  const encode::RowEncoder& encoder_;
  const source::TextRowPlan plan_;
  const std::vector<std::uint32_t> key_;
  std::vector<model::Value> values_;
  base::Buffer identity_;
};

Result<bool> exists(mysql::Connection& connection, const source::PhysicalTable& physical) {
  TRY_VALUE(const mysql::Table rows,
            connection.query(
                fmt::format("SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
                            connection.quote(physical.database), connection.quote(physical.table))));
  return !rows.rows.empty();
}

}  // namespace

// A physical table that holds rows of the task no longer.
struct TopologyAcceptance::Former {
  std::uint32_t physical = 0;      // of the former topology
  std::vector<std::uint32_t> now;  // of the present one: where its rows may be now
  bool has_moved = false;          // to exactly one place, as a whole
};

TopologyAcceptance::TopologyAcceptance(const Config& config, const source::Topology& topology,
                                       const model::KnownTopology& present, const checkpoint::TopologyState& known,
                                       const std::vector<source::TopologyChange>& changes, store::Store& store,
                                       const base::Clock& clock)
    : config_(config),
      topology_(topology),
      present_(present),
      known_(known),
      changes_(changes),
      store_(store),
      clock_(clock) {}

Status TopologyAcceptance::check() const {
  if (!config_.incremental) return {};
  for (const source::TopologyChange& change : changes_) {
    if (change.kind != ChangeKind::shard_moved && change.kind != ChangeKind::shard_gone) continue;
    for (const source::LogicalTable& table : topology_.tables)
      if (name_of(table) == model::KnownTopology::Name{change.database, change.table} &&
          (table.schema->identity.empty() || table.schema->identity_is_hidden))
        return fail(ErrorCode::source_topology_unsupported,
                    fmt::format("{}: its rows have no key by which they could be told apart at another place",
                                to_string(change.kind)),
                    change.database + "." + change.table);
  }
  return {};
}

Result<source::Topology> TopologyAcceptance::former() const {
  source::Topology former;
  former.instances = topology_.instances;
  former.tables = topology_.tables;
  for (source::LogicalTable& table : former.tables) table.shards.clear();
  for (std::uint32_t logical = 0; logical < former.tables.size(); ++logical) {
    const auto found = known_.topology.tables.find(name_of(former.tables[logical]));
    if (found == known_.topology.tables.end()) continue;
    for (const KnownShard& shard : found->second.shards) {
      auto instance = std::find_if(former.instances.begin(), former.instances.end(),
                                   [&](const source::Instance& i) { return i.name == shard.instance; });
      if (instance == former.instances.end()) {
        TRY_VALUE(source::Instance named, source::instance_named(config_.source, shard.instance));
        former.instances.push_back(std::move(named));
        instance = former.instances.end() - 1;
      }
      former.tables[logical].shards.push_back(static_cast<std::uint32_t>(former.physical.size()));
      former.physical.push_back({static_cast<std::uint32_t>(instance - former.instances.begin()), logical,
                                 shard.database, shard.table, shard.group});
    }
  }
  for (std::uint32_t i = 0; i < former.instances.size(); ++i) {
    Status reached = source::reach_instance(former, i);
    if (reached) continue;
    if (i < topology_.instances.size()) return fail(std::move(reached.error()));
    TRY_VALUE(const auto saved,
              checkpoint::load(store_, config_.task + "/" + former.instances[i].name, config_.fingerprint));
    return fail(ErrorCode::source_topology_unread,
                fmt::format("{}; it was read up to {}, what lies behind is not known", reached.error().message(),
                            saved && saved->stream.started ? saved->stream.emitted.text() : "nowhere"),
                "instance " + former.instances[i].name);
  }
  return former;
}

Config TopologyAcceptance::drain_config() const {
  Config config = config_;
  config.drain = true;
  return config;
}

std::vector<std::uint32_t> TopologyAcceptance::new_tables() const {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < topology_.tables.size(); ++i)
    if (!known_.topology.tables.contains(name_of(topology_.tables[i]))) out.push_back(i);
  return out;
}

std::vector<TopologyAcceptance::Former> TopologyAcceptance::former_places(const source::Topology& former) const {
  const std::vector<const KnownShard*> before = names_of(former, known_.topology), now = names_of(topology_, present_);
  std::vector<Former> out;
  for (std::uint32_t i = 0; i < former.physical.size(); ++i) {
    const source::LogicalTable& table = topology_.tables[former.physical[i].logical];
    if (before[i] == nullptr || lies_in(present_.tables.at(name_of(table)).shards, *before[i])) continue;
    Former place{i, table.shards, false};
    for (const source::TopologyChange& change : changes_) {
      if (change.kind != ChangeKind::shard_moved || !change.before.same_place(*before[i]) ||
          name_of(table) != model::KnownTopology::Name{change.database, change.table})
        continue;
      std::erase_if(place.now, [&](std::uint32_t p) { return !now[p]->same_place(change.after); });
      place.has_moved = true;
    }
    out.push_back(std::move(place));
  }
  return out;
}

Status TopologyAcceptance::compare_table(const source::Topology& former, const Former& place,
                                         base::CancelToken& cancel) {
  const source::PhysicalTable& physical = former.physical[place.physical];
  const source::Instance& instance = former.instances[physical.instance];
  const source::LogicalTable& table = topology_.tables[physical.logical];
  const model::TableSchema& schema = *table.schema;
  const std::string where = fmt::format("instance {}, {}.{}", instance.name, physical.database, physical.table);
  TRY_VALUE(mysql::Connection there, source::open_snapshot_connection(instance));
  TRY_VALUE(const bool is_there, exists(there, physical));
  if (!is_there) {
    const bool elsewhere = std::any_of(changes_.begin(), changes_.end(), [&](const source::TopologyChange& c) {
      return c.kind == ChangeKind::shard_new && model::KnownTopology::Name{c.database, c.table} == name_of(table);
    });
    if (place.has_moved || elsewhere)
      return fail(ErrorCode::source_topology_unread,
                  "the former copy is gone, and with it the knowledge of what was deleted since the switch", where);
    base::log::warn("{}: {} is gone with all its rows; as no row changes say so, records of them stay in the topic",
                    config_.task, where);
    return {};
  }
  std::vector<mysql::Connection> here;
  const sink::Router router(config_.partition_policy, config_.topics);
  TRY_VALUE(const SubtaskTablePtr gone, TableMaker(config_, instance).make(physical, table.schema));
  std::deque<RowsOf> present;
  for (const std::uint32_t target : place.now) {
    const source::PhysicalTable& at = topology_.physical[target];
    TRY_VALUE(mysql::Connection connection, source::open_snapshot_connection(topology_.instances[at.instance]));
    here.push_back(std::move(connection));
    present.emplace_back(at, schema, *gone->form->source);
  }
  TRY_VALUE(const std::string server_id, there.scalar("SELECT @@server_id"));
  TRY_VALUE(const source::LogEnd end, source::read_log_end(there));

  TRY_VALUE(const auto delivery, sink::at_least_once(config_.kafka, config_.topics,
                                                     sink::Tracking{.emitted = [](auto, auto, auto) {},
                                                                    .marked = [](auto, auto) {},
                                                                    .acked = [](auto, auto) {},
                                                                    .flush = []() -> Status { return {}; },
                                                                    .status = []() -> Status { return {}; }}));
  const std::string position = end.position.dts_text();
  encode::ChangeHeader header;
  header.position = header.safe_position = position;
  header.server_id = static_cast<std::uint32_t>(std::strtoul(server_id.c_str(), nullptr, 10));
  header.read_ms = clock_.now_ms();
  header.timestamp_s = header.read_ms / 1000;
  std::uint64_t& next_id = next_record_ids_[instance.name];

  RowsOf rows(physical, schema, *gone->form->source);
  const auto collect = [&](const source::KeyBound& after, const source::KeyBound& upper, IdentitySet& out) -> Status {
    for (std::size_t i = 0; i < present.size(); ++i)
      TRY(present[i].read(here[i], after, upper, 0, nullptr, [&](const auto&, std::string_view identity) -> Status {
        out.emplace(identity);
        return {};
      }));
    return {};
  };
  std::uint64_t deleted = 0;
  model::RecordBatch batch;
  std::vector<std::string> identities;
  IdentitySet present_identities;
  transform::Row row;
  row.commit_s = header.timestamp_s;
  TableCounters not_shown;
  if (!rows.is_chunked()) TRY(collect({}, {}, present_identities));
  source::KeyBound after, last;
  for (bool done = false; !done;) {
    if (cancel.requested()) return fail(ErrorCode::cancelled);
    batch.clear();
    identities.clear();
    const std::uint64_t limit = rows.is_chunked() ? compared_rows : 0;
    TRY_VALUE(const std::uint64_t count,
              rows.read(there, after, {}, limit, &last,
                        [&](const std::vector<model::Value>& values, std::string_view identity) -> Status {
                          if (limit == 0 && present_identities.contains(std::string(identity))) return {};
                          header.id = next_id++;
                          row.operation = model::Operation::delete_;
                          row.before = values;
                          row.after.clear();
                          TRY_VALUE(const bool is_sent, transform_row(*gone, row, not_shown));
                          if (!is_sent) return {};
                          TRY(append_row(*gone, router, header, row, batch));
                          // A tombstone may stand behind it.
                          while (identities.size() < batch.records.size()) identities.emplace_back(identity);
                          return {};
                        }));
    done = limit == 0 || count < limit;
    if (limit > 0) {
      present_identities.clear();
      TRY(collect(after, done ? source::KeyBound{} : last, present_identities));
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < batch.records.size(); ++i)
      if (!present_identities.contains(identities[i])) batch.records[kept++] = batch.records[i];
    batch.records.resize(kept);
    deleted += kept;
    if (kept > 0) TRY(delivery->emit(batch, {}, sink::When::more, cancel));
    after = last;
  }
  if (deleted > 0) base::log::info("{}: {} rows of {} were deleted since the switch", config_.task, deleted, where);
  return delivery->flush(flush_ms_max, cancel);
}

Status TopologyAcceptance::compare_rows(const source::Topology& former, base::CancelToken& cancel) {
  for (const source::Instance& instance : former.instances) {
    TRY_VALUE(const auto saved, checkpoint::load(store_, config_.task + "/" + instance.name, config_.fingerprint));
    next_record_ids_[instance.name] = saved ? std::max<std::uint64_t>(saved->stream.next_record_id, 1) : 1;
  }
  for (const Former& place : former_places(former)) TRY(compare_table(former, place, cancel));
  return {};
}

Status TopologyAcceptance::renew_checkpoints() {
  const std::vector<const KnownShard*> now = names_of(topology_, present_);
  std::vector<store::Put> puts;
  std::set<std::string> retired;
  for (const auto& [name, table] : known_.topology.tables)
    for (const KnownShard& shard : table.shards) retired.insert(shard.instance);

  for (std::uint32_t i = 0; i < topology_.instances.size(); ++i) {
    const std::string subtask = config_.task + "/" + topology_.instances[i].name;
    retired.erase(topology_.instances[i].name);
    TRY_VALUE(const auto saved, checkpoint::load(store_, subtask, config_.fingerprint));
    if (!saved) continue;
    checkpoint::SubtaskCheckpoint state = *saved;
    ++state.revision;
    state.stream.next_record_id = std::max(state.stream.next_record_id, next_record_ids_[topology_.instances[i].name]);
    // Where the full load is planned by the subtask itself there is nothing to add.
    const bool planned_later = config_.full && !state.snapshot.planned && !state.snapshot_done;
    std::erase_if(state.snapshot.lanes, [&](const checkpoint::Lane& lane) {
      return std::none_of(topology_.physical.begin(), topology_.physical.end(), [&](const auto& physical) {
        return physical.instance == i && physical.database == lane.physical_database &&
               physical.table == lane.physical_table;
      });
    });
    TRY_VALUE(mysql::Connection connection, source::open_snapshot_connection(topology_.instances[i]));
    for (std::uint32_t p = 0; p < topology_.physical.size() && !planned_later; ++p) {
      const source::PhysicalTable& physical = topology_.physical[p];
      if (physical.instance != i) continue;
      const source::LogicalTable& table = topology_.tables[physical.logical];
      const auto before = known_.topology.tables.find(name_of(table));
      if (before != known_.topology.tables.end() && lies_in(before->second.shards, *now[p])) continue;
      TRY_VALUE(const source::LanePlan plan, plan_table(connection, physical, *table.schema));
      std::erase_if(state.snapshot.lanes, [&](const checkpoint::Lane& lane) {
        return physical.database == lane.physical_database && physical.table == lane.physical_table;
      });
      for (std::uint32_t l = 0; l < plan.lanes.size(); ++l)
        state.snapshot.lanes.push_back(
            {physical.database, physical.table, l, plan.lanes[l].lower, plan.lanes[l].upper, {}, 0, false});
      state.snapshot.planned = true;
      state.snapshot_done = false;
    }
    puts.push_back({checkpoint::store_key(subtask), checkpoint::serialise(state), std::nullopt});
  }
  for (const std::string& instance : retired) {
    const std::string subtask = config_.task + "/" + instance;
    TRY_VALUE(const auto saved, checkpoint::load(store_, subtask, config_.fingerprint));
    if (saved) puts.push_back({checkpoint::retired_key(subtask), checkpoint::serialise(*saved), std::nullopt});
  }
  checkpoint::TopologyState state;
  state.task_fingerprint = config_.fingerprint;
  state.topology = present_;
  state.gone = known_.gone;
  for (const auto& [name, table] : known_.topology.tables) state.gone.insert(name);
  for (const auto& [name, table] : present_.tables) state.gone.erase(name);
  state.accepted = known_.accepted;
  state.accepted.push_back({clock_.now_ms(), source::change_lines(changes_)});
  puts.push_back({checkpoint::topology_key(config_.task), checkpoint::serialise(state), std::nullopt});
  TRY(store_.put_many(puts));
  // What stays behind of a retired one is not used again: an instance that comes back is a new one.
  for (const std::string& instance : retired) TRY(store_.erase(checkpoint::store_key(config_.task + "/" + instance)));
  return {};
}

Status TopologyAcceptance::finish(const source::Topology& former, base::CancelToken& cancel) {
  if (config_.incremental) TRY(compare_rows(former, cancel));
  TRY(renew_checkpoints());
  base::log::warn("{}: the changed topology was accepted and recorded:\n{}", config_.task,
                  source::change_lines(changes_));
  return {};
}

}  // namespace tributary::pipeline
