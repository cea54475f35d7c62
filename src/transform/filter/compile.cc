#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "model/charset.h"
#include "transform/filter/compiler.h"
#include "transform/filter/numbers.h"
#include "transform/filter/temporal.h"

namespace tributary::transform::filter {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using model::ColumnType;

namespace {

bool has(Operation operation, const Node& node) {
  return node.operation == operation ||
         std::ranges::any_of(node.args, [&](const NodePtr& arg) { return has(operation, *arg); });
}

bool is_condition(const Node& node) {
  return node.operation >= Operation::and_ && node.operation <= Operation::is_false;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

bool is_plain_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

Type integer_type(bool is_unsigned, unsigned digits, bool is_wide) {
  Type type;
  type.kind = Kind::integer;
  type.is_unsigned = is_unsigned;
  type.digits = static_cast<std::uint8_t>(digits);
  type.is_wide = is_wide;
  type.is_ascii = true;
  return type;
}

}  // namespace

base::Error Compiler::unsupported(std::string what, std::uint32_t offset) const {
  return error_at(ErrorCode::filter_unsupported, std::move(what), condition_, offset);
}

NodePtr Compiler::make(Operation operation, Kind kind, std::uint32_t offset) const {
  auto node = std::make_unique<Node>();
  node->operation = operation;
  node->type.kind = kind;
  node->type.is_ascii = kind != Kind::text;
  node->offset = offset;
  if (kind == Kind::integer) node->type = integer_type(false, 20, true);
  return node;
}

NodePtr Compiler::boolean(Operation operation, std::uint32_t offset) const {
  NodePtr node = make(operation, Kind::integer, offset);
  node->type = integer_type(false, 1, false);
  return node;
}

Result<std::vector<NodePtr>> Compiler::all(Syntax& syntax, std::size_t from) {
  std::vector<NodePtr> made;
  for (std::size_t i = from; i < syntax.args.size(); ++i) {
    TRY_VALUE(NodePtr one, compile(*syntax.args[i]));
    made.push_back(std::move(one));
  }
  return made;
}

Result<NodePtr> Compiler::compile(Syntax& syntax) {
  switch (syntax.part) {
    case Part::column:
      return column(syntax);
    case Part::unary:
      return unary(syntax);
    case Part::binary:
      if (syntax.name == "AND" || syntax.name == "OR" || syntax.name == "XOR") return logic(syntax);
      if (syntax.name == "LIKE") return like(syntax);
      if (syntax.name == "REGEXP") return regexp(syntax);
      if (std::string_view("+-*/DIV%").find(syntax.name) != std::string_view::npos) return arithmetic(syntax);
      return comparison(syntax);
    case Part::is: {
      TRY_VALUE(NodePtr arg, compile(*syntax.args[0]));
      const bool is_null = syntax.name == "NULL" || syntax.name == "UNKNOWN";
      if (!is_null || syntax.name == "UNKNOWN") TRY(truth_value(*arg));
      NodePtr node = boolean(is_null                 ? Operation::is_null
                             : syntax.name == "TRUE" ? Operation::is_true
                                                     : Operation::is_false,
                             syntax.offset);
      if (is_null && is_old() && (has(Operation::xor_, *arg) || has(Operation::same, *arg)))
        return fail(unsupported("whether XOR or <=> is NULL: this server errs", syntax.offset));
      // MariaDB finds the zero date of a NOT NULL column to be NULL when the condition stands behind WHERE.
      if (is_null && arg->operation == Operation::column &&
          (arg->type.kind == Kind::date || arg->type.kind == Kind::datetime) &&
          !schema_.columns[arg->column].is_nullable)
        return fail(unsupported(fmt::format("IS NULL on {}, which is NOT NULL: servers find zero dates by it",
                                            schema_.columns[arg->column].name),
                                syntax.offset));
      node->is_negated = syntax.is_negated;
      node->args.push_back(std::move(arg));
      return node;
    }
    case Part::in:
      return in_list(syntax);
    case Part::between:
      return between(syntax);
    case Part::case_:
      return case_of(syntax);
    case Part::call:
      return call(syntax);
    case Part::collate: {
      TRY_VALUE(NodePtr arg, compile(*syntax.args[0]));
      const Collation* collation = find_collation(syntax.value, dialect_.is_mariadb, dialect_.version);
      if (collation == nullptr) return fail(unsupported(fmt::format("the collation {}", syntax.value), syntax.offset));
      if (arg->type.kind != Kind::text || arg->type.collation == nullptr || arg->type.is_number_bytes ||
          arg->type.is_json || arg->type.collation->set != collation->set || collation->set == TextSet::binary)
        return fail(unsupported(fmt::format("COLLATE {} on what is not text of its character set", syntax.value),
                                syntax.offset));
      // utf8mb3 and utf8mb4 have one form here, and each its own collations at the server.
      if (arg->type.collation->name.substr(0, arg->type.collation->name.find('_')) !=
          collation->name.substr(0, collation->name.find('_')))
        return fail(unsupported(fmt::format("COLLATE {} on text of {}", syntax.value, arg->type.collation->name),
                                syntax.offset));
      NodePtr node = make(Operation::collate, Kind::text, syntax.offset);
      node->type = arg->type;
      node->type.is_labels = false;
      node->type.collation = collation;
      node->type.coercibility = explicit_collation;
      node->args.push_back(std::move(arg));
      return node;
    }
    default:
      return literal(syntax);
  }
}

Result<NodePtr> Compiler::column(Syntax& syntax) {
  const auto found = std::ranges::find_if(
      schema_.columns, [&](const model::Column& c) { return !c.is_hidden && same_name(c.name, syntax.name); });
  if (found == schema_.columns.end()) {
    if (!is_plain_ascii(syntax.name))
      for (const model::Column& c : schema_.columns)
        if (!c.is_hidden && !is_plain_ascii(c.name) && c.name.size() == syntax.name.size())
          return fail(error_at(ErrorCode::filter_unknown_column,
                               fmt::format("{}; the table has {}, and letters beyond ASCII have to be written as there",
                                           syntax.name, c.name),
                               condition_, syntax.offset));
    return fail(error_at(ErrorCode::filter_unknown_column, syntax.name, condition_, syntax.offset));
  }
  const model::Column& column = *found;
  syntax.name = column.name;
  NodePtr node = make(Operation::column, Kind::text, syntax.offset);
  node->column = static_cast<std::uint32_t>(found - schema_.columns.begin());
  node->column_type = column.type;
  columns_.insert(node->column);
  Type& type = node->type;
  const auto refuse = [&](std::string_view why) {
    return fail(unsupported(
        fmt::format("column {} ({}): {}", column.name,
                    column.declared_type.empty() ? model::to_string(column.type) : column.declared_type, why),
        syntax.offset));
  };
  const bool is_zero_filled = column.declared_type.find("zerofill") != std::string::npos;
  switch (column.type) {
    case ColumnType::tinyint:
    case ColumnType::smallint:
    case ColumnType::mediumint:
    case ColumnType::int_:
      type = integer_type(column.is_unsigned, 10, false);
      type.has_no_text = is_zero_filled;
      return node;
    case ColumnType::bigint:
      type = integer_type(column.is_unsigned, 20, true);
      type.has_no_text = is_zero_filled;
      return node;
    case ColumnType::bit:
      type = integer_type(true, 20, column.length > 53);
      type.has_no_text = true;
      return node;
    case ColumnType::year:
      type = integer_type(true, 4, false);
      type.is_year = true;
      type.has_no_text = true;
      return node;
    case ColumnType::decimal:
      type.kind = Kind::decimal;
      type.is_ascii = true;
      type.is_unsigned = column.is_unsigned;
      type.digits = static_cast<std::uint8_t>(column.precision - column.scale);
      type.scale = type.true_scale = column.scale;
      type.has_no_text = is_zero_filled;
      return node;
    case ColumnType::float_:
    case ColumnType::double_:
      type.kind = Kind::real;
      type.is_ascii = true;
      type.has_no_text =
          column.type == ColumnType::float_ || is_zero_filled || column.declared_type.find('(') != std::string::npos;
      if (const std::size_t comma = column.declared_type.find(','); comma != std::string::npos)
        type.fixed = static_cast<std::uint8_t>(std::atoi(column.declared_type.c_str() + comma + 1));
      return node;
    case ColumnType::date:
      type.kind = Kind::date;
      break;
    case ColumnType::datetime:
    case ColumnType::timestamp:
      type.kind = Kind::datetime;
      break;
    case ColumnType::time:
      type.kind = Kind::time;
      break;
    case ColumnType::json:
      if (dialect_.is_mariadb) break;
      type.is_json = true;
      type.collation = find_collation("utf8mb4_bin", false, dialect_.version);
      type.coercibility = implicit_collation;
      return node;
    case ColumnType::geometry:
    case ColumnType::vector:
    case ColumnType::uuid:
    case ColumnType::inet4:
    case ColumnType::inet6:
      return refuse("values of this type have no order here; only IS NULL knows them, which is not supported");
    case ColumnType::enum_:
    case ColumnType::set:
      type.is_labels = true;
      node->labels = column.labels;
      break;
    default:
      break;
  }
  if (type.is_temporal()) {
    type.scale = column.fraction_digits;
    type.is_ascii = true;
    return node;
  }
  const std::string_view name = column.collation.empty() ? "binary" : std::string_view(column.collation);
  type.collation = find_collation(name, dialect_.is_mariadb, dialect_.version);
  type.coercibility = implicit_collation;
  if (type.collation == nullptr) return refuse(fmt::format("the collation {} is not supported", name));
  if (type.is_labels && type.collation->set != TextSet::utf8)
    for (const std::string& label : column.labels)
      if (!is_plain_ascii(label)) return refuse("labels beyond ASCII in this character set are not supported");
  return node;
}

Result<NodePtr> Compiler::literal(const Syntax& syntax) {
  NodePtr node = make(Operation::constant, Kind::null, syntax.offset);
  Type& type = node->type;
  switch (syntax.part) {
    case Part::null:
      node->value.is_null = true;
      return node;
    case Part::boolean:
      type = integer_type(false, 1, false);
      node->value.i = syntax.value == "TRUE" ? 1 : 0;
      return node;
    case Part::integer: {
      std::uint64_t number = 0;
      const char* end = syntax.value.data() + syntax.value.size();
      if (std::from_chars(syntax.value.data(), end, number).ec == std::errc{}) {
        type = integer_type(number > INT64_MAX, 20, number > (std::uint64_t{1} << 53));
        type.digits = static_cast<std::uint8_t>(syntax.value.size() > 20 ? 20 : syntax.value.size());
        node->value.i = static_cast<std::int64_t>(number);
        type.has_no_text = syntax.value.size() > 1 && syntax.value[0] == '0';
        return node;
      }
      [[fallthrough]];
    }
    case Part::decimal: {
      const auto number = Decimal::parse(syntax.value);
      const std::size_t point = syntax.value.find('.');
      const std::size_t digits = std::min(point, syntax.value.size());
      if (!number || digits > 40 || number->scale > 30)
        return fail(unsupported(fmt::format("the number {}: too many digits", syntax.value), syntax.offset));
      type.kind = Kind::decimal;
      type.is_ascii = true;
      type.digits = static_cast<std::uint8_t>(digits);
      type.scale = type.true_scale = number->scale;
      type.has_no_text = true;
      node->value.dec = *number;
      return node;
    }
    case Part::real: {
      double number = 0;
      if (std::from_chars(syntax.value.data(), syntax.value.data() + syntax.value.size(), number).ec != std::errc{})
        return fail(unsupported(fmt::format("the number {}: too large or small", syntax.value), syntax.offset));
      type.kind = Kind::real;
      type.is_ascii = true;
      node->value.d = number;
      return node;
    }
    case Part::text: {
      type.kind = Kind::text;
      type.collation = &connection_collation();
      type.is_ascii = is_plain_ascii(syntax.value);
      node->text = syntax.value;
      return node;
    }
    case Part::bytes:
      type.kind = Kind::text;
      type.collation = &binary_collation();
      type.is_number_bytes = syntax.name != "x";
      node->text = syntax.value;
      return node;
    case Part::typed: {
      unsigned fraction = 0;
      bool has_clock = false;
      const auto packed = syntax.name == "TIME" ? parse_time(syntax.value, &fraction)
                                                : parse_datetime(syntax.value, &has_clock, &fraction);
      if (!packed || (syntax.name == "DATE" && has_clock) || (syntax.name == "TIMESTAMP" && !has_clock))
        return fail(error_at(ErrorCode::filter_syntax,
                             fmt::format("{} '{}' is not of the full form", syntax.name, syntax.value), condition_,
                             syntax.offset));
      type.kind = syntax.name == "TIME" ? Kind::time : syntax.name == "DATE" ? Kind::date : Kind::datetime;
      type.scale = static_cast<std::uint8_t>(fraction);
      type.is_ascii = true;
      node->value.i = *packed;
      return node;
    }
    default:
      return fail(unsupported("this expression", syntax.offset));
  }
}

Status Compiler::truth_value(const Node& node) const {
  if (node.type.is_json) return fail(unsupported("JSON as a condition", node.offset));
  if (node.type.is_number_bytes ||
      (node.operation == Operation::constant && node.type.collation == &binary_collation()))
    return fail(unsupported("bytes as a condition", node.offset));
  TRY(has_number(node));
  if (is_old() && !is_condition(node) && (has(Operation::greatest, node) || has(Operation::least, node)))
    return fail(unsupported("GREATEST or LEAST as a condition: this server errs where it is NULL", node.offset));
  if (node.type.kind == Kind::time || node.type.kind == Kind::null || node.type.kind == Kind::text ||
      node.type.is_temporal() || node.type.is_number())
    return {};
  return fail(unsupported("this value as a condition", node.offset));
}

Status Compiler::has_number(const Node& node) const {
  if (!node.type.has_no_number) return {};
  return fail(unsupported("the number of a text that is chosen or converted here", node.offset));
}

Result<Type> Compiler::as_number(const Node& node) const {
  Type type = node.type;
  switch (type.kind) {
    case Kind::null:
      return integer_type(false, 1, false);
    case Kind::text:
      if (type.is_json || type.is_number_bytes ||
          (type.collation == &binary_collation() && node.operation == Operation::constant))
        return fail(unsupported("JSON or bytes in a calculation", node.offset));
      if (type.is_labels) return fail(unsupported("ENUM or SET in a calculation", node.offset));
      TRY(has_number(node));
      type.kind = Kind::real;
      return type;
    case Kind::date:
    case Kind::datetime:
    case Kind::time: {
      const unsigned digits = type.kind == Kind::date ? 8 : 14;
      if (type.scale == 0 && !dialect_.is_mariadb) return integer_type(false, digits, false);
      if (type.scale > 0 && has_loose_quotients())
        return fail(unsupported("a calculation with parts of a second", node.offset));
      type.kind = Kind::decimal;
      type.digits = static_cast<std::uint8_t>(digits);
      type.true_scale = type.scale;
      return type;
    }
    case Kind::integer:
      type.scale = type.true_scale = 0;
      return type;
    case Kind::real:
      if (type.fixed != not_fixed)
        return fail(unsupported("a calculation with FLOAT(m,d) or DOUBLE(m,d)", node.offset));
      return type;
    default:
      return type;
  }
}

Status Compiler::fits(const Type& type, std::uint32_t offset) const {
  if (type.digits + type.true_scale > 65 || type.scale > 30)
    return fail(unsupported("a calculation whose result can have more than 65 digits, or 30 behind the point", offset));
  return {};
}

Result<NodePtr> Compiler::unary(Syntax& syntax) {
  if (syntax.name == "-") {
    const Syntax& inner = *syntax.args[0];
    TRY_VALUE(NodePtr arg, compile(*syntax.args[0]));
    TRY_VALUE(Type type, as_number(*arg));
    if (inner.part == Part::integer && arg->type.kind == Kind::integer) {
      const auto number = static_cast<std::uint64_t>(arg->value.i);
      if (number <= std::uint64_t{1} << 63) {
        arg->value.i = static_cast<std::int64_t>(~number + 1);
        arg->type.is_unsigned = false;
        return arg;
      }
      return fail(unsupported(fmt::format("the number -{}", inner.value), syntax.offset));
    }
    NodePtr node = make(Operation::negate, type.kind, syntax.offset);
    node->type = type;
    node->type.is_unsigned = false;
    node->type.is_labels = node->type.is_year = false;
    if (type.kind == Kind::integer && arg->operation == Operation::constant && arg->type.is_unsigned)
      return fail(unsupported("the minus in front of this number", syntax.offset));
    node->args.push_back(std::move(arg));
    return node;
  }
  if (syntax.name == "BINARY") {
    TRY_VALUE(NodePtr arg, compile(*syntax.args[0]));
    TRY(textual(arg, "BINARY"));
    NodePtr node = make(Operation::to_bytes, Kind::text, syntax.offset);
    node->type.collation = &binary_collation();
    node->type.coercibility = implicit_collation;
    node->type.has_no_number = true;
    node->args.push_back(std::move(arg));
    return node;
  }
  TRY_VALUE(NodePtr arg, compile(*syntax.args[0]));
  TRY(truth_value(*arg));
  // Servers drop both NOTs behind WHERE, and the number stays what it is.
  if (arg->operation == Operation::not_ && !is_condition(*arg->args[0]))
    return fail(unsupported("NOT of NOT of what is no condition", syntax.offset));
  NodePtr node = boolean(Operation::not_, syntax.offset);
  node->args.push_back(std::move(arg));
  return node;
}

Result<NodePtr> Compiler::logic(Syntax& syntax) {
  TRY_VALUE(std::vector<NodePtr> args, all(syntax));
  for (const NodePtr& arg : args) {
    TRY(truth_value(*arg));
    if (syntax.name == "XOR" && is_old() &&
        (has(Operation::xor_, *arg) || has(Operation::same, *arg) || arg->type.kind != Kind::integer))
      return fail(
          unsupported("XOR over XOR, <=> or what is neither condition nor integer: this server errs", arg->offset));
  }
  NodePtr node = boolean(syntax.name == "AND"  ? Operation::and_
                         : syntax.name == "OR" ? Operation::or_
                                               : Operation::xor_,
                         syntax.offset);
  node->args = std::move(args);
  return node;
}

Result<NodePtr> Compiler::arithmetic(Syntax& syntax) {
  TRY_VALUE(std::vector<NodePtr> args, all(syntax));
  TRY_VALUE(const Type a, as_number(*args[0]));
  TRY_VALUE(const Type b, as_number(*args[1]));
  const bool is_division = syntax.name == "/";
  const Kind kind = a.kind == Kind::real || b.kind == Kind::real                        ? Kind::real
                    : a.kind == Kind::decimal || b.kind == Kind::decimal || is_division ? Kind::decimal
                                                                                        : Kind::integer;
  NodePtr node = make(Operation::add, kind, syntax.offset);
  Type& type = node->type;
  type.is_ascii = true;
  type.is_loose = kind == Kind::decimal && (a.is_loose || b.is_loose);
  type.has_no_text = kind == Kind::real;
  if (kind == Kind::integer) {
    type.is_unsigned = a.is_unsigned || b.is_unsigned;
    type.is_wide = true;
  }
  const auto wider = std::max(a.scale, b.scale);
  if (syntax.name == "+" || syntax.name == "-") {
    node->operation = syntax.name == "+" ? Operation::add : Operation::subtract;
    type.digits = static_cast<std::uint8_t>(std::max(a.digits, b.digits) + 1);
    type.scale = wider;
    type.true_scale = std::max(a.true_scale, b.true_scale);
  } else if (syntax.name == "*") {
    node->operation = Operation::multiply;
    type.digits = static_cast<std::uint8_t>(a.digits + b.digits);
    type.scale = static_cast<std::uint8_t>(a.scale + b.scale);
    type.true_scale = static_cast<std::uint8_t>(a.true_scale + b.true_scale);
  } else if (is_division) {
    node->operation = Operation::divide;
    // The quotient is calculated in groups of nine digits (MySQL's decimal library), four digits more than the operand.
    const auto groups = [](unsigned digits) { return (digits + 8) / 9; };
    const unsigned fraction = groups(a.true_scale) * 9 + groups(b.true_scale) * 9;
    const unsigned gained = fraction - a.true_scale - b.true_scale;
    const unsigned made = groups(fraction + (gained < 4 ? 4 - gained : 0)) * 9;
    type.digits = static_cast<std::uint8_t>(a.digits + b.scale);
    type.scale = static_cast<std::uint8_t>(a.scale + 4);
    type.true_scale = static_cast<std::uint8_t>(made);
    node->number = static_cast<int>(made);
    if (has_loose_quotients() && (args[0]->type.is_temporal() || args[1]->type.is_temporal()))
      return fail(unsupported("a division with a date or time", syntax.offset));
    if ((a.is_loose || b.is_loose) && kind == Kind::decimal)
      return fail(unsupported("a quotient divided again: this server calculates it with more digits than it shows",
                              syntax.offset));
    if (kind == Kind::decimal && a.digits + made + b.true_scale > decimal_digits_max)
      return fail(unsupported("a division of numbers with so many digits", syntax.offset));
    if (has_loose_quotients())
      type.is_loose = kind == Kind::decimal;
    else
      type.true_scale = type.scale;
  } else if (syntax.name == "DIV") {
    node->operation = Operation::divide_whole;
    if (kind == Kind::real || type.is_loose)
      return fail(unsupported("DIV of what is not an integer or a decimal", syntax.offset));
    type = integer_type(a.is_unsigned || b.is_unsigned, 20, true);
    if (a.digits + b.true_scale + a.true_scale > 70)
      return fail(unsupported("a division of numbers with so many digits", syntax.offset));
    node->comparison = kind == Kind::integer ? Comparison::integer : Comparison::decimal;
  } else {
    node->operation = Operation::modulo;
    if (type.is_loose) return fail(unsupported("% of a quotient", syntax.offset));
    if (kind == Kind::decimal && is_old() && std::max(a.true_scale, b.true_scale) > 9)
      return fail(unsupported("% with more than nine digits behind the point: this server errs", syntax.offset));
    if (kind == Kind::integer) type.is_unsigned = a.is_unsigned;
    type.digits = std::max(a.digits, b.digits);
    type.scale = wider;
    type.true_scale = std::max(a.true_scale, b.true_scale);
  }
  if (kind == Kind::decimal) TRY(fits(type, syntax.offset));
  node->args = std::move(args);
  return node;
}

Result<NodePtr> Compiler::case_of(Syntax& syntax) {
  TRY_VALUE(std::vector<NodePtr> args, all(syntax));
  const bool has_operand = !syntax.name.empty();
  if (has_operand)
    for (std::size_t i = 0; i + 1 < args.size(); i = i == 0 ? 1 : i + 2)
      if (args[i]->type.is_temporal() && (is_old() || !args[0]->type.is_temporal()))
        return fail(unsupported("CASE of a date or time, which may be compared as text", args[i]->offset));
  NodePtr node = make(has_operand ? Operation::case_of : Operation::case_when, Kind::null, syntax.offset);
  std::vector<NodePtr*> results;
  std::size_t i = has_operand ? 1 : 0;
  for (; i + 1 < args.size(); i += 2) {
    if (has_operand) {
      const Collation* collation = nullptr;
      TRY_VALUE(const Comparison by, compare_by(args[0], args[i], &collation));
      if (args[0]->type.is_loose || args[i]->type.is_loose)
        return fail(unsupported("a quotient in CASE", args[i]->offset));
      if (by == Comparison::text && node->collation != nullptr && node->collation != collation)
        return fail(unsupported("CASE with texts of several collations", syntax.offset));
      if (by == Comparison::text) node->collation = collation;
      if (by == Comparison::integer) TRY(check_signs(*args[0], *args[i], "CASE", true));
      if (!node->comparisons.empty() && node->comparisons.back() != by && by != Comparison::nothing &&
          node->comparisons.back() != Comparison::nothing)
        return fail(unsupported("CASE whose WHENs are of several kinds", syntax.offset));
      node->comparisons.push_back(by);
    } else {
      TRY(truth_value(*args[i]));
    }
    results.push_back(&args[i + 1]);
  }
  if (i < args.size()) results.push_back(&args[i]);
  TRY_VALUE(node->type, common_type(std::move(results), syntax.offset, "CASE"));
  node->args = std::move(args);
  return node;
}

}  // namespace tributary::transform::filter
