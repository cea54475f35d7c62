// Indexes and constraints in CREATE TABLE, ALTER TABLE, CREATE INDEX and DROP INDEX.
#include <fmt/format.h>

#include "source/ddl/parser.h"

namespace tributary::source::ddl {

namespace {

void skip_using(TokenCursor& at) {
  while (at.is("using") || (at.is("type") && at.is_identifier(1))) {
    at.next();
    at.identifier("an index type");
  }
}

bool begins_key_option(const TokenCursor& at) {
  for (const std::string_view word :
       {"using", "type", "key_block_size", "comment", "with", "visible", "invisible", "ignored", "engine_attribute",
        "secondary_engine_attribute", "clustering", "m", "distance"})
    if (at.is(word)) return true;
  return at.is("not") && at.is("ignored", 1);
}

// The name of an index, if one stands before its parts.
void parse_key_name(TokenCursor& at, KeyClause& key) {
  if (at.is("if") && at.is("not", 1)) {
    at.next();
    at.next();
    at.expect("exists");
    key.if_not_exists = true;
  }
  if (at.is_identifier() && !at.is("using") && !(at.is("type") && !at.is_symbol('(', 1) && !at.is("using", 1)))
    key.name = at.identifier("a name");
  skip_using(at);
}

}  // namespace

void skip_key_options(TokenCursor& at) {
  while (begins_key_option(at) ||
         (at.is_identifier() && at.is_symbol('=', 1) && !at.is("algorithm") && !at.is("lock"))) {
    if (at.accept("not")) {
      at.next();
    } else if (at.accept("with")) {
      at.expect("parser");
      at.identifier("a parser");
    } else if (at.accept_any({"visible", "invisible", "ignored", "clustering"})) {
      if (at.accept_symbol('=')) at.next();
    } else {
      at.next();
      at.accept_symbol('=');
      if (!at.is_string() && !at.is_number() && !at.is_identifier()) {
        at.fail("a value is expected");
        return;
      }
      at.next();
    }
  }
}

void parse_key_parts(TokenCursor& at, std::vector<KeyPart>& parts) {
  at.expect_symbol('(');
  do {
    KeyPart part;
    if (at.is_symbol('(')) {
      at.skip_parentheses();
    } else {
      part.column = at.identifier("a column's name");
      while (at.accept_symbol('.')) part.column = at.identifier("a column's name");
      if (at.accept_symbol('(')) {
        part.length =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(at.number("a length").value_or(0), UINT32_MAX));
        at.expect_symbol(')');
      }
    }
    if (at.accept("without")) {
      at.expect("overlaps");
      part.is_without_overlaps = true;
    }
    at.accept_any({"asc", "desc"});
    parts.push_back(std::move(part));
  } while (at.accept_symbol(','));
  at.expect_symbol(')');
}

bool is_key_clause(const TokenCursor& at) {
  for (const std::string_view word :
       {"primary", "key", "index", "unique", "fulltext", "spatial", "foreign", "constraint", "check"})
    if (at.is(word)) return true;
  if (at.is("vector") && (at.is("key", 1) || at.is("index", 1))) return true;
  return at.is("period") && at.is("for", 1);
}

bool parse_key(TokenCursor& at, KeyClause& key) {
  key.offset = at.peek().offset;
  std::string symbol;
  if (at.accept("constraint")) {
    if (!at.is("primary") && !at.is("unique") && !at.is("foreign") && !at.is("check")) {
      if (at.is("if") && at.is("not", 1)) {
        at.next();
        at.next();
        at.expect("exists");
        key.if_not_exists = true;
      }
      if (!at.is("primary") && !at.is("unique") && !at.is("foreign") && !at.is("check"))
        symbol = at.identifier("a name");
    }
  }
  if (at.accept("check")) {
    at.skip_parentheses();
    if (at.is("not") && at.is("enforced", 1)) at.next();
    at.accept("enforced");
    return false;
  }
  if (at.accept("period")) {
    at.expect("for");
    at.identifier("a period");
    at.skip_parentheses();
    return false;
  }
  if (at.accept("primary")) {
    at.expect("key");
    parse_key_name(at, key);
    key.kind = KeyClause::Kind::primary;
    key.name = "PRIMARY";
  } else if (at.accept("unique")) {
    key.kind = KeyClause::Kind::unique;
    at.accept_any({"key", "index"});
    parse_key_name(at, key);
    if (key.name.empty()) key.name = symbol;
  } else if (at.accept("fulltext")) {
    key.kind = KeyClause::Kind::fulltext;
    at.accept_any({"key", "index"});
    parse_key_name(at, key);
  } else if (at.accept("spatial")) {
    key.kind = KeyClause::Kind::spatial;
    at.accept_any({"key", "index"});
    parse_key_name(at, key);
  } else if (at.accept("vector")) {
    key.kind = KeyClause::Kind::vector;
    at.accept_any({"key", "index"});
    parse_key_name(at, key);
  } else if (at.accept("foreign")) {
    key.kind = KeyClause::Kind::foreign;
    at.expect("key");
    parse_key_name(at, key);
    if (!symbol.empty()) key.name = symbol;  // the index that is made for it takes the constraint's name first
  } else if (at.accept_any({"key", "index"})) {
    parse_key_name(at, key);
  } else {
    at.fail("a key or constraint is expected");
    return false;
  }
  parse_key_parts(at, key.parts);
  if (key.kind == KeyClause::Kind::foreign)
    skip_references(at);
  else
    skip_key_options(at);
  return true;
}

AlterTable parse_create_index(TokenCursor& at) {
  AlterTable alter;
  alter.is_index_statement = true;
  AddKey add;
  const bool or_replace = at.accept("or", "replace");
  at.accept_any({"online", "offline"});
  if (at.accept("unique"))
    add.key.kind = KeyClause::Kind::unique;
  else if (at.accept("fulltext"))
    add.key.kind = KeyClause::Kind::fulltext;
  else if (at.accept("spatial"))
    add.key.kind = KeyClause::Kind::spatial;
  else if (at.accept("vector"))
    add.key.kind = KeyClause::Kind::vector;
  at.expect("index");
  add.key.offset = at.peek().offset;
  parse_key_name(at, add.key);
  at.expect("on");
  alter.table = parse_mapped_table(at);
  skip_wait(at);
  parse_key_parts(at, add.key.parts);
  for (;;) {
    skip_key_options(at);
    if (!at.accept_any({"algorithm", "lock"})) break;
    at.accept_symbol('=');
    at.identifier("a value");
  }
  skip_wait(at);
  if (or_replace) alter.clauses.emplace_back(DropKey{DropKey::Kind::index, add.key.name, true, add.key.offset});
  alter.clauses.emplace_back(std::move(add));
  return alter;
}

AlterTable parse_drop_index(TokenCursor& at) {
  AlterTable alter;
  alter.is_index_statement = true;
  DropKey drop;
  drop.if_exists = at.accept("if", "exists");
  drop.offset = at.peek().offset;
  drop.name = at.identifier("an index's name");
  at.expect("on");
  alter.table = parse_mapped_table(at);
  skip_wait(at);
  while (at.accept_any({"algorithm", "lock"})) {
    at.accept_symbol('=');
    at.identifier("a value");
  }
  if (same_word(drop.name, "primary")) drop.kind = DropKey::Kind::primary;
  alter.clauses.emplace_back(std::move(drop));
  return alter;
}

}  // namespace tributary::source::ddl
