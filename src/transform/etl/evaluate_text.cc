#include <openssl/evp.h>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/put_raw.h"
#include "model/text.h"
#include "transform/etl/evaluate.h"
#include "transform/etl/scalars.h"

namespace tributary::transform::etl {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// Every character holds, and there is one.
template <typename Test>
bool all_characters(std::string_view text, Test test) {
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    UChar32 c;
    U8_NEXT(text.data(), at, size, c);
    if (c < 0 || !test(c)) return false;
  }
  return size != 0;
}

std::string_view take_character(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return text.substr(0, size);
}

std::string_view last_character(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  return text.substr(begin);
}

std::string_view stripped(std::string_view text, std::string_view characters) {
  const auto is_one = [&](std::string_view c) { return characters.find(c) != std::string_view::npos; };
  while (!text.empty() && is_one(take_character(text))) text.remove_prefix(take_character(text).size());
  while (!text.empty() && is_one(last_character(text))) text.remove_suffix(last_character(text).size());
  return text;
}

std::size_t count_of(std::string_view text, std::string_view part) {
  if (part.empty()) return 0;
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

// Opened once; its functions take it const and may run side by side.
const UCaseMap* case_map() {
  struct Close {
    void operator()(UCaseMap* map) const { ucasemap_close(map); }
  };
  static const std::unique_ptr<UCaseMap, Close> map = [] {
    UErrorCode status = U_ZERO_ERROR;
    return std::unique_ptr<UCaseMap, Close>(ucasemap_open("", 0, &status));
  }();
  return map.get();
}

Datum sub(std::string_view text, std::size_t from, std::size_t size = std::string_view::npos) {
  return Datum::string(text.substr(from, size));
}

}  // namespace

Datum Evaluation::joined(const Node& n, const Datum* a) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < n.count; ++i) bytes += a[i].s.size();
  char* const begin = room(bytes);
  if (begin == nullptr) return too_large(n);
  char* to = begin;
  for (std::size_t i = 0; i < n.count; ++i) to = base::put_raw(to, a[i].s);
  return Datum::string({begin, bytes});
}

Datum Evaluation::format(const Node& n, const Datum* a) {
  const std::vector<std::string>& pieces = plan_.pieces[n.index];
  std::size_t bytes = pieces[0].size();
  for (std::size_t i = 0; i < n.count; ++i) bytes += text_room(a[i]) + pieces[i + 1].size();
  char* const begin = room(bytes);
  if (begin == nullptr) return too_large(n);
  char* to = base::put_raw(begin, pieces[0]);
  for (std::size_t i = 0; i < n.count; ++i) to = base::put_raw(write_text(to, a[i]), pieces[i + 1]);
  return Datum::string({begin, static_cast<std::size_t>(to - begin)});
}

Datum Evaluation::replaced(const Node& n, const Datum* a) {
  const std::string_view text = a[0].s, old = a[1].s, fresh = a[2].s;
  std::size_t times = count_of(text, old);
  if (n.count == 4 && a[3].i >= 0 && a[3].i < static_cast<Int128>(times)) times = static_cast<std::size_t>(a[3].i);
  if (times == 0) return a[0];
  const std::size_t bytes = text.size() - times * old.size() + times * fresh.size();
  char* const begin = room(bytes);
  if (begin == nullptr) return too_large(n);
  char* to = begin;
  std::size_t at = 0;
  for (; times != 0; --times) {
    const std::size_t found = text.find(old, at);
    to = base::put_raw(base::put_raw(to, text.substr(at, found - at)), fresh);
    at = found + old.size();
  }
  base::put_raw(to, text.substr(at));
  return Datum::string({begin, bytes});
}

Datum Evaluation::in_case(const Node& n, std::string_view text, bool is_upper) {
  if (is_ascii(text)) {
    char* to = room(text.size());
    if (to == nullptr) return too_large(n);
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const bool turns = is_upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
      to[i] = static_cast<char>(turns ? c ^ 0x20 : c);
    }
    return Datum::string({to, text.size()});
  }
  const UCaseMap* map = case_map();
  const std::size_t bytes = 3 * text.size();
  char* to = bytes <= Arena::bytes_max ? room(bytes) : nullptr;
  if (map == nullptr || to == nullptr) return too_large(n);
  UErrorCode status = U_ZERO_ERROR;
  const auto turn = is_upper ? ucasemap_utf8ToUpper : ucasemap_utf8ToLower;
  const auto size =
      turn(map, to, static_cast<std::int32_t>(bytes), text.data(), static_cast<std::int32_t>(text.size()), &status);
  if (U_FAILURE(status)) return fail(n, show_text(text) + " can't be turned");
  return Datum::string({to, static_cast<std::size_t>(size)});
}

Datum Evaluation::masked(const Node& n, const Datum* a) {
  const std::string_view text = a[0].s, mask = a[3].s;
  if (a[1].i < 0) return fail(n, "start is negative");
  if (a[2].i < a[1].i || a[1].i >= static_cast<Int128>(text.size())) return a[0];
  const auto start = static_cast<std::size_t>(a[1].i);
  const std::size_t end =
      a[2].i >= static_cast<Int128>(text.size()) ? text.size() : static_cast<std::size_t>(a[2].i) + 1;
  if (mask.size() == 1 && is_ascii(text)) {
    char* to = room(text.size());
    if (to == nullptr) return too_large(n);
    std::memcpy(to, text.data(), text.size());
    std::memset(to + start, mask[0], end - start);
    return Datum::string({to, text.size()});
  }
  const std::size_t begin_byte = byte_of_character(text, start);
  const std::size_t end_byte = begin_byte + byte_of_character(text.substr(begin_byte), end - start);
  std::size_t hidden = count_characters(text.substr(begin_byte, end_byte - begin_byte));
  const std::size_t bytes = text.size() - (end_byte - begin_byte) + hidden * mask.size();
  char* const begin = room(bytes);
  if (begin == nullptr) return too_large(n);
  char* to = base::put_raw(begin, text.substr(0, begin_byte));
  for (; hidden != 0; --hidden) to = base::put_raw(to, mask);
  base::put_raw(to, text.substr(end_byte));
  return Datum::string({begin, bytes});
}

Datum Evaluation::text_function(const Node& n, const Datum* a) {
  constexpr std::size_t none = std::string_view::npos;
  switch (n.op) {
    case Op::op_add:
      return joined(n, a);
    case Op::str_format:
      return format(n, a);
    case Op::str_replace:
      return replaced(n, a);
    case Op::str_strip:
      return Datum::string(stripped(a[0].s, n.count == 2 ? a[1].s : std::string_view(" \t\n\r\v\f")));
    case Op::str_lower:
      return in_case(n, a[0].s, false);
    case Op::str_upper:
      return in_case(n, a[0].s, true);
    case Op::cast_string_to_long: {
      Datum number = Datum::integer(0);
      if (!read_integer(a[0].s, number.i)) return fail(n, show(a[0]) + " is no integer");
      return number;
    }
    case Op::cast_long_to_string: {
      char* to = room(24);
      if (to == nullptr) return too_large(n);
      return Datum::string({to, static_cast<std::size_t>(write_integer(to, a[0].i) - to)});
    }
    case Op::str_count:
      return Datum::integer(static_cast<Int128>(count_of(a[0].s, a[1].s)));
    case Op::str_find: {
      const std::size_t found = a[0].s.find(a[1].s);
      return Datum::integer(found == none ? -1 : static_cast<Int128>(count_characters(a[0].s.substr(0, found))));
    }
    case Op::str_isalpha:
      return Datum::boolean(all_characters(a[0].s, [](UChar32 c) { return u_isalpha(c) != 0; }));
    case Op::str_isdigit:
      return Datum::boolean(all_characters(a[0].s, [](UChar32 c) { return u_isdigit(c) != 0; }));
    case Op::regex_match:
      return Datum::boolean(
          re2::RE2::PartialMatch(re2::StringPiece(a[0].s.data(), a[0].s.size()), *plan_.regexes[n.index]));
    case Op::str_mask:
      return masked(n, a);
    case Op::substring_after: {
      const std::size_t found = a[0].s.find(a[1].s);
      return found == none ? Datum::string({}) : sub(a[0].s, found + a[1].s.size());
    }
    case Op::substring_before: {
      const std::size_t found = a[0].s.find(a[1].s);
      return found == none ? a[0] : sub(a[0].s, 0, found);
    }
    case Op::substring_between: {
      const std::size_t open = a[0].s.find(a[1].s);
      if (open == none) return {};
      const std::size_t begin = open + a[1].s.size(), close = a[0].s.find(a[2].s, begin);
      return close == none ? Datum() : sub(a[0].s, begin, close - begin);
    }
    case Op::str_contains:
      return Datum::boolean(a[0].s.find(a[1].s) != none);
    case Op::md5: {
      char* to = room(32);
      if (to == nullptr) return too_large(n);
      unsigned char digest[EVP_MAX_MD_SIZE];
      unsigned size = 0;
      if (EVP_Digest(a[0].s.data(), a[0].s.size(), digest, &size, EVP_md5(), nullptr) != 1)
        return fail(n, "this machine's OpenSSL has no MD5");
      model::write_hex(to, {reinterpret_cast<const char*>(digest), size});
      return Datum::string({to, 32});
    }
    default:
      return fail(n, "no such function");  // the compiler lets none through
  }
}

}  // namespace tributary::transform::etl
