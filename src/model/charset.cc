#include "model/charset.h"

#include <unicode/ucnv.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/charset_tables.h"
#include "model/text.h"

namespace tributary::model {
namespace {

constexpr char16_t no_character = 0xFFFF;

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

// Stops at bytes that are no character instead of writing U+FFFD, and at characters that it lacks.
Converter open(const char* icu_name) {
  UErrorCode status = U_ZERO_ERROR;
  Converter converter(ucnv_open(icu_name, &status));
  if (U_FAILURE(status)) return nullptr;
  ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &status);
  ucnv_setFromUCallBack(converter.get(), UCNV_FROM_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &status);
  if (U_FAILURE(status)) return nullptr;
  return converter;
}

void add_utf8(std::string& to, char16_t c) {
  if (c < 0x80) {
    to.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    to.push_back(static_cast<char>(0xC0 | (c >> 6)));
    to.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    to.push_back(static_cast<char>(0xE0 | (c >> 12)));
    to.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    to.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

// MySQL's name and ICU's, of the sets with more than one byte a character. ucs2 and utf16 are big-endian; gbk, big5 and
// ujis are taken as the Windows code pages 936 and 950 and EUC-JP.
constexpr std::pair<std::string_view, std::string_view> icu_names[] = {
    {"big5", "windows-950"}, {"ujis", "EUC-JP"},     {"sjis", "Shift_JIS"},    {"euckr", "windows-949"},
    {"gb2312", "gb2312"},    {"gbk", "windows-936"}, {"ucs2", "UTF-16BE"},     {"utf16", "UTF-16BE"},
    {"utf16le", "UTF-16LE"}, {"utf32", "UTF-32BE"},  {"cp932", "windows-31j"}, {"eucjpms", "EUC-JP"},
    {"gb18030", "gb18030"},
};

// Of UTF-8 known to be valid; `at` moves on.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<std::uint8_t>(text[at++]);
  if (lead < 0x80) return lead;
  const int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  std::uint32_t c = lead & (0x3FU >> more);
  for (int i = 0; i < more; ++i) c = c << 6 | (static_cast<std::uint8_t>(text[at++]) & 0x3F);
  return c;
}

}  // namespace

Charset Charset::make(std::string icu_name) {
  const bool is_known = open(icu_name.c_str()) != nullptr;
  Charset charset(is_known ? Kind::icu : Kind::none, std::move(icu_name));
  charset.turns_controls_ = is_known && charset.utf8("\x7f") == "\x1a";
  return charset;
}

Charset Charset::make(const SingleByteSet& set) {
  Charset charset(Kind::table, {});
  const bool is_lower_half = set.name == "swe7";
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool is_upper = byte >= 0x80;
    if (is_lower_half) {
      charset.table_[byte] = is_upper ? no_character : set.half[byte];
    } else {
      charset.table_[byte] = is_upper ? set.half[byte - 0x80] : static_cast<char16_t>(byte);
    }
  }
  return charset;
}

const Charset& Charset::find(std::string_view mysql_name) {
  static const std::map<std::string, Charset, std::less<>> sets = [] {
    std::map<std::string, Charset, std::less<>> made;
    constexpr std::pair<std::string_view, std::uint32_t> utf8_sets[] = {
        {"utf8", 0xFFFF}, {"utf8mb3", 0xFFFF}, {"utf8mb4", 0x10FFFF}, {"ascii", 0x7F}};
    for (const auto& [name, last] : utf8_sets) made.emplace(name, Charset(Kind::utf8, {}, last));
    for (const SingleByteSet& set : single_byte_sets) made.emplace(set.name, make(set));
    for (const auto& [name, icu_name] : icu_names) made.emplace(name, make(std::string(icu_name)));
    made.at("ucs2").last_ = 0xFFFF;
    return made;
  }();
  static const Charset none(Kind::none, {});
  const auto found = sets.find(mysql_name);
  return found == sets.end() ? none : found->second;
}

std::optional<std::string> Charset::utf8(std::string_view bytes) const {
  switch (kind_) {
    case Kind::none:
      return std::nullopt;
    case Kind::utf8:
      if (!model::is_utf8(bytes)) return std::nullopt;
      return std::string(bytes);
    case Kind::table: {
      std::string text;
      text.reserve(bytes.size());
      for (const char c : bytes) {
        const char16_t character = table_[static_cast<std::uint8_t>(c)];
        if (character == no_character) return std::nullopt;
        add_utf8(text, character);
      }
      return text;
    }
    case Kind::icu:
      break;
  }
  // Converters hold state, so each call has its own; ICU keeps the tables behind them.
  const Converter from = open(icu_name_.c_str());
  if (from == nullptr || bytes.size() > INT32_MAX / 4) return std::nullopt;
  UErrorCode status = U_ZERO_ERROR;
  std::string text(bytes.size() * 3 + 4, '\0');
  const auto size = ucnv_toAlgorithmic(UCNV_UTF8, from.get(), text.data(), static_cast<std::int32_t>(text.size()),
                                       bytes.data(), static_cast<std::int32_t>(bytes.size()), &status);
  if (U_FAILURE(status) || static_cast<std::size_t>(size) > text.size()) return std::nullopt;
  text.resize(static_cast<std::size_t>(size));
  if (turns_controls_) {
    for (char& c : text) c = c == '\x1a' ? '\x7f' : c == '\x7f' ? '\x1c' : c == '\x1c' ? '\x1a' : c;
  }
  return text;
}

std::optional<std::string> Charset::from_utf8(std::string_view text) const {
  if (kind_ == Kind::none || !model::is_utf8(text)) return std::nullopt;
  if (last_ != 0x10FFFF) {
    for (std::size_t at = 0; at < text.size();) {
      if (next_code_point(text, at) > last_) return std::nullopt;
    }
  }
  if (kind_ == Kind::utf8) return std::string(text);
  if (kind_ == Kind::table) {
    std::string bytes;
    bytes.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
      const std::uint32_t c = next_code_point(text, at);
      std::size_t byte = c < 256 && table_[c] == c ? c : 0;  // most characters stand at their own place
      while (byte < 256 && table_[byte] != c) ++byte;
      if (byte == 256) return std::nullopt;
      bytes.push_back(static_cast<char>(byte));
    }
    return bytes;
  }
  const Converter to = open(icu_name_.c_str());
  if (to == nullptr || text.size() > INT32_MAX / 4) return std::nullopt;
  std::string turned(text);
  if (turns_controls_) {
    for (char& c : turned) c = c == '\x1a' ? '\x1c' : c == '\x1c' ? '\x7f' : c == '\x7f' ? '\x1a' : c;
  }
  UErrorCode status = U_ZERO_ERROR;
  std::string bytes(text.size() * 4 + 4, '\0');
  const auto size = ucnv_fromAlgorithmic(to.get(), UCNV_UTF8, bytes.data(), static_cast<std::int32_t>(bytes.size()),
                                         turned.data(), static_cast<std::int32_t>(turned.size()), &status);
  if (U_FAILURE(status) || static_cast<std::size_t>(size) > bytes.size()) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size));
  return bytes;
}

}  // namespace tributary::model
