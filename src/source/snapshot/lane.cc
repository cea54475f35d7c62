#include "source/snapshot/lane.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "source/snapshot/text_row.h"

namespace tributary::source {

using base::Result;
using model::ColumnType;
using model::TableSchema;

namespace {

// Wider than BIGINT UNSIGNED and BIGINT together.
__extension__ typedef __int128 Wide;

bool is_integer(ColumnType type) { return type <= ColumnType::bigint; }

// (a > x) OR (a = x AND b > y), or with <= for the included upper end. Row constructors are not used: MySQL 5.6 does
// not look them up in an index. The leading a >= x lets every server find the range.
std::string bound_condition(const TableSchema& schema, const std::vector<std::uint32_t>& key, const KeyBound& bound,
                            bool is_lower) {
  std::string any, equal;
  for (std::size_t i = 0; i < key.size() && i < bound.size(); ++i) {
    const auto& column = schema.columns[key[i]];
    const std::string name = mysql::quote_name(column.name);
    const std::string value = key_literal(column, bound[i].value_or(""));
    const bool last = i + 1 == bound.size();
    const char* compare = is_lower ? ">" : last ? "<=" : "<";
    any += fmt::format("{}({}{}{}{})", any.empty() ? "" : " OR ", equal, name, compare, value);
    equal += fmt::format("{}={} AND ", name, value);
  }
  if (bound.size() == 1) return any;
  const auto& first = schema.columns[key[0]];
  return fmt::format("{}{}{} AND ({})", mysql::quote_name(first.name),
                     is_lower ? ">=" : "<=", key_literal(first, bound[0].value_or("")), any);
}

}  // namespace

std::vector<std::uint32_t> chunk_key(const TableSchema& schema) {
  const bool usable = std::all_of(schema.identity.begin(), schema.identity.end(),
                                  [&](std::uint32_t c) { return is_chunk_key(schema.columns[c]); });
  return usable ? schema.identity : std::vector<std::uint32_t>{};
}

std::string chunk_select(const PhysicalTable& table, const TableSchema& schema, const std::string& select_list,
                         const KeyBound& after, const KeyBound& upper, std::uint64_t limit,
                         std::string_view condition) {
  const std::vector<std::uint32_t> key = chunk_key(schema);
  std::string sql = fmt::format("SELECT {} FROM {}.{}", select_list, mysql::quote_name(table.database),
                                mysql::quote_name(table.table));
  std::string where(condition);
  if (!key.empty()) {
    for (const auto& [bound, is_lower] : {std::pair{&after, true}, {&upper, false}}) {
      if (bound->empty()) continue;
      if (!where.empty()) where += " AND ";
      where += "(" + bound_condition(schema, key, *bound, is_lower) + ")";
    }
  }
  if (!where.empty()) sql += " WHERE " + where;
  if (key.empty()) return sql;
  sql += " ORDER BY ";
  for (std::size_t i = 0; i < key.size(); ++i) sql += (i ? "," : "") + mysql::quote_name(schema.columns[key[i]].name);
  if (limit > 0) sql += fmt::format(" LIMIT {}", limit);
  return sql;
}

std::string chunk_end_select(const PhysicalTable& table, const TableSchema& schema, const std::string& select_list,
                             const KeyBound& after, const KeyBound& upper, std::uint64_t rows) {
  return chunk_select(table, schema, select_list, after, upper, 1) + fmt::format(" OFFSET {}", rows - 1);
}

Result<LanePlan> plan_lanes(mysql::Connection& connection, const PhysicalTable& table, const TableSchema& schema,
                            std::uint32_t lanes_max, std::uint64_t rows_per_lane_min) {
  LanePlan plan;
  TRY_VALUE(const mysql::Table estimate,
            connection.query(fmt::format(
                "SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
                connection.quote(table.database), connection.quote(table.table))));
  if (!estimate.rows.empty())
    plan.rows_estimated = std::strtoull(estimate.rows[0][0].value_or("0").c_str(), nullptr, 10);

  const std::vector<std::uint32_t> key = chunk_key(schema);
  const std::uint64_t wanted =
      std::min<std::uint64_t>(lanes_max, plan.rows_estimated / std::max<std::uint64_t>(rows_per_lane_min, 1));
  if (wanted < 2 || key.size() != 1 || !is_integer(schema.columns[key[0]].type)) {
    plan.lanes.push_back({});
    return plan;
  }
  const std::string name = mysql::quote_name(schema.columns[key[0]].name);
  TRY_VALUE(const mysql::Table ends,
            connection.query(fmt::format("SELECT MIN({0})+0, MAX({0})+0 FROM {1}.{2}", name,
                                         mysql::quote_name(table.database), mysql::quote_name(table.table))));
  Wide low = 0, high = 0;
  const auto parse = [](const std::optional<std::string>& text, Wide& out) {
    if (!text) return false;
    std::uint64_t magnitude = 0;
    const bool negative = text->starts_with('-');
    const char* at = text->data() + negative;
    const auto [end, problem] = std::from_chars(at, text->data() + text->size(), magnitude);
    out = negative ? -static_cast<Wide>(magnitude) : static_cast<Wide>(magnitude);
    return problem == std::errc{} && end == text->data() + text->size();
  };
  if (!parse(ends.rows[0][0], low) || !parse(ends.rows[0][1], high) || high - low < static_cast<Wide>(wanted)) {
    plan.lanes.push_back({});
    return plan;
  }
  const auto text = [](Wide n) {
    return n < 0 ? fmt::format("-{}", static_cast<std::uint64_t>(-n))
                 : fmt::format("{}", static_cast<std::uint64_t>(n));
  };
  // The first lane has no lower and the last no upper bound: keys outside today's range belong to them.
  KeyBound lower;
  for (std::uint64_t i = 1; i <= wanted; ++i) {
    KeyBound upper;
    if (i < wanted) upper = {text(low + (high - low) * static_cast<Wide>(i) / static_cast<Wide>(wanted))};
    plan.lanes.push_back({lower, upper});
    lower = upper;
  }
  return plan;
}

}  // namespace tributary::source
