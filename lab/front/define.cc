#include "front/define.h"

#include <fmt/format.h>

#include <algorithm>

#include "front/create_table.h"
#include "front/fan_out.h"
#include "front/global_index.h"
#include "front/statement.h"

namespace tributary::lab {

namespace {

constexpr std::size_t backfill_rows = 500;

Answer<void> saved(const base::Status& status) {
  if (!status) return sql_fail(1105, "HY000", status.error().message());
  return {};
}

Answer<TablePtr> require(const Work& work, const std::string& name) {
  TablePtr table = work.catalogue().find(name);
  if (!table) return unknown_table(work.catalogue().database() + "." + name);
  return table;
}

Answer<std::vector<ColumnInfo>> read_columns(Work& work, const TableDef& table) {
  TRY_VALUE(const mysql::Table rows,
            work.backend.query(0, fmt::format("SHOW COLUMNS FROM {}", mysql::quote_name(physical_name(table, 0, 0)))));
  std::vector<ColumnInfo> out;
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    const std::string extra = lower(rows.text(i, "Extra"));
    out.push_back(
        {std::string(rows.text(i, "Field")), std::string(rows.text(i, "Type")),
         extra.find("auto_increment") != std::string::npos, rows.text(i, "Key") == "PRI",
         extra.find("generated") != std::string::npos && extra.find("default_generated") == std::string::npos});
  }
  return out;
}

// `statement` of every physical table's name, on all of them.
template <typename Statement>
Answer<void> run_each(Work& work, const std::vector<PhysicalTable>& tables, const Statement& statement,
                      std::vector<bool>* done = nullptr) {
  std::vector<ShardStatement> all;
  for (const auto& table : tables) all.push_back({table.shard, statement(table)});
  return run_on_shards(work.shared, work.backend.settings(), all, done);
}

Answer<void> drop_each(Work& work, const std::vector<PhysicalTable>& tables) {
  return run_each(work, tables,
                  [](const PhysicalTable& t) { return "DROP TABLE IF EXISTS " + mysql::quote_name(t.name); });
}

// Creates the table everywhere, or nowhere.
Answer<void> create_everywhere(Work& work, TableDef& table, const CreateTable& create) {
  const auto tables = everywhere(table, work.shard_count());
  std::vector<bool> done;
  const auto created = run_each(
      work, tables, [&](const PhysicalTable& t) { return create.physical(t.name); }, &done);
  if (!created) {
    // Only what this statement made: a table that was in the way stays.
    std::vector<PhysicalTable> made;
    for (std::size_t i = 0; i < tables.size(); ++i)
      if (done[i]) made.push_back(tables[i]);
    (void)drop_each(work, made);
    return created;
  }
  TRY_VALUE(table.columns, read_columns(work, table));
  return {};
}

void apply(const ShardClause& clause, int shard_count, TableDef& table) {
  table.kind = clause.kind;
  table.db_key = clause.db_key;
  table.tb_key = clause.tb_key;
  table.tb_function = clause.tb_function;
  table.tb_count = clause.tb_count;
  table.db_count = clause.db_split ? shard_count : 1;
  if (clause.kind == TableKind::sharded) table.random = random_text(4, mixed_case);
}

// Definitions of the base table's columns as the server prints them, by the index table's needs.
Answer<CreateTable> index_table(Work& work, const TableDef& base, const TableDef& index,
                                const std::vector<std::string>& names) {
  TRY_VALUE(const mysql::Table shown,
            work.backend.query(0, fmt::format("SHOW CREATE TABLE {}", mysql::quote_name(physical_name(base, 0, 0)))));
  const std::string text(shown.text(0, "Create Table"));
  const Sql sql(text);
  CreateTable out;
  out.name = index.name;
  const std::size_t close = sql.closing(3);
  for (const auto& [first, last] : split_list(sql, 4, close)) {
    if (sql[first].kind != TokenKind::quoted_name ||
        std::find(names.begin(), names.end(), sql.name(first)) == names.end())
      continue;
    std::size_t end = last;
    for (std::size_t i = first; i < last; ++i)
      if (sql.is(i, "auto_increment")) end = i;
    out.items.emplace_back(sql.text(first, end));
  }
  const auto quoted = [](const std::vector<std::string>& columns) {
    std::string list;
    for (const auto& column : columns) list += (list.empty() ? "" : ", ") + mysql::quote_name(column);
    return list;
  };
  out.items.push_back(fmt::format("PRIMARY KEY ({})", quoted(base.primary_key())));
  out.items.push_back(fmt::format("{}KEY `auto_shard_key_{}` ({})", index.unique ? "UNIQUE " : "",
                                  lower(index.index_columns.front()), quoted(index.index_columns)));
  out.options = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";
  return out;
}

Answer<void> backfill(Work& work, const TableDef& base, const TableDef& index) {
  for (const auto& place : topology(base, work.shard_count())) {
    std::string list;
    for (const auto& column : index.columns) list += (list.empty() ? "" : ", ") + exact_column(column);
    TRY_VALUE(const mysql::Table rows,
              work.backend.query(place.shard, fmt::format("SELECT {} FROM {}", list, mysql::quote_name(place.name))));
    std::map<PhysicalTable, std::vector<std::string>> out;
    for (const auto& row : rows.rows) {
      std::string values;
      for (std::size_t i = 0; i < index.columns.size(); ++i)
        values += (i == 0 ? "" : ", ") + sql_literal(index.columns[i], row[i]);
      const auto key = [&](const std::string& name) -> std::optional<KeyValue> {
        const int at = index.column(name);
        if (at < 0) return std::nullopt;
        const auto& cell = row[static_cast<std::size_t>(at)];
        return KeyValue{!cell, cell.value_or("")};
      };
      const auto to = route(index, work.shard_count(), key(index.db_key), key(index.tb_key));
      if (!to || to->size() != 1) return not_supported("a global index key without a place");
      out[to->front()].push_back("(" + values + ")");
    }
    for (const auto& [to, values] : out) {
      for (std::size_t i = 0; i < values.size(); i += backfill_rows) {
        const auto first = values.begin() + static_cast<std::ptrdiff_t>(i);
        const auto last = values.begin() + static_cast<std::ptrdiff_t>(std::min(values.size(), i + backfill_rows));
        TRY(work.backend.write(to.shard, fmt::format("INSERT INTO {} VALUES {}", mysql::quote_name(to.name),
                                                     fmt::join(first, last, ", "))));
      }
    }
  }
  return {};
}

Answer<void> create_global_index(Work& work, const std::string& base_name, const GlobalIndexClause& clause) {
  TRY_VALUE(const TablePtr base, require(work, base_name));
  if (base->kind != TableKind::sharded) return not_supported("a global index on a table that is not sharded");
  if (work.catalogue().find(clause.name))
    return sql_fail(1061, "42000", fmt::format("Duplicate key name '{}'", clause.name));
  for (const auto& names : {clause.columns, clause.covering})
    for (const auto& name : names)
      if (base->column(name) < 0)
        return sql_fail(1072, "42000", fmt::format("Key column '{}' doesn't exist in table", name));
  TableDef index;
  index.name = clause.name;
  apply(clause.shards, work.shard_count(), index);
  index.kind = TableKind::global_index;
  index.base = base->name;
  index.unique = clause.unique;
  index.index_columns = clause.columns;
  index.covering = clause.covering;
  const auto names = index_table_columns(*base, clause.columns, clause.covering);
  for (const auto& key : {index.db_key, index.tb_key})
    if (!key.empty() &&
        std::none_of(names.begin(), names.end(), [&](const std::string& n) { return same_name(n, key); }))
      return sql_fail(1072, "42000", fmt::format("Key column '{}' is not part of the global index", key));
  TRY_VALUE(const CreateTable create, index_table(work, *base, index, names));
  TRY(create_everywhere(work, index, create));
  TRY(backfill(work, *base, index));
  TableDef changed = *base;
  changed.global_indexes.push_back(index.name);
  TRY(saved(work.shared.catalogue->put(std::move(index))));
  return saved(work.shared.catalogue->put(std::move(changed)));
}

Answer<Outcome> create_table(Work& work, const Sql& sql) {
  TRY_VALUE(const CreateTable create, read_create_table(sql));
  if (work.catalogue().find(create.name)) {
    if (create.if_not_exists) return Outcome{};
    return sql_fail(
        1050, "42S01",
        fmt::format("ERR-CODE: [TDDL-4622][ERR_TABLE_ALREADY_EXISTS] Table '{}' already exists", create.name));
  }
  TableDef table;
  table.name = create.name;
  table.implicit_id = create.implicit_id;
  apply(create.shards, work.shard_count(), table);
  TRY(create_everywhere(work, table, create));
  TRY(saved(work.shared.catalogue->put(table)));
  for (const auto& index : create.global_indexes) TRY(create_global_index(work, table.name, index));
  return Outcome{};
}

Answer<void> drop_global_index(Work& work, const TableDef& base, const std::string& name) {
  TRY_VALUE(const TablePtr index, require(work, name));
  TRY(drop_each(work, topology(*index, work.shard_count())));
  TableDef changed = base;
  std::erase_if(changed.global_indexes, [&](const std::string& n) { return same_name(n, name); });
  TRY(saved(work.shared.catalogue->put(std::move(changed))));
  return saved(work.shared.catalogue->erase(name));
}

// DROP with the recycle bin on: the physical tables stay under a BIN_ name that the topology no longer knows.
Answer<void> recycle(Work& work, const TableDef& table) {
  TableDef bin = table;
  bin.name = "BIN_" + random_text(20, upper_case);
  bin.random.clear();
  const auto from = everywhere(table, work.shard_count()), to = everywhere(bin, work.shard_count());
  for (std::size_t i = 0; i < from.size(); ++i)
    TRY(work.backend.execute(from[i].shard, fmt::format("RENAME TABLE {} TO {}", mysql::quote_name(from[i].name),
                                                        mysql::quote_name(to[i].name))));
  return work.backend.execute(
      0, fmt::format("INSERT INTO `__drds__system__recyclebin__` (NAME, ORIGINAL_NAME) VALUES ({}, {})",
                     quote_text(bin.name), quote_text(table.name)));
}

Answer<Outcome> drop_table(Work& work, const Sql& sql) {
  std::size_t at = 2;
  const bool if_exists = sql.is(at, "if");
  if (if_exists) at += 2;
  for (const auto& [first, last] : split_list(sql, at, sql.size())) {
    const auto reference = read_table(sql, first, false);
    if (!reference) return syntax_error(sql.text(first, last));
    const TablePtr table = work.catalogue().find(reference->name);
    if (!table && if_exists) continue;
    if (!table || table->kind == TableKind::global_index)
      return sql_fail(1051, "42S02",
                      fmt::format("Unknown table '{}.{}'", work.catalogue().database(), reference->name));
    for (const auto& index : table->global_indexes)
      TRY(drop_global_index(work, *work.catalogue().find(table->name), index));
    TRY(saved(work.shared.catalogue->erase(table->name)));
    if (work.recycle_bin) {
      TRY(recycle(work, *table));
    } else {
      TRY(drop_each(work, everywhere(*table, work.shard_count())));
    }
    TRY(work.shared.sequences->remove(table->name));
  }
  return Outcome{};
}

Answer<Outcome> truncate_table(Work& work, const Sql& sql) {
  const auto reference = read_table(sql, sql.is(1, "table") ? 2 : 1, false);
  if (!reference) return syntax_error(sql.text());
  TRY_VALUE(const TablePtr table, require(work, reference->name));
  std::vector<TablePtr> all = {table};
  for (const auto& index : table->global_indexes) all.push_back(work.catalogue().find(index));
  for (const auto& each : all)
    TRY(run_each(work, everywhere(*each, work.shard_count()),
                 [](const PhysicalTable& t) { return "TRUNCATE TABLE " + mysql::quote_name(t.name); }));
  return Outcome{};
}

Answer<void> refresh_columns(Work& work, const TableDef& table) {
  TableDef changed = table;
  TRY_VALUE(changed.columns, read_columns(work, table));
  return saved(work.shared.catalogue->put(std::move(changed)));
}

// A statement about one table, sent to each of its physical tables with their names.
Answer<Outcome> define_everywhere(Work& work, const Sql& sql, const TableRef& reference, const TableDef& table) {
  TRY(run_each(work, everywhere(table, work.shard_count()), [&](const PhysicalTable& t) {
    return rewrite(sql, 0, sql.size(), {reference}, {{lower(reference.name), t.name}});
  }));
  TRY(refresh_columns(work, table));
  return Outcome{};
}

Answer<Outcome> alter_table(Work& work, const Sql& sql) {
  const auto reference = read_table(sql, 2, false);
  if (!reference) return syntax_error(sql.text());
  TRY_VALUE(const TablePtr table, require(work, reference->name));
  std::size_t at = reference->last;
  if (sql.is(at, "rename") && !sql.is(at + 1, "column") && !sql.is(at + 1, "index"))
    return not_supported("ALTER TABLE .. RENAME");
  if (sql.is(at, "add") && (sql.is(at + 1, "global") || (sql.is(at + 1, "unique") && sql.is(at + 2, "global")))) {
    const bool unique = sql.is(++at, "unique");
    at += unique ? 2 : 1;
    if (sql.is(at, "index") || sql.is(at, "key")) ++at;
    TRY_VALUE(const GlobalIndexClause clause, read_global_index(sql, at, sql.size(), unique));
    TRY(create_global_index(work, table->name, clause));
    return Outcome{};
  }
  if (sql.is(at, "drop") && (sql.is(at + 1, "index") || sql.is(at + 1, "key"))) {
    const std::string index = sql.name(at + 2);
    if (std::any_of(table->global_indexes.begin(), table->global_indexes.end(),
                    [&](const auto& n) { return same_name(n, index); })) {
      TRY(drop_global_index(work, *table, index));
      return Outcome{};
    }
  }
  for (std::size_t i = at; i < sql.size(); ++i)
    if ((sql.is(i, "drop") && (same_name(sql.name(i + 1), table->db_key) || same_name(sql.name(i + 1), table->tb_key) ||
                               (sql.is(i + 1, "column") && (same_name(sql.name(i + 2), table->db_key) ||
                                                            same_name(sql.name(i + 2), table->tb_key))))))
      return not_supported("dropping a shard key");
  return define_everywhere(work, sql, *reference, *table);
}

// CREATE [UNIQUE] [GLOBAL] INDEX i ON t .., DROP INDEX i ON t
Answer<Outcome> define_index(Work& work, const Sql& sql) {
  const std::size_t on = sql.find("on", 0, sql.size());
  const auto reference = read_table(sql, on + 1, false);
  if (!reference) return syntax_error(sql.text());
  TRY_VALUE(const TablePtr table, require(work, reference->name));
  std::size_t at = 1;
  const bool unique = sql.is(at, "unique");
  if (unique) ++at;
  if (sql.is(at, "global") || sql.is(at + 1, "global")) {
    at += sql.is(at, "global") ? 1 : 2;
    if (sql.is(at, "index")) ++at;
    TRY_VALUE(const GlobalIndexClause clause, read_global_index(sql, at, sql.size(), unique));
    TRY(create_global_index(work, table->name, clause));
    return Outcome{};
  }
  if (sql.is(0, "drop")) {
    const std::string index = sql.name(on - 1);
    if (std::any_of(table->global_indexes.begin(), table->global_indexes.end(),
                    [&](const auto& n) { return same_name(n, index); })) {
      TRY(drop_global_index(work, *table, index));
      return Outcome{};
    }
  }
  return define_everywhere(work, sql, *reference, *table);
}

}  // namespace

Answer<Outcome> run_define(Work& work, const Sql& sql) {
  const std::lock_guard lock(work.shared.ddl_mutex);
  if (sql.is(0, "truncate")) return truncate_table(work, sql);
  if (sql.is(0, "create") && sql.is(1, "table")) return create_table(work, sql);
  if (sql.is(0, "drop") && sql.is(1, "table")) return drop_table(work, sql);
  if (sql.is(0, "alter") && sql.is(1, "table")) return alter_table(work, sql);
  if ((sql.is(0, "create") || sql.is(0, "drop")) && sql.find("index", 1, 4) < 4) return define_index(work, sql);
  return not_supported(fmt::format("{} {}", upper(sql.text(0)), upper(sql.text(1))));
}

}  // namespace tributary::lab
