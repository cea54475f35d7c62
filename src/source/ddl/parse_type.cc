// Column types with all their names.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "source/ddl/charsets.h"
#include "source/ddl/parser.h"

namespace tributary::source::ddl {

using model::ColumnType;

namespace {

struct SimpleType {
  std::string_view name;
  ColumnType type;
};

constexpr SimpleType numbers[] = {
    {"bit", ColumnType::bit},           {"tinyint", ColumnType::tinyint},     {"int1", ColumnType::tinyint},
    {"smallint", ColumnType::smallint}, {"int2", ColumnType::smallint},       {"mediumint", ColumnType::mediumint},
    {"int3", ColumnType::mediumint},    {"middleint", ColumnType::mediumint}, {"int", ColumnType::int_},
    {"integer", ColumnType::int_},      {"int4", ColumnType::int_},           {"bigint", ColumnType::bigint},
    {"int8", ColumnType::bigint},       {"float", ColumnType::float_},        {"float4", ColumnType::float_},
    {"double", ColumnType::double_},    {"float8", ColumnType::double_},      {"decimal", ColumnType::decimal},
    {"dec", ColumnType::decimal},       {"numeric", ColumnType::decimal},     {"fixed", ColumnType::decimal},
};
constexpr SimpleType strings[] = {
    {"char", ColumnType::char_},
    {"character", ColumnType::char_},
    {"varchar", ColumnType::varchar},
    {"varcharacter", ColumnType::varchar},
    {"tinytext", ColumnType::tinytext},
    {"text", ColumnType::text},
    {"mediumtext", ColumnType::mediumtext},
    {"longtext", ColumnType::longtext},
};
constexpr SimpleType bytes[] = {
    {"binary", ColumnType::binary}, {"varbinary", ColumnType::varbinary},   {"tinyblob", ColumnType::tinyblob},
    {"blob", ColumnType::blob},     {"mediumblob", ColumnType::mediumblob}, {"longblob", ColumnType::longblob},
};
constexpr SimpleType times[] = {
    {"year", ColumnType::year},         {"date", ColumnType::date},           {"time", ColumnType::time},
    {"datetime", ColumnType::datetime}, {"timestamp", ColumnType::timestamp},
};
constexpr std::array<std::string_view, 9> spatials = {
    "geometry",        "point",        "linestring",         "polygon",       "multipoint",
    "multilinestring", "multipolygon", "geometrycollection", "geomcollection"};

template <std::size_t N>
const SimpleType* find(const SimpleType (&types)[N], const TokenCursor& at) {
  for (const SimpleType& type : types)
    if (at.is(type.name)) return &type;
  return nullptr;
}

void parse_length(TokenCursor& at, TypeClause& type) {
  if (!at.accept_symbol('(')) return;
  if (at.accept_symbol(')')) return;  // MySQL takes BIT() for BIT
  type.length = at.number("a length");
  if (at.accept_symbol(',')) type.scale = at.number("a scale");
  at.expect_symbol(')');
}

void parse_number_attributes(TokenCursor& at, TypeClause& type) {
  for (;;) {
    if (at.accept("unsigned"))
      type.is_unsigned = true;
    else if (at.accept("zerofill"))
      type.is_unsigned = type.is_zerofill = true;
    else if (!at.accept("signed"))
      return;
  }
}

void parse_string_attributes(TokenCursor& at, TypeClause& type) {
  bool is_short = false, more = true;
  while (more) {
    is_short |= at.is("ascii") || at.is("unicode");
    more = parse_column_charset(at, type.charset);
  }
  // ASCII BINARY and UNICODE BINARY name a collation; anywhere else BINARY is an attribute that CONVERT TO leaves.
  if (is_short && type.charset.is_binary && type.charset.collation.empty()) {
    type.charset.collation = type.charset.charset + "_bin";
    type.charset.is_binary = false;
  }
}

void parse_compressed(TokenCursor& at, const ParseRules& rules, TypeClause& type) {
  if (!rules.is_mariadb() || !at.accept("compressed")) return;
  type.is_compressed = true;
  if (at.accept_symbol('=')) at.identifier_or_string("a compression method");
}

bool parse_labels(TokenCursor& at, TypeClause& type) {
  at.expect_symbol('(');
  do {
    std::string introducer;
    if (at.peek().kind == Token::Kind::word && at.peek().text.starts_with("_")) {
      introducer = long_name(at.peek().text.substr(1));
      at.next();
    }
    if (introducer.empty() && at.peek().kind == Token::Kind::bytes) {
      std::optional<std::string> label = bytes_of(at.peek().text);
      if (!label) return at.fail("a label in hexadecimal digits has an odd number of them");
      at.next();
      type.raw_labels.push_back(type.labels.size());
      type.labels.push_back(*std::move(label));
      continue;
    }
    if (!at.is_string()) return at.fail("a label in quotes is expected");
    std::string label = at.value(at.peek());
    at.next();
    while (at.is_string()) {  // 'a' 'b' is 'ab'
      label += at.value(at.peek());
      at.next();
    }
    const bool is_ascii =
        std::all_of(label.begin(), label.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
    if (!introducer.empty() && !is_ascii && !introducer.starts_with("utf8"))
      return at.fail("a label with a character set of its own");
    type.labels.push_back(std::move(label));
  } while (at.accept_symbol(','));
  return at.expect_symbol(')');
}

void national(TypeClause& type) { type.charset.charset = "utf8mb3"; }

// NATIONAL CHAR ..., NCHAR ..., NVARCHAR.
bool parse_national(TokenCursor& at, TypeClause& type) {
  if (at.accept("nvarchar")) {
    type.type = ColumnType::varchar;
  } else if (at.accept("nchar")) {
    type.type = at.accept_any({"varchar", "varcharacter", "varying"}) ? ColumnType::varchar : ColumnType::char_;
  } else if (at.is("national")) {
    at.next();
    if (at.accept_any({"varchar", "varcharacter"})) {
      type.type = ColumnType::varchar;
    } else if (at.accept_any({"char", "character"})) {
      type.type = at.accept("varying") ? ColumnType::varchar : ColumnType::char_;
    } else {
      return at.fail("NATIONAL is followed by CHAR or VARCHAR");
    }
  } else {
    return false;
  }
  parse_length(at, type);
  national(type);
  if (at.accept("binary")) type.charset.is_binary = true;
  return true;
}

// LONG, LONG VARCHAR, LONG VARBINARY, ...
bool parse_long(TokenCursor& at, TypeClause& type) {
  if (!at.accept("long")) return false;
  if (at.accept("varbinary")) {
    type.type = ColumnType::mediumblob;
    return true;
  }
  type.type = ColumnType::mediumtext;
  if (!at.is("set", 1) && at.accept_any({"char", "character"}))  // LONG CHARACTER SET x is another thing
    at.expect("varying");
  else
    at.accept_any({"varchar", "varcharacter"});
  parse_string_attributes(at, type);
  return true;
}

// MariaDB's names for sql_mode=ORACLE; VARCHAR2, NUMBER, CLOB and RAW mean the same outside it since 10.3.
bool parse_oracle(TokenCursor& at, const ParseRules& rules, TypeClause& type) {
  if (!rules.is_mariadb()) return false;
  if (at.accept("varchar2")) {
    type.type = ColumnType::varchar;
    parse_length(at, type);
    parse_string_attributes(at, type);
  } else if (at.accept("clob")) {
    type.type = ColumnType::longtext;
    parse_string_attributes(at, type);
  } else if (at.accept("raw")) {
    type.type = ColumnType::varbinary;
    parse_length(at, type);
  } else if (at.accept("number")) {
    parse_length(at, type);
    type.type = type.length ? ColumnType::decimal : ColumnType::double_;
    parse_number_attributes(at, type);
  } else {
    return false;
  }
  return true;
}

bool parse_number_type(TokenCursor& at, const ParseRules& rules, TypeClause& type) {
  if (at.accept_any({"bool", "boolean"})) {
    type.type = ColumnType::tinyint;
    type.is_bool = true;
    return true;
  }
  if (at.accept("serial")) {
    type.type = ColumnType::bigint;
    type.is_unsigned = type.is_serial = true;
    return true;
  }
  if (at.accept("real")) {
    type.type = rules.real_is_float ? ColumnType::float_ : ColumnType::double_;
  } else if (const SimpleType* number = find(numbers, at)) {
    type.type = number->type;
    at.next();
    if (number->name == "double") at.accept("precision");
  } else {
    return false;
  }
  parse_length(at, type);
  parse_number_attributes(at, type);
  return true;
}

bool parse_text_type(TokenCursor& at, const ParseRules& rules, TypeClause& type) {
  if (const SimpleType* string = find(strings, at)) {
    type.type = string->type;
    at.next();
    if (type.type == ColumnType::char_ && at.accept("varying")) type.type = ColumnType::varchar;
    parse_length(at, type);
    parse_compressed(at, rules, type);
    parse_string_attributes(at, type);
    return true;
  }
  if (const SimpleType* byte = find(bytes, at)) {
    type.type = byte->type;
    at.next();
    parse_length(at, type);
    parse_compressed(at, rules, type);
    return true;
  }
  if (at.is("enum") || at.is("set")) {
    type.type = at.is("enum") ? ColumnType::enum_ : ColumnType::set;
    at.next();
    if (!parse_labels(at, type)) return true;  // with the failure
    parse_string_attributes(at, type);
    return true;
  }
  return false;
}

bool parse_other_type(TokenCursor& at, const ParseRules& rules, TypeClause& type) {
  if (const SimpleType* time = find(times, at)) {
    type.type = time->type;
    if (rules.is_oracle && time->type == ColumnType::date) type.type = ColumnType::datetime;
    at.next();
    parse_length(at, type);
    if (time->type == ColumnType::year) parse_number_attributes(at, type);
    return true;
  }
  for (const std::string_view spatial : spatials) {
    if (!at.accept(spatial)) continue;
    type.type = ColumnType::geometry;
    type.spatial = spatial;
    if (at.is_symbol('(')) parse_length(at, type);  // MariaDB takes and forgets it
    return true;
  }
  if (at.accept("json")) {
    type.type = rules.is_mariadb() ? ColumnType::longtext : ColumnType::json;
    type.is_mariadb_json = rules.is_mariadb();
    if (type.is_mariadb_json) parse_string_attributes(at, type);
    return true;
  }
  if (at.accept("vector")) {
    type.type = ColumnType::vector;
    parse_length(at, type);
    return true;
  }
  if (!rules.is_mariadb()) return false;
  if (at.accept("uuid")) return type.type = ColumnType::uuid, true;
  if (at.accept("inet4")) return type.type = ColumnType::inet4, true;
  if (at.accept("inet6")) return type.type = ColumnType::inet6, true;
  return false;
}

}  // namespace

bool parse_column_charset(TokenCursor& at, CharsetClause& charset) {
  if ((at.is("character") || at.is("char")) && at.is("set", 1)) {
    at.next();
    at.next();
  } else if (at.is("charset")) {
    at.next();
  } else if (at.accept("collate")) {
    at.accept_symbol('=');
    charset.collation = long_name(at.identifier_or_string("a collation"));
    return true;
  } else if (at.accept("binary")) {
    charset.is_binary = true;
    return true;
  } else if (at.accept("byte")) {
    charset.charset = "binary";
    return true;
  } else if (at.accept("ascii")) {
    charset.charset = "latin1";
    return true;
  } else if (at.accept("unicode")) {
    charset.charset = "ucs2";
    return true;
  } else {
    return false;
  }
  charset.charset = long_name(at.identifier_or_string("a character set"));
  if (charset.charset == "default") {
    charset.charset.clear();
    charset.is_default = true;
  }
  return true;
}

bool parse_type(TokenCursor& at, const ParseRules& rules, TypeClause& type) {
  if (parse_number_type(at, rules, type) || parse_national(at, type) || parse_long(at, type) ||
      parse_text_type(at, rules, type) || parse_oracle(at, rules, type) || parse_other_type(at, rules, type))
    return at.ok();
  return at.fail("a column type is expected");
}

}  // namespace tributary::source::ddl
