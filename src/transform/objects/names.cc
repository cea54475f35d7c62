#include "transform/objects/names.h"

#include <unicode/locid.h>
#include <unicode/unistr.h>

#include <algorithm>

namespace tributary::transform {
namespace {

std::string ascii_capitalized(std::string_view name, bool is_upper) {
  std::string out(name);
  for (char& c : out) {
    const char first = is_upper ? 'a' : 'A', last = is_upper ? 'z' : 'Z';
    if (c >= first && c <= last) c = static_cast<char>(c ^ 0x20);
  }
  return out;
}

}  // namespace

std::string_view to_string(Capitalization how) {
  switch (how) {
    case Capitalization::default_:
      return "default";
    case Capitalization::source:
      return "source";
    case Capitalization::upper:
      return "dest_upper";
    case Capitalization::lower:
      return "dest_lower";
  }
  return "?";
}

std::optional<Capitalization> parse_capitalization(std::string_view word) {
  if (word == "default") return Capitalization::default_;
  if (word == "source") return Capitalization::source;
  if (word == "upper" || word == "dest_upper") return Capitalization::upper;
  if (word == "lower" || word == "dest_lower") return Capitalization::lower;
  return std::nullopt;
}

std::string capitalized(std::string_view name, Capitalization how) {
  if (how == Capitalization::default_ || how == Capitalization::source) return std::string(name);
  const bool is_upper = how == Capitalization::upper;
  if (std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return ascii_capitalized(name, is_upper);
  auto text = icu::UnicodeString::fromUTF8({name.data(), static_cast<std::int32_t>(name.size())});
  if (is_upper)
    text.toUpper(icu::Locale::getRoot());
  else
    text.toLower(icu::Locale::getRoot());
  std::string out;
  text.toUTF8String(out);
  return out;
}

}  // namespace tributary::transform
