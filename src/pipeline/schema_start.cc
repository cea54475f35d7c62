#include "pipeline/schema_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "source/binlog/statement_context.h"
#include "source/binlog/statement_scan.h"
#include "source/ddl/server_schema.h"
#include "source/snapshot/view.h"
#include "source/topology/schema_reader.h"

namespace tributary::pipeline {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using source::CapturedTable;
using source::TableName;

namespace {

constexpr int tries_max = 30;
constexpr std::int64_t pause_ms = 200;
constexpr const char* changes_on = "the structure of tables changes again and again";

// Whether a statement in the log between the two places has to do with a table of the databases followed.
Result<bool> are_changed(const source::Instance& instance, const source::SchemaTracker& tracker,
                         const model::BinlogPosition& from, const model::BinlogPosition& to,
                         base::CancelToken& cancel) {
  if (!(from < to)) return false;
  bool changed = false;
  source::StreamPosition begin;
  begin.at = from;
  TRY(source::scan_statements(
      instance, begin, to,
      [&](const source::QueryEvent& query, const model::BinlogPosition&) {
        const source::Effect effect = tracker.look(source::statement_context(query, tracker.traits()), query.sql);
        changed |= !effect.tables.empty() || !effect.concerned.empty();
        return !changed;
      },
      cancel));
  return changed;
}

// CREATE TABLE of a table that is there and as it was created: of all rows behind it the structure is known.
bool is_creation_of_present(const source::SchemaTracker& present, const source::QueryEvent& query,
                            const source::Effect& effect) {
  if (effect.outcome != source::Effect::Outcome::not_understood || effect.concerned.size() != 1) return false;
  const TableName& name = effect.concerned.front();
  source::SchemaTracker before = present;
  before.remove_table(name);
  const source::Effect made = before.look(source::statement_context(query, before.traits()), query.sql);
  if (made.tables.size() != 1) return false;
  const source::TableEffect& table = made.tables.front();
  const source::TrackedTablePtr now = present.find(name.database, name.table);
  return table.kind == source::TableEffect::Kind::created && table.name == name && table.after && now &&
         source::same_structure(table.after->schema, now->schema, nullptr);
}

}  // namespace

Result<PresentSchemas> read_present_schemas(const source::Instance& instance,
                                            const std::vector<CapturedTable>& captured,
                                            const std::set<std::string>& also, base::CancelToken& cancel) {
  std::map<std::string, std::vector<std::string>> databases;
  for (const std::string& database : also) databases[database];
  for (const CapturedTable& table : captured) databases[table.database].push_back(table.table);
  TRY_VALUE(mysql::Connection connection, open_for_questions(instance));
  for (int tries = 0;; ++tries) {
    TRY_VALUE(const source::LogEnd before, source::read_log_end(connection));
    TRY_VALUE(source::ServerTraits traits, source::read_server_traits(connection));
    PresentSchemas present{source::SchemaTracker(std::move(traits)), {}, {}};
    TRY_VALUE(const auto collations, source::read_databases(connection));
    for (const auto& [database, names] : databases) {
      const auto collation = collations.find(database);
      if (collation == collations.end()) continue;
      present.tracker.put_database(database, collation->second);
      auto tables = source::read_tracked_tables(connection, database, {});
      // A neighbour of a kind that can't be read is of no importance.
      if (!tables && tables.error().code == ErrorCode::source_unsupported)
        tables = source::read_tracked_tables(connection, database, names);
      if (!tables) return fail(std::move(tables.error()).in("instance " + instance.name));
      for (source::TrackedTable& table : *tables) present.tracker.put_table(std::move(table));
    }
    TRY_VALUE(const source::LogEnd end, source::read_log_end(connection));
    present.at = end.position;
    if (end.gtid_set) present.gtid_set = *end.gtid_set;
    TRY_VALUE(const bool is_changed, are_changed(instance, present.tracker, before.position, end.position, cancel));
    if (!is_changed) return present;
    if (tries == tries_max) return fail(ErrorCode::source_busy, changes_on, instance.name);
    if (cancel.wait_for_ms(pause_ms)) return fail(ErrorCode::cancelled);
  }
}

Status require_unchanged(const source::Instance& instance, const source::StreamPosition& from,
                         const PresentSchemas& present, const std::vector<CapturedTable>& captured,
                         base::CancelToken& cancel) {
  source::StatementNames names;
  for (const CapturedTable& table : captured) names.add(table.database, table.table);
  const auto is_captured = [&](const TableName& name) { return names.find(name.database, name.table) >= 0; };
  std::optional<base::Error> error;
  TRY(source::scan_statements(
      instance, from, present.at,
      [&](const source::QueryEvent& query, const model::BinlogPosition& end) {
        const source::Effect effect =
            present.tracker.look(source::statement_context(query, present.tracker.traits()), query.sql);
        using Kind = source::TableEffect::Kind;
        if (is_creation_of_present(present.tracker, query, effect)) return true;
        const bool changes = std::any_of(effect.tables.begin(), effect.tables.end(),
                                         [&](const source::TableEffect& e) {
                                           const bool matters = e.kind == Kind::altered || e.kind == Kind::renamed ||
                                                                e.kind == Kind::dropped;
                                           return matters && (is_captured(e.name) || is_captured(e.new_name));
                                         }) ||
                             std::any_of(effect.concerned.begin(), effect.concerned.end(), is_captured);
        if (changes)
          error = base::Error{ErrorCode::data_structure_unknown, fmt::format("{:.500}", query.sql), end.text()};
        return !changes;
      },
      cancel));
  if (error) return fail(std::move(*error));
  return {};
}

namespace {

// The databases of a plain server in which a table belongs to the task as soon as it is there.
std::set<std::string> whole_databases(const Config& config) {
  std::set<std::string> whole;
  if (config.source.engine != source::Engine::mysql) return whole;
  for (const auto& [database, tables] : config.source.objects.databases)
    if (!tables) whole.insert(database);
  return whole;
}

CapturedTable as_it_is_called(const TableName& name) { return {name.database, name.table, name.database, name.table}; }

// Tables of such databases that came to be after the topology had been read.
std::vector<CapturedTable> late_tables(const source::SchemaTracker& tracker, const std::set<std::string>& whole,
                                       const std::vector<CapturedTable>& captured) {
  std::vector<CapturedTable> late;
  for (const auto& [name, table] : tracker.tables()) {
    const bool is_known = std::any_of(captured.begin(), captured.end(), [&](const CapturedTable& one) {
      return one.database == name.database && (one.table == name.table || source::is_ghost_name(name.table, one.table));
    });
    if (whole.contains(name.database) && !is_known) late.push_back(as_it_is_called(name));
  }
  return late;
}

// Physical tables that have become part of the task since its history began, by a topology that was accepted: they are
// as they were at the place of restart if no statement behind it names them; else it will be read.
Status adopt_strangers(const source::Instance& instance, const StartPoint& point, const checkpoint::StreamState& state,
                       const std::vector<CapturedTable>& captured, SchemaHistory& history,
                       SchemaHistory::Places& places, base::CancelToken& cancel) {
  std::vector<CapturedTable> strangers;
  for (const CapturedTable& table : captured)
    if (!places.restart.tracker.find(table.database, table.table)) strangers.push_back(table);
  if (strangers.empty()) return {};
  TRY_VALUE(const PresentSchemas present, read_present_schemas(instance, strangers, {}, cancel));
  source::StatementNames names;
  for (const CapturedTable& table : strangers) names.add(table.database, table.table);
  std::set<std::uint32_t> named;
  source::StreamPosition from = point.stream.restart;
  from.at = point.positions_known ? state.restart : model::BinlogPosition();
  TRY(source::scan_statements(
      instance, from, present.at,
      [&](const source::QueryEvent& query, const model::BinlogPosition&) {
        if (const auto found = names.captured(query.database, query.sql)) named.insert(found->begin(), found->end());
        return true;
      },
      cancel));
  source::SchemaChange change;
  change.number = point.stream.restart.schema;
  const auto put = [&](source::SchemaTracker& tracker, const source::TrackedTablePtr& table) {
    const auto databases = present.tracker.databases();
    const auto collation = databases.find(table->schema.database);
    if (collation != databases.end()) tracker.put_database(collation->first, collation->second);
    tracker.put_table(*table);
  };
  for (std::uint32_t i = 0; i < strangers.size(); ++i) {
    const source::TrackedTablePtr table = present.tracker.find(strangers[i].database, strangers[i].table);
    if (!table || named.contains(i)) continue;
    put(places.restart.tracker, table);
    put(places.emitted, table);
    change.states.push_back({{strangers[i].database, strangers[i].table}, table, {}});
  }
  if (change.states.empty()) return {};
  change.databases = places.restart.tracker.databases();
  return history.keep(change, captured);
}

}  // namespace

Result<StreamSchemas> begin_stream(const Config& config, const source::Topology& topology, const TableSet& discovered,
                                   SchemaHistory& history, checkpoint::StreamState& state, std::uint32_t& attempt,
                                   const sink::Router& router, base::CancelToken& cancel) {
  source::Instance instance = discovered.instance;
  std::vector<CapturedTable> captured = discovered.captured(topology);
  std::vector<CapturedTable> late;
  const std::set<std::string> whole = whole_databases(config);
  const bool is_new = !state.started, is_given = config.start.contains(instance.name);
  TRY_VALUE(const bool has_history, history.exists());
  std::optional<PresentSchemas> present;
  StartPoint point;
  const checkpoint::StreamState former = state;
  for (int tries = 0;; ++tries) {
    if (is_new || !has_history) {
      TRY_VALUE(instance.endpoint, choose_server(discovered.instance));
      TRY_VALUE(present, read_present_schemas(instance, captured, whole, cancel));
    }
    TRY_VALUE(point, choose_start(config, instance, state, attempt, cancel));
    instance.endpoint = point.server;
    if (!is_new || is_given) break;
    // Rows up to the position chosen are the snapshot's: the structures have to be those of that place.
    TRY_VALUE(const bool is_changed,
              are_changed(instance, present->tracker, present->at, point.stream.emitted.at, cancel));
    if (!is_changed) break;
    if (tries == tries_max) return fail(ErrorCode::source_busy, changes_on, instance.name);
    if (cancel.wait_for_ms(pause_ms)) return fail(ErrorCode::cancelled);
    state = former;
  }
  source::StreamStart& start = point.stream;
  if (present) {
    if (!is_new || is_given)
      TRY(require_unchanged(instance, is_new ? start.emitted : start.restart, *present, captured, cancel));
    if (is_new) late = late_tables(present->tracker, whole, captured);
    captured.insert(captured.end(), late.begin(), late.end());
    TRY(history.begin(present->tracker, captured));
    state.emitted_schema = state.restart_schema = 0;
    state.schema_from = present->at;
  } else if (!point.positions_known || !(state.restart < state.schema_from)) {
    state.schema_from = {};  // it is of no use any more, and on another server it would be any place
  }
  start.emitted.schema = state.emitted_schema;
  start.restart.schema = state.restart_schema;
  TRY_VALUE(mysql::Connection connection, open_for_questions(instance));
  TRY_VALUE(const source::ServerTraits traits, source::read_server_traits(connection));
  TRY_VALUE(SchemaHistory::Places places, history.load(traits, state.restart_schema, state.emitted_schema, captured));
  if (!present) TRY(adopt_strangers(instance, point, state, captured, history, places, cancel));
  places.restart.ignores_until = state.schema_from;
  std::erase_if(places.restart.accepted,
                [&](const auto& entry) { return !point.positions_known || !(state.restart < entry.second); });
  places.restart.join = [whole](const TableName& name) -> std::optional<CapturedTable> {
    if (!whole.contains(name.database)) return {};
    return as_it_is_called(name);
  };
  TableSet tables;
  tables.instance = instance;
  TableMaker maker(config, instance.server_version, router);
  source::LogicalSchemas schemas;
  for (std::size_t i = 0; i < places.restart.tables.size(); ++i) {
    const CapturedTable& names = places.restart.tables[i];
    source::PhysicalTable physical;
    if (i < discovered.tables.size()) {
      physical = discovered.tables[i]->physical;
    } else {
      const auto logical = std::find_if(topology.tables.begin(), topology.tables.end(), [&](const auto& table) {
        return table.schema->database == names.logical_database && table.schema->table == names.logical_table;
      });
      physical.logical = static_cast<std::uint32_t>(logical - topology.tables.begin());
      physical.database = names.database;
      physical.table = names.table;
    }
    TRY_VALUE(SubtaskTablePtr table, maker.make(physical, schemas.of(places.emitted, names)));
    tables.tables.push_back(std::move(table));
  }
  return StreamSchemas{std::move(point), std::move(places.restart), std::move(tables), std::move(late)};
}

}  // namespace tributary::pipeline
