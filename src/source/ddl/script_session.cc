#include "source/ddl/script_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "source/ddl/charsets.h"
#include "source/ddl/token_cursor.h"

namespace tributary::source {

using ddl::same_word;
using ddl::Token;
using ddl::TokenCursor;

namespace {

struct Mode {
  std::string_view name;
  std::uint64_t bits;
};
constexpr std::uint64_t ansi_bits = 1 | 2 | 4 | 8 | 0x40000;
constexpr Mode modes[] = {{"REAL_AS_FLOAT", 1},
                          {"PIPES_AS_CONCAT", 2},
                          {"ANSI_QUOTES", ddl::mode_ansi_quotes},
                          {"IGNORE_SPACE", 8},
                          {"ANSI", ansi_bits},
                          {"NO_BACKSLASH_ESCAPES", ddl::mode_no_backslash_escapes},
                          {"STRICT_TRANS_TABLES", ddl::mode_strict_trans_tables},
                          {"STRICT_ALL_TABLES", ddl::mode_strict_all_tables},
                          {"TRADITIONAL", ddl::mode_strict_trans_tables | ddl::mode_strict_all_tables}};

bool is_on(std::string_view value) { return value == "1" || same_word(value, "on") || same_word(value, "true"); }

}  // namespace

std::uint64_t parse_sql_mode(std::string_view text, mysql::Flavour flavour) {
  std::uint64_t bits = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), bits).ptr == text.data() + text.size() && !text.empty())
    return bits;
  bits = 0;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view name = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    for (const Mode& mode : modes)
      if (same_word(name, mode.name)) bits |= mode.bits;
    if (same_word(name, "ORACLE"))
      bits |= ddl::mode_oracle | (flavour == mysql::Flavour::mariadb ? ddl::mode_ansi_quotes : 0);
  }
  return bits;
}

ScriptSession::ScriptSession(const ServerTraits& traits, std::string database) : traits_(traits) {
  const bool is_strict =
      traits.flavour == mysql::Flavour::mariadb ? traits.version_number >= 100200 : traits.version_number >= 50700;
  context_.database = std::move(database);
  context_.sql_mode = is_strict ? ddl::mode_strict_trans_tables : 0;
  context_.explicit_defaults_for_timestamp = traits.explicit_defaults_for_timestamp;
  context_.server_collation = traits.default_collation;
}

std::string ScriptSession::value_of(std::string_view variable) const {
  if (variable == "sql_mode") return fmt::to_string(context_.sql_mode);
  if (variable == "explicit_defaults_for_timestamp") return context_.explicit_defaults_for_timestamp ? "1" : "0";
  if (variable == "character_set_client") return context_.client_charset;
  return {};
}

void ScriptSession::assign(std::string variable, std::string value) {
  std::transform(variable.begin(), variable.end(), variable.begin(), [](unsigned char c) { return std::tolower(c); });
  if (variable == "sql_mode") {
    if (!same_word(value, "default")) context_.sql_mode = parse_sql_mode(value, traits_.flavour);
  } else if (variable == "explicit_defaults_for_timestamp") {
    context_.explicit_defaults_for_timestamp = is_on(value);
  } else if (variable == "character_set_client") {
    if (ddl::find_charset(value)) context_.client_charset = ddl::long_name(value);
  } else if (variable == "character_set_server") {
    if (ddl::find_charset(value)) context_.server_collation = ddl::default_collation(traits_, context_, value);
  } else if (variable == "collation_server") {
    if (ddl::charset_of_collation(value)) context_.server_collation = ddl::long_name(value);
  } else if (variable == "collation_connection") {
    context_.connection_collation = ddl::long_name(value);
  } else if (variable == "default_collation_for_utf8mb4") {
    context_.utf8mb4_collation = ddl::long_name(value);
  } else if (variable == "character_set_collations") {
    context_.default_collations.clear();
    while (!value.empty()) {
      const std::size_t comma = std::min(value.find(','), value.size());
      const std::string pair = value.substr(0, comma);
      value.erase(0, comma + 1);
      const std::size_t equals = pair.find('=');
      if (equals == std::string::npos) continue;
      const std::string charset = ddl::long_name(pair.substr(0, equals));
      std::string collation = ddl::long_name(pair.substr(equals + 1));
      if (collation.starts_with("uca1400")) collation = charset + "_" + collation;
      context_.default_collations[charset] = collation;
    }
  }
}

bool ScriptSession::take(std::string_view sql) {
  const ddl::LexRules rules = ddl::lex_rules(traits_, context_.sql_mode);
  constexpr std::size_t tokens_max = 2'000;
  TokenCursor at(sql, rules, ddl::tokenise(sql, rules, tokens_max));
  if (at.accept("use")) {
    context_.database = at.identifier("a database");
    return true;
  }
  if (!at.is("set") || at.is("statement", 1)) return false;
  at.next();
  while (at.ok() && !at.at_end()) {
    if (at.accept("names") || at.accept("charset") || at.accept("character", "set")) {
      const std::string charset = at.identifier_or_string("a character set");
      if (ddl::find_charset(charset)) {
        context_.client_charset = ddl::long_name(charset);
        context_.connection_collation = ddl::default_collation(traits_, context_, charset);
      }
      if (at.accept("collate")) context_.connection_collation = ddl::long_name(at.identifier_or_string("a collation"));
    } else {
      const bool is_user = at.is_symbol('@') && !at.is_symbol('@', 1);
      while (at.accept_symbol('@')) {
      }
      const bool is_global = at.is("global") || at.is("persist");
      if (at.accept_any({"session", "local", "global", "persist"})) at.accept_symbol('.');
      const std::string variable = at.identifier("a variable");
      at.accept_symbol(':');
      at.accept_symbol('=');
      std::string value;
      if (at.is_symbol('@')) {
        const bool from_user = !at.is_symbol('@', 1);
        while (at.accept_symbol('@')) {
        }
        if (at.accept_any({"session", "local", "global"})) at.accept_symbol('.');
        std::string name = at.identifier("a variable");
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
        value = from_user ? user_variables_[name] : value_of(name);
      } else if (at.peek().kind != Token::Kind::symbol && at.peek().kind != Token::Kind::broken) {
        value = at.value(at.peek());
        at.next();
      }
      std::string name = variable;
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      if (is_user)
        user_variables_[name] = value;
      else if (!is_global)
        assign(variable, value);
    }
    // Over what is left of an expression.
    while (at.ok() && !at.at_end() && !at.is_symbol(',')) {
      if (at.peek().kind == Token::Kind::broken) return true;
      if (at.is_symbol('('))
        at.skip_parentheses();
      else
        at.next();
    }
    at.accept_symbol(',');
  }
  return true;
}

}  // namespace tributary::source
