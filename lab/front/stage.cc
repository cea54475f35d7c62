#include "front/stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "front/statement.h"

namespace tributary::lab {

namespace {

constexpr std::size_t rows_per_insert = 500;
constexpr std::chrono::seconds patience{30};

Answer<int> number(const Sql& sql, std::size_t at, int end) {
  int out = -1;
  const std::string_view text = sql.text(at);
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (problem != std::errc{} || stop != text.data() + text.size() || out < 0 || out >= end)
    return std::unexpected(syntax_error(sql.text()).error());
  return out;
}

Answer<void> saved(const base::Status& status) {
  if (!status) return sql_fail(1105, "HY000", status.error().message());
  return {};
}

template <typename T>
Answer<T> from_server(base::Result<T> result, mysql::Connection& connection) {
  if (!result) return std::unexpected(from_storage(result.error(), connection.server_errno()));
  return std::move(*result);
}

Answer<mysql::Connection> open(const FrontConfig::Storage& storage) {
  auto opened = mysql::Connection::open(
      {.host = storage.host, .port = storage.port, .user = storage.user, .password = storage.password});
  if (!opened) return std::unexpected(from_storage(opened.error(), 0));
  return std::move(*opened);
}

Answer<void> copy_table(mysql::Connection& from, mysql::Connection& to, const std::string& database,
                        const std::string& table) {
  const std::string name = mysql::quote_name(database) + "." + mysql::quote_name(table);
  TRY_VALUE(const mysql::Table made, from_server(from.query("SHOW CREATE TABLE " + name), from));
  TRY(from_server(to.execute(made.text(0, "Create Table")), to));
  TRY_VALUE(const mysql::Table fields, from_server(from.query("SHOW COLUMNS FROM " + name), from));
  std::vector<ColumnInfo> columns;
  std::string names, list;
  for (std::size_t i = 0; i < fields.rows.size(); ++i) {
    ColumnInfo column{std::string(fields.text(i, "Field")), std::string(fields.text(i, "Type"))};
    const std::string extra = lower(fields.text(i, "Extra"));
    if (extra.find("virtual") != std::string::npos || extra.find("stored") != std::string::npos ||
        extra.find("persistent") != std::string::npos)
      continue;
    names += (names.empty() ? "" : ", ") + mysql::quote_name(column.name);
    list += (list.empty() ? "" : ", ") + exact_column(column);
    columns.push_back(std::move(column));
  }
  TRY_VALUE(const mysql::Table rows, from_server(from.query(fmt::format("SELECT {} FROM {}", list, name)), from));
  for (std::size_t first = 0; first < rows.rows.size(); first += rows_per_insert) {
    std::string values;
    for (std::size_t r = first; r < std::min(rows.rows.size(), first + rows_per_insert); ++r) {
      values += values.empty() ? "(" : ", (";
      for (std::size_t c = 0; c < columns.size(); ++c)
        values += (c == 0 ? "" : ", ") + sql_literal(columns[c], rows.rows[r][c]);
      values += ")";
    }
    TRY(from_server(to.execute(fmt::format("INSERT INTO {} ({}) VALUES {}", name, names, values)), to));
  }
  return {};
}

Answer<void> copy_database(Work& work, const Shard& shard, int storage) {
  const auto& storages = work.shared.config.storage;
  TRY_VALUE(mysql::Connection from, open(storages[static_cast<std::size_t>(shard.storage)]));
  TRY_VALUE(mysql::Connection to, open(storages[static_cast<std::size_t>(storage)]));
  const std::string database = mysql::quote_name(shard.database);
  // What an earlier stay left behind there.
  TRY(from_server(to.execute("DROP DATABASE IF EXISTS " + database), to));
  TRY_VALUE(const mysql::Table made, from_server(from.query("SHOW CREATE DATABASE " + database), from));
  TRY(from_server(to.execute(made.text(0, "Create Database")), to));
  for (auto* connection : {&from, &to}) {
    TRY(from_server(connection->execute("USE " + database), *connection));
    TRY(from_server(connection->execute("SET time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"), *connection));
  }
  TRY_VALUE(const mysql::Table tables,
            from_server(from.query("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'"), from));
  for (const auto& row : tables.rows) TRY(copy_table(from, to, shard.database, row[0].value_or("")));
  return {};
}

Answer<Outcome> move_shard(Work& work, const Sql& sql) {
  TRY_VALUE(const int index, number(sql, 3, work.shard_count()));
  TRY_VALUE(const int storage, number(sql, 6, static_cast<int>(work.shared.config.storage.size())));
  if (!work.shared.gate.close(patience)) return not_supported("moving a shard while transactions are open");
  const Shard shard = work.catalogue().shards()[static_cast<std::size_t>(index)];
  Answer<void> done;
  if (shard.storage != storage) done = copy_database(work, shard, storage);
  if (done) {
    Shard moved = shard;
    moved.storage = storage;
    done = saved(work.shared.catalogue->put_shard(index, moved));
  }
  work.shared.gate.open();
  TRY(done);
  return Outcome{};
}

Answer<Outcome> clean_shard(Work& work, const Sql& sql) {
  TRY_VALUE(const int index, number(sql, 3, work.shard_count()));
  TRY_VALUE(const int storage, number(sql, 6, static_cast<int>(work.shared.config.storage.size())));
  const Shard shard = work.catalogue().shards()[static_cast<std::size_t>(index)];
  if (shard.storage == storage) return not_supported("throwing away the copy in use");
  TRY_VALUE(mysql::Connection there, open(work.shared.config.storage[static_cast<std::size_t>(storage)]));
  TRY(from_server(there.execute("DROP DATABASE IF EXISTS " + mysql::quote_name(shard.database)), there));
  return Outcome{};
}

Answer<TablePtr> sharded(Work& work, const Sql& sql, std::size_t at) {
  TablePtr table = work.catalogue().find(sql.name(at));
  if (!table || table->kind != TableKind::sharded) return not_supported("shards of a table that is not sharded");
  return table;
}

Answer<Outcome> add_shard(Work& work, const Sql& sql) {
  TRY_VALUE(const TablePtr table, sharded(work, sql, 4));
  TRY_VALUE(const int shard, number(sql, 6, work.shard_count()));
  TableDef changed = *table;
  PhysicalTable added{shard, fmt::format("{}_x{}", physical_name(*table, 0, 0), table->extra.size())};
  const std::string like = mysql::quote_name(physical_name(*table, shard < table->db_count ? shard : 0, 0));
  TRY(work.backend.execute(shard, fmt::format("CREATE TABLE {} LIKE {}", mysql::quote_name(added.name), like)));
  const std::string name = added.name;
  changed.extra.push_back(std::move(added));
  TRY(saved(work.shared.catalogue->put(std::move(changed))));
  mysql::Table out{{"TABLE_NAME"}, {}};
  out.rows.push_back({name});
  return Outcome{std::move(out)};
}

Answer<Outcome> drop_shards(Work& work, const Sql& sql) {
  TRY_VALUE(const TablePtr table, sharded(work, sql, 4));
  TableDef changed = *table;
  changed.extra.clear();
  TRY(saved(work.shared.catalogue->put(std::move(changed))));
  for (const PhysicalTable& gone : table->extra)
    TRY(work.backend.execute(gone.shard, "DROP TABLE IF EXISTS " + mysql::quote_name(gone.name)));
  return Outcome{};
}

Answer<Outcome> change_group(Work& work, const Sql& sql) {
  TRY_VALUE(const int index, number(sql, 3, work.shard_count()));
  if (!work.shared.gate.close(patience)) return not_supported("changing a group while transactions are open");
  Shard shard = work.catalogue().shards()[static_cast<std::size_t>(index)];
  if (sql.is(1, "rename"))
    shard.group = sql.value(5);
  else
    shard.is_suspended = sql.is(1, "suspend");
  const Answer<void> done = saved(work.shared.catalogue->put_shard(index, std::move(shard)));
  work.shared.gate.open();
  TRY(done);
  return Outcome{};
}

Answer<Outcome> add_datasource(Work& work, const Sql& sql) {
  TRY_VALUE(const int index, number(sql, 2, work.shard_count()));
  TRY_VALUE(const int storage, number(sql, 5, static_cast<int>(work.shared.config.storage.size())));
  work.shared.staged.add({index, storage, sql.value(7), std::string(sql.text(9))});
  return Outcome{};
}

}  // namespace

Answer<Outcome> run_stage(Work& work, const Sql& sql) {
  if (sql.is(1, "move") && sql.is(2, "shard") && sql.is(5, "storage")) return move_shard(work, sql);
  if (sql.is(1, "clean") && sql.is(2, "shard") && sql.is(5, "storage")) return clean_shard(work, sql);
  if (sql.is(1, "add") && sql.is(2, "shard") && sql.is(5, "in")) return add_shard(work, sql);
  if (sql.is(1, "drop") && sql.is(2, "shards")) return drop_shards(work, sql);
  if ((sql.is(1, "rename") || sql.is(1, "suspend") || sql.is(1, "resume")) && sql.is(2, "group"))
    return change_group(work, sql);
  if (sql.is(1, "datasource") && sql.is(6, "database") && sql.is(8, "weight")) return add_datasource(work, sql);
  if (sql.is(1, "list") && (sql.is(2, "table") || sql.is(2, "view"))) {
    work.shared.staged.list(sql.value(3), sql.is(2, "view"));
    return Outcome{};
  }
  if (sql.is(1, "clear")) {
    work.shared.staged.clear();
    return Outcome{};
  }
  return syntax_error(sql.text());
}

}  // namespace tributary::lab
