#include "compare/canonical.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "encode/decoder.h"

namespace tributary::lab {
namespace {

namespace dts = encode::dts;

// Type numbers of DTS Avro that tell kinds apart within one branch.
constexpr std::int32_t type_float = 4, type_date = 10, type_time = 11, type_year = 13, type_bit = 16, type_enum = 247,
                       type_set = 248;

std::string with_letter(ValueClass value_class, std::string_view text) {
  std::string out(1, static_cast<char>(value_class));
  out += text;
  return out;
}

std::string hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// -007.50 is -7.50, .5 is 0.5, -0 and -0.00 have no sign.
std::string number_text(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  while (text.size() > 1 && text[0] == '0' && text[1] != '.') text.remove_prefix(1);
  std::string out;
  if (is_negative && text.find_first_of("123456789") != text.npos) out += '-';
  if (text.starts_with('.')) out += '0';
  out += text;
  return out;
}

std::string real_text(ValueClass value_class, double number) {
  if (number == 0) number = 0;  // no sign: not every server prints it
  return value_class == ValueClass::float_ ? fmt::format("{}", static_cast<float>(number)) : fmt::format("{}", number);
}

std::string real_text(ValueClass value_class, std::string_view text) {
  const std::string owned(text);
  char* end = nullptr;
  const double number = std::strtod(owned.c_str(), &end);
  if (owned.empty() || *end != '\0') return owned;
  return real_text(value_class, number);
}

// 12:00:00.500000 is 12:00:00.5, 12:00:00.000 is 12:00:00.
std::string_view without_zero_fraction(std::string_view text) {
  if (text.find('.') == text.npos) return text;
  while (text.ends_with('0')) text.remove_suffix(1);
  if (text.ends_with('.')) text.remove_suffix(1);
  return text;
}

std::string bits_as_number(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return std::to_string(number);
}

struct BranchClass {
  std::int32_t type;
  ValueClass operator()(const dts::Integer&) const { return type == type_bit ? ValueClass::bit : ValueClass::integer; }
  ValueClass operator()(const dts::Decimal&) const { return ValueClass::decimal; }
  ValueClass operator()(const dts::Float&) const {
    return type == type_float ? ValueClass::float_ : ValueClass::double_;
  }
  ValueClass operator()(const dts::Timestamp&) const { return ValueClass::timestamp; }
  ValueClass operator()(const dts::DateTime&) const {
    switch (type) {
      case type_date:
        return ValueClass::date;
      case type_time:
        return ValueClass::time;
      case type_year:
        return ValueClass::year;
      default:
        return ValueClass::datetime;
    }
  }
  ValueClass operator()(const dts::Character&) const { return ValueClass::text; }
  ValueClass operator()(const dts::BinaryObject&) const { return ValueClass::binary; }
  ValueClass operator()(const dts::TextObject&) const {
    return type == type_enum || type == type_set ? ValueClass::label : ValueClass::text;
  }
  ValueClass operator()(const dts::BinaryGeometry&) const { return ValueClass::geometry; }
  template <typename T>
  ValueClass operator()(const T&) const {
    return ValueClass::other;
  }
};

}  // namespace

ValueClass class_of_type(std::string_view declared_type) {
  std::string name;
  for (const char c : declared_type) {
    if (c == '(' || c == ' ') break;
    name += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  static constexpr std::array<std::pair<std::string_view, ValueClass>, 20> classes = {{
      {"integer", ValueClass::integer}, {"decimal", ValueClass::decimal},   {"numeric", ValueClass::decimal},
      {"float", ValueClass::float_},    {"double", ValueClass::double_},    {"real", ValueClass::double_},
      {"bit", ValueClass::bit},         {"year", ValueClass::year},         {"date", ValueClass::date},
      {"time", ValueClass::time},       {"datetime", ValueClass::datetime}, {"timestamp", ValueClass::timestamp},
      {"binary", ValueClass::binary},   {"varbinary", ValueClass::binary},  {"vector", ValueClass::binary},
      {"enum", ValueClass::label},      {"set", ValueClass::label},         {"json", ValueClass::text},
      {"uuid", ValueClass::text},       {"char", ValueClass::text},
  }};
  for (const auto& [known, value_class] : classes)
    if (name == known) return value_class;
  if (name.ends_with("char") || name.ends_with("text") || name.starts_with("inet")) return ValueClass::text;
  if (name.ends_with("blob")) return ValueClass::binary;
  for (const std::string_view shape : {"geometry", "point", "linestring", "polygon", "collection"})
    if (name.find(shape) != name.npos) return ValueClass::geometry;
  if (name.ends_with("int")) return ValueClass::integer;
  return ValueClass::other;
}

std::string canonical(ValueClass value_class, std::optional<std::string_view> text) {
  if (!text) return {};
  switch (value_class) {
    case ValueClass::integer:
    case ValueClass::decimal:
    case ValueClass::year:
      return with_letter(value_class, number_text(*text));
    case ValueClass::float_:
    case ValueClass::double_:
      return with_letter(value_class, real_text(value_class, *text));
    case ValueClass::bit:
      return with_letter(value_class, bits_as_number(*text));
    case ValueClass::time:
    case ValueClass::datetime:
    case ValueClass::timestamp:
      return with_letter(value_class, without_zero_fraction(*text));
    case ValueClass::binary:
      return with_letter(value_class, hex(*text));
    case ValueClass::geometry:  // the SRID is in front of the WKB
      return with_letter(value_class, hex(text->size() >= 4 ? text->substr(4) : *text));
    default:
      return with_letter(value_class, *text);
  }
}

std::string canonical(std::int32_t data_type_number, const dts::Value& value) {
  const auto text = dts::as_text(value);
  if (!text) return std::holds_alternative<dts::Null>(value) ? "" : "?" + std::string(dts::branch_name(value));
  const ValueClass value_class = std::visit(BranchClass{data_type_number}, value);
  switch (value_class) {
    case ValueClass::float_:
    case ValueClass::double_:
      return with_letter(value_class, real_text(value_class, std::get<dts::Float>(value).value));
    case ValueClass::integer:
    case ValueClass::decimal:
    case ValueClass::bit:
    case ValueClass::year:
      return with_letter(value_class, number_text(*text));
    case ValueClass::time:
    case ValueClass::datetime:
    case ValueClass::timestamp:
      return with_letter(value_class, without_zero_fraction(*text));
    case ValueClass::other:
      return fmt::format("?{} {}", dts::branch_name(value), *text);
    default:
      return with_letter(value_class, *text);
  }
}

std::string source_expression(ValueClass value_class, std::string_view quoted_name) {
  return value_class == ValueClass::float_ ? fmt::format("{} + 0e0", quoted_name) : std::string(quoted_name);
}

std::string display(std::string_view canonical, std::size_t width) {
  if (canonical.empty()) return "NULL";
  const auto value_class = static_cast<ValueClass>(canonical[0]);
  std::string_view text = canonical.substr(1);
  std::string_view more;
  if (text.size() > width) {
    std::size_t end = width;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
    more = "...";
  }
  std::string shown;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      shown += c;
  }
  switch (value_class) {
    case ValueClass::text:
    case ValueClass::label:
      return fmt::format("'{}{}'", shown, more);
    case ValueClass::binary:
    case ValueClass::geometry:
      return fmt::format("x'{}{}'", shown, more);
    default:
      return fmt::format("{}{}", shown, more);
  }
}

}  // namespace tributary::lab
