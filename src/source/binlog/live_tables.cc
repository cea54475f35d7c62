#include "source/binlog/live_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/log.h"
#include "source/topology/schema_reader.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

bool same_layout(const model::TableSchemaPtr& a, const model::TableSchemaPtr& b) {
  if (a == b) return true;
  if (!a || !b || a->columns.size() != b->columns.size()) return false;
  for (std::size_t i = 0; i < a->columns.size(); ++i) {
    const model::Column &x = a->columns[i], &y = b->columns[i];
    if (x.is_nullable != y.is_nullable || x.is_hidden != y.is_hidden || x.is_generated != y.is_generated ||
        x.collation != y.collation)
      return false;
  }
  // Records name the keys.
  const auto same_keys = std::equal(a->keys.begin(), a->keys.end(), b->keys.begin(), b->keys.end(),
                                    [](const model::Key& x, const model::Key& y) {
                                      return x.is_primary == y.is_primary && x.columns == y.columns && x.name == y.name;
                                    });
  return same_keys && same_structure(*a, *b, nullptr);
}

}  // namespace

model::TableSchemaPtr LogicalSchemas::of(const SchemaTracker& tracker, const CapturedTable& names) {
  const TrackedTablePtr tracked = tracker.find(names.database, names.table);
  if (!tracked) return nullptr;
  auto schema = std::make_shared<model::TableSchema>(tracked->schema);
  schema->database = names.logical_database;
  schema->table = names.logical_table;
  finish_schema(*schema);
  auto& known = known_[{names.logical_database, names.logical_table}];
  std::erase_if(known, [](const auto& one) { return one.expired(); });
  for (const auto& one : known)
    if (model::TableSchemaPtr same = one.lock(); same_layout(same, schema)) return same;
  known.push_back(schema);
  return schema;
}

bool is_ghost_name(std::string_view name, std::string_view table) {
  if (!name.starts_with('_')) return false;
  while (name.size() > table.size() && name.starts_with('_') && !name.starts_with(table)) name.remove_prefix(1);
  if (!name.starts_with(table)) return false;
  name.remove_prefix(table.size());
  if (name.starts_with('_')) {  // gh-ost can put a time stamp before the ending
    constexpr std::size_t digits = 14;
    const std::string_view time = name.substr(1, digits);
    if (time.size() == digits && time.find_first_not_of("0123456789") == std::string_view::npos)
      name.remove_prefix(1 + digits);
  }
  static constexpr std::array endings = {"_gho", "_ghc", "_del", "_new", "_old"};
  return std::find(endings.begin(), endings.end(), name) != endings.end();
}

LiveTables::LiveTables(Setup setup)
    : tracker_(std::move(setup.tracker)),
      join_(std::move(setup.join)),
      ignores_until_(std::move(setup.ignores_until)),
      known_(std::move(setup.known)),
      accepted_(std::move(setup.accepted)),
      number_(setup.number) {
  for (CapturedTable& table : setup.tables) add(std::move(table));
}

void LiveTables::add(CapturedTable names) {
  names_.add(names.database, names.table);
  model::TableSchemaPtr schema = schemas_.of(tracker_, names);
  tables_.push_back({std::move(names), {{number_, std::move(schema)}}});
}

const model::TableSchemaPtr& LiveTables::schema_at(std::uint32_t table, std::uint64_t number) const {
  const std::vector<Version>& versions = tables_[table].versions;
  const auto behind = std::find_if(versions.begin() + 1, versions.end(),
                                   [&](const Version& version) { return version.since > number; });
  return std::prev(behind)->schema;
}

void LiveTables::forget_before(std::uint64_t number) {
  for (Slot& slot : tables_)
    while (slot.versions.size() > 1 && slot.versions[1].since <= number) slot.versions.erase(slot.versions.begin());
}

void LiveTables::put(const TableState& state) {
  if (state.table)
    tracker_.put_table(*state.table);
  else
    tracker_.remove_table(state.name);
  if (state.ignores_until.empty())
    accepted_.erase(state.name);
  else
    accepted_[state.name] = state.ignores_until;
}

void LiveTables::note(std::vector<TableState>& states, const TableName& name) const {
  if (std::any_of(states.begin(), states.end(), [&](const TableState& s) { return s.name == name; })) return;
  const auto accepted = accepted_.find(name);
  states.push_back({name, tracker_.find(name.database, name.table),
                    accepted == accepted_.end() ? model::BinlogPosition{} : accepted->second});
}

std::optional<CapturedTable> LiveTables::joining(const TableName& name) const {
  const bool is_ghost = std::any_of(tables_.begin(), tables_.end(), [&](const Slot& slot) {
    return slot.names.database == name.database && is_ghost_name(name.table, slot.names.table);
  });
  return is_ghost || !join_ ? std::nullopt : join_(name);
}

base::Status LiveTables::find_out(const StructureQuestion& question, const AskStructures& ask, SchemaChange& change) {
  TRY_VALUE(const std::vector<TableState> answer, ask(question));
  for (const TableState& state : answer) {
    put(state);
    note(change.states, state.name);
  }
  return {};
}

void LiveTables::update_captured(const Effect& effect, SchemaChange& change) {
  std::map<TableName, TableName> former;  // by the name at the end
  for (const TableEffect& one : effect.tables) {
    if (one.kind != TableEffect::Kind::renamed || one.name == one.new_name) continue;
    const auto moved = former.extract(one.name);
    former.insert_or_assign(one.new_name, moved ? moved.mapped() : one.name);
  }
  const auto touch = [&](const TableName& name, bool joins) {
    std::int64_t found = find(name.database, name.table);
    bool has_joined = false;
    if (found < 0 && joins) {
      std::optional<CapturedTable> joined = joining(name);
      if (joined && tracker_.find(name.database, name.table)) {
        names_.add(joined->database, joined->table);
        tables_.push_back({*std::move(joined), {{0, nullptr}}});
        found = static_cast<std::int64_t>(tables_.size()) - 1;
        has_joined = true;
      }
    }
    if (found < 0) return;
    const auto number = static_cast<std::uint32_t>(found);
    if (std::any_of(change.captured.begin(), change.captured.end(), [&](const auto& c) { return c.table == number; }))
      return;
    Slot& slot = tables_[number];
    CapturedChange one;
    one.table = number;
    one.has_joined = has_joined;
    one.before = slot.versions.back().schema;
    one.after = schemas_.of(tracker_, slot.names);
    using Kind = CapturedChange::Kind;
    const auto any = [&](auto condition) { return std::any_of(effect.tables.begin(), effect.tables.end(), condition); };
    const bool is_other = any([&](const TableEffect& e) {
      return (e.kind == TableEffect::Kind::created && e.name == name) ||
             (e.kind == TableEffect::Kind::renamed && e.new_name == name && e.name != name);
    });
    const bool is_emptied =
        any([&](const TableEffect& e) { return e.kind == TableEffect::Kind::emptied && e.name == name; });
    if (!one.before && !one.after) return;
    if (const auto moved = former.find(name);
        moved != former.end() && moved->second != name && !is_ghost_name(moved->second.table, name.table))
      one.former = moved->second;
    if (!one.before)
      one.kind = Kind::created;
    else if (!one.after)
      one.kind = Kind::dropped;
    else if (is_other)
      one.kind = Kind::replaced;
    else if (is_emptied)
      one.kind = Kind::emptied;
    else if (!same_layout(one.before, one.after))
      one.kind = Kind::altered;
    // Readers tell versions by identity: what did not change is the same object.
    if (one.before != one.after) slot.versions.push_back({change.number, one.after});
    change.captured.push_back(std::move(one));
  };
  for (const TableEffect& one : effect.tables) {
    touch(one.name, one.kind == TableEffect::Kind::created);
    if (one.kind == TableEffect::Kind::renamed) touch(one.new_name, true);
  }
  for (const TableState& state : change.states) touch(state.name, false);
}

Result<std::optional<SchemaChange>> LiveTables::apply(const StatementContext& session, std::string_view sql,
                                                      const model::BinlogPosition& end, bool is_repeat,
                                                      const AskStructures& ask) {
  const std::optional<SchemaChange> nothing;
  if (!ignores_until_.empty() && !(ignores_until_ < end)) return nothing;
  const auto databases_before = tracker_.databases();
  Effect effect = tracker_.apply(session, sql);
  const bool is_unclear = effect.outcome == Effect::Outcome::not_understood;
  if (!effect.is_ddl && !is_unclear) {
    if (!is_repeat) TRY(names_.captured(session.database, sql));  // rows changed by a statement are an error
    return nothing;
  }
  SchemaChange change;
  change.number = number_ + 1;
  change.is_repeat = is_repeat;
  change.sql = sql;
  change.session = &session;
  const bool is_known = known_.contains(change.number);  // from the time before
  StructureQuestion question;
  question.sql = sql;
  question.behind = end;
  if (is_unclear) {
    for (const TableName& name : effect.concerned) {
      const auto accepted = accepted_.find(name);
      const bool is_in = accepted != accepted_.end() && !(accepted->second < end);
      if (is_in) continue;
      if (find(name.database, name.table) >= 0) {
        question.tables.push_back(name);
      } else {
        base::log::info("{}: a statement that is not understood may have changed {}.{}: {}", end.text(), name.database,
                        name.table, effect.reason);
        put({name, nullptr, {}});
        note(change.states, name);
      }
    }
    question.reason = effect.reason;
    if (!is_known && !question.tables.empty()) TRY(find_out(question, ask, change));
    // Nothing of ours is concerned.
    if (change.states.empty() && !is_known) return nothing;
  } else {
    for (const TableEffect& one : effect.tables) {
      for (const TableName& name : {one.name, one.new_name}) {
        if (name.table.empty()) continue;
        const auto accepted = accepted_.find(name);
        if (accepted == accepted_.end()) continue;
        // The structure accepted for it has this statement in it.
        if (one.before && !(accepted->second < end))
          tracker_.put_table(*one.before);
        else
          accepted_.erase(accepted);
      }
    }
    for (const TableEffect& one : effect.tables) {
      const bool matters = one.kind != TableEffect::Kind::unchanged && one.kind != TableEffect::Kind::emptied;
      if (!matters && find(one.name.database, one.name.table) < 0) continue;
      if (one.kind == TableEffect::Kind::created && !databases_before.contains(one.name.database)) {
        tracker_.remove_table(one.name);  // of a database that is not followed
        continue;
      }
      note(change.states, one.name);
      if (one.kind == TableEffect::Kind::renamed) note(change.states, one.new_name);
    }
    for (const TableEffect& one : effect.tables) {
      // It comes from a database that is not followed.
      const bool is_unknown = one.kind == TableEffect::Kind::renamed && !one.after;
      if (is_unknown && (find(one.new_name.database, one.new_name.table) >= 0 || joining(one.new_name)))
        question.tables.push_back(one.new_name);
    }
    question.reason = "a table comes from a database that is not followed";
    if (!is_known && !question.tables.empty()) TRY(find_out(question, ask, change));
    if (auto databases = tracker_.databases(); databases != databases_before) change.databases = std::move(databases);
    if (change.states.empty() && !change.databases) return nothing;
  }
  number_ = change.number;
  if (const auto known = known_.find(number_); known != known_.end()) {
    for (const TableState& state : known->second) {
      put(state);
      std::erase_if(change.states, [&](const TableState& s) { return s.name == state.name; });
      note(change.states, state.name);
    }
    known_.erase(known);
  }
  update_captured(effect, change);
  return std::optional<SchemaChange>(std::move(change));
}

bool LiveTables::is_missed(std::string_view database, std::string_view table) {
  if (!join_) return false;
  name_.assign(database).append(".").append(table);
  if (not_missed_.contains(name_)) return false;
  if (joining({std::string(database), std::string(table)})) return true;
  not_missed_.insert(name_);
  return false;
}

Result<SchemaChange> LiveTables::join_missed(std::string_view database, std::string_view table,
                                             const model::BinlogPosition& at, const AskStructures& ask) {
  const TableName name{std::string(database), std::string(table)};
  StructureQuestion question;
  question.tables.push_back(name);
  question.reason = "rows of a table that no statement told of";
  question.behind = at;
  SchemaChange change;
  change.number = number_;
  TRY(find_out(question, ask, change));
  std::optional<CapturedTable> names = joining(name);
  names_.add(names->database, names->table);
  tables_.push_back({*std::move(names), {{number_, nullptr}}});
  CapturedChange one;
  one.kind = CapturedChange::Kind::created;
  one.table = static_cast<std::uint32_t>(tables_.size()) - 1;
  one.has_joined = true;
  one.former = name;  // rows may have come in any way
  one.after = schemas_.of(tracker_, tables_.back().names);
  tables_.back().versions.push_back({number_, one.after});
  change.captured.push_back(std::move(one));
  return change;
}

Result<SchemaChange> LiveTables::mend(std::uint32_t table, std::string reason, const model::BinlogPosition& at,
                                      const AskStructures& ask) {
  Slot& slot = tables_[table];
  StructureQuestion question;
  question.tables.push_back({slot.names.database, slot.names.table});
  question.reason = std::move(reason);
  question.behind = at;
  SchemaChange change;
  change.number = number_;
  TRY(find_out(question, ask, change));
  CapturedChange one;
  one.kind = CapturedChange::Kind::altered;
  one.table = table;
  one.before = slot.versions.back().schema;
  one.after = schemas_.of(tracker_, slot.names);
  slot.versions.push_back({number_, one.after});
  change.captured.push_back(std::move(one));
  return change;
}

}  // namespace tributary::source
