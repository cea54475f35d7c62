#include "cli/verify_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/json.h"
#include "cli/text.h"

namespace tributary::cli {
namespace {

using verify::Difference;
using verify::DifferenceKind;
using verify::TableResult;

constexpr int value_width = 60;

std::string shown(const std::optional<std::string>& value) {
  return value ? shorten(printable(*value), value_width) : "NULL";
}

std::string key_text(const Difference& difference) {
  std::string out;
  for (const verify::NamedValue& part : difference.key)
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", printable(part.column), shown(part.value));
  return out;
}

void write_text(std::string& out, const std::string& text) { append_json_text(out, text); }

std::uint64_t per_second(std::uint64_t count, std::int64_t ms) {
  return ms <= 0 ? 0 : count * 1000 / static_cast<std::uint64_t>(ms);
}

void write_table(std::string& out, const TableResult& table) {
  JsonObject object(out);
  object.text("database", table.database);
  object.text("table", table.table);
  object.number("source_rows", table.source_rows);
  object.number("topic_rows", table.topic_rows);
  object.number("equal", table.equal);
  object.number("changed", table.changed);
  object.number("missing", table.missing);
  object.number("extra", table.extra);
  object.number("out_of_order", table.out_of_order);
  object.number("still_changing", table.still_changing);
  object.number("old_structure", table.old_structure);
  object.number("left_out", table.left_out);
  object.boolean("structure_differs", table.structure_differs);
  object.boolean("keyless", table.is_keyless);
  object.number("repeats", table.repeats);
  object.number("late", table.late);
  object.number("records", table.records);
  append_list(object.key("notes"), table.notes, write_text);
  object.close();
}

}  // namespace

std::vector<std::string> verify_difference(const Difference& difference) {
  std::vector<std::string> lines;
  std::string head = fmt::format("{}.{}: {}", printable(difference.database), printable(difference.table),
                                 verify::to_string(difference.kind));
  if (!difference.key.empty()) head += "  " + key_text(difference);
  if (difference.has_record)
    head += fmt::format("  ({} at {}, partition {}, offset {}{})", difference.operation, printable(difference.topic),
                        difference.partition, difference.offset,
                        difference.is_old_structure ? ", under an older structure" : "");
  else
    head += "  (no record)";
  if (difference.source_copies != 1 || difference.topic_copies != 1)
    head += fmt::format("  source has {}, topic {}", difference.source_copies, difference.topic_copies);
  lines.push_back(std::move(head));
  const bool is_structure = difference.kind == DifferenceKind::structure;
  for (const verify::ValuePair& pair : difference.columns) {
    const bool one_side = difference.kind == DifferenceKind::missing || difference.kind == DifferenceKind::extra;
    if (one_side) continue;
    const auto side = [&](const std::optional<std::string>& value) {
      return is_structure && !value ? std::string("none") : shown(value);
    };
    lines.push_back(
        fmt::format("    {}: source {}, topic {}", printable(pair.column), side(pair.source), side(pair.topic)));
  }
  return lines;
}

std::vector<std::string> verify_summary(const std::string& task, const verify::Summary& summary) {
  std::vector<std::vector<std::string>> rows = {
      {"TABLE", "SOURCE", "TOPIC", "EQUAL", "DIFFER", "MISSING", "EXTRA", "ORDER", "CHANGING", "REPEATS", "RECORDS"}};
  for (const TableResult& table : summary.tables)
    rows.push_back({printable(table.database + "." + table.table), with_commas(table.source_rows),
                    with_commas(table.topic_rows), with_commas(table.equal), with_commas(table.changed),
                    with_commas(table.missing), with_commas(table.extra), with_commas(table.out_of_order),
                    with_commas(table.still_changing), with_commas(table.repeats), with_commas(table.records)});
  std::vector<int> widths(rows.front().size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line = left(row[0], widths[0]);
    for (std::size_t i = 1; i < row.size(); ++i) line += "  " + right(row[i], widths[i]);
    lines.push_back(std::move(line));
  }
  for (const TableResult& table : summary.tables) {
    const std::string name = printable(table.database + "." + table.table);
    for (const std::string& note : table.notes) lines.push_back(fmt::format("note: {}: {}", name, printable(note)));
    if (table.left_out > 0)
      lines.push_back(fmt::format("note: {}: {} rows are left out by the task's choice, and were not compared", name,
                                  with_commas(table.left_out)));
    if (table.old_structure > 0)
      lines.push_back(
          fmt::format("note: {}: {} rows were written under an older structure, and compared on the columns "
                      "that both sides have",
                      name, with_commas(table.old_structure)));
  }
  for (const auto& [name, count] : summary.others)
    lines.push_back(
        fmt::format("note: {} records of {}, which is not of the task", with_commas(count), printable(name)));
  for (const std::string& warning : summary.warnings) lines.push_back("warning: " + printable(warning));
  // Where all is equal there is nothing to be told apart.
  if (summary.differences() > 0)
    for (const verify::Behind& behind : summary.behind)
      lines.push_back(
          fmt::format("warning: {}: the task has delivered up to {}, the log ends at {}; what changed in between "
                      "can't be told apart from differences",
                      behind.instance, behind.delivered_to, behind.log_end));
  if (summary.sample < 100) lines.push_back(fmt::format("A sample: {} % of the rows were compared.", summary.sample));
  lines.push_back(fmt::format("{} records folded{} ({} a second), {} rows read from the source, {} in all.",
                              with_commas(summary.records_folded), summary.went_on ? " behind those of before" : "",
                              with_commas(per_second(summary.records_folded, summary.folding_ms)),
                              with_commas(summary.rows_compared), human_duration(summary.elapsed_ms)));
  if (summary.repaired > 0)
    lines.push_back(fmt::format("{} records were sent to repair the topic.", with_commas(summary.repaired)));
  std::uint64_t changing = 0;
  for (const TableResult& table : summary.tables) changing += table.still_changing;
  const std::string undecided =
      changing == 0 ? "" : fmt::format(" {} rows kept changing and could not be told.", with_commas(changing));
  lines.push_back(summary.differences() == 0
                      ? fmt::format("{}: source and topic are equal.{}", task, undecided)
                      : fmt::format("{}: source and topic differ in {} {}.{}", task, with_commas(summary.differences()),
                                    summary.differences() == 1 ? "place" : "places", undecided));
  return lines;
}

std::string verify_progress(const std::string& task, const verify::Progress& progress) {
  std::string out =
      fmt::format("[{}] {}: {}", human_duration(progress.elapsed_ms), task, verify::to_string(progress.phase));
  if (!progress.table.empty()) out += " " + printable(progress.table);
  if (progress.total > 0)
    out += fmt::format(", {} of {} ({})", with_commas(progress.done), with_commas(progress.total),
                       percent(std::min(progress.done, progress.total), progress.total));
  return out;
}

std::string verify_json(const Difference& difference) {
  std::string out;
  JsonObject object(out);
  object.text("event", "difference");
  object.text("kind", verify::to_string(difference.kind));
  object.text("database", difference.database);
  object.text("table", difference.table);
  JsonObject key(object.key("key"));
  for (const verify::NamedValue& part : difference.key) key.text_or_null(part.column, part.value);
  key.close();
  append_list(object.key("columns"), difference.columns, [](std::string& text, const verify::ValuePair& pair) {
    JsonObject column(text);
    column.text("column", pair.column);
    column.text_or_null("source", pair.source);
    column.text_or_null("topic", pair.topic);
    column.close();
  });
  if (difference.has_record) {
    JsonObject record(object.key("record"));
    record.text("topic", difference.topic);
    record.number("partition", difference.partition);
    record.number("offset", difference.offset);
    record.text("operation", difference.operation);
    record.number("id", difference.id);
    record.text("position", difference.position);
    record.boolean("old_structure", difference.is_old_structure);
    record.close();
  } else {
    object.null("record");
  }
  object.number("source_copies", difference.source_copies);
  object.number("topic_copies", difference.topic_copies);
  object.close();
  return out;
}

std::string verify_json(const std::string& task, const verify::Progress& progress) {
  std::string out;
  JsonObject object(out);
  object.text("event", "progress");
  object.text("task", task);
  object.text("phase", verify::to_string(progress.phase));
  object.text("table", progress.table);
  object.number("done", progress.done);
  object.number("total", progress.total);
  object.number("elapsed_ms", progress.elapsed_ms);
  object.close();
  return out;
}

std::string verify_json(const std::string& task, const verify::Summary& summary) {
  std::string out;
  JsonObject object(out);
  object.text("event", "summary");
  object.text("task", task);
  object.boolean("equal", summary.differences() == 0);
  object.number("differences", summary.differences());
  append_list(object.key("tables"), summary.tables, write_table);
  append_list(object.key("behind"), summary.behind, [](std::string& text, const verify::Behind& behind) {
    JsonObject one(text);
    one.text("instance", behind.instance);
    one.text("delivered_to", behind.delivered_to);
    one.text("log_end", behind.log_end);
    one.close();
  });
  append_list(object.key("others"), summary.others, [](std::string& text, const auto& other) {
    JsonObject one(text);
    one.text("table", other.first);
    one.number("records", other.second);
    one.close();
  });
  append_list(object.key("warnings"), summary.warnings, write_text);
  object.boolean("went_on", summary.went_on);
  object.boolean("task_runs", summary.task_runs);
  object.number("sample", summary.sample);
  object.number("records_folded", summary.records_folded);
  object.number("records_per_second", per_second(summary.records_folded, summary.folding_ms));
  object.number("rows_read", summary.rows_compared);
  object.number("rows_per_second", per_second(summary.rows_compared, summary.comparing_ms));
  object.number("repaired", summary.repaired);
  object.number("elapsed_ms", summary.elapsed_ms);
  object.close();
  return out;
}

}  // namespace tributary::cli
