#include "front/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "front/show_create.h"
#include "front/statement.h"

namespace tributary::lab {

namespace {

using Cell = std::optional<std::string>;

mysql::Table table_of(std::vector<std::string> columns) { return {std::move(columns), {}}; }

Answer<TablePtr> require(const Work& work, const Sql& sql, std::size_t at) {
  const auto reference = read_table(sql, at, false);
  if (!reference) return syntax_error(sql.text());
  TablePtr table = work.catalogue().find(reference->name);
  if (!table) return unknown_table(work.catalogue().database() + "." + reference->name);
  return table;
}

// The table behind an optional FROM or IN at `at`; null if none is named.
Answer<TablePtr> named(const Work& work, const Sql& sql, std::size_t at, bool word_needed) {
  if (sql.is(at, "from") || sql.is(at, "in")) return require(work, sql, at + 1);
  if (!word_needed && sql.is_name(at)) return require(work, sql, at);
  return TablePtr{};
}

// A table that SHOW TABLES lists and nothing is known of.
bool is_listed_only(const Work& work, std::string_view name) {
  const auto listed = work.shared.staged.listed();
  return !work.catalogue().find(name) && std::any_of(listed.begin(), listed.end(), [&](const auto& l) {
    return !l.is_view && same_name(l.name, name);
  });
}

Answer<Outcome> show_topology(const Work& work, const Sql& sql) {
  const std::size_t at = sql.is(2, "from") || sql.is(2, "in") ? 3 : 2;
  mysql::Table out = table_of({"ID", "GROUP_NAME", "TABLE_NAME"});
  if (is_listed_only(work, sql.name(at))) return Outcome{std::move(out)};
  TRY_VALUE(const TablePtr table, require(work, sql, at));
  for (const auto& place : topology(*table, work.shard_count()))
    out.rows.push_back({std::to_string(out.rows.size()),
                        work.catalogue().shards()[static_cast<std::size_t>(place.shard)].group, place.name});
  return Outcome{std::move(out)};
}

Answer<Outcome> show_datasources(const Work& work) {
  mysql::Table out =
      table_of({"ID", "SCHEMA", "NAME", "GROUP", "URL", "USER", "TYPE", "INIT", "MIN", "MAX", "IDLE_TIMEOUT",
                "MAX_WAIT", "ACTIVE_COUNT", "POOLING_COUNT", "ATOM", "READ_WEIGHT", "WRITE_WEIGHT"});
  const auto row = [&](const std::string& group, int server, const std::string& database, const std::string& weight) {
    const auto& storage = work.shared.config.storage[static_cast<std::size_t>(server)];
    out.rows.push_back(
        {std::to_string(out.rows.size()), work.catalogue().app_name(), fmt::format("rds{}_{}_iiab_1", server, database),
         group, fmt::format("jdbc:mysql://{}:{}/{}", storage.host, storage.port, database), storage.user, "mysql", "0",
         "24", "72", "15", "5000", "0", "1", "rds" + std::to_string(server), "10", weight});
  };
  const auto& shards = work.catalogue().shards();
  const auto staged = work.shared.staged.datasources();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    row(shards[i].group, shards[i].storage, shards[i].database, shards[i].is_suspended ? "0" : "10");
    for (const auto& extra : staged)
      if (static_cast<std::size_t>(extra.shard) == i)
        row(shards[i].group, extra.storage, extra.database, extra.write_weight);
  }
  return Outcome{std::move(out)};
}

Answer<Outcome> show_node(const Work& work) {
  mysql::Table out =
      table_of({"ID", "NAME", "MASTER_READ_COUNT", "SLAVE_READ_COUNT", "MASTER_READ_PERCENT", "SLAVE_READ_PERCENT"});
  for (const auto& shard : work.catalogue().shards())
    out.rows.push_back({std::to_string(out.rows.size()), shard.group, "0", "0", "100%", "0%"});
  return Outcome{std::move(out)};
}

// The tables a rule command lists: the one named, or all but index tables.
Answer<std::vector<TablePtr>> ruled(const Work& work, const Sql& sql, std::size_t at) {
  if ((sql.is(at, "from") || sql.is(at, "in")) && is_listed_only(work, sql.name(at + 1)))
    return std::vector<TablePtr>{};
  TRY_VALUE(TablePtr one, named(work, sql, at, false));
  if (one) return std::vector{std::move(one)};
  auto all = work.catalogue().tables();
  std::erase_if(all, [](const TablePtr& t) { return t->kind == TableKind::global_index; });
  return all;
}

Cell policy(const std::string& key, ShardFunction function) {
  if (key.empty()) return std::nullopt;
  return std::string(to_string(function));
}

Answer<Outcome> show_rule(const Work& work, const Sql& sql) {
  TRY_VALUE(const auto tables, ruled(work, sql, 2));
  mysql::Table out = table_of({"ID", "TABLE_NAME", "BROADCAST", "DB_PARTITION_KEY", "DB_PARTITION_POLICY",
                               "DB_PARTITION_COUNT", "TB_PARTITION_KEY", "TB_PARTITION_POLICY", "TB_PARTITION_COUNT"});
  for (const auto& t : tables)
    out.rows.push_back({std::to_string(out.rows.size()), t->name, t->kind == TableKind::broadcast ? "1" : "0",
                        t->db_key, policy(t->db_key, ShardFunction::hash), std::to_string(t->db_count), t->tb_key,
                        policy(t->tb_key, t->tb_function), std::to_string(t->tb_count)});
  return Outcome{std::move(out)};
}

std::string hash_text(const TableDef& table, const std::string& key, int count) {
  const ColumnInfo* column = table.find(key);
  const bool integer = column != nullptr && column->is_integer();
  return integer ? fmt::format("(#{},1,{}#).longValue().abs() % {}", key, count, count)
                 : fmt::format("(#{},1,{}#).hashCode().longValue().abs() % {}", key, count, count);
}

std::string db_rule(const TableDef& table) {
  if (table.db_key.empty()) return {};
  if (table.same_key() && table.tb_function == ShardFunction::hash)
    return fmt::format("(({}).intdiv({}))", hash_text(table, table.db_key, table.db_count * table.tb_count),
                       table.tb_count);
  return fmt::format("({})", hash_text(table, table.db_key, table.db_count));
}

std::string tb_rule(const TableDef& table) {
  if (table.tb_key.empty()) return {};
  if (table.tb_function != ShardFunction::hash)
    return fmt::format("{}_i(#{},1_date,{}#) % {}", to_string(table.tb_function), table.tb_key, table.tb_count,
                       table.tb_count);
  const bool same = table.same_key();
  return fmt::format("({})", hash_text(table, table.tb_key, same ? table.db_count * table.tb_count : table.tb_count));
}

Answer<Outcome> show_full_rule(const Work& work, const Sql& sql) {
  TRY_VALUE(const auto tables, ruled(work, sql, 3));
  mysql::Table out =
      table_of({"ID", "TABLE_NAME", "BROADCAST", "JOIN_GROUP", "ALLOW_FULL_TABLE_SCAN", "DB_NAME_PATTERN",
                "DB_RULES_STR", "TB_NAME_PATTERN", "TB_RULES_STR", "PARTITION_KEYS", "DEFAULT_DB_INDEX"});
  const std::string& first = work.catalogue().shards()[0].group;
  for (const auto& t : tables) {
    std::string pattern = first;
    if (t->is_sharded())
      if (const std::size_t at = pattern.rfind("_0000"); at != std::string::npos) pattern.replace(at, 5, "_{0000}");
    const std::string db = db_rule(*t), tb = tb_rule(*t);
    std::string keys = t->db_key;
    if (!t->tb_key.empty() && !t->same_key()) keys += (keys.empty() ? "" : " ") + t->tb_key;
    out.rows.push_back({std::to_string(out.rows.size()), t->name, t->kind == TableKind::broadcast ? "1" : "0",
                        std::nullopt, "1", pattern, db.empty() ? Cell{} : db, table_pattern(*t),
                        tb.empty() ? Cell{} : tb, keys.empty() ? Cell{} : keys, first});
  }
  return Outcome{std::move(out)};
}

Answer<Outcome> show_partitions(const Work& work, const Sql& sql) {
  TRY_VALUE(const TablePtr table, named(work, sql, 2, false));
  if (!table) return syntax_error(sql.text());
  std::string keys = table->db_key;
  if (!table->tb_key.empty() && !table->same_key()) keys += (keys.empty() ? "" : ",") + table->tb_key;
  mysql::Table out = table_of({"KEYS"});
  out.rows.push_back({keys.empty() ? "null" : keys});
  return Outcome{std::move(out)};
}

Answer<Outcome> show_broadcasts(const Work& work) {
  mysql::Table out = table_of({"ID", "TABLE_NAME"});
  for (const auto& t : work.catalogue().tables())
    if (t->kind == TableKind::broadcast) out.rows.push_back({std::to_string(out.rows.size()), t->name});
  return Outcome{std::move(out)};
}

Answer<Outcome> show_global_index(const Work& work, const Sql& sql) {
  TRY_VALUE(const TablePtr of, named(work, sql, 3, true));
  mysql::Table out = table_of({"SCHEMA", "TABLE", "NON_UNIQUE", "KEY_NAME", "INDEX_NAMES", "COVERING_NAMES",
                               "INDEX_TYPE", "DB_PARTITION_KEY", "DB_PARTITION_POLICY", "DB_PARTITION_COUNT",
                               "TB_PARTITION_KEY", "TB_PARTITION_POLICY", "TB_PARTITION_COUNT", "STATUS"});
  for (const auto& t : work.catalogue().tables()) {
    if (t->kind != TableKind::global_index || (of && !same_name(of->name, t->base))) continue;
    std::vector<std::string> covering;
    for (const auto& column : t->columns)
      if (std::none_of(t->index_columns.begin(), t->index_columns.end(),
                       [&](const auto& n) { return same_name(n, column.name); }))
        covering.push_back(column.name);
    out.rows.push_back({work.catalogue().database(), t->base, t->unique ? "0" : "1", t->name,
                        fmt::format("{}", fmt::join(t->index_columns, ", ")),
                        fmt::format("{}", fmt::join(covering, ", ")), std::nullopt, t->db_key,
                        policy(t->db_key, ShardFunction::hash), std::to_string(t->db_count), t->tb_key,
                        policy(t->tb_key, t->tb_function), std::to_string(t->tb_count), "PUBLIC"});
  }
  return Outcome{std::move(out)};
}

// The pattern behind LIKE, if there is one.
std::optional<std::string> like_pattern(const Sql& sql) {
  const std::size_t at = sql.find("like", 0, sql.size());
  if (at >= sql.size()) return std::nullopt;
  return sql.value(at + 1);
}

Answer<Outcome> show_tables(const Work& work, const Sql& sql, bool full) {
  mysql::Table out = table_of({"Tables_in_" + work.catalogue().database()});
  if (full) out.columns.push_back("Table_type");
  const auto pattern = like_pattern(sql);
  for (const auto& t : work.catalogue().tables()) {
    if (t->kind == TableKind::global_index || (pattern && !like(t->name, *pattern))) continue;
    out.rows.push_back({t->name});
    if (full) out.rows.back().push_back("BASE TABLE");
  }
  for (const auto& listed : work.shared.staged.listed()) {
    if (pattern && !like(listed.name, *pattern)) continue;
    out.rows.push_back({listed.name});
    if (full) out.rows.back().push_back(listed.is_view ? "VIEW" : "BASE TABLE");
  }
  return Outcome{std::move(out)};
}

Answer<Outcome> show_create_table(Work& work, const Sql& sql) {
  TRY_VALUE(const TablePtr table, require(work, sql, 3));
  TRY_VALUE(const mysql::Table shown,
            work.backend.query(0, "SHOW CREATE TABLE " + mysql::quote_name(physical_name(*table, 0, 0))));
  std::vector<TablePtr> indexes;
  for (const auto& name : table->global_indexes)
    if (TablePtr index = work.catalogue().find(name)) indexes.push_back(std::move(index));
  mysql::Table out = table_of({"Table", "Create Table"});
  out.rows.push_back({table->name, logical_create_table(*table, indexes, shown.text(0, "Create Table"))});
  return Outcome{std::move(out)};
}

Answer<Outcome> show_variables(Work& work, const Sql& sql) {
  TRY_VALUE(mysql::Table out, work.backend.query(0, std::string(sql.text())));
  const auto pattern = like_pattern(sql);
  const bool filtered = sql.find("where", 0, sql.size()) < sql.size();
  const std::pair<std::string_view, std::string_view> own[] = {{"drds_transaction_policy", "XA"},
                                                               {"TRANSACTION POLICY", "6"},
                                                               {"version", product_version},
                                                               {"version_comment", "Tddl Server (ALIBABA)"}};
  for (const auto& [name, value] : own) {
    const auto found = std::find_if(out.rows.begin(), out.rows.end(),
                                    [&](const auto& row) { return row[0] && same_name(*row[0], name); });
    if (found != out.rows.end())
      (*found)[1] = std::string(value);
    else if (pattern ? like(name, *pattern) : !filtered)
      out.rows.push_back({std::string(name), std::string(value)});
  }
  return Outcome{std::move(out)};
}

// SHOW COLUMNS, SHOW INDEX: those of the first physical table.
Answer<Outcome> show_physical(Work& work, const Sql& sql) {
  const std::size_t from = std::min(sql.find("from", 1, sql.size()), sql.find("in", 1, sql.size()));
  TRY_VALUE(const TablePtr table, require(work, sql, from + 1));
  const auto reference = read_table(sql, from + 1, false);
  std::size_t rest = reference->last;
  if (sql.is(rest, "from") || sql.is(rest, "in")) rest += 2;
  const std::string physical = physical_name(*table, 0, 0);
  TRY_VALUE(mysql::Table out,
            work.backend.query(0, fmt::format("{} {} {}", sql.text(0, from + 1), mysql::quote_name(physical),
                                              sql.text(rest, sql.size()))));
  const int name = std::max(out.column("Field"), out.column("Column_name"));
  const int of = out.column("Table");
  std::erase_if(out.rows,
                [&](const auto& row) { return name >= 0 && row[static_cast<std::size_t>(name)] == implicit_key; });
  for (auto& row : out.rows)
    if (of >= 0) row[static_cast<std::size_t>(of)] = table->name;
  return Outcome{std::move(out)};
}

Answer<Outcome> forwarded(Work& work, const std::string& statement) {
  TRY_VALUE(mysql::Table out, work.backend.query(0, statement));
  return Outcome{std::move(out)};
}

}  // namespace

bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (std::size_t i = 0; i <= text.size(); ++i)
      if (like(text.substr(i), pattern.substr(1))) return true;
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] == '\\' && pattern.size() > 1)
    pattern.remove_prefix(1);
  else if (pattern[0] == '_')
    return like(text.substr(1), pattern.substr(1));
  return same_name(text.substr(0, 1), pattern.substr(0, 1)) && like(text.substr(1), pattern.substr(1));
}

Answer<Outcome> run_show(Work& work, const Sql& sql, const std::string& user) {
  if (sql.is(1, "topology")) return show_topology(work, sql);
  if (sql.is(1, "datasources")) return show_datasources(work);
  if (sql.is(1, "node")) return show_node(work);
  if (sql.is(1, "rule")) return show_rule(work, sql);
  if (sql.is(1, "full") && sql.is(2, "rule")) return show_full_rule(work, sql);
  if (sql.is(1, "partitions")) return show_partitions(work, sql);
  if (sql.is(1, "broadcasts")) return show_broadcasts(work);
  if (sql.is(1, "global") && (sql.is(2, "index") || sql.is(2, "indexes"))) return show_global_index(work, sql);
  if (sql.is(1, "tables")) return show_tables(work, sql, false);
  if (sql.is(1, "full") && sql.is(2, "tables")) return show_tables(work, sql, true);
  if (sql.is(1, "create") && sql.is(2, "table")) return show_create_table(work, sql);
  if (sql.is(1, "variables") || sql.is(2, "variables")) return show_variables(work, sql);
  if (sql.is(1, "columns") || sql.is(1, "fields") || sql.is(1, "index") || sql.is(1, "indexes") || sql.is(1, "keys") ||
      (sql.is(1, "full") && (sql.is(2, "columns") || sql.is(2, "fields"))))
    return show_physical(work, sql);
  if (sql.is(1, "databases") || sql.is(1, "schemas")) {
    mysql::Table out = table_of({"Database"});
    const auto pattern = like_pattern(sql);
    for (const auto& name : {work.catalogue().database(), std::string("information_schema")})
      if (!pattern || like(name, *pattern)) out.rows.push_back({name});
    return Outcome{std::move(out)};
  }
  if (sql.is(1, "grants")) {
    mysql::Table out = table_of({fmt::format("Grants for '{}'@'%'", user)});
    out.rows.push_back({fmt::format("GRANT USAGE ON *.* TO '{}'@'%'", user)});
    out.rows.push_back({fmt::format("GRANT ALL PRIVILEGES ON {}.* TO '{}'@'%'", work.catalogue().database(), user)});
    return Outcome{std::move(out)};
  }
  if (sql.is(1, "recyclebin"))
    return forwarded(
        work,
        "SELECT ID AS Id, NAME, ORIGINAL_NAME, GMT_CREATE AS CREATED FROM `__drds__system__recyclebin__` ORDER BY ID");
  if (sql.is(1, "sequences"))
    return forwarded(work,
                     "SELECT name AS NAME, value AS VALUE, 1 AS INCREMENT_BY, 1 AS START_WITH, 'GROUP' AS TYPE FROM "
                     "`sequence` ORDER BY name");
  if (sql.is(1, "warnings") || sql.is(1, "errors")) return Outcome{table_of({"Level", "Code", "Message"})};
  if (sql.is(1, "status") || sql.is(2, "status") || sql.is(1, "engines") || sql.is(1, "collation") ||
      sql.is(1, "character") || sql.is(1, "charset") || sql.is(1, "processlist"))
    return sql.is(1, "table") || sql.is(1, "master") ? not_supported(upper(sql.text(0, 3)))
                                                     : forwarded(work, std::string(sql.text()));
  return not_supported(fmt::format("SHOW {}", upper(sql.text(1))));
}

Answer<Outcome> run_describe(Work& work, const Sql& sql) {
  TRY_VALUE(const TablePtr table, require(work, sql, 1));
  const std::string statement = "SHOW COLUMNS FROM " + mysql::quote_name(table->name);
  return show_physical(work, Sql(statement));
}

Answer<Outcome> run_check_table(Work& work, const Sql& sql) {
  TRY_VALUE(const TablePtr table, require(work, sql, 2));
  mysql::Table out = table_of({"TABLE", "OP", "MSG_TYPE", "MSG_TEXT"});
  const std::string name = work.catalogue().database() + "." + table->name;
  for (const auto& place : topology(*table, work.shard_count())) {
    const auto looked =
        work.backend.query(place.shard, fmt::format("SELECT 1 FROM {} LIMIT 0", mysql::quote_name(place.name)));
    if (looked) continue;
    out.rows.push_back(
        {name, "check", "Error",
         fmt::format("Table '{}.{}' doesn't exist",
                     work.catalogue().shards()[static_cast<std::size_t>(place.shard)].database, place.name)});
  }
  if (out.rows.empty()) out.rows.push_back({name, "check", "status", "OK"});
  return Outcome{std::move(out)};
}

}  // namespace tributary::lab
