#include "transform/etl/evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "transform/etl/json_text.h"
#include "transform/etl/scalars.h"

namespace tributary::transform::etl {
namespace {

template <typename T>
int order_of(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare_text(std::string_view a, std::string_view b) {
  const int order = a.compare(b);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

// As a double, for calculations with one.
double real_of(const Datum& d) {
  if (d.kind == Kind::real) return d.d;
  if (d.kind != Kind::decimal) return static_cast<double>(d.i);
  double number = 0;
  read_real(d.s, number);
  return number;
}

int compare_numbers(const Datum& a, const Datum& b) {
  const bool a_whole = a.kind == Kind::integer || a.kind == Kind::boolean;
  const bool b_whole = b.kind == Kind::integer || b.kind == Kind::boolean;
  if (a_whole && b_whole) return order_of(a.i, b.i);
  if (a.kind == Kind::real || b.kind == Kind::real) {
    // Integers have up to 64 bits, which a long double holds.
    const long double left = a_whole ? static_cast<long double>(a.i) : static_cast<long double>(real_of(a));
    const long double right = b_whole ? static_cast<long double>(b.i) : static_cast<long double>(real_of(b));
    return order_of(left, right);
  }
  char digits[24];
  if (a_whole) return compare_decimals({digits, static_cast<std::size_t>(write_integer(digits, a.i) - digits)}, b.s);
  if (b_whole) return compare_decimals(a.s, {digits, static_cast<std::size_t>(write_integer(digits, b.i) - digits)});
  return compare_decimals(a.s, b.s);
}

int compare_moments(const model::TimeParts& a, const model::TimeParts& b) {
  const auto packed = [](const model::TimeParts& t) {
    return ((((std::uint64_t{t.year} << 4 | t.month) << 5 | t.day) << 5 | t.hour) << 6 | t.minute) << 6 | t.second;
  };
  const int order = order_of(packed(a), packed(b));
  return order != 0 ? order : order_of(a.micros, b.micros);
}

bool to_decimal(const Datum& d, Decimal& number) {
  if (d.kind == Kind::decimal) return number.read(d.s);
  number = Decimal::of(d.i);
  return true;
}

}  // namespace

int compare(Comparison how, const Datum& a, const Datum& b) {
  if (how == numbers) return compare_numbers(a, b);
  return how == texts ? compare_text(a.s, b.s) : compare_moments(a.t, b.t);
}

Datum Evaluation::fail(const Node& n, std::string text) {
  if (plan_.options.policy == ErrorPolicy::null) {
    ++nulls_;
    return {};
  }
  scratch_.failure.node = static_cast<std::uint32_t>(&n - plan_.nodes.data());
  scratch_.failure.text = std::move(text);
  return Datum::failed();
}

Evaluation::Flow Evaluation::act(std::uint32_t index) {
  const Node& n = plan_.nodes[index];
  const auto action = [&](std::size_t i) { return act(plan_.children[n.first + i]); };
  switch (n.op) {
    case Op::e_set:
      return set(n);
    case Op::e_if:
    case Op::e_switch: {
      std::size_t i = 0;
      for (; i + 1 < n.count; i += 2) {
        const Datum condition = value(child(n, i));
        if (condition.is_failed()) return Flow::failed;
        if (!condition.is_true()) continue;
        const Flow flow = action(i + 1);
        if (flow != Flow::on || n.op == Op::e_switch) return flow;
      }
      return i < n.count ? action(i) : Flow::on;  // the default
    }
    case Op::e_if_else: {
      const Datum condition = value(child(n, 0));
      if (condition.is_failed()) return Flow::failed;
      return action(condition.is_true() ? 1 : 2);
    }
    case Op::e_compose:
      for (std::size_t i = 0; i < n.count; ++i) {
        if (const Flow flow = action(i); flow != Flow::on) return flow;
      }
      return Flow::on;
    case Op::e_drop:
      return decides_ ? Flow::dropped : Flow::on;
    case Op::e_keep: {
      if (!decides_) return Flow::on;
      const Datum condition = value(child(n, 0));
      if (condition.is_failed()) return Flow::failed;
      return condition.is_true() ? Flow::on : Flow::dropped;
    }
    case Op::tail_replace_string_field:
      return replace_tails(n);
    default:
      return Flow::on;  // no other is an action
  }
}

Evaluation::Flow Evaluation::set(const Node& n) {
  const Datum d = value(child(n, 0));
  if (d.is_failed()) return Flow::failed;
  std::string problem;
  model::Value stored;
  if (!store(plan_.columns[n.index], d, scratch_.arena, stored, problem)) [[unlikely]] {
    if (fail(n, fmt::format("`{}`: {}", plan_.output->columns[n.index].name, problem)).is_failed()) return Flow::failed;
    stored = {};
  }
  row_[n.index] = stored;
  return Flow::on;
}

Evaluation::Flow Evaluation::replace_tails(const Node& n) {
  const std::string_view search = child(n, 0).constant.s, replacement = child(n, 1).constant.s;
  const Datum all = value(child(n, 2));
  if (all.is_failed()) return Flow::failed;
  if (search.empty()) return Flow::on;
  for (const std::uint32_t column : plan_.texts) {
    std::string problem;
    const Datum d = load(plan_.columns[column], row_[column], scratch_.arena, problem);
    if (d.is_failed()) {
      if (fail(n, fmt::format("`{}`: {}", plan_.output->columns[column].name, problem)).is_failed())
        return Flow::failed;
      row_[column] = {};
      continue;
    }
    if (d.is_null() || !d.s.ends_with(search)) continue;
    std::string_view kept = d.s;
    std::size_t times = 0;
    while (kept.ends_with(search) && (times == 0 || all.is_true())) {
      kept.remove_suffix(search.size());
      ++times;
    }
    Datum text = Datum::string(kept);
    if (!replacement.empty()) {
      char* to = room(kept.size() + times * replacement.size());
      if (to == nullptr) {
        problem = "the values of this row are too large";
      } else {
        text = Datum::string({to, kept.size() + times * replacement.size()});
        if (!kept.empty()) std::memcpy(to, kept.data(), kept.size());
        to += kept.size();
        for (; times != 0; --times, to += replacement.size()) std::memcpy(to, replacement.data(), replacement.size());
      }
    }
    model::Value stored;
    if (!problem.empty() || !store(plan_.columns[column], text, scratch_.arena, stored, problem)) {
      if (fail(n, fmt::format("`{}`: {}", plan_.output->columns[column].name, problem)).is_failed())
        return Flow::failed;
      stored = {};
    }
    row_[column] = stored;
  }
  return Flow::on;
}

Datum Evaluation::column_value(const Node& n, const model::Value& source) {
  std::string problem;
  const Datum d = load(plan_.columns[n.index], source, scratch_.arena, problem);
  if (d.is_failed()) [[unlikely]]
    return fail(n, fmt::format("`{}`: {}", plan_.output->columns[n.index].name, problem));
  return d;
}

Datum Evaluation::value(const Node& n) {
  switch (n.op) {
    case Op::constant:
      return n.constant;
    case Op::column:
      return column_value(n, row_[n.index]);
    case Op::v: {
      const bool wants_before = n.extra == before_image;
      if (wants_before == is_before_) return column_value(n, row_[n.index]);
      const auto& other = wants_before ? change_.before : change_.after;
      return other.empty() ? Datum() : column_value(n, other[n.index]);
    }
    case Op::operation:
      switch (change_.operation) {
        case model::Operation::update:
          return Datum::string("UPDATE");
        case model::Operation::delete_:
          return Datum::string("DELETE");
        default:
          return Datum::string("INSERT");
      }
    case Op::commit_time: {
      model::TimeParts t;
      if (!micros_to_civil(change_.commit_s * 1'000'000 + change_.commit_micros, t))
        return fail(n, "the commit time is no date");
      return Datum::datetime(t);
    }
    case Op::choose: {
      const Datum condition = value(child(n, 0));
      if (condition.is_failed()) return condition;
      Datum chosen = value(child(n, condition.is_true() ? 1 : 2));
      if (n.type.kind == Kind::real && !chosen.is_null() && !chosen.is_failed()) return Datum::real(real_of(chosen));
      return chosen;
    }
    case Op::op_and:
      return all_or_any(n, true);
    case Op::op_or:
      return all_or_any(n, false);
    case Op::op_is_null:
    case Op::op_is_not_null:
    case Op::is_string_value: {
      const Datum d = value(child(n, 0));
      if (d.is_failed()) return d;
      if (n.op == Op::is_string_value) return Datum::boolean(d.kind == Kind::string);
      return Datum::boolean(d.is_null() == (n.op == Op::op_is_null));
    }
    default:
      return strict(n);
  }
}

// Three-valued, as in SQL: what is false decides op_and, what is true op_or, and NULL stands for either.
Datum Evaluation::all_or_any(const Node& n, bool is_all) {
  bool has_null = false;
  for (std::size_t i = 0; i < n.count; ++i) {
    const Datum d = value(child(n, i));
    if (d.is_failed()) return d;
    if (d.is_null()) {
      has_null = true;
    } else if (d.is_true() != is_all) {
      return d;
    }
  }
  return has_null ? Datum() : Datum::boolean(is_all);
}

Datum Evaluation::strict(const Node& n) {
  Datum few[strict_arguments_max];
  Datum* a = few;
  if (n.count > strict_arguments_max) {
    a = reinterpret_cast<Datum*>(room(n.count * sizeof(Datum)));
    if (a == nullptr) return too_large(n);
  }
  for (std::size_t i = 0; i < n.count; ++i) {
    a[i] = value(child(n, i));
    if (a[i].is_failed() || a[i].is_null()) return a[i];
  }
  switch (n.op) {
    case Op::op_eq:
      return Datum::boolean(compare(static_cast<Comparison>(n.extra), a[0], a[1]) == 0);
    case Op::op_gt:
      return Datum::boolean(compare(static_cast<Comparison>(n.extra), a[0], a[1]) > 0);
    case Op::op_lt:
      return Datum::boolean(compare(static_cast<Comparison>(n.extra), a[0], a[1]) < 0);
    case Op::op_ge:
      return Datum::boolean(compare(static_cast<Comparison>(n.extra), a[0], a[1]) >= 0);
    case Op::op_le:
      return Datum::boolean(compare(static_cast<Comparison>(n.extra), a[0], a[1]) <= 0);
    case Op::op_not:
      return Datum::boolean(!a[0].is_true());
    case Op::op_in:
      return is_in(n, a);
    case Op::json_array: {
      Datum list;
      std::string problem;
      list.kind = Kind::list;
      if (!read_json_array(a[0].s, scratch_.arena, list.list, problem)) return fail(n, problem);
      return list;
    }
    case Op::op_sum:
    case Op::op_sub:
    case Op::op_mul:
    case Op::op_div_true:
    case Op::op_mod:
      return numeric(n, a);
    case Op::dt_now:
    case Op::dt_now_millis:
    case Op::dt_fromtimestamp:
    case Op::dt_fromtimestamp_millis:
    case Op::dt_parsetimestamp:
    case Op::dt_parsetimestamp_millis:
    case Op::dt_str:
    case Op::dt_strptime:
    case Op::dt_add:
      return time_function(n, a);
    default:
      return text_function(n, a);
  }
}

Datum Evaluation::is_in(const Node& n, const Datum* a) {
  const std::span<const Datum> items(a[1].list.items, a[1].list.count);
  if (n.index == sorted_texts) {
    return Datum::boolean(
        std::binary_search(items.begin(), items.end(), a[0], [](const Datum& x, const Datum& y) { return x.s < y.s; }));
  }
  if (n.index == sorted_integers) {
    return Datum::boolean(
        std::binary_search(items.begin(), items.end(), a[0], [](const Datum& x, const Datum& y) { return x.i < y.i; }));
  }
  const auto how = static_cast<Comparison>(n.extra);
  for (const Datum& item : items) {
    if (item.is_null() || (item.kind == Kind::string) != (how == texts)) continue;
    if (compare(how, a[0], item) == 0) return Datum::boolean(true);
  }
  return Datum::boolean(false);
}

Datum Evaluation::numeric(const Node& n, const Datum* a) {
  Datum result = a[0];
  for (std::size_t i = 1; i < n.count; ++i) {
    result = calculate(n, result, a[i]);
    if (result.is_failed() || result.is_null()) return result;
  }
  return result;
}

Datum Evaluation::calculate(const Node& n, const Datum& a, const Datum& b) {
  const bool divides = n.op == Op::op_div_true || n.op == Op::op_mod;
  if (a.kind == Kind::real || b.kind == Kind::real) {
    const double x = real_of(a), y = real_of(b);
    if (divides && y == 0) return fail(n, "division by zero");
    const double result = n.op == Op::op_sum   ? x + y
                          : n.op == Op::op_sub ? x - y
                          : n.op == Op::op_mul ? x * y
                          : n.op == Op::op_mod ? std::fmod(x, y)
                                               : x / y;
    if (!std::isfinite(result)) return fail(n, "the result is outside the range of a double");
    return Datum::real(result);
  }
  if (a.kind == Kind::integer && b.kind == Kind::integer && n.op != Op::op_div_true) {
    switch (n.op) {
      case Op::op_sum:
        return in_range(n, a.i + b.i);
      case Op::op_sub:
        return in_range(n, a.i - b.i);
      case Op::op_mod:
        if (b.i == 0) return fail(n, "division by zero");
        return in_range(n, a.i % b.i);
      default: {
        Int128 product;
        if (__builtin_mul_overflow(a.i, b.i, &product)) return fail(n, "the result is outside the range of integers");
        return in_range(n, product);
      }
    }
  }
  Decimal x, y, result;
  if (!to_decimal(a, x) || !to_decimal(b, y)) return fail(n, "a number has more than 65 digits");
  if (divides && y.is_zero()) return fail(n, "division by zero");
  const bool fits = n.op == Op::op_sum   ? Decimal::add(x, y, result)
                    : n.op == Op::op_sub ? Decimal::subtract(x, y, result)
                    : n.op == Op::op_mul ? Decimal::multiply(x, y, result)
                    : n.op == Op::op_mod ? Decimal::modulo(x, y, result)
                                         : Decimal::divide(x, y, n.type.scale, result);
  if (!fits) return fail(n, "the result has more than 65 digits");
  if (n.op == Op::op_div_true) result.trim();
  char* to = room(decimal_text_max + decimal_scale_max);
  if (to == nullptr) return too_large(n);
  return Datum::of_text(Kind::decimal, {to, static_cast<std::size_t>(result.write(to) - to)});
}

}  // namespace tributary::transform::etl
