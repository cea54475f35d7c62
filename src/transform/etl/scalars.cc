#include "transform/etl/scalars.h"

#include <charconv>
#include <cmath>

#include "base/put_raw.h"
#include "model/text.h"

namespace tributary::transform::etl {

bool read_integer(std::string_view text, Int128& number) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.size() > 30) return false;
  number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  if (is_negative) number = -number;
  return number >= integer_min && number <= integer_max;
}

bool read_real(std::string_view text, double& number) {
  if (text.starts_with('+')) text.remove_prefix(1);
  // Not "inf" and "nan", which from_chars takes.
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return false;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() && std::isfinite(number);
}

char* write_integer(char* to, Int128 number) {
  if (number < 0) return model::write_signed(to, static_cast<std::int64_t>(number));
  return model::write_unsigned(to, static_cast<std::uint64_t>(number));
}

std::size_t text_room(const Datum& value) {
  const bool has_text = value.kind == Kind::string || value.kind == Kind::decimal || value.kind == Kind::bytes;
  return has_text ? value.s.size() : model::text_bytes_max;
}

char* write_text(char* to, const Datum& value) {
  switch (value.kind) {
    case Kind::boolean:
      return base::put_raw(to, value.i != 0 ? std::string_view("true") : std::string_view("false"));
    case Kind::integer:
      return write_integer(to, value.i);
    case Kind::real:
      return model::write_real(to, value.d);
    case Kind::datetime:
      return model::write_datetime(to, value.t);
    case Kind::string:
    case Kind::bytes:
    case Kind::decimal:
      return base::put_raw(to, value.s);
    default:
      return to;
  }
}

std::string show_text(std::string_view text) {
  constexpr std::size_t most = 40;
  std::size_t size = text.size();
  if (size > most) {
    size = most;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  }
  std::string shown = "'";
  for (const char c : text.substr(0, size)) shown += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  shown += size < text.size() ? "...'" : "'";
  return shown;
}

std::string show(const Datum& value) {
  if (value.is_null()) return "NULL";
  if (value.kind == Kind::list) return "a list";
  if (value.kind == Kind::bytes) return std::to_string(value.s.size()) + " bytes";
  if (value.kind == Kind::string) return show_text(value.s);
  std::string text(text_room(value), '\0');
  text.resize(static_cast<std::size_t>(write_text(text.data(), value) - text.data()));
  return text;
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

std::size_t byte_of_character(std::string_view text, std::size_t index) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && index-- == 0) return i;
  }
  return text.size();
}

}  // namespace tributary::transform::etl
