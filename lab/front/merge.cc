#include "front/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

namespace tributary::lab {

namespace {

using Cell = std::optional<std::string>;
__extension__ typedef __int128 Int128;  // a decimal's 36 digits

bool as_number(const std::string& text, long double& out) {
  char* end = nullptr;
  out = std::strtold(text.c_str(), &end);
  return !text.empty() && end == text.c_str() + text.size();
}

int compare(const Cell& a, const Cell& b, bool as_text) {
  if (!a || !b) return (a ? 1 : 0) - (b ? 1 : 0);
  long double x = 0, y = 0;
  if (!as_text && as_number(*a, x) && as_number(*b, y)) return x < y ? -1 : x > y ? 1 : 0;
  return a->compare(*b) < 0 ? -1 : *a == *b ? 0 : 1;
}

struct Decimal {
  Int128 digits = 0;
  int scale = 0;
};

bool parse(const std::string& text, Decimal& out) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  bool point = false;
  int count = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
    } else if (text[at] >= '0' && text[at] <= '9' && ++count <= 36) {
      out.digits = out.digits * 10 + (text[at] - '0');
      out.scale += point ? 1 : 0;
    } else {
      return false;
    }
  }
  if (text.starts_with('-')) out.digits = -out.digits;
  return count > 0;
}

}  // namespace

std::string add_numbers(const std::string& a, const std::string& b) {
  Decimal x, y;
  if (!parse(a, x) || !parse(b, y)) {
    long double p = 0, q = 0;
    as_number(a, p);
    as_number(b, q);
    return fmt::format("{}", static_cast<double>(p + q));
  }
  while (x.scale < y.scale) x.digits *= 10, ++x.scale;
  while (y.scale < x.scale) y.digits *= 10, ++y.scale;
  Int128 sum = x.digits + y.digits;
  const bool negative = sum < 0;
  if (negative) sum = -sum;
  std::string out;
  for (int i = 0; sum > 0 || i <= x.scale; ++i) {
    if (i == x.scale && i > 0) out += '.';
    out += static_cast<char>('0' + static_cast<int>(sum % 10));
    sum /= 10;
  }
  if (negative) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

Answer<Merge> merge_of(const Sql& sql, std::size_t first, std::size_t last) {
  std::size_t calls = 0;
  for (std::size_t at = first; at + 1 < last; ++at) {
    if (!sql.is_symbol(at + 1, "(")) continue;
    if (sql.is(at, "avg") || sql.is(at, "group_concat") || sql.is(at, "std") || sql.is(at, "stddev") ||
        sql.is(at, "variance"))
      return not_supported(fmt::format("{} over several shards", upper(sql.text(at))));
    if (sql.is(at, "count") || sql.is(at, "sum") || sql.is(at, "min") || sql.is(at, "max")) {
      if (sql.is(at + 2, "distinct") && !sql.is(at, "min") && !sql.is(at, "max"))
        return not_supported("an aggregate of DISTINCT values over several shards");
      ++calls;
    }
  }
  if (calls == 0) return Merge::key;
  // Only the bare call can be merged: COUNT(*) + 1 can't.
  const std::size_t close = sql.is_symbol(first + 1, "(") ? sql.closing(first + 1) : last;
  const bool bare = close + 1 == last || (close + 2 == last && sql.is_name(close + 1)) ||
                    (close + 3 == last && sql.is(close + 1, "as"));
  const bool merges = sql.is(first, "count") || sql.is(first, "sum") || sql.is(first, "min") || sql.is(first, "max");
  if (calls > 1 || !bare || !merges) return not_supported("an expression over an aggregate over several shards");
  if (sql.is(first, "min")) return Merge::min;
  if (sql.is(first, "max")) return Merge::max;
  return Merge::sum;
}

void merge_groups(mysql::Table& table, const std::vector<Merge>& merges, bool grouped) {
  std::map<std::vector<Cell>, std::size_t> groups;
  std::vector<std::vector<Cell>> out;
  for (auto& row : table.rows) {
    std::vector<Cell> key;
    for (std::size_t i = 0; grouped && i < merges.size(); ++i)
      if (merges[i] == Merge::key) key.push_back(row[i]);
    const auto [found, fresh] = groups.try_emplace(std::move(key), out.size());
    if (fresh) {
      out.push_back(std::move(row));
      continue;
    }
    auto& into = out[found->second];
    for (std::size_t i = 0; i < merges.size(); ++i) {
      if (merges[i] == Merge::key || !row[i]) continue;
      if (!into[i])
        into[i] = row[i];
      else if (merges[i] == Merge::sum)
        into[i] = add_numbers(*into[i], *row[i]);
      else if ((compare(row[i], into[i], false) < 0) == (merges[i] == Merge::min))
        into[i] = row[i];
    }
  }
  table.rows = std::move(out);
}

void remove_duplicates(mysql::Table& table) {
  std::set<std::vector<Cell>> seen;
  std::erase_if(table.rows, [&](const auto& row) { return !seen.insert(row).second; });
}

void sort_rows(mysql::Table& table, const std::vector<SortKey>& keys) {
  if (keys.empty()) return;
  std::stable_sort(table.rows.begin(), table.rows.end(), [&](const auto& a, const auto& b) {
    for (const auto& key : keys) {
      if (key.column >= a.size()) continue;
      const int order = compare(a[key.column], b[key.column], key.as_text);
      if (order != 0) return (order < 0) != key.descending;
    }
    return false;
  });
}

}  // namespace tributary::lab
