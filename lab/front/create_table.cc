#include "front/create_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "front/statement.h"
#include "mysql/connection.h"

namespace tributary::lab {

namespace {

std::vector<std::string> name_list(const Sql& sql, std::size_t open) {
  std::vector<std::string> out;
  for (const auto& [first, last] : split_list(sql, open + 1, sql.closing(open))) out.push_back(sql.name(first));
  return out;
}

int default_tables(ShardFunction function) {
  switch (function) {
    case ShardFunction::week:
      return 7;
    case ShardFunction::mm:
      return 12;
    case ShardFunction::dd:
      return 31;
    case ShardFunction::mmdd:
      return 366;
    default:
      return 1;
  }
}

bool is_key_item(const Sql& sql, std::size_t at) {
  return sql.is(at, "primary") || sql.is(at, "unique") || sql.is(at, "key") || sql.is(at, "index") ||
         sql.is(at, "constraint") || sql.is(at, "fulltext") || sql.is(at, "spatial") || sql.is(at, "foreign") ||
         sql.is(at, "check");
}

bool is_global_index(const Sql& sql, std::size_t at) {
  return sql.is(at, "global") || (sql.is(at, "unique") && sql.is(at + 1, "global"));
}

// The item's text without the product's words behind AUTO_INCREMENT.
std::string physical_item(const Sql& sql, std::size_t first, std::size_t last) {
  std::string out;
  std::size_t from = first;
  for (std::size_t at = first; at + 2 < last + 1; ++at) {
    if (!sql.is(at, "auto_increment") || !sql.is(at + 1, "by") || at + 2 >= last) continue;
    out += sql.text(from, at + 1);
    out += ' ';
    from = at + 3;
  }
  out += sql.text(from, last);
  return out;
}

}  // namespace

std::string CreateTable::physical(std::string_view physical_name) const {
  return fmt::format("CREATE TABLE {} (\n  {}\n) {}", mysql::quote_name(physical_name), fmt::join(items, ",\n  "),
                     options);
}

std::size_t shard_clause_start(const Sql& sql, std::size_t at, std::size_t end) {
  std::size_t out = end;
  for (const auto keyword : {"dbpartition", "tbpartition", "broadcast", "single"})
    out = std::min(out, sql.find(keyword, at, end));
  return out;
}

Answer<ShardClause> read_shard_clause(const Sql& sql, std::size_t at, std::size_t end) {
  ShardClause out;
  while (at < end) {
    if (sql.is(at, "broadcast")) {
      out.kind = TableKind::broadcast;
      ++at;
    } else if (sql.is(at, "single")) {
      ++at;
    } else if ((sql.is(at, "dbpartition") || sql.is(at, "tbpartition")) && sql.is(at + 1, "by") &&
               sql.is_symbol(at + 3, "(")) {
      const bool database = sql.is(at, "dbpartition");
      const auto function = shard_function(sql.is(at + 2, "uni_hash") ? std::string_view("hash") : sql.text(at + 2));
      const std::size_t close = sql.closing(at + 3);
      if (!function || close > at + 5)
        return not_supported(fmt::format("the shard function {}", sql.text(at + 2, close + 1)));
      if (database && *function != ShardFunction::hash) return not_supported("dbpartition by anything but hash");
      const std::string key = close == at + 4 ? "" : sql.name(at + 4);
      out.kind = TableKind::sharded;
      if (database) {
        out.db_split = true;
        out.db_key = key;
      } else {
        out.tb_key = key;
        out.tb_function = *function;
        out.tb_count = default_tables(*function);
      }
      at = close + 1;
    } else if ((sql.is(at, "tbpartitions") || sql.is(at, "dbpartitions")) && sql[at + 1].kind == TokenKind::number) {
      const std::string_view text = sql.text(at + 1);
      int count = 0;
      std::from_chars(text.data(), text.data() + text.size(), count);
      if (count < 1 || count > 1024) return syntax_error(sql.text(at, end));
      if (sql.is(at, "tbpartitions")) out.tb_count = count;
      at += 2;
    } else {
      return syntax_error(sql.text(at, end));
    }
  }
  if (out.tb_function == ShardFunction::none) out.tb_count = 1;
  return out;
}

Answer<GlobalIndexClause> read_global_index(const Sql& sql, std::size_t at, std::size_t end, bool unique) {
  GlobalIndexClause out;
  out.unique = unique;
  if (!sql.is_name(at)) return syntax_error(sql.text(at, end));
  out.name = sql.name(at++);
  if (sql.is(at, "on")) {
    const auto table = read_table(sql, at + 1, false);
    if (!table) return syntax_error(sql.text(at, end));
    at = table->last;
  }
  if (!sql.is_symbol(at, "(")) return syntax_error(sql.text(at, end));
  out.columns = name_list(sql, at);
  at = sql.closing(at) + 1;
  if (sql.is(at, "covering") && sql.is_symbol(at + 1, "(")) {
    out.covering = name_list(sql, at + 1);
    at = sql.closing(at + 1) + 1;
  }
  TRY_VALUE(out.shards, read_shard_clause(sql, at, end));
  if (out.shards.kind != TableKind::sharded) return not_supported("a global index without a shard clause");
  if (out.shards.db_split && out.shards.db_key.empty()) out.shards.db_key = out.columns.front();
  if (out.shards.tb_function != ShardFunction::none && out.shards.tb_key.empty())
    out.shards.tb_key = out.columns.front();
  return out;
}

Answer<CreateTable> read_create_table(const Sql& sql) {
  CreateTable out;
  std::size_t at = 2;
  if (sql.is(at, "if")) {
    out.if_not_exists = true;
    at += 3;
  }
  const auto table = read_table(sql, at, false);
  if (!table) return syntax_error(sql.text(at, sql.size()));
  out.name = table->name;
  at = table->last;
  if (!sql.is_symbol(at, "(") || sql.is(at + 1, "like"))
    return not_supported("CREATE TABLE without column definitions");
  const std::size_t close = sql.closing(at);
  if (close == sql.size()) return syntax_error("end of statement");

  std::string primary;            // its first column
  std::set<std::string> leading;  // first columns of keys
  std::set<std::string> columns;
  bool numbered = false;
  for (const auto& [first, last] : split_list(sql, at + 1, close)) {
    if (is_global_index(sql, first)) {
      const bool unique = sql.is(first, "unique");
      std::size_t name = first + (unique ? 2 : 1);
      if (sql.is(name, "index") || sql.is(name, "key")) ++name;
      TRY_VALUE(GlobalIndexClause index, read_global_index(sql, name, last, unique));
      out.global_indexes.push_back(std::move(index));
      continue;
    }
    if (is_key_item(sql, first)) {
      std::size_t open = first;
      while (open < last && !sql.is_symbol(open, "(")) ++open;
      bool is_primary = false;
      for (std::size_t i = first; i < open; ++i) is_primary = is_primary || sql.is(i, "primary");
      if (open < last && !sql.is(first, "check") && !sql.is(first, "foreign")) {
        leading.insert(lower(sql.name(open + 1)));
        if (is_primary) primary = sql.name(open + 1);
      }
    } else {
      const std::string name = sql.name(first);
      columns.insert(lower(name));
      for (std::size_t i = first + 1; i < last; ++i) {
        if (sql.is(i, "primary")) primary = name;
        if (sql.is(i, "primary") || sql.is(i, "unique")) leading.insert(lower(name));
        numbered = numbered || sql.is(i, "auto_increment");
      }
    }
    out.items.push_back(physical_item(sql, first, last));
  }

  const std::size_t rule = shard_clause_start(sql, close + 1, sql.size());
  for (std::size_t i = close + 1; i < rule; ++i)
    if (sql.is(i, "select")) return not_supported("CREATE TABLE .. SELECT");
  out.options = sql.text(close + 1, rule);
  TRY_VALUE(out.shards, read_shard_clause(sql, rule, sql.size()));
  if (out.shards.kind == TableKind::sharded) {
    const std::string& otherwise = primary.empty() ? std::string(implicit_key) : primary;
    if (out.shards.db_split && out.shards.db_key.empty()) out.shards.db_key = otherwise;
    if (out.shards.tb_function != ShardFunction::none && out.shards.tb_key.empty()) out.shards.tb_key = otherwise;
  }
  if (primary.empty()) {
    if (numbered) return not_supported("AUTO_INCREMENT without a primary key");
    out.implicit_id = true;
    out.items.push_back(fmt::format("`{}` bigint NOT NULL AUTO_INCREMENT", implicit_key));
    out.items.push_back(fmt::format("PRIMARY KEY (`{}`)", implicit_key));
    columns.insert(std::string(implicit_key));
    leading.insert(std::string(implicit_key));
  }
  for (const auto& key : {out.shards.db_key, out.shards.tb_key}) {
    if (key.empty()) continue;
    if (!columns.contains(lower(key)))
      return sql_fail(
          1072, "42000",
          fmt::format("ERR-CODE: [TDDL-4645][ERR_TABLE_PARTITION] shard key '{}' is no column of the table", key));
    if (leading.insert(lower(key)).second)
      out.items.push_back(fmt::format("KEY `auto_shard_key_{}` ({})", lower(key), mysql::quote_name(key)));
  }
  return out;
}

}  // namespace tributary::lab
