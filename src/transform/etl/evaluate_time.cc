#include "transform/etl/evaluate.h"
#include "transform/etl/scalars.h"

namespace tributary::transform::etl {
namespace {

constexpr std::int64_t second_micros = 1'000'000;

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

Datum Evaluation::from_epoch(const Node& n, Int128 number, std::int64_t unit_micros) {
  model::TimeParts t;
  constexpr Int128 most = INT64_MAX / 4;
  const Int128 micros = number * unit_micros;
  if (micros < -most || micros > most ||
      !micros_to_civil(plan_.zones[n.index].to_local(static_cast<std::int64_t>(micros)), t))
    return fail(n, "the result is outside the years 0 to 9999");
  return Datum::datetime(t);
}

Datum Evaluation::to_epoch(const Node& n, const Datum& moment, std::int64_t unit_micros) {
  std::int64_t micros;
  if (!civil_to_micros(moment.t, micros)) return fail(n, show(moment) + " is no date of the calendar");
  return Datum::integer(floor_divide(plan_.zones[n.index].to_utc(micros), unit_micros));
}

// Years and months first, as on a calendar, then what has a length.
Datum Evaluation::moved(const Node& n, const Datum* a) {
  model::TimeParts t = a[0].t;
  std::int64_t micros;
  if (!civil_to_micros(t, micros)) return fail(n, show(a[0]) + " is no date of the calendar");
  constexpr Int128 most = Int128{1} << 60;
  Int128 months_on = 0, seconds_on = 0;
  for (std::size_t i = 1; i < n.count; ++i) {
    const Int128 number = a[i].i;
    switch (static_cast<Unit>(n.extra >> (4 * (i - 1)) & 15)) {
      case years:
        months_on += 12 * number;
        break;
      case months:
        months_on += number;
        break;
      case days:
        seconds_on += 86400 * number;
        break;
      case hours:
        seconds_on += 3600 * number;
        break;
      case minutes:
        seconds_on += 60 * number;
        break;
      case seconds:
        seconds_on += number;
        break;
    }
  }
  const auto out_of_range = [&] { return fail(n, "the result is outside the years 0 to 9999"); };
  if (months_on < -most || months_on > most) return out_of_range();
  if (seconds_on < -most || seconds_on > most) return out_of_range();
  const Int128 month = Int128{t.year} * 12 + (t.month - 1) + months_on;
  if (month < 0 || month >= 120000) return out_of_range();
  t.year = static_cast<std::uint16_t>(month / 12);
  t.month = static_cast<std::uint8_t>(month % 12 + 1);
  while (!civil_to_micros(t, micros)) --t.day;  // the last day of a shorter month
  const Int128 moment = micros + seconds_on * second_micros;
  if (moment < INT64_MIN || moment > INT64_MAX || !micros_to_civil(static_cast<std::int64_t>(moment), t))
    return out_of_range();
  return Datum::datetime(t);
}

Datum Evaluation::time_function(const Node& n, const Datum* a) {
  switch (n.op) {
    case Op::dt_now:
      return from_epoch(n, plan_.options.clock->now_ms(), 1000);
    case Op::dt_now_millis:
      return Datum::integer(plan_.options.clock->now_ms());
    case Op::dt_fromtimestamp:
      return from_epoch(n, a[0].i, second_micros);
    case Op::dt_fromtimestamp_millis:
      return from_epoch(n, a[0].i, 1000);
    case Op::dt_parsetimestamp:
      return to_epoch(n, a[0], second_micros);
    case Op::dt_parsetimestamp_millis:
      return to_epoch(n, a[0], 1000);
    case Op::dt_str: {
      model::TimeParts t = a[0].t;
      std::int64_t micros;
      if (n.index != 0) {
        if (!civil_to_micros(t, micros)) return fail(n, show(a[0]) + " is no date of the calendar");
        if (!micros_to_civil(plan_.zones[n.index].to_local(micros), t))
          return fail(n, "the result is outside the years 0 to 9999");
      }
      const TimeFormat& format = plan_.formats[n.extra];
      char* to = room(format.bytes_max());
      if (to == nullptr) return too_large(n);
      return Datum::string({to, static_cast<std::size_t>(format.write(to, t) - to)});
    }
    case Op::dt_strptime: {
      model::TimeParts t;
      if (!plan_.formats[n.extra].parse(a[0].s, t))
        return fail(n, show(a[0]) + " does not fit the pattern, or is no date");
      return Datum::datetime(t);
    }
    default:
      return moved(n, a);
  }
}

}  // namespace tributary::transform::etl
