#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "model/text.h"
#include "transform/etl/json_text.h"
#include "transform/etl/plan.h"
#include "transform/etl/scalars.h"

namespace tributary::transform::etl {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

using Index = std::uint32_t;

struct NewColumn {
  std::string name;
  Type type;  // null: only NULL so far
  Place place;
};

// Of the values of two branches. Nothing: they do not go together.
std::optional<Type> join(const Type& a, const Type& b) {
  if (a.kind == Kind::null) return b;
  if (b.kind == Kind::null) return a;
  if (a.kind != b.kind) return std::nullopt;
  Type type = a;
  type.is_unsigned |= b.is_unsigned;
  type.scale = std::max(a.scale, b.scale);
  type.length = a.length == 0 || b.length == 0 ? 0 : std::max(a.length, b.length);
  return type;
}

std::string_view describe_parameter(char sign) {
  switch (sign) {
    case 'A':
      return "an action (e_set, e_drop, ...)";
    case 'b':
      return "a condition";
    case 'i':
      return "an integer";
    case 'n':
      return "a number";
    case 's':
      return "a string";
    case 't':
      return "a datetime";
    case 'l':
      return "a list: json_array('[...]')";
    case 'v':
      return "a value";
    default:
      return "a constant string";
  }
}

std::string with_article(const Type& type) {
  const bool is_an = type.kind == Kind::integer || type.kind == Kind::action;
  return (is_an ? "an " : "a ") + type_name(type);
}

class Compiler {
 public:
  Compiler(const model::TableSchema& schema, EtlProgram::Options options) : schema_(schema) {
    plan_->options = options;
    plan_->zones.emplace_back();
    for (const model::Column& column : schema.columns) plan_->columns.push_back(access_of(column));
    plan_->source_columns = schema.columns.size();
  }

  Result<std::shared_ptr<const Plan>> compile(std::string_view script) {
    TRY_VALUE(const Syntax syntax, parse_script(script));
    TRY(check_calls(syntax));
    plan_->text = print(syntax);
    TRY_VALUE(plan_->root, node(syntax, 'A', "a script"));
    TRY(finish());
    return std::shared_ptr<const Plan>(std::move(plan_));
  }

 private:
  static std::unexpected<base::Error> wrong(const Syntax& s, std::string what, ErrorCode code = ErrorCode::etl_type) {
    return fail(code, std::move(what), s.place.text());
  }

  Index add(Node n) {
    plan_->nodes.push_back(std::move(n));
    return static_cast<Index>(plan_->nodes.size() - 1);
  }
  Node& at(Index index) { return plan_->nodes[index]; }
  void adopt(Node& parent, const std::vector<Index>& children) {
    parent.first = static_cast<Index>(plan_->children.size());
    parent.count = static_cast<std::uint32_t>(children.size());
    plan_->children.insert(plan_->children.end(), children.begin(), children.end());
  }
  std::string_view keep(std::string_view text) { return plan_->strings.emplace_back(text); }

  Index constant(const Syntax& s, const Datum& value, Type type) {
    Node n;
    n.place = s.place;
    n.constant = value;
    n.type = type;
    return add(std::move(n));
  }
  Index string_constant(const Syntax& s, std::string_view text) {
    const auto length = static_cast<std::uint32_t>(std::max<std::size_t>(1, count_characters(text)));
    return constant(s, Datum::string(keep(text)), {.kind = Kind::string, .length = length});
  }

  // `sign`: what the place wants (functions.def); `whose`: the call, for errors.
  Result<Index> node(const Syntax& s, char sign, std::string_view whose) {
    TRY_VALUE(const Index index, unchecked(s));
    const Type type = at(index).type;
    bool fits = type.kind == Kind::null && sign != 'A' && sign != 'l';
    switch (sign) {
      case 'A':
        fits = type.kind == Kind::action;
        break;
      case 'b':
        fits |= type.kind == Kind::boolean;
        break;
      case 'i':
        fits |= type.kind == Kind::integer;
        break;
      case 'n':
        fits |= type.is_number();
        break;
      case 's':
        fits |= type.kind == Kind::string;
        break;
      case 'l':
        fits |= type.kind == Kind::list;
        break;
      case 't':
        fits |= type.kind == Kind::datetime;
        if (type.kind == Kind::string && at(index).op == Op::constant) {
          TRY(to_datetime(s, index));
          return index;
        }
        break;
      default:
        fits |= type.kind != Kind::action && type.kind != Kind::list;
    }
    if (!fits) return wrong(s, fmt::format("{} wants {}, not {}", whose, describe_parameter(sign), with_article(type)));
    return index;
  }

  Status to_datetime(const Syntax& s, Index index) {
    Node& n = at(index);
    Datum value = Datum::datetime({});
    if (!read_datetime(n.constant.s, value.t))
      return wrong(s, show(n.constant) + " is no date and time such as '2021-01-01 10:10:01'");
    n.constant = value;
    n.type = {.kind = Kind::datetime};
    return {};
  }

  Result<Index> unchecked(const Syntax& s) {
    using enum Syntax::Kind;
    switch (s.kind) {
      case call:
        return this->call(s);
      case column:
        return this->column(s);
      case name:
        return variable(s);
      case choose:
        return this->choose(s);
      case string:
        return string_constant(s, s.text);
      case boolean:
        return constant(s, Datum::boolean(s.text == "true"), {.kind = Kind::boolean});
      case null:
        return constant(s, {}, {});
      case integer: {
        Datum value = Datum::integer(0);
        if (!read_integer(s.text, value.i))
          return wrong(s, fmt::format("{} is outside -9223372036854775808 to 18446744073709551615", s.text));
        return constant(s, value, {.kind = Kind::integer, .is_unsigned = value.i > INT64_MAX});
      }
      case decimal: {
        Decimal number;
        if (!number.read(s.text)) return wrong(s, "more digits than a decimal has (65)");
        std::string text(decimal_text_max + 80, '\0');
        text.resize(static_cast<std::size_t>(number.write(text.data()) - text.data()));
        const Index index = constant(s, Datum::of_text(Kind::decimal, keep(text)),
                                     {.kind = Kind::decimal, .scale = static_cast<std::uint8_t>(number.scale())});
        at(index).is_literal_number = true;
        return index;
      }
      case real: {
        Datum value = Datum::real(0);
        if (!read_real(s.text, value.d)) return wrong(s, s.text + " is outside the range of a double");
        return constant(s, value, {.kind = Kind::real});
      }
    }
    return wrong(s, "an expression of no kind", ErrorCode::internal);
  }

  std::optional<Index> source_column(std::string_view name) const {
    for (Index i = 0; i < schema_.columns.size(); ++i) {
      if (schema_.columns[i].name == name && !schema_.columns[i].is_hidden) return i;
    }
    return std::nullopt;
  }

  std::unexpected<base::Error> no_column(const Syntax& s) const {
    std::string what = fmt::format("{}.{} has no column `{}`", schema_.database, schema_.table, s.text);
    for (const model::Column& column : schema_.columns) {
      const bool is_like = std::ranges::equal(column.name, s.text, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == (b >= 'A' && b <= 'Z' ? b | 0x20 : b);
      });
      if (is_like && !column.is_hidden) what += fmt::format(" (it is spelt `{}`)", column.name);
    }
    return wrong(s, std::move(what), ErrorCode::etl_unknown_column);
  }

  Result<Index> column(const Syntax& s) {
    Node n;
    n.op = Op::column;
    n.place = s.place;
    if (const auto found = source_column(s.text)) {
      n.index = *found;
      n.type = plan_->columns[*found].type;
      return add(std::move(n));
    }
    for (std::size_t i = 0; i < new_columns_.size(); ++i) {
      if (new_columns_[i].name != s.text) continue;
      n.index = static_cast<Index>(plan_->source_columns + i);
      n.type = new_columns_[i].type;
      return add(std::move(n));
    }
    return no_column(s);
  }

  Result<Index> variable(const Syntax& s) {
    if (s.text == "__DB__") return string_constant(s, schema_.database);
    if (s.text == "__TB__") return string_constant(s, schema_.table);
    if (s.text == "__OP_INSERT__") return string_constant(s, "INSERT");
    if (s.text == "__OP_UPDATE__") return string_constant(s, "UPDATE");
    if (s.text == "__OP_DELETE__") return string_constant(s, "DELETE");
    Node n;
    n.place = s.place;
    if (s.text == "__OPERATION__") {
      n.op = Op::operation;
      n.type = {.kind = Kind::string, .length = 6};
      return add(std::move(n));
    }
    if (s.text == "__COMMIT_TIMESTAMP__") {
      n.op = Op::commit_time;
      n.type = {.kind = Kind::datetime};
      return add(std::move(n));
    }
    if (is_variable(s.text)) return wrong(s, s.text + " stands in v(`column`, " + s.text + ") only");
    if (source_column(s.text))
      return wrong(s, fmt::format("columns are written in back-quotes: `{}`", s.text), ErrorCode::etl_syntax);
    const std::string_view near = nearest_name(s.text);
    return wrong(s,
                 near.empty()
                     ? fmt::format("'{}' is no variable; columns are written in back-quotes, strings in quotes", s.text)
                     : fmt::format("'{}' is no variable (did you mean {}?)", s.text, near),
                 ErrorCode::etl_syntax);
  }

  Result<Index> choose(const Syntax& s) {
    TRY_VALUE(const Index condition, node(s.children[0], 'b', "(condition ? a : b)"));
    TRY_VALUE(const Index first, node(s.children[1], 'v', "(condition ? a : b)"));
    TRY_VALUE(const Index second, node(s.children[2], 'v', "(condition ? a : b)"));
    Node n;
    n.op = Op::choose;
    n.place = s.place;
    const Type a = at(first).type, b = at(second).type;
    if (const auto type = join(a, b)) {
      n.type = *type;
    } else if (a.is_number() && b.is_number()) {
      n.type.kind = a.kind == Kind::real || b.kind == Kind::real ? Kind::real : Kind::decimal;
      n.type.scale = std::max(a.scale, b.scale);
    } else {
      return wrong(s, fmt::format("(condition ? a : b) is of one type, not {} and {}", type_name(a), type_name(b)));
    }
    n.is_literal_number = at(first).is_literal_number && at(second).is_literal_number;
    adopt(n, {condition, first, second});
    return add(std::move(n));
  }

  Result<Index> call(const Syntax& s) {
    if (s.text == "DATETIME") {
      const Index index = string_constant(s, s.children[0].text);
      TRY(to_datetime(s, index));
      return index;
    }
    const FunctionInfo& function = *find_function(s.text);
    switch (function.op) {
      case Op::e_set:
        return set(s);
      case Op::v:
        return other_image(s);
      case Op::op_eq:
      case Op::op_gt:
      case Op::op_lt:
      case Op::op_ge:
      case Op::op_le:
        return comparison(s, function.op);
      case Op::op_in:
        return in_list(s);
      case Op::json_array:
        return list(s);
      default:
        return plain(s, function);
    }
  }

  Result<Index> set(const Syntax& s) {
    const Syntax& target = s.children[0];
    if (target.kind != Syntax::Kind::column && (target.kind != Syntax::Kind::name || is_variable(target.text)))
      return wrong(target, "e_set wants a column in back-quotes first: e_set(`column`, value)");
    TRY_VALUE(const Index value, node(s.children[1], 'v', "e_set"));
    Node n;
    n.op = Op::e_set;
    n.place = s.place;
    n.type.kind = Kind::action;
    Type type = at(value).type;
    if (const auto found = source_column(target.text)) {
      n.index = *found;
      if (!can_store(plan_->columns[*found], type.kind))
        return wrong(s.children[1], fmt::format("`{}` is a column of type {}, which takes no {}", target.text,
                                                model::to_string(schema_.columns[*found].type), type_name(type)));
    } else {
      if (at(value).is_literal_number) type = {.kind = Kind::real};
      TRY_VALUE(n.index, new_column(target, type));
    }
    adopt(n, {value});
    return add(std::move(n));
  }

  Result<Index> new_column(const Syntax& target, const Type& type) {
    for (const model::Column& column : schema_.columns) {
      if (column.name == target.text) return no_column(target);  // hidden: not the user's, and no new name either
    }
    if (count_characters(target.text) > 64) return wrong(target, "a column name has 64 characters at most");
    for (std::size_t i = 0; i < new_columns_.size(); ++i) {
      NewColumn& column = new_columns_[i];
      if (column.name != target.text) continue;
      const auto joined = join(column.type, type);
      if (!joined)
        return wrong(target, fmt::format("the new column `{}` is set to {} here and to {} at {}", target.text,
                                         type_name(type), type_name(column.type), column.place.text()));
      column.type = *joined;
      return static_cast<Index>(plan_->source_columns + i);
    }
    new_columns_.push_back({target.text, type, target.place});
    return static_cast<Index>(plan_->source_columns + new_columns_.size() - 1);
  }

  Result<Index> other_image(const Syntax& s) {
    const Syntax& target = s.children[0];
    if (target.kind != Syntax::Kind::column)
      return wrong(target, "v wants a column in back-quotes first: v(`column`, __BEFORE__)");
    if (s.children.size() == 1) return column(target);
    const auto found = source_column(target.text);
    if (!found) return no_column(target);
    const Syntax& image = s.children[1];
    const bool is_before = image.text == "__BEFORE__";
    if (image.kind != Syntax::Kind::name || (!is_before && image.text != "__AFTER__"))
      return wrong(image, "the image of v is __BEFORE__ or __AFTER__");
    Node n;
    n.op = Op::v;
    n.place = s.place;
    n.index = *found;
    n.extra = is_before ? before_image : after_image;
    n.type = plan_->columns[*found].type;
    return add(std::move(n));
  }

  Result<Index> comparison(const Syntax& s, Op op) {
    TRY_VALUE(const Index left, node(s.children[0], 'v', s.text));
    TRY_VALUE(const Index right, node(s.children[1], 'v', s.text));
    for (const int i : {0, 1}) {
      if (at(i == 0 ? left : right).type.kind == Kind::null)
        return wrong(s.children[static_cast<std::size_t>(i)],
                     s.text + " with null never holds; use op_is_null or op_is_not_null");
    }
    const auto is_datetime = [&](Index i) { return at(i).type.kind == Kind::datetime; };
    const auto is_text_constant = [&](Index i) { return at(i).type.kind == Kind::string && at(i).op == Op::constant; };
    if (is_datetime(left) && is_text_constant(right)) TRY(to_datetime(s.children[1], right));
    if (is_datetime(right) && is_text_constant(left)) TRY(to_datetime(s.children[0], left));
    const Type a = at(left).type, b = at(right).type;
    const auto counts = [](const Type& type) { return type.is_number() || type.kind == Kind::boolean; };
    Node n;
    n.op = op;
    n.place = s.place;
    n.type.kind = Kind::boolean;
    if (counts(a) && counts(b)) {
      n.extra = numbers;
    } else if (a.kind == b.kind) {
      n.extra = a.kind == Kind::datetime ? moments : texts;
    } else {
      std::string what = fmt::format("{} compares {} with {}", s.text, with_article(a), with_article(b));
      if (a.kind == Kind::datetime || b.kind == Kind::datetime) what += "; dt_strptime makes a datetime of a string";
      return wrong(s, std::move(what));
    }
    adopt(n, {left, right});
    return add(std::move(n));
  }

  Result<Index> list(const Syntax& s) {
    TRY_VALUE(const Index text, node(s.children[0], 's', "json_array"));
    Node n;
    n.place = s.place;
    n.type.kind = Kind::list;
    if (at(text).op == Op::constant && !at(text).constant.is_null()) {
      std::string problem;
      n.constant.kind = Kind::list;
      if (!read_json_array(at(text).constant.s, plan_->lists, n.constant.list, problem))
        return wrong(s.children[0], problem);
      return add(std::move(n));
    }
    n.op = Op::json_array;
    adopt(n, {text});
    return add(std::move(n));
  }

  Result<Index> in_list(const Syntax& s) {
    TRY_VALUE(const Index value, node(s.children[0], 'v', "op_in"));
    TRY_VALUE(const Index items, node(s.children[1], 'l', "op_in"));
    const Type type = at(value).type;
    const bool is_text = type.kind == Kind::string;
    if (!is_text && !type.is_number() && type.kind != Kind::boolean && type.kind != Kind::null)
      return wrong(s.children[0],
                   fmt::format("op_in looks for strings, numbers and booleans, not for {}", with_article(type)));
    Node n;
    n.op = Op::op_in;
    n.place = s.place;
    n.type.kind = Kind::boolean;
    n.extra = is_text ? texts : numbers;
    if (at(items).op == Op::constant && type.kind != Kind::null) {
      const DatumList& list = at(items).constant.list;
      // The items are the plan's own, and not constant until it is.
      auto* begin = const_cast<Datum*>(list.items);
      bool all_texts = true, all_integers = true;
      for (std::size_t i = 0; i < list.count; ++i) {
        const Datum& item = begin[i];
        if (!item.is_null() && (item.kind == Kind::string) != is_text)
          return wrong(s.children[1],
                       fmt::format("the list holds {}, which is never equal to {}", show(item), with_article(type)));
        all_texts &= item.kind == Kind::string;
        all_integers &= item.kind == Kind::integer;
      }
      if (all_texts && is_text) {
        std::sort(begin, begin + list.count, [](const Datum& a, const Datum& b) { return a.s < b.s; });
        n.index = sorted_texts;
      } else if (all_integers && type.kind == Kind::integer) {
        std::sort(begin, begin + list.count, [](const Datum& a, const Datum& b) { return a.i < b.i; });
        n.index = sorted_integers;
      }
    }
    adopt(n, {value, items});
    return add(std::move(n));
  }

  // Calls whose arguments are what functions.def says.
  Result<Index> plain(const Syntax& s, const FunctionInfo& function) {
    Node n;
    n.op = function.op;
    n.place = s.place;
    std::vector<Index> children;
    std::size_t unnamed = 0;
    for (const Syntax& child : s.children) {
      if (!child.argument.empty()) {
        TRY(named(child, n, children));
        continue;
      }
      const char sign = parameter_of(function, unnamed++);
      switch (sign) {
        case 'S':
        case 'P':
        case 'Z':
        case 'R':
        case 'M':
          TRY(constant_argument(child, sign, function, n, children));
          break;
        default: {
          TRY_VALUE(const Index index, node(child, sign, s.text));
          children.push_back(index);
        }
      }
    }
    if (n.op == Op::str_format && plan_->pieces[n.index].size() != children.size() + 1)
      return wrong(s, fmt::format("the format has {} places {{}} for {} values", plan_->pieces[n.index].size() - 1,
                                  children.size()));
    set_type(n, function, children);
    adopt(n, children);
    return add(std::move(n));
  }

  Status named(const Syntax& child, Node& n, std::vector<Index>& children) {
    if (n.op == Op::e_switch) {
      TRY_VALUE(const Index index, node(child, 'A', "default"));
      children.push_back(index);
      return {};
    }
    static constexpr std::pair<std::string_view, Unit> units[] = {{"years", years},     {"months", months},
                                                                  {"days", days},       {"hours", hours},
                                                                  {"minutes", minutes}, {"seconds", seconds}};
    TRY_VALUE(const Index index, node(child, 'i', fmt::format("dt_add({} = ...)", child.argument)));
    for (const auto& [name, unit] : units) {
      if (name == child.argument) n.extra |= static_cast<std::uint32_t>(unit) << (4 * (children.size() - 1));
    }
    children.push_back(index);
    return {};
  }

  Status constant_argument(const Syntax& child, char sign, const FunctionInfo& function, Node& n,
                           std::vector<Index>& children) {
    if (child.kind != Syntax::Kind::string)
      return wrong(child, fmt::format("{} wants a constant string here: {}", function.name, function.signature));
    std::string problem;
    switch (sign) {
      case 'S':
        if (n.op != Op::str_format) {
          children.push_back(string_constant(child, child.text));
          return {};
        }
        return format_pieces(child, n);
      case 'M':
        if (count_characters(child.text) != 1) return wrong(child, "the mask is one character");
        children.push_back(string_constant(child, child.text));
        return {};
      case 'P': {
        TimeFormat format;
        if (!format.read(child.text, problem))
          return wrong(child, fmt::format("'{}' is no pattern: {}", child.text, problem));
        n.extra = static_cast<std::uint32_t>(plan_->formats.size());
        plan_->formats.push_back(std::move(format));
        return {};
      }
      case 'Z': {
        auto zone = Zone::find(child.text);
        if (!zone)
          return wrong(child, fmt::format("{} is no time zone such as 'GMT+08', '+08:00' or 'Asia/Shanghai'",
                                          show_text(child.text)));
        n.index = static_cast<Index>(plan_->zones.size());
        plan_->zones.push_back(std::move(*zone));
        return {};
      }
      default: {
        re2::RE2::Options options;
        options.set_log_errors(false);
        auto regex = std::make_unique<const re2::RE2>(child.text, options);
        if (!regex->ok())
          return wrong(child, fmt::format("{} is no regular expression: {}", show_text(child.text), regex->error()));
        n.index = static_cast<Index>(plan_->regexes.size());
        plan_->regexes.push_back(std::move(regex));
        return {};
      }
    }
  }

  Status format_pieces(const Syntax& s, Node& n) {
    std::vector<std::string> pieces(1);
    const std::string_view text = s.text;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::string_view two = text.substr(i, 2);
      if (two == "{}") {
        pieces.emplace_back();
        ++i;
      } else if (two == "{{" || two == "}}") {
        pieces.back() += text[i++];
      } else if (text[i] == '{' || text[i] == '}') {
        return wrong(s, "in a format, places are {} and braces are written {{ and }}");
      } else {
        pieces.back() += text[i];
      }
    }
    n.index = static_cast<Index>(plan_->pieces.size());
    plan_->pieces.push_back(std::move(pieces));
    return {};
  }

  // Characters that a value has at most as text; 0: not known.
  std::uint32_t text_length(const Type& type) const {
    switch (type.kind) {
      case Kind::string:
        return type.length;
      case Kind::bytes:
        return 0;
      default:
        return decimal_text_max;
    }
  }

  void set_type(Node& n, const FunctionInfo& function, const std::vector<Index>& children) {
    const auto type_of = [&](std::size_t i) { return at(children[i]).type; };
    static constexpr std::pair<char, Kind> results[] = {
        {'A', Kind::action}, {'b', Kind::boolean}, {'i', Kind::integer}, {'s', Kind::string}, {'t', Kind::datetime}};
    for (const auto& [sign, kind] : results) {
      if (function.result == sign) n.type.kind = kind;
    }
    if (function.result == '=') return number_type(n, children);
    if (n.type.kind != Kind::string) return;
    std::uint64_t length = 0;
    switch (n.op) {
      case Op::md5:
        length = 32;
        break;
      case Op::cast_long_to_string:
        length = 20;
        break;
      case Op::dt_str:
        length = plan_->formats[n.extra].bytes_max();
        break;
      case Op::str_lower:
      case Op::str_upper:
        length = std::uint64_t{3} * type_of(0).length;
        break;
      case Op::str_strip:
      case Op::str_mask:
      case Op::substring_after:
      case Op::substring_before:
      case Op::substring_between:
        length = type_of(0).length;
        break;
      case Op::op_add:
      case Op::str_format: {
        if (n.op == Op::str_format) {
          for (const std::string& piece : plan_->pieces[n.index]) length += count_characters(piece);
        }
        for (std::size_t i = 0; i < children.size(); ++i) {
          const std::uint32_t part = text_length(type_of(i));
          if (part == 0) return;
          length += part;
        }
        length = std::max<std::uint64_t>(length, 1);
        break;
      }
      default:
        break;
    }
    n.type.length = length > UINT32_MAX ? 0 : static_cast<std::uint32_t>(length);
  }

  void number_type(Node& n, const std::vector<Index>& children) {
    int scale = 0, most = 0;
    bool has_real = false, has_decimal = false, is_unsigned = false;
    n.is_literal_number = true;
    for (const Index child : children) {
      const Type& type = at(child).type;
      has_real |= type.kind == Kind::real;
      has_decimal |= type.kind == Kind::decimal;
      is_unsigned |= type.is_unsigned;
      scale += type.scale;
      most = std::max<int>(most, type.scale);
      n.is_literal_number &=
          at(child).is_literal_number || (at(child).op == Op::constant && type.kind == Kind::integer);
    }
    if (n.op == Op::op_div_true) {
      has_decimal = true;
      scale = std::max(most, 10);
    } else if (n.op != Op::op_mul) {
      scale = most;
    }
    n.type.kind = has_real ? Kind::real : has_decimal ? Kind::decimal : Kind::integer;
    if (n.type.kind == Kind::decimal) n.type.scale = static_cast<std::uint8_t>(std::min(scale, decimal_scale_max));
    n.type.is_unsigned = n.type.kind == Kind::integer && is_unsigned && n.op != Op::op_sub;
    n.is_literal_number &= n.type.kind == Kind::decimal;
  }

  Status finish() {
    auto output = std::make_shared<model::TableSchema>(schema_);
    for (const NewColumn& column : new_columns_) {
      if (column.type.kind == Kind::null)
        return fail(ErrorCode::etl_type,
                    fmt::format("the new column `{}` is set to null only and has no type", column.name),
                    column.place.text());
      output->columns.push_back(column_for(column.name, column.type));
    }
    // Rows have no tail any more: it is cut off where images are decoded.
    output->tail.clear();
    if (output->row_end && *output->row_end >= schema_.columns.size()) output->row_end.reset();
    for (const NewColumn& column : new_columns_) {
      for (const char c : column.name + "\n" + type_name(column.type) + "\n")
        output->version = (output->version ^ static_cast<unsigned char>(c)) * 16777619;
    }
    plan_->columns.clear();
    for (const model::Column& column : output->columns) plan_->columns.push_back(access_of(column));
    for (Index i = 0; i < output->columns.size(); ++i) {
      if (plan_->columns[i].form == Form::text && !output->columns[i].is_hidden) plan_->texts.push_back(i);
    }
    plan_->output = std::move(output);
    // What can be refused now is not left to the first row.
    Arena arena;
    for (const Node& n : plan_->nodes) {
      if (n.op != Op::e_set) continue;
      const Node& value = plan_->nodes[plan_->children[n.first]];
      if (value.op != Op::constant) continue;
      model::Value stored;
      std::string problem;
      arena.reset();
      if (!store(plan_->columns[n.index], value.constant, arena, stored, problem))
        return fail(ErrorCode::etl_type, fmt::format("`{}`: {}", plan_->output->columns[n.index].name, problem),
                    value.place.text());
    }
    return {};
  }

  const model::TableSchema& schema_;
  std::shared_ptr<Plan> plan_ = std::make_shared<Plan>();
  std::vector<NewColumn> new_columns_;
};

void collect(const Syntax& s, std::vector<NamedColumn>& columns) {
  std::size_t first = 0;
  if (s.kind == Syntax::Kind::column) columns.push_back({s.text, false, s.place.text()});
  if (s.kind == Syntax::Kind::call && s.text == "e_set") {
    const Syntax& target = s.children[0];
    if (target.kind == Syntax::Kind::column || target.kind == Syntax::Kind::name) {
      columns.push_back({target.text, true, target.place.text()});
      first = 1;
    }
  }
  for (; first < s.children.size(); ++first) collect(s.children[first], columns);
}

}  // namespace

Result<EtlProgram> EtlProgram::compile(std::string_view script, const model::TableSchema& schema, Options options) {
  TRY_VALUE(auto plan, Compiler(schema, options).compile(script));
  return EtlProgram(std::move(plan));
}

const model::TableSchemaPtr& EtlProgram::output() const { return plan_->output; }
const std::string& EtlProgram::text() const { return plan_->text; }

std::vector<std::uint32_t> EtlProgram::changed_columns() const {
  std::vector<std::uint32_t> changed;
  for (const Node& n : plan_->nodes) {
    if (n.op == Op::e_set && n.index < plan_->source_columns) changed.push_back(n.index);
    if (n.op != Op::tail_replace_string_field) continue;
    for (const std::uint32_t column : plan_->texts) {
      if (column < plan_->source_columns) changed.push_back(column);
    }
  }
  std::ranges::sort(changed);
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  return changed;
}

Result<std::vector<NamedColumn>> check_syntax(std::string_view script) {
  TRY_VALUE(const Syntax syntax, parse_script(script));
  TRY(check_calls(syntax));
  std::vector<NamedColumn> columns;
  collect(syntax, columns);
  return columns;
}

std::vector<FunctionText> describe_functions() {
  std::vector<FunctionText> all;
  for (const FunctionInfo& f : functions()) all.push_back({f.name, f.group, f.signature, f.text});
  return all;
}

}  // namespace tributary::transform::etl
