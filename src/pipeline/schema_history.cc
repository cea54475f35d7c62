#include "pipeline/schema_history.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "source/topology/schema_reader.h"

namespace tributary::pipeline {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using source::CapturedTable;
using source::TableName;
using source::TableState;

namespace {

checkpoint::KeptTable to_kept(const TableState& state, const CapturedTable* captured) {
  checkpoint::KeptTable kept;
  kept.database = state.name.database;
  kept.table = state.name.table;
  kept.is_gone = !state.table;
  if (captured) {
    kept.logical_database = captured->logical_database;
    kept.logical_table = captured->logical_table;
  }
  kept.ignores_until = state.ignores_until;
  if (!state.table) return kept;
  kept.schema = state.table->schema;
  kept.collation = state.table->collation;
  kept.is_partitioned = state.table->is_partitioned;
  for (const source::TrackedIndex& index : state.table->indexes)
    kept.indexes.push_back({index.name, index.is_primary, index.is_unique, index.is_functional, index.columns,
                            index.prefixes, index.is_generated});
  return kept;
}

TableState from_kept(checkpoint::KeptTable kept) {
  TableState state{{kept.database, kept.table}, nullptr, kept.ignores_until};
  if (kept.is_gone) return state;
  auto table = std::make_shared<source::TrackedTable>();
  table->schema = std::move(kept.schema);
  source::finish_schema(table->schema);
  table->collation = std::move(kept.collation);
  table->is_partitioned = kept.is_partitioned;
  for (checkpoint::KeptIndex& index : kept.indexes)
    table->indexes.push_back({std::move(index.name), index.is_primary, index.is_unique, index.is_functional,
                              std::move(index.columns), std::move(index.prefixes), index.is_generated});
  state.table = std::move(table);
  return state;
}

void put(source::SchemaTracker& tracker, const TableState& state) {
  if (state.table)
    tracker.put_table(*state.table);
  else
    tracker.remove_table(state.name);
}

}  // namespace

Status SchemaHistory::begin(const source::SchemaTracker& tracker, const std::vector<CapturedTable>& captured) {
  for (const std::string& prefix : {checkpoint::schema_prefix(subtask_), checkpoint::statement_prefix(subtask_)}) {
    TRY_VALUE(const auto old, store_.list(prefix));
    for (const store::Entry& entry : old) TRY(store_.erase(entry.key));
  }
  std::map<TableName, const CapturedTable*> names;
  for (const CapturedTable& table : captured) names[{table.database, table.table}] = &table;
  std::vector<store::Put> puts;
  puts.push_back({checkpoint::databases_key(subtask_, 0), checkpoint::serialise(tracker.databases()), {}});
  for (const auto& [name, table] : tracker.tables()) {
    const auto found = names.find(name);
    const TableState state{name, table, {}};
    puts.push_back({checkpoint::schema_key(subtask_, 0, name.database, name.table),
                    checkpoint::serialise(to_kept(state, found == names.end() ? nullptr : found->second)),
                    {}});
  }
  return store_.put_many(puts);
}

Result<bool> SchemaHistory::exists() const {
  TRY_VALUE(const auto entries, store_.list(checkpoint::schema_prefix(subtask_)));
  return !entries.empty();
}

Result<SchemaHistory::Places> SchemaHistory::load(const source::ServerTraits& traits, std::uint64_t restart,
                                                  std::uint64_t emitted, std::vector<CapturedTable> listed) {
  const std::string prefix = checkpoint::schema_prefix(subtask_);
  TRY_VALUE(const auto entries, store_.list(prefix));
  Places places{{source::SchemaTracker(traits), std::move(listed), {}, restart, {}, {}, {}},
                source::SchemaTracker(traits)};
  std::map<TableName, std::string> latest;      // at `restart`: the key
  std::map<TableName, CapturedTable> captured;  // at `restart`
  std::vector<CapturedTable> joined;            // behind `restart`
  std::vector<std::string> superseded;
  std::string databases;
  for (const store::Entry& entry : entries) {  // by number
    const std::optional<std::uint64_t> number = checkpoint::number_in(entry.key, prefix);
    if (!number) return fail(ErrorCode::task_state_unusable, "a structure without a number", entry.key);
    // It lies behind what was handed on: it will come again.
    if (*number > emitted) {
      superseded.push_back(entry.key);
      continue;
    }
    if (entry.key == checkpoint::databases_key(subtask_, *number)) {
      auto read = checkpoint::parse_databases(entry.value);
      if (!read) return fail(std::move(read.error()).in(entry.key));
      for (const auto& [name, collation] : *read) {
        if (*number <= restart) places.restart.tracker.put_database(name, collation);
        places.emitted.put_database(name, collation);
      }
      if (*number <= restart && !databases.empty()) superseded.push_back(databases);
      if (*number <= restart) databases = entry.key;
      continue;
    }
    auto read = checkpoint::parse_table(entry.value);
    if (!read) return fail(std::move(read.error()).in(entry.key));
    const CapturedTable names{read->database, read->table, read->logical_database, read->logical_table};
    const TableState state = from_kept(*std::move(read));
    put(places.emitted, state);
    if (*number > restart) {
      if (!names.logical_table.empty()) joined.push_back(names);
      places.restart.known[*number].push_back(state);
      continue;
    }
    put(places.restart.tracker, state);
    if (state.ignores_until.empty())
      places.restart.accepted.erase(state.name);
    else
      places.restart.accepted[state.name] = state.ignores_until;
    if (names.logical_table.empty())
      captured.erase(state.name);
    else
      captured[state.name] = names;
    std::string& key = latest[state.name];
    if (!key.empty()) superseded.push_back(std::move(key));
    key = entry.key;
  }
  for (const std::string& key : superseded) TRY(store_.erase(key));
  std::set<TableName> known;
  for (const CapturedTable& table : places.restart.tables) known.insert({table.database, table.table});
  for (auto& [name, table] : captured) joined.push_back(std::move(table));
  for (CapturedTable& table : joined)
    if (known.insert({table.database, table.table}).second) places.restart.tables.push_back(std::move(table));
  return places;
}

Status SchemaHistory::keep(const source::SchemaChange& change, const source::LiveTables& live,
                           const std::vector<checkpoint::KeptStatement>& statements) {
  const FindCaptured find = [&](const TableName& name) -> const CapturedTable* {
    const std::int64_t found = live.find(name.database, name.table);
    return found < 0 ? nullptr : &live.captured(static_cast<std::uint32_t>(found));
  };
  return keep(change, find, statements);
}

Status SchemaHistory::keep(const source::SchemaChange& change, const std::vector<CapturedTable>& captured) {
  const FindCaptured find = [&](const TableName& name) -> const CapturedTable* {
    const auto found = std::find_if(captured.begin(), captured.end(), [&](const CapturedTable& table) {
      return table.database == name.database && table.table == name.table;
    });
    return found == captured.end() ? nullptr : &*found;
  };
  return keep(change, find, {});
}

Status SchemaHistory::keep(const source::SchemaChange& change, const FindCaptured& find,
                           const std::vector<checkpoint::KeptStatement>& statements) {
  std::vector<store::Put> puts;
  for (const TableState& state : change.states)
    puts.push_back({checkpoint::schema_key(subtask_, change.number, state.name.database, state.name.table),
                    checkpoint::serialise(to_kept(state, find(state.name))),
                    {}});
  if (change.databases)
    puts.push_back({checkpoint::databases_key(subtask_, change.number), checkpoint::serialise(*change.databases), {}});
  for (const checkpoint::KeptStatement& statement : statements)
    puts.push_back({checkpoint::statement_key(subtask_, statement), checkpoint::serialise(statement), {}});
  return puts.empty() ? Status() : store_.put_many(puts);
}

}  // namespace tributary::pipeline
