#include "source/topology/schema_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <unordered_map>

#include "source/ddl/tracker.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;
using model::Column;
using model::ColumnType;
using model::Key;
using model::TableSchema;

namespace {

const std::unordered_map<std::string_view, ColumnType>& types_by_name() {
  using enum ColumnType;
  static const std::unordered_map<std::string_view, ColumnType> types = {{"tinyint", tinyint},
                                                                         {"smallint", smallint},
                                                                         {"mediumint", mediumint},
                                                                         {"int", int_},
                                                                         {"bigint", bigint},
                                                                         {"decimal", decimal},
                                                                         {"float", float_},
                                                                         {"double", double_},
                                                                         {"bit", bit},
                                                                         {"year", year},
                                                                         {"date", date},
                                                                         {"time", time},
                                                                         {"datetime", datetime},
                                                                         {"timestamp", timestamp},
                                                                         {"char", char_},
                                                                         {"varchar", varchar},
                                                                         {"tinytext", tinytext},
                                                                         {"text", text},
                                                                         {"mediumtext", mediumtext},
                                                                         {"longtext", longtext},
                                                                         {"binary", binary},
                                                                         {"varbinary", varbinary},
                                                                         {"tinyblob", tinyblob},
                                                                         {"blob", blob},
                                                                         {"mediumblob", mediumblob},
                                                                         {"longblob", longblob},
                                                                         {"enum", enum_},
                                                                         {"set", set},
                                                                         {"json", json},
                                                                         {"geometry", geometry},
                                                                         {"point", geometry},
                                                                         {"linestring", geometry},
                                                                         {"polygon", geometry},
                                                                         {"multipoint", geometry},
                                                                         {"multilinestring", geometry},
                                                                         {"multipolygon", geometry},
                                                                         {"geometrycollection", geometry},
                                                                         {"geomcollection", geometry},
                                                                         {"vector", vector},
                                                                         {"uuid", uuid},
                                                                         {"inet4", inet4},
                                                                         {"inet6", inet6}};
  return types;
}

template <typename T>
T number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return static_cast<T>(std::min<std::uint64_t>(value, std::numeric_limits<T>::max()));
}

Result<Column> read_column(const mysql::Table& t, std::size_t row, const std::string& where) {
  Column column;
  column.name = t.text(row, "COLUMN_NAME");
  const auto type = types_by_name().find(t.text(row, "DATA_TYPE"));
  if (type == types_by_name().end())
    return fail(ErrorCode::source_unsupported,
                fmt::format("column {} is of type {}", column.name, t.text(row, "COLUMN_TYPE")), where);
  column.type = type->second;
  column.declared_type = t.text(row, "COLUMN_TYPE");
  column.is_unsigned = column.declared_type.find("unsigned") != std::string::npos && column.type != ColumnType::enum_ &&
                       column.type != ColumnType::set;
  column.is_nullable = t.text(row, "IS_NULLABLE") == "YES";
  column.is_hidden = column.name == drds_implicit_column || column.name == rds_row_id_column;
  const std::string_view extra = t.text(row, "EXTRA");
  column.is_generated = extra.find("VIRTUAL") != std::string_view::npos ||
                        extra.find("STORED") != std::string_view::npos ||
                        extra.find("PERSISTENT") != std::string_view::npos;
  column.charset = t.text(row, "CHARACTER_SET_NAME");
  column.collation = t.text(row, "COLLATION_NAME");
  column.precision = number<std::uint8_t>(t.text(row, "NUMERIC_PRECISION"));
  column.scale = number<std::uint8_t>(t.text(row, "NUMERIC_SCALE"));
  column.fraction_digits = number<std::uint8_t>(t.text(row, "DATETIME_PRECISION"));
  column.length = column.type == ColumnType::bit ? column.precision
                                                 : number<std::uint32_t>(t.text(row, "CHARACTER_MAXIMUM_LENGTH"));
  if (column.type == ColumnType::enum_ || column.type == ColumnType::set)
    column.labels = parse_labels(column.declared_type);
  return column;
}

std::string in_list(mysql::Connection& connection, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ",") + connection.quote(name);
  return list;
}

}  // namespace

std::vector<std::string> parse_labels(std::string_view declared) {
  std::vector<std::string> labels;
  const std::size_t open = declared.find('(');
  if (open == std::string_view::npos) return labels;
  for (std::size_t i = open + 1; i < declared.size() && declared[i] == '\'';) {
    std::string label;
    for (++i; i < declared.size(); ++i) {
      if (declared[i] == '\'') {
        if (i + 1 < declared.size() && declared[i + 1] == '\'') {
          label += '\'';
          ++i;
          continue;
        }
        break;
      }
      // The server writes these four escapes here whatever the SQL mode.
      if (declared[i] == '\\' && i + 1 < declared.size()) {
        const char next = declared[i + 1];
        const std::string_view from = "0nr\\";
        if (const auto at = from.find(next); at != std::string_view::npos) {
          label += std::string_view("\0\n\r\\", 4)[at];
          ++i;
          continue;
        }
      }
      label += declared[i];
    }
    labels.push_back(std::move(label));
    ++i;
    if (i < declared.size() && declared[i] == ',')
      ++i;
    else
      break;
  }
  return labels;
}

void finish_schema(TableSchema& schema) {
  schema.identity.clear();
  schema.identity_is_hidden = false;
  const auto all_of_key = [&](const Key& key, auto predicate) {
    return std::all_of(key.columns.begin(), key.columns.end(), [&](auto c) { return predicate(schema.columns[c]); });
  };
  for (const Key& key : schema.keys) {
    if (key.is_primary || all_of_key(key, [](const Column& c) { return !c.is_nullable; })) {
      schema.identity = key.columns;
      break;
    }
  }
  if (schema.identity.empty()) {
    for (std::uint32_t i = 0; i < schema.columns.size(); ++i)
      if (schema.columns[i].is_hidden) {
        schema.identity = {i};
        schema.identity_is_hidden = true;
      }
  }
  schema.version = model::schema_version(schema);
}

std::vector<Key> keys_of(const TrackedTable& table) {
  const auto lower = [](std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
  };
  const std::vector<Column>& columns = table.schema.columns;
  std::vector<Key> keys;
  for (const TrackedIndex& index : table.indexes) {
    if (!index.is_unique || index.is_functional) continue;
    Key key{index.name, index.is_primary, {}};
    for (std::size_t part = 0; part < index.columns.size(); ++part) {
      const auto column = std::find_if(columns.begin(), columns.end(),
                                       [&](const Column& c) { return lower(c.name) == lower(index.columns[part]); });
      // A key on a prefix does not tell rows apart by stored column values.
      const bool is_part = part < index.prefixes.size() && index.prefixes[part] != 0;
      if (column == columns.end() || column->is_hidden || is_part) break;
      key.columns.push_back(static_cast<std::uint32_t>(column - columns.begin()));
    }
    if (key.columns.size() == index.columns.size()) keys.push_back(std::move(key));
  }
  std::stable_sort(keys.begin(), keys.end(), [&](const Key& a, const Key& b) {
    return a.is_primary != b.is_primary ? a.is_primary : lower(a.name) < lower(b.name);
  });
  return keys;
}

namespace {

// Rows of TABLES, COLUMNS and STATISTICS for these tables, put together.
base::Status read_batch(mysql::Connection& connection, const std::string& database, const std::string& condition,
                        std::map<std::string, TrackedTable>& tables) {
  const bool is_mariadb = connection.flavour() == mysql::Flavour::mariadb;
  TRY_VALUE(const mysql::Table bases,
            connection.query(fmt::format("SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION, CREATE_OPTIONS FROM "
                                         "information_schema.TABLES WHERE TABLE_SCHEMA = {}{} "
                                         "AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')",
                                         connection.quote(database), condition)));
  std::set<std::string, std::less<>> versioned, in_memory;
  for (std::size_t row = 0; row < bases.rows.size(); ++row) {
    if (bases.text(row, "TABLE_TYPE") == "SYSTEM VERSIONED") versioned.emplace(bases.text(row, "TABLE_NAME"));
    if (bases.text(row, "ENGINE") == "MEMORY") in_memory.emplace(bases.text(row, "TABLE_NAME"));
    TrackedTable& table = tables[std::string(bases.text(row, "TABLE_NAME"))];
    table.schema.database = database;
    table.schema.table = bases.text(row, "TABLE_NAME");
    table.collation = bases.text(row, "TABLE_COLLATION");
    table.is_partitioned = bases.text(row, "CREATE_OPTIONS").find("partitioned") != std::string_view::npos;
  }
  TRY_VALUE(const mysql::Table columns,
            connection.query(
                fmt::format("SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, "
                            "CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, "
                            "NUMERIC_SCALE, DATETIME_PRECISION, CHARACTER_SET_NAME, COLLATION_NAME, EXTRA{} FROM "
                            "information_schema.COLUMNS "
                            "WHERE TABLE_SCHEMA = {}{} ORDER BY TABLE_NAME, ORDINAL_POSITION",
                            is_mariadb ? ", GENERATION_EXPRESSION" : "", connection.quote(database), condition)));
  for (std::size_t row = 0; row < columns.rows.size(); ++row) {
    const auto table = tables.find(std::string(columns.text(row, "TABLE_NAME")));
    if (table == tables.end()) continue;  // a view
    TRY_VALUE(Column column, read_column(columns, row, database + "." + table->first));
    TableSchema& schema = table->second.schema;
    if (columns.text(row, "GENERATION_EXPRESSION") == "ROW END" && versioned.contains(table->first))
      schema.row_end = static_cast<std::uint32_t>(schema.columns.size());
    schema.columns.push_back(std::move(column));
  }
  TRY_VALUE(const mysql::Table parts,
            connection.query(fmt::format("SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART, INDEX_TYPE "
                                         "FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = {}{} "
                                         "ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
                                         connection.quote(database), condition)));
  for (std::size_t row = 0; row < parts.rows.size(); ++row) {
    const auto found = tables.find(std::string(parts.text(row, "TABLE_NAME")));
    if (found == tables.end()) continue;
    std::vector<TrackedIndex>& indexes = found->second.indexes;
    const std::string_view name = parts.text(row, "INDEX_NAME");
    if (indexes.empty() || indexes.back().name != name) {
      indexes.emplace_back();
      indexes.back().name = name;
      indexes.back().is_primary = name == "PRIMARY";
      indexes.back().is_unique = parts.text(row, "NON_UNIQUE") == "0";
      // A key too long for a tree is one over a hidden column with the hash of its values.
      if (is_mariadb && indexes.back().is_unique && parts.text(row, "INDEX_TYPE") == "HASH" &&
          !in_memory.contains(found->first))
        found->second.schema.tail.push_back(model::TailColumn::row_hash);
    }
    const std::string_view column = parts.text(row, "COLUMN_NAME");
    if (column.empty()) {
      indexes.back().is_functional = true;
      continue;
    }
    indexes.back().columns.emplace_back(column);
    const bool is_spatial = parts.text(row, "INDEX_TYPE") == "SPATIAL";  // shows a length though it has none
    indexes.back().prefixes.push_back(is_spatial ? 0 : number<std::uint32_t>(parts.text(row, "SUB_PART")));
  }
  for (const std::string& name : versioned) {
    TableSchema& schema = tables[name].schema;
    if (schema.row_end) continue;
    schema.tail.insert(schema.tail.begin(), {model::TailColumn::row_start, model::TailColumn::row_end});
    schema.row_end = static_cast<std::uint32_t>(schema.columns.size() + 1);
  }
  return {};
}

}  // namespace

Result<std::map<std::string, TrackedTable>> read_tables(mysql::Connection& connection, const std::string& database,
                                                        const std::vector<std::string>& tables) {
  std::map<std::string, TrackedTable> read;
  if (connection.flavour() == mysql::Flavour::mysql && connection.version_number() >= 80030)
    TRY(connection.execute("SET SESSION show_gipk_in_create_table_and_information_schema = ON"));
  constexpr std::size_t batch_max = 500;
  if (tables.empty()) TRY(read_batch(connection, database, "", read));
  for (std::size_t from = 0; from < tables.size(); from += batch_max) {
    const std::vector<std::string> names(
        tables.begin() + static_cast<std::ptrdiff_t>(from),
        tables.begin() + static_cast<std::ptrdiff_t>(std::min(tables.size(), from + batch_max)));
    TRY(read_batch(connection, database, fmt::format(" AND TABLE_NAME IN ({})", in_list(connection, names)), read));
  }
  for (auto& [name, table] : read) {
    table.schema.keys = keys_of(table);
    finish_schema(table.schema);
  }
  return read;
}

Result<std::map<std::string, TableSchema>> read_schemas(mysql::Connection& connection, const std::string& database,
                                                        const std::vector<std::string>& tables) {
  std::map<std::string, TableSchema> schemas;
  if (tables.empty()) return schemas;
  TRY_VALUE(auto read, read_tables(connection, database, tables));
  for (auto& [name, table] : read) schemas.emplace(name, std::move(table.schema));
  return schemas;
}

bool same_structure(const TableSchema& a, const TableSchema& b, std::string* difference) {
  const auto say = [&](std::string text) {
    if (difference) *difference = std::move(text);
    return false;
  };
  if (a.columns.size() != b.columns.size())
    return say(fmt::format("{} columns against {}", a.columns.size(), b.columns.size()));
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    const Column &x = a.columns[i], &y = b.columns[i];
    if (x.name != y.name) return say(fmt::format("column {} is {} against {}", i + 1, x.name, y.name));
    if (x.declared_type != y.declared_type || x.charset != y.charset)
      return say(fmt::format("column {} is {} {} against {} {}", x.name, x.declared_type, x.charset, y.declared_type,
                             y.charset));
  }
  if (a.identity != b.identity || a.tail != b.tail) return say("their keys differ");
  if (a.row_end != b.row_end) return say("only one is system-versioned");
  return true;
}

namespace {

// Splits the body of a CREATE TABLE at top-level commas, minding quotes, back quotes and parentheses.
std::vector<std::string_view> split_items(std::string_view body) {
  std::vector<std::string_view> items;
  std::size_t begin = 0;
  int depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (quote) {
      if (c == '\\' && quote != '`')
        ++i;
      else if (c == quote)
        quote = 0;
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      --depth;
    } else if (c == ',' && depth == 0) {
      items.push_back(body.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  items.push_back(body.substr(begin));
  return items;
}

std::size_t matching_parenthesis(std::string_view text, std::size_t open) {
  int depth = 0;
  char quote = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    const char c = text[i];
    if (quote) {
      if (c == '\\' && quote != '`')
        ++i;
      else if (c == quote)
        quote = 0;
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

void remove_option(std::string& options, std::string_view name) {
  const std::size_t at = options.find(name);
  if (at == std::string::npos) return;
  std::size_t end = at + name.size();
  while (end < options.size() && std::isdigit(static_cast<unsigned char>(options[end]))) ++end;
  options.erase(at, end - at);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<std::string> read_create_statement(mysql::Connection& connection, const std::string& physical_database,
                                          const std::string& physical_table, const std::string& table) {
  const std::string name = mysql::quote_name(physical_database) + "." + mysql::quote_name(physical_table);
  TRY_VALUE(const mysql::Table answer, connection.query("SHOW CREATE TABLE " + name));
  const std::string_view text = answer.rows.empty() ? std::string_view{} : answer.text(0, "Create Table");
  const std::size_t open = text.find(mysql::quote_name(physical_table) + " (");
  const std::size_t body_begin =
      open == std::string_view::npos ? open : text.find('(', open + physical_table.size() + 2);
  const std::size_t body_end =
      body_begin == std::string_view::npos ? body_begin : matching_parenthesis(text, body_begin);
  if (body_end == std::string_view::npos)
    return fail(ErrorCode::source_query, "SHOW CREATE TABLE gave no table definition", name);

  const std::string hidden = mysql::quote_name(drds_implicit_column);
  std::string body;
  for (std::string_view item : split_items(text.substr(body_begin + 1, body_end - body_begin - 1))) {
    item = trimmed(item);
    if (item.starts_with(hidden) || item.find("(" + hidden + ")") != std::string_view::npos) continue;
    if (item.starts_with("KEY `auto_shard_key_")) continue;
    body += (body.empty() ? "\n  " : ",\n  ") + std::string(item);
  }
  std::string options(text.substr(body_end + 1));
  remove_option(options, " AUTO_INCREMENT=");
  return "CREATE TABLE " + mysql::quote_name(table) + " (" + body + "\n)" + options;
}

}  // namespace tributary::source
