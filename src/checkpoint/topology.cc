#include "checkpoint/topology.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace tributary::checkpoint {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

namespace {

constexpr std::uint64_t format = 1;

std::unexpected<base::Error> malformed(std::string_view what) {
  return fail(ErrorCode::task_state_unusable, fmt::format("malformed topology: {}", what));
}

bool take_text(const json& object, const char* name, std::string& out) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return false;
  out = found->get<std::string>();
  return true;
}

bool take_shard(const json& object, model::KnownShard& out) {
  return object.is_object() && take_text(object, "instance", out.instance) &&
         take_text(object, "database", out.database) && take_text(object, "table", out.table) &&
         take_text(object, "group", out.group);
}

bool take_table(const json& object, model::KnownTopology& out) {
  std::string database, name;
  model::KnownTable table;
  if (!object.is_object() || !take_text(object, "database", database) || !take_text(object, "table", name) ||
      !take_text(object, "kind", table.kind))
    return false;
  const auto shards = object.find("shards");
  if (shards == object.end() || !shards->is_array()) return false;
  for (const json& entry : *shards)
    if (!take_shard(entry, table.shards.emplace_back())) return false;
  out.tables[{std::move(database), std::move(name)}] = std::move(table);
  return true;
}

bool take_accepted(const json& object, AcceptedChange& out) {
  if (!object.is_object() || !take_text(object, "changes", out.changes)) return false;
  const auto when = object.find("accepted_ms");
  if (when == object.end() || !when->is_number_integer()) return false;
  out.accepted_ms = when->get<std::int64_t>();
  return true;
}

}  // namespace

std::string serialise(const TopologyState& state) {
  json tables = json::array(), accepted = json::array(), gone = json::array();
  for (const auto& [database, table] : state.gone) gone.push_back({{"database", database}, {"table", table}});
  for (const auto& [name, table] : state.topology.tables) {
    json shards = json::array();
    for (const model::KnownShard& shard : table.shards)
      shards.push_back(
          {{"instance", shard.instance}, {"database", shard.database}, {"table", shard.table}, {"group", shard.group}});
    tables.push_back(
        {{"database", name.first}, {"table", name.second}, {"kind", table.kind}, {"shards", std::move(shards)}});
  }
  for (const AcceptedChange& change : state.accepted)
    accepted.push_back({{"accepted_ms", change.accepted_ms}, {"changes", change.changes}});
  const json object = {{"format", format},
                       {"task_fingerprint", state.task_fingerprint},
                       {"tables", std::move(tables)},
                       {"gone", std::move(gone)},
                       {"accepted", std::move(accepted)}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<TopologyState> parse_topology(std::string_view text) {
  constexpr int depth_max = 8;
  bool too_deep = false;
  const json object = json::parse(
      text.begin(), text.end(),
      [&](int depth, json::parse_event_t, json&) {
        too_deep |= depth > depth_max;
        return depth <= depth_max;
      },
      /*allow_exceptions=*/false);
  if (too_deep || object.is_discarded() || !object.is_object()) return malformed("not a JSON object");
  const auto version = object.find("format");
  if (version == object.end() || !version->is_number_unsigned()) return malformed("no format");
  if (version->get<std::uint64_t>() > format)
    return fail(ErrorCode::task_state_newer,
                fmt::format("topology format {}, this release knows {}", version->get<std::uint64_t>(), format));
  TopologyState state;
  if (!take_text(object, "task_fingerprint", state.task_fingerprint)) return malformed("no task_fingerprint");
  const auto tables = object.find("tables"), accepted = object.find("accepted");
  if (tables == object.end() || !tables->is_array()) return malformed("no tables");
  if (accepted == object.end() || !accepted->is_array()) return malformed("no accepted");
  const auto gone = object.find("gone");
  if (gone == object.end() || !gone->is_array()) return malformed("no gone");
  for (std::size_t i = 0; i < gone->size(); ++i) {
    std::string database, table;
    const json& entry = (*gone)[i];
    if (!entry.is_object() || !take_text(entry, "database", database) || !take_text(entry, "table", table))
      return malformed(fmt::format("gone[{}]", i));
    state.gone.emplace(std::move(database), std::move(table));
  }
  for (std::size_t i = 0; i < tables->size(); ++i)
    if (!take_table((*tables)[i], state.topology)) return malformed(fmt::format("tables[{}]", i));
  for (std::size_t i = 0; i < accepted->size(); ++i)
    if (!take_accepted((*accepted)[i], state.accepted.emplace_back())) return malformed(fmt::format("accepted[{}]", i));
  return state;
}

std::string topology_key(std::string_view task) { return fmt::format("topology/{}", task); }
std::string retired_key(std::string_view subtask) { return fmt::format("retired/{}", subtask); }

Result<std::optional<TopologyState>> load_topology(store::Store& store, std::string_view task,
                                                   std::string_view task_fingerprint) {
  const std::string key = topology_key(task);
  TRY_VALUE(const auto entry, store.get(key));
  if (!entry) return std::optional<TopologyState>();
  auto parsed = parse_topology(entry->value);
  if (!parsed) return fail(std::move(parsed).error().in(key));
  if (parsed->task_fingerprint != task_fingerprint) return fail(ErrorCode::task_state_mismatch, {}, key);
  return std::optional<TopologyState>(*std::move(parsed));
}

}  // namespace tributary::checkpoint
