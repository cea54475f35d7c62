#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "model/text.h"
#include "transform/filter/evaluator.h"
#include "transform/filter/numbers.h"
#include "transform/filter/syntax.h"
#include "transform/filter/temporal.h"

namespace tributary::transform::filter {

using model::ColumnType;
using model::Value;
using model::ValueKind;

namespace {

Filter::Verdict verdict(bool holds) { return holds ? Filter::Verdict::yes : Filter::Verdict::no; }

// Integers of which either may be unsigned.
int order(std::int64_t a, bool a_unsigned, std::int64_t b, bool b_unsigned) {
  const bool a_large = a_unsigned && a < 0, b_large = b_unsigned && b < 0;
  if (a_large != b_large) return a_large ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

// A date or time as the number it is in a calculation: 20200131, 20200131123000, -123000.
std::int64_t as_number(Kind kind, std::int64_t packed, std::uint32_t& micros) {
  if (kind == Kind::time) {
    const model::TimeParts t = unpack_time(packed);
    micros = t.micros;
    const std::int64_t number = (t.hour * 100 + t.minute) * 100 + t.second;
    return packed < 0 ? -number : number;
  }
  const model::TimeParts t = unpack(packed);
  const std::int64_t date = (static_cast<std::int64_t>(t.year) * 100 + t.month) * 100 + t.day;
  micros = t.micros;
  if (kind == Kind::date) return date;
  return ((date * 100 + t.hour) * 100 + t.minute) * 100 + t.second;
}

}  // namespace

bool Evaluator::wrong_value(const Node& node) {
  return fails(node, fmt::format("column number {} of the row holds no value of its type", node.column + 1));
}

bool Evaluator::fails(const Node& node, std::string what) {
  if (!error_) error_ = error_at(base::ErrorCode::filter_value, std::move(what), program_.condition, node.offset);
  return false;
}

bool Evaluator::out_of_range(const Node& node, std::string_view kind) {
  return fails(node, fmt::format("{} out of range, as at the server", kind));
}

std::string_view Evaluator::labels_text(const Node& node, std::uint64_t number) {
  if (node.column_type == ColumnType::enum_)
    return number == 0 || number > node.labels.size() ? std::string_view() : std::string_view(node.labels[number - 1]);
  std::size_t size = 0;
  for (const std::string& label : node.labels) size += label.size() + 1;
  char* const from = arena_.take(size + 1);
  char* to = from;
  for (std::size_t i = 0; i < node.labels.size() && i < 64; ++i) {
    if ((number >> i & 1) == 0) continue;
    if (to != from) *to++ = ',';
    to = std::copy(node.labels[i].begin(), node.labels[i].end(), to);
  }
  return {from, static_cast<std::size_t>(to - from)};
}

bool Evaluator::column(const Node& node, Datum& out) {
  const Value& v = row_[node.column];
  if (v.kind == ValueKind::null) return false;
  switch (node.type.kind) {
    case Kind::integer:
      switch (v.kind) {
        case ValueKind::integer:
        case ValueKind::integer_unsigned:
          out.i = v.i;
          return true;
        case ValueKind::year:
          out.i = v.t.year;
          return true;
        case ValueKind::integer_text: {
          const char* end = v.text.data() + v.text.size();
          std::uint64_t number = 0;
          const auto read = v.text.starts_with('-') ? std::from_chars(v.text.data(), end, out.i)
                                                    : std::from_chars(v.text.data(), end, number);
          if (!v.text.starts_with('-')) out.i = static_cast<std::int64_t>(number);
          return read.ec == std::errc{} && read.ptr == end ? true : wrong_value(node);
        }
        default:
          return wrong_value(node);
      }
    case Kind::decimal: {
      if (v.kind != ValueKind::decimal_text) return wrong_value(node);
      const auto number = Decimal::parse(v.text);
      if (!number) return wrong_value(node);
      out.dec = *number;
      return true;
    }
    case Kind::real:
      if (v.kind != ValueKind::real) return wrong_value(node);
      // A row holds FLOAT widened by way of its decimal digits, the server reckons with its bits.
      out.d = node.column_type == ColumnType::float_ ? static_cast<double>(static_cast<float>(v.d)) : v.d;
      return true;
    case Kind::date:
    case Kind::datetime:
      if (v.kind == ValueKind::timestamp) {
        out.i = v.i == 0 && v.t.micros == 0 ? 0 : pack(parts_of_seconds(v.i, v.t.micros));
        return true;
      }
      if (v.kind != ValueKind::date && v.kind != ValueKind::datetime) return wrong_value(node);
      out.i = pack(v.t);
      return true;
    case Kind::time:
      if (v.kind != ValueKind::time) return wrong_value(node);
      out.i = pack_time(v.t, v.negative);
      return true;
    case Kind::text:
      if (node.type.is_labels || !node.labels.empty()) {
        if (v.kind != ValueKind::integer_unsigned) return wrong_value(node);
        out.i = v.i;
        out.s = labels_text(node, v.u);
        return true;
      }
      if (v.kind != ValueKind::bytes) return wrong_value(node);
      out.s = v.text;
      return true;
    case Kind::null:
      break;
  }
  return wrong_value(node);
}

bool Evaluator::evaluate(const Node& node, Datum& out) {
  using enum Operation;
  if (error_) return false;
  if (node.operation == Operation::column) return this->column(node, out);
  if (node.operation == constant) {
    if (node.value.is_null) return false;
    switch (node.type.kind) {
      case Kind::text:
        out.s = node.text;
        return true;
      case Kind::decimal:
        out.dec = node.value.dec;
        return true;
      case Kind::real:
        out.d = node.value.d;
        return true;
      default:
        out.i = node.value.i;
        return true;
    }
  }
  if (node.operation <= modulo) return arithmetic(node, out);
  if (node.operation <= is_false && node.operation != collate) {
    const Verdict found = truth(node);
    out.i = found == Verdict::yes ? 1 : 0;
    return found != Verdict::unknown;
  }
  if (node.operation == collate) return text(*node.args[0], out.s);
  if (node.operation <= null_if) return choice(node, out);
  if (node.operation <= find_in_set) return text_call(node, out);
  if (node.operation <= least) return number_call(node, out);
  if (node.operation <= from_unixtime) return time_call(node, out);
  return conversion(node, out);
}

bool Evaluator::integer(const Node& node, std::int64_t& out) {
  Datum value;
  if (!evaluate(node, value)) return false;
  out = value.i;
  if (node.type.is_temporal()) {
    std::uint32_t micros = 0;
    out = as_number(node.type.kind, value.i, micros);
  }
  return true;
}

bool Evaluator::packed(const Node& node, std::int64_t& out) {
  Datum value;
  if (!evaluate(node, value)) return false;
  out = value.i;
  return true;
}

bool Evaluator::real(const Node& node, double& out) {
  Datum value;
  if (!evaluate(node, value)) return false;
  switch (node.type.kind) {
    case Kind::integer:
      out = node.type.is_unsigned ? static_cast<double>(static_cast<std::uint64_t>(value.i))
                                  : static_cast<double>(value.i);
      return true;
    case Kind::decimal:
      out = value.dec.real();
      return true;
    case Kind::real:
      out = value.d;
      return true;
    case Kind::text:
      out = node.type.is_labels ? static_cast<double>(static_cast<std::uint64_t>(value.i)) : leading_real(value.s);
      return true;
    default: {
      std::uint32_t micros = 0;
      const std::int64_t number = as_number(node.type.kind, value.i, micros);
      const double fraction = micros / 1e6;
      out = static_cast<double>(number) + (value.i < 0 ? -fraction : fraction);
      return true;
    }
  }
}

bool Evaluator::decimal(const Node& node, Decimal& out) {
  Datum value;
  if (!evaluate(node, value)) return false;
  if (node.type.kind == Kind::decimal) {
    out = value.dec;
    return true;
  }
  if (node.type.kind == Kind::text) {
    out = leading_decimal(value.s, 44, 30);
    return true;
  }
  if (!node.type.is_temporal()) {
    out = node.type.is_unsigned ? Decimal::of_unsigned(static_cast<std::uint64_t>(value.i)) : Decimal::of(value.i);
    return true;
  }
  std::uint32_t micros = 0;
  out = Decimal::of(as_number(node.type.kind, value.i, micros));
  if (node.type.scale == 0) return true;
  Decimal fraction = Decimal::of(micros);
  fraction.scale = 6;
  fraction.negative = value.i < 0 && micros != 0;
  out = with_scale(add(out, fraction), node.type.scale);
  return true;
}

bool Evaluator::text(const Node& node, std::string_view& out) {
  Datum value;
  if (!evaluate(node, value)) return false;
  out = value.s;
  return true;
}

std::optional<int> Evaluator::compare(const Node& a, const Node& b, Comparison by, const Collation* collation) {
  switch (by) {
    case Comparison::integer: {
      std::int64_t x, y;
      if (!integer(a, x) || !integer(b, y)) return std::nullopt;
      return order(x, a.type.is_unsigned, y, b.type.is_unsigned);
    }
    case Comparison::decimal: {
      Decimal x, y;
      if (!decimal(a, x) || !decimal(b, y)) return std::nullopt;
      // MariaDB compares quotients with as many digits as it shows.
      if (program_.dialect.is_mariadb && a.type.is_loose) x = filter::round(x, a.type.scale);
      if (program_.dialect.is_mariadb && b.type.is_loose) y = filter::round(y, b.type.scale);
      return filter::compare(x, y);
    }
    case Comparison::real: {
      double x, y;
      if (!real(a, x) || !real(b, y)) return std::nullopt;
      return x < y ? -1 : x > y ? 1 : 0;
    }
    case Comparison::text: {
      std::string_view x, y;
      if (!text(a, x) || !text(b, y)) return std::nullopt;
      return filter::compare(*collation, x, y);
    }
    case Comparison::packed: {
      std::int64_t x, y;
      if (!packed(a, x) || !packed(b, y)) return std::nullopt;
      return x < y ? -1 : x > y ? 1 : 0;
    }
    case Comparison::nothing:
      break;
  }
  return std::nullopt;
}

Filter::Verdict Evaluator::compared(const Node& node) {
  const Node& a = *node.args[0];
  const Node& b = *node.args[1];
  if (node.operation == Operation::same) {
    Datum ignored;
    const bool has_a = evaluate(a, ignored), has_b = evaluate(b, ignored);
    if (!has_a || !has_b) return verdict(has_a == has_b);
  }
  std::optional<int> order = compare(a, b, node.comparison, node.collation);
  if (!order) return Verdict::unknown;
  if (node.comparison == Comparison::real && node.number > 0 && *order != 0) {
    double x, y;
    real(a, x);
    real(b, y);
    if (std::fabs(x - y) < 5 / std::pow(10.0, node.number)) order = 0;
  }
  switch (node.operation) {
    case Operation::equal:
    case Operation::same:
      return verdict(*order == 0);
    case Operation::different:
      return verdict(*order != 0);
    case Operation::less:
      return verdict(*order < 0);
    case Operation::less_equal:
      return verdict(*order <= 0);
    case Operation::greater:
      return verdict(*order > 0);
    default:
      return verdict(*order >= 0);
  }
}

Filter::Verdict Evaluator::in_list(const Node& node) {
  bool has_null = false;
  for (std::size_t i = 1; i < node.args.size(); ++i) {
    const std::optional<int> order = compare(*node.args[0], *node.args[i], node.comparisons[i - 1], node.collation);
    if (error_) return Verdict::unknown;
    if (!order)
      has_null = true;
    else if (*order == 0)
      return verdict(!node.is_negated);
  }
  return has_null ? Verdict::unknown : verdict(node.is_negated);
}

Filter::Verdict Evaluator::between(const Node& node) {
  const std::optional<int> low = compare(*node.args[0], *node.args[1], node.comparison, node.collation);
  const std::optional<int> high = compare(*node.args[0], *node.args[2], node.comparison, node.collation);
  if ((low && *low < 0) || (high && *high > 0)) return verdict(node.is_negated);
  if (!low || !high) return Verdict::unknown;
  return verdict(!node.is_negated);
}

Filter::Verdict Evaluator::truth(const Node& node) {
  using enum Operation;
  if (error_) return Verdict::unknown;
  switch (node.operation) {
    case and_: {
      Verdict found = Verdict::yes;
      for (const NodePtr& arg : node.args) {
        const Verdict one = truth(*arg);
        if (one == Verdict::no) return Verdict::no;
        if (one == Verdict::unknown) found = Verdict::unknown;
      }
      return found;
    }
    case or_: {
      Verdict found = Verdict::no;
      for (const NodePtr& arg : node.args) {
        const Verdict one = truth(*arg);
        if (one == Verdict::yes) return Verdict::yes;
        if (one == Verdict::unknown) found = Verdict::unknown;
      }
      return found;
    }
    case xor_: {
      const Verdict a = truth(*node.args[0]);
      if (a == Verdict::unknown) return a;
      const Verdict b = truth(*node.args[1]);
      return b == Verdict::unknown ? b : verdict(a != b);
    }
    case not_: {
      const Verdict one = truth(*node.args[0]);
      return one == Verdict::unknown ? one : verdict(one == Verdict::no);
    }
    case equal:
    case same:
    case different:
    case less:
    case less_equal:
    case greater:
    case greater_equal:
      return compared(node);
    case in:
      return in_list(node);
    case Operation::between:
      return this->between(node);
    case Operation::like: {
      std::string_view subject, pattern;
      if (!text(*node.args[0], subject) || !text(*node.args[1], pattern)) return Verdict::unknown;
      return verdict(filter::like(*node.collation, subject, pattern, node.text) != node.is_negated);
    }
    case Operation::regexp: {
      std::string_view subject, pattern;
      if (!text(*node.args[0], subject) || !text(*node.args[1], pattern)) return Verdict::unknown;
      return verdict(node.pattern->matches(subject) != node.is_negated);
    }
    case is_null: {
      Datum ignored;
      return verdict(!evaluate(*node.args[0], ignored) != node.is_negated);
    }
    case is_true:
      return verdict((truth(*node.args[0]) == Verdict::yes) != node.is_negated);
    case is_false:
      return verdict((truth(*node.args[0]) == Verdict::no) != node.is_negated);
    default:
      break;
  }
  Datum value;
  if (!evaluate(node, value)) return Verdict::unknown;
  switch (node.type.kind) {
    case Kind::decimal:
      return verdict(!value.dec.is_zero());
    case Kind::real:
      return verdict(value.d != 0);
    case Kind::text:
      return verdict(node.type.is_labels ? value.i != 0 : leading_real(value.s) != 0);
    default:
      return verdict(value.i != 0);
  }
}

bool Evaluator::as(const Node& node, const Type& type, Datum& out) {
  if (node.type.kind == type.kind) return evaluate(node, out);
  if (type.kind == Kind::decimal) return decimal(node, out.dec);
  if (type.kind == Kind::real) return real(node, out.d);
  return evaluate(node, out);
}

bool Evaluator::choice(const Node& node, Datum& out) {
  const auto& args = node.args;
  switch (node.operation) {
    case Operation::if_:
      return as(*args[truth(*args[0]) == Verdict::yes ? 1 : 2], node.type, out);
    case Operation::coalesce:
      for (const NodePtr& arg : args)
        if (as(*arg, node.type, out)) return true;
      return false;
    case Operation::null_if: {
      const std::optional<int> order = compare(*args[0], *args[1], node.comparison, node.collation);
      if (order && *order == 0) return false;
      return as(*args[0], node.type, out);
    }
    case Operation::case_when: {
      std::size_t i = 0;
      for (; i + 1 < args.size(); i += 2)
        if (truth(*args[i]) == Verdict::yes) return as(*args[i + 1], node.type, out);
      return i < args.size() && as(*args[i], node.type, out);
    }
    default: {
      std::size_t i = 1;
      for (; i + 1 < args.size(); i += 2) {
        const std::optional<int> order = compare(*args[0], *args[i], node.comparisons[(i - 1) / 2], node.collation);
        if (order && *order == 0) return as(*args[i + 1], node.type, out);
      }
      return i < args.size() && as(*args[i], node.type, out);
    }
  }
}

}  // namespace tributary::transform::filter
