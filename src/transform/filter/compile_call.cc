#include <fmt/format.h>

#include <algorithm>

#include "transform/filter/compiler.h"

namespace tributary::transform::filter {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

enum class Family : std::uint8_t { text, number, time, choice };

struct Function {
  std::string_view name;
  Operation operation;
  Family family;
  std::size_t least, most;
};

constexpr std::size_t any = 1000;

constexpr Function functions[] = {
    {"ABS", Operation::abs, Family::number, 1, 1},
    {"ASCII", Operation::ascii, Family::text, 1, 1},
    {"CEIL", Operation::ceil, Family::number, 1, 1},
    {"CEILING", Operation::ceil, Family::number, 1, 1},
    {"CHARACTER_LENGTH", Operation::char_length, Family::text, 1, 1},
    {"CHAR_LENGTH", Operation::char_length, Family::text, 1, 1},
    {"COALESCE", Operation::coalesce, Family::choice, 1, any},
    {"CONCAT", Operation::concat, Family::text, 1, any},
    {"CONCAT_WS", Operation::concat_ws, Family::text, 2, any},
    {"CRC32", Operation::crc32, Family::text, 1, 1},
    {"DATE", Operation::date, Family::time, 1, 1},
    {"DATEDIFF", Operation::datediff, Family::time, 2, 2},
    {"DATE_FORMAT", Operation::date_format, Family::time, 2, 2},
    {"DAY", Operation::day, Family::time, 1, 1},
    {"DAYOFMONTH", Operation::day, Family::time, 1, 1},
    {"DAYOFWEEK", Operation::day_of_week, Family::time, 1, 1},
    {"DAYOFYEAR", Operation::day_of_year, Family::time, 1, 1},
    {"FIND_IN_SET", Operation::find_in_set, Family::text, 2, 2},
    {"FLOOR", Operation::floor, Family::number, 1, 1},
    {"FROM_UNIXTIME", Operation::from_unixtime, Family::time, 1, 1},
    {"GREATEST", Operation::greatest, Family::number, 2, any},
    {"HEX", Operation::hex, Family::text, 1, 1},
    {"HOUR", Operation::hour, Family::time, 1, 1},
    {"IF", Operation::if_, Family::choice, 3, 3},
    {"IFNULL", Operation::coalesce, Family::choice, 2, 2},
    {"INSTR", Operation::locate, Family::text, 2, 2},
    {"ISNULL", Operation::is_null, Family::choice, 1, 1},
    {"LAST_DAY", Operation::last_day, Family::time, 1, 1},
    {"LCASE", Operation::lower, Family::text, 1, 1},
    {"LEAST", Operation::least, Family::number, 2, any},
    {"LEFT", Operation::left, Family::text, 2, 2},
    {"LENGTH", Operation::length, Family::text, 1, 1},
    {"LOCATE", Operation::locate, Family::text, 2, 3},
    {"LOWER", Operation::lower, Family::text, 1, 1},
    {"LPAD", Operation::pad_left, Family::text, 3, 3},
    {"LTRIM", Operation::trim, Family::text, 1, 1},
    {"MD5", Operation::md5, Family::text, 1, 1},
    {"MICROSECOND", Operation::microsecond, Family::time, 1, 1},
    {"MID", Operation::substring, Family::text, 3, 3},
    {"MINUTE", Operation::minute, Family::time, 1, 1},
    {"MONTH", Operation::month, Family::time, 1, 1},
    {"NULLIF", Operation::null_if, Family::choice, 2, 2},
    {"OCTET_LENGTH", Operation::length, Family::text, 1, 1},
    {"QUARTER", Operation::quarter, Family::time, 1, 1},
    {"REPLACE", Operation::replace, Family::text, 3, 3},
    {"REVERSE", Operation::reverse, Family::text, 1, 1},
    {"RIGHT", Operation::right, Family::text, 2, 2},
    {"ROUND", Operation::round, Family::number, 1, 2},
    {"RPAD", Operation::pad_right, Family::text, 3, 3},
    {"RTRIM", Operation::trim, Family::text, 1, 1},
    {"SECOND", Operation::second, Family::time, 1, 1},
    {"SIGN", Operation::sign, Family::number, 1, 1},
    {"STRCMP", Operation::strcmp, Family::text, 2, 2},
    {"SUBSTR", Operation::substring, Family::text, 2, 3},
    {"SUBSTRING", Operation::substring, Family::text, 2, 3},
    {"TO_DAYS", Operation::to_days, Family::time, 1, 1},
    {"TRIM", Operation::trim, Family::text, 1, 2},
    {"TRUNCATE", Operation::truncate, Family::number, 2, 2},
    {"UCASE", Operation::upper, Family::text, 1, 1},
    {"UNIX_TIMESTAMP", Operation::unix_timestamp, Family::time, 0, 1},
    {"UPPER", Operation::upper, Family::text, 1, 1},
    {"WEEKDAY", Operation::weekday, Family::time, 1, 1},
    {"YEAR", Operation::year, Family::time, 1, 1},
};

// Asked for by name so that the message can say why.
constexpr std::string_view of_the_moment[] = {"BENCHMARK",
                                              "CONNECTION_ID",
                                              "CURDATE",
                                              "CURRENT_DATE",
                                              "CURRENT_ROLE",
                                              "CURRENT_TIME",
                                              "CURRENT_TIMESTAMP",
                                              "CURRENT_USER",
                                              "CURTIME",
                                              "DATABASE",
                                              "FOUND_ROWS",
                                              "GET_LOCK",
                                              "IS_FREE_LOCK",
                                              "IS_USED_LOCK",
                                              "LAST_INSERT_ID",
                                              "LOAD_FILE",
                                              "LOCALTIME",
                                              "LOCALTIMESTAMP",
                                              "NEXTVAL",
                                              "NOW",
                                              "RAND",
                                              "RANDOM_BYTES",
                                              "RELEASE_LOCK",
                                              "ROW_COUNT",
                                              "SCHEMA",
                                              "SESSION_USER",
                                              "SLEEP",
                                              "SYSDATE",
                                              "SYSTEM_USER",
                                              "SYS_GUID",
                                              "USER",
                                              "UTC_DATE",
                                              "UTC_TIME",
                                              "UTC_TIMESTAMP",
                                              "UUID",
                                              "UUID_SHORT",
                                              "VERSION"};

bool has_column(const Node& node) {
  return node.operation == Operation::column ||
         std::ranges::any_of(node.args, [](const NodePtr& arg) { return has_column(*arg); });
}

bool is_last_day(const Node& node) {
  return node.operation == Operation::last_day ||
         std::ranges::any_of(node.args, [](const NodePtr& arg) { return is_last_day(*arg); });
}

}  // namespace

Status Compiler::count_is(const Syntax& syntax, std::size_t least, std::size_t most) const {
  const std::size_t count = syntax.args.size();
  if (count >= least && count <= most) return {};
  return fail(error_at(ErrorCode::filter_syntax,
                       fmt::format("{} with {} argument{}", syntax.name, count, count == 1 ? "" : "s"), condition_,
                       syntax.offset));
}

Status Compiler::integral(const Node& node, std::string_view what) const {
  if (node.type.kind == Kind::integer || node.type.kind == Kind::null) return {};
  return fail(unsupported(fmt::format("{} with a number that is no integer", what), node.offset));
}

Result<NodePtr> Compiler::call(Syntax& syntax) {
  const std::string& name = syntax.name;
  if (std::ranges::find(of_the_moment, name) != std::end(of_the_moment))
    return fail(unsupported(fmt::format("{}(): its value is not in the row", name), syntax.offset));
  if (name == "JSON_UNQUOTE") return json_text(syntax);
  if (name == "CAST") {
    TRY(count_is(syntax, 1, 1));
    TRY_VALUE(NodePtr arg, compile(*syntax.args[0]));
    return cast(syntax, std::move(arg));
  }
  if (name == "DATE_ADD" || name == "DATE_SUB") {
    if (syntax.value.empty()) return fail(unsupported(fmt::format("{} without INTERVAL", name), syntax.offset));
    TRY_VALUE(std::vector<NodePtr> args, all(syntax));
    return date_add(syntax, std::move(args));
  }
  const auto* found = std::ranges::lower_bound(functions, name, {}, &Function::name);
  if (found == std::end(functions) || found->name != name)
    return fail(unsupported(fmt::format("the function {}", name), syntax.offset));
  TRY(count_is(syntax, found->least, found->most));
  if (found->operation == Operation::unix_timestamp && syntax.args.empty())
    return fail(unsupported("UNIX_TIMESTAMP(): its value is not in the row", syntax.offset));
  TRY_VALUE(std::vector<NodePtr> args, all(syntax));
  switch (found->family) {
    case Family::text:
      return call_text(syntax, std::move(args));
    case Family::number:
      return call_number(syntax, std::move(args));
    case Family::time:
      return call_time(syntax, std::move(args));
    case Family::choice:
      return call_choice(syntax, std::move(args));
  }
  return fail(unsupported(name, syntax.offset));
}

Result<NodePtr> Compiler::json_text(Syntax& syntax) {
  const auto refuse = [&](std::string_view why) {
    return fail(unsupported(fmt::format("JSON_UNQUOTE {}", why), syntax.offset));
  };
  if (dialect_.version < 50700) return refuse("at a server that does not have it");
  if (syntax.args.size() != 1 || syntax.args[0]->part != Part::call || syntax.args[0]->name != "JSON_EXTRACT")
    return refuse("of anything but JSON_EXTRACT");
  Syntax& extract = *syntax.args[0];
  TRY(count_is(extract, 2, any));
  TRY_VALUE(std::vector<NodePtr> args, all(extract));
  const Type& of = args[0]->type;
  const bool is_document =
      of.is_json || (dialect_.is_mariadb && of.kind == Kind::text && of.collation->name == "utf8mb4_bin");
  if (args[0]->operation != Operation::column || !is_document) return refuse("of what is no column with JSON");
  if (args.size() != 2 || args[1]->operation != Operation::constant || args[1]->type.kind != Kind::text)
    return refuse("with anything but one literal path");
  auto path = parse_json_path(args[1]->text);
  if (!path) return refuse("with a path that is not made of $, .name, .\"name\" and [number]");
  NodePtr node = make(Operation::json_text, Kind::text, syntax.offset);
  node->type.collation = find_collation("utf8mb4_bin", dialect_.is_mariadb, dialect_.version);
  node->path = std::move(*path);
  args.pop_back();
  node->args = std::move(args);
  return node;
}

Result<NodePtr> Compiler::call_choice(Syntax& syntax, std::vector<NodePtr> args) {
  const auto operation = std::ranges::lower_bound(functions, syntax.name, {}, &Function::name)->operation;
  NodePtr node = make(operation, Kind::null, syntax.offset);
  if (operation == Operation::is_null) {
    node = boolean(operation, syntax.offset);
    node->args = std::move(args);
    return node;
  }
  std::vector<NodePtr*> results;
  if (operation == Operation::null_if) {
    if (args[0]->type.is_number_bytes || args[1]->type.is_number_bytes)
      return fail(unsupported("bytes in NULLIF; write them as x'...'", args[0]->offset));
    if (args[0]->operation != Operation::constant && !has_column(*args[0]))
      return fail(unsupported("NULLIF of what holds no column", args[0]->offset));
    TRY_VALUE(node->comparison, compare_by(args[0], args[1], &node->collation));
    results.push_back(&args[0]);
  } else {
    if (operation == Operation::if_) TRY(truth_value(*args[0]));
    for (std::size_t i = operation == Operation::if_ ? 1 : 0; i < args.size(); ++i) results.push_back(&args[i]);
  }
  TRY_VALUE(node->type, common_type(std::move(results), syntax.offset, syntax.name));
  node->args = std::move(args);
  return node;
}

Result<NodePtr> Compiler::call_text(Syntax& syntax, std::vector<NodePtr> args) {
  const auto operation = std::ranges::lower_bound(functions, syntax.name, {}, &Function::name)->operation;
  const std::string& name = syntax.name;
  using enum Operation;
  NodePtr node = make(operation, Kind::text, syntax.offset);
  // What stands for numbers among the arguments.
  const std::size_t texts = operation == left || operation == right || operation == substring ? 1
                            : operation == locate                                             ? 2
                                                                                              : args.size();
  for (std::size_t i = texts; i < args.size(); ++i) TRY(integral(*args[i], name));
  if (operation == pad_left || operation == pad_right) TRY(integral(*args[1], name));
  if (operation == hex && args[0]->type.is_number() && args[0]->type.kind != Kind::integer)
    return fail(unsupported("HEX of a number that is no integer", syntax.offset));
  if (operation == md5 && !dialect_.is_mariadb && dialect_.version >= 90600)
    return fail(unsupported("MD5, which this server has no longer by itself", syntax.offset));
  const bool is_of_bytes = operation == length || operation == hex || operation == md5 ||
                           operation == Operation::crc32 || operation == Operation::ascii;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const bool is_number = i >= texts || ((operation == pad_left || operation == pad_right) && i == 1) ||
                           (operation == hex && args[i]->type.kind == Kind::integer);
    if (is_number) continue;
    if (args[i]->type.is_number_bytes)
      return fail(unsupported(fmt::format("bytes in {}; write them as x'...'", name), args[i]->offset));
    if (operation == Operation::strcmp && args[i]->type.kind != Kind::text && args[i]->type.kind != Kind::null)
      return fail(unsupported("STRCMP of what is no text", args[i]->offset));
    TRY(textual(args[i], name));
  }
  if (is_of_bytes || operation == char_length) {
    const bool is_text = operation == hex || operation == md5;
    if (!is_text) {
      node = boolean(operation, syntax.offset);
      node->type.digits = 10;
      node->type.is_unsigned = operation == Operation::crc32;
    } else {
      node->type.collation = &connection_collation();
      node->type.is_ascii = true;
    }
    node->collation = args[0]->type.collation;
    node->args = std::move(args);
    return node;
  }
  std::vector<NodePtr*> joined;
  if (operation == locate && name == "LOCATE") std::swap(args[0], args[1]);
  if (operation == locate && is_mysql8() && args[0]->type.kind == Kind::text && args[1]->type.kind == Kind::text &&
      args[0]->type.collation->set != args[1]->type.collation->set)
    return fail(
        unsupported(fmt::format("{} over texts of two character sets: this server takes another collation then", name),
                    syntax.offset));
  if (operation == locate && args.size() > 2 &&
      (args[1]->operation != constant || args[1]->text.empty() || args[1]->type.kind != Kind::text))
    return fail(unsupported("LOCATE from a place with anything but a literal that is not empty", args[1]->offset));
  if ((operation == pad_left || operation == pad_right) &&
      (args[2]->operation != constant || args[2]->text.empty() || args[2]->type.kind != Kind::text))
    return fail(unsupported(fmt::format("{} with anything but a literal to fill with that is not empty", name),
                            args[2]->offset));
  if ((operation == pad_left || operation == pad_right) && (args[1]->operation != constant || args[1]->value.i > 65535))
    return fail(unsupported(fmt::format("{} to anything but a literal length up to 65535", name), args[1]->offset));
  for (std::size_t i = 0; i < args.size(); ++i)
    if (i < texts && !((operation == pad_left || operation == pad_right) && i == 1)) joined.push_back(&args[i]);
  TRY_VALUE(Type type, text_type(joined, syntax.offset, name));
  type.is_labels = false;
  node->collation = type.collation;
  if (operation == locate || operation == Operation::strcmp || operation == find_in_set) {
    if (operation == find_in_set && type.is_ascii == false && type.collation->order == Collation::Order::characters &&
        args[1]->type.kind == Kind::null)
      return fail(unsupported("FIND_IN_SET in NULL", syntax.offset));
    node = boolean(operation, syntax.offset);
    node->type.digits = 10;
    node->collation = type.collation;
    if (operation == locate && is_mysql8() && type.collation->order == Collation::Order::characters) {
      if (dialect_.version < 90000)
        return fail(unsupported(fmt::format("{} over {}: not known of this version", name, type.collation->name),
                                syntax.offset));
      if (type.collation->name.find("_unicode_ci") != std::string::npos && args[1]->operation != constant)
        return fail(
            unsupported(fmt::format("{} of what is no literal over {}", name, type.collation->name), syntax.offset));
      node->number = 1;
    }
  } else {
    node->type = type;
  }
  if (operation == trim) {
    node->number = name == "LTRIM" || syntax.value == "LEADING"    ? 1
                   : name == "RTRIM" || syntax.value == "TRAILING" ? 2
                                                                   : 3;
    if (args.size() > 1 && (args[1]->operation != constant || args[1]->type.kind != Kind::text))
      return fail(unsupported("TRIM with anything but a literal to take away", args[1]->offset));
  }
  node->args = std::move(args);
  return node;
}

Result<NodePtr> Compiler::call_number(Syntax& syntax, std::vector<NodePtr> args) {
  const auto operation = std::ranges::lower_bound(functions, syntax.name, {}, &Function::name)->operation;
  const std::string& name = syntax.name;
  using enum Operation;
  if (operation == sign && args[0]->type.is_loose) return fail(unsupported("SIGN of a quotient", args[0]->offset));
  if (operation == greatest || operation == least) {
    std::vector<NodePtr*> results;
    for (NodePtr& arg : args) {
      if (arg->type.is_temporal() || arg->type.is_labels || arg->type.is_year)
        return fail(unsupported(fmt::format("{} of dates, years or labels", name), arg->offset));
      results.push_back(&arg);
    }
    NodePtr node = make(operation, Kind::null, syntax.offset);
    TRY_VALUE(node->type, common_type(std::move(results), syntax.offset, name));
    node->type.has_no_text = node->type.has_no_text || node->type.kind == Kind::real;
    node->type.has_no_number = node->type.kind == Kind::text;
    node->collation = node->type.collation;
    node->args = std::move(args);
    return node;
  }
  TRY_VALUE(Type type, as_number(*args[0]));
  if (args[0]->type.is_temporal()) return fail(unsupported(fmt::format("{} of a date or time", name), args[0]->offset));
  type.is_labels = type.is_year = false;
  NodePtr node = operation == sign ? boolean(operation, syntax.offset) : make(operation, type.kind, syntax.offset);
  if (operation == sign) {
    node->args = std::move(args);
    return node;
  }
  if (operation == round || operation == truncate) {
    if (args.size() > 1) {
      if (args[1]->operation != constant || args[1]->type.kind != Kind::integer || args[1]->value.i > 30 ||
          args[1]->value.i < -30)
        return fail(unsupported(fmt::format("{} to anything but a literal number of digits from -30 to 30", name),
                                args[1]->offset));
      node->number = static_cast<int>(args[1]->value.i);
      args.pop_back();
    }
    if (type.kind == Kind::real)
      return fail(unsupported(fmt::format("{} of floating-point numbers: servers round them differently", name),
                              syntax.offset));
    if (type.kind == Kind::decimal) {
      type.is_loose = false;
      type.has_no_text = true;
      type.digits = static_cast<std::uint8_t>(type.digits + 1);
      const auto scale = static_cast<std::uint8_t>(node->number < 0 ? 0 : node->number);
      type.scale = type.true_scale = std::min(scale, type.scale);
    } else if (node->number < 0) {
      if (operation == round && type.is_wide)
        return fail(unsupported("ROUND of a BIGINT to tens: servers differ where it is too large", syntax.offset));
      type.is_wide = true;
    }
  } else if (operation == ceil || operation == floor) {
    if (type.kind == Kind::decimal) {
      if (type.digits > 18 || type.is_loose)
        return fail(unsupported(fmt::format("{} of a decimal of so many digits", name), syntax.offset));
      type.kind = Kind::integer;
      type.scale = type.true_scale = 0;
      type.is_wide = true;
      type.is_unsigned = false;
    }
    type.has_no_text = type.has_no_text || type.kind == Kind::real;
  } else if (type.is_loose) {
    return fail(unsupported(fmt::format("{} of a quotient", name), syntax.offset));
  }
  if (args[0]->type.kind == Kind::text) type.has_no_text = true;
  node->type = type;
  node->args = std::move(args);
  return node;
}

Status Compiler::dated(NodePtr& node, std::string_view what, bool takes_time) {
  const Kind kind = node->type.kind;
  if (is_last_day(*node))
    return fail(unsupported(fmt::format("{} of LAST_DAY, whose day may be none then", what), node->offset));
  if (kind == Kind::date || kind == Kind::datetime || kind == Kind::null || (takes_time && kind == Kind::time))
    return {};
  if (kind == Kind::time)
    return fail(unsupported(fmt::format("{} of a time: the day is that of the query", what), node->offset));
  return fail(
      unsupported(fmt::format("{} of what is not a date; a literal is written DATE'2020-01-31'", what), node->offset));
}

Result<NodePtr> Compiler::call_time(Syntax& syntax, std::vector<NodePtr> args) {
  const auto operation = std::ranges::lower_bound(functions, syntax.name, {}, &Function::name)->operation;
  const std::string& name = syntax.name;
  using enum Operation;
  if (operation == from_unixtime) {
    TRY(integral(*args[0], name));
    NodePtr node = make(operation, Kind::datetime, syntax.offset);
    node->args = std::move(args);
    return node;
  }
  const bool takes_time = operation == hour || operation == minute || operation == second || operation == microsecond;
  TRY(dated(args[0], name, takes_time));
  if (operation == date_format) {
    if (args[1]->operation != constant || args[1]->type.kind != Kind::text || !args[1]->type.is_ascii)
      return fail(unsupported("DATE_FORMAT with anything but an ASCII literal", args[1]->offset));
    const std::string& format = args[1]->text;
    for (std::size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%') continue;
      if (++i == format.size() ||
          std::string_view("YymcdeHkhIlisSfprTjMbWaDw%").find(format[i]) == std::string_view::npos)
        return fail(unsupported(fmt::format("%{} in a date's format", i < format.size() ? format.substr(i, 1) : ""),
                                args[1]->offset));
    }
    NodePtr node = make(operation, Kind::text, syntax.offset);
    node->text = format;
    node->type.collation = &connection_collation();
    node->type.is_ascii = true;
    args.pop_back();
    node->args = std::move(args);
    return node;
  }
  if (operation == datediff) TRY(dated(args[1], name));
  NodePtr node =
      make(operation, operation == date || operation == last_day ? Kind::date : Kind::integer, syntax.offset);
  if (operation == unix_timestamp) {
    if (args[0]->operation != column)
      return fail(unsupported("UNIX_TIMESTAMP of anything but a column", syntax.offset));
    node->type.is_wide = false;
    if (args[0]->type.scale > 0) {
      node->type.kind = Kind::decimal;
      node->type.digits = 12;
      node->type.scale = node->type.true_scale = args[0]->type.scale;
    }
  } else if (node->type.kind == Kind::integer) {
    node->type.is_wide = false;
    node->type.digits = 10;
  }
  node->args = std::move(args);
  return node;
}

Result<NodePtr> Compiler::date_add(Syntax& syntax, std::vector<NodePtr> args) {
  static constexpr std::string_view units[] = {"MICROSECOND", "SECOND", "MINUTE",  "HOUR", "DAY",
                                               "WEEK",        "MONTH",  "QUARTER", "YEAR"};
  TRY(dated(args[0], syntax.name));
  TRY(integral(*args[1], "INTERVAL"));
  if (args[1]->type.is_unsigned) return fail(unsupported("INTERVAL of an unsigned number", args[1]->offset));
  if (args[1]->type.is_wide)
    return fail(unsupported("INTERVAL of a BIGINT, whose overflow servers do not see", args[1]->offset));
  NodePtr node = make(Operation::date_add, args[0]->type.kind, syntax.offset);
  node->unit = static_cast<Unit>(std::ranges::find(units, syntax.value) - std::begin(units));
  node->is_negated = syntax.name == "DATE_SUB";
  node->type.scale = args[0]->type.scale;
  if (node->unit <= Unit::hour) node->type.kind = args[0]->type.kind == Kind::null ? Kind::null : Kind::datetime;
  if (node->unit == Unit::microsecond) node->type.scale = 6;
  node->args = std::move(args);
  return node;
}

Result<NodePtr> Compiler::cast(Syntax& syntax, NodePtr arg) {
  std::string type = syntax.value;
  int sizes[2] = {-1, -1};
  if (const std::size_t open = type.find('('); open != std::string::npos) {
    const std::size_t comma = type.find(',');
    sizes[0] = std::stoi(type.substr(open + 1));
    if (comma != std::string::npos) sizes[1] = std::stoi(type.substr(comma + 1));
    type.resize(open);
  }
  const auto refuse = [&](std::string_view what) {
    return fail(unsupported(fmt::format("CAST of {} AS {}", what, syntax.value), syntax.offset));
  };
  const bool is_bytes = arg->operation == Operation::constant && arg->type.collation == &binary_collation();
  if (arg->type.is_json || arg->type.is_number_bytes || (is_bytes && type != "CHAR" && type != "BINARY"))
    return refuse("JSON or bytes");
  if (arg->type.is_loose) return refuse("a quotient");
  if (type != "CHAR" && type != "BINARY") TRY(has_number(*arg));
  const Kind from = arg->type.kind;
  NodePtr node = make(Operation::to_integer, Kind::integer, syntax.offset);
  if (type == "SIGNED" || type == "UNSIGNED") {
    if (sizes[0] >= 0) return refuse("this");
    if (from == Kind::real) return refuse("a floating-point number");
    if (arg->type.is_temporal() && arg->type.scale > 0) return refuse("a time with parts of a second");
    if (from == Kind::decimal && arg->type.digits > 18) return refuse("a decimal of so many digits");
    if ((from == Kind::decimal || from == Kind::time) && type == "UNSIGNED") return refuse("a decimal or a time");
    if (from == Kind::text && !arg->type.is_labels && arg->type.collation->set == TextSet::binary)
      return refuse("bytes");
    node->type.is_unsigned = type == "UNSIGNED";
  } else if (type == "DECIMAL") {
    const int digits = sizes[0] < 0 ? 10 : sizes[0], scale = sizes[1] < 0 ? 0 : sizes[1];
    if (digits == 0 || digits > 65 || scale > 30 || scale > digits) return refuse("this");
    if (from == Kind::real || arg->type.is_labels || arg->type.is_temporal())
      return refuse("what is no text, integer or decimal");
    node->operation = Operation::to_decimal;
    node->type.kind = Kind::decimal;
    node->type.digits = static_cast<std::uint8_t>(digits - scale);
    node->type.scale = node->type.true_scale = static_cast<std::uint8_t>(scale);
    node->type.is_wide = false;
  } else if (type == "CHAR" || type == "BINARY") {
    if (type == "BINARY" && sizes[0] >= 0) return refuse("this");
    const bool is_text = from == Kind::text;
    TRY(textual(arg, "CAST"));
    if (type == "BINARY") {
      node = make(Operation::to_bytes, Kind::text, syntax.offset);
      node->type.collation = &binary_collation();
    } else {
      if (is_text && arg->type.collation->set != TextSet::utf8 && !arg->type.is_ascii)
        return refuse("text that is not UTF-8");
      node = make(Operation::to_text, Kind::text, syntax.offset);
      node->type.is_ascii = arg->type.is_ascii;
      node->type.collation = &connection_collation();
      node->number = sizes[0];
    }
    node->type.coercibility = implicit_collation;
    node->type.has_no_number = true;
  } else if (type == "DATE" || type == "DATETIME") {
    if (from != Kind::date && from != Kind::datetime && from != Kind::null) return refuse("what is not a date");
    const int scale = sizes[0] < 0 ? 0 : sizes[0];
    if (type == "DATETIME" && (arg->type.scale > scale || scale > 6))
      return refuse("a time with more digits of a second");
    node = make(type == "DATE" ? Operation::to_date : Operation::to_datetime,
                type == "DATE" ? Kind::date : Kind::datetime, syntax.offset);
    node->type.scale = static_cast<std::uint8_t>(type == "DATE" ? 0 : scale);
  } else {
    return refuse("a value");
  }
  node->args.push_back(std::move(arg));
  return node;
}

}  // namespace tributary::transform::filter
