#include <fmt/format.h>

#include <vector>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/text.h"

namespace tributary::cli {
namespace {

using transform::LeftOut;
using transform::TableRule;

std::string columns_text(const TableRule& rule) {
  std::size_t selected = 0;
  for (const auto& name : rule.columns) selected += name.has_value();
  return selected == rule.columns.size() ? fmt::format("all {}", selected)
                                         : fmt::format("{} of {}", selected, rule.columns.size());
}

void print_text(const task::ObjectsView& view) {
  std::vector<std::vector<std::string>> rows = {{"TABLE", "AT THE DESTINATION", "COLUMNS", "CHANGES", "ROWS"}};
  for (const TableRule& rule : view.selection.tables)
    rows.push_back({printable(rule.database + "." + rule.table),
                    printable(rule.target.database + "." + rule.target.table), columns_text(rule),
                    transform::dml_text(rule.options.dml),
                    rule.options.row_filter.empty() ? "all" : rule.options.row_filter});
  fmt::print("{}", in_columns(rows));
  const auto list = [](std::string_view title, const std::vector<std::string>& lines) {
    if (!lines.empty()) fmt::print("\n{}:\n", title);
    for (const std::string& line : lines) fmt::print("  {}\n", printable(line));
  };
  std::vector<std::string> left_out;
  for (const LeftOut& left : view.selection.left_out)
    left_out.push_back(fmt::format("{} {}.{}: {}", left.kind, left.database, left.name, left.reason));
  left_out.insert(left_out.end(), view.notes.begin(), view.notes.end());
  list("Not carried", left_out);
  list("Warnings", view.selection.warnings);
  fmt::print("\n{} table{}\n", with_commas(view.selection.tables.size()), view.selection.tables.size() == 1 ? "" : "s");
}

void print_json(const task::TaskSpec& spec, const task::ObjectsView& view) {
  std::string out;
  JsonObject object(out);
  object.text("task", spec.name);
  append_list(object.key("tables"), view.selection.tables, [](std::string& text, const TableRule& rule) {
    JsonObject table(text);
    table.text("database", rule.database);
    table.text("table", rule.table);
    table.text("target_database", rule.target.database);
    table.text("target_table", rule.target.table);
    append_list(table.key("columns"), rule.columns, [](std::string& to, const std::optional<std::string>& name) {
      if (name)
        append_json_text(to, *name);
      else
        to += "null";
    });
    table.text("dml", transform::dml_text(rule.options.dml));
    table.text("filter", rule.options.row_filter);
    table.text("message_key", rule.options.message_key);
    table.close();
  });
  append_list(object.key("left_out"), view.selection.left_out, [](std::string& text, const LeftOut& left) {
    JsonObject item(text);
    item.text("database", left.database);
    item.text("name", left.name);
    item.text("kind", left.kind);
    item.text("reason", left.reason);
    item.close();
  });
  const auto texts = [](std::string& text, const std::string& line) { append_json_text(text, line); };
  append_list(object.key("notes"), view.notes, texts);
  append_list(object.key("warnings"), view.selection.warnings, texts);
  object.close();
  fmt::print("{}\n", out);
}

}  // namespace

int command_objects(const ObjectsArguments& arguments, const Doors& doors) {
  const auto spec = task::load_task(arguments.file);
  if (!spec) return report(spec.error(), arguments.json);
  if (arguments.db_list) {
    fmt::print("{}\n", spec->object_list.to_db_list(!arguments.json));
    return 0;
  }
  const auto view = doors.objects(*spec);
  if (!view) return report(view.error(), arguments.json);
  if (arguments.json)
    print_json(*spec, *view);
  else
    print_text(*view);
  return 0;
}

}  // namespace tributary::cli
