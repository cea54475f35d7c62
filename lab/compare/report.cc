#include "compare/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tributary::lab {
namespace {

using Row = std::vector<std::string>;

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

Row row_of(const TableReport& t) {
  return {t.name,
          with_commas(t.rows_source),
          with_commas(t.rows_folded),
          with_commas(t.inits),
          with_commas(t.inserts),
          with_commas(t.updates),
          with_commas(t.deletes),
          with_commas(t.missing),
          with_commas(t.extra),
          with_commas(t.different),
          with_commas(t.out_of_order),
          t.difference_count() == 0 ? "same" : "DIFFERS"};
}

TableReport sum_of(const std::vector<TableReport>& tables) {
  TableReport sum;
  sum.name = "all";
  for (const TableReport& t : tables) {
    sum.rows_source += t.rows_source;
    sum.rows_folded += t.rows_folded;
    sum.inits += t.inits;
    sum.inserts += t.inserts;
    sum.updates += t.updates;
    sum.deletes += t.deletes;
    sum.repeats += t.repeats;
    sum.ahead_of_snapshot += t.ahead_of_snapshot;
    sum.missing += t.missing;
    sum.extra += t.extra;
    sum.different += t.different;
    sum.out_of_order += t.out_of_order;
    sum.columns_wrong += t.columns_wrong;
    sum.ddl_missing |= t.ddl_missing;
  }
  return sum;
}

// The first column to the left, the others to the right, the last one (the verdict) as it is.
std::string table_text(const std::vector<Row>& rows, bool color) {
  std::vector<std::size_t> widths(rows[0].size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const Row& row : rows) {
    std::string line = fmt::format("  {:<{}}", row[0], widths[0]);
    for (std::size_t i = 1; i + 1 < row.size(); ++i) line += fmt::format("  {:>{}}", row[i], widths[i]);
    const std::string& verdict = row.back();
    const std::string_view style = !color                 ? ""
                                   : verdict == "same"    ? "\x1b[32m"
                                   : verdict == "DIFFERS" ? "\x1b[1;31m"
                                                          : "";
    line += fmt::format("  {}{}{}", style, verdict, style.empty() ? "" : "\x1b[0m");
    out += line + "\n";
  }
  return out;
}

}  // namespace

std::uint64_t Report::difference_count() const {
  std::uint64_t count = 0;
  for (const TableReport& table : tables) count += table.difference_count();
  return count;
}

std::string report_text(const Report& report, bool color) {
  std::vector<Row> rows = {{"table", "source", "topic", "INIT", "INSERT", "UPDATE", "DELETE", "missing", "extra",
                            "different", "disorder", ""}};
  for (const TableReport& table : report.tables) rows.push_back(row_of(table));
  const TableReport sum = sum_of(report.tables);
  rows.push_back(row_of(sum));
  std::string out = table_text(rows, color);
  out += fmt::format(
      "\n  source, topic: rows as they are now; INIT to DELETE: records\n"
      "  {} records in all, {} of them CREATE TABLE, {} sent again; the source read in {:.1f} s\n",
      with_commas(report.records), with_commas(report.ddl_records), with_commas(sum.repeats), report.seconds);
  bool is_first = true;
  for (const TableReport& table : report.tables) {
    for (const std::string& text : table.differences) {
      out += fmt::format("{}  {}: {}\n", is_first ? "\n" : "", table.name, text);
      is_first = false;
    }
    if (table.ddl_missing) out += fmt::format("  {}: no CREATE TABLE record\n", table.name);
  }
  const std::uint64_t count = report.difference_count();
  out += fmt::format("\n{}differences: {}{}\n",
                     !color       ? ""
                     : count == 0 ? "\x1b[1;32m"
                                  : "\x1b[1;31m",
                     with_commas(count), color ? "\x1b[0m" : "");
  return out;
}

std::string report_json(const Report& report) {
  auto tables = nlohmann::ordered_json::array();
  for (const TableReport& t : report.tables)
    tables.push_back(
        {{"table", t.name},
         {"rows_source", t.rows_source},
         {"rows_folded", t.rows_folded},
         {"records", {{"INIT", t.inits}, {"INSERT", t.inserts}, {"UPDATE", t.updates}, {"DELETE", t.deletes}}},
         {"repeats", t.repeats},
         {"ahead_of_snapshot", t.ahead_of_snapshot},
         {"missing", t.missing},
         {"extra", t.extra},
         {"different", t.different},
         {"out_of_order", t.out_of_order},
         {"columns_wrong", t.columns_wrong},
         {"ddl_missing", t.ddl_missing},
         {"same", t.difference_count() == 0},
         {"first_differences", t.differences}});
  const nlohmann::ordered_json out = {{"differences", report.difference_count()},
                                      {"records", report.records},
                                      {"ddl_records", report.ddl_records},
                                      {"seconds", report.seconds},
                                      {"tables", tables}};
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace tributary::lab
