// Rows made from the fuzzer's bytes, encoded and decoded again: every value must come out as it went in, and equal keys
// must have equal bytes. The decoder knows Record.avsc only, not the encoder's tables.
#include <cmath>
#include <deque>
#include <vector>

#include "encode/decoder.h"
#include "encode/encoder.h"
#include "encode/sample_schema.h"
#include "input.h"

namespace {

using namespace tributary;
using encode::SchemaBuilder;
using fuzz::Input;
using fuzz::require;
using model::ColumnType;
using model::Value;
using model::ValueKind;

const model::TableSchemaPtr& schema() {
  static const model::TableSchemaPtr made = SchemaBuilder("da.ta", "orders\"")
                                                .add("id", ColumnType::bigint)
                                                .add("name", ColumnType::varchar)
                                                .add("big", ColumnType::bigint, {.is_unsigned = true})
                                                .add("price", ColumnType::decimal, {.precision = 20, .scale = 4})
                                                .add("real", ColumnType::double_)
                                                .add("raw", ColumnType::varbinary)
                                                .add("moment", ColumnType::datetime)
                                                .add("span", ColumnType::time)
                                                .add("stamp", ColumnType::timestamp)
                                                .add("year", ColumnType::year)
                                                .add("one", ColumnType::enum_, {.labels = {"a", "b,c", ""}})
                                                .add("many", ColumnType::set, {.labels = {"x", "y", "z"}})
                                                .add("text", ColumnType::longtext, {.charset = "latin1"})
                                                .add("day", ColumnType::date)
                                                .primary({0, 1})
                                                .build();
  return made;
}

struct Row {
  std::vector<Value> values;
  std::vector<std::optional<std::string>> texts;  // as as_text() tells them; binary ones and strings as bytes
};

template <typename... Parts>
std::string print(const char* form, Parts... parts) {
  char text[64];
  std::snprintf(text, sizeof text, form, parts...);
  return text;
}

std::string fraction_text(std::uint32_t micros) { return micros == 0 ? "" : print(".%06u", micros); }

Row row_of(Input& in, std::deque<std::string>& kept) {
  Row row;
  const auto add = [&](Value value, std::string text) {
    const bool is_null = row.values.size() > 1 && in.below(8) == 7;
    row.values.push_back(is_null ? Value::null() : value);
    row.texts.push_back(is_null ? std::nullopt : std::optional(std::move(text)));
  };
  const auto bytes = [&](ValueKind kind, std::string text) {
    kept.push_back(text);
    add(Value::of_text(kind, kept.back()), std::move(text));
  };
  const auto id = static_cast<std::int64_t>(in.number(static_cast<int>(in.below(9))));
  if (in.flag()) {  // the snapshot's form
    bytes(ValueKind::integer_text, std::to_string(id));
  } else {
    add(Value::integer(id), std::to_string(id));
  }
  bytes(ValueKind::bytes, std::string(in.text()));
  const std::uint64_t big = in.number(8);
  add(Value::integer_unsigned(big), std::to_string(big));
  bytes(ValueKind::decimal_text, std::string(in.flag() ? "-" : "") + "1" + std::to_string(in.number(6)) +
                                     print(".%04u", unsigned(in.below(10000))));
  const double real = static_cast<double>(static_cast<std::int32_t>(in.number(4))) / 8;
  add(Value::real(real), print("%.17g", real));
  bytes(ValueKind::bytes, std::string(in.text(1000)));
  const auto date = [&](Value& v) {
    v.t.year = static_cast<std::uint16_t>(in.below(10000));
    v.t.month = static_cast<std::uint8_t>(in.below(13));
    v.t.day = static_cast<std::uint8_t>(in.below(32));
    return print("%04d-%02d-%02d", v.t.year, v.t.month, v.t.day);
  };
  const auto clock = [&](Value& v, std::uint64_t hours) {
    v.t.hour = static_cast<std::uint16_t>(in.below(hours));
    v.t.minute = static_cast<std::uint8_t>(in.below(60));
    v.t.second = static_cast<std::uint8_t>(in.below(60));
    v.t.micros = static_cast<std::uint32_t>(in.below(1'000'000));
    return print("%02d:%02d:%02d", v.t.hour, v.t.minute, v.t.second) + fraction_text(v.t.micros);
  };
  Value moment;
  moment.kind = ValueKind::datetime;
  const std::string day = date(moment);
  add(moment, day + " " + clock(moment, 24));
  row.values.back() = row.texts.back() ? moment : Value::null();
  Value span;
  span.kind = ValueKind::time;
  std::string text = clock(span, 839);
  span.negative = in.flag() && (span.t.hour | span.t.minute | span.t.second | span.t.micros) != 0;
  add(span, (span.negative ? "-" : "") + text);
  Value stamp;
  stamp.kind = ValueKind::timestamp;
  stamp.i = static_cast<std::int64_t>(in.number(4));
  stamp.t.micros = stamp.i == 0 ? 0 : static_cast<std::uint32_t>(in.below(1'000'000));
  add(stamp, print("%lld:%u", static_cast<long long>(stamp.i), stamp.t.micros));
  Value year;
  year.kind = ValueKind::year;
  year.t.year = static_cast<std::uint16_t>(in.below(10) == 0 ? 0 : 1901 + in.below(255));
  add(year, print("%04d", year.t.year));
  const std::uint64_t one = in.below(4), many = in.below(8);
  constexpr const char* ones[] = {"", "a", "b,c", ""};
  add(Value::integer_unsigned(one), ones[one]);
  constexpr const char* manies[] = {"", "x", "y", "x,y", "z", "x,z", "y,z", "x,y,z"};
  add(Value::integer_unsigned(many), manies[many]);
  bytes(ValueKind::bytes, std::string(in.text(1000)));
  Value whole_day;
  whole_day.kind = ValueKind::date;
  const std::string whole = date(whole_day);
  add(whole_day, whole);
  return row;
}

std::optional<std::string> told(const encode::dts::Value& value) {
  using namespace encode::dts;
  if (const auto* text = std::get_if<Character>(&value)) return text->value;
  if (const auto* raw = std::get_if<BinaryObject>(&value)) return raw->value;
  if (const auto* stamp = std::get_if<Timestamp>(&value))
    return print("%lld:%d", static_cast<long long>(stamp->seconds), stamp->micros);
  if (const auto* real = std::get_if<Float>(&value)) return print("%.17g", real->value);
  if (const auto* text = std::get_if<TextObject>(&value)) return text->value;
  return as_text(value);
}

void check_image(const encode::dts::Images& images, const Row& row) {
  const auto* values = std::get_if<std::vector<encode::dts::Value>>(&images);
  require(values != nullptr && values->size() == row.texts.size(), "an image has a value for each column");
  for (std::size_t i = 0; i < row.texts.size(); ++i)
    require(
        told((*values)[i]) == row.texts[i], "a value comes out as it went in",
        schema()->columns[i].name + ": " + row.texts[i].value_or("NULL") + " / " + told((*values)[i]).value_or("NULL"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto encoder = encode::make_dts_avro_encoder(schema(), {.source_version = "8.0.34"});
  Input in(data, size);
  const std::string position = std::to_string(in.number(4)) + "@" + std::to_string(in.byte());
  encode::ChangeHeader header{.id = in.number(7),
                              .timestamp_s = static_cast<std::int64_t>(in.number(4)),
                              .position = position,
                              .safe_position = "4@1",
                              .read_ms = 1712905965123};
  header.server_id = static_cast<std::uint32_t>(in.number(2));
  header.thread_id = in.number(2);
  const auto operation = static_cast<model::Operation>(in.below(3));  // INSERT, UPDATE, DELETE
  std::deque<std::string> kept;
  const Row before = row_of(in, kept), after = row_of(in, kept);
  base::Buffer out;
  const base::Status done = encoder->encode(operation, header, before.values, after.values, out);
  require(done.has_value(), "a row is encoded", done ? "" : done.error().message());
  auto record = encode::dts::decode_record(out.view());
  require(record.has_value(), "what was encoded is decoded", record ? "" : record.error().message());
  require(record->id == static_cast<std::int64_t>(header.id) && record->source_timestamp == header.timestamp_s &&
              record->source_position == position,
          "the header comes out as it went in");
  require(record->operation == static_cast<std::int32_t>(operation), "so does the operation");
  if (operation != model::Operation::insert) check_image(record->before_images, before);
  if (operation != model::Operation::delete_) check_image(record->after_images, after);

  base::Buffer again;
  encode::dts::encode_record(*record, again);
  require(again.view() == out.view(), "both encoders write the same bytes");

  base::Buffer left, right, left_key, right_key;
  encoder->identity(before.values, left);
  encoder->identity(after.values, right);
  const bool is_same = before.texts[0] == after.texts[0] && before.texts[1] == after.texts[1];
  require((left.view() == right.view()) == is_same, "identities are equal when the key's columns are");
  require(encoder->key(before.values, left_key) && encoder->key(after.values, right_key), "the table has a key");
  require(!is_same || left_key.view() == right_key.view(), "equal keys have equal bytes");
  require(left_key.view().starts_with("[\"da.ta\",\"orders\\\"\",") && left_key.view().ends_with("]"),
          "a key is a list", left_key.view());
  return 0;
}
