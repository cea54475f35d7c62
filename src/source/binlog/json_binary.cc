#include "source/binlog/json_binary.h"

#include <charconv>
#include <cmath>

#include "source/binlog/cursor.h"
#include "source/binlog/decimal.h"
#include "source/binlog/json_document.h"
#include "source/binlog/table_map.h"
#include "source/binlog/temporal.h"

namespace tributary::source {
namespace {

using json::Container;
using json::Document;
using json::Ref;

void append_base64(std::string_view bytes, base::Buffer& out) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t line_groups = 76 / 4;  // the server breaks lines, and escapes the breaks
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return i < bytes.size() ? static_cast<std::uint8_t>(bytes[i]) : 0;
  };
  std::size_t groups = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 3, ++groups) {
    if (groups != 0 && groups % line_groups == 0) out.append("\\n");
    const std::uint32_t three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out.push_back(digits[three >> 18]);
    out.push_back(digits[three >> 12 & 63]);
    out.push_back(i + 1 < bytes.size() ? digits[three >> 6 & 63] : '=');
    out.push_back(i + 2 < bytes.size() ? digits[three & 63] : '=');
  }
}

template <typename Number>
void append_number(Number number, base::Buffer& out) {
  char* to = out.ensure(24);
  out.commit(std::to_chars(to, to + 24, number).ptr);
}

char* put_padded(std::uint32_t number, int digits, char* to) {
  for (int i = digits - 1; i >= 0; --i, number /= 10) to[i] = static_cast<char>('0' + number % 10);
  return to + digits;
}

char* put_date(const model::TimeParts& t, char* to) {
  to = put_padded(t.year, 4, to);
  *to++ = '-';
  to = put_padded(t.month, 2, to);
  *to++ = '-';
  return put_padded(t.day, 2, to);
}

char* put_clock(const model::TimeParts& t, char* to) {
  to = put_padded(t.hour, t.hour > 99 ? 3 : 2, to);
  *to++ = ':';
  to = put_padded(t.minute, 2, to);
  *to++ = ':';
  to = put_padded(t.second, 2, to);
  *to++ = '.';
  return put_padded(t.micros, 6, to);
}

class Printer {
 public:
  Printer(Document& document, base::Buffer& out) : document_(document), out_(out) {}

  bool value(const Ref& ref, int depth) {
    const std::size_t left = ref.end - ref.at;
    const char* from = document_.begin + ref.at;
    const auto scalar = [&](std::size_t bytes) {
      return left >= bytes ? document_.spend(bytes, ref.at) : bad("a number ends too early", ref.at);
    };
    switch (ref.type) {
      case json::small_object:
      case json::large_object:
      case json::small_array:
      case json::large_array:
        return container(ref, depth);
      case json::literal:
        return scalar(1) && print_literal(static_cast<std::uint8_t>(*from), ref.at);
      case json::int16:
        return scalar(2) && (append_number(static_cast<std::int16_t>(little<2>(from)), out_), true);
      case json::uint16:
        return scalar(2) && (append_number(static_cast<std::uint16_t>(little<2>(from)), out_), true);
      case json::int32:
        return scalar(4) && (append_number(static_cast<std::int32_t>(little<4>(from)), out_), true);
      case json::uint32:
        return scalar(4) && (append_number(static_cast<std::uint32_t>(little<4>(from)), out_), true);
      case json::int64:
        return scalar(8) && (append_number(static_cast<std::int64_t>(little<8>(from)), out_), true);
      case json::uint64:
        return scalar(8) && (append_number(little<8>(from), out_), true);
      case json::real: {
        if (!scalar(8)) return false;
        double number;
        std::memcpy(&number, from, 8);
        if (!std::isfinite(number)) return bad("a number is not finite", ref.at);
        append_json_double(number, out_);
        return true;
      }
      case json::string: {
        std::string_view text;
        if (!sized(ref.at, ref.end, text)) return false;
        append_json_string(text, out_);
        return true;
      }
      case json::opaque: {
        if (left < 1) return bad("a value ends too early", ref.at);
        std::string_view data;
        if (!sized(ref.at + 1, ref.end, data)) return false;
        return print_opaque(static_cast<std::uint8_t>(*from), data, ref.at);
      }
      default:
        return bad("an unknown type", ref.at);
    }
  }

 private:
  bool bad(const char* what, std::size_t at) { return document_.bad(what, at); }

  // Length in groups of 7 bits, then that many bytes.
  bool sized(std::size_t at, std::size_t end, std::string_view& out) {
    std::uint64_t length = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (at == end) return bad("a length ends too early", at);
      const auto byte = static_cast<std::uint8_t>(document_.begin[at++]);
      length |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) != 0) continue;
      if (length > end - at) return bad("a text ends too early", at);
      out = {document_.begin + at, static_cast<std::size_t>(length)};
      return document_.spend(out.size() + 1, at);
    }
    return bad("a length is too long", at);
  }

  bool print_literal(std::uint8_t what, std::size_t at) {
    switch (what) {
      case 0:
        out_.append("null");
        return true;
      case 1:
        out_.append("true");
        return true;
      case 2:
        out_.append("false");
        return true;
      default:
        return bad("an unknown literal", at);
    }
  }

  bool container(const Ref& ref, int depth) {
    if (depth >= json::depth_max) return bad("nested more than 100 deep", ref.at);
    Container members;
    if (!members.open(ref)) return false;
    out_.push_back(members.is_object() ? '{' : '[');
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i != 0) out_.append(", ");
      if (members.is_object()) {
        std::string_view key;
        if (!members.key(i, key)) return false;
        append_json_string(key, out_);
        out_.append(": ");
      }
      Ref member;
      if (!members.value(i, member) || !value(member, depth + 1)) return false;
    }
    out_.push_back(members.is_object() ? '}' : ']');
    return true;
  }

  bool print_opaque(std::uint8_t type, std::string_view data, std::size_t at) {
    switch (static_cast<WireType>(type)) {
      case WireType::newdecimal: {
        if (data.size() < 2) break;
        const auto precision = static_cast<std::uint8_t>(data[0]);
        const auto scale = static_cast<std::uint8_t>(data[1]);
        if (!is_json_decimal_shape(precision, scale) || data.size() - 2 < decimal_size(precision, scale)) break;
        char* to = out_.ensure(decimal_text_max);
        char* end = decimal_text(data.data() + 2, precision, scale, to);
        if (end == nullptr) break;
        out_.commit(end);
        return true;
      }
      case WireType::date:
      case WireType::datetime:
      case WireType::timestamp:
      case WireType::time: {
        if (data.size() != 8) break;
        return print_temporal(static_cast<WireType>(type), static_cast<std::int64_t>(little<8>(data.data())), at);
      }
      default:
        out_.append("\"base64:type");
        append_number(static_cast<unsigned>(type), out_);
        out_.push_back(':');
        append_base64(data, out_);
        out_.push_back('"');
        return true;
    }
    return bad("a decimal or time can't be read", at);
  }

  bool print_temporal(WireType type, std::int64_t packed, std::size_t at) {
    model::TimeParts t;
    bool negative = false;
    const bool is_good = type == WireType::time
                             ? time_of(packed, negative, t)
                             : packed >= 0 && datetime_of(static_cast<std::uint64_t>(packed) >> 24,
                                                          static_cast<std::uint64_t>(packed) & 0xffffff, t);
    if (!is_good) return bad("no such date or time", at);
    char* to = out_.ensure(40);
    *to++ = '"';
    if (type == WireType::time) {
      if (negative) *to++ = '-';
      to = put_clock(t, to);
    } else {
      to = put_date(t, to);
      if (type != WireType::date) {
        *to++ = ' ';
        to = put_clock(t, to);
      }
    }
    *to++ = '"';
    out_.commit(to);
    return true;
  }

  Document& document_;
  base::Buffer& out_;
};

}  // namespace

namespace json {

bool append_text(const Ref& ref, int depth, base::Buffer& out) { return Printer(*ref.document, out).value(ref, depth); }

base::Error error_of(const Document& document) {
  return base::Error{base::ErrorCode::data_value_malformed, std::string("JSON: ") + document.what,
                     "byte " + std::to_string(document.bad_at) + " of the document"};
}

}  // namespace json

base::Status append_json_text(std::string_view bytes, base::Buffer& out) {
  if (bytes.empty()) {
    out.append("null");
    return {};
  }
  Document document(bytes);
  if (!json::append_text(json::root(document), 0, out)) return base::fail(json::error_of(document));
  return {};
}

void append_json_double(double number, base::Buffer& out) {
  if (number == 0) return out.append(std::signbit(number) ? "-0.0" : "0.0");
  // The shortest digits that read back, then my_gcvt's choice of form: plain for points from 14 places before the
  // digits to 15 behind the first of them, or wherever digits are left behind the point.
  char text[32];
  const char* const text_end = std::to_chars(text, text + sizeof text, number, std::chars_format::scientific).ptr;
  const char* at = text;
  char* to = out.ensure(48);
  if (*at == '-') *to++ = *at++;
  char digits[20];
  int count = 0;
  for (; at != text_end && *at != 'e'; ++at) {
    if (*at != '.') digits[count++] = *at;
  }
  int exponent = 0;
  ++at;
  if (*at == '+') ++at;
  std::from_chars(at, text_end, exponent);
  const int point = exponent + 1;  // 0.digits times ten to this power
  const auto put = [&to](const char* from, int n) {
    std::memcpy(to, from, static_cast<std::size_t>(n));
    to += n;
  };
  if (point < -14 || (point > 15 && point >= count)) {
    *to++ = digits[0];
    if (count > 1) {
      *to++ = '.';
      put(digits + 1, count - 1);
    }
    *to++ = 'e';
    to = std::to_chars(to, to + 8, exponent).ptr;
  } else if (point <= 0) {
    *to++ = '0';
    *to++ = '.';
    for (int i = point; i < 0; ++i) *to++ = '0';
    put(digits, count);
  } else if (point < count) {
    put(digits, point);
    *to++ = '.';
    put(digits + point, count - point);
  } else {
    put(digits, count);
    for (int i = count; i < point; ++i) *to++ = '0';
    *to++ = '.';
    *to++ = '0';
  }
  out.commit(to);
}

void append_json_string(std::string_view text, base::Buffer& out) {
  constexpr char hex[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') [[likely]]
      continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    out.push_back('\\');
    switch (c) {
      case '\b':
        out.push_back('b');
        break;
      case '\t':
        out.push_back('t');
        break;
      case '\n':
        out.push_back('n');
        break;
      case '\f':
        out.push_back('f');
        break;
      case '\r':
        out.push_back('r');
        break;
      case '"':
      case '\\':
        out.push_back(static_cast<char>(c));
        break;
      default:
        out.append("u00");
        out.push_back(hex[c >> 4]);
        out.push_back(hex[c & 15]);
    }
  }
  out.append(text.substr(plain));
  out.push_back('"');
}

}  // namespace tributary::source
