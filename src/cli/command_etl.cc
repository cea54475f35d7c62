#include <fmt/format.h>
#include <fmt/ranges.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/text.h"

namespace tributary::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;
using task::EtlRow;
using task::EtlTable;

constexpr int value_width_max = 48;

void append_names(std::string& out, const std::vector<std::string>& names) {
  out += '[';
  for (const std::string& name : names) {
    if (&name != &names.front()) out += ',';
    append_json_text(out, name);
  }
  out += ']';
}

void print_json(const EtlTable& table) {
  std::string out;
  JsonObject object(out);
  object.text("database", table.database);
  object.text("table", table.table);
  object.boolean("script", table.has_script);
  append_names(object.key("changed"), table.changed);
  std::string& added = object.key("added");
  added += '[';
  for (const auto& [name, type] : table.added) {
    if (added.back() != '[') added += ',';
    JsonObject column(added);
    column.text("name", name);
    column.text("type", type);
    column.close();
  }
  added += ']';
  if (table.error) {
    object.text("error", table.error->info().name);
    object.text("what", table.error->what);
    object.text("where", table.error->where);
  }
  object.close();
  fmt::print("{}\n", out);
}

std::string effect_of(const EtlTable& table) {
  if (!table.has_script) return "no script";
  if (table.error) return fmt::format("{} (at {})", table.error->what, table.error->where);
  std::vector<std::string> parts;
  if (!table.changed.empty()) parts.push_back(fmt::format("changes {}", fmt::join(table.changed, ", ")));
  for (const auto& [name, type] : table.added) parts.push_back(fmt::format("adds {} {}", name, type));
  if (parts.empty()) return "changes no column";
  return fmt::format("{}", fmt::join(parts, "; "));
}

int check(const task::TaskSpec& spec, const task::EtlOptions& options, bool json, const Doors& doors) {
  const auto tables = doors.check_etl(spec, options);
  if (!tables) return report(tables.error(), json);
  std::optional<base::Error> first;
  Rows rows = {{"", "TABLE", "EFFECT"}};
  for (const EtlTable& table : *tables) {
    if (!first && table.error) first = table.error;
    if (json) print_json(table);
    rows.push_back({table.error        ? "x"
                    : table.has_script ? "ok"
                                       : "-",
                    table.database + "." + table.table, effect_of(table)});
  }
  if (!json && tables->empty()) fmt::print("No table of {} has a script.\n", spec.name);
  if (!json && !tables->empty()) fmt::print("{}", in_columns(rows));
  std::fflush(stdout);
  return first ? report(*first, json) : 0;
}

std::string shown(const task::TailColumn* column) {
  if (column == nullptr) return "";
  return column->value ? shorten(printable(*column->value), value_width_max) : "NULL";
}

const task::TailColumn* find(const task::TailImage& image, const std::string& name, std::size_t at) {
  return at < image.size() && image[at].name == name ? &image[at] : nullptr;
}

void print_row(const EtlRow& row, std::uint64_t number) {
  static constexpr std::string_view verdicts[] = {"sent", "left out", "fails"};
  fmt::print("{}.{}, row {}: {}{}\n", printable(row.database), printable(row.table), number,
             verdicts[static_cast<int>(row.verdict)], row.problem.empty() ? "" : ": " + printable(row.problem));
  Rows rows = {{" ", "COLUMN", "BEFORE", "AFTER"}};
  for (std::size_t i = 0; i < std::max(row.before.size(), row.after.size()); ++i) {
    const std::string& name = i < row.before.size() ? row.before[i].name : row.after[i].name;
    const task::TailColumn* const before = find(row.before, name, i);
    const task::TailColumn* const after = find(row.after, name, i);
    const bool differs = before != nullptr && after != nullptr && before->value != after->value;
    rows.push_back({before == nullptr ? "+" : differs ? "*" : " ", name, shown(before), shown(after)});
    if (row.after.empty()) rows.back().pop_back();
  }
  if (row.after.empty()) rows.front().pop_back();
  fmt::print("{}\n", in_columns(rows));
}

void print_json(const EtlRow& row) {
  static constexpr std::string_view verdicts[] = {"sent", "left_out", "failed"};
  std::string out;
  JsonObject object(out);
  object.text("database", row.database);
  object.text("table", row.table);
  object.text("verdict", verdicts[static_cast<int>(row.verdict)]);
  if (!row.problem.empty()) object.text("problem", row.problem);
  for (const auto& [name, image] : {std::pair{"before", &row.before}, {"after", &row.after}}) {
    if (row.verdict != EtlRow::Verdict::sent && image == &row.after) continue;
    std::string& text = object.key(name);
    JsonObject columns(text);
    for (const task::TailColumn& column : *image) columns.text_or_null(column.name, column.value);
    columns.close();
  }
  object.close();
  fmt::print("{}\n", out);
}

int try_rows(const task::TaskSpec& spec, const task::EtlOptions& options, bool json, const Doors& doors) {
  base::CancelToken cancel;
  std::string table;
  std::uint64_t number = 0, failed = 0, count = 0;
  const auto done = doors.try_etl(spec, options, cancel, [&](const EtlRow& row) {
    ++count;
    failed += row.verdict == EtlRow::Verdict::failed;
    if (json) return print_json(row);
    std::string name = row.database + "." + row.table;
    number = name == table ? number + 1 : 1;
    table = std::move(name);
    print_row(row, number);
  });
  if (!done) return report(done.error(), json);
  if (!json && count == 0) fmt::print("No row to try: the tables with a script are empty, or there is none.\n");
  if (!json && failed > 0)
    fmt::print("The script fails on {} of {} rows; etl.on_error in the task file says what becomes of them.\n", failed,
               count);
  return failed > 0 ? 1 : 0;
}

int functions(bool json) {
  std::string group;
  for (const task::EtlFunction& f : task::etl_functions()) {
    if (json) {
      std::string out;
      JsonObject object(out);
      object.text("name", f.name);
      object.text("group", f.group);
      object.text("signature", f.signature);
      object.text("text", f.text);
      object.close();
      fmt::print("{}\n", out);
      continue;
    }
    if (f.group != group) fmt::print("{}{}\n", group.empty() ? "" : "\n", f.group);
    group = f.group;
    fmt::print("  {}\n      {}\n", f.signature, f.text);
  }
  return 0;
}

}  // namespace

int command_etl(const EtlArguments& arguments, const Doors& doors) {
  base::log::configure(base::log::Level::warn, arguments.json);
  if (arguments.action == "functions") return functions(arguments.json);
  if (arguments.file.empty())
    return report({base::ErrorCode::usage, fmt::format("etl {} needs a task file", arguments.action), ""},
                  arguments.json);
  const auto spec = task::load_task(arguments.file);
  if (!spec) return report(spec.error(), arguments.json);
  std::signal(SIGPIPE, SIG_IGN);
  task::EtlOptions options;
  options.tables = arguments.tables;
  options.rows = arguments.rows;
  if (arguments.operation == "update") options.operation = model::Operation::update;
  if (arguments.operation == "delete") options.operation = model::Operation::delete_;
  if (!arguments.script.empty()) options.script = arguments.script;
  if (!arguments.script_file.empty()) {
    std::ifstream file(arguments.script_file, std::ios::binary);
    options.script = std::string(std::istreambuf_iterator<char>(file), {});
    if (!file)
      return report({base::ErrorCode::usage, "the script can't be read", arguments.script_file}, arguments.json);
  }
  return arguments.action == "check" ? check(*spec, options, arguments.json, doors)
                                     : try_rows(*spec, options, arguments.json, doors);
}

}  // namespace tributary::cli
