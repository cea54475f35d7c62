#include "source/ddl/charsets.h"

#include <fmt/format.h>
#include <iconv.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace tributary::source::ddl {

namespace {

struct Known {
  Charset charset;
  std::string_view default_collation;
  const char* iconv_name;  // null: not known to iconv
};

constexpr Known known_charsets[] = {
    {{"armscii8", 1, 1}, "armscii8_general_ci", "ARMSCII-8"},
    {{"ascii", 1, 1}, "ascii_general_ci", "ASCII"},
    {{"big5", 2, 1}, "big5_chinese_ci", "BIG5"},
    {{"binary", 1, 1}, "binary", nullptr},
    {{"cp1250", 1, 1}, "cp1250_general_ci", "CP1250"},
    {{"cp1251", 1, 1}, "cp1251_general_ci", "CP1251"},
    {{"cp1256", 1, 1}, "cp1256_general_ci", "CP1256"},
    {{"cp1257", 1, 1}, "cp1257_general_ci", "CP1257"},
    {{"cp850", 1, 1}, "cp850_general_ci", "CP850"},
    {{"cp852", 1, 1}, "cp852_general_ci", "CP852"},
    {{"cp866", 1, 1}, "cp866_general_ci", "CP866"},
    {{"cp932", 2, 1}, "cp932_japanese_ci", "CP932"},
    {{"dec8", 1, 1}, "dec8_swedish_ci", "DEC-MCS"},
    {{"eucjpms", 3, 1}, "eucjpms_japanese_ci", "EUC-JP-MS"},
    {{"euckr", 2, 1}, "euckr_korean_ci", "EUC-KR"},
    {{"gb18030", 4, 1}, "gb18030_chinese_ci", "GB18030"},
    {{"gb2312", 2, 1}, "gb2312_chinese_ci", "GB2312"},
    {{"gbk", 2, 1}, "gbk_chinese_ci", "GBK"},
    {{"geostd8", 1, 1}, "geostd8_general_ci", nullptr},
    {{"greek", 1, 1}, "greek_general_ci", "ISO-8859-7"},
    {{"hebrew", 1, 1}, "hebrew_general_ci", "ISO-8859-8"},
    {{"hp8", 1, 1}, "hp8_english_ci", "HP-ROMAN8"},
    {{"keybcs2", 1, 1}, "keybcs2_general_ci", nullptr},
    {{"koi8r", 1, 1}, "koi8r_general_ci", "KOI8-R"},
    {{"koi8u", 1, 1}, "koi8u_general_ci", "KOI8-U"},
    {{"latin1", 1, 1}, "latin1_swedish_ci", "CP1252"},
    {{"latin2", 1, 1}, "latin2_general_ci", "ISO-8859-2"},
    {{"latin5", 1, 1}, "latin5_turkish_ci", "ISO-8859-9"},
    {{"latin7", 1, 1}, "latin7_general_ci", "ISO-8859-13"},
    {{"macce", 1, 1}, "macce_general_ci", "MAC-CENTRALEUROPE"},
    {{"macroman", 1, 1}, "macroman_general_ci", "MACINTOSH"},
    {{"sjis", 2, 1}, "sjis_japanese_ci", "CP932"},
    {{"swe7", 1, 1}, "swe7_swedish_ci", nullptr},
    {{"tis620", 1, 1}, "tis620_thai_ci", "TIS-620"},
    {{"ucs2", 2, 2}, "ucs2_general_ci", "UCS-2BE"},
    {{"ujis", 3, 1}, "ujis_japanese_ci", "EUC-JP"},
    {{"utf16", 4, 2}, "utf16_general_ci", "UTF-16BE"},
    {{"utf16le", 4, 2}, "utf16le_general_ci", "UTF-16LE"},
    {{"utf32", 4, 4}, "utf32_general_ci", "UTF-32BE"},
    {{"utf8mb3", 3, 1}, "utf8mb3_general_ci", "UTF-8"},
    {{"utf8mb4", 4, 1}, "utf8mb4_general_ci", "UTF-8"},
};

struct IdName {
  std::uint32_t id;
  std::string_view name;
};
constexpr IdName collations[] = {
#define COLLATION(id, name) {id, name},
#include "source/ddl/collations.def"
#undef COLLATION
};

constexpr std::uint32_t uca1400_first = 2048;
constexpr std::array<std::string_view, 5> uca1400_charsets = {"utf8mb3", "utf8mb4", "ucs2", "utf16", "utf32"};
constexpr std::array<std::string_view, 25> uca1400_tailorings = {
    "",          "icelandic", "latvian", "romanian",   "slovenian", "polish",     "estonian", "spanish", "swedish",
    "turkish",   "czech",     "danish",  "lithuanian", "slovak",    "spanish2",   "roman",    "persian", "esperanto",
    "hungarian", "sinhala",   "german2", "",           "",          "vietnamese", "croatian"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

const Known* find_known(std::string_view name) {
  const std::string wanted = long_name(name);
  const auto* found = std::lower_bound(std::begin(known_charsets), std::end(known_charsets), wanted,
                                       [](const Known& a, const std::string& b) { return a.charset.name < b; });
  return found != std::end(known_charsets) && found->charset.name == wanted ? found : nullptr;
}

}  // namespace

std::string long_name(std::string_view name) {
  std::string out = lower(name);
  if (out == "utf8") return "utf8mb3";
  if (out.starts_with("utf8_")) out.insert(4, "mb3");
  return out;
}

const Charset* find_charset(std::string_view name) {
  const Known* known = find_known(name);
  return known ? &known->charset : nullptr;
}

const Charset* charset_of_collation(std::string_view collation) {
  const std::string name = long_name(collation);
  return find_charset(name.substr(0, name.find('_')));
}

std::string shown_charset(const ServerTraits& traits, std::string_view charset) {
  const bool is_long =
      traits.flavour == mysql::Flavour::mariadb ? traits.version_number >= 100600 : traits.version_number >= 80028;
  return charset == "utf8mb3" && !is_long ? "utf8" : std::string(charset);
}

std::string shown_collation(const ServerTraits& traits, std::string_view collation) {
  const bool is_long =
      traits.flavour == mysql::Flavour::mariadb ? traits.version_number >= 100600 : traits.version_number >= 80030;
  if (!is_long && collation.starts_with("utf8mb3_")) return "utf8" + std::string(collation.substr(7));
  return std::string(collation);
}

std::string default_collation(const ServerTraits& traits, const StatementContext& context, std::string_view charset) {
  const Known* known = find_known(charset);
  if (!known) return {};
  const std::string_view name = known->charset.name;
  if (const auto said = context.default_collations.find(std::string(name)); said != context.default_collations.end())
    return long_name(said->second);
  if (name == "utf8mb4" && !context.utf8mb4_collation.empty()) return long_name(context.utf8mb4_collation);
  if (traits.flavour == mysql::Flavour::mysql && name == "utf8mb4" && traits.version_number >= 80001)
    return "utf8mb4_0900_ai_ci";
  // Since 11.5 character_set_collations has these by itself.
  if (traits.flavour == mysql::Flavour::mariadb && traits.version_number >= 110500 &&
      std::find(uca1400_charsets.begin(), uca1400_charsets.end(), name) != uca1400_charsets.end())
    return std::string(name) + "_uca1400_ai_ci";
  return std::string(known->default_collation);
}

std::string binary_collation(std::string_view charset) {
  return charset == "binary" ? "binary" : std::string(charset) + "_bin";
}

std::string collation_by_id(mysql::Flavour flavour, std::uint32_t id) {
  if (flavour == mysql::Flavour::mariadb && id >= uca1400_first) {
    const std::uint32_t n = id - uca1400_first;
    const std::uint32_t tailoring = n % 256 / 8;
    if (n / 256 >= uca1400_charsets.size() || tailoring >= uca1400_tailorings.size()) return {};
    const std::string_view language = uca1400_tailorings[tailoring];
    if (language.empty() && tailoring != 0) return {};
    return fmt::format("{}_uca1400_{}{}{}{}{}", uca1400_charsets[n / 256], language, language.empty() ? "" : "_",
                       (n & 4) != 0 ? "nopad_" : "", (n & 2) != 0 ? "as_" : "ai_", (n & 1) != 0 ? "cs" : "ci");
  }
  for (const IdName& known : collations) {
    if (known.id != id) continue;
    std::string name(known.name);
    // MariaDB has an order of its own under the plain name and MySQL's under this one.
    if (const auto at = name.find("_mysql561"); flavour == mysql::Flavour::mysql && at != std::string::npos)
      name.erase(at, 9);
    return name;
  }
  return {};
}

namespace {

std::optional<std::string> converted(std::string_view text, const char* to, const char* from) {
  const iconv_t converter = iconv_open(to, from);
  if (converter == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
  std::string out(text.size() * 4 + 16, '\0');
  char* in_at = const_cast<char*>(text.data());
  std::size_t in_left = text.size(), out_left = out.size();
  char* out_at = out.data();
  const bool done = iconv(converter, &in_at, &in_left, &out_at, &out_left) != static_cast<std::size_t>(-1);
  iconv_close(converter);
  if (!done) return std::nullopt;
  out.resize(out.size() - out_left);
  return out;
}

}  // namespace

std::optional<std::string> to_utf8(std::string_view text, std::string_view charset) {
  const Known* known = find_known(charset);
  if (!known || !known->iconv_name) return std::nullopt;
  std::optional<std::string> out = converted(text, "UTF-8", known->iconv_name);
  const bool is_japanese = known->charset.name == "sjis" || known->charset.name == "ujis";
  if (!out || !is_japanese) return out;
  constexpr std::string_view wide_backslash = "\xef\xbc\xbc";  // a backslash there, both ways
  for (std::size_t at = out->find(wide_backslash); at != out->npos; at = out->find(wide_backslash, at))
    out->replace(at, wide_backslash.size(), "\\");
  return out;
}

bool can_hold(std::string_view charset, std::string_view utf8) {
  const auto is_ascii = [](char c) { return static_cast<signed char>(c) >= 0; };
  if (std::all_of(utf8.begin(), utf8.end(), is_ascii)) return true;
  const std::string name = long_name(charset);
  if (name == "utf8mb4" || name == "binary") return true;
  if (name == "utf8mb3" || name == "ucs2")  // the first plane of Unicode
    return std::none_of(utf8.begin(), utf8.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xf0; });
  const Known* known = find_known(name);
  return known && known->iconv_name && converted(utf8, known->iconv_name, "UTF-8");
}

std::optional<std::string> as_held(std::string_view charset, std::string_view utf8) {
  if (can_hold(charset, utf8)) return std::string(utf8);
  const Known* known = find_known(long_name(charset));
  if (!known || !known->iconv_name || known->charset.bytes_min > 1) return std::nullopt;
  std::string out;
  for (std::size_t at = 0; at < utf8.size();) {
    std::size_t size = 1;
    while (at + size < utf8.size() && (static_cast<unsigned char>(utf8[at + size]) & 0xc0) == 0x80) ++size;
    const std::string_view one = utf8.substr(at, size);
    out += can_hold(charset, one) ? one : "?";
    at += size;
  }
  return out;
}

}  // namespace tributary::source::ddl
