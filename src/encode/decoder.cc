#include "encode/decoder.h"

#include <fmt/format.h>

#include <cstdlib>

#include "encode/avro_io.h"
#include "model/charset.h"
#include "model/text.h"

namespace tributary::encode::dts {
namespace {

using avro::Reader;

std::string take_string(Reader& from) {
  const std::size_t at = from.offset();
  const std::string_view text = from.take_bytes();
  if (!model::is_utf8(text)) from.fail_at("a string is not UTF-8", at);
  return std::string(text);
}

DateTime take_parts(Reader& from) {
  DateTime t;
  for (std::optional<std::int32_t>* part : {&t.year, &t.month, &t.day, &t.hour, &t.minute, &t.second, &t.micros}) {
    if (from.take_index(2) == 1) *part = from.take_int();
  }
  return t;
}

// Braced initialisers run from left to right: the order on the wire.
Value take_value(Reader& from) {
  switch (from.take_index(std::variant_size_v<Value>)) {
    case 1:
      return Integer{from.take_int(), take_string(from)};
    case 2:
      return Character{take_string(from), std::string(from.take_bytes())};
    case 3:
      return Decimal{take_string(from), from.take_int(), from.take_int()};
    case 4:
      return Float{from.take_double(), from.take_int(), from.take_int()};
    case 5:
      return Timestamp{from.take_long(), from.take_int()};
    case 6:
      return take_parts(from);
    case 7:
      return TimestampWithTimeZone{take_parts(from), take_string(from)};
    case 8:
      return BinaryGeometry{take_string(from), std::string(from.take_bytes())};
    case 9:
      return TextGeometry{take_string(from), take_string(from)};
    case 10:
      return BinaryObject{take_string(from), std::string(from.take_bytes())};
    case 11:
      return TextObject{take_string(from), take_string(from)};
    case 12:
      return static_cast<EmptyObject>(from.take_index(2));
    default:
      return Null{};
  }
}

Images take_images(Reader& from) {
  switch (from.take_index(3)) {
    case 1:
      return take_string(from);
    case 2: {
      std::vector<Value> values;
      from.take_blocks([&] { values.push_back(take_value(from)); });
      return values;
    }
    default:
      return {};
  }
}

Fields take_fields(Reader& from) {
  switch (from.take_index(3)) {
    case 1:
      return take_string(from);
    case 2: {
      std::vector<Field> fields;
      from.take_blocks([&] { fields.push_back(Field{take_string(from), from.take_int()}); });
      return fields;
    }
    default:
      return {};
  }
}

template <typename Write>
std::string written(std::size_t bytes_max, Write write) {
  std::string text(bytes_max, '\0');
  text.resize(static_cast<std::size_t>(write(text.data()) - text.data()));
  return text;
}

// Parts may be any int: foreign bytes are shown, not judged.
std::string datetime_text(const DateTime& t) {
  const auto magnitude = [](std::optional<std::int32_t> part) { return std::abs(std::int64_t{part.value_or(0)}); };
  bool is_negative = false;
  for (const std::optional<std::int32_t>& part : {t.year, t.month, t.day, t.hour, t.minute, t.second, t.micros}) {
    is_negative = is_negative || part.value_or(0) < 0;
  }
  std::string text = is_negative ? "-" : "";
  const bool has_date = t.month || t.day;
  const bool has_clock = t.hour || t.minute || t.second || t.micros;
  if (t.year || has_date) text += fmt::format("{:04}", magnitude(t.year));
  if (has_date) text += fmt::format("-{:02}-{:02}", magnitude(t.month), magnitude(t.day));
  if (!has_clock) return text;
  if (t.year || has_date) text += ' ';
  text += fmt::format("{:02}:{:02}:{:02}", magnitude(t.hour), magnitude(t.minute), magnitude(t.second));
  if (t.micros.value_or(0) != 0) text += fmt::format(".{:06}", magnitude(t.micros));
  return text;
}

struct AsText {
  using Text = std::optional<std::string>;
  Text operator()(const Null&) const { return std::nullopt; }
  Text operator()(const EmptyObject&) const { return std::nullopt; }
  Text operator()(const Integer& v) const { return v.value; }
  Text operator()(const Decimal& v) const { return v.value; }
  Text operator()(const Character& v) const {
    Text text = model::Charset::find(v.charset).utf8(v.value);
    return text ? text : model::hex(v.value);
  }
  Text operator()(const Float& v) const {
    return written(model::text_bytes_max, [&](char* to) { return model::write_real(to, v.value); });
  }
  Text operator()(const Timestamp& v) const {
    if (v.micros < 0) return fmt::format("{}:{}", v.seconds, v.micros);  // no MySQL writer sends it
    return written(model::text_bytes_max, [&](char* to) {
      return model::write_timestamp(to, v.seconds, static_cast<std::uint32_t>(v.micros));
    });
  }
  Text operator()(const DateTime& v) const { return datetime_text(v); }
  Text operator()(const TimestampWithTimeZone& v) const { return datetime_text(v.value) + " " + v.timezone; }
  Text operator()(const BinaryGeometry& v) const { return model::hex(v.value); }
  Text operator()(const BinaryObject& v) const { return model::hex(v.value); }
  Text operator()(const TextGeometry& v) const { return v.value; }
  Text operator()(const TextObject& v) const { return v.value; }
};

}  // namespace

Value decode_value(std::string_view bytes) {
  Reader from(bytes);
  return take_value(from);
}

base::Result<Record> decode_record(std::string_view bytes) {
  Reader from(bytes);
  Record record;
  record.version = from.take_int();
  record.id = from.take_long();
  record.source_timestamp = from.take_long();
  record.source_position = take_string(from);
  record.safe_source_position = take_string(from);
  record.source_txid = take_string(from);
  record.source_type = from.take_index(13);
  record.source_version = take_string(from);
  record.operation = from.take_index(17);
  if (from.take_index(2) == 1) record.object_name = take_string(from);
  if (from.take_index(2) == 1) {
    auto& timestamps = record.process_timestamps.emplace();
    from.take_blocks([&] { timestamps.push_back(from.take_long()); });
  }
  from.take_blocks([&] {
    std::string key = take_string(from);
    record.tags.emplace_back(std::move(key), take_string(from));
  });
  record.fields = take_fields(from);
  record.before_images = take_images(from);
  record.after_images = take_images(from);
  if (from.ok() && from.left() == 0) {
    record.born_timestamp.reset();
  } else {
    record.born_timestamp = from.take_long();
  }
  if (from.ok() && from.left() != 0) from.fail("bytes are left over");
  if (!from.ok()) {
    return base::fail(base::ErrorCode::data_avro_malformed, from.fault(), fmt::format("byte {}", from.offset()));
  }
  return record;
}

std::optional<std::string> as_text(const Value& value) { return std::visit(AsText{}, value); }

std::vector<std::string> object_name_parts(std::string_view object_name) {
  constexpr std::string_view dot = "\\u002E";
  std::vector<std::string> parts(1);
  while (!object_name.empty()) {
    if (object_name.starts_with(dot)) {
      parts.back() += '.';
      object_name.remove_prefix(dot.size());
    } else {
      if (object_name.front() == '.') {
        parts.emplace_back();
      } else {
        parts.back() += object_name.front();
      }
      object_name.remove_prefix(1);
    }
  }
  return parts;
}

}  // namespace tributary::encode::dts
