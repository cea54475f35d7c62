#include <cmath>
#include <limits>

#include "model/text.h"
#include "transform/filter/evaluator.h"
#include "transform/filter/numbers.h"
#include "transform/filter/temporal.h"

namespace tributary::transform::filter {

namespace {

__extension__ using Double = __int128;

Double widened(std::int64_t number, bool is_unsigned) {
  return is_unsigned ? static_cast<Double>(static_cast<std::uint64_t>(number)) : static_cast<Double>(number);
}

constexpr std::int64_t integer_max = std::numeric_limits<std::int64_t>::max();

}  // namespace

bool Evaluator::arithmetic(const Node& node, Datum& out) {
  switch (node.type.kind) {
    case Kind::decimal:
      return decimal_arithmetic(node, out);
    case Kind::real:
      return real_arithmetic(node, out);
    default:
      return integer_arithmetic(node, out);
  }
}

bool Evaluator::integer_arithmetic(const Node& node, Datum& out) {
  using enum Operation;
  if (node.operation == divide_whole && node.comparison == Comparison::decimal) {
    Decimal a, b;
    if (!decimal(*node.args[0], a) || !decimal(*node.args[1], b) || b.is_zero()) return false;
    const Decimal quotient = filter::divide(a, b, 0);
    if (!quotient.digits.is_small()) return out_of_range(node, "BIGINT");
    const std::uint64_t digits = quotient.digits.word[0];
    const auto limit = static_cast<std::uint64_t>(integer_max) + (quotient.negative ? 1 : 0);
    if (node.type.is_unsigned ? quotient.negative && digits != 0 : digits > limit) return out_of_range(node, "BIGINT");
    out.i = static_cast<std::int64_t>(quotient.negative ? ~digits + 1 : digits);
    return true;
  }
  std::int64_t first, other = 0;
  if (!integer(*node.args[0], first)) return false;
  const Double a = widened(first, node.args[0]->type.is_unsigned);
  if (node.args.size() > 1 && !integer(*node.args[1], other)) return false;
  const Double b = node.args.size() > 1 ? widened(other, node.args[1]->type.is_unsigned) : 0;
  Double made = 0;
  switch (node.operation) {
    case negate:
      made = -a;
      break;
    case add:
      made = a + b;
      break;
    case subtract:
      made = a - b;
      break;
    case multiply:
      made = a * b;
      break;
    case divide_whole:
      if (b == 0) return false;
      made = a / b;
      break;
    default:
      if (b == 0) return false;
      made = a % b;
  }
  const Double limit = node.type.is_unsigned ? static_cast<Double>(std::numeric_limits<std::uint64_t>::max())
                                             : static_cast<Double>(integer_max);
  const Double lowest = node.type.is_unsigned ? 0 : -static_cast<Double>(integer_max) - 1;
  if (made > limit || made < lowest) return out_of_range(node, node.type.is_unsigned ? "BIGINT UNSIGNED" : "BIGINT");
  out.i = static_cast<std::int64_t>(made);
  return true;
}

bool Evaluator::decimal_arithmetic(const Node& node, Datum& out) {
  using enum Operation;
  Decimal a, b;
  if (!decimal(*node.args[0], a)) return false;
  if (node.args.size() > 1 && !decimal(*node.args[1], b)) return false;
  switch (node.operation) {
    case negate:
      out.dec = a;
      out.dec.negative = !a.negative && !a.is_zero();
      return true;
    case add:
      out.dec = filter::add(a, b);
      return true;
    case subtract:
      out.dec = filter::subtract(a, b);
      return true;
    case multiply:
      out.dec = filter::multiply(a, b);
      return true;
    case divide:
      if (b.is_zero()) return false;
      out.dec = filter::divide(a, b, static_cast<unsigned>(node.number));
      if (!node.type.is_loose) out.dec = filter::round(out.dec, node.type.scale);
      return true;
    default:
      if (b.is_zero()) return false;
      out.dec = remainder(a, b);
      return true;
  }
}

bool Evaluator::real_arithmetic(const Node& node, Datum& out) {
  using enum Operation;
  double a, b = 0;
  if (!real(*node.args[0], a)) return false;
  if (node.args.size() > 1 && !real(*node.args[1], b)) return false;
  switch (node.operation) {
    case negate:
      out.d = -a;
      return true;
    case add:
      out.d = a + b;
      break;
    case subtract:
      out.d = a - b;
      break;
    case multiply:
      out.d = a * b;
      break;
    case divide:
      if (b == 0) return false;
      out.d = a / b;
      break;
    default:
      if (b == 0) return false;
      out.d = std::fmod(a, b);
  }
  return std::isfinite(out.d) ? true : out_of_range(node, "DOUBLE");
}

bool Evaluator::extreme(const Node& node, Datum& out) {
  const bool is_greatest = node.operation == Operation::greatest;
  for (std::size_t i = 0; i < node.args.size(); ++i) {
    Datum one;
    if (!as(*node.args[i], node.type, one)) return false;
    if (i == 0) {
      out = one;
      continue;
    }
    int order = 0;
    switch (node.type.kind) {
      case Kind::decimal:
        order = filter::compare(one.dec, out.dec);
        break;
      case Kind::real:
        order = one.d < out.d ? -1 : one.d > out.d ? 1 : 0;
        break;
      case Kind::text:
        order = filter::compare(*node.collation, one.s, out.s);
        break;
      default: {
        const Double a = widened(one.i, node.type.is_unsigned), b = widened(out.i, node.type.is_unsigned);
        order = a < b ? -1 : a > b ? 1 : 0;
      }
    }
    if (is_greatest ? order > 0 : order < 0) out = one;
  }
  return true;
}

bool Evaluator::number_call(const Node& node, Datum& out) {
  using enum Operation;
  const Node& arg = *node.args[0];
  if (node.operation == greatest || node.operation == least) return extreme(node, out);
  if (node.operation == sign) {
    if (arg.type.kind == Kind::decimal) {
      Decimal number;
      if (!decimal(arg, number)) return false;
      out.i = number.is_zero() ? 0 : number.negative ? -1 : 1;
    } else if (arg.type.kind == Kind::integer) {
      std::int64_t number;
      if (!integer(arg, number)) return false;
      out.i = number == 0 ? 0 : number < 0 && !arg.type.is_unsigned ? -1 : 1;
    } else {
      double number;
      if (!real(arg, number)) return false;
      out.i = number == 0 ? 0 : number < 0 ? -1 : 1;
    }
    return true;
  }
  const bool is_decimal = arg.type.kind == Kind::decimal;
  if (node.operation == ceil || node.operation == floor) {
    if (is_decimal) {
      Decimal number;
      if (!decimal(arg, number)) return false;
      Decimal whole = cut(number, 0);
      const bool moves = filter::compare(whole, number) != 0 && (node.operation == ceil) != number.negative;
      if (moves) whole = filter::add(whole, Decimal::of(node.operation == ceil ? 1 : -1));
      out.i = whole.truncated().value_or(0);
      return true;
    }
    if (node.type.kind == Kind::real) {
      if (!real(arg, out.d)) return false;
      out.d = node.operation == ceil ? std::ceil(out.d) : std::floor(out.d);
      return true;
    }
    return integer(arg, out.i);
  }
  if (node.operation == Operation::abs) {
    if (is_decimal) {
      if (!decimal(arg, out.dec)) return false;
      out.dec.negative = false;
      return true;
    }
    if (node.type.kind == Kind::real) {
      if (!real(arg, out.d)) return false;
      out.d = std::fabs(out.d);
      return true;
    }
    if (!integer(arg, out.i)) return false;
    if (arg.type.is_unsigned || out.i >= 0) return true;
    if (out.i == std::numeric_limits<std::int64_t>::min()) return out_of_range(node, "BIGINT");
    out.i = -out.i;
    return true;
  }
  // ROUND and TRUNCATE
  Decimal number;
  if (!decimal(arg, number)) return false;
  number = node.operation == Operation::round ? filter::round(number, node.number) : cut(number, node.number);
  if (node.type.kind == Kind::decimal) {
    out.dec = number;
    return true;
  }
  if (!number.digits.is_small()) return out_of_range(node, "BIGINT");
  const std::uint64_t digits = number.digits.word[0];
  if (!node.type.is_unsigned && digits > static_cast<std::uint64_t>(integer_max) + (number.negative ? 1 : 0))
    return out_of_range(node, "BIGINT");
  out.i = static_cast<std::int64_t>(number.negative ? ~digits + 1 : digits);
  return true;
}

bool Evaluator::conversion(const Node& node, Datum& out) {
  using enum Operation;
  const Node& arg = *node.args[0];
  const Kind from = arg.type.kind;
  switch (node.operation) {
    case to_integer: {
      if (from == Kind::decimal) {
        Decimal number;
        if (!decimal(arg, number)) return false;
        out.i = filter::round(number, 0).truncated().value_or(0);
        return true;
      }
      if (from != Kind::text) return integer(arg, out.i);
      Datum value;
      if (!evaluate(arg, value)) return false;
      if (arg.type.is_labels) {
        out.i = value.i;
        return true;
      }
      out.i = leading_integer(value.s);
      const bool is_negative = value.s.find('-') != std::string_view::npos && out.i < 0;
      // Too large for SIGNED is the same bits as UNSIGNED; the server says so with a warning.
      (void)is_negative;
      return true;
    }
    case to_decimal: {
      const unsigned digits = node.type.digits, scale = node.type.scale;
      if (from == Kind::text) {
        std::string_view value;
        if (!text(arg, value)) return false;
        out.dec = leading_decimal(value, digits, scale);
        return true;
      }
      Decimal number;
      if (!decimal(arg, number)) return false;
      out.dec = limited(number, digits, scale);
      return true;
    }
    case to_bytes:
      return text(arg, out.s);
    case to_date: {
      if (!packed(arg, out.i)) return false;
      model::TimeParts t = unpack(out.i);
      t.hour = t.minute = t.second = 0;
      t.micros = 0;
      out.i = pack(t);
      return true;
    }
    case to_datetime:
      return packed(arg, out.i);
    default:
      break;
  }
  // to_text
  Datum value;
  if (!evaluate(arg, value)) return false;
  if (from == Kind::text) {
    out.s = value.s;
    if (node.number >= 0)
      out.s = out.s.substr(0, skip_characters(*node.type.collation, out.s, static_cast<std::size_t>(node.number)));
    return true;
  }
  char* const to = arena_.take(96);
  char* end = to;
  switch (from) {
    case Kind::integer:
      end = arg.type.is_unsigned ? model::write_unsigned(to, static_cast<std::uint64_t>(value.i))
                                 : model::write_signed(to, value.i);
      break;
    case Kind::decimal:
      end = with_scale(value.dec, arg.type.scale).write(to);
      break;
    case Kind::real:
      end = model::write_real(to, value.d);
      break;
    case Kind::time:
      end = write_time(to, value.i, arg.type.scale);
      break;
    case Kind::date:
      end = model::write_date(to, unpack(value.i));
      break;
    default:
      end = write_datetime(to, unpack(value.i), arg.type.scale);
      break;
  }
  arena_.give_back(end);
  out.s = {to, static_cast<std::size_t>(end - to)};
  if (node.number >= 0) out.s = out.s.substr(0, static_cast<std::size_t>(node.number));
  return true;
}

}  // namespace tributary::transform::filter
