// Statements to syntax. What does not fit is the cursor's failure; the result then means nothing. Nesting costs no
// stack: expressions are passed over by counting parentheses.
// Source: the grammars of MySQL 5.6 to 9.x and MariaDB 10.x and 11.x. Threads: free functions.
#pragma once

#include <string>
#include <string_view>

#include "source/ddl/syntax.h"
#include "source/ddl/token_cursor.h"

namespace tributary::source::ddl {

struct ParseRules {
  LexRules lex;
  bool real_is_float = false;
  bool is_oracle = false;  // MariaDB's sql_mode=ORACLE
  bool is_mariadb() const { return lex.flavour == mysql::Flavour::mariadb; }
};
ParseRules parse_rules(const ServerTraits& traits, std::uint64_t sql_mode);

Statement parse_statement(TokenCursor& at, const ParseRules& rules);

// The parts, each from where it begins.
TableReference parse_mapped_table(TokenCursor& at);
CreateTable parse_create_table(TokenCursor& at, const ParseRules& rules);                      // behind TABLE
AlterTable parse_alter_table(TokenCursor& at, const ParseRules& rules);                        // behind TABLE
AlterTable parse_create_index(TokenCursor& at);                                                // behind CREATE
AlterTable parse_drop_index(TokenCursor& at);                                                  // behind DROP INDEX
ColumnClause parse_column(TokenCursor& at, const ParseRules& rules);                           // with its name
void parse_column_definition(TokenCursor& at, const ParseRules& rules, ColumnClause& column);  // behind its name
bool parse_type(TokenCursor& at, const ParseRules& rules, TypeClause& type);
bool parse_column_charset(TokenCursor& at, CharsetClause& charset);  // one of CHARACTER SET, COLLATE, ASCII, ...
bool is_key_clause(const TokenCursor& at);
// False if it was a CHECK or PERIOD, which is no key.
bool parse_key(TokenCursor& at, KeyClause& key);
void parse_key_parts(TokenCursor& at, std::vector<KeyPart>& parts);
void skip_key_options(TokenCursor& at);
void skip_references(TokenCursor& at);
void skip_wait(TokenCursor& at);  // WAIT n, NOWAIT
// CHARACTER SET x, COLLATE y with DEFAULT and =; false if it is something else.
bool parse_charset_option(TokenCursor& at, CharsetClause& charset);
// One option of CREATE or ALTER TABLE; false if there is none here.
bool parse_table_option(TokenCursor& at, const ParseRules& rules, TableOptions& options);
void skip_partition_by(TokenCursor& at);

}  // namespace tributary::source::ddl
