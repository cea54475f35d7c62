// CREATE TABLE and table options.
#include <fmt/format.h>

#include "source/ddl/charsets.h"
#include "source/ddl/parser.h"

namespace tributary::source::ddl {

namespace {

bool is_charset_word(const TokenCursor& at, std::size_t ahead) {
  return at.is("charset", ahead) || ((at.is("character", ahead) || at.is("char", ahead)) && at.is("set", ahead + 1));
}

// SELECT, perhaps with what may stand before it.
bool is_select(const TokenCursor& at) {
  if (at.is_symbol('(')) return at.is("select", 1) || at.is_symbol('(', 1) || at.is("with", 1) || at.is("values", 1);
  if (at.is("with")) return !at.is("system", 1);
  if (at.is("table")) return at.is_identifier(1);
  return at.is("select") || at.is("as") || at.is("ignore") || at.is("replace") || at.is("values");
}

void skip_option_value(TokenCursor& at) {
  at.accept_symbol('=');
  if (at.is_symbol('(')) {
    at.skip_parentheses();
    return;
  }
  if (at.is_symbol('-') || at.is_symbol('+')) at.next();
  if (!at.is_string() && !at.is_number() && !at.is_identifier() && at.peek().kind != Token::Kind::bytes) {
    at.fail("the option's value is expected");
    return;
  }
  at.next();
  while (at.accept_symbol('.')) at.next();
}

// Options of one word and a value, with or without '='.
constexpr std::string_view plain_options[] = {"engine",
                                              "type",
                                              "auto_increment",
                                              "autoextend_size",
                                              "avg_row_length",
                                              "checksum",
                                              "table_checksum",
                                              "comment",
                                              "compression",
                                              "connection",
                                              "delay_key_write",
                                              "encryption",
                                              "encryption_key_id",
                                              "engine_attribute",
                                              "insert_method",
                                              "key_block_size",
                                              "max_rows",
                                              "min_rows",
                                              "pack_keys",
                                              "page_checksum",
                                              "password",
                                              "row_format",
                                              "secondary_engine",
                                              "secondary_engine_attribute",
                                              "stats_auto_recalc",
                                              "stats_persistent",
                                              "stats_sample_pages",
                                              "tablespace",
                                              "transactional",
                                              "union",
                                              "sequence",
                                              "page_compressed",
                                              "page_compression_level",
                                              "encrypted",
                                              "ietf_quotes",
                                              "raid_type",
                                              "raid_chunks",
                                              "raid_chunksize",
                                              "storage",
                                              "nodegroup"};

}  // namespace

bool parse_charset_option(TokenCursor& at, CharsetClause& charset) {
  const std::size_t skip = at.is("default") ? 1 : 0;
  const bool is_charset = is_charset_word(at, skip);
  if (!is_charset && !at.is("collate", skip)) return false;
  if (skip != 0) at.next();
  if (is_charset) {
    if (!at.accept("charset")) {
      at.next();
      at.next();
    }
    at.accept_symbol('=');
    const bool is_word = at.peek().kind == Token::Kind::word;
    const std::string name = long_name(at.identifier_or_string("a character set"));
    if (is_word && name == "default")
      charset.is_default = true, charset.charset.clear();
    else
      charset.charset = name, charset.is_default = false;
    return true;
  }
  at.next();
  at.accept_symbol('=');
  const bool is_word = at.peek().kind == Token::Kind::word;
  const std::string name = long_name(at.identifier_or_string("a collation"));
  if (!is_word || name != "default") charset.collation = name;
  return true;
}

bool parse_table_option(TokenCursor& at, const ParseRules& rules, TableOptions& options) {
  if (parse_charset_option(at, options.charset)) return true;
  if (at.accept("data", "directory") || at.accept("index", "directory")) return skip_option_value(at), true;
  if (at.accept("with", "system")) return options.is_versioned = true, at.expect("versioning");
  if (at.accept("start", "transaction")) return true;
  if (at.is("engine") || at.is("type")) {
    if (at.is("type") && !at.is_symbol('=', 1) && !at.is_identifier(1)) return false;
    at.next();
    at.accept_symbol('=');
    options.engine = at.identifier_or_string("an engine");
    return true;
  }
  for (const std::string_view option : plain_options) {
    if (!at.accept(option)) continue;
    skip_option_value(at);
    return true;
  }
  // MariaDB lets engines have options of their own.
  if (rules.is_mariadb() && at.is_identifier() && at.is_symbol('=', 1)) {
    at.next();
    skip_option_value(at);
    return true;
  }
  return false;
}

void skip_partition_by(TokenCursor& at) {
  while (at.ok() && !at.at_end() && !is_select(at)) {
    if (at.peek().kind == Token::Kind::broken) {
      at.fail("a partition clause");
      return;
    }
    if (at.is_symbol('('))
      at.skip_parentheses();
    else
      at.next();
  }
}

CreateTable parse_create_table(TokenCursor& at, const ParseRules& rules) {
  CreateTable create;
  if (at.is("if") && at.is("not", 1)) {
    at.next();
    at.next();
    at.expect("exists");
    create.if_not_exists = true;
  }
  create.table = parse_mapped_table(at);
  if (at.accept("like")) {
    create.like = parse_mapped_table(at);
    return create;
  }
  if (at.is_symbol('(') && at.is("like", 1)) {
    at.next();
    at.next();
    create.like = parse_mapped_table(at);
    at.expect_symbol(')');
    return create;
  }
  if (at.is_symbol('(') && !is_select(at)) {
    at.next();
    do {
      if (is_key_clause(at)) {
        KeyClause key;
        if (parse_key(at, key)) create.elements.push_back({std::move(key)});
      } else {
        create.elements.push_back({parse_column(at, rules)});
      }
    } while (at.accept_symbol(','));
    if (at.ok() && !at.is_symbol(')')) at.fail("',' or ')' is expected");
    at.expect_symbol(')');
  }
  while (at.ok()) {
    if (at.accept("partition", "by")) {
      create.options.is_partitioned = true;
      skip_partition_by(at);
      break;
    }
    if (is_select(at) && !at.is_symbol('=', 1)) break;
    if (!parse_table_option(at, rules, create.options)) break;
    at.accept_symbol(',');
  }
  if (at.ok() && is_select(at)) {
    create.has_select = true;
    create.select_offset = at.peek().offset;
    while (!at.at_end()) {
      if (at.peek().kind == Token::Kind::broken) {
        at.fail("a query");
        break;
      }
      at.next();
    }
  }
  return create;
}

}  // namespace tributary::source::ddl
