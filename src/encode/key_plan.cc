#include "encode/key_plan.h"

#include <bit>
#include <cstring>

#include "encode/avro_io.h"
#include "encode/json_values.h"
#include "model/text.h"

namespace tributary::encode {
namespace {

using model::ColumnType;
using model::Value;
using model::ValueKind;

char* put_null(char* to) { return avro::put_raw(to, "null", 4); }

char* put_quoted_hex(char* to, std::string_view bytes) {
  *to++ = '"';
  to = model::write_hex(to, bytes);
  *to++ = '"';
  return to;
}

template <typename Write>
char* put_quoted(char* to, Write write) {
  *to++ = '"';
  to = write(to);
  *to++ = '"';
  return to;
}

bool is_plain_number(std::string_view text) {
  for (const char c : text) {
    if ((c < '0' || c > '9') && c != '-' && c != '.') return false;
  }
  return !text.empty();
}

// The two's complement of a number in canonical text. Texts of more than 64 bits wrap; encode() refuses them.
std::uint64_t parse_integer(std::string_view text) {
  const bool is_negative = !text.empty() && text.front() == '-';
  std::uint64_t number = 0;
  for (const char c : text.substr(is_negative ? 1 : 0)) number = number * 10 + static_cast<std::uint64_t>(c - '0');
  return is_negative ? ~number + 1 : number;
}

// Kinds in identity bytes. Each is followed by bytes that say their own length, so no two rows share their bytes.
constexpr char identity_null = 0;
constexpr char identity_integer = 1;
constexpr char identity_text = 2;
constexpr char identity_real = 3;
constexpr char identity_time = 4;
constexpr char identity_timestamp = 5;

}  // namespace

KeyPlan::KeyPlan(const model::TableSchema& schema)
    : opening_("[" + json::quoted(schema.database) + "," + json::quoted(schema.table)),
      key_columns_(plan(schema, schema.key_columns())),
      identity_(schema.identity) {}

std::vector<KeyPlan::KeyColumn> KeyPlan::plan(const model::TableSchema& schema,
                                              std::span<const std::uint32_t> columns) {
  std::vector<KeyColumn> out;
  for (const std::uint32_t index : columns) {
    const model::Column& from = schema.columns[index];
    KeyColumn& column = out.emplace_back();
    column.source = index;
    column.charset = text_charset(from);
    if (from.type == ColumnType::set) {
      column.is_set = true;
      column.labels = from.labels;
    } else if (from.type == ColumnType::enum_) {
      column.labels.push_back("\"\"");
      for (const std::string& label : from.labels) column.labels.push_back(json::quoted(label));
    }
  }
  return out;
}

std::size_t KeyPlan::value_bytes_max(const KeyColumn& column, const Value& value) const {
  std::size_t bytes = 64 + 6 * value.text.size();
  for (const std::string& label : column.labels) bytes += 6 * label.size() + 1;
  return bytes;
}

char* KeyPlan::write_value(const KeyColumn& column, const Value& value, char* to) const {
  switch (value.kind) {
    case ValueKind::null:
    case ValueKind::absent:
      return put_null(to);
    case ValueKind::integer_text:
      return is_plain_number(value.text) ? avro::put_raw(to, value.text) : put_null(to);
    case ValueKind::integer:
      return model::write_signed(to, value.i);
    case ValueKind::integer_unsigned:
      if (column.is_set) {
        std::string joined;
        for (std::size_t bit = 0; bit < column.labels.size() && bit < 64; ++bit) {
          if ((value.u >> bit & 1) == 0) continue;
          if (!joined.empty()) joined += ',';
          joined += column.labels[bit];
        }
        return model::write_json_string(to, joined);
      }
      if (column.labels.empty()) return model::write_unsigned(to, value.u);
      return value.u < column.labels.size() ? avro::put_raw(to, column.labels[value.u]) : put_null(to);
    case ValueKind::decimal_text:
      return model::write_json_string(to, value.text);
    case ValueKind::real:
      return model::write_real(to, value.d + 0.0);
    case ValueKind::bytes: {
      if (column.charset == nullptr) return put_quoted_hex(to, value.text);
      if (column.charset->is_utf8()) {
        return model::is_utf8(value.text) ? model::write_json_string(to, value.text) : put_quoted_hex(to, value.text);
      }
      const std::optional<std::string> text = column.charset->utf8(value.text);
      return text ? model::write_json_string(to, *text) : put_quoted_hex(to, value.text);
    }
    case ValueKind::date:
      return put_quoted(to, [&](char* at) { return model::write_date(at, value.t); });
    case ValueKind::time:
      return put_quoted(to, [&](char* at) { return model::write_time(at, value.t, value.negative); });
    case ValueKind::datetime:
      return put_quoted(to, [&](char* at) { return model::write_datetime(at, value.t); });
    case ValueKind::timestamp:
      return put_quoted(to, [&](char* at) { return model::write_timestamp(at, value.i, value.t.micros); });
    case ValueKind::year:
      return model::write_unsigned(to, value.t.year);
  }
  return put_null(to);
}

bool KeyPlan::key(std::span<const Value> row, base::Buffer& out) const {
  if (key_columns_.empty()) return false;
  std::size_t bytes = opening_.size() + 1;
  for (const KeyColumn& column : key_columns_) {
    if (column.source >= row.size()) return false;
    bytes += value_bytes_max(column, row[column.source]);
  }
  char* to = avro::put_raw(out.ensure(bytes), opening_);
  for (const KeyColumn& column : key_columns_) {
    *to++ = ',';
    to = write_value(column, row[column.source], to);
  }
  *to++ = ']';
  out.commit(to);
  return true;
}

void KeyPlan::identity(std::span<const Value> row, base::Buffer& out) const {
  for (const std::uint32_t column : identity_) {
    const Value& value = column < row.size() ? row[column] : Value{};
    char* to = out.ensure(32 + value.text.size());
    switch (value.kind) {
      case ValueKind::null:
      case ValueKind::absent:
        *to++ = identity_null;
        break;
      case ValueKind::integer_text:
      case ValueKind::integer:
      case ValueKind::integer_unsigned: {
        const std::uint64_t number = value.kind == ValueKind::integer_text ? parse_integer(value.text) : value.u;
        *to++ = identity_integer;
        std::memcpy(to, &number, sizeof number);
        to += sizeof number;
        break;
      }
      case ValueKind::decimal_text:
      case ValueKind::bytes:
        *to++ = identity_text;
        to = avro::put_string(to, value.text);
        break;
      case ValueKind::real:
        *to++ = identity_real;
        to = avro::put_double(to, value.d + 0.0);
        break;
      case ValueKind::date:
      case ValueKind::time:
      case ValueKind::datetime:
      case ValueKind::year: {
        const model::TimeParts& t = value.t;
        const std::uint32_t parts[] = {t.year,   t.month,  t.day,    t.hour,
                                       t.minute, t.second, t.micros, value.negative ? 1U : 0U};
        *to++ = identity_time;
        for (const std::uint32_t part : parts) to = avro::put_size(to, part);
        break;
      }
      case ValueKind::timestamp:
        *to++ = identity_timestamp;
        to = avro::put_long(to, value.i);
        to = avro::put_size(to, value.t.micros);
        break;
    }
    out.commit(to);
  }
}

}  // namespace tributary::encode
