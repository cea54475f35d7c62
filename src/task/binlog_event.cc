#include "task/binlog_event.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

#include "base/buffer.h"
#include "model/charset.h"
#include "source/binlog/json_binary.h"
#include "task/utf8.h"

namespace tributary::task {
namespace {

using model::Column;
using model::ColumnType;
using model::Value;
using model::ValueKind;
using Kind = BinlogValue::Kind;

void set(BinlogValue& out, Kind kind, std::string_view text) {
  out.kind = kind;
  out.text.assign(text);
}

void set_hex(BinlogValue& out, std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  out.kind = Kind::binary;
  out.text = "0x";
  for (const char c : bytes) {
    out.text += digits[static_cast<unsigned char>(c) >> 4];
    out.text += digits[static_cast<unsigned char>(c) & 15];
  }
}

// "0" to "123456" after a point, by the column's digits.
void append_fraction(std::string& out, std::uint32_t micros, unsigned digits) {
  if (digits == 0 && micros != 0) digits = 6;
  if (digits == 0) return;
  const std::string all = fmt::format("{:06}", micros);
  out += '.';
  out += std::string_view(all).substr(0, std::min(digits, 6u));
}

void set_time(const Column& column, const Value& value, BinlogValue& out) {
  const model::TimeParts& t = value.t;
  out.kind = Kind::time;
  out.text.clear();
  auto to = std::back_inserter(out.text);
  switch (value.kind) {
    case ValueKind::year:
      fmt::format_to(to, "{:04}", t.year);
      return;
    case ValueKind::date:
      fmt::format_to(to, "{:04}-{:02}-{:02}", t.year, t.month, t.day);
      return;
    case ValueKind::time:
      fmt::format_to(to, "{}{:02}:{:02}:{:02}", value.negative ? "-" : "", t.hour, t.minute, t.second);
      break;
    case ValueKind::datetime:
      fmt::format_to(to, "{:04}-{:02}-{:02} {:02}:{:02}:{:02}", t.year, t.month, t.day, t.hour, t.minute, t.second);
      break;
    default: {
      if (value.i == 0 && t.micros == 0) {
        out.text = "0000-00-00 00:00:00";
        break;
      }
      using namespace std::chrono;
      const sys_seconds at{seconds{value.i}};
      const auto day = floor<days>(at);
      const year_month_day date{day};
      const hh_mm_ss clock{at - day};
      fmt::format_to(to, "{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
      break;
    }
  }
  append_fraction(out.text, t.micros, column.fraction_digits);
}

void set_labels(const Column& column, std::uint64_t number, BinlogValue& out) {
  if (column.type == ColumnType::enum_) {
    if (number == 0) return set(out, Kind::text, "");
    if (number <= column.labels.size()) return set(out, Kind::text, column.labels[number - 1]);
  } else {
    const bool are_known = column.labels.size() >= 64 || number >> column.labels.size() == 0;
    if (are_known) {
      set(out, Kind::text, "");
      for (std::size_t i = 0; i < column.labels.size() && i < 64; ++i) {
        if ((number >> i & 1) == 0) continue;
        if (!out.text.empty()) out.text += ',';
        out.text += column.labels[i];
      }
      return;
    }
  }
  set(out, Kind::raw, fmt::to_string(number));
}

void set_bytes(const Column& column, std::string_view bytes, BinlogValue& out) {
  switch (column.type) {
    case ColumnType::binary:
    case ColumnType::varbinary:
    case ColumnType::tinyblob:
    case ColumnType::blob:
    case ColumnType::mediumblob:
    case ColumnType::longblob:
    case ColumnType::geometry:
    case ColumnType::vector:
      return set_hex(out, bytes);
    case ColumnType::json:
      if (bytes.empty()) return set(out, Kind::change, "unchanged");
      return set(out, bytes.starts_with("JSON_") ? Kind::change : Kind::text, bytes);
    case ColumnType::uuid:
    case ColumnType::inet4:
    case ColumnType::inet6:
      return set(out, Kind::text, bytes);
    default:
      break;
  }
  if (!column.charset.empty()) {
    const model::Charset& charset = model::Charset::find(column.charset);
    if (!charset.is_utf8()) {
      if (auto text = charset.utf8(bytes)) return set(out, Kind::text, *text);
      return set_hex(out, bytes);
    }
  }
  if (is_utf8(bytes)) return set(out, Kind::text, bytes);
  set_hex(out, bytes);
}

}  // namespace

void make_binlog_value(const Column& column, const Value& value, BinlogValue& out) {
  switch (value.kind) {
    case ValueKind::absent:
      return set(out, Kind::absent, "");
    case ValueKind::null:
      return set(out, Kind::null, "");
    case ValueKind::integer:
      return set(out, Kind::number, fmt::to_string(value.i));
    case ValueKind::integer_unsigned:
      if (column.type == ColumnType::enum_ || column.type == ColumnType::set) return set_labels(column, value.u, out);
      return set(out, Kind::number, fmt::to_string(value.u));
    case ValueKind::integer_text:
    case ValueKind::decimal_text:
      return set(out, Kind::number, value.text);
    case ValueKind::real: {
      base::Buffer text;
      source::append_json_double(value.d, text);
      std::string_view number = text.view();
      if (number.ends_with(".0")) number.remove_suffix(2);
      return set(out, Kind::number, number);
    }
    case ValueKind::bytes:
      return set_bytes(column, value.text, out);
    case ValueKind::date:
    case ValueKind::time:
    case ValueKind::datetime:
    case ValueKind::timestamp:
    case ValueKind::year:
      return set_time(column, value, out);
  }
}

std::string column_type_text(const Column& column) {
  if (!column.declared_type.empty()) return column.declared_type;
  std::string text(to_string(column.type));
  switch (column.type) {
    case ColumnType::decimal:
      text += fmt::format("({},{})", column.precision, column.scale);
      break;
    case ColumnType::bit:
    case ColumnType::binary:
      if (column.length != 0) text += fmt::format("({})", column.length);
      break;
    case ColumnType::time:
    case ColumnType::datetime:
    case ColumnType::timestamp:
      if (column.fraction_digits != 0) text += fmt::format("({})", column.fraction_digits);
      break;
    case ColumnType::enum_:
    case ColumnType::set:
      if (!column.labels.empty()) text += fmt::format("('{}')", fmt::join(column.labels, "','"));
      break;
    default:
      break;
  }
  if (column.is_unsigned) text += " unsigned";
  return text;
}

}  // namespace tributary::task
