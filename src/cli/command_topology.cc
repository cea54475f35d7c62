#include <fmt/format.h>

#include <map>
#include <vector>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/text.h"

namespace tributary::cli {
namespace {

using model::KnownShard;
using task::TopologyView;

// Shards by instance: how many of one table, or how many and of how many tables.
std::map<std::string, std::size_t> count_by_instance(const std::vector<KnownShard>& shards) {
  std::map<std::string, std::size_t> counts;
  for (const KnownShard& shard : shards) ++counts[shard.instance];
  return counts;
}

void print_text(const task::TaskSpec& spec, const TopologyView& view) {
  std::map<std::string, std::pair<std::size_t, std::size_t>> instances;  // shards, tables
  for (const auto& [name, table] : view.present.tables)
    for (const auto& [instance, count] : count_by_instance(table.shards)) {
      instances[instance].first += count;
      instances[instance].second += 1;
    }
  std::vector<std::vector<std::string>> rows = {{"INSTANCE", "SHARDS", "TABLES"}};
  for (const auto& [instance, counted] : instances)
    rows.push_back({instance, fmt::to_string(counted.first), fmt::to_string(counted.second)});
  fmt::print("{}", in_columns(rows));
  fmt::print("\n");
  rows = {{"TABLE", "KIND", "SHARDS", "ON"}};
  for (const auto& [name, table] : view.present.tables) {
    std::string where;
    for (const auto& [instance, count] : count_by_instance(table.shards))
      where += fmt::format("{}{} ({})", where.empty() ? "" : ", ", instance, count);
    rows.push_back(
        {printable(name.first + "." + name.second), table.kind, fmt::to_string(table.shards.size()), std::move(where)});
  }
  fmt::print("{}", in_columns(rows));
  if (!view.left_out.empty()) fmt::print("\nLeft out:\n");
  for (const std::string& reason : view.left_out) fmt::print("  {}\n", printable(reason));
  if (!view.accepted.empty()) fmt::print("\nAccepted before:\n");
  for (const TopologyView::Accepted& accepted : view.accepted)
    fmt::print("{}\n{}\n", utc_text(accepted.at_ms / 1000), accepted.changes);
  if (!view.has_state) {
    fmt::print("\n{} has not run yet.\n", spec.name);
  } else if (view.changes.empty()) {
    fmt::print("\nNothing has changed since {} was here.\n", spec.name);
  } else {
    fmt::print("\nChanged since {} was here{}:\n{}\n", spec.name, view.counts_changes ? "" : " (carried by itself)",
               view.change_lines);
  }
}

void print_json(const task::TaskSpec& spec, const TopologyView& view) {
  std::string out;
  JsonObject object(out);
  object.text("task", spec.name);
  const auto list = [&](std::string_view name, const auto& items, auto print_item) {
    std::string& text = object.key(name);
    text += '[';
    bool first = true;
    for (const auto& item : items) {
      if (!std::exchange(first, false)) text += ',';
      print_item(text, item);
    }
    text += ']';
  };
  list("tables", view.present.tables, [](std::string& text, const auto& entry) {
    JsonObject table(text);
    table.text("database", entry.first.first);
    table.text("table", entry.first.second);
    table.text("kind", entry.second.kind);
    std::string& shards = table.key("shards");
    shards += '[';
    for (std::size_t i = 0; i < entry.second.shards.size(); ++i) {
      const KnownShard& at = entry.second.shards[i];
      if (i > 0) shards += ',';
      JsonObject shard(shards);
      shard.text("instance", at.instance);
      shard.text("database", at.database);
      shard.text("table", at.table);
      shard.text("group", at.group);
      shard.close();
    }
    shards += ']';
    table.close();
  });
  list("left_out", view.left_out, [](std::string& text, const std::string& reason) { append_json_text(text, reason); });
  object.boolean("has_state", view.has_state);
  list("changes", view.changes, [](std::string& text, const TopologyView::Change& change) {
    JsonObject item(text);
    item.text("kind", change.kind);
    item.text("table", change.table);
    item.text("from", change.from);
    item.text("to", change.to);
    item.text("note", change.note);
    item.close();
  });
  list("accepted", view.accepted, [](std::string& text, const TopologyView::Accepted& accepted) {
    JsonObject item(text);
    item.text("at", rfc3339(accepted.at_ms / 1000));
    item.text("changes", accepted.changes);
    item.close();
  });
  object.close();
  fmt::print("{}\n", out);
}

}  // namespace

int command_topology(const TopologyArguments& arguments, const Doors& doors) {
  const auto spec = task::load_task(arguments.file);
  if (!spec) return report(spec.error(), arguments.json);
  const auto view = doors.topology(*spec);
  if (!view) return report(view.error(), arguments.json);
  if (arguments.json)
    print_json(*spec, *view);
  else
    print_text(*spec, *view);
  return 0;
}

}  // namespace tributary::cli
