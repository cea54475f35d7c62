#include "front/modify.h"

#include <fmt/format.h>

#include <algorithm>

#include "front/global_index.h"
#include "front/statement.h"

namespace tributary::lab {

namespace {

struct Assignment {
  std::string column;
  std::size_t first = 0, last = 0;  // its expression
};

struct Modification {
  TableRef reference;
  TablePtr table;
  std::vector<Assignment> assignments;
  std::size_t predicate = 0, predicate_end = 0;  // behind WHERE; empty if there is none
  std::size_t order = 0;                         // ORDER BY or LIMIT, or the end
  std::vector<PhysicalTable> places;
};

Answer<Modification> read_modification(const Work& work, const Sql& sql) {
  Modification out;
  std::size_t at = 1;
  const bool update = sql.is(0, "update");
  while (sql.is(at, "low_priority") || sql.is(at, "quick") || sql.is(at, "ignore")) ++at;
  if (!update) {
    if (!sql.is(at, "from")) return not_supported("DELETE of several tables");
    ++at;
  }
  const auto reference = read_table(sql, at, true);
  if (!reference) return syntax_error(sql.text(at, sql.size()));
  out.reference = *reference;
  out.table = work.catalogue().find(reference->name);
  if (!out.table) return unknown_table(work.catalogue().database() + "." + reference->name);
  at = after_table(sql, *reference);
  const std::size_t where = sql.find("where", at, sql.size());
  out.order = std::min(sql.find("order", at, sql.size()), sql.find("limit", at, sql.size()));
  if (update) {
    if (!sql.is(at, "set")) return not_supported("UPDATE of several tables");
    for (const auto& [first, last] : split_list(sql, at + 1, std::min(where, out.order))) {
      const std::size_t equals = sql.is_symbol(first + 1, ".") ? first + 3 : first + 1;
      if (!sql.is_symbol(equals, "=")) return syntax_error(sql.text(first, last));
      out.assignments.push_back({sql.name(equals - 1), equals + 1, last});
    }
  } else if (where != at && out.order != at) {
    return not_supported("DELETE of several tables");
  }
  out.predicate = std::min(where + 1, out.order);
  out.predicate_end = out.order;
  if (where >= out.order) out.predicate = out.predicate_end;
  for (std::size_t i = out.predicate; i < out.predicate_end; ++i)
    if (sql.is(i, "select") && out.table->is_sharded())
      return not_supported("a subquery in a write to a sharded table");
  out.places = targets(*out.table, work.shard_count(), sql, out.predicate, out.predicate_end,
                       reference->alias.empty() ? reference->name : reference->alias);
  if (out.table->is_sharded() && out.places.size() > 1 && out.order != sql.size() &&
      sql.find("limit", out.order, sql.size()) != sql.size())
    return not_supported("LIMIT in a write to several physical tables");
  return out;
}

std::string text_for(const Sql& sql, std::size_t from, std::size_t to, const Modification& change,
                     const PhysicalTable& place) {
  return rewrite(sql, from, to, {change.reference}, {{lower(change.reference.name), place.name}});
}

// "WHERE ..", with the alias's qualifiers taken for the table's.
std::string where_text(const Sql& sql, const Modification& change, const PhysicalTable& place) {
  if (change.predicate == change.predicate_end) return {};
  return "WHERE " + text_for(sql, change.predicate, change.predicate_end, change, place);
}

bool moves_rows(const Modification& change) {
  return change.table->is_sharded() &&
         std::any_of(change.assignments.begin(), change.assignments.end(), [&](const Assignment& a) {
           return same_name(a.column, change.table->db_key) || same_name(a.column, change.table->tb_key);
         });
}

using Row = std::vector<std::optional<std::string>>;

std::string key_predicate(const TableDef& table, const Row& row) {
  std::string out;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (table.columns[i].primary)
      out += fmt::format("{}{} = {}", out.empty() ? "" : " AND ", mysql::quote_name(table.columns[i].name),
                         sql_literal(table.columns[i], row[i]));
  return out;
}

Answer<PhysicalTable> place_of(const Work& work, const TableDef& table, const Row& row) {
  const auto key = [&](const std::string& name) -> std::optional<KeyValue> {
    if (name.empty()) return std::nullopt;
    const auto& cell = row[static_cast<std::size_t>(table.column(name))];
    return KeyValue{!cell, cell.value_or("")};
  };
  const auto places = route(table, work.shard_count(), key(table.db_key), key(table.tb_key));
  if (!places || places->size() != 1) return sql_fail(1292, "22007", "Incorrect value for a shard key");
  return places->front();
}

// One row of a shard-key update: old and new values in the table's column order.
Answer<void> move_row(Work& work, const Modification& change, const PhysicalTable& from, const Row& old_row,
                      const Row& new_row) {
  const TableDef& table = *change.table;
  TRY_VALUE(const PhysicalTable to, place_of(work, table, new_row));
  std::string names, values, pairs;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const ColumnInfo& column = table.columns[i];
    if (column.generated) continue;
    const std::string name = mysql::quote_name(column.name), value = sql_literal(column, new_row[i]);
    names += (names.empty() ? "" : ", ") + name;
    values += (values.empty() ? "" : ", ") + value;
    if (old_row[i] != new_row[i]) pairs += fmt::format("{}{} = {}", pairs.empty() ? "" : ", ", name, value);
  }
  if (from == to) {
    if (pairs.empty()) return {};
    TRY(work.backend.write(from.shard, fmt::format("UPDATE {} SET {} WHERE {}", mysql::quote_name(from.name), pairs,
                                                   key_predicate(table, old_row))));
    return {};
  }
  TRY(work.backend.write(
      from.shard, fmt::format("DELETE FROM {} WHERE {}", mysql::quote_name(from.name), key_predicate(table, old_row))));
  TRY(work.backend.write(to.shard,
                         fmt::format("INSERT INTO {} ({}) VALUES ({})", mysql::quote_name(to.name), names, values)));
  return {};
}

Answer<Outcome> update_shard_key(Work& work, const Sql& sql, const Modification& change) {
  const TableDef& table = *change.table;
  if (table.primary_key().empty()) return not_supported("an UPDATE of the shard key without a primary key");
  std::string columns;
  for (const auto& column : table.columns) columns += (columns.empty() ? "" : ", ") + exact_column(column);
  struct Move {
    PhysicalTable from;
    Row old_row, new_row;
  };
  std::vector<Move> moves;
  for (const auto& place : change.places) {
    std::string expressions;
    for (const auto& assignment : change.assignments) {
      const ColumnInfo* column = table.find(assignment.column);
      if (column == nullptr)
        return sql_fail(3009, "HY000", fmt::format("Unknown column '{}' in 'field list'", assignment.column));
      expressions += ", " + text_for(sql, assignment.first, assignment.last, change, place);
    }
    const std::string from = mysql::quote_name(place.name) +
                             (change.reference.alias.empty() ? "" : " AS " + mysql::quote_name(change.reference.alias));
    TRY_VALUE(mysql::Table found,
              work.backend.query_locked(place.shard, fmt::format("SELECT {}{} FROM {} {} FOR UPDATE", columns,
                                                                 expressions, from, where_text(sql, change, place))));
    for (auto& row : found.rows) {
      Row new_row(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(table.columns.size()));
      Row old_row = new_row;
      for (std::size_t i = 0; i < change.assignments.size(); ++i)
        new_row[static_cast<std::size_t>(table.column(change.assignments[i].column))] = row[table.columns.size() + i];
      moves.push_back({place, std::move(old_row), std::move(new_row)});
    }
  }
  Outcome outcome;
  IndexKeeper keeper(work, table);
  for (const auto& move : moves) {
    TRY(keeper.removed(move.old_row));
    TRY(move_row(work, change, move.from, move.old_row, move.new_row));
    TRY(keeper.added(move.new_row));
    ++outcome.affected;
  }
  return outcome;
}

Answer<Outcome> run_everywhere(Work& work, const Sql& sql, const Modification& change) {
  Outcome outcome;
  IndexKeeper keeper(work, *change.table);
  const auto one_time = work.backend.hold_time(change.table->kind == TableKind::broadcast);
  for (const auto& place : change.places) {
    TRY(keeper.before(place, where_text(sql, change, place)));
    TRY_VALUE(const std::uint64_t affected,
              work.backend.write(place.shard, text_for(sql, 0, sql.size(), change, place)));
    if (change.table->kind == TableKind::broadcast)
      outcome.affected = affected;
    else
      outcome.affected += affected;
  }
  TRY(keeper.after());
  return outcome;
}

}  // namespace

Answer<Outcome> run_update(Work& work, const Sql& sql) {
  TRY_VALUE(const Modification change, read_modification(work, sql));
  if (moves_rows(change)) return update_shard_key(work, sql, change);
  return run_everywhere(work, sql, change);
}

Answer<Outcome> run_delete(Work& work, const Sql& sql) {
  TRY_VALUE(const Modification change, read_modification(work, sql));
  return run_everywhere(work, sql, change);
}

bool needs_transaction(const Work& work, const Sql& sql) {
  if (sql.is(0, "update") || sql.is(0, "delete")) {
    const auto change = read_modification(work, sql);
    if (!change) return false;
    if (!change->table->global_indexes.empty() || moves_rows(*change)) return true;
    return change->places.size() > 1;
  }
  std::size_t at = 1;
  while (sql.is(at, "low_priority") || sql.is(at, "delayed") || sql.is(at, "high_priority") || sql.is(at, "ignore") ||
         sql.is(at, "into"))
    ++at;
  const auto reference = read_table(sql, at, false);
  const TablePtr table = reference ? work.catalogue().find(reference->name) : nullptr;
  if (!table || table->kind == TableKind::single) return false;
  if (table->kind == TableKind::broadcast || !table->global_indexes.empty()) return true;
  // More than one row may mean more than one shard; a transaction that stays on one is a local one anyway.
  const std::size_t values = sql.find("values", reference->last, sql.size());
  return values < sql.size() && sql.closing(values + 1) + 1 < sql.size();
}

}  // namespace tributary::lab
