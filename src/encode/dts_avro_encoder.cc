#include <bit>
#include <cstring>

#include "encode/avro_io.h"
#include "encode/dts_avro_plan.h"
#include "encode/encoder.h"
#include "encode/key_plan.h"
#include "encode/row_check.h"
#include "model/text.h"

namespace tributary::encode {
namespace {

using model::Operation;
using model::Value;
using model::ValueKind;

// Keys of the tags that change from row to row, as Avro strings.
constexpr std::string_view server_id_key("\x12server_id", 10);
constexpr std::string_view thread_id_key("\x12thread_id", 10);
constexpr std::string_view reader_time_key("\x28readerThroughoutTime", 21);

// A nullable int of DateTime that is there.
char* put_part(char* to, std::int32_t number) {
  *to++ = 2;
  return avro::put_long(to, number);
}

char* put_nulls(char* to, std::size_t count) {
  std::memset(to, 0, count);
  return to + count;
}

char* put_unsigned_text(char* to, std::uint64_t number) {
  char* end = model::write_unsigned(to + 1, number);
  *to = static_cast<char>((end - to - 1) << 1);
  return end;
}

char* put_signed_text(char* to, std::int64_t number) {
  char* end = model::write_signed(to + 1, number);
  *to = static_cast<char>((end - to - 1) << 1);
  return end;
}

class DtsAvroEncoder final : public RowEncoder {
 public:
  DtsAvroEncoder(model::TableSchemaPtr schema, const DtsAvroOptions& options)
      : schema_(std::move(schema)), plan_(*schema_, options), key_(*schema_) {}

  base::Status encode(Operation operation, const ChangeHeader& header, std::span<const Value> before,
                      std::span<const Value> after, base::Buffer& out) const override {
    TRY_VALUE(const Images images, images_of(operation, *schema_, before, after));
    const bool with_before = images.before, with_after = images.after;
    std::size_t bytes = plan_.record_bytes_max + header.position.size() + header.safe_position.size();
    if (with_before) bytes += image_bytes_max(before);
    if (with_after) bytes += image_bytes_max(after);

    char* to = out.ensure(bytes);
    to = put_header(to, operation, header);
    Misfit wrong;
    to = put_image(to, with_before, before, wrong);
    if (to != nullptr) [[likely]]
      to = put_image(to, with_after, after, wrong);
    if (to == nullptr) [[unlikely]]
      return misfit(*schema_, wrong.column->source, *wrong.value);
    out.commit(avro::put_long(to, header.timestamp_s));
    return {};
  }

  bool key(std::span<const Value> row, base::Buffer& out) const override { return key_.key(row, out); }
  void identity(std::span<const Value> row, base::Buffer& out) const override { key_.identity(row, out); }

 private:
  struct Misfit {
    const ColumnPlan* column = nullptr;
    const Value* value = nullptr;
  };

  std::size_t image_bytes_max(std::span<const Value> row) const {
    std::size_t bytes = plan_.image_bytes_max;
    for (const ColumnPlan& column : plan_.columns) bytes += row[column.source].text.size();
    return bytes;
  }

  char* put_header(char* to, Operation operation, const ChangeHeader& header) const {
    *to++ = 0;  // version
    to = avro::put_long(to, static_cast<std::int64_t>(header.id));
    to = avro::put_long(to, header.timestamp_s);
    to = avro::put_string(to, header.position);
    to = avro::put_string(to, header.safe_position);
    to = avro::put_raw(to, plan_.source);
    *to++ = static_cast<char>(static_cast<std::uint8_t>(operation) << 1);
    to = avro::put_raw(to, plan_.object);
    const bool with_server = plan_.tag_server_id && header.server_id != 0;
    const bool with_thread = plan_.tag_thread_id && header.thread_id != 0;
    const auto tags = plan_.tag_count + with_server + with_thread + plan_.tag_reader_time;
    if (tags != 0) {
      *to++ = static_cast<char>(tags << 1);
      to = avro::put_raw(to, plan_.tags);
      if (with_server) to = put_unsigned_text(avro::put_raw(to, server_id_key), header.server_id);
      if (with_thread) to = put_unsigned_text(avro::put_raw(to, thread_id_key), header.thread_id);
      if (plan_.tag_reader_time) to = put_signed_text(avro::put_raw(to, reader_time_key), header.read_ms);
    }
    *to++ = 0;
    return avro::put_raw(to, plan_.fields);
  }

  // Null, and `wrong` set, when a value does not fit its column.
  char* put_image(char* to, bool is_there, std::span<const Value> row, Misfit& wrong) const {
    if (!is_there) {
      *to++ = 0;
      return to;
    }
    to = avro::put_raw(to, plan_.image);
    for (const ColumnPlan& column : plan_.columns) {
      const Value& value = row[column.source];
      if (value.is_null()) {
        *to++ = 0;
        continue;
      }
      std::memcpy(to, column.prefix.data(), 16);
      if (column.prefix_size > 16) [[unlikely]]
        std::memcpy(to, column.prefix.data(), column.prefix.size());
      to = put_value(to + column.prefix_size, column, value);
      if (to == nullptr) [[unlikely]] {
        wrong = {&column, &value};
        return nullptr;
      }
    }
    if (!plan_.columns.empty()) *to++ = 0;
    return to;
  }

  // Null: the value does not fit the column.
  [[gnu::always_inline]] char* put_value(char* to, const ColumnPlan& column, const Value& value) const {
    const model::TimeParts& t = value.t;
    switch (column.form) {
      case Form::integer:
        if (value.kind == ValueKind::integer_text) {
          if (value.text.size() - 1 >= 20) return nullptr;  // empty or too long
          return avro::put_string(to, value.text);
        }
        if (value.kind == ValueKind::integer) return put_signed_text(to, value.i);
        if (value.kind == ValueKind::integer_unsigned) return put_unsigned_text(to, value.u);
        return nullptr;
      case Form::decimal:
        return value.kind == ValueKind::decimal_text ? put_decimal(to, column, value.text) : nullptr;
      case Form::real:
        if (value.kind != ValueKind::real) return nullptr;
        to = avro::put_double(to, value.d + 0.0);  // -0 becomes 0, which is all some servers print of it
        return put_nulls(to, 2);                   // precision and scale 0
      case Form::bytes:
        if (value.kind != ValueKind::bytes) return nullptr;
        return avro::put_string(to, value.text);
      case Form::label: {
        const std::vector<std::string>& labels = plan_.labels[column.labels];
        if (value.kind != ValueKind::integer_unsigned || value.u >= labels.size()) return nullptr;
        return avro::put_raw(to, labels[value.u]);
      }
      case Form::labels:
        return value.kind == ValueKind::integer_unsigned ? put_set(to, column, value.u) : nullptr;
      case Form::date:
        if (value.kind != ValueKind::date) return nullptr;
        to = put_part(put_part(put_part(to, t.year), t.month), t.day);
        return put_nulls(to, 4);
      case Form::time: {
        if (value.kind != ValueKind::time) return nullptr;
        const std::int32_t sign = value.negative ? -1 : 1;
        to = put_nulls(to, 3);
        to = put_part(put_part(to, sign * t.hour), sign * t.minute);
        return put_part(put_part(to, sign * t.second), sign * static_cast<std::int32_t>(t.micros));
      }
      case Form::datetime:
        if (value.kind != ValueKind::datetime) return nullptr;
        to = put_part(put_part(put_part(to, t.year), t.month), t.day);
        to = put_part(put_part(put_part(to, t.hour), t.minute), t.second);
        return put_part(to, static_cast<std::int32_t>(t.micros));
      case Form::timestamp:
        if (value.kind != ValueKind::timestamp) return nullptr;
        return avro::put_long(avro::put_long(to, value.i), static_cast<std::int32_t>(t.micros));
      case Form::year:
        if (value.kind != ValueKind::year) return nullptr;
        return put_nulls(put_part(to, t.year), 6);
    }
    return nullptr;
  }

  // Precision is the number of digits of this value, without the lone zero before the point: 5 for 348.00, 2 for 0.05.
  static char* put_decimal(char* to, const ColumnPlan& column, std::string_view text) {
    const std::size_t scale = column.scale;
    const bool is_negative = !text.empty() && text.front() == '-';
    const std::size_t point = scale != 0 ? 1 : 0;
    const std::size_t whole = text.size() - (is_negative ? 1 : 0) - point - scale;  // digits before the point
    if (whole - 1 >= 65) [[unlikely]]
      return nullptr;  // none (or wrapped), or too many
    if (point != 0 && text[text.size() - 1 - scale] != '.') [[unlikely]]
      return nullptr;
    const bool is_below_one = point != 0 && whole == 1 && text[is_negative ? 1 : 0] == '0';
    to = avro::put_string(to, text);
    to = avro::put_size(to, whole + scale - (is_below_one ? 1 : 0));
    return avro::put_size(to, scale);
  }

  char* put_set(char* to, const ColumnPlan& column, std::uint64_t bits) const {
    const std::vector<std::string>& labels = plan_.labels[column.labels];
    if (labels.size() < 64 && bits >> labels.size() != 0) return nullptr;
    // As the server does, no comma stands before the first label that is not empty.
    std::size_t bytes = 0;
    for (std::uint64_t rest = bits; rest != 0; rest &= rest - 1) {
      bytes += labels[static_cast<std::size_t>(std::countr_zero(rest))].size() + (bytes != 0 ? 1 : 0);
    }
    to = avro::put_size(to, bytes);
    const char* begin = to;
    for (std::uint64_t rest = bits; rest != 0; rest &= rest - 1) {
      if (to != begin) *to++ = ',';
      to = avro::put_raw(to, labels[static_cast<std::size_t>(std::countr_zero(rest))]);
    }
    return to;
  }

  model::TableSchemaPtr schema_;
  DtsAvroPlan plan_;
  KeyPlan key_;
};

}  // namespace

std::unique_ptr<RowEncoder> make_dts_avro_encoder(model::TableSchemaPtr schema, DtsAvroOptions options) {
  return std::make_unique<DtsAvroEncoder>(std::move(schema), options);
}

}  // namespace tributary::encode
