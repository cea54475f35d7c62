#include "source/binlog/json_binary.h"

#include <charconv>
#include <cmath>

#include "source/binlog/cursor.h"
#include "source/binlog/decimal.h"
#include "source/binlog/table_map.h"
#include "source/binlog/temporal.h"

namespace tributary::source {
namespace {

constexpr int depth_max = 100;  // the servers' own limit

// document ::= type value
// object   ::= count size key-entry* value-entry* key* value*      (2 byte numbers; 4 byte ones in the large form)
// array    ::= count size value-entry* value*
// key-entry ::= offset length(2)    value-entry ::= type (offset | value if it fits)
// string   ::= length(7 bits a byte) bytes    opaque ::= column-type length bytes
enum Type : std::uint8_t {
  small_object = 0,
  large_object = 1,
  small_array = 2,
  large_array = 3,
  literal = 4,
  int16 = 5,
  uint16 = 6,
  int32 = 7,
  uint32 = 8,
  int64 = 9,
  uint64 = 10,
  real = 11,
  string = 12,
  opaque = 15,
};

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
  Printer(std::string_view document, base::Buffer& out)
      : begin_(document.data()), size_(document.size()), out_(out), budget_(document.size()) {}

  base::Status print() {
    if (!value(static_cast<std::uint8_t>(*begin_), 1, size_, 0)) {
      return base::fail(base::ErrorCode::data_value_malformed, std::string("JSON: ") + what_,
                        "byte " + std::to_string(bad_at_) + " of the document");
    }
    return {};
  }

 private:
  bool bad(const char* what, std::size_t at) {
    what_ = what;
    bad_at_ = at;
    return false;
  }
  // Every byte of a document stands for one thing only: what was looked at can't exceed its size.
  bool spend(std::size_t bytes, std::size_t at) {
    if (bytes > budget_) return bad("parts overlap", at);
    budget_ -= bytes;
    return true;
  }

  // A value that stands at [at, end) of the document.
  bool value(std::uint8_t type, std::size_t at, std::size_t end, int depth) {
    const std::size_t left = end - at;
    const char* from = begin_ + at;
    const auto scalar = [&](std::size_t bytes) {
      return left >= bytes ? spend(bytes, at) : bad("a number ends too early", at);
    };
    switch (type) {
      case small_object: return container(at, end, false, true, depth);
      case large_object: return container(at, end, true, true, depth);
      case small_array: return container(at, end, false, false, depth);
      case large_array: return container(at, end, true, false, depth);
      case literal: return left >= 1 ? spend(1, at) && print_literal(static_cast<std::uint8_t>(*from), at)
                                     : bad("a literal ends too early", at);
      case int16: return scalar(2) && (append_number(static_cast<std::int16_t>(little<2>(from)), out_), true);
      case uint16: return scalar(2) && (append_number(static_cast<std::uint16_t>(little<2>(from)), out_), true);
      case int32: return scalar(4) && (append_number(static_cast<std::int32_t>(little<4>(from)), out_), true);
      case uint32: return scalar(4) && (append_number(static_cast<std::uint32_t>(little<4>(from)), out_), true);
      case int64: return scalar(8) && (append_number(static_cast<std::int64_t>(little<8>(from)), out_), true);
      case uint64: return scalar(8) && (append_number(little<8>(from), out_), true);
      case real: {
        if (!scalar(8)) return false;
        double number;
        std::memcpy(&number, from, 8);
        if (!std::isfinite(number)) return bad("a number is not finite", at);
        append_json_double(number, out_);
        return true;
      }
      case string: {
        std::string_view text;
        if (!sized(at, end, text)) return false;
        append_json_string(text, out_);
        return true;
      }
      case opaque: {
        if (left < 1) return bad("a value ends too early", at);
        std::string_view data;
        if (!sized(at + 1, end, data)) return false;
        return print_opaque(static_cast<std::uint8_t>(*from), data, at);
      }
      default: return bad("an unknown type", at);
    }
  }

  // Length in groups of 7 bits, then that many bytes.
  bool sized(std::size_t at, std::size_t end, std::string_view& out) {
    std::uint64_t length = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (at == end) return bad("a length ends too early", at);
      const auto byte = static_cast<std::uint8_t>(begin_[at++]);
      length |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) != 0) continue;
      if (length > end - at) return bad("a text ends too early", at);
      out = {begin_ + at, static_cast<std::size_t>(length)};
      return spend(out.size() + 1, at);
    }
    return bad("a length is too long", at);
  }

  bool print_literal(std::uint8_t what, std::size_t at) {
    switch (what) {
      case 0: out_.append("null"); return true;
      case 1: out_.append("true"); return true;
      case 2: out_.append("false"); return true;
      default: return bad("an unknown literal", at);
    }
  }

  bool container(std::size_t at, std::size_t end, bool is_large, bool is_object, int depth) {
    if (depth >= depth_max) return bad("nested more than 100 deep", at);
    const std::size_t wide = is_large ? 4 : 2;
    const auto number = [&](std::size_t from) {
      return is_large ? static_cast<std::size_t>(little<4>(begin_ + from))
                      : static_cast<std::size_t>(little<2>(begin_ + from));
    };
    if (end - at < 2 * wide) return bad("an array or object ends too early", at);
    const std::size_t count = number(at);
    const std::size_t size = number(at + wide);
    if (size > end - at) return bad("an array or object is longer than its place", at);
    end = at + size;
    const std::size_t key_entry = is_object ? wide + 2 : 0;
    const std::size_t value_entry = 1 + wide;
    const std::size_t head = 2 * wide + count * (key_entry + value_entry);
    if (head > size) return bad("an array or object has too many members", at);
    if (!spend(head, at)) return false;
    const std::size_t values = at + 2 * wide + count * key_entry;
    out_.push_back(is_object ? '{' : '[');
    for (std::size_t i = 0; i < count; ++i) {
      if (i != 0) out_.append(", ");
      if (is_object) {
        const std::size_t entry = at + 2 * wide + i * key_entry;
        const std::size_t key = number(entry);
        const auto length = static_cast<std::size_t>(little<2>(begin_ + entry + wide));
        if (key < head || key > size || length > size - key) return bad("a key lies outside its object", entry);
        if (!spend(length, entry)) return false;
        append_json_string({begin_ + at + key, length}, out_);
        out_.append(": ");
      }
      const std::size_t entry = values + i * value_entry;
      const auto type = static_cast<std::uint8_t>(begin_[entry]);
      const bool is_inline = type == literal || type == int16 || type == uint16 ||
                             (is_large && (type == int32 || type == uint32));
      if (is_inline) {
        budget_ += wide;  // paid for with the head
        if (!value(type, entry + 1, entry + value_entry, depth + 1)) return false;
        continue;
      }
      const std::size_t offset = number(entry + 1);
      if (offset < head || offset >= size) return bad("a value lies outside its array or object", entry);
      if (!value(type, at + offset, end, depth + 1)) return false;
    }
    out_.push_back(is_object ? '}' : ']');
    return true;
  }

  bool print_opaque(std::uint8_t type, std::string_view data, std::size_t at) {
    switch (static_cast<WireType>(type)) {
      case WireType::newdecimal: {
        if (data.size() < 2) break;
        const auto precision = static_cast<std::uint8_t>(data[0]);
        const auto scale = static_cast<std::uint8_t>(data[1]);
        if (!is_decimal_shape(precision, scale) || data.size() - 2 < decimal_size(precision, scale)) break;
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

  const char* begin_;
  std::size_t size_;
  base::Buffer& out_;
  std::size_t budget_;
  const char* what_ = "";
  std::size_t bad_at_ = 0;
};

}  // namespace

base::Status append_json_text(std::string_view document, base::Buffer& out) {
  if (document.empty()) {
    out.append("null");
    return {};
  }
  return Printer(document, out).print();
}

void append_json_double(double number, base::Buffer& out) {
  if (number == 0) return out.append(std::signbit(number) ? "-0.0" : "0.0");
  // The shortest digits that read back, then my_gcvt's choice of form: plain for points from 14 places before the digits
  // to 15 behind the first of them.
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
  if (point < -14 || point > 15) {
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
    if (c >= 0x20 && c != '"' && c != '\\') [[likely]] continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    out.push_back('\\');
    switch (c) {
      case '\b': out.push_back('b'); break;
      case '\t': out.push_back('t'); break;
      case '\n': out.push_back('n'); break;
      case '\f': out.push_back('f'); break;
      case '\r': out.push_back('r'); break;
      case '"':
      case '\\': out.push_back(static_cast<char>(c)); break;
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
