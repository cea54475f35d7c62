#include "front/statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "mysql/connection.h"

namespace tributary::lab {

namespace {

bool is_any(const Sql& sql, std::size_t at, std::initializer_list<std::string_view> keywords) {
  return std::any_of(keywords.begin(), keywords.end(), [&](std::string_view k) { return sql.is(at, k); });
}

// Words that may follow a table but are no alias.
bool ends_table(const Sql& sql, std::size_t at) {
  return is_any(sql, at, {"where",     "on",   "using",     "set",  "group",  "order",  "limit",         "having",
                          "union",     "join", "inner",     "left", "right",  "cross",  "straight_join", "natural",
                          "for",       "lock", "force",     "use",  "ignore", "values", "value",         "select",
                          "partition", "from", "procedure", "into", "window"});
}

// EXTRACT(YEAR FROM x), TRIM(BOTH ' ' FROM x): a FROM that names no table.
bool is_function_from(const Sql& sql, std::size_t open) {
  return open > 0 && is_any(sql, open - 1, {"extract", "trim", "substring", "substr", "mid", "position"});
}

}  // namespace

std::optional<TableRef> read_table(const Sql& sql, std::size_t at, bool with_alias) {
  if (!sql.is_name(at)) return std::nullopt;
  TableRef out{at, at + 1, {}, sql.name(at), {}};
  if (sql.is_symbol(at + 1, ".") && sql.is_name(at + 2)) {
    out.database = std::move(out.name);
    out.name = sql.name(at + 2);
    out.last = at + 3;
  }
  if (with_alias) {
    std::size_t next = out.last;
    if (sql.is(next, "as")) ++next;
    if (sql.is_name(next) && !ends_table(sql, next)) out.alias = sql.name(next);
  }
  return out;
}

std::size_t after_table(const Sql& sql, const TableRef& table) {
  std::size_t at = table.last;
  if (table.alias.empty()) return at;
  if (sql.is(at, "as")) ++at;
  return at + 1;
}

std::vector<TableRef> table_references(const Sql& sql, std::size_t from) {
  std::vector<TableRef> out;
  struct Level {
    bool expect = false;   // a table comes next
    bool in_from = false;  // a comma starts another table
    bool function = false;
  };
  std::vector<Level> levels(1);
  for (std::size_t at = from; at < sql.size(); ++at) {
    Level& level = levels.back();
    if (sql.is_symbol(at, "(")) {
      const bool expect = level.expect;
      level.expect = false;
      levels.push_back({expect, expect, is_function_from(sql, at)});
    } else if (sql.is_symbol(at, ")")) {
      if (levels.size() > 1) levels.pop_back();
    } else if (sql.is_symbol(at, ",")) {
      if (level.in_from) level.expect = true;
    } else if (level.expect && sql.is_name(at) &&
               !is_any(sql, at, {"select", "low_priority", "ignore", "high_priority", "delayed"})) {
      level.expect = false;
      if (auto table = read_table(sql, at, true)) {
        at = table->last - 1;
        out.push_back(std::move(*table));
      }
    } else if (sql.is(at, "from") && !level.function) {
      level.expect = level.in_from = true;
    } else if (sql.is(at, "join") || sql.is(at, "straight_join")) {
      level.expect = true;
    } else if (sql.is(at, "into") && !is_any(sql, at + 1, {"outfile", "dumpfile"}) && sql.is_name(at + 1)) {
      level.expect = true;
    } else if (sql.is(at, "update") && at == from) {
      level.expect = level.in_from = true;
    } else if (is_any(sql, at, {"where", "set", "group", "order", "limit", "having", "union", "select", "values"})) {
      level.expect = level.in_from = false;
    }
  }
  return out;
}

std::string rewrite(const Sql& sql, std::size_t from, std::size_t to, const std::vector<TableRef>& references,
                    const NameMap& names) {
  std::string out;
  std::size_t copied = sql[from].begin;
  const auto replace = [&](std::size_t first, std::size_t last, const std::string& text) {
    out += sql.text().substr(copied, sql[first].begin - copied);
    out += text;
    copied = sql[last - 1].end;
  };
  std::size_t next = 0;
  while (next < references.size() && references[next].first < from) ++next;
  for (std::size_t at = from; at < to; ++at) {
    if (next < references.size() && references[next].first == at) {
      const TableRef& reference = references[next++];
      if (const auto found = names.find(lower(reference.name)); found != names.end())
        replace(reference.first, reference.last, mysql::quote_name(found->second));
      at = reference.last - 1;
    } else if (sql.is_name(at) && sql.is_symbol(at + 1, ".") && (at == 0 || !sql.is_symbol(at - 1, "."))) {
      // `t`.col, or `db`.`t`.col
      std::size_t name = at;
      if (sql.is_name(at + 2) && sql.is_symbol(at + 3, ".")) name = at + 2;
      const bool aliased = std::any_of(references.begin(), references.end(),
                                       [&](const TableRef& r) { return same_name(r.alias, sql.name(name)); });
      if (const auto found = names.find(lower(sql.name(name))); found != names.end() && !aliased)
        replace(at, name + 1, mysql::quote_name(found->second));
      at = name;
    }
  }
  if (to > from) out += sql.text().substr(copied, sql[to - 1].end - copied);
  return out;
}

std::optional<KeyValue> literal(const Sql& sql, std::size_t from, std::size_t to) {
  if (to == from + 2 && (sql.is_symbol(from, "-") || sql.is_symbol(from, "+")) &&
      sql[from + 1].kind == TokenKind::number)
    return KeyValue{false, (sql.is_symbol(from, "-") ? "-" : "") + std::string(sql.text(from + 1))};
  if (to != from + 1) return std::nullopt;
  if (sql.is(from, "null")) return KeyValue{true, {}};
  const std::string_view raw = sql.text(from);
  if (sql[from].kind == TokenKind::number) {
    if (raw.find_first_of("xXbBeE") != std::string_view::npos) return std::nullopt;
    return KeyValue{false, std::string(raw)};
  }
  if (sql[from].kind == TokenKind::string && (raw[0] == '\'' || raw[0] == '"')) return KeyValue{false, sql.value(from)};
  return std::nullopt;
}

std::vector<std::pair<std::size_t, std::size_t>> split_list(const Sql& sql, std::size_t from, std::size_t to) {
  std::vector<std::pair<std::size_t, std::size_t>> out;
  std::size_t begin = from, depth = 0;
  for (std::size_t at = from; at < to; ++at) {
    if (sql.is_symbol(at, "("))
      ++depth;
    else if (sql.is_symbol(at, ")"))
      --depth;
    else if (depth == 0 && sql.is_symbol(at, ",")) {
      out.emplace_back(begin, at);
      begin = at + 1;
    }
  }
  if (begin < to) out.emplace_back(begin, to);
  return out;
}

std::size_t predicate_end(const Sql& sql, std::size_t from) {
  for (std::size_t at = from; at < sql.size(); ++at) {
    if (sql.is_symbol(at, "("))
      at = sql.closing(at);
    else if (is_any(sql, at, {"group", "having", "order", "limit", "for", "lock", "union", "window", "procedure"}))
      return at;
  }
  return sql.size();
}

namespace {

using Values = std::optional<std::vector<KeyValue>>;

// The literals a conjunct [from, to) allows for the column, if it is an equality or IN on it.
Values allowed(const Sql& sql, std::size_t from, std::size_t to, const std::string& column,
               std::string_view qualifier) {
  std::size_t at = from;
  const auto is_column = [&](std::size_t i, std::size_t& past) {
    if (!sql.is_name(i)) return false;
    std::size_t name = i;
    if (sql.is_symbol(i + 1, ".")) {
      if (!qualifier.empty() && !same_name(sql.name(i), qualifier)) return false;
      name = i + 2;
    }
    past = name + 1;
    return same_name(sql.name(name), column);
  };
  std::size_t past = 0;
  if (is_column(at, past)) {
    if (sql.is_symbol(past, "=")) {
      if (auto value = literal(sql, past + 1, to)) return std::vector{std::move(*value)};
    } else if (sql.is(past, "in") && sql.is_symbol(past + 1, "(") && sql.closing(past + 1) + 1 == to) {
      std::vector<KeyValue> out;
      for (const auto& [first, last] : split_list(sql, past + 2, to - 1)) {
        auto value = literal(sql, first, last);
        if (!value) return std::nullopt;
        out.push_back(std::move(*value));
      }
      return out;
    }
    return std::nullopt;
  }
  // literal = column
  for (std::size_t equals = from + 1; equals < std::min(from + 3, to); ++equals) {
    if (!sql.is_symbol(equals, "=") || !is_column(equals + 1, past) || past != to) continue;
    if (auto value = literal(sql, from, equals)) return std::vector{std::move(*value)};
  }
  return std::nullopt;
}

}  // namespace

std::vector<PhysicalTable> targets(const TableDef& table, int shard_count, const Sql& sql, std::size_t from,
                                   std::size_t to, std::string_view qualifier) {
  // Unwrap (predicate).
  while (from < to && sql.is_symbol(from, "(") && sql.closing(from) == to - 1) {
    ++from;
    --to;
  }
  Values db_values, tb_values;
  bool disjunction = false;
  std::size_t begin = from;
  for (std::size_t at = from; at <= to && !disjunction; ++at) {
    if (at < to && sql.is_symbol(at, "("))
      at = std::min(sql.closing(at), to - 1);
    else if (at < to && (is_any(sql, at, {"or", "xor", "not"}) || sql.is_symbol(at, "||")))
      disjunction = true;
    else if (at == to || sql.is(at, "and") || sql.is_symbol(at, "&&")) {
      std::size_t first = begin, last = at;
      while (first < last && sql.is_symbol(first, "(") && sql.closing(first) == last - 1) {
        ++first;
        --last;
      }
      if (!table.db_key.empty() && !db_values) db_values = allowed(sql, first, last, table.db_key, qualifier);
      if (!table.tb_key.empty() && !tb_values) tb_values = allowed(sql, first, last, table.tb_key, qualifier);
      begin = at + 1;
    }
  }
  const auto all = [&] { return *route(table, shard_count, std::nullopt, std::nullopt); };
  if (disjunction || !table.is_sharded()) return all();
  const auto choices = [](const Values& values) {
    std::vector<std::optional<KeyValue>> out;
    if (!values)
      out.emplace_back();
    else
      out.assign(values->begin(), values->end());
    return out;
  };
  std::set<PhysicalTable> found;
  for (const auto& db_value : choices(db_values)) {
    for (const auto& tb_value : choices(table.same_key() ? Values{} : tb_values)) {
      const auto tables = route(table, shard_count, db_value, table.same_key() ? db_value : tb_value);
      if (!tables) return all();
      found.insert(tables->begin(), tables->end());
    }
  }
  return {found.begin(), found.end()};
}

std::string sql_literal(const ColumnInfo& column, const std::optional<std::string>& value) {
  if (!value) return "NULL";
  if (!column.is_binary()) return quote_text(*value);
  std::string out = "x'";
  for (const unsigned char c : *value) out += fmt::format("{:02x}", c);
  return out + "'";
}

std::string exact_column(const ColumnInfo& column) {
  const std::string name = mysql::quote_name(column.name);
  return column.is_float() ? fmt::format("{}+0e0 AS {}", name, name) : name;
}

}  // namespace tributary::lab
