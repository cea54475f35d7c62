#include "encode/plain_avro.h"

#include <bit>
#include <cstring>

#include "base/put_raw.h"
#include "encode/avro_frame.h"
#include "encode/avro_io.h"
#include "encode/key_plan.h"
#include "encode/number_bytes.h"
#include "encode/plain_avro_plan.h"
#include "encode/row_check.h"
#include "model/text.h"

namespace tributary::encode {
namespace {

using model::Operation;
using model::Value;
using model::ValueKind;

constexpr std::int64_t micros_per_day = 86'400'000'000;

void add_string(base::Buffer& out, std::string_view bytes) {
  out.commit(avro::put_string(out.ensure(avro::long_bytes_max + bytes.size()), bytes));
}

bool add_long(base::Buffer& out, std::int64_t number) {
  out.commit(avro::put_long(out.ensure(avro::long_bytes_max), number));
  return true;
}

// UTF-8, or lower-case hex where the bytes are no text of the set.
void add_text(base::Buffer& out, const model::Charset& charset, std::string_view bytes) {
  if (charset.is_utf8()) {
    if (model::is_utf8(bytes)) return add_string(out, bytes);
  } else if (const std::optional<std::string> text = charset.utf8(bytes)) {
    return add_string(out, *text);
  }
  char* to = avro::put_size(out.ensure(avro::long_bytes_max + 2 * bytes.size()), 2 * bytes.size());
  out.commit(model::write_hex(to, bytes));
}

bool add_integer(base::Buffer& out, const Value& value, std::int64_t least, std::int64_t most) {
  const std::optional<Integer64> number = integer_of(value);
  if (!number || !number->fits_signed()) return false;
  const auto as_signed = static_cast<std::int64_t>(number->bits);
  return as_signed >= least && as_signed <= most && add_long(out, as_signed);
}

bool add_decimal(base::Buffer& out, std::string_view text, std::uint8_t scale) {
  char bytes[unscaled_bytes_max];
  const std::size_t size = unscaled_bytes(text, scale, bytes);
  if (size == 0) return false;
  add_string(out, std::string_view(bytes, size));
  return true;
}

bool add_big_number(base::Buffer& out, const Value& value) {
  const std::optional<Integer64> number = integer_of(value);
  if (!number || number->is_negative) return false;
  char text[model::text_bytes_max];
  char* end = model::write_unsigned(text, number->bits);
  return add_decimal(out, std::string_view(text, static_cast<std::size_t>(end - text)), 0);
}

bool add_bits(base::Buffer& out, const Value& value, std::uint32_t size) {
  if (value.kind != ValueKind::integer_unsigned) return false;
  if (size < 8 && value.u >> (8 * size) != 0) return false;
  char bytes[8];
  for (std::uint32_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(value.u >> (8 * (size - 1 - i)));
  add_string(out, std::string_view(bytes, size));
  return true;
}

bool add_set(base::Buffer& out, const std::vector<std::string>& labels, std::uint64_t bits) {
  if (labels.size() < 64 && bits >> labels.size() != 0) return false;
  std::string joined;
  for (std::uint64_t rest = bits; rest != 0; rest &= rest - 1) {
    if (!joined.empty()) joined += ',';
    joined += labels[static_cast<std::size_t>(std::countr_zero(rest))];
  }
  add_string(out, joined);
  return true;
}

class PlainAvroEncoder final : public RowEncoder {
 public:
  PlainAvroEncoder(model::TableSchemaPtr schema, const PlainAvroOptions& options, SchemaIds ids)
      : schema_(std::move(schema)),
        key_plan_(*schema_),
        frame_(avro::frame(ids.value)),
        key_frame_(avro::frame(ids.key)),
        columns_(plan_avro_columns(*schema_, options)),
        key_columns_(plan_avro_key(*schema_, options)),
        rules_{.tombstone_after_delete = options.tombstones, .key_change_is_two_records = true} {}

  base::Status encode(Operation operation, const ChangeHeader& header, std::span<const Value> before,
                      std::span<const Value> after, base::Buffer& out) const override {
    TRY_VALUE(const Images images, images_of(operation, *schema_, before, after));
    const std::size_t begin = out.size();
    const std::span<const Value> row = images.after ? after : before;
    out.append(avro::view(frame_));
    for (const AvroColumn& column : columns_) {
      if (add_field(out, column, row[column.source])) [[likely]]
        continue;
      out.resize_down(begin);
      return misfit(*schema_, column.source, row[column.source]);
    }
    add_string(out, operation == Operation::init     ? "r"
                    : operation == Operation::insert ? "c"
                    : operation == Operation::update ? "u"
                                                     : "d");
    add_long(out, static_cast<std::int64_t>(header.id));
    add_long(out, header.timestamp_s * 1000);
    add_long(out, header.read_ms);
    add_string(out, header.position);
    add_long(out, header.gtid.empty() ? 0 : 1);
    if (!header.gtid.empty()) add_string(out, header.gtid);
    return {};
  }

  bool key(std::span<const Value> row, base::Buffer& out) const override {
    if (key_columns_.empty()) return false;
    const std::size_t begin = out.size();
    out.append(avro::view(key_frame_));
    for (const AvroColumn& column : key_columns_) {
      if (column.source < row.size() && add_field(out, column, row[column.source])) continue;
      out.resize_down(begin);  // there is no such key; encode() is what reports it
      return false;
    }
    return true;
  }

  void identity(std::span<const Value> row, base::Buffer& out) const override { key_plan_.identity(row, out); }
  RecordRules rules() const override { return rules_; }

 private:
  // False: the value does not fit the column.
  static bool add_field(base::Buffer& out, const AvroColumn& column, const Value& value) {
    const bool is_null = value.is_null() || is_no_date(column, value);
    if (column.is_nullable) {
      out.push_back(is_null ? '\0' : '\x02');
      if (is_null) return true;
    }
    return !is_null && add_value(out, column, value);
  }

  static bool is_no_date(const AvroColumn& column, const Value& value) {
    switch (column.form) {
      case AvroForm::date:
        return value.kind == ValueKind::date && !is_in_calendar(value.t);
      case AvroForm::datetime:
        return value.kind == ValueKind::datetime && !is_in_calendar(value.t);
      case AvroForm::timestamp:
        return value.kind == ValueKind::timestamp && value.i == 0 && value.t.micros == 0;
      default:
        return false;
    }
  }

  static bool add_value(base::Buffer& out, const AvroColumn& column, const Value& value) {
    switch (column.form) {
      case AvroForm::int_:
        return add_integer(out, value, INT32_MIN, INT32_MAX);
      case AvroForm::long_:
        return add_integer(out, value, INT64_MIN, INT64_MAX);
      case AvroForm::big_number:
        return add_big_number(out, value);
      case AvroForm::decimal:
        return value.kind == ValueKind::decimal_text && add_decimal(out, value.text, column.scale);
      case AvroForm::float_: {
        if (value.kind != ValueKind::real) return false;
        const auto number = static_cast<float>(value.d + 0.0);
        char bytes[sizeof number];
        std::memcpy(bytes, &number, sizeof number);
        out.append(std::string_view(bytes, sizeof bytes));
        return true;
      }
      case AvroForm::double_:
        if (value.kind != ValueKind::real) return false;
        out.commit(avro::put_double(out.ensure(sizeof(double)), value.d + 0.0));
        return true;
      case AvroForm::boolean:
        if (value.kind != ValueKind::integer_unsigned) return false;
        out.push_back(value.u != 0 ? '\x01' : '\0');
        return true;
      case AvroForm::bits:
        return add_bits(out, value, column.bit_bytes);
      case AvroForm::year:
        return value.kind == ValueKind::year && add_long(out, value.t.year);
      case AvroForm::date:
        return value.kind == ValueKind::date &&
               add_long(out, days_since_epoch(value.t.year, value.t.month, value.t.day));
      case AvroForm::time:
        return value.kind == ValueKind::time &&
               add_long(out, value.negative ? -micros_of_day(value.t) : micros_of_day(value.t));
      case AvroForm::time_of_day:
        if (value.kind != ValueKind::time || value.negative || micros_of_day(value.t) >= micros_per_day) return false;
        return add_long(out, micros_of_day(value.t));
      case AvroForm::datetime:
        return value.kind == ValueKind::datetime && add_long(out, micros_since_epoch(value.t));
      case AvroForm::timestamp:
        return value.kind == ValueKind::timestamp && add_long(out, value.i * 1'000'000 + value.t.micros);
      case AvroForm::text:
        if (value.kind != ValueKind::bytes) return false;
        add_text(out, *column.charset, value.text);
        return true;
      case AvroForm::binary:
        if (value.kind != ValueKind::bytes) return false;
        add_string(out, value.text);
        return true;
      case AvroForm::label:
        if (value.kind != ValueKind::integer_unsigned || value.u >= column.labels.size()) return false;
        add_string(out, column.labels[value.u]);
        return true;
      case AvroForm::labels:
        return value.kind == ValueKind::integer_unsigned && add_set(out, column.labels, value.u);
    }
    return false;
  }

  model::TableSchemaPtr schema_;
  KeyPlan key_plan_;
  std::array<char, 5> frame_, key_frame_;
  std::vector<AvroColumn> columns_, key_columns_;
  RecordRules rules_;
};

}  // namespace

std::unique_ptr<RowEncoder> make_plain_avro_encoder(model::TableSchemaPtr schema, const PlainAvroOptions& options,
                                                    SchemaIds ids) {
  return std::make_unique<PlainAvroEncoder>(std::move(schema), options, ids);
}

const std::string_view statement_schema =
    R"({"type":"record","name":"Statement","namespace":"tributary","fields":[{"name":"database","type":"string"},)"
    R"({"name":"table","type":"string"},{"name":"statement","type":"string"},{"name":"__id","type":"long"},)"
    R"({"name":"__ts_ms","type":"long"},{"name":"__read_ts_ms","type":"long"},)"
    R"({"name":"__position","type":"string"},{"name":"__gtid","type":["null","string"],"default":null}]})";

void encode_plain_avro_ddl(std::uint32_t schema_id, const ChangeHeader& header, std::string_view database,
                           std::string_view table, std::string_view statement, base::Buffer& out) {
  const auto frame = avro::frame(schema_id);
  out.append(avro::view(frame));
  add_string(out, database);
  add_string(out, table);
  add_text(out, model::Charset::find("utf8mb4"), statement);
  add_long(out, static_cast<std::int64_t>(header.id));
  add_long(out, header.timestamp_s * 1000);
  add_long(out, header.read_ms);
  add_string(out, header.position);
  add_long(out, header.gtid.empty() ? 0 : 1);
  if (!header.gtid.empty()) add_string(out, header.gtid);
}

}  // namespace tributary::encode
