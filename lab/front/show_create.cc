#include "front/show_create.h"

#include <fmt/format.h>

#include "front/token.h"
#include "mysql/connection.h"

namespace tributary::lab {

namespace {

std::string quoted_list(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + mysql::quote_name(name);
  return out;
}

// Servers print one definition a line, with line breaks inside texts escaped.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// The product's numbering instead of the server's.
std::string with_group_numbers(std::string_view line) {
  const Sql sql(line);
  for (std::size_t at = 0; at < sql.size(); ++at)
    if (sql.is(at, "auto_increment"))
      return fmt::format("{}AUTO_INCREMENT BY GROUP{}", line.substr(0, sql[at].begin), line.substr(sql[at].end));
  return std::string(line);
}

std::string without_start_number(std::string_view options) {
  const Sql sql(options);
  for (std::size_t at = 0; at + 2 < sql.size(); ++at)
    if (sql.is(at, "auto_increment") && sql.is_symbol(at + 1, "="))
      return fmt::format("{}{}", options.substr(0, sql[at].begin),
                         options.substr(std::min<std::size_t>(sql[at + 2].end + 1, options.size())));
  return std::string(options);
}

}  // namespace

std::string logical_create_table(const TableDef& table, const std::vector<TablePtr>& indexes,
                                 std::string_view physical) {
  const auto lines = lines_of(physical);
  const bool own_numbers = table.kind == TableKind::single;
  std::vector<std::string> items;
  std::string options;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::string_view line = lines[i];
    if (line.starts_with(')')) {
      options = own_numbers ? std::string(line) : without_start_number(line);
      for (++i; i < lines.size(); ++i) options += "\n" + std::string(lines[i]);
      break;
    }
    if (line.find("`" + std::string(implicit_key) + "`") != std::string_view::npos) continue;
    if (line.ends_with(',')) line.remove_suffix(1);
    items.push_back(own_numbers ? std::string(line) : with_group_numbers(line));
  }
  for (const auto& index : indexes)
    items.push_back(fmt::format("  {}GLOBAL INDEX {}({}) COVERING ({}) {}", index->unique ? "UNIQUE " : "",
                                mysql::quote_name(index->name), quoted_list(index->index_columns),
                                quoted_list(index->covering), shard_clause(*index)));
  const std::string clause = shard_clause(table);
  return fmt::format("CREATE TABLE {} (\n{}\n{} {}", mysql::quote_name(table.name), fmt::join(items, ",\n"), options,
                     clause);
}

}  // namespace tributary::lab
