#include "encode/json_values.h"

#include <bit>
#include <charconv>
#include <cmath>

#include "base/put_raw.h"
#include "model/text.h"

namespace tributary::encode {
namespace {

using model::ColumnType;

// Text beyond this is counted first: six times its size is too much room for a document of many megabytes.
constexpr std::size_t counted_from = 4096;

std::size_t quoted_bytes_max(std::string_view text) {
  if (text.size() < counted_from) return 6 * text.size() + 2;
  std::size_t bytes = 2;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    bytes += byte < 0x20 ? 6 : byte == '"' || byte == '\\' ? 2 : 1;
  }
  return bytes;
}

void add_quoted_hex(base::Buffer& out, std::string_view bytes) {
  char* to = out.ensure(2 * bytes.size() + 2);
  *to++ = '"';
  to = model::write_hex(to, bytes);
  *to++ = '"';
  out.commit(to);
}

char* write_fraction(char* to, std::uint32_t micros, std::uint8_t digits) {
  std::uint32_t unit = 1;
  for (std::uint8_t i = digits; i < 6; ++i) unit *= 10;
  if (micros % unit != 0) digits = 6;
  if (digits == 0) return to;
  *to++ = '.';
  std::uint32_t divisor = 100000;
  for (std::uint8_t i = 0; i < digits; ++i, divisor /= 10) *to++ = static_cast<char>('0' + micros / divisor % 10);
  return to;
}

}  // namespace

const model::Charset* text_charset(const model::Column& column) {
  switch (column.type) {
    case ColumnType::char_:
    case ColumnType::varchar:
    case ColumnType::tinytext:
    case ColumnType::text:
    case ColumnType::mediumtext:
    case ColumnType::longtext:
      return &model::Charset::find(column.charset.empty() ? "utf8mb4" : column.charset);
    case ColumnType::json:
    case ColumnType::uuid:
    case ColumnType::inet4:
    case ColumnType::inet6:
      return &model::Charset::find("utf8mb4");
    default:
      return nullptr;
  }
}

bool is_integer_text(std::string_view text) {
  if (text.size() - 1 >= 20) return false;  // empty or too long
  const std::size_t sign = text.front() == '-' ? 1 : 0;
  for (const char c : text.substr(sign)) {
    if (c < '0' || c > '9') return false;
  }
  return text.size() > sign;
}

namespace json {

std::string quoted(std::string_view utf8) {
  std::string json(6 * utf8.size() + 2, '\0');
  json.resize(static_cast<std::size_t>(model::write_json_string(json.data(), utf8) - json.data()));
  return json;
}

void add_quoted(base::Buffer& out, std::string_view utf8) {
  out.commit(model::write_json_string(out.ensure(quoted_bytes_max(utf8)), utf8));
}

void add_text(base::Buffer& out, const model::Charset& charset, std::string_view bytes) {
  if (charset.is_utf8()) [[likely]] {
    return model::is_utf8(bytes) ? add_quoted(out, bytes) : add_quoted_hex(out, bytes);
  }
  const std::optional<std::string> text = charset.utf8(bytes);
  return text ? add_quoted(out, *text) : add_quoted_hex(out, bytes);
}

void add_latin1(base::Buffer& out, std::string_view bytes) {
  std::size_t room = 2;
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    room += byte < 0x20 ? 6 : byte >= 0x80 || byte == '"' || byte == '\\' ? 2 : 1;
  }
  char* to = out.ensure(room + 16);
  *to++ = '"';
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte >= 0x80) {
      *to++ = static_cast<char>(0xC0 | (byte >> 6));
      *to++ = static_cast<char>(0x80 | (byte & 0x3F));
    } else if (byte >= 0x20 && byte != '"' && byte != '\\') {
      *to++ = c;
    } else {
      char room_for_one[64];
      char* end = model::write_json_string(room_for_one, std::string_view(&c, 1));
      to = base::put_raw(to, room_for_one + 1, static_cast<std::size_t>(end - room_for_one - 2));
    }
  }
  *to++ = '"';
  out.commit(to);
}

char* write_base64(char* to, std::string_view bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto* from = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, from += 3) {
    *to++ = digits[from[0] >> 2];
    *to++ = digits[(from[0] & 3) << 4 | from[1] >> 4];
    *to++ = digits[(from[1] & 15) << 2 | from[2] >> 6];
    *to++ = digits[from[2] & 63];
  }
  if (left == 0) return to;
  *to++ = digits[from[0] >> 2];
  *to++ = digits[(from[0] & 3) << 4 | (left == 2 ? from[1] >> 4 : 0)];
  *to++ = left == 2 ? digits[(from[1] & 15) << 2] : '=';
  *to++ = '=';
  return to;
}

void add_base64(base::Buffer& out, std::string_view bytes) {
  char* to = out.ensure((bytes.size() + 2) / 3 * 4 + 2);
  *to++ = '"';
  to = write_base64(to, bytes);
  *to++ = '"';
  out.commit(to);
}

char* write_java_real(char* to, double number) {
  if (number == 0 || !std::isfinite(number)) {  // no server stores what is not finite
    if (std::isfinite(number)) return base::put_raw(to, "0.0");
    return model::write_real(to, number);
  }
  const double size = std::fabs(number);
  const bool is_plain = size >= 1e-3 && size < 1e7;
  const std::to_chars_result end =
      std::to_chars(to, to + 40, number, is_plain ? std::chars_format::fixed : std::chars_format::scientific);
  const std::string_view text(to, static_cast<std::size_t>(end.ptr - to));
  if (is_plain) return text.find('.') == std::string_view::npos ? base::put_raw(end.ptr, ".0") : end.ptr;
  // "d.ddde+XX" becomes "d.dddEXX", with at least one digit behind the point and no leading zero in the exponent.
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), end.ptr, exponent);
  char* at = to + e;
  if (text.substr(0, e).find('.') == std::string_view::npos) at = base::put_raw(at, ".0");
  *at++ = 'E';
  return model::write_signed(at, exponent);
}

std::vector<std::string> inner_labels(const std::vector<std::string>& labels) {
  std::vector<std::string> inner;
  for (const std::string& label : labels) {
    const std::string json = quoted(label);
    inner.push_back(json.substr(1, json.size() - 2));
  }
  return inner;
}

bool add_set(base::Buffer& out, const std::vector<std::string>& inner, std::uint64_t bits) {
  if (inner.size() < 64 && bits >> inner.size() != 0) return false;
  out.push_back('"');
  bool is_first = true;
  for (std::uint64_t rest = bits; rest != 0; rest &= rest - 1) {
    const std::string& label = inner[static_cast<std::size_t>(std::countr_zero(rest))];
    // As the server does, no comma stands before the first label that is not empty.
    if (!is_first) out.push_back(',');
    out.append(label);
    is_first = is_first && label.empty();
  }
  out.push_back('"');
  return true;
}

}  // namespace json

char* write_clock_digits(char* to, const model::TimeParts& t, bool is_negative, std::uint8_t digits) {
  model::TimeParts whole = t;
  whole.micros = 0;
  return write_fraction(model::write_time(to, whole, is_negative), t.micros, digits);
}

char* write_datetime_digits(char* to, const model::TimeParts& t, std::uint8_t digits) {
  model::TimeParts whole = t;
  whole.micros = 0;
  return write_fraction(model::write_datetime(to, whole), t.micros, digits);
}

char* write_timestamp_digits(char* to, std::int64_t seconds, std::uint32_t micros, std::uint8_t digits,
                             std::int32_t offset_s) {
  const bool is_zero = seconds == 0 && micros == 0;
  if (!is_zero && seconds + offset_s == 0) {  // the epoch itself, which write_timestamp takes for the zero timestamp
    to = base::put_raw(to, "1970-01-01 00:00:00");
  } else {
    to = model::write_timestamp(to, is_zero ? 0 : seconds + offset_s, 0);
  }
  return write_fraction(to, micros, digits);
}

}  // namespace tributary::encode
