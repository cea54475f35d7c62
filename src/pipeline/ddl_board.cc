#include "pipeline/ddl_board.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "checkpoint/checkpoint.h"

namespace tributary::pipeline {

using base::Result;
using checkpoint::KeptStatement;

namespace {

constexpr std::size_t sent_max = 4096;

std::string base_key(std::string_view task) { return fmt::format("ddl-told/{}", task); }
std::string shard_name(std::string_view instance, std::string_view database, std::string_view table) {
  return fmt::format("{}/{}/{}", instance, database, table);
}

}  // namespace

DdlBoard::DdlBoard(const source::Topology& topology) {
  for (const source::LogicalTable& table : topology.tables) {
    Logical& logical = tables_[{table.schema->database, table.schema->table}];
    for (const std::uint32_t shard : table.shards) {
      const source::PhysicalTable& physical = topology.physical[shard];
      logical.shards.push_back({topology.instances[physical.instance].name, physical.database, physical.table, 0, {}});
    }
  }
}

Result<std::unique_ptr<DdlBoard>> DdlBoard::load(const source::Topology& topology, store::Store& store,
                                                 std::string task) {
  auto board = std::make_unique<DdlBoard>(topology);
  // Up to there, by shard, all has been told; what a checkpoint has passed was handed over and acknowledged.
  std::map<std::string, std::string> told;
  TRY_VALUE(const auto kept, store.get(base_key(task)));
  if (kept) {
    TRY_VALUE(told, checkpoint::parse_databases(kept->value));
  }
  for (auto& [names, logical] : board->tables_)
    for (Shard& shard : logical.shards)
      if (const auto found = told.find(shard_name(shard.instance, shard.database, shard.table)); found != told.end())
        shard.number = std::strtoull(found->second.c_str(), nullptr, 10);
  std::vector<std::string> old;
  for (const source::Instance& instance : topology.instances) {
    const std::string subtask = task + "/" + instance.name;
    TRY_VALUE(const auto saved, checkpoint::load(store, subtask, ""));
    const std::uint64_t emitted = saved ? saved->stream.emitted_schema : 0;
    if (saved) board->delivered_.insert(saved->stream.told.begin(), saved->stream.told.end());
    const std::string prefix = checkpoint::statement_prefix(subtask);
    TRY_VALUE(const auto entries, store.list(prefix));
    for (const store::Entry& entry : entries) {
      auto statement = checkpoint::parse_statement(entry.value);
      if (!statement) return base::fail(std::move(statement.error()).in(entry.key));
      const auto found = told.find(shard_name(instance.name, statement->database, statement->table));
      const std::uint64_t done = found == told.end() ? 0 : std::strtoull(found->second.c_str(), nullptr, 10);
      if (statement->number <= done)
        old.push_back(entry.key);
      else if (statement->number <= emitted)
        board->pass(instance.name, *statement);
    }
  }
  // Statements of all shards at once, or the lists would not begin at the same one.
  bool has_more = false;
  for (const auto& [names, logical] : board->tables_) {
    for (const Shard& shard : logical.shards) {
      const std::uint64_t done = shard.waiting.empty() ? shard.number : shard.waiting.front().number - 1;
      if (done == 0) continue;
      std::string& number = told[shard_name(shard.instance, shard.database, shard.table)];
      std::string now = std::to_string(done);
      has_more |= number != now;
      number = std::move(now);
    }
  }
  if (has_more) TRY(store.put(base_key(task), checkpoint::serialise(told)));
  for (const std::string& key : old) TRY(store.erase(key));
  board->sent_.clear();
  board->sent_order_.clear();
  return board;
}

std::vector<KeptStatement> DdlBoard::passed(std::string_view instance, const KeptStatement& statement) {
  std::lock_guard lock(mutex_);
  return pass(instance, statement);
}

std::vector<KeptStatement> DdlBoard::pass(std::string_view instance, const KeptStatement& statement) {
  Place place{std::string(instance), statement.number, statement.database, statement.table};
  if (const auto again = sent_.find(place); again != sent_.end()) return again->second;
  const Names names{statement.logical_database, statement.logical_table};
  Logical& logical = tables_[names];
  auto shard = std::find_if(logical.shards.begin(), logical.shards.end(), [&](const Shard& s) {
    return s.instance == instance && s.database == statement.database && s.table == statement.table;
  });
  if (shard == logical.shards.end()) {
    if (!logical.shards.empty()) return {};  // a place that is no longer one of the table's
    shard = logical.shards.insert(shard, {std::string(instance), statement.database, statement.table, 0, {}});
  }
  if (statement.number <= shard->number) return {};
  shard->number = statement.number;
  shard->waiting.push_back(statement);
  std::vector<KeptStatement> told = settle(names, logical);
  std::erase_if(told, [&](const KeptStatement& one) { return delivered_.contains(checkpoint::told_name(one)); });
  if (told.empty()) return told;
  sent_order_.push_back(place);
  sent_[std::move(place)] = told;
  if (sent_order_.size() > sent_max) {
    sent_.erase(sent_order_.front());
    sent_order_.pop_front();
  }
  return told;
}

std::vector<KeptStatement> DdlBoard::settle(const Names& names, Logical& logical) {
  std::vector<KeptStatement> told;
  std::vector<Shard>& shards = logical.shards;
  Shard& first = shards.front();
  while (std::none_of(shards.begin(), shards.end(), [](const Shard& shard) { return shard.waiting.empty(); })) {
    const auto other = std::find_if(shards.begin(), shards.end(), [&](const Shard& shard) {
      return shard.waiting.front().text != first.waiting.front().text;
    });
    if (other == shards.end()) {
      told.push_back(first.waiting.front());
      for (Shard& shard : shards) shard.waiting.pop_front();
      continue;
    }
    const bool agree = std::all_of(shards.begin(), shards.end(), [&](const Shard& shard) {
      return shard.waiting.back().structure == first.waiting.back().structure;
    });
    if (!agree) {
      if (!std::exchange(logical.has_warned, true))
        base::log::warn(
            "{}.{}: its shards were changed by different statements, which are told when their structures agree again: "
            "`{:.200}` on {} at {}, `{:.200}` on {} at {}",
            names.first, names.second, first.waiting.front().text, first.database + "." + first.table, first.instance,
            other->waiting.front().text, other->database + "." + other->table, other->instance);
      return told;
    }
    told.insert(told.end(), first.waiting.begin(), first.waiting.end());
    for (Shard& shard : shards) shard.waiting.clear();
    logical.has_warned = false;
  }
  return told;
}

}  // namespace tributary::pipeline
