#include "source/ddl/tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "source/ddl/apply.h"
#include "source/ddl/catalogue.h"
#include "source/ddl/charsets.h"
#include "source/ddl/parser.h"
#include "source/ddl/table_change.h"

namespace tributary::source {

using ddl::Catalogue;
using ddl::Draft;
using ddl::Token;
using ddl::TokenCursor;

struct SchemaTracker::State {
  ServerTraits traits;
  Catalogue catalogue;
};

namespace {

bool may_be_ddl(const Token& first, bool is_mariadb) {
  if (first.kind != Token::Kind::word) return false;
  for (const std::string_view verb : {"create", "alter", "drop", "rename", "truncate"})
    if (ddl::same_word(first.text, verb)) return true;
  return is_mariadb && ddl::same_word(first.text, "set");  // SET STATEMENT ... FOR
}

// Every tracked table whose name stands in the text; all of a database whose name stands there without a table.
std::vector<TableName> named_tables(const Catalogue& catalogue, const StatementContext& context,
                                    const std::vector<Token>& tokens, const ddl::LexRules& rules) {
  std::set<std::string> words;
  for (const Token& token : tokens) {
    if (token.kind != Token::Kind::word && token.kind != Token::Kind::name && token.kind != Token::Kind::string)
      continue;
    std::string word = ddl::unquoted(token, rules);
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    words.insert(std::move(word));
  }
  const auto lower = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  };
  const bool is_cut = tokens.back().kind == Token::Kind::broken;
  std::vector<TableName> named;
  for (const auto& [key, table] : catalogue.tables) {
    const bool in_reach = words.contains(lower(key.database)) || lower(context.database) == lower(key.database);
    if (is_cut || (in_reach && words.contains(lower(key.table))))
      named.push_back({table->schema.database, table->schema.table});
  }
  return named;
}

Effect refused(const Catalogue& catalogue, const StatementContext& context, const std::vector<Token>& tokens,
               const ddl::LexRules& rules, std::string reason) {
  Effect effect;
  effect.outcome = Effect::Outcome::not_understood;
  effect.is_ddl = true;
  effect.reason = std::move(reason);
  effect.concerned = named_tables(catalogue, context, tokens, rules);
  return effect;
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) > 0; });
}

// The statement in UTF-8, or nothing if its bytes are not of the character set said.
std::optional<std::string> in_utf8(const StatementContext& context, std::string_view sql) {
  const std::string charset = ddl::long_name(context.client_charset);
  if (charset.empty() || charset.starts_with("utf8") || charset == "binary" || is_plain(sql)) return std::string(sql);
  return ddl::to_utf8(sql, charset);
}

Effect place(const ServerTraits& traits, const Catalogue& catalogue, const StatementContext& context,
             std::string_view original, Draft& draft) {
  const ddl::ParseRules rules = ddl::parse_rules(traits, context.sql_mode);
  if (const auto first = ddl::tokenise(original, rules.lex, 1); !may_be_ddl(first[0], rules.is_mariadb())) return {};
  const std::optional<std::string> sql = in_utf8(context, original);
  if (!sql)
    return refused(catalogue, context, ddl::tokenise(original, rules.lex), rules.lex,
                   fmt::format("the statement is not text in {}", context.client_charset));
  TokenCursor at(*sql, rules.lex, ddl::tokenise(*sql, rules.lex));
  const ddl::Statement statement = ddl::parse_statement(at, rules);
  if (!at.ok()) return refused(catalogue, context, at.tokens(), rules.lex, *at.failure());
  Effect effect;
  effect.is_ddl = !std::holds_alternative<ddl::NotDdl>(statement);
  const ddl::Session session{traits, context};
  if (auto done = ddl::apply_statement(session, statement, draft, effect); !done)
    return refused(catalogue, context, at.tokens(), rules.lex,
                   fmt::format("{}: {}", ddl::place_in(*sql, done.error().offset), done.error().reason));
  const bool changes = std::any_of(effect.tables.begin(), effect.tables.end(), [](const TableEffect& table) {
    return (table.before || table.after) && table.kind != TableEffect::Kind::emptied &&
           table.kind != TableEffect::Kind::unchanged;
  });
  effect.outcome = changes ? Effect::Outcome::applied : Effect::Outcome::no_layout_change;
  return effect;
}

}  // namespace

SchemaTracker::SchemaTracker(ServerTraits traits) : state_(new State{std::move(traits), Catalogue(0)}) {
  state_->catalogue.folds = state_->traits.lower_case_table_names != 0;
}
SchemaTracker::~SchemaTracker() = default;
SchemaTracker::SchemaTracker(const SchemaTracker& other) : state_(new State(*other.state_)) {}
SchemaTracker& SchemaTracker::operator=(const SchemaTracker& other) {
  if (this != &other) state_ = std::make_unique<State>(*other.state_);
  return *this;
}
SchemaTracker::SchemaTracker(SchemaTracker&&) noexcept = default;
SchemaTracker& SchemaTracker::operator=(SchemaTracker&&) noexcept = default;

void SchemaTracker::put_database(std::string_view name, std::string_view collation) {
  Catalogue& catalogue = state_->catalogue;
  catalogue.databases.insert_or_assign(catalogue.fold(name),
                                       Catalogue::Database{std::string(name), ddl::long_name(collation)});
}

void SchemaTracker::put_table(TrackedTable table) {
  Catalogue& catalogue = state_->catalogue;
  table.collation = ddl::long_name(table.collation);
  for (TrackedIndex& index : table.indexes) index.prefixes.resize(index.columns.size());
  const TableName key = catalogue.fold(TableName{table.schema.database, table.schema.table});
  // A table needs its database; what it says of itself will do until the database is told of.
  catalogue.databases.try_emplace(key.database, Catalogue::Database{table.schema.database, table.collation});
  catalogue.tables[key] = std::make_shared<const TrackedTable>(std::move(table));
}

void SchemaTracker::remove_table(const TableName& name) {
  state_->catalogue.tables.erase(state_->catalogue.fold(name));
}

Effect SchemaTracker::apply(const StatementContext& context, std::string_view sql) {
  Draft draft(state_->catalogue);
  Effect effect = place(state_->traits, state_->catalogue, context, sql, draft);
  if (effect.outcome != Effect::Outcome::not_understood) std::move(draft).commit(state_->catalogue);
  return effect;
}

Effect SchemaTracker::look(const StatementContext& context, std::string_view sql) const {
  Draft draft(state_->catalogue);
  return place(state_->traits, state_->catalogue, context, sql, draft);
}

TrackedTablePtr SchemaTracker::find(std::string_view database, std::string_view table) const {
  const Catalogue& catalogue = state_->catalogue;
  const auto found = catalogue.tables.find({catalogue.fold(database), catalogue.fold(table)});
  return found == catalogue.tables.end() ? nullptr : found->second;
}

std::map<TableName, TrackedTablePtr> SchemaTracker::tables() const {
  std::map<TableName, TrackedTablePtr> tables;
  for (const auto& [key, table] : state_->catalogue.tables)
    tables.emplace(TableName{table->schema.database, table->schema.table}, table);
  return tables;
}

std::map<std::string, std::string> SchemaTracker::databases() const {
  std::map<std::string, std::string> databases;
  for (const auto& [key, database] : state_->catalogue.databases) databases.emplace(database.name, database.collation);
  return databases;
}

const ServerTraits& SchemaTracker::traits() const { return state_->traits; }

}  // namespace tributary::source
