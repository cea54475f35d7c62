#include <algorithm>

#include "model/text.h"
#include "transform/filter/digest.h"
#include "transform/filter/evaluator.h"

namespace tributary::transform::filter {

namespace {

// A number of characters; negative ones are none.
std::size_t as_count(std::int64_t number, bool is_unsigned) {
  if (number < 0) return is_unsigned ? static_cast<std::size_t>(INT64_MAX) : 0;
  return static_cast<std::size_t>(number);
}

std::string_view trimmed(std::string_view text, std::string_view part, int ends) {
  if (part.empty()) return text;
  if ((ends & 1) != 0)
    while (text.starts_with(part)) text.remove_prefix(part.size());
  if ((ends & 2) != 0)
    while (text.ends_with(part)) text.remove_suffix(part.size());
  return text;
}

}  // namespace

bool Evaluator::text_call(const Node& node, Datum& out) {
  using enum Operation;
  const auto& args = node.args;
  const Collation* collation = node.collation;
  std::string_view s;
  switch (node.operation) {
    case concat:
    case concat_ws:
    case replace:
    case trim:
    case reverse:
    case lower:
    case upper:
      return text_made(node, out);
    case locate:
      return this->locate(node, out);
    case pad_left:
    case pad_right:
      return pad(node, out);
    case hex: {
      if (args[0]->type.kind == Kind::integer) {
        std::int64_t number;
        if (!integer(*args[0], number)) return false;
        char digits[16];
        char* at = digits + sizeof digits;
        auto rest = static_cast<std::uint64_t>(number);
        do {
          *--at = "0123456789ABCDEF"[rest & 15];
          rest >>= 4;
        } while (rest != 0);
        out.s = arena_.keep({at, static_cast<std::size_t>(digits + sizeof digits - at)});
        return true;
      }
      if (!text(*args[0], s)) return false;
      char* const to = arena_.take(2 * s.size());
      model::write_hex(to, s);
      std::transform(to, to + 2 * s.size(), to, [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
      out.s = {to, 2 * s.size()};
      return true;
    }
    default:
      break;
  }
  if (!text(*args[0], s)) return false;
  switch (node.operation) {
    case length:
      out.i = static_cast<std::int64_t>(s.size());
      return true;
    case char_length:
      out.i = static_cast<std::int64_t>(collation == nullptr ? s.size() : character_count(*collation, s));
      return true;
    case Operation::crc32:
      out.i = filter::crc32(s);
      return true;
    case Operation::ascii:
      out.i = s.empty() ? 0 : static_cast<unsigned char>(s[0]);
      return true;
    case Operation::json_text:
      return filter::json_text(s, node.path, arena_, out.s);
    case md5: {
      char* const to = arena_.take(32);
      if (!filter::md5_hex(s, to)) return fails(node, "MD5 is not available on this machine");
      out.s = {to, 32};
      return true;
    }
    case Operation::strcmp: {
      std::string_view other;
      if (!text(*args[1], other)) return false;
      const int order = filter::compare(*collation, s, other);
      out.i = order < 0 ? -1 : order > 0 ? 1 : 0;
      return true;
    }
    case find_in_set: {
      std::string_view list;
      if (!text(*args[1], list)) return false;
      out.i = 0;
      if (s.find(',') != std::string_view::npos || list.empty()) return true;
      for (std::int64_t index = 1;; ++index) {
        const std::size_t comma = std::min(list.find(','), list.size());
        if (compare_unpadded(*collation, list.substr(0, comma), s) == 0) {
          out.i = index;
          return true;
        }
        if (comma == list.size()) return true;
        list.remove_prefix(comma + 1);
      }
    }
    default:
      break;
  }
  std::int64_t number;
  if (!integer(*args[1], number)) return false;
  const bool is_unsigned = args[1]->type.is_unsigned;
  if (node.operation == left) {
    out.s = s.substr(0, skip_characters(*collation, s, as_count(number, is_unsigned)));
    return true;
  }
  const std::size_t characters = character_count(*collation, s);
  if (node.operation == right) {
    const std::size_t wanted = std::min(as_count(number, is_unsigned), characters);
    out.s = s.substr(skip_characters(*collation, s, characters - wanted));
    return true;
  }
  // SUBSTRING
  std::size_t wanted = characters;
  if (args.size() > 2) {
    std::int64_t size;
    if (!integer(*args[2], size)) return false;
    wanted = as_count(size, args[2]->type.is_unsigned);
  }
  std::size_t from = 0;
  if (number > 0 || (is_unsigned && number < 0))
    from = as_count(number, is_unsigned) - 1;
  else if (number < 0 && static_cast<std::uint64_t>(-(number + 1)) < characters)
    from = characters - static_cast<std::size_t>(-number);
  else
    from = characters;
  out.s = {};
  if (from >= characters) return true;
  s.remove_prefix(skip_characters(*collation, s, from));
  out.s = s.substr(0, skip_characters(*collation, s, wanted));
  return true;
}

bool Evaluator::text_made(const Node& node, Datum& out) {
  using enum Operation;
  const auto& args = node.args;
  std::string_view s, other;
  switch (node.operation) {
    case lower:
    case upper:
      if (!text(*args[0], s)) return false;
      out.s = change_case(*node.collation, s, node.operation == upper, arena_);
      return true;
    case trim:
      if (!text(*args[0], s)) return false;
      other = " ";
      if (args.size() > 1 && !text(*args[1], other)) return false;
      out.s = trimmed(s, other, node.number);
      return true;
    case reverse: {
      if (!text(*args[0], s)) return false;
      const std::size_t bytes = s.size();
      char* const to = arena_.take(bytes);
      char* at = to + bytes;
      while (!s.empty()) {
        const std::size_t size = skip_characters(*node.collation, s, 1);
        at -= size;
        std::copy_n(s.data(), size, at);
        s.remove_prefix(size);
      }
      out.s = {to, bytes};
      return true;
    }
    case replace: {
      std::string_view by;
      if (!text(*args[0], s) || !text(*args[1], other) || !text(*args[2], by)) return false;
      out.s = s;
      if (other.empty()) return true;
      std::size_t count = 0;
      for (std::size_t at = s.find(other); at != std::string_view::npos; at = s.find(other, at + other.size())) ++count;
      if (count == 0) return true;
      char* const from = arena_.take(s.size() + count * by.size() + 1);
      char* to = from;
      for (std::size_t at = s.find(other); at != std::string_view::npos; at = s.find(other)) {
        to = std::copy_n(s.data(), at, to);
        to = std::copy(by.begin(), by.end(), to);
        s.remove_prefix(at + other.size());
      }
      to = std::copy(s.begin(), s.end(), to);
      out.s = {from, static_cast<std::size_t>(to - from)};
      return true;
    }
    default:
      break;
  }
  // CONCAT and CONCAT_WS: what is gathered is copied anew when it grows.
  std::string_view separator;
  std::size_t i = 0;
  if (node.operation == concat_ws && !text(*args[i++], separator)) return false;
  std::string_view whole;
  bool is_first = true;
  for (; i < args.size(); ++i) {
    if (!text(*args[i], s)) {
      if (node.operation == concat || error_) return false;
      continue;
    }
    const std::string_view between = is_first ? std::string_view() : separator;
    is_first = false;
    const std::size_t size = whole.size() + between.size() + s.size();
    if (size == 0) continue;
    char* const from = arena_.take(size);
    char* to = std::copy(whole.begin(), whole.end(), from);
    to = std::copy(between.begin(), between.end(), to);
    std::copy(s.begin(), s.end(), to);
    whole = {from, size};
  }
  out.s = whole;
  return true;
}

bool Evaluator::locate(const Node& node, Datum& out) {
  std::string_view whole, part;
  std::int64_t from = 1;
  if (!text(*node.args[0], whole) || !text(*node.args[1], part)) return false;
  if (node.args.size() > 2) {
    if (!integer(*node.args[2], from)) return false;
    if (node.args[2]->type.is_unsigned && from < 0) from = INT64_MAX;
  }
  out.i = 0;
  if (from <= 0) return true;
  if (static_cast<std::uint64_t>(from - 1) > character_count(*node.collation, whole)) return true;
  const std::size_t start = skip_characters(*node.collation, whole, static_cast<std::size_t>(from - 1));
  const std::size_t found = filter::find(*node.collation, whole, part, start, node.number == 1);
  if (found != std::string_view::npos)
    out.i = static_cast<std::int64_t>(character_count(*node.collation, whole.substr(0, found))) + 1;
  return true;
}

bool Evaluator::pad(const Node& node, Datum& out) {
  std::string_view s, by;
  std::int64_t number;
  if (!text(*node.args[0], s) || !integer(*node.args[1], number) || !text(*node.args[2], by)) return false;
  if (number < 0) return false;
  const auto wanted = static_cast<std::size_t>(number);
  const std::size_t characters = character_count(*node.collation, s);
  if (wanted <= characters) {
    out.s = s.substr(0, skip_characters(*node.collation, s, wanted));
    return true;
  }
  const std::size_t missing = wanted - characters, each = character_count(*node.collation, by);
  const std::size_t rest = skip_characters(*node.collation, by, missing % each);
  char* const from = arena_.take(s.size() + missing / each * by.size() + rest);
  char* to = from;
  const auto fill = [&] {
    for (std::size_t i = 0; i < missing / each; ++i) to = std::copy(by.begin(), by.end(), to);
    to = std::copy_n(by.data(), rest, to);
  };
  if (node.operation == Operation::pad_left) fill();
  to = std::copy(s.begin(), s.end(), to);
  if (node.operation == Operation::pad_right) fill();
  out.s = {from, static_cast<std::size_t>(to - from)};
  return true;
}

}  // namespace tributary::transform::filter
