#include "source/topology/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

namespace tributary::source {

namespace {

using model::KnownShard;
using model::KnownTable;
using model::KnownTopology;

std::set<std::string> instances_of(const KnownTopology& topology) {
  std::set<std::string> names;
  for (const auto& [name, table] : topology.tables)
    for (const KnownShard& shard : table.shards) names.insert(shard.instance);
  return names;
}

std::vector<KnownShard> without(const std::vector<KnownShard>& shards, const std::vector<KnownShard>& others) {
  std::vector<KnownShard> left;
  for (const KnownShard& shard : shards)
    if (std::none_of(others.begin(), others.end(), [&](const KnownShard& o) { return o.same_place(shard); }))
      left.push_back(shard);
  return left;
}

// Takes out of both lists the pairs that `same` finds, and tells them.
template <typename Same, typename Tell>
void pair_off(std::vector<KnownShard>& gone, std::vector<KnownShard>& come, Same same, Tell tell) {
  std::erase_if(gone, [&](const KnownShard& before) {
    const auto after = std::find_if(come.begin(), come.end(), [&](const KnownShard& a) { return same(before, a); });
    if (after == come.end()) return false;
    tell(before, *after);
    come.erase(after);
    return true;
  });
}

void compare_tables(const KnownTopology::Name& name, const KnownTable& before, const KnownTable& after,
                    std::vector<TopologyChange>& out) {
  const auto add = [&](ChangeKind kind, const KnownShard& from, const KnownShard& to, std::string note = {}) {
    out.push_back({kind, name.first, name.second, from, to, std::move(note)});
  };
  if (before.kind != after.kind) add(ChangeKind::kind_changed, {}, {}, before.kind + " -> " + after.kind);
  std::vector<KnownShard> gone = without(before.shards, after.shards), come = without(after.shards, before.shards);
  const auto moved = [&](const KnownShard& from, const KnownShard& to) { add(ChangeKind::shard_moved, from, to); };
  if (before.kind == after.kind) {
    pair_off(
        gone, come,
        [](const KnownShard& a, const KnownShard& b) {
          return !a.group.empty() && a.group == b.group && a.table == b.table;
        },
        moved);
    pair_off(
        gone, come,
        [](const KnownShard& a, const KnownShard& b) { return a.database == b.database && a.table == b.table; }, moved);
  }
  for (const KnownShard& shard : come) add(ChangeKind::shard_new, {}, shard);
  for (const KnownShard& shard : gone) add(ChangeKind::shard_gone, shard, {});
}

std::string shard_count(std::size_t count) { return fmt::format("{} shard{}", count, count == 1 ? "" : "s"); }

}  // namespace

std::string_view to_string(ChangeKind kind) {
  static constexpr std::array<std::string_view, 8> names = {"instance new", "instance gone", "table new", "table gone",
                                                            "kind changed", "shard moved",   "shard new", "shard gone"};
  return names[static_cast<std::size_t>(kind)];
}

KnownTopology known_topology(const Topology& topology) {
  KnownTopology known;
  for (const LogicalTable& table : topology.tables) {
    KnownTable& entry = known.tables[{table.schema->database, table.schema->table}];
    entry.kind = to_string(table.kind);
    for (const std::uint32_t index : table.shards) {
      const PhysicalTable& physical = topology.physical[index];
      entry.shards.push_back(
          {topology.instances[physical.instance].name, physical.database, physical.table, physical.group});
    }
  }
  return known;
}

std::vector<TopologyChange> compare_topologies(const KnownTopology& before, const KnownTopology& after) {
  std::vector<TopologyChange> changes;
  const std::set<std::string> old_instances = instances_of(before), new_instances = instances_of(after);
  for (const std::string& instance : new_instances)
    if (!old_instances.contains(instance)) changes.push_back({ChangeKind::instance_new, {}, {}, {}, {instance}, {}});
  for (const std::string& instance : old_instances)
    if (!new_instances.contains(instance)) changes.push_back({ChangeKind::instance_gone, {}, {}, {instance}, {}, {}});
  for (const auto& [name, table] : after.tables)
    if (!before.tables.contains(name))
      changes.push_back({ChangeKind::table_new,
                         name.first,
                         name.second,
                         {},
                         {},
                         fmt::format("{}, {}", table.kind, shard_count(table.shards.size()))});
  for (const auto& [name, table] : before.tables) {
    const auto found = after.tables.find(name);
    if (found == after.tables.end())
      changes.push_back(
          {ChangeKind::table_gone, name.first, name.second, {}, {}, "had " + shard_count(table.shards.size())});
    else
      compare_tables(name, table, found->second, changes);
  }
  std::stable_sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.kind < b.kind; });
  return changes;
}

std::string change_lines(const std::vector<TopologyChange>& changes) {
  using Line = std::array<std::string, 4>;  // what, which table, from, to
  std::vector<Line> lines;
  // A physical database that moved takes all its tables along: one line per table and way.
  std::map<std::tuple<ChangeKind, std::string, std::string, std::string>, std::pair<std::size_t, std::size_t>> ways;
  for (const TopologyChange& change : changes) {
    const std::string name = change.table.empty() ? std::string() : change.database + "." + change.table;
    Line line = {std::string(to_string(change.kind)), name, change.note, {}};
    switch (change.kind) {
      case ChangeKind::instance_new:
        line[1] = change.after.instance;
        break;
      case ChangeKind::instance_gone:
        line[1] = change.before.instance;
        break;
      case ChangeKind::shard_moved:
      case ChangeKind::shard_new:
      case ChangeKind::shard_gone: {
        line[2] = change.before.database.empty() ? "-" : change.before.text();
        line[3] = change.after.database.empty() ? "-" : change.after.text();
        const auto place = [](const KnownShard& s) { return s.instance + " " + s.database; };
        const auto [way, is_first] =
            ways.try_emplace({change.kind, name, place(change.before), place(change.after)}, lines.size(), 0);
        ++way->second.second;
        if (!is_first) continue;
        break;
      }
      default:
        break;
    }
    lines.push_back(std::move(line));
  }
  for (const auto& [way, counted] : ways)
    if (counted.second > 1) lines[counted.first][3] += fmt::format(" and {} more there", counted.second - 1);
  std::array<std::size_t, 4> width{};
  for (const Line& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) width[i] = std::max(width[i], line[i].size());
  std::string out;
  for (const Line& line : lines) {
    std::string text = fmt::format("{:{}}  {:{}}  {:{}}", line[0], width[0], line[1], width[1], line[2],
                                   line[3].empty() ? 0 : width[2]);
    if (!line[3].empty()) text += "  ->  " + line[3];
    text.erase(text.find_last_not_of(' ') + 1);
    out += (out.empty() ? "" : "\n") + text;
  }
  return out;
}

}  // namespace tributary::source
