#include "task/schema_script.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

#include "source/ddl/script.h"
#include "source/ddl/script_session.h"
#include "source/ddl/tracker.h"

namespace tributary::task {

using base::ErrorCode;
using base::fail;
using source::Effect;
using source::TableEffect;

namespace {

// 8.0.36 -> 80036, 10.11 -> 101100.
std::optional<std::uint32_t> version_number(std::string_view text) {
  std::uint32_t number = 0;
  for (int part = 0; part < 3; ++part) {
    std::uint32_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() ? part == 0 || !text.empty() : value > 99) return std::nullopt;
    number = number * 100 + (parsed.ec == std::errc() ? value : 0);
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    if (text.starts_with('.'))
      text.remove_prefix(1);
    else if (!text.empty())
      return std::nullopt;
  }
  return text.empty() ? std::optional(number) : std::nullopt;
}

base::Result<source::ServerTraits> traits_of(const SchemaScriptOptions& options) {
  source::ServerTraits traits;
  traits.flavour = options.is_mariadb ? mysql::Flavour::mariadb : mysql::Flavour::mysql;
  const std::string version = !options.server_version.empty() ? options.server_version
                              : options.is_mariadb            ? "10.11.0"
                                                              : "8.0.36";
  const auto number = version_number(version);
  if (!number) return fail(ErrorCode::usage, fmt::format("{} is not a version such as 8.0.36", version));
  traits.version_number = *number;
  // As each version has them without a configuration file.
  traits.explicit_defaults_for_timestamp = options.is_mariadb ? *number >= 101000 : *number >= 80000;
  traits.default_collation = "latin1_swedish_ci";
  if (options.is_mariadb && *number >= 110600) traits.default_collation = "utf8mb4_uca1400_ai_ci";
  if (!options.is_mariadb && *number >= 80001) traits.default_collation = "utf8mb4_0900_ai_ci";
  return traits;
}

base::Result<std::string> read_file(const std::string& path) {
  if (path == "-") return std::string{std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::task_file_unreadable, "the file can't be read", path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return fail(ErrorCode::task_file_unreadable, "the file can't be read", path);
  return text;
}

std::string_view name_of(TableEffect::Kind kind) {
  switch (kind) {
    case TableEffect::Kind::created:
      return "created";
    case TableEffect::Kind::altered:
      return "altered";
    case TableEffect::Kind::renamed:
      return "renamed";
    case TableEffect::Kind::dropped:
      return "dropped";
    case TableEffect::Kind::emptied:
      return "emptied";
    case TableEffect::Kind::unchanged:
      return "unchanged";
  }
  return "?";
}

model::TableSchemaPtr schema_of(const source::TrackedTablePtr& table) {
  return table ? model::TableSchemaPtr(table, &table->schema) : nullptr;
}

// "line 2, column 5: why" becomes the place in the file.
void place_reason(SchemaStatement& statement) {
  std::size_t line = 0, column = 0;
  int used = 0;
  if (std::sscanf(statement.reason.c_str(), "line %zu, column %zu: %n", &line, &column, &used) != 2 || used == 0)
    return;
  statement.reason.erase(0, static_cast<std::size_t>(used));
  statement.column = line == 1 ? statement.column + column - 1 : column;
  statement.line += line - 1;
}

void take_effect(const Effect& effect, SchemaStatement& statement) {
  statement.is_ddl = effect.is_ddl;
  statement.reason = effect.reason;
  statement.outcome = effect.outcome == Effect::Outcome::applied            ? SchemaStatement::Outcome::applied
                      : effect.outcome == Effect::Outcome::no_layout_change ? SchemaStatement::Outcome::no_layout_change
                                                                            : SchemaStatement::Outcome::not_understood;
  place_reason(statement);
  for (const TableEffect& table : effect.tables) {
    // With nothing but files, a table nobody told of is a hole in the picture.
    if (!table.before && !table.after && table.kind != TableEffect::Kind::dropped) {
      statement.outcome = SchemaStatement::Outcome::not_understood;
      statement.reason = table.kind == TableEffect::Kind::created
                             ? fmt::format("database {} is not known", table.name.database)
                             : fmt::format("table {}.{} is not known", table.name.database, table.name.table);
    }
    statement.tables.push_back({std::string(name_of(table.kind)), table.name.database, table.name.table,
                                table.new_name.database, table.new_name.table, schema_of(table.after)});
  }
}

}  // namespace

base::Result<SchemaScriptSummary> run_schema_scripts(const SchemaScriptOptions& options,
                                                     const std::function<bool(const SchemaStatement&)>& handler) {
  TRY_VALUE(const source::ServerTraits traits, traits_of(options));
  source::SchemaTracker tracker(traits);
  tracker.put_database(options.database, traits.default_collation);
  source::ScriptSession session(traits, options.database);
  SchemaScriptSummary summary;
  bool goes_on = true;
  for (const std::string& file : options.files) {
    TRY_VALUE(const std::string script, read_file(file));
    for (const source::ScriptStatement& found : source::split_script(script)) {
      SchemaStatement statement;
      statement.file = file;
      statement.line = found.line;
      statement.column = found.column;
      statement.text = found.text;
      if (session.take(found.text)) {
        // Dumps of one database say USE without CREATE DATABASE.
        const std::string& database = session.context().database;
        if (!tracker.databases().contains(database)) tracker.put_database(database, traits.default_collation);
      } else {
        take_effect(tracker.apply(session.context(), found.text), statement);
      }
      (statement.outcome == SchemaStatement::Outcome::applied            ? summary.applied
       : statement.outcome == SchemaStatement::Outcome::no_layout_change ? summary.no_layout_change
                                                                         : summary.not_understood)++;
      goes_on = handler(statement);
      if (!goes_on) break;
    }
    if (!goes_on) break;
  }
  for (const auto& [name, table] : tracker.tables()) summary.tables.push_back(schema_of(table));
  return summary;
}

}  // namespace tributary::task
