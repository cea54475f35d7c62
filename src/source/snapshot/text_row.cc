#include "source/snapshot/text_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "source/binlog/row_values.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Status;
using model::Column;
using model::ColumnType;
using model::Value;
using model::ValueKind;

namespace {

// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant, "chrono-compatible low-level date algorithms").
std::int64_t days_from_civil(std::int64_t y, unsigned m, unsigned d) {
  y -= m <= 2;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const unsigned yoe = static_cast<unsigned>(y - era * 400);
  const unsigned doy = (153 * (m + (m > 2 ? static_cast<unsigned>(-3) : 9)) + 2) / 5 + d - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<std::int64_t>(doe) - 719468;
}

// Reads exactly n digits.
bool digits(const char*& at, const char* end, int n, unsigned& out) {
  if (end - at < n) return false;
  unsigned value = 0;
  for (int i = 0; i < n; ++i) {
    const unsigned digit = static_cast<unsigned char>(at[i]) - '0';
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  at += n;
  out = value;
  return true;
}

bool literal(const char*& at, const char* end, char c) {
  if (at == end || *at != c) return false;
  ++at;
  return true;
}

bool read_date(const char*& at, const char* end, Value& v) {
  unsigned year, month, day;
  if (!digits(at, end, 4, year) || !literal(at, end, '-') || !digits(at, end, 2, month) || !literal(at, end, '-') ||
      !digits(at, end, 2, day))
    return false;
  v.t.year = static_cast<std::uint16_t>(year);
  v.t.month = static_cast<std::uint8_t>(month);
  v.t.day = static_cast<std::uint8_t>(day);
  return true;
}

// [H]HH:MM:SS[.ffffff]
bool read_clock(const char*& at, const char* end, Value& v) {
  unsigned hour = 0, minute, second;
  const char* begin = at;
  while (at != end && *at >= '0' && *at <= '9' && at - begin < 4) hour = hour * 10 + static_cast<unsigned>(*at++ - '0');
  if (at == begin || !literal(at, end, ':') || !digits(at, end, 2, minute) || !literal(at, end, ':') ||
      !digits(at, end, 2, second))
    return false;
  unsigned micros = 0;
  if (at != end) {
    if (!literal(at, end, '.')) return false;
    unsigned scale = 1'000'000;
    while (at != end && *at >= '0' && *at <= '9' && scale > 1) {
      scale /= 10;
      micros += static_cast<unsigned>(*at++ - '0') * scale;
    }
  }
  v.t.hour = static_cast<std::uint16_t>(hour);
  v.t.minute = static_cast<std::uint8_t>(minute);
  v.t.second = static_cast<std::uint8_t>(second);
  v.t.micros = micros;
  return at == end;
}

std::string_view without_leading_zeros(std::string_view text) {
  while (text.size() > 1 && text[0] == '0' && text[1] != '.') text.remove_prefix(1);
  return text;
}

std::string hex(std::string_view bytes) {
  static constexpr char digit[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const unsigned char c : bytes) {
    out += digit[c >> 4];
    out += digit[c & 15];
  }
  return out;
}

}  // namespace

TextRowPlan::TextRowPlan(const model::TableSchema& schema) {
  for (const Column& column : schema.columns) {
    const std::string name = mysql::quote_name(column.name);
    const bool zero_filled = column.declared_type.find("zerofill") != std::string::npos;
    std::string expression = name;
    Step step = Step::bytes;
    switch (column.type) {
      case ColumnType::tinyint:
      case ColumnType::smallint:
      case ColumnType::mediumint:
      case ColumnType::int_:
      case ColumnType::bigint:
        step = zero_filled ? Step::integer_zero_filled : Step::integer;
        break;
      case ColumnType::decimal:
        step = zero_filled ? Step::decimal_zero_filled : Step::decimal;
        break;
      // As FLOAT the server prints six digits; as DOUBLE the shortest text that reads back as the same number.
      case ColumnType::float_:
        step = Step::float_;
        expression = name + "*1e0";
        break;
      case ColumnType::double_:
        step = Step::double_;
        expression = name + "*1e0";
        break;
      case ColumnType::bit:
        step = Step::bit;
        break;
      case ColumnType::year:
        step = Step::year;
        break;
      case ColumnType::date:
        step = Step::date;
        break;
      case ColumnType::time:
        step = Step::time;
        break;
      case ColumnType::datetime:
        step = Step::datetime;
        break;
      case ColumnType::timestamp:
        step = Step::timestamp;
        break;
      case ColumnType::enum_:
      case ColumnType::set:
        step = Step::number_unsigned;
        expression = "CAST(" + name + " AS UNSIGNED)";
        break;
      case ColumnType::geometry:
        step = Step::geometry;
        break;
      default:
        break;
    }
    select_list_ += (select_list_.empty() ? "" : ",") + expression;
    steps_.push_back({step, column.name});
  }
}

bool TextRowPlan::read_value(Step step, std::string_view text, Value& v) {
  const char* at = text.data();
  const char* end = at + text.size();
  switch (step) {
    case Step::integer:
      v.kind = ValueKind::integer_text;
      v.text = text;
      return !text.empty();
    case Step::integer_zero_filled:
      v.kind = ValueKind::integer_text;
      v.text = without_leading_zeros(text);
      return !text.empty();
    case Step::decimal:
      v.kind = ValueKind::decimal_text;
      v.text = text;
      return !text.empty();
    case Step::decimal_zero_filled:
      v.kind = ValueKind::decimal_text;
      v.text = without_leading_zeros(text);
      return !text.empty();
    case Step::bytes:
      v.kind = ValueKind::bytes;
      v.text = text;
      return true;
    case Step::number_unsigned:
      v.kind = ValueKind::integer_unsigned;
      return std::from_chars(at, end, v.u).ptr == end && !text.empty();
    case Step::double_:
      v.kind = ValueKind::real;
      return std::from_chars(at, end, v.d).ptr == end && !text.empty();
    case Step::float_: {
      v.kind = ValueKind::real;
      double wide = 0;
      if (text.empty() || std::from_chars(at, end, wide).ptr != end) return false;
      v.d = widen(static_cast<float>(wide));
      return true;
    }
    case Step::bit:
      v.kind = ValueKind::integer_unsigned;
      v.u = 0;
      for (const unsigned char c : text) v.u = v.u << 8 | c;
      return !text.empty() && text.size() <= 8;
    case Step::year: {
      v.kind = ValueKind::year;
      unsigned year;
      if ((text.size() != 4 && text.size() != 2) || !digits(at, end, static_cast<int>(text.size()), year)) return false;
      if (text.size() == 2) year += year < 70 ? 2000 : 1900;  // YEAR(2)
      v.t.year = static_cast<std::uint16_t>(year);
      return true;
    }
    case Step::date:
      v.kind = ValueKind::date;
      return read_date(at, end, v) && at == end;
    case Step::time:
      v.kind = ValueKind::time;
      v.negative = at != end && *at == '-';
      if (v.negative) ++at;
      return read_clock(at, end, v);
    case Step::datetime:
      v.kind = ValueKind::datetime;
      return read_date(at, end, v) && literal(at, end, ' ') && read_clock(at, end, v);
    case Step::timestamp: {
      v.kind = ValueKind::timestamp;
      Value parts;
      if (!read_date(at, end, parts) || !literal(at, end, ' ') || !read_clock(at, end, parts)) return false;
      v.t.micros = parts.t.micros;
      v.i = parts.t.year == 0 ? 0
                              : days_from_civil(parts.t.year, parts.t.month, parts.t.day) * 86400 +
                                    parts.t.hour * 3600 + parts.t.minute * 60 + parts.t.second;
      return true;
    }
    case Step::geometry:
      v.kind = ValueKind::bytes;
      v.text = without_srid(text);
      return true;
  }
  return false;
}

Status TextRowPlan::read(const mysql::RowView& row, std::vector<Value>& values) const {
  values.resize(steps_.size());
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    Value& value = values[i];
    if (row.values[i] == nullptr) {
      value.kind = ValueKind::null;
      continue;
    }
    const std::string_view text(row.values[i], row.lengths[i]);
    value.negative = false;
    value.t = {};
    if (!read_value(steps_[i].step, text, value)) [[unlikely]]
      return fail(ErrorCode::data_value_malformed,
                  fmt::format("column {} holds '{}'", steps_[i].name, text.substr(0, 64)));
  }
  return {};
}

bool is_chunk_key(const Column& column) {
  switch (column.type) {
    case ColumnType::float_:
    case ColumnType::double_:
    case ColumnType::bit:
    case ColumnType::enum_:  // compared as text, sorted by index
    case ColumnType::set:
    case ColumnType::json:
    case ColumnType::geometry:
    case ColumnType::vector:
    case ColumnType::uuid:  // MariaDB sorts these by their stored form; literals compare likewise, but 10.7 differs
    case ColumnType::inet4:
    case ColumnType::inet6:
      return false;
    default:
      return true;
  }
}

std::string key_literal(const Column& column, std::string_view raw) {
  switch (column.type) {
    case ColumnType::tinyint:
    case ColumnType::smallint:
    case ColumnType::mediumint:
    case ColumnType::int_:
    case ColumnType::bigint:
    case ColumnType::decimal:
    case ColumnType::year:
      return std::string(raw);
    case ColumnType::date:
    case ColumnType::time:
    case ColumnType::datetime:
    case ColumnType::timestamp:
      return fmt::format("'{}'", raw);
    default:
      break;
  }
  const std::string charset = column.charset.empty() ? "binary" : column.charset;
  return fmt::format("_{} X'{}'", charset, hex(raw));
}

}  // namespace tributary::source
