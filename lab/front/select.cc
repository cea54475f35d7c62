#include "front/select.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "front/merge.h"
#include "front/statement.h"

namespace tributary::lab {

namespace {

struct Parts {
  std::size_t list = 0, from = 0, where = 0, where_end = 0, group = 0, having = 0, order = 0, limit = 0, tail = 0,
              end = 0;
  bool distinct = false, locked = false, compound = false;
};

// Positions of the clauses' keywords; absent ones stand at the end of the statement.
Parts read_parts(const Sql& sql) {
  Parts p;
  p.end = sql.size();
  p.list = 1;
  while (sql.is(p.list, "distinct") || sql.is(p.list, "distinctrow") || sql.is(p.list, "all") ||
         sql.is(p.list, "sql_no_cache") || sql.is(p.list, "sql_calc_found_rows") || sql.is(p.list, "straight_join") ||
         sql.is(p.list, "high_priority")) {
    p.distinct = p.distinct || sql.text(p.list)[0] == 'd' || sql.text(p.list)[0] == 'D';
    ++p.list;
  }
  p.compound = sql.find("union", 0, p.end) != p.end;
  p.from = sql.find("from", p.list, p.end);
  p.tail = std::min(sql.find("for", p.from, p.end), sql.find("lock", p.from, p.end));
  p.locked = p.tail != p.end;
  p.limit = sql.find("limit", p.from, p.tail);
  p.order = sql.find("order", p.from, p.limit);
  p.having = sql.find("having", p.from, p.order);
  p.group = sql.find("group", p.from, p.having);
  p.where = sql.find("where", p.from, p.group);
  p.where_end = p.group;
  return p;
}

struct Source {
  TableRef reference;
  TablePtr table;
  std::vector<PhysicalTable> targets;
  std::string qualifier() const { return reference.alias.empty() ? reference.name : reference.alias; }
};

Answer<std::vector<Source>> read_sources(Work& work, const Sql& sql, const Parts& parts,
                                         const std::vector<TableRef>& references) {
  std::vector<Source> out;
  for (const auto& reference : references) {
    TablePtr table = work.catalogue().find(reference.name);
    if (!table) return unknown_table(work.catalogue().database() + "." + reference.name);
    const std::string qualifier = reference.alias.empty() ? reference.name : reference.alias;
    const bool has_where = parts.where < parts.where_end;
    auto at = has_where ? targets(*table, work.shard_count(), sql, parts.where + 1, parts.where_end, qualifier)
                        : topology(*table, work.shard_count());
    out.push_back({reference, std::move(table), std::move(at)});
  }
  return out;
}

// Where to ask, and under which names.
struct Place {
  int shard = 0;
  NameMap names;
};

Answer<std::vector<Place>> places(const std::vector<Source>& sources) {
  const Source* split = nullptr;  // the one table that is on several shards or in several tables
  int fixed = -1;
  std::vector<Place> out;
  NameMap names;
  for (const auto& source : sources) {
    if (source.table->kind == TableKind::broadcast) {
      names[lower(source.reference.name)] = source.table->name;
      continue;
    }
    if (source.targets.size() > 1) {
      if (split != nullptr && split->table != source.table)
        return not_supported("a join of tables over several shards");
      split = &source;
    } else if (!source.targets.empty()) {
      if (fixed >= 0 && fixed != source.targets[0].shard) return not_supported("a join over several shards");
      fixed = source.targets[0].shard;
      names[lower(source.reference.name)] = source.targets[0].name;
    }
  }
  if (split == nullptr) {
    out.push_back({std::max(fixed, 0), std::move(names)});
    return out;
  }
  if (fixed >= 0) return not_supported("a join over several shards");
  for (const auto& target : split->targets) {
    out.push_back({target.shard, names});
    out.back().names[lower(split->reference.name)] = target.name;
  }
  return out;
}

// The select list with `*` spelled out where it would show the implicit id.
std::string select_list(const Sql& sql, const Parts& parts, const std::vector<Source>& sources,
                        const std::vector<TableRef>& references, const NameMap& names) {
  std::string out;
  for (const auto& [first, last] : split_list(sql, parts.list, parts.from)) {
    if (!out.empty()) out += ", ";
    const bool star = sql.is_symbol(last - 1, "*") && (last == first + 1 || sql.is_symbol(last - 2, "."));
    const bool hides =
        std::any_of(sources.begin(), sources.end(), [](const Source& s) { return s.table->implicit_id; });
    if (!star || !hides) {
      out += rewrite(sql, first, last, references, names);
      continue;
    }
    std::string columns;
    for (const auto& source : sources) {
      if (last > first + 1 && !same_name(sql.name(first), source.qualifier())) continue;
      const auto found = names.find(lower(source.reference.name));
      const std::string qualifier = !source.reference.alias.empty() ? source.reference.alias
                                    : found != names.end()          ? found->second
                                                                    : source.reference.name;
      for (const auto& column : source.table->columns) {
        if (same_name(column.name, implicit_key)) continue;
        if (!columns.empty()) columns += ", ";
        columns += mysql::quote_name(qualifier) + "." + mysql::quote_name(column.name);
      }
    }
    out += columns;
  }
  return out;
}

Answer<mysql::Table> ask(Work& work, int shard, const std::string& statement, bool locked) {
  return locked ? work.backend.query_locked(shard, statement) : work.backend.query(shard, statement);
}

struct Limit {
  std::uint64_t offset = 0, count = UINT64_MAX;
};

Answer<Limit> read_limit(const Sql& sql, const Parts& parts) {
  Limit out;
  if (parts.limit == parts.tail) return out;
  std::vector<std::uint64_t> numbers;
  bool offset_word = false;
  for (std::size_t at = parts.limit + 1; at < parts.tail; ++at) {
    offset_word = offset_word || sql.is(at, "offset");
    if (sql[at].kind != TokenKind::number) continue;
    const std::string_view text = sql.text(at);
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    numbers.push_back(number);
  }
  if (numbers.empty() || numbers.size() > 2) return syntax_error(sql.text(parts.limit, parts.tail));
  if (numbers.size() == 1)
    out.count = numbers[0];
  else if (offset_word)
    out = {numbers[1], numbers[0]};
  else
    out = {numbers[0], numbers[1]};
  return out;
}

// Sort keys of a merged SELECT: columns of the result, or hidden ones put behind the list.
struct Order {
  std::vector<SortKey> keys;
  std::string hidden;  // ", expr AS `__lab_0`" ...
  std::size_t hidden_count = 0;
};

std::string item_name(const Sql& sql, std::size_t first, std::size_t last) {
  if (last > first + 1 && sql.is(last - 2, "as"))
    return sql[last - 1].kind == TokenKind::string ? sql.value(last - 1) : sql.name(last - 1);
  if (sql.is_name(last - 1)) return sql.name(last - 1);
  return {};
}

bool is_simple_column(const Sql& sql, std::size_t first, std::size_t last) {
  return sql.is_name(last - 1) && (last == first + 1 || (last == first + 3 && sql.is_symbol(first + 1, ".")));
}

Answer<Order> read_order(const Sql& sql, const Parts& parts, const TableDef& table, bool star, bool aggregated,
                         const std::vector<TableRef>& references, const NameMap& names) {
  Order out;
  const std::size_t end = parts.limit;
  if (parts.order == end) return out;
  const auto items = split_list(sql, parts.list, parts.from);
  for (auto [first, last] : split_list(sql, parts.order + 2, end)) {
    const bool descending = sql.is(last - 1, "desc");
    if (descending || sql.is(last - 1, "asc")) --last;
    const ColumnInfo* column = is_simple_column(sql, first, last) ? table.find(sql.name(last - 1)) : nullptr;
    std::optional<std::size_t> shown;
    if (last == first + 1 && sql[first].kind == TokenKind::number)
      shown = static_cast<std::size_t>(std::stoul(std::string(sql.text(first)))) - 1;
    for (std::size_t i = 0; i < items.size() && !shown && !star; ++i) {
      const auto [a, b] = items[i];
      const bool same_text = same_name(sql.text(a, b), sql.text(first, last));
      if (same_text || (last == first + 1 && sql.is_name(first) && same_name(item_name(sql, a, b), sql.name(first))))
        shown = i;
    }
    // An alias hides a column of the same name unless it is that column.
    const bool direct =
        shown && *shown < items.size() && is_simple_column(sql, items[*shown].first, items[*shown].second);
    const bool needs_weight = column != nullptr && (column->is_text() || column->is_enum()) && (!shown || direct);
    if (shown && (!needs_weight || aggregated)) {
      out.keys.push_back({*shown, false, descending, column != nullptr && !column->is_number()});
      continue;
    }
    if (aggregated) return not_supported("ORDER BY an expression that is not in the list of a grouped SELECT");
    std::string expression = rewrite(sql, first, last, references, names);
    if (column != nullptr && column->is_text()) expression = fmt::format("HEX(WEIGHT_STRING({}))", expression);
    if (column != nullptr && column->is_enum()) expression = fmt::format("{}+0", expression);
    out.hidden += fmt::format(", {} AS `__lab_{}`", expression, out.hidden_count);
    out.keys.push_back(
        {out.hidden_count++, true, descending, column != nullptr && !column->is_number() && !column->is_enum()});
  }
  return out;
}

Answer<Outcome> select_merged(Work& work, const Sql& sql, const Parts& parts, const std::vector<Source>& sources,
                              const std::vector<TableRef>& references, const std::vector<Place>& asked) {
  if (parts.compound) return not_supported("UNION over several shards");
  for (std::size_t at = parts.list; at < sql.size(); ++at)
    if (sql.is(at, "select")) return not_supported("a subquery over several shards");
  const auto items = split_list(sql, parts.list, parts.from);
  std::vector<Merge> merges;
  bool star = false;
  for (const auto& [first, last] : items) {
    star = star || sql.is_symbol(last - 1, "*");
    TRY_VALUE(const Merge merge, merge_of(sql, first, last));
    merges.push_back(merge);
  }
  const bool grouped = parts.group != parts.having;
  const bool aggregated = grouped || std::any_of(merges.begin(), merges.end(), [](Merge m) { return m != Merge::key; });
  if (aggregated && parts.having != parts.order) return not_supported("HAVING over several shards");
  if (aggregated && star) return not_supported("`*` beside an aggregate over several shards");
  TRY_VALUE(const Limit limit, read_limit(sql, parts));

  const TableDef* table = nullptr;
  for (const auto& source : sources)
    if (source.targets.size() > 1) table = source.table.get();
  mysql::Table merged;
  Order order;
  for (const auto& place : asked) {
    TRY_VALUE(order, read_order(sql, parts, *table, star, aggregated, references, place.names));
    std::string statement =
        fmt::format("{} {}{} {}", sql.text(0, parts.list), select_list(sql, parts, sources, references, place.names),
                    order.hidden, rewrite(sql, parts.from, parts.order, references, place.names));
    if (!aggregated) {
      if (parts.order != parts.limit)
        statement += " " + rewrite(sql, parts.order, parts.limit, references, place.names);
      if (limit.count != UINT64_MAX) statement += fmt::format(" LIMIT {}", limit.offset + limit.count);
    }
    if (parts.locked) statement += fmt::format(" {}", sql.text(parts.tail, parts.end));
    TRY_VALUE(mysql::Table part, ask(work, place.shard, statement, parts.locked));
    if (merged.columns.empty()) merged.columns = std::move(part.columns);
    std::move(part.rows.begin(), part.rows.end(), std::back_inserter(merged.rows));
    if (order.keys.empty() && !aggregated && !parts.distinct && merged.rows.size() >= limit.offset + limit.count) break;
  }
  if (aggregated) merge_groups(merged, merges, grouped);
  if (parts.distinct) remove_duplicates(merged);
  const std::size_t shown = merged.columns.size() - order.hidden_count;
  for (auto& key : order.keys)
    if (key.hidden) key.column += shown;
  sort_rows(merged, order.keys);
  if (limit.offset > 0)
    merged.rows.erase(merged.rows.begin(), merged.rows.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(
                                                                     limit.offset, merged.rows.size())));
  if (merged.rows.size() > limit.count) merged.rows.resize(limit.count);
  if (order.hidden_count > 0) {
    merged.columns.resize(shown);
    for (auto& row : merged.rows) row.resize(shown);
  }
  return Outcome{std::move(merged)};
}

}  // namespace

Answer<Outcome> run_select(Work& work, const Sql& sql) {
  const Parts parts = read_parts(sql);
  const std::vector<TableRef> references = table_references(sql);
  TRY_VALUE(const std::vector<Source> sources, read_sources(work, sql, parts, references));
  TRY_VALUE(const std::vector<Place> asked, places(sources));
  if (asked.size() > 1) return select_merged(work, sql, parts, sources, references, asked);
  const Place& place = asked[0];
  const bool plain = parts.compound || parts.from == parts.end;
  const std::string statement = plain ? rewrite(sql, 0, sql.size(), references, place.names)
                                      : fmt::format("{} {} {}", sql.text(0, parts.list),
                                                    select_list(sql, parts, sources, references, place.names),
                                                    rewrite(sql, parts.from, sql.size(), references, place.names));
  TRY_VALUE(mysql::Table table, ask(work, place.shard, statement, parts.locked));
  return Outcome{std::move(table)};
}

}  // namespace tributary::lab
