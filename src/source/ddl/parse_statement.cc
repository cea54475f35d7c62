// Which statement it is, and the short ones: databases, DROP, RENAME, TRUNCATE.
#include <fmt/format.h>

#include "source/ddl/charsets.h"
#include "source/ddl/parser.h"

namespace tributary::source::ddl {

namespace {

bool accept_if_not_exists(TokenCursor& at) {
  if (!at.is("if") || !at.is("not", 1)) return false;
  at.next();
  at.next();
  return at.expect("exists");
}

void parse_database_options(TokenCursor& at, CharsetClause& charset) {
  while (at.ok() && !at.at_end()) {
    if (parse_charset_option(at, charset)) continue;
    at.accept("default");
    if (at.accept("read")) {
      at.expect("only");
    } else if (!at.accept_any({"encryption", "comment"})) {
      at.fail("an option of the database is expected");
      return;
    }
    at.accept_symbol('=');
    at.next();
  }
}

Statement parse_create(TokenCursor& at, const ParseRules& rules) {
  const bool or_replace = at.is("or") && at.is("replace", 1);
  const std::size_t skip = or_replace ? 2 : 0;
  const auto go = [&](std::size_t words) {
    for (std::size_t i = 0; i < words; ++i) at.next();
  };
  if (at.is("table", skip) || (at.is("temporary", skip) && at.is("table", skip + 1))) {
    const bool is_temporary = at.is("temporary", skip);
    go(skip + (is_temporary ? 2 : 1));
    CreateTable create = parse_create_table(at, rules);
    create.or_replace = or_replace;
    create.is_temporary = is_temporary;
    return create;
  }
  if (at.is("database", skip) || at.is("schema", skip)) {
    go(skip + 1);
    CreateDatabase create;
    create.or_replace = or_replace;
    create.if_not_exists = accept_if_not_exists(at);
    create.name = at.identifier("a database's name");
    parse_database_options(at, create.charset);
    return create;
  }
  const std::size_t online = skip + (at.is("online", skip) || at.is("offline", skip) ? 1 : 0);
  const bool with_kind =
      at.is("unique", online) || at.is("fulltext", online) || at.is("spatial", online) || at.is("vector", online);
  if (at.is("index", online) || (with_kind && at.is("index", online + 1))) return parse_create_index(at);
  return OtherDdl{};
}

Statement parse_alter(TokenCursor& at, const ParseRules& rules) {
  std::size_t skip = 0;
  while (at.is("online", skip) || at.is("offline", skip) || at.is("ignore", skip)) ++skip;
  if (at.is("table", skip)) {
    for (std::size_t i = 0; i <= skip; ++i) at.next();
    return parse_alter_table(at, rules);
  }
  if (at.accept_any({"database", "schema"})) {
    AlterDatabase alter;
    const bool is_option = at.is("default") || at.is("charset") || at.is("collate") ||
                           ((at.is("character") || at.is("char")) && at.is("set", 1)) || at.is("encryption") ||
                           (at.is("read") && at.is("only", 1)) || at.is("comment");
    if (!is_option || (!at.is_symbol('=', 1) && at.is_identifier(1) && at.is("default") && !at.is("charset", 1) &&
                       !at.is("character", 1) && !at.is("char", 1) && !at.is("collate", 1) && !at.is("encryption", 1)))
      alter.name = at.identifier("a database's name");
    if (at.accept("upgrade")) return OtherDdl{};
    parse_database_options(at, alter.charset);
    return alter;
  }
  return OtherDdl{};
}

Statement parse_drop(TokenCursor& at) {
  const bool is_temporary = at.is("temporary");
  const std::size_t skip = is_temporary ? 1 : 0;
  if (at.is("table", skip) || at.is("tables", skip)) {
    if (is_temporary) at.next();
    at.next();
    DropTables drop;
    drop.is_temporary = is_temporary;
    drop.if_exists = at.accept("if", "exists");
    do {
      drop.tables.push_back(parse_mapped_table(at));
    } while (at.accept_symbol(','));
    skip_wait(at);
    at.accept_any({"restrict", "cascade"});
    return drop;
  }
  if (at.accept_any({"database", "schema"})) {
    DropDatabase drop;
    drop.if_exists = at.accept("if", "exists");
    drop.name = at.identifier("a database's name");
    return drop;
  }
  const std::size_t online = at.is("online") || at.is("offline") ? 1 : 0;
  if (at.is("index", online)) {
    for (std::size_t i = 0; i <= online; ++i) at.next();
    return parse_drop_index(at);
  }
  return OtherDdl{};
}

RenameTables parse_rename(TokenCursor& at) {
  RenameTables rename;
  const bool if_exists = at.accept("if", "exists");
  do {
    RenameTables::Pair pair;
    pair.if_exists = if_exists;
    pair.from = parse_mapped_table(at);
    skip_wait(at);
    at.expect("to");
    pair.to = parse_mapped_table(at);
    rename.pairs.push_back(std::move(pair));
  } while (at.accept_symbol(','));
  return rename;
}

// MariaDB: SET STATEMENT name=value, ... FOR the statement itself.
bool skip_set_statement(TokenCursor& at) {
  if (!at.is("set") || !at.is("statement", 1)) return true;
  while (!at.at_end() && !at.is("for")) {
    if (at.is_symbol('('))
      at.skip_parentheses();
    else if (at.peek().kind == Token::Kind::broken)
      return false;
    else
      at.next();
  }
  return at.accept("for");
}

Statement parse_whole(TokenCursor& at, const ParseRules& rules) {
  if (rules.is_mariadb() && !skip_set_statement(at)) return NotDdl{};
  if (at.accept("create")) return parse_create(at, rules);
  if (at.accept("alter")) return parse_alter(at, rules);
  if (at.accept("drop")) return parse_drop(at);
  if (at.accept("rename")) {
    if (at.accept_any({"table", "tables"})) return parse_rename(at);
    return OtherDdl{};
  }
  if (at.accept("truncate")) {
    at.accept("table");
    TruncateTable truncate{parse_mapped_table(at)};
    skip_wait(at);
    return truncate;
  }
  return NotDdl{};
}

}  // namespace

ParseRules parse_rules(const ServerTraits& traits, std::uint64_t sql_mode) {
  ParseRules rules;
  rules.lex = lex_rules(traits, sql_mode);
  rules.real_is_float = (sql_mode & mode_real_as_float) != 0;
  rules.is_oracle = traits.flavour == mysql::Flavour::mariadb && (sql_mode & mode_oracle) != 0;
  return rules;
}

TableReference parse_mapped_table(TokenCursor& at) {
  TableReference table;
  table.begin = at.peek().offset;
  if (at.is_symbol('.')) at.next();  // MySQL takes `.t` for `t`
  const auto end_of = [](const Token& token) { return token.offset + static_cast<std::uint32_t>(token.text.size()); };
  table.end = end_of(at.peek());
  table.table = at.identifier("a table's name");
  if (at.accept_symbol('.')) {
    table.database = std::move(table.table);
    table.end = end_of(at.peek());
    table.table = at.identifier("a table's name");
  }
  if (at.ok()) at.note_table(table);
  return table;
}

void skip_wait(TokenCursor& at) {
  if (at.accept("nowait")) return;
  if (at.is("wait") && at.is_number(1)) {
    at.next();
    at.next();
  }
}

Statement parse_statement(TokenCursor& at, const ParseRules& rules) {
  Statement statement = parse_whole(at, rules);
  if (std::holds_alternative<NotDdl>(statement) || std::holds_alternative<OtherDdl>(statement)) return statement;
  if (at.ok() && at.peek().kind != Token::Kind::end) at.fail("the statement's end is expected");
  return statement;
}

}  // namespace tributary::source::ddl
