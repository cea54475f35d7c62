#include "compare/source.h"

#include <fmt/format.h>

namespace tributary::lab {

using base::Result;
using base::Status;

Result<mysql::Connection> open_source(const mysql::Endpoint& front) {
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(front));
  TRY(connection.execute("SET time_zone = '+00:00'"));
  return connection;
}

Result<std::vector<std::string>> source_tables(mysql::Connection& front) {
  TRY_VALUE(const mysql::Table tables, front.query("SHOW TABLES"));
  std::vector<std::string> names;
  for (const auto& row : tables.rows) names.push_back(row[0].value_or(""));
  return names;
}

Result<SourceTable> source_table(mysql::Connection& front, const std::string& name) {
  TRY_VALUE(const mysql::Table columns, front.query("SHOW COLUMNS FROM " + mysql::quote_name(name)));
  SourceTable table{name, {}};
  for (std::size_t i = 0; i < columns.rows.size(); ++i)
    table.columns.push_back({std::string(columns.text(i, "Field")), class_of_type(columns.text(i, "Type")),
                             columns.text(i, "Key") == "PRI"});
  return table;
}

Status read_source_rows(mysql::Connection& front, const SourceTable& table,
                        const std::function<void(const std::vector<std::string>&)>& take) {
  std::string list;
  for (const SourceColumn& column : table.columns)
    list += (list.empty() ? "" : ", ") + source_expression(column.value_class, mysql::quote_name(column.name));
  TRY_VALUE(mysql::RowStream rows, front.stream(fmt::format("SELECT {} FROM {}", list, mysql::quote_name(table.name))));
  std::vector<std::string> cells(table.columns.size());
  mysql::RowView row;
  while (true) {
    TRY_VALUE(const bool more, rows.next(row));
    if (!more) return {};
    for (std::size_t i = 0; i < cells.size(); ++i) {
      std::optional<std::string_view> text;
      if (row.values[i] != nullptr) text = std::string_view(row.values[i], row.lengths[i]);
      cells[i] = canonical(table.columns[i].value_class, text);
    }
    take(cells);
  }
}

}  // namespace tributary::lab
