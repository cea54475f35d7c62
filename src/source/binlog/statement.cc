#include "source/binlog/statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

bool is_word(char c) {
  const unsigned char u = static_cast<unsigned char>(c);
  return std::isalnum(u) || c == '_' || c == '$' || u >= 0x80;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

struct Word {
  enum class Kind : std::uint8_t { plain, quoted, dot, in_double_quotes } kind;
  std::string text;  // in lower case
};

// Words, quoted names and the dots between them, in order; comments and strings left out. Executable comments count as
// text. What stands in double quotes is a string or, with ANSI_QUOTES, a name.
std::vector<Word> words(std::string_view sql, std::size_t count_max) {
  using enum Word::Kind;
  std::vector<Word> out;
  for (std::size_t i = 0; i < sql.size() && out.size() < count_max;) {
    const char c = sql[i];
    if (c == '`') {
      std::string name;
      for (++i; i < sql.size(); ++i) {
        if (sql[i] == '`') {
          if (i + 1 < sql.size() && sql[i + 1] == '`')
            ++i;
          else
            break;
        }
        name += sql[i];
      }
      ++i;
      out.push_back({quoted, lower(name)});
    } else if (c == '\'' || c == '"') {
      const std::size_t begin = i + 1;
      for (++i; i < sql.size() && sql[i] != c; ++i)
        if (sql[i] == '\\') ++i;
      if (c == '"' && i < sql.size()) out.push_back({in_double_quotes, lower(sql.substr(begin, i - begin))});
      ++i;
    } else if (c == '.') {
      out.push_back({dot, {}});
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
      out.push_back({plain, lower(sql.substr(begin, i - begin))});
    } else {
      ++i;
    }
  }
  return out;
}

bool changes_rows(std::string_view verb) {
  static constexpr std::array verbs = {"insert", "update", "delete", "replace", "load"};
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

// Statements that name a table without touching its structure or rows.
bool is_harmless(std::string_view verb) {
  static constexpr std::array verbs = {"analyze", "optimize", "repair",    "check",  "flush",
                                       "grant",   "revoke",   "savepoint", "release"};
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

}  // namespace

bool names_word(std::string_view sql, std::string_view word) {
  constexpr std::size_t words_max = 10'000;
  const std::vector<Word> all = words(sql, words_max);
  return std::any_of(all.begin(), all.end(),
                     [&](const Word& one) { return one.kind == Word::Kind::plain && one.text == word; });
}

void StatementNames::add(std::string_view database, std::string_view table) {
  databases_[std::string(database)][std::string(table)] = size_;
  tables_[lower(table)].emplace_back(lower(database), size_);
  ++size_;
}

std::int64_t StatementNames::find(std::string_view database, std::string_view table) const {
  const auto in = databases_.find(database);
  if (in == databases_.end()) return -1;
  const auto found = in->second.find(table);
  return found == in->second.end() ? -1 : static_cast<std::int64_t>(found->second);
}

Result<std::vector<std::uint32_t>> StatementNames::captured(std::string_view default_database,
                                                            std::string_view sql) const {
  constexpr std::size_t words_max = 100'000;
  std::vector<std::uint32_t> found;
  const std::vector<Word> all = words(sql, words_max);
  if (all.empty()) return found;
  const std::string& verb = all[0].text;
  if (is_harmless(verb)) return found;
  if (verb == "drop" && all.size() > 2 && (all[1].text == "database" || all[1].text == "schema")) {
    for (const Word& word : all)
      for (const auto& [database, tables] : databases_)
        if (lower(database) == word.text)
          for (const auto& [table, index] : tables) found.push_back(index);
    return found;
  }
  const bool is_data = changes_rows(verb);
  const std::string database = lower(default_database);
  std::set<std::uint32_t> named;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].kind == Word::Kind::dot || (is_data && all[i].kind == Word::Kind::in_double_quotes)) continue;
    const auto candidates = tables_.find(all[i].text);
    if (candidates == tables_.end()) continue;
    const bool qualified = i >= 2 && all[i - 1].kind == Word::Kind::dot;
    const std::string& wanted = qualified ? all[i - 2].text : database;
    for (const auto& [table_database, index] : candidates->second)
      if (table_database == wanted) named.insert(index);
  }
  found.assign(named.begin(), named.end());
  if (!found.empty() && is_data) return fail(ErrorCode::data_statement_event, fmt::format("{:.200}", sql));
  return found;
}

}  // namespace tributary::source
