#include "encode/debezium_json.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/put_raw.h"
#include "encode/debezium_plan.h"
#include "encode/json_values.h"
#include "encode/key_plan.h"
#include "encode/number_bytes.h"
#include "encode/row_check.h"
#include "model/text.h"

namespace tributary::encode {
namespace {

using model::Operation;
using model::Value;
using model::ValueKind;

constexpr std::size_t short_bytes_max = 64;

template <typename Write>
bool add_short(base::Buffer& out, Write write) {
  out.commit(write(out.ensure(short_bytes_max)));
  return true;
}

bool add_signed(base::Buffer& out, std::int64_t number) {
  return add_short(out, [&](char* to) { return model::write_signed(to, number); });
}

bool add_decimal_bytes(base::Buffer& out, std::string_view text, std::uint8_t scale) {
  char bytes[unscaled_bytes_max];
  const std::size_t size = unscaled_bytes(text, scale, bytes);
  if (size == 0) return false;
  json::add_base64(out, std::string_view(bytes, size));
  return true;
}

bool add_big_number(base::Buffer& out, const Value& value) {
  const std::optional<Integer64> number = integer_of(value);
  if (!number || number->is_negative) return false;
  char text[model::text_bytes_max];
  char* end = model::write_unsigned(text, number->bits);
  return add_decimal_bytes(out, std::string_view(text, static_cast<std::size_t>(end - text)), 0);
}

bool add_bits(base::Buffer& out, std::uint64_t bits, std::uint32_t size) {
  if (size < 8 && bits >> (8 * size) != 0) return false;
  static_assert(std::endian::native == std::endian::little);
  char bytes[8];
  std::memcpy(bytes, &bits, sizeof bytes);
  json::add_base64(out, std::string_view(bytes, size));
  return true;
}

// 2018-06-20T13:37:03.000001Z
char* write_zoned(char* to, const Value& value, std::uint8_t digits) {
  char* end = write_timestamp_digits(to, value.i, value.t.micros, digits, 0);
  to[10] = 'T';
  *end++ = 'Z';
  return end;
}

bool add_point(base::Buffer& out, std::string_view wkb) {
  if (wkb.size() != 21 || (wkb[0] != 0 && wkb[0] != 1)) return false;
  double at[2];
  for (std::size_t i = 0; i < 2; ++i) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, wkb.data() + 5 + 8 * i, sizeof bits);
    at[i] = std::bit_cast<double>(wkb[0] == 1 ? bits : __builtin_bswap64(bits));
  }
  out.append(R"({"x":)");
  add_short(out, [&](char* to) { return json::write_java_real(to, at[0]); });
  out.append(R"(,"y":)");
  add_short(out, [&](char* to) { return json::write_java_real(to, at[1]); });
  out.append(R"(,"wkb":)");
  json::add_base64(out, wkb);
  out.append(R"(,"srid":null})");
  return true;
}

bool add_float_vector(base::Buffer& out, std::string_view bytes) {
  if (bytes.size() % sizeof(float) != 0) return false;
  out.push_back('[');
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(float)) {
    float number = 0;
    std::memcpy(&number, bytes.data() + i, sizeof number);
    if (!std::isfinite(number)) return false;  // JSON has no number for it
    if (i != 0) out.push_back(',');
    add_short(out, [&](char* to) { return std::to_chars(to, to + short_bytes_max, number).ptr; });
  }
  out.push_back(']');
  return true;
}

// A date that the calendar does not have is null, or the epoch where null can't be.
bool add_no_date(base::Buffer& out, const DebeziumColumn& column) {
  if (column.is_nullable) {
    out.append("null");
  } else {
    out.append(column.form == DebeziumForm::zoned ? std::string_view(R"("1970-01-01T00:00:00Z")") : "0");
  }
  return true;
}

// False: the value does not fit the column.
bool add_value(base::Buffer& out, const DebeziumColumn& column, const Value& value) {
  if (value.is_null()) {
    out.append("null");
    return true;
  }
  switch (column.form) {
    case DebeziumForm::number:
      if (value.kind == ValueKind::integer) return add_signed(out, value.i);
      if (value.kind == ValueKind::integer_unsigned) {
        return add_short(out, [&](char* to) { return model::write_unsigned(to, value.u); });
      }
      if (value.kind != ValueKind::integer_text || !is_integer_text(value.text)) return false;
      return add_short(out, [&](char* to) { return base::put_raw(to, value.text); });
    case DebeziumForm::wrapped: {
      const std::optional<Integer64> number = integer_of(value);
      return number && add_signed(out, static_cast<std::int64_t>(number->bits));
    }
    case DebeziumForm::big_number:
      return add_big_number(out, value);
    case DebeziumForm::decimal:
      return value.kind == ValueKind::decimal_text && add_decimal_bytes(out, value.text, column.digits);
    case DebeziumForm::decimal_text:
      if (value.kind != ValueKind::decimal_text || !model::is_utf8(value.text)) return false;
      json::add_quoted(out, value.text);
      return true;
    case DebeziumForm::decimal_real: {
      double number = 0;
      const char* end = value.text.data() + value.text.size();
      if (value.kind != ValueKind::decimal_text || std::from_chars(value.text.data(), end, number).ptr != end)
        return false;
      return add_short(out, [&](char* to) { return json::write_java_real(to, number); });
    }
    case DebeziumForm::real:
      if (value.kind != ValueKind::real) return false;
      return add_short(out, [&](char* to) { return json::write_java_real(to, value.d); });
    case DebeziumForm::boolean:
      if (value.kind != ValueKind::integer_unsigned) return false;
      out.append(value.u != 0 ? std::string_view("true") : "false");
      return true;
    case DebeziumForm::bits:
      return value.kind == ValueKind::integer_unsigned && add_bits(out, value.u, column.bit_bytes);
    case DebeziumForm::year:
      return value.kind == ValueKind::year && add_signed(out, value.t.year);
    case DebeziumForm::date:
      if (value.kind != ValueKind::date) return false;
      if (!is_in_calendar(value.t)) return add_no_date(out, column);
      return add_signed(out, days_since_epoch(value.t.year, value.t.month, value.t.day));
    case DebeziumForm::micro_time:
      return value.kind == ValueKind::time &&
             add_signed(out, value.negative ? -micros_of_day(value.t) : micros_of_day(value.t));
    case DebeziumForm::millis:
    case DebeziumForm::micros: {
      if (value.kind != ValueKind::datetime) return false;
      if (!is_in_calendar(value.t)) return add_no_date(out, column);
      const std::int64_t micros = micros_since_epoch(value.t);
      // Rounded down, as Java does for times before 1970.
      const std::int64_t millis = micros / 1000 - (micros % 1000 < 0 ? 1 : 0);
      return add_signed(out, column.form == DebeziumForm::millis ? millis : micros);
    }
    case DebeziumForm::zoned:
      if (value.kind != ValueKind::timestamp) return false;
      if (value.i == 0 && value.t.micros == 0) return add_no_date(out, column);
      return add_short(out, [&](char* to) {
        *to++ = '"';
        to = write_zoned(to, value, column.digits);
        *to++ = '"';
        return to;
      });
    case DebeziumForm::text:
      if (value.kind != ValueKind::bytes) return false;
      json::add_text(out, *column.charset, value.text);
      return true;
    case DebeziumForm::binary:
      if (value.kind != ValueKind::bytes) return false;
      json::add_base64(out, value.text);
      return true;
    case DebeziumForm::label:
      if (value.kind != ValueKind::integer_unsigned || value.u >= column.labels.size()) return false;
      out.push_back('"');
      out.append(column.labels[value.u]);
      out.push_back('"');
      return true;
    case DebeziumForm::labels:
      return value.kind == ValueKind::integer_unsigned && json::add_set(out, column.labels, value.u);
    case DebeziumForm::geometry:
      if (value.kind != ValueKind::bytes) return false;
      out.append(R"({"wkb":)");
      json::add_base64(out, value.text);
      out.append(R"(,"srid":null})");
      return true;
    case DebeziumForm::point:
      return value.kind == ValueKind::bytes && add_point(out, value.text);
    case DebeziumForm::float_vector:
      return value.kind == ValueKind::bytes && add_float_vector(out, value.text);
  }
  return false;
}

void add_name(base::Buffer& out, const DebeziumColumn& column, char before) {
  char* to = out.ensure(column.name.size() + 1);
  *to++ = before;
  out.commit(base::put_raw(to, column.name));
}

class DebeziumJsonEncoder final : public RowEncoder {
 public:
  DebeziumJsonEncoder(model::TableSchemaPtr schema, const DebeziumJsonOptions& options)
      : schema_(std::move(schema)),
        key_plan_(*schema_),
        source_(schema_->database, schema_->table, options),
        rules_{.tombstone_after_delete = options.tombstones, .key_change_is_two_records = true} {
    for (std::uint32_t index = 0; index < schema_->columns.size(); ++index) {
      if (!schema_->columns[index].is_hidden) columns_.push_back(plan_debezium_column(*schema_, index, options));
    }
    for (const std::uint32_t index : schema_->key_columns())
      key_columns_.push_back(plan_debezium_column(*schema_, index, options));
    if (options.with_schema) {
      opening_ = R"({"schema":)" + debezium_value_schema(*schema_, options) + R"(,"payload":{"before":)";
      closing_ = R"(,"transaction":null}})";
      key_opening_ = R"({"schema":)" + debezium_key_schema(*schema_, options) + R"(,"payload":)";
      key_closing_ = "}}";
    } else {
      opening_ = R"({"before":)";
      closing_ = R"(,"transaction":null})";
      key_closing_ = "}";
    }
  }

  base::Status encode(Operation operation, const ChangeHeader& header, std::span<const Value> before,
                      std::span<const Value> after, base::Buffer& out) const override {
    TRY_VALUE(const Images images, images_of(operation, *schema_, before, after));
    const std::size_t begin = out.size();
    const DebeziumColumn* wrong = nullptr;
    out.append(opening_);
    if (!add_image(out, images.before, before, wrong)) [[unlikely]]
      return refuse(out, begin, *wrong, before);
    out.append(R"(,"after":)");
    if (!add_image(out, images.after, after, wrong)) [[unlikely]]
      return refuse(out, begin, *wrong, after);
    out.push_back(',');
    source_.add(header, header.is_snapshot || operation == Operation::init, out);
    out.append(operation == Operation::init     ? std::string_view(R"(,"op":"r","ts_ms":)")
               : operation == Operation::insert ? R"(,"op":"c","ts_ms":)"
               : operation == Operation::update ? R"(,"op":"u","ts_ms":)"
                                                : R"(,"op":"d","ts_ms":)");
    add_signed(out, header.read_ms);
    out.append(closing_);
    return {};
  }

  bool key(std::span<const Value> row, base::Buffer& out) const override {
    if (key_columns_.empty()) return false;
    out.append(key_opening_);
    char before = '{';
    for (const DebeziumColumn& column : key_columns_) {
      add_name(out, column, before);
      before = ',';
      const std::size_t begin = out.size();
      if (column.source < row.size() && add_value(out, column, row[column.source])) continue;
      out.resize_down(begin);  // encode() is what reports it
      out.append("null");
    }
    out.append(key_closing_);
    return true;
  }

  void identity(std::span<const Value> row, base::Buffer& out) const override { key_plan_.identity(row, out); }
  RecordRules rules() const override { return rules_; }

 private:
  bool add_image(base::Buffer& out, bool is_there, std::span<const Value> row, const DebeziumColumn*& wrong) const {
    if (!is_there) {
      out.append("null");
      return true;
    }
    if (columns_.empty()) out.push_back('{');
    char before = '{';
    for (const DebeziumColumn& column : columns_) {
      add_name(out, column, before);
      before = ',';
      if (!add_value(out, column, row[column.source])) [[unlikely]] {
        wrong = &column;
        return false;
      }
    }
    out.push_back('}');
    return true;
  }

  [[gnu::cold]] base::Status refuse(base::Buffer& out, std::size_t begin, const DebeziumColumn& column,
                                    std::span<const Value> row) const {
    out.resize_down(begin);
    return misfit(*schema_, column.source, row[column.source]);
  }

  model::TableSchemaPtr schema_;
  KeyPlan key_plan_;
  DebeziumSource source_;
  RecordRules rules_;
  std::vector<DebeziumColumn> columns_, key_columns_;
  std::string opening_, closing_, key_opening_, key_closing_;
};

}  // namespace

std::unique_ptr<RowEncoder> make_debezium_json_encoder(model::TableSchemaPtr schema,
                                                       const DebeziumJsonOptions& options) {
  return std::make_unique<DebeziumJsonEncoder>(std::move(schema), options);
}

void encode_debezium_ddl(const DebeziumJsonOptions& options, const ChangeHeader& header, std::string_view database,
                         std::string_view table, std::string_view statement, base::Buffer& out) {
  if (options.with_schema) {
    out.append(R"({"schema":)");
    out.append(debezium_ddl_schema());
    out.append(R"(,"payload":)");
  }
  out.push_back('{');
  DebeziumSource(database, table, options).add(header, header.is_snapshot, out);
  out.append(R"(,"ts_ms":)");
  add_signed(out, header.read_ms);
  out.append(R"(,"databaseName":)");
  json::add_quoted(out, database);
  out.append(R"(,"schemaName":null,"ddl":)");
  json::add_text(out, model::Charset::find("utf8mb4"), statement);
  out.append(options.with_schema ? std::string_view(R"(,"tableChanges":[]}})") : R"(,"tableChanges":[]})");
}

}  // namespace tributary::encode
