#include "source/ddl/column_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "source/ddl/charsets.h"
#include "source/ddl/lexer.h"

namespace tributary::source::ddl {

using model::Column;
using model::ColumnType;

namespace {

// Beyond them a column becomes TEXT or BLOB.
std::uint64_t varchar_bytes_max(const Session& session) { return session.is_mariadb() ? 65'532 : 65'535; }
constexpr std::string_view compressed_mark = " /*M!100301 COMPRESSED*/";

std::unexpected<Refusal> refuse(std::uint32_t offset, std::string reason) {
  return std::unexpected(Refusal{offset, std::move(reason)});
}

struct Integer {
  ColumnType type;
  std::uint8_t width, width_unsigned, precision, precision_unsigned;
};
constexpr Integer integers[] = {{ColumnType::tinyint, 4, 3, 3, 3},
                                {ColumnType::smallint, 6, 5, 5, 5},
                                {ColumnType::mediumint, 9, 8, 7, 7},
                                {ColumnType::int_, 11, 10, 10, 10},
                                {ColumnType::bigint, 20, 20, 19, 20}};

// Without widths since 8.0.19.
bool drops_widths(const ServerTraits& traits) {
  return traits.flavour == mysql::Flavour::mysql && traits.version_number >= 80019;
}

std::string number_suffix(const TypeClause& type) {
  return fmt::format("{}{}", type.is_unsigned ? " unsigned" : "", type.is_zerofill ? " zerofill" : "");
}

void make_integer(const ServerTraits& traits, const Integer& integer, const TypeClause& type, Column& column) {
  std::uint64_t width = type.is_bool ? 1 : type.length.value_or(0);
  const bool is_tiny_one = width == 1 && column.type == ColumnType::tinyint && !type.is_unsigned;
  if (width == 0) width = type.is_unsigned ? integer.width_unsigned : integer.width;
  column.declared_type = model::to_string(column.type);
  if (!drops_widths(traits) || type.is_zerofill || is_tiny_one) column.declared_type += fmt::format("({})", width);
  column.declared_type += number_suffix(type);
  column.precision = type.is_unsigned ? integer.precision_unsigned : integer.precision;
  if (traits.flavour == mysql::Flavour::mariadb && column.type == ColumnType::mediumint && type.is_unsigned)
    column.precision = 8;
}

void make_float(const TypeClause& type, Column& column) {
  if (column.type == ColumnType::float_ && type.length && !type.scale && *type.length > 24)
    column.type = ColumnType::double_;
  column.declared_type = model::to_string(column.type);
  column.precision = column.type == ColumnType::float_ ? 12 : 22;
  if (type.length && type.scale) {
    column.declared_type += fmt::format("({},{})", *type.length, *type.scale);
    column.precision = static_cast<std::uint8_t>(*type.length);
    column.scale = static_cast<std::uint8_t>(*type.scale);
  }
  column.declared_type += number_suffix(type);
}

void make_decimal(const TypeClause& type, Column& column) {
  std::uint64_t precision = type.length.value_or(10);
  const std::uint64_t scale = type.scale.value_or(0);
  if (precision == 0) precision = scale > 10 ? scale : 10;
  column.declared_type = fmt::format("decimal({},{})", precision, scale) + number_suffix(type);
  column.precision = static_cast<std::uint8_t>(precision);
  column.scale = static_cast<std::uint8_t>(scale);
}

void make_temporal(const ServerTraits& traits, const TypeClause& type, Column& column) {
  column.declared_type = model::to_string(column.type);
  if (column.type == ColumnType::year) {
    const bool keeps_two = traits.flavour == mysql::Flavour::mariadb || traits.version_number < 50606;
    if (!drops_widths(traits)) column.declared_type += keeps_two && type.length == 2U ? "(2)" : "(4)";
  } else if (column.type != ColumnType::date && type.length.value_or(0) != 0) {
    column.fraction_digits = static_cast<std::uint8_t>(*type.length);
    column.declared_type += fmt::format("({})", *type.length);
  }
}

struct TextFamily {
  std::array<ColumnType, 4> types;  // tiny, plain, medium, long
};
constexpr TextFamily texts = {{ColumnType::tinytext, ColumnType::text, ColumnType::mediumtext, ColumnType::longtext}};
constexpr TextFamily blobs = {{ColumnType::tinyblob, ColumnType::blob, ColumnType::mediumblob, ColumnType::longblob}};
constexpr std::array<std::uint64_t, 4> text_bytes = {255, 65'535, 16'777'215, 4'294'967'295};

int size_class(ColumnType type) {  // -1: neither
  for (int i = 0; i < 4; ++i)
    if (texts.types[static_cast<std::size_t>(i)] == type || blobs.types[static_cast<std::size_t>(i)] == type) return i;
  return -1;
}

std::size_t class_for_bytes(std::uint64_t bytes) {
  std::size_t i = 0;
  while (i < 3 && bytes > text_bytes[i]) ++i;
  return i;
}

void set_charset(const ServerTraits& traits, const Charset& charset, const std::string& collation, Column& column) {
  column.charset = shown_charset(traits, charset.name);
  column.collation = shown_collation(traits, collation);
}

void make_text(const ServerTraits& traits, std::size_t size, const Charset& charset, const std::string& collation,
               Column& column) {
  const bool is_binary = charset.name == "binary";
  column.type = (is_binary ? blobs : texts).types[size];
  column.declared_type = model::to_string(column.type);
  column.length = static_cast<std::uint32_t>(text_bytes[size] / charset.bytes_min);
  if (!is_binary) set_charset(traits, charset, collation, column);
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// As the server writes it, whatever the SQL mode.
std::string quoted_label(std::string_view label) {
  std::string out = "'";
  for (const char c : label) {
    if (c == '\'')
      out += "''";
    else if (c == '\\')
      out += "\\\\";
    else if (c == '\0')
      out += "\\0";
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else
      out += c;
  }
  return out + "'";
}

// MySQL 8 shows no character set for a binary ENUM.
void set_label_charset(const Session& session, const Charset& charset, const std::string& collation, Column& column) {
  if (charset.name != "binary" || !session.is_mysql_8()) set_charset(session.traits, charset, collation, column);
}

// Bytes as the server reads them in the column's character set; nothing if they are no text in it.
std::optional<std::string> label_of_bytes(std::string bytes, const Charset& charset) {
  if (bytes.find('\0') != std::string::npos && charset.bytes_min == 1) return std::nullopt;
  if (const std::size_t over = bytes.size() % charset.bytes_min; over != 0)
    bytes.insert(0, charset.bytes_min - over, '\0');
  if (charset.name != "binary") return to_utf8(bytes, charset.name);
  return can_hold("ascii", bytes) ? std::optional(std::move(bytes)) : std::nullopt;
}

void make_labels(const Session& session, const TypeClause& type, const Charset& charset, const std::string& collation,
                 Column& column) {
  std::size_t longest = 0, sum = 0;
  column.declared_type = fmt::format("{}(", model::to_string(column.type));
  for (std::string label : type.labels) {
    while (charset.name != "binary" && label.ends_with(' ')) label.pop_back();
    longest = std::max(longest, characters(label));
    sum += characters(label);
    if (!column.labels.empty()) column.declared_type += ',';
    column.declared_type += quoted_label(label);
    column.labels.push_back(std::move(label));
  }
  column.declared_type += ')';
  column.length = static_cast<std::uint32_t>(column.type == ColumnType::enum_ ? longest : sum + type.labels.size() - 1);
  set_label_charset(session, charset, collation, column);
}

// MySQL 8 takes TEXT(0) at its word.
bool is_sized_text(const Session& session, const TypeClause& type) {
  return type.length && (*type.length != 0 || session.is_mysql_8());
}

// CHAR, VARCHAR, TEXT, ENUM, SET and what they become.
Placed<Column> make_string(const Session& session, const ColumnClause& clause, const std::string& table_collation,
                           Column column) {
  const TypeClause& type = clause.type;
  std::string collation;
  if (type.is_mariadb_json && !type.charset.is_said()) {
    collation = "utf8mb4_bin";
  } else {
    auto resolved = resolve_collation(session, type.charset, table_collation);
    if (!resolved) return refuse(clause.offset, std::move(resolved.error().reason));
    collation = std::move(*resolved);
  }
  const Charset& charset = *charset_of_collation(collation);
  const bool is_binary = charset.name == "binary";
  if (column.type == ColumnType::enum_ || column.type == ColumnType::set) {
    TypeClause told = type;
    for (const std::size_t raw : type.raw_labels) {
      auto label = label_of_bytes(type.labels[raw], charset);
      if (!label)
        return refuse(clause.offset, fmt::format("a label of {} is no text in {}", clause.name, charset.name));
      told.labels[raw] = *std::move(label);
    }
    const bool is_utf8 = session.context.client_charset.empty() || session.context.client_charset.starts_with("utf8");
    for (std::string& label : told.labels) {
      if (is_binary && !is_utf8 && !can_hold("ascii", label))  // it stays in the client's character set
        return refuse(clause.offset, fmt::format("a label of {} in {}", clause.name, session.context.client_charset));
      auto held = as_held(charset.name, label);
      if (!held) return refuse(clause.offset, fmt::format("a label of {} is not in {}", clause.name, charset.name));
      label = *std::move(held);
    }
    make_labels(session, told, charset, collation, column);
    return column;
  }
  if (const int size = size_class(column.type); size >= 0) {
    const bool is_sized = column.type == ColumnType::text && is_sized_text(session, type);
    make_text(session.traits,
              is_sized ? class_for_bytes(*type.length * charset.bytes_max) : static_cast<std::size_t>(size), charset,
              collation, column);
    return column;
  }
  if (column.type == ColumnType::varchar && !type.length) return refuse(clause.offset, "VARCHAR without a length");
  const std::uint64_t length = type.length.value_or(1);
  if (column.type == ColumnType::char_ && length > 255)
    return refuse(clause.offset, "CHAR of more than 255 characters");
  if (length > varchar_bytes_max(session) * 65'536)
    return refuse(clause.offset, "a column longer than the server takes");
  if (column.type == ColumnType::varchar && length * charset.bytes_max > varchar_bytes_max(session)) {
    if ((session.context.sql_mode & (mode_strict_trans_tables | mode_strict_all_tables)) != 0)
      return refuse(clause.offset, fmt::format("VARCHAR({}) is longer than the server takes in strict mode", length));
    make_text(session.traits, class_for_bytes(length * charset.bytes_max), charset, collation, column);
    return column;
  }
  if (is_binary) {
    column.type = column.type == ColumnType::char_ ? ColumnType::binary : ColumnType::varbinary;
  } else {
    set_charset(session.traits, charset, collation, column);
  }
  column.length = static_cast<std::uint32_t>(length);
  column.declared_type = fmt::format("{}({})", model::to_string(column.type), length);
  return column;
}

Placed<Column> make_bytes(const Session& session, const ColumnClause& clause, Column column) {
  const TypeClause& type = clause.type;
  static const Charset binary = {"binary", 1, 1};
  if (const int size = size_class(column.type); size >= 0) {
    const bool is_sized = column.type == ColumnType::blob && is_sized_text(session, type);
    make_text(session.traits, is_sized ? class_for_bytes(*type.length) : static_cast<std::size_t>(size), binary,
              "binary", column);
    return column;
  }
  const std::uint64_t length = type.length.value_or(1);
  if (column.type == ColumnType::varbinary && length > varchar_bytes_max(session)) {
    if ((session.context.sql_mode & (mode_strict_trans_tables | mode_strict_all_tables)) != 0)
      return refuse(clause.offset, fmt::format("VARBINARY({}) is longer than the server takes in strict mode", length));
    make_text(session.traits, class_for_bytes(length), binary, "binary", column);
    return column;
  }
  if (length > varchar_bytes_max(session)) return refuse(clause.offset, "a column longer than the server takes");
  column.length = static_cast<std::uint32_t>(length);
  column.declared_type = fmt::format("{}({})", model::to_string(column.type), length);
  return column;
}

void make_other(const Session& session, const TypeClause& type, Column& column) {
  column.declared_type = type.spatial.empty() ? std::string(model::to_string(column.type)) : type.spatial;
  const bool is_short = !session.is_mariadb() && session.traits.version_number >= 80011;
  if (type.spatial == "geometrycollection" || type.spatial == "geomcollection")
    column.declared_type = is_short ? "geomcollection" : "geometrycollection";
  if (column.type == ColumnType::vector) {
    const std::uint64_t dimensions = type.length.value_or(2048);
    column.declared_type += fmt::format("({})", dimensions);
    column.length = static_cast<std::uint32_t>(dimensions * 4);
  }
}

}  // namespace

bool is_blob_or_text(ColumnType type) { return size_class(type) >= 0; }

bool can_have_parts(ColumnType type) {
  return is_blob_or_text(type) || type == ColumnType::char_ || type == ColumnType::varchar ||
         type == ColumnType::binary || type == ColumnType::varbinary || type == ColumnType::geometry;
}

Placed<std::string> resolve_collation(const Session& session, const CharsetClause& clause,
                                      const std::string& inherited) {
  const Charset* const of_inherited = charset_of_collation(inherited);
  std::string charset = clause.charset;
  if (!charset.empty() && !find_charset(charset)) return refuse(0, fmt::format("unknown character set {}", charset));
  std::string collation = clause.collation;
  if (session.is_mariadb() && collation.starts_with("uca1400_"))  // takes the set it stands with
    collation = (charset.empty() && of_inherited ? std::string(of_inherited->name) : charset) + "_" + collation;
  if (!collation.empty()) {
    const Charset* const own = charset_of_collation(collation);
    if (!own) return refuse(0, fmt::format("unknown collation {}", collation));
    if (!charset.empty() && own->name != charset)
      return refuse(0, fmt::format("collation {} is not of character set {}", collation, charset));
    // BINARY beside a collation: MariaDB lets it stand only where it says the same, MySQL 8 forgets it behind a
    // character set.
    const bool counts = clause.is_binary && !session.is_mariadb() && !(session.is_mysql_8() && !charset.empty());
    return counts ? binary_collation(own->name) : collation;
  }
  if (charset.empty()) {
    if (!of_inherited) return refuse(0, fmt::format("unknown default collation \"{}\"", inherited));
    return clause.is_binary ? binary_collation(of_inherited->name) : inherited;
  }
  return clause.is_binary ? binary_collation(charset) : default_collation(session.traits, session.context, charset);
}

Placed<Column> make_column(const Session& session, const ColumnClause& clause, const std::string& table_collation) {
  const TypeClause& type = clause.type;
  Column column;
  column.name = clause.name;
  column.type = type.type;
  column.is_generated = clause.is_generated;
  column.is_nullable = clause.is_null.value_or(true);
  if (column.type == ColumnType::timestamp && !clause.is_null && !session.context.explicit_defaults_for_timestamp)
    column.is_nullable = session.is_mariadb() && clause.is_generated;

  const auto* const integer =
      std::find_if(std::begin(integers), std::end(integers), [&](const Integer& i) { return i.type == type.type; });
  if (integer != std::end(integers)) {
    make_integer(session.traits, *integer, type, column);
  } else if (type.type == ColumnType::float_ || type.type == ColumnType::double_) {
    make_float(type, column);
  } else if (type.type == ColumnType::decimal) {
    if (type.length.value_or(0) > 65 || type.scale.value_or(0) > 38)
      return refuse(clause.offset, "DECIMAL of more digits than the server takes");
    make_decimal(type, column);
  } else if (type.type == ColumnType::bit) {
    column.length = static_cast<std::uint32_t>(type.length.value_or(1) == 0 ? 1 : type.length.value_or(1));
    if (column.length > 64) return refuse(clause.offset, "BIT of more than 64 bits");
    column.precision = static_cast<std::uint8_t>(column.length);
    column.declared_type = fmt::format("bit({})", column.length);
  } else if (type.type >= ColumnType::year && type.type <= ColumnType::timestamp) {
    if (type.type != ColumnType::year && type.length.value_or(0) > 6)
      return refuse(clause.offset, "more than 6 digits of a second");
    make_temporal(session.traits, type, column);
  } else if (type.type >= ColumnType::char_ && type.type <= ColumnType::longtext) {
    auto made = make_string(session, clause, table_collation, std::move(column));
    if (!made) return made;
    column = std::move(*made);
  } else if (type.type >= ColumnType::binary && type.type <= ColumnType::longblob) {
    auto made = make_bytes(session, clause, std::move(column));
    if (!made) return made;
    column = std::move(*made);
  } else if (type.type == ColumnType::enum_ || type.type == ColumnType::set) {
    auto made = make_string(session, clause, table_collation, std::move(column));
    if (!made) return made;
    column = std::move(*made);
  } else {
    make_other(session, type, column);
  }
  if (type.is_compressed) column.declared_type += compressed_mark;
  column.is_unsigned = type.is_unsigned;
  return column;
}

Placed<Column> convert_column(const Session& session, Column column, const std::string& collation) {
  const Charset* const from = column.charset.empty() ? nullptr : find_charset(column.charset);
  const Charset* const to = charset_of_collation(collation);
  if (!from || from->name == "binary" || !to) {
    for (const std::string& label : column.labels)  // bytes made characters; the server shows those that are none as ?
      if (!can_hold("ascii", label) || label.find('?') != std::string::npos)
        return refuse(0, fmt::format("the labels of {} converted from binary", column.name));
    return column;
  }
  const bool is_compressed = column.declared_type.ends_with(compressed_mark);
  Column changed = column;
  changed.charset.clear();
  changed.collation.clear();
  if (column.type == ColumnType::enum_ || column.type == ColumnType::set) {
    // Servers lose labels on the way: what is left of them depends on the version and on both sets.
    const bool is_plain = std::all_of(column.labels.begin(), column.labels.end(),
                                      [](const std::string& label) { return can_hold("ascii", label); });
    const bool is_within_utf8 = from->name.starts_with("utf8") && to->name.starts_with("utf8");
    if (from->bytes_min != to->bytes_min || (!is_plain && from != to && !is_within_utf8))
      return refuse(0, fmt::format("the labels of {} converted from {} to {}", column.name, from->name, to->name));
    for (const std::string& label : column.labels)
      if (!can_hold(to->name, label))
        return refuse(0, fmt::format("a label of {} is not in {}", column.name, to->name));
    set_label_charset(session, *to, collation, changed);
    return changed;
  }
  if (const int size = size_class(column.type); size >= 0) {
    // As many characters as before have to fit; it never shrinks.
    const std::uint64_t bytes = text_bytes[static_cast<std::size_t>(size)] / from->bytes_max * to->bytes_max;
    make_text(session.traits, std::max(class_for_bytes(bytes), static_cast<std::size_t>(size)), *to, collation,
              changed);
  } else if (column.type == ColumnType::varchar &&
             std::uint64_t{column.length} * to->bytes_max > varchar_bytes_max(session)) {
    // MySQL 8 makes it TEXT whatever its length.
    const std::uint64_t bytes = std::uint64_t{column.length} * to->bytes_max;
    make_text(session.traits, session.is_mysql_8() ? 1 : class_for_bytes(bytes), *to, collation, changed);
  } else {
    if (to->name == "binary")
      changed.type = column.type == ColumnType::char_ ? ColumnType::binary : ColumnType::varbinary;
    else
      set_charset(session.traits, *to, collation, changed);
    changed.declared_type = fmt::format("{}({})", model::to_string(changed.type), changed.length);
  }
  if (is_compressed) changed.declared_type += compressed_mark;
  return changed;
}

}  // namespace tributary::source::ddl
