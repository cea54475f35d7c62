#include "source/binlog/statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "source/binlog/stream.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

bool is_word(char c) {
  const unsigned char u = static_cast<unsigned char>(c);
  return std::isalnum(u) || c == '_' || c == '$' || u >= 0x80;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}

// Words and back-quoted names, in order; comments and strings left out. Executable comments count as text.
std::vector<std::string> words(std::string_view sql, std::size_t count_max) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < sql.size() && out.size() < count_max;) {
    const char c = sql[i];
    if (c == '`') {
      std::string name;
      for (++i; i < sql.size(); ++i) {
        if (sql[i] == '`') {
          if (i + 1 < sql.size() && sql[i + 1] == '`') ++i;
          else break;
        }
        name += sql[i];
      }
      ++i;
      out.push_back(std::move(name));
    } else if (c == '\'' || c == '"') {
      for (++i; i < sql.size() && sql[i] != c; ++i)
        if (sql[i] == '\\') ++i;
      ++i;
    } else if (c == '/' && sql.substr(i).starts_with("/*") && !sql.substr(i).starts_with("/*!")) {
      const std::size_t end = sql.find("*/", i + 2);
      i = end == std::string_view::npos ? sql.size() : end + 2;
    } else if (c == '#' || sql.substr(i).starts_with("-- ")) {
      const std::size_t end = sql.find('\n', i);
      i = end == std::string_view::npos ? sql.size() : end + 1;
    } else if (is_word(c)) {
      const std::size_t begin = i;
      while (i < sql.size() && is_word(sql[i])) ++i;
      out.emplace_back(sql.substr(begin, i - begin));
    } else {
      ++i;
    }
  }
  return out;
}

bool changes_rows(std::string_view verb) {
  static constexpr std::array verbs = {"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD"};
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

// Statements that name a table without touching its structure or rows.
bool is_harmless(std::string_view verb) {
  static constexpr std::array verbs = {"ANALYZE", "OPTIMIZE", "REPAIR", "CHECK", "FLUSH", "GRANT", "REVOKE", "SAVEPOINT", "RELEASE"};
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

}  // namespace

StatementNames::StatementNames(const std::vector<CapturedTable>& tables) {
  for (std::uint32_t i = 0; i < tables.size(); ++i) {
    databases_[tables[i].database][tables[i].table] = i;
    tables_[tables[i].table].emplace_back(tables[i].database, i);
  }
}

std::int64_t StatementNames::find(std::string_view database, std::string_view table) const {
  const auto in = databases_.find(database);
  if (in == databases_.end()) return -1;
  const auto found = in->second.find(table);
  return found == in->second.end() ? -1 : static_cast<std::int64_t>(found->second);
}

Result<std::vector<std::uint32_t>> StatementNames::captured(std::string_view database, std::string_view sql) const {
  constexpr std::size_t words_max = 100'000;
  std::vector<std::uint32_t> found;
  const std::vector<std::string> all = words(sql, words_max);
  if (all.empty()) return found;
  const std::string verb = upper(all[0]);
  if (is_harmless(verb)) return found;
  if (verb == "DROP" && all.size() > 2 && (upper(all[1]) == "DATABASE" || upper(all[1]) == "SCHEMA")) {
    for (const std::string& word : all)
      if (const auto in = databases_.find(word); in != databases_.end())
        for (const auto& [table, index] : in->second) found.push_back(index);
    return found;
  }
  const std::set<std::string_view> present(all.begin(), all.end());
  for (const std::string_view word : present) {
    const auto candidates = tables_.find(word);
    if (candidates == tables_.end()) continue;
    for (const auto& [table_database, index] : candidates->second)
      if (table_database == database || present.contains(table_database)) found.push_back(index);
  }
  if (!found.empty() && changes_rows(verb)) return fail(ErrorCode::data_statement_event, fmt::format("{:.200}", sql));
  return found;
}

}  // namespace tributary::source
