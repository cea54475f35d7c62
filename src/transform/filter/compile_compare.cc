#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/charset.h"
#include "model/text.h"
#include "transform/filter/compiler.h"
#include "transform/filter/numbers.h"
#include "transform/filter/temporal.h"

namespace tributary::transform::filter {

using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr double exact_max = 1e15;  // a double holds so many digits, and one more
constexpr unsigned exact_digits = 15;

bool is_constant(const Node& node) { return node.operation == Operation::constant; }

bool is_plain_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// Of two collations, neither of which is set by COLLATE: whether the first one counts. Nothing where neither does, or
// bytes would have to be converted.
std::optional<bool> wins(const Collation& a, const Collation& b) {
  if (a.set == TextSet::binary || b.set == TextSet::binary) return a.set == TextSet::binary;
  const auto character_set = [](const Collation& one) {
    return std::string_view(one.name).substr(0, one.name.find('_'));
  };
  if (character_set(a) == character_set(b)) {
    if (a.is_binary_order == b.is_binary_order || a.name.ends_with("0900_bin") || b.name.ends_with("0900_bin"))
      return std::nullopt;
    return a.is_binary_order;
  }
  // What is smaller and has the same bytes.
  const auto rank = [&](const Collation& one) {
    return one.set == TextSet::ascii ? 1 : one.set == TextSet::latin1 ? 2 : character_set(one) == "utf8mb4" ? 4 : 3;
  };
  if (a.set != b.set && a.set != TextSet::ascii && b.set != TextSet::ascii) return std::nullopt;
  if (rank(a) == rank(b)) return std::nullopt;
  return rank(a) > rank(b);
}

// In latin1, as the server has it; nothing if a character is not in it.
std::optional<std::string> in_latin1(std::string_view text) {
  std::string out;
  const model::Charset& latin1 = model::Charset::find("latin1");
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    bool is_found = false;
    for (unsigned byte = 0; byte < 256 && !is_found; ++byte) {
      const char c = static_cast<char>(byte);
      const auto character = latin1.utf8(std::string_view(&c, 1));
      is_found = character && *character == text.substr(0, size);
      if (is_found) out += c;
    }
    if (!is_found) return std::nullopt;
    text.remove_prefix(size);
  }
  return out;
}

std::string kind_name(const Node& node) {
  switch (node.type.kind) {
    case Kind::null:
      return "NULL";
    case Kind::integer:
      return "an integer";
    case Kind::decimal:
      return "a decimal";
    case Kind::real:
      return "a floating-point number";
    case Kind::text:
      return node.type.is_json ? "JSON" : node.type.collation == &binary_collation() ? "bytes" : "text";
    case Kind::date:
      return "a date";
    case Kind::datetime:
      return "a date and time";
    case Kind::time:
      return "a time";
  }
  return "a value";
}

}  // namespace

Status Compiler::textual(NodePtr& node, std::string_view what) {
  if (node->type.is_json)
    return fail(unsupported(fmt::format("JSON in {}; take ->> or JSON_UNQUOTE", what), node->offset));
  if (node->type.kind == Kind::text) {
    node->type.is_labels = node->type.is_labels && node->operation == Operation::column;
    return {};
  }
  if (node->type.kind == Kind::null) return {};
  if (node->type.has_no_text || node->type.is_loose)
    return fail(
        unsupported(fmt::format("{} in {}: how the server writes it as text", kind_name(*node), what), node->offset));
  NodePtr text = make(Operation::to_text, Kind::text, node->offset);
  text->type.collation = &connection_collation();
  text->type.is_ascii = true;
  text->type.coercibility = numeric_collation;
  text->number = -1;
  text->args.push_back(std::move(node));
  node = std::move(text);
  return {};
}

Result<Type> Compiler::text_type(std::vector<NodePtr>& texts, std::uint32_t offset, std::string_view what) {
  std::vector<NodePtr*> pointers;
  for (NodePtr& text : texts) pointers.push_back(&text);
  return text_type(pointers, offset, what);
}

Result<Type> Compiler::text_type(std::span<NodePtr* const> texts, std::uint32_t offset, std::string_view what) {
  Type type;
  type.kind = Kind::text;
  type.is_ascii = true;
  type.coercibility = numeric_collation + 1;
  for (NodePtr* one : texts) {
    TRY(textual(*one, what));
    const Type& t = (*one)->type;
    if (t.kind == Kind::null) continue;
    type.is_ascii = type.is_ascii && t.is_ascii;
    if (t.coercibility > type.coercibility) continue;
    if (t.coercibility == type.coercibility && t.collation != type.collation) {
      const std::optional<bool> is_former = wins(*type.collation, *t.collation);
      if (!is_former)
        return fail(unsupported(
            fmt::format("{} over texts of {} and {}", what, type.collation->name, t.collation->name), offset));
      if (*is_former) continue;
    }
    type.collation = t.collation;
    type.coercibility = t.coercibility;
  }
  if (type.collation == nullptr) {
    type.collation = &binary_collation();
    type.coercibility = coercible_collation;
    return type;
  }
  for (NodePtr* one : texts) {
    Node& node = **one;
    if (node.type.kind == Kind::null || node.type.collation == type.collation || type.collation->set == TextSet::binary)
      continue;
    const auto mixed = [&] {
      return fail(unsupported(
          fmt::format("{} over text of {} and what is not text of its character set", what, type.collation->name),
          node.offset));
    };
    const bool is_literal = is_constant(node);
    if (node.type.collation->set == TextSet::binary) {
      if (!is_literal || (type.collation->is_utf8() && !model::is_utf8(node.text))) return mixed();
      continue;
    }
    const bool is_three_bytes = type.collation->is_utf8() && type.collation->name.find("mb4") == std::string::npos;
    if (node.type.is_ascii) continue;
    if (type.collation->is_utf8() && node.type.collation->is_utf8() && (!is_three_bytes || is_literal)) {
      if (is_three_bytes &&
          std::ranges::any_of(node.text, [](char c) { return static_cast<unsigned char>(c) >= 0xF0; }))
        return mixed();
      continue;
    }
    if (!is_literal || type.collation->set != TextSet::latin1 || !node.type.collation->is_utf8()) return mixed();
    const auto converted = in_latin1(node.text);
    if (!converted) return mixed();
    node.text = *converted;
    node.type.collation = type.collation;
    node.type.coercibility = coercible_collation;
  }
  return type;
}

Status Compiler::check_year(const Node& a, const Node& b) const {
  for (const auto& [year, other] : {std::pair(&a, &b), std::pair(&b, &a)})
    if (year->type.is_year && other->type.kind == Kind::text &&
        !(is_constant(*other) && other->text.size() == 4 && other->text >= "1901" && other->text <= "2155"))
      return fail(unsupported("a year beside a text that is not a year of four digits", other->offset));
  return {};
}

Status Compiler::check_real(const Node& a, const Node& b) const {
  TRY(check_year(a, b));
  for (const auto& [wide, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    const bool is_quoted = is_constant(*other) && other->type.kind == Kind::text && !other->type.is_labels;
    if (is_quoted && (digits_of_real(other->text) > exact_digits || std::abs(leading_real(other->text)) > exact_max))
      return fail(unsupported("a number of more than 15 digits in quotes beside a number", other->offset));
    if (wide->type.kind == Kind::decimal && other->type.kind == Kind::text &&
        wide->type.digits + wide->type.true_scale > exact_digits)
      return fail(
          unsupported("a decimal of more than 15 digits beside text; write numbers without quotes", other->offset));
    if (wide->type.kind != Kind::integer) continue;
    if (!wide->type.is_wide) continue;
    // The servers do not agree whether they compare as integers, as decimals or as doubles.
    const bool is_text = other->type.kind == Kind::text && !other->type.is_labels;
    if (is_constant(*other) && std::abs(is_text ? leading_real(other->text) : other->value.d) <= exact_max) continue;
    if (other->type.is_labels) continue;
    return fail(
        unsupported(fmt::format("a BIGINT beside {} beyond 10^15, or one whose size is not known", kind_name(*other)),
                    other->offset));
  }
  return {};
}

// MySQL 8 answers such a comparison by the type alone, and takes the zero timestamp for one that can't be.
bool Compiler::is_beyond_timestamps(const Node& column, std::int64_t literal) const {
  return is_mysql8() && column.operation == Operation::column && column.column_type == model::ColumnType::timestamp &&
         (literal < pack({1970, 1, 1, 0, 0, 1, 0}) || literal > pack({2038, 1, 19, 3, 14, 7, 0}));
}

Result<Comparison> Compiler::compare_temporal(NodePtr& t, NodePtr& other) {
  const auto refuse = [&](std::string_view why) {
    return fail(unsupported(fmt::format("{} beside {}: {}", kind_name(*t), kind_name(*other), why), other->offset));
  };
  const bool is_time = t->type.kind == Kind::time;
  if (other->type.is_temporal()) {
    if (is_time != (other->type.kind == Kind::time)) return refuse("the day is that of the query");
    if ((is_constant(*other) && is_beyond_timestamps(*t, other->value.i)) ||
        (is_constant(*t) && is_beyond_timestamps(*other, t->value.i)))
      return refuse("it lies outside of what a TIMESTAMP can be");
    return Comparison::packed;
  }
  if (!is_constant(*other)) return refuse("only a literal is read as a date");
  if (is_constant(*t)) return refuse("servers differ between two literals");
  std::optional<std::int64_t> packed;
  unsigned fraction = 0;
  bool has_clock = false;
  if (other->type.kind == Kind::text && other->type.collation != &binary_collation()) {
    packed = is_time ? parse_time(other->text, &fraction) : parse_datetime(other->text, &has_clock, &fraction);
  } else if (other->type.kind == Kind::integer && !is_time && other->value.i > 0) {
    const std::string digits = std::to_string(other->value.i);
    const auto part = [&](std::size_t from, std::size_t count) { return digits.substr(from, count); };
    if (digits.size() == 8 || digits.size() == 14) {
      std::string text = part(0, 4) + "-" + part(4, 2) + "-" + part(6, 2);
      if (digits.size() == 14) text += " " + part(8, 2) + ":" + part(10, 2) + ":" + part(12, 2);
      packed = parse_datetime(text, &has_clock, &fraction);
    }
  }
  if (!packed)
    return refuse(is_time ? "write it in full, '12:30:00'" : "write it in full, '2020-01-31' or '2020-01-31 12:30:00'");
  if (fraction > t->type.scale) return refuse("it has more digits of a second than the other side");
  if (is_beyond_timestamps(*t, *packed)) return refuse("it lies outside of what a TIMESTAMP can be");
  other->type = Type{};
  other->type.kind = is_time ? Kind::time : has_clock ? Kind::datetime : Kind::date;
  other->type.scale = static_cast<std::uint8_t>(fraction);
  other->value.i = *packed;
  return Comparison::packed;
}

Result<Comparison> Compiler::compare_by(NodePtr& a, NodePtr& b, const Collation** collation) {
  if (a->type.kind == Kind::null || b->type.kind == Kind::null) return Comparison::nothing;
  if (a->type.is_json || b->type.is_json)
    return fail(unsupported("comparison of JSON; take ->> or JSON_UNQUOTE for its text",
                            a->type.is_json ? a->offset : b->offset));
  if (a->type.is_temporal()) return compare_temporal(a, b);
  if (b->type.is_temporal()) return compare_temporal(b, a);
  if (a->type.kind == Kind::text && b->type.kind == Kind::text) {
    NodePtr* both[] = {&a, &b};
    TRY_VALUE(const Type type, text_type(both, b->offset, "a comparison"));
    *collation = type.collation;
    return Comparison::text;
  }
  for (auto* one : {&a, &b}) {
    Node& node = **one;
    const Node& other = one == &a ? *b : *a;
    if (node.type.kind != Kind::text) continue;
    if (node.type.is_number_bytes) {
      if (other.type.is_year) return fail(unsupported("bytes beside a year", node.offset));
      if (other.type.kind != Kind::integer || node.text.size() > 8)
        return fail(unsupported("bytes beside a number that is no integer", node.offset));
      std::uint64_t number = 0;
      for (const char c : node.text) number = number << 8 | static_cast<unsigned char>(c);
      node.type = Type{};
      node.type.kind = Kind::integer;
      node.type.is_unsigned = true;
      node.type.digits = 20;
      node.value.i = static_cast<std::int64_t>(number);
      return Comparison::integer;
    }
    if (is_constant(node) && node.type.collation == &binary_collation())
      return fail(unsupported("bytes beside a number", node.offset));
    TRY(has_number(node));
  }
  for (const auto& [year, other] : {std::pair(a.get(), b.get()), std::pair(b.get(), a.get())}) {
    if (!year->type.is_year || !is_constant(*other) || other->type.kind == Kind::text) continue;
    if (other->type.kind != Kind::integer || other->value.i < 1901 || other->value.i > 2155)
      return fail(unsupported("a year beside a number that is not one from 1901 to 2155", other->offset));
  }
  const auto is = [&](Kind kind) { return a->type.kind == kind || b->type.kind == kind; };
  if (is(Kind::text) || is(Kind::real)) {
    const bool has_labels = a->type.is_labels || b->type.is_labels;
    if (dialect_.is_mariadb && is(Kind::text) && is(Kind::integer) && !has_labels) {
      TRY(check_year(*a, *b));
      return Comparison::decimal;
    }
    TRY(check_real(*a, *b));
    return Comparison::real;
  }
  return is(Kind::decimal) ? Comparison::decimal : Comparison::integer;
}

// FLOAT(m,d) and DOUBLE(m,d) beside a number of known digits are equal when they are near. 0: nothing of that.
unsigned Compiler::fixed_digits(const Node& a, const Node& b) {
  const auto digits = [](const Node& node) -> unsigned {
    if (node.type.kind == Kind::real) return node.type.fixed;
    return node.type.kind == Kind::text ? not_fixed : node.type.scale;
  };
  if (digits(a) == not_fixed || digits(b) == not_fixed) return 0;
  return std::max(digits(a), digits(b)) + 1;
}

Result<NodePtr> Compiler::comparison(Syntax& syntax) {
  using enum Operation;
  static constexpr std::pair<std::string_view, Operation> operators[] = {
      {"=", equal},       {"<=>", same},  {"<>", different},    {"<", less},
      {"<=", less_equal}, {">", greater}, {">=", greater_equal}};
  TRY_VALUE(std::vector<NodePtr> args, all(syntax));
  const auto* found = std::ranges::find(operators, syntax.name, &std::pair<std::string_view, Operation>::first);
  NodePtr node = boolean(found->second, syntax.offset);
  TRY_VALUE(node->comparison, compare_by(args[0], args[1], &node->collation));
  if (node->comparison == Comparison::real) node->number = static_cast<int>(fixed_digits(*args[0], *args[1]));
  node->args = std::move(args);
  return node;
}

Status Compiler::check_signs(const Node& a, const Node& b, std::string_view what, bool is_mixed) const {
  if ((!is_old() && !is_mixed) || a.type.is_unsigned == b.type.is_unsigned) return {};
  const Node& with_sign = a.type.is_unsigned ? b : a;
  if (&with_sign == &b && is_constant(b) && b.value.i >= 0) return {};
  return fail(unsupported(
      fmt::format("{} with numbers with and without a sign: this server takes equal bits for equal", what), b.offset));
}

Result<NodePtr> Compiler::in_list(Syntax& syntax) {
  TRY_VALUE(std::vector<NodePtr> args, all(syntax));
  for (const NodePtr& arg : args)
    if (arg->type.is_number_bytes) return fail(unsupported("bytes in IN; write them as x'...'", arg->offset));
  NodePtr node = boolean(Operation::in, syntax.offset);
  node->is_negated = syntax.is_negated;
  bool is_mixed = false;
  for (std::size_t i = 1; i < args.size(); ++i) {
    const Collation* collation = nullptr;
    TRY_VALUE(const Comparison by, compare_by(args[0], args[i], &collation));
    if (by == Comparison::text) {
      if (node->collation != nullptr && node->collation != collation)
        return fail(unsupported("IN with texts of several collations", args[i]->offset));
      node->collation = collation;
    }
    for (const Comparison earlier : node->comparisons)
      if (earlier != by && earlier != Comparison::nothing && by != Comparison::nothing &&
          (earlier == Comparison::text || by == Comparison::text || args[0]->type.is_temporal()))
        return fail(unsupported("IN with values of several kinds", args[i]->offset));
    if (by == Comparison::integer) TRY(check_signs(*args[0], *args[i], "IN", !dialect_.is_mariadb));
    if (by == Comparison::real && args.size() == 2 && fixed_digits(*args[0], *args[1]) > 0)
      return fail(unsupported("IN of FLOAT(m,d) or DOUBLE(m,d) and one value; write =", args[i]->offset));
    if (by == Comparison::real && is_mysql8() && args[0]->type.kind == Kind::integer &&
        args[0]->operation != Operation::column && args[i]->type.kind == Kind::real)
      return fail(unsupported("IN of an integer that is no column and floating-point numbers: this server errs",
                              args[i]->offset));
    is_mixed = is_mixed || (!node->comparisons.empty() && by != node->comparisons[0]);
    if (by == Comparison::decimal && args[0]->type.is_loose)
      return fail(unsupported("a quotient in IN", args[0]->offset));
    node->comparisons.push_back(by);
  }
  for (std::size_t i = 1; i < args.size() && is_mixed; ++i)
    if (node->comparisons[i - 1] == Comparison::integer) TRY(check_signs(*args[0], *args[i], "IN", true));
  node->args = std::move(args);
  return node;
}

Result<NodePtr> Compiler::between(Syntax& syntax) {
  TRY_VALUE(std::vector<NodePtr> args, all(syntax));
  NodePtr node = boolean(Operation::between, syntax.offset);
  node->is_negated = syntax.is_negated;
  const Collation* collations[2] = {};
  TRY_VALUE(const Comparison low, compare_by(args[0], args[1], &collations[0]));
  TRY_VALUE(const Comparison high, compare_by(args[0], args[2], &collations[1]));
  if (low == Comparison::text && high == Comparison::text && collations[0] != collations[1])
    return fail(unsupported("BETWEEN with texts of several collations", syntax.offset));
  node->collation = low == Comparison::text ? collations[0] : collations[1];
  if (low == Comparison::integer) TRY(check_signs(*args[0], *args[1], "BETWEEN"));
  if (high == Comparison::integer) TRY(check_signs(*args[0], *args[2], "BETWEEN"));
  if (args[0]->type.kind != Kind::text && low != Comparison::text)
    for (std::size_t i = 1; i < 3; ++i)
      if (args[i]->type.kind == Kind::text && !is_constant(*args[i]) && !args[i]->type.is_labels &&
          args[0]->type.is_number())
        return fail(unsupported("BETWEEN of a number and texts", args[i]->offset));
  if (is_old() && (low == Comparison::packed || high == Comparison::packed) &&
      (args[0]->operation != Operation::column || !is_constant(*args[1]) || !is_constant(*args[2])))
    return fail(
        unsupported("BETWEEN of dates or times that are no column and two literals: this server errs", syntax.offset));
  if (args[0]->type.is_year)
    for (const NodePtr& bound : args)
      if (bound != args[0] && !(is_constant(*bound) && bound->type.kind == Kind::integer))
        return fail(unsupported("BETWEEN of a year and what is no literal", bound->offset));
  if (is_old() && (low == Comparison::nothing || high == Comparison::nothing) &&
      std::ranges::any_of(args, [](const NodePtr& arg) { return arg->type.is_temporal(); }))
    return fail(unsupported("BETWEEN of a date or time and NULL: this server errs", syntax.offset));
  if (low == Comparison::nothing || high == Comparison::nothing) {
    node->comparison = low == Comparison::nothing ? high : low;
  } else if (low == high) {
    node->comparison = low;
  } else if (low == Comparison::text || high == Comparison::text || low == Comparison::packed ||
             high == Comparison::packed) {
    return fail(unsupported("BETWEEN with values of several kinds", syntax.offset));
  } else {
    node->comparison = std::max(low, high);
    if (node->comparison == Comparison::real) {
      TRY(check_real(*args[0], *args[1]));
      TRY(check_real(*args[0], *args[2]));
      TRY(check_real(*args[1], *args[2]));
    }
  }
  for (const NodePtr& arg : args)
    if (arg->type.is_loose) return fail(unsupported("a quotient in BETWEEN", arg->offset));
  node->args = std::move(args);
  return node;
}

Result<NodePtr> Compiler::like(Syntax& syntax) {
  TRY_VALUE(std::vector<NodePtr> args, all(syntax));
  NodePtr node = boolean(Operation::like, syntax.offset);
  node->is_negated = syntax.is_negated;
  node->text = "\\";
  if (args.size() > 2) {
    if (!is_constant(*args[2]) || args[2]->type.kind != Kind::text || args[2]->text.size() != 1 ||
        !is_plain_ascii(args[2]->text))
      return fail(unsupported("ESCAPE with anything but one ASCII character", args[2]->offset));
    node->text = args[2]->text;
    args.pop_back();
  }
  TRY_VALUE(const Type type, text_type(args, syntax.offset, "LIKE"));
  node->collation = type.collation;
  if (is_old() && node->collation->name.find("_unicode_ci") != std::string::npos &&
      (!is_constant(*args[1]) || args[1]->text.find(node->text) != std::string::npos))
    return fail(unsupported(
        fmt::format("LIKE with {} in a pattern over {}: this server errs", node->text, node->collation->name),
        args[1]->offset));
  node->args = std::move(args);
  return node;
}

Result<NodePtr> Compiler::regexp(Syntax& syntax) {
  TRY_VALUE(std::vector<NodePtr> args, all(syntax));
  TRY_VALUE(const Type type, text_type(args, syntax.offset, "REGEXP"));
  NodePtr node = boolean(Operation::regexp, syntax.offset);
  node->is_negated = syntax.is_negated;
  if (args[1]->type.kind != Kind::null) {
    if (!is_constant(*args[1])) return fail(unsupported("REGEXP with anything but a literal pattern", args[1]->offset));
    if (type.collation->set == TextSet::binary) return fail(unsupported("REGEXP over bytes", syntax.offset));
    const RegexpEngine engine = dialect_.is_mariadb ? RegexpEngine::pcre
                                : is_old()          ? RegexpEngine::spencer
                                                    : RegexpEngine::icu;
    auto made = Regexp::make(args[1]->text, *type.collation, engine);
    if (!made) return fail(unsupported(made.error().what, args[1]->offset));
    node->pattern = std::move(*made);
  }
  node->args = std::move(args);
  return node;
}

Result<Type> Compiler::common_type(std::vector<NodePtr*> results, std::uint32_t offset, std::string_view what) {
  Type type;
  type.is_ascii = true;
  bool is_first = true, is_signed = false, is_unsigned = false, is_mixed = false, has_no_number = false;
  for (NodePtr* one : results) {
    const Type& t = (*one)->type;
    if (t.kind == Kind::null) continue;
    if (t.is_json || t.is_number_bytes || t.is_loose)
      return fail(unsupported(fmt::format("JSON, bytes or a quotient as a result of {}", what), (*one)->offset));
    if (t.kind == Kind::integer) (t.is_unsigned ? is_unsigned : is_signed) = true;
    has_no_number =
        has_no_number || t.has_no_number || t.is_labels || (is_constant(**one) && t.collation == &binary_collation());
    if (is_first) {
      type = t;
      type.is_labels = type.is_year = false;
      is_first = false;
      continue;
    }
    const bool are_numbers = t.is_number() && type.is_number();
    if (t.kind != type.kind && !are_numbers)
      return fail(unsupported(fmt::format("results of {} that are of several kinds", what), (*one)->offset));
    is_mixed = is_mixed || t.kind != type.kind || t.scale != type.scale;
    type.kind = std::max(t.kind, type.kind);
    type.digits = std::max(t.digits, type.digits);
    type.scale = std::max(t.scale, type.scale);
    type.true_scale = std::max(t.true_scale, type.true_scale);
    type.is_wide = type.is_wide || t.is_wide;
    type.has_no_text = type.has_no_text || t.has_no_text;
    if ((is_mixed || t.fixed != type.fixed) && (t.fixed != not_fixed || type.fixed != not_fixed))
      return fail(unsupported(fmt::format("FLOAT(m,d) or DOUBLE(m,d) beside other numbers as results of {}", what),
                              (*one)->offset));
  }
  if (is_signed && is_unsigned && is_old())
    return fail(
        unsupported(fmt::format("numbers with and without a sign as results of {}: this server errs", what), offset));
  if (is_signed && is_unsigned && type.kind == Kind::integer) {
    type.kind = Kind::decimal;
    type.digits = 20;
    is_mixed = true;
  }
  type.is_unsigned = type.kind == Kind::integer && is_unsigned;
  type.has_no_text = type.has_no_text || (is_mixed && type.kind != Kind::text);
  if (type.kind != Kind::text) return type;
  TRY_VALUE(type, text_type(results, offset, what));
  type.has_no_number = has_no_number;
  return type;
}

}  // namespace tributary::transform::filter
