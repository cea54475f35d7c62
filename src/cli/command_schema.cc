#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/text.h"

namespace tributary::cli {
namespace {

using base::ErrorCode;
using Outcome = task::SchemaStatement::Outcome;

constexpr int exit_not_understood = 6;

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::applied:
      return "applied";
    case Outcome::no_layout_change:
      return "no_layout_change";
    case Outcome::not_understood:
      return "not_understood";
  }
  return "?";
}

// PRI, UNI, or MUL for a part of a longer unique key.
std::string_view key_of(const model::TableSchema& table, std::uint32_t column) {
  std::string_view found;
  for (const model::Key& key : table.keys) {
    if (std::find(key.columns.begin(), key.columns.end(), column) == key.columns.end()) continue;
    if (key.is_primary) return "PRI";
    if (key.columns.size() == 1)
      found = "UNI";
    else if (found.empty())
      found = "MUL";
  }
  return found;
}

void append_columns(std::string& out, const model::TableSchema& table) {
  out += '[';
  for (std::uint32_t i = 0; i < table.columns.size(); ++i) {
    const model::Column& column = table.columns[i];
    if (i != 0) out += ',';
    JsonObject object(out);
    object.text("name", column.name);
    object.text("type", column.declared_type);
    object.boolean("nullable", column.is_nullable);
    object.text("charset", column.charset);
    object.text("collation", column.collation);
    object.boolean("generated", column.is_generated);
    object.text("key", key_of(table, i));
    object.close();
  }
  out += ']';
}

void append_table(std::string& out, const model::TableSchema& table) {
  JsonObject object(out);
  object.text("database", table.database);
  object.text("table", table.table);
  append_columns(object.key("columns"), table);
  std::string& keys = object.key("keys");
  keys += '[';
  for (std::size_t i = 0; i < table.keys.size(); ++i) {
    if (i != 0) keys += ',';
    JsonObject key(keys);
    key.text("name", table.keys[i].name);
    key.boolean("primary", table.keys[i].is_primary);
    std::string& columns = key.key("columns");
    columns += '[';
    for (std::size_t c = 0; c < table.keys[i].columns.size(); ++c) {
      if (c != 0) columns += ',';
      append_json_text(columns, table.columns[table.keys[i].columns[c]].name);
    }
    columns += ']';
    key.close();
  }
  keys += ']';
  object.close();
}

std::string statement_json(const task::SchemaStatement& statement) {
  std::string out;
  JsonObject object(out);
  object.text("outcome", name_of(statement.outcome));
  object.boolean("ddl", statement.is_ddl);
  object.text("file", statement.file);
  object.number("line", statement.line);
  object.number("column", statement.column);
  if (!statement.reason.empty()) object.text("reason", statement.reason);
  object.text("statement", statement.text);
  std::string& tables = object.key("tables");
  tables += '[';
  for (std::size_t i = 0; i < statement.tables.size(); ++i) {
    const task::SchemaTableChange& change = statement.tables[i];
    if (i != 0) tables += ',';
    JsonObject table(tables);
    table.text("change", change.what);
    table.text("database", change.database);
    table.text("table", change.table);
    if (change.what == "renamed") {
      table.text("new_database", change.new_database);
      table.text("new_table", change.new_table);
    }
    if (change.after) append_columns(table.key("columns"), *change.after);
    table.close();
  }
  tables += ']';
  object.close();
  return out;
}

std::string statement_line(const task::SchemaStatement& statement) {
  constexpr int statement_width = 100;
  const std::string place = fmt::format("{}:{}:{}", printable(statement.file), statement.line, statement.column);
  if (statement.outcome == Outcome::not_understood)
    return fmt::format("{}: not understood: {}\n    {}", place, printable(statement.reason),
                       shorten(printable(statement.text), statement_width));
  return fmt::format("{}: {}: {}", place, statement.outcome == Outcome::applied ? "applied" : "no layout change",
                     shorten(printable(statement.text), statement_width));
}

// One table, its columns under each other.
std::string table_text(const model::TableSchema& table) {
  std::vector<std::array<std::string, 5>> rows = {{"column", "type", "null", "charset", "key"}};
  for (std::uint32_t i = 0; i < table.columns.size(); ++i) {
    const model::Column& column = table.columns[i];
    rows.push_back({printable(column.name), printable(column.declared_type), column.is_nullable ? "yes" : "no",
                    column.charset, std::string(key_of(table, i))});
  }
  constexpr int width_max = 60;
  std::array<int, 5> widths{};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], std::min(width_max, display_width(row[i])));
  std::string out = fmt::format("\n{}.{}\n", printable(table.database), printable(table.table));
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) line += " " + left(row[i], widths[i]);
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

}  // namespace

int command_schema(const SchemaArguments& arguments, const Doors& doors) {
  std::signal(SIGPIPE, SIG_IGN);  // `schema | head` ends by the failed write
  int write_error = 0;
  const auto write = [&](const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (std::ferror(stdout) != 0 && write_error == 0) write_error = errno == 0 ? EIO : errno;
    return write_error == 0;
  };
  const auto summary =
      doors.schema({.files = arguments.files,
                    .is_mariadb = arguments.dialect == "mariadb",
                    .server_version = arguments.server_version,
                    .database = arguments.database},
                   [&](const task::SchemaStatement& statement) {
                     return write((arguments.json ? statement_json(statement) : statement_line(statement)) + "\n");
                   });
  if (!summary) return report(summary.error(), arguments.json);
  if (arguments.json) {
    std::string out;
    JsonObject object(out);
    object.number("applied", summary->applied);
    object.number("no_layout_change", summary->no_layout_change);
    object.number("not_understood", summary->not_understood);
    std::string& tables = object.key("tables");
    tables += '[';
    for (std::size_t i = 0; i < summary->tables.size(); ++i) {
      if (i != 0) tables += ',';
      append_table(tables, *summary->tables[i]);
    }
    tables += ']';
    object.close();
    write(out + "\n");
  } else {
    for (const model::TableSchemaPtr& table : summary->tables) write(table_text(*table));
    write(fmt::format("\n{} applied, {} without a layout change, {} not understood\n", summary->applied,
                      summary->no_layout_change, summary->not_understood));
  }
  if (std::fflush(stdout) != 0 && write_error == 0) write_error = errno;
  if (write_error != 0 && write_error != EPIPE)
    return report({ErrorCode::io, std::strerror(write_error), "standard output"}, false);
  return summary->not_understood == 0 ? 0 : exit_not_understood;
}

}  // namespace tributary::cli
