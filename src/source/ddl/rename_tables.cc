// A statement told with other table names.
#include <algorithm>
#include <cctype>

#include "mysql/connection.h"
#include "source/ddl/parser.h"
#include "source/ddl/tracker.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// What stands between two tokens, without comments but with the marks of those a server executes.
void append_gap(std::string& out, std::string_view gap) {
  for (std::size_t i = 0; i < gap.size();) {
    const std::string_view rest = gap.substr(i);
    const std::size_t end = rest.find("*/");
    if (rest.starts_with("/*!") || rest.starts_with("/*M!")) {
      const std::size_t length = end == std::string_view::npos ? rest.size() : end + 2;
      out += rest.substr(0, length);
      i += length;
    } else if (rest.starts_with("/*")) {
      i += end == std::string_view::npos ? rest.size() : end + 2;
      if (out.empty() || !is_space(out.back())) out += ' ';
    } else if (rest[0] == '#' || rest.starts_with("--")) {
      const std::size_t line = rest.find('\n');
      i += line == std::string_view::npos ? rest.size() : line;
    } else {
      out += rest[0];
      ++i;
    }
  }
}

}  // namespace

Result<std::string> rename_tables(const ServerTraits& traits, const StatementContext& context, std::string_view sql,
                                  const std::map<TableName, std::string>& new_names) {
  const ddl::ParseRules rules = ddl::parse_rules(traits, context.sql_mode);
  ddl::TokenCursor at(sql, rules.lex, ddl::tokenise(sql, rules.lex));
  const ddl::Statement statement = ddl::parse_statement(at, rules);
  if (!at.ok()) return fail(ErrorCode::data_statement_event, *at.failure());
  if (std::holds_alternative<ddl::NotDdl>(statement) || std::holds_alternative<ddl::OtherDdl>(statement))
    return fail(ErrorCode::data_statement_event, "the statement does not name tables in a way that is understood");

  const auto fold = [&](std::string text) {
    if (traits.lower_case_table_names != 0)
      std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  };
  std::map<TableName, std::string_view> folded;
  for (const auto& [name, new_name] : new_names) folded[{fold(name.database), fold(name.table)}] = new_name;

  const std::vector<ddl::TableReference>& names = at.noted_tables();
  auto name = names.begin();
  std::string out;
  std::size_t done = 0;  // of the statement
  for (const ddl::Token& token : at.tokens()) {
    if (token.offset < done) continue;  // a part of a name that is written already
    append_gap(out, sql.substr(done, token.offset - done));
    while (name != names.end() && name->begin < token.offset) ++name;
    done = token.offset + token.text.size();
    if (name != names.end() && name->begin == token.offset) {
      const auto found =
          folded.find({fold(name->database.empty() ? context.database : name->database), fold(name->table)});
      if (found != folded.end()) {
        out += mysql::quote_name(found->second);
        done = name->end;
        continue;
      }
    }
    out += token.text;
  }
  while (!out.empty() && (is_space(out.back()) || out.back() == ';')) out.pop_back();
  out.erase(0, static_cast<std::size_t>(std::find_if_not(out.begin(), out.end(), is_space) - out.begin()));
  return out;
}

}  // namespace tributary::source
