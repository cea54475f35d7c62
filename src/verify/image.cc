#include "verify/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "encode/avro_io.h"
#include "model/charset.h"

namespace tributary::verify {

using encode::avro::Reader;

namespace {

constexpr std::int32_t branches = 13, operations = 17, source_types = 13, images_of_rows = 2;

void skip_parts(Reader& from) {
  for (int part = 0; part < 7; ++part)
    if (from.take_index(2) == 1) from.take_int();
}

void skip_value(Reader& from) {
  switch (from.take_index(branches)) {
    case 1:
      from.take_int();
      from.take_bytes();
      return;
    case 3:
      from.take_bytes();
      from.take_int();
      from.take_int();
      return;
    case 4:
      from.take_double();
      from.take_int();
      from.take_int();
      return;
    case 5:
      from.take_long();
      from.take_int();
      return;
    case 6:
      return skip_parts(from);
    case 7:
      skip_parts(from);
      from.take_bytes();
      return;
    case 2:
    case 8:
    case 9:
    case 10:
    case 11:
      from.take_bytes();
      from.take_bytes();
      return;
    case 12:
      from.take_index(2);
      return;
    default:
      return;
  }
}

void take_values(Reader& from, std::string_view bytes, std::vector<std::string_view>& values) {
  from.take_blocks([&] {
    const std::size_t begin = from.offset();
    skip_value(from);
    if (from.ok()) values.push_back(bytes.substr(begin, from.offset() - begin));
  });
}

std::string_view take_image(Reader& from, std::string_view bytes, std::vector<std::string_view>& values,
                            std::string_view* text) {
  values.clear();
  const std::int32_t branch = from.take_index(3);
  if (branch == 1) {
    const std::string_view taken = from.take_bytes();
    if (text != nullptr) *text = taken;
    return {};
  }
  if (branch != images_of_rows) return {};
  const std::size_t begin = from.offset();
  take_values(from, bytes, values);
  return from.ok() ? bytes.substr(begin, from.offset() - begin) : std::string_view{};
}

std::string array_of(const std::vector<std::string_view>& items) {
  std::string out;
  if (!items.empty()) encode::avro::add_long(out, static_cast<std::int64_t>(items.size()));
  for (const std::string_view item : items) out += item;
  encode::avro::add_long(out, 0);
  return out;
}

void put_long(base::Buffer& out, std::int64_t number) {
  out.commit(encode::avro::put_long(out.ensure(encode::avro::long_bytes_max), number));
}

void put(base::Buffer& out, ValueClass kind, std::string_view bytes) {
  out.push_back(static_cast<char>(kind));
  put_long(out, static_cast<std::int64_t>(bytes.size()));
  out.append(bytes);
}

void put_number(base::Buffer& out, std::string_view text) {
  if (text.find('.') != std::string_view::npos) {
    while (text.ends_with('0')) text.remove_suffix(1);
    if (text.ends_with('.')) text.remove_suffix(1);
  }
  if (text == "-0") text = "0";
  put(out, ValueClass::number, text);
}

void put_text(base::Buffer& out, std::string_view charset, std::string_view bytes) {
  if (charset == "utf8mb4" || charset == "utf8") return put(out, ValueClass::text, bytes);
  const std::optional<std::string> text = model::Charset::find(charset).utf8(bytes);
  if (text)
    put(out, ValueClass::text, *text);
  else
    put(out, ValueClass::other_text, bytes);
}

void put_parts(base::Buffer& out, Reader& from) {
  std::int32_t parts[7] = {};
  char there = 0;
  for (int i = 0; i < 7; ++i) {
    if (from.take_index(2) != 1) continue;
    parts[i] = from.take_int();
    there = static_cast<char>(there | 1 << i);
  }
  out.push_back(static_cast<char>(ValueClass::datetime));
  out.push_back(there);
  for (int i = 0; i < 7; ++i)
    if ((there >> i & 1) != 0) put_long(out, parts[i]);
}

}  // namespace

base::Status RecordReader::read(std::string_view bytes) {
  Reader from(bytes);
  from.take_int();  // version
  id = from.take_long();
  timestamp_s = from.take_long();
  position = from.take_bytes();
  from.take_bytes();  // safeSourcePosition
  from.take_bytes();  // sourceTxid
  from.take_index(source_types);
  from.take_bytes();  // source version
  operation = from.take_index(operations);
  object = from.take_index(2) == 1 ? from.take_bytes() : std::string_view{};
  if (from.take_index(2) == 1) from.take_blocks([&] { from.take_long(); });
  server_id = 0;
  keys = {};
  from.take_blocks([&] {
    const std::string_view name = from.take_bytes(), value = from.take_bytes();
    if (name == "server_id")
      std::from_chars(value.data(), value.data() + value.size(), server_id);
    else if (name == "pk_uk_info")
      keys = value;
  });
  fields = {};
  switch (from.take_index(3)) {
    case 1:
      from.take_bytes();
      break;
    case 2: {
      const std::size_t begin = from.offset();
      from.take_blocks([&] {
        from.take_bytes();
        from.take_int();
      });
      if (from.ok()) fields = bytes.substr(begin, from.offset() - begin);
      break;
    }
    default:
      break;
  }
  statement = {};
  before = take_image(from, bytes, before_values, nullptr);
  after = take_image(from, bytes, after_values, &statement);
  if (from.ok() && from.left() != 0) from.take_long();  // bornTimestamp, which older writers leave out
  if (from.ok() && from.left() != 0) from.fail("bytes are left over");
  if (from.ok()) {
    if (!left_out_.empty() && !fields.empty()) leave_out();
    return {};
  }
  return base::fail(base::ErrorCode::data_avro_malformed, from.fault(), fmt::format("byte {}", from.offset()));
}

void RecordReader::leave_out() {
  if (fields != whole_fields_) {
    whole_fields_ = fields;
    own_ = own_fields(fields, left_out_);
  }
  if (own_.is_whole) return;
  fields = own_.bytes;
  const auto cut = [&](std::string_view& image, std::vector<std::string_view>& values, std::string& room) {
    if (values.size() <= own_.count) return;
    values.resize(own_.count);
    room = array_of(values);
    image = room;
  };
  cut(before, before_values, own_before_);
  cut(after, after_values, own_after_);
}

OwnFields own_fields(std::string_view fields, const std::vector<std::string>& additional) {
  std::vector<std::string_view> items;
  OwnFields own;
  Reader from(fields);
  from.take_blocks([&] {
    const std::size_t begin = from.offset();
    const std::string_view name = from.take_bytes();
    from.take_int();
    items.push_back(fields.substr(begin, from.offset() - begin));
    if (std::ranges::find(additional, name) == additional.end()) own.count = items.size();
  });
  own.is_whole = own.count == items.size();
  items.resize(own.count);
  own.bytes = own.is_whole ? std::string(fields) : array_of(items);
  return own;
}

std::vector<std::string> names_of(const std::vector<transform::AdditionalColumn>& columns) {
  std::vector<std::string> names;
  for (const transform::AdditionalColumn& column : columns) names.push_back(column.name);
  return names;
}

Structure Structure::parse(std::string_view fields) {
  Structure out;
  Reader from(fields);
  from.take_blocks([&] {
    Column column;
    column.name = from.take_bytes();
    column.type_number = from.take_int();
    out.columns.push_back(std::move(column));
  });
  return out;
}

std::optional<std::size_t> Structure::find(std::string_view name) const {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].name == name) return i;
  return std::nullopt;
}

std::vector<std::string_view> split_image(std::string_view image) {
  std::vector<std::string_view> values;
  Reader from(image);
  take_values(from, image, values);
  return values;
}

void append_canonical(std::string_view value, base::Buffer& out) {
  Reader from(value);
  switch (from.take_index(branches)) {
    case 1:
      from.take_int();
      return put_number(out, from.take_bytes());
    case 2: {
      const std::string_view charset = from.take_bytes();
      return put_text(out, charset, from.take_bytes());
    }
    case 3:
      return put_number(out, from.take_bytes());
    case 4: {
      const double number = from.take_double();
      out.push_back(static_cast<char>(ValueClass::real));
      out.commit(encode::avro::put_double(out.ensure(sizeof number), number));
      return;
    }
    case 5:
      out.push_back(static_cast<char>(ValueClass::timestamp));
      put_long(out, from.take_long());
      put_long(out, from.take_int());
      return;
    case 6:
      return put_parts(out, from);
    case 7:  // no MySQL writer has it
      return put(out, ValueClass::binary, value);
    case 8:
    case 10:
      from.take_bytes();
      return put(out, ValueClass::binary, from.take_bytes());
    case 9:
    case 11:
      from.take_bytes();
      return put(out, ValueClass::text, from.take_bytes());
    default:
      out.push_back(static_cast<char>(ValueClass::null));
  }
}

CanonicalValue take_canonical(std::string_view& bytes) {
  CanonicalValue value;
  if (bytes.empty()) return value;
  value.kind = static_cast<ValueClass>(bytes.front());
  Reader from(bytes.substr(1));
  switch (value.kind) {
    case ValueClass::null:
      break;
    case ValueClass::number:
    case ValueClass::text:
    case ValueClass::other_text:
    case ValueClass::binary:
      value.bytes = from.take_bytes();
      break;
    case ValueClass::real:
      value.real = from.take_double();
      break;
    case ValueClass::timestamp:
      value.seconds = from.take_long();
      value.micros = from.take_int();
      break;
    case ValueClass::datetime: {
      const char there = bytes.size() > 1 ? bytes[1] : '\0';
      from = Reader(bytes.substr(std::min<std::size_t>(2, bytes.size())));
      for (int i = 0; i < 7; ++i)
        if ((there >> i & 1) != 0) value.parts[i] = from.take_int();
      bytes.remove_prefix(std::min(bytes.size(), 2 + from.offset()));
      return value;
    }
  }
  bytes.remove_prefix(1 + from.offset());
  return value;
}

}  // namespace tributary::verify
