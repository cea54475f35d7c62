// A column: name, type, and what stands behind it in any order.
#include <fmt/format.h>

#include "source/ddl/charsets.h"
#include "source/ddl/parser.h"

namespace tributary::source::ddl {

namespace {

// A literal, a function with or without parentheses, or an expression in parentheses.
void skip_default_value(TokenCursor& at) {
  while (at.is_symbol('-') || at.is_symbol('+')) at.next();
  if (at.is_symbol('(')) {
    at.skip_parentheses();
    return;
  }
  if (at.accept("next", "value") || at.accept("previous", "value")) {  // of a sequence
    at.expect("for");
    parse_mapped_table(at);
    return;
  }
  const Token::Kind kind = at.peek().kind;
  if (kind == Token::Kind::number || kind == Token::Kind::bytes) return at.next();
  if (kind == Token::Kind::string) {
    while (at.is_string()) at.next();
    return;
  }
  if (!at.is_identifier()) {
    at.fail("a default value is expected");
    return;
  }
  at.next();
  if (at.is_string() || at.peek().kind == Token::Kind::bytes) {  // _utf8'...', DATE '...'
    at.next();
    while (at.is_string()) at.next();
    return;
  }
  while (at.accept_symbol('.')) at.identifier("a name");
  if (at.is_symbol('(')) at.skip_parentheses();
}

void skip_now(TokenCursor& at) {
  at.identifier("a function");
  if (at.is_symbol('(')) at.skip_parentheses();
}

void parse_generated(TokenCursor& at, const ParseRules& rules, ColumnClause& column) {
  column.is_generated = true;
  if (rules.is_mariadb() && at.accept("row")) {
    column.is_row_end = at.is("end");
    if (!at.accept_any({"start", "end"})) at.fail("ROW START or ROW END is expected");
    if (!column.is_null) column.is_null = false;
    return;
  }
  at.skip_parentheses();
}

// NOT ...: NULL, or one of the rarer ones.
void parse_not(TokenCursor& at, ColumnClause& column) {
  if (at.accept("null"))
    column.is_null = false;
  else if (!at.accept_any({"secondary", "enforced", "invisible"}))
    at.fail("NOT NULL is expected");
}

bool parse_check(TokenCursor& at) {
  const bool named = at.is("constraint");
  if (named) {
    at.next();
    if (!at.is("check")) at.identifier("a constraint's name");
  } else if (!at.is("check")) {
    return false;
  }
  at.expect("check");
  at.skip_parentheses();
  if (at.is("not") && at.is("enforced", 1)) at.next();
  at.accept("enforced");
  return true;
}

// One attribute; false if there is none here.
bool parse_attribute(TokenCursor& at, const ParseRules& rules, ColumnClause& column) {
  if (at.accept("not")) return parse_not(at, column), true;
  if (at.accept("null")) return column.is_null = true, true;
  if (at.accept("default")) return column.has_default = true, skip_default_value(at), true;
  if (at.accept("on", "update")) return skip_now(at), true;
  if (at.accept("auto_increment")) return column.is_auto_increment = true, column.is_null = false, true;
  if (at.accept("serial")) {
    at.expect("default");
    at.expect("value");
    return column.is_auto_increment = column.is_unique = true, column.is_null = false, true;
  }
  if (at.is("primary") || at.is("key")) {
    at.accept("primary");
    at.accept("key");
    return column.is_primary = true, true;
  }
  if (at.accept("unique")) return at.accept("key"), column.is_unique = true, true;
  if (at.accept("generated")) {
    at.expect("always");
    at.expect("as");
    return parse_generated(at, rules, column), true;
  }
  if (at.accept("as")) return parse_generated(at, rules, column), true;
  if (at.accept_any({"virtual", "stored", "persistent", "visible", "invisible", "enable"})) return true;
  if (at.is("references")) return column.has_references = true, skip_references(at), true;
  if (parse_check(at)) return true;
  if (at.is("collate") || ((at.is("character") || at.is("char")) && at.is("set", 1)) || at.is("charset"))
    return parse_column_charset(at, column.type.charset);
  if (at.accept("srid") || at.accept("ref_system_id") || at.accept("comment") || at.accept("column_format") ||
      at.accept("storage") || at.accept("engine_attribute") || at.accept("secondary_engine_attribute")) {
    at.accept_symbol('=');
    if (!at.is_string() && !at.is_number() && !at.is_identifier()) return at.fail("a value is expected");
    at.next();
    return true;
  }
  if (at.accept("with", "system") || at.accept("without", "system")) return at.expect("versioning");
  if (rules.is_mariadb() && at.accept("compressed")) {
    column.type.is_compressed = true;
    if (at.accept_symbol('=')) at.identifier_or_string("a compression method");
    return true;
  }
  // MariaDB lets engines have attributes of their own.
  if (rules.is_mariadb() && at.is_identifier() && at.is_symbol('=', 1)) {
    at.next();
    at.next();
    at.next();
    return true;
  }
  return false;
}

}  // namespace

void skip_references(TokenCursor& at) {
  at.expect("references");
  parse_mapped_table(at);
  if (at.is_symbol('(')) at.skip_parentheses();
  for (;;) {
    if (at.accept("match")) {
      if (!at.accept_any({"full", "partial", "simple"})) at.fail("FULL, PARTIAL or SIMPLE is expected");
    } else if (at.is("on") && (at.is("delete", 1) || at.is("update", 1))) {
      // A column's ON UPDATE function may follow.
      if (!at.is("restrict", 2) && !at.is("cascade", 2) && !at.is("set", 2) && !at.is("no", 2)) return;
      at.next();
      at.next();
      if (at.accept("set") || at.accept("no"))
        at.next();
      else
        at.next();
    } else {
      return;
    }
  }
}

void parse_column_definition(TokenCursor& at, const ParseRules& rules, ColumnClause& column) {
  if (!parse_type(at, rules, column.type)) return;
  if (column.type.is_serial) {
    column.is_auto_increment = column.is_unique = true;
    column.is_null = false;
  }
  while (at.ok() && parse_attribute(at, rules, column)) {
  }
  // A later NULL stands, but not against MariaDB's SERIAL.
  if (column.type.is_serial && rules.is_mariadb()) column.is_null = false;
}

ColumnClause parse_column(TokenCursor& at, const ParseRules& rules) {
  ColumnClause column;
  column.offset = at.peek().offset;
  column.name = at.identifier("a column's name");
  // MySQL takes `t.c` and `db.t.c` in a table's own definition.
  while (at.accept_symbol('.')) column.name = at.identifier("a column's name");
  parse_column_definition(at, rules, column);
  return column;
}

}  // namespace tributary::source::ddl
